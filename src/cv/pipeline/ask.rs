//! Asking a model: the filled prompts for a real one, the same input as data for the offline one.

use crate::ai::{AiRequest, Answer, CallOrigin, Models};
use crate::cv::prompts::{self, Material};
use estafette_actors::StepError;
use estafette_actors::task::StepCtx;
use estafette_protocol::UserId;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// A step's timeout minus this is the call's, so that the call fails (and is recorded) before the step does.
const MARGIN: Duration = Duration::from_secs(2);

/// What is asked for, besides the material.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who pays attention to the cost (1.9): `cv_generation`, `job_extraction`, …
    pub feature: &'static str,
    /// The kind of step.
    pub step: &'static str,
    /// The model's name.
    pub model: &'a str,
    /// Bound of the call.
    pub timeout: Duration,
    /// Why the attempt before failed: the model is told.
    pub last_error: Option<&'a str>,
}

/// Who asks.
pub fn origin(ctx: &StepCtx) -> CallOrigin {
    CallOrigin {
        user: ctx.task.owner.clone(),
        task: Some(ctx.task.id.clone()),
        step_key: Some(ctx.step.key.as_str().to_owned()),
        attempt: ctx.attempt,
        waits: Some(ctx.waits()),
    }
}

/// Who asks, outside a task.
pub fn origin_of(user: &UserId) -> CallOrigin {
    CallOrigin { user: Some(user.clone()), ..CallOrigin::default() }
}

/// Asks. `on_text` gets the whole text so far, again and again.
///
/// # Errors
/// The model's, as a step's: what can be tried again, and what it used up.
pub async fn ask<T: DeserializeOwned + JsonSchema + 'static>(
    models: &Models,
    question: Question<'_>,
    origin: CallOrigin,
    input: &Arc<impl Material + Send + Sync + 'static>,
    on_text: &mut dyn FnMut(&str),
) -> Result<Answer<T>, StepError> {
    let prompt = prompts::render(question.step, &**input, question.last_error)
        .map_err(|error| StepError::fatal("no_prompt", error.to_string()))?;
    let request = AiRequest::new(question.feature, question.step)
        .with_model(question.model)
        .with_prompts(prompt.system, prompt.user)
        .with_input(input.clone())
        .within(question.timeout.checked_sub(MARGIN).unwrap_or(question.timeout))
        .on_behalf_of(origin);
    Ok(models.complete_as::<T>(request, on_text).await?)
}
