//! What is asked of a model, and what comes back.

use super::schema::Schema;
use estafette_actors::task::waits::StepWaits;
use estafette_protocol::{TaskId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

/// Default bound of one call, from the moment it is sent to the last byte of its answer.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// One question to a model: filled templates for a real one, the same input as data for the rules of the offline one.
#[derive(Debug, Clone)]
pub struct AiRequest {
    /// Who pays attention to the cost: `cv_generation`, `job_extraction`, `match_score`, …
    pub feature: String,
    /// The kind of step: `classify`, `batch_experience`, …; with `feature` the key of an offline rule.
    pub step: String,
    /// The model's name as the endpoint knows it.
    pub model: String,
    /// Filled template: who the model is and what it must never do.
    pub system: String,
    /// Filled template: the task and its material.
    pub prompt: String,
    /// What the answer must look like. [`crate::ai::Models::complete_as`] fills it in from the Rust type.
    pub schema: Arc<Schema>,
    /// The material as data, of the type that the step's offline rule takes: large, and shared with the thread on which the
    /// rule works on it.
    pub input: Arc<dyn Any + Send + Sync>,
    /// Ask for the endpoint's faster, dearer tier.
    pub priority: bool,
    /// Bound of the call, waiting for a free slot included.
    pub timeout: Duration,
    /// On whose behalf, for the record.
    pub origin: CallOrigin,
}

impl AiRequest {
    /// A request with an empty prompt, 60 s, normal tier.
    pub fn new(feature: impl Into<String>, step: impl Into<String>) -> Self {
        Self {
            feature: feature.into(),
            step: step.into(),
            model: String::new(),
            system: String::new(),
            prompt: String::new(),
            schema: Schema::any(),
            input: Arc::new(()),
            priority: false,
            timeout: CALL_TIMEOUT,
            origin: CallOrigin::default(),
        }
    }

    /// The model's name.
    #[must_use]
    pub fn with_model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }
    /// The two filled templates.
    #[must_use]
    pub fn with_prompts(mut self, system: impl Into<String>, prompt: impl Into<String>) -> Self {
        self.system = system.into();
        self.prompt = prompt.into();
        self
    }
    /// The material as data.
    #[must_use]
    pub fn with_input(mut self, input: Arc<dyn Any + Send + Sync>) -> Self {
        self.input = input;
        self
    }
    /// Bound of the call.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
    /// On whose behalf.
    #[must_use]
    pub fn on_behalf_of(mut self, origin: CallOrigin) -> Self {
        self.origin = origin;
        self
    }
    /// Ask for the faster tier.
    #[must_use]
    pub fn with_priority(mut self, priority: bool) -> Self {
        self.priority = priority;
        self
    }

    /// Tokens of the prompt by the rule of thumb of four characters each; used before and instead of a real count.
    pub fn estimated_prompt_tokens(&self) -> u32 {
        estimate_tokens(&self.system).saturating_add(estimate_tokens(&self.prompt))
    }
}

/// On whose behalf a call is made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallOrigin {
    /// The user; none for calls of the server itself.
    pub user: Option<UserId>,
    /// The task.
    pub task: Option<TaskId>,
    /// The step's key within the task.
    pub step_key: Option<String>,
    /// The step's attempt, from 1; 0 when no step asks.
    pub attempt: u32,
    /// Where the step says what it waits for: a model that writes nothing is told there.
    pub waits: Option<StepWaits>,
}

/// What a call used up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The model that answered, as the endpoint names it; `offline` for rules.
    pub model_used: String,
    /// Tokens read, cached ones included.
    pub prompt_tokens: u32,
    /// Those of `prompt_tokens` that came from the endpoint's cache.
    pub cached_tokens: u32,
    /// Tokens written.
    pub completion_tokens: u32,
    /// From the call to its end, milliseconds, waiting for a slot included.
    pub duration_ms: u32,
    /// The call was served by the priority tier.
    pub priority: bool,
    /// The counts are an estimate (four characters each), because the endpoint gave none before the call ended.
    pub estimated: bool,
}

impl Usage {
    /// Read and written together.
    pub const fn total_tokens(&self) -> u32 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }

    /// The fields of `step.completed` and `step.failed` that tell of the call (all but the cost).
    pub fn report(&self) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("model_used".into(), self.model_used.clone().into());
        map.insert("prompt_tokens".into(), self.prompt_tokens.into());
        map.insert("cached_tokens".into(), self.cached_tokens.into());
        map.insert("completion_tokens".into(), self.completion_tokens.into());
        map.insert("duration_ms".into(), self.duration_ms.into());
        map
    }
}

/// What a provider answers.
#[derive(Debug, Clone, PartialEq)]
pub struct AiReply {
    /// The answer, JSON.
    pub output: Value,
    /// What it used up.
    pub usage: Usage,
}

/// Four characters make a token, rounded up.
pub fn estimate_tokens(text: &str) -> u32 {
    u32::try_from(text.chars().count().div_ceil(4)).unwrap_or(u32::MAX)
}

/// Milliseconds as the tables store them.
pub(crate) fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_characters_make_a_token_whatever_their_bytes() {
        assert_eq!(estimate_tokens(""), 0);
        assert_eq!(estimate_tokens("abcd"), 1);
        assert_eq!(estimate_tokens("abcde"), 2);
        assert_eq!(estimate_tokens("éééé"), 1);
    }
}
