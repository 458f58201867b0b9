//! The provider without a model: deterministic rules that products register under `(feature, step)`.
//!
//! It behaves like a model in every way that its callers can see (it takes its time, streams its text in pieces, counts
//! tokens), says so (`model_used = "offline"`), and never blocks an arbiter: rules run on the blocking pool.

use super::error::{AiError, AiErrorCode};
use super::request::{AiReply, AiRequest, Usage, estimate_tokens, millis};
use super::{OnProgress, Progress, Provider};
use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// The provider's name, and the model that its answers name.
pub const MODEL: &str = "offline";

/// Rules that run at once by default; more would only wait for the processor.
pub const CONCURRENCY: usize = 8;
/// Pieces in which an answer is streamed, at most: enough to be watched, few enough to cost nothing.
const PIECES_MAX: usize = 12;
/// No piece is shorter, in characters.
const PIECE_CHARS_MIN: usize = 24;

/// A rule: from the request's `input` to the answer.
type Rule = Arc<dyn Fn(&(dyn Any + Send + Sync)) -> Result<Value, RuleError> + Send + Sync>;

/// A rule cannot work on its input; no other attempt can help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RuleError(pub String);

impl From<String> for RuleError {
    fn from(message: String) -> Self {
        Self(message)
    }
}

impl From<&str> for RuleError {
    fn from(message: &str) -> Self {
        Self(message.to_owned())
    }
}

/// The rules, and how they pretend to be a model.
pub struct Offline {
    rules: HashMap<(String, String), Rule>,
    latency: Duration,
    slots: Arc<Semaphore>,
}

impl Default for Offline {
    fn default() -> Self {
        Self::new(Duration::ZERO, CONCURRENCY)
    }
}

impl Offline {
    /// A provider without rules. Each call takes at least `latency`; at most `concurrency` rules run at once
    /// (at least 1).
    pub fn new(latency: Duration, concurrency: usize) -> Self {
        Self { rules: HashMap::new(), latency, slots: Arc::new(Semaphore::new(concurrency.max(1))) }
    }

    /// Registers the rule for a feature's step; a later one replaces an earlier one. An input of another type is an error of
    /// the rule.
    pub fn register<I: 'static, O: Serialize, E: Into<RuleError>>(
        &mut self,
        feature: &str,
        step: &str,
        rule: impl Fn(&I) -> Result<O, E> + Send + Sync + 'static,
    ) {
        let rule: Rule = Arc::new(move |input| {
            let wanted = || RuleError(format!("the rule takes another input: {}", std::any::type_name::<I>()));
            let output = rule(input.downcast_ref().ok_or_else(wanted)?).map_err(Into::into)?;
            serde_json::to_value(output).map_err(|error| RuleError(format!("the answer is not JSON: {error}")))
        });
        self.rules.insert((feature.to_owned(), step.to_owned()), rule);
    }

    async fn answer(
        &self,
        request: &AiRequest,
        started: Instant,
        progress: &mut OnProgress<'_>,
    ) -> Result<AiReply, AiError> {
        let key = (request.feature.clone(), request.step.clone());
        let Some(rule) = self.rules.get(&key).map(Arc::clone) else {
            let message = format!(
                "the offline model has no rule for {}/{}; configure an OpenAI-compatible endpoint for it",
                request.feature, request.step
            );
            return Err(AiError::unsent(AiErrorCode::RuleFailed, message));
        };
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_| AiError::unsent(AiErrorCode::Internal, "the offline model is shut down"))?;
        progress(Progress::Sent);
        let input = Arc::clone(&request.input);
        let ran = tokio::task::spawn_blocking(move || {
            // The slot goes along: a rule whose caller went away still counts until it is through.
            let _slot = slot;
            rule(&*input)
        })
        .await;
        let mut usage = Usage {
            model_used: MODEL.to_owned(),
            prompt_tokens: request.estimated_prompt_tokens(),
            duration_ms: millis(started.elapsed()),
            ..Usage::default()
        };
        let output = match ran {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(AiError::sent(AiErrorCode::RuleFailed, error.0, usage)),
            Err(error) => {
                tracing::error!(feature = request.feature, step = request.step, %error, "an offline rule panicked");
                let message = "the offline model failed; the error was logged";
                return Err(AiError::sent(AiErrorCode::Internal, message, usage));
            }
        };
        let text = output.to_string();
        self.stream(&text, progress).await;
        usage.completion_tokens = estimate_tokens(&text);
        usage.duration_ms = millis(started.elapsed());
        Ok(AiReply { output, usage })
    }

    /// Hands out the text in pieces, the latency spread evenly between them.
    async fn stream(&self, text: &str, progress: &mut OnProgress<'_>) {
        let ends = piece_ends(text);
        let pause = self.latency / u32::try_from(ends.len()).unwrap_or(1).max(1);
        for end in ends {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            progress(Progress::Text(&text[..end]));
        }
    }
}

/// Where the pieces of a text end, as byte positions between characters; the last one is the text's end.
fn piece_ends(text: &str) -> Vec<usize> {
    let chars = text.chars().count();
    let pieces = (chars / PIECE_CHARS_MIN).clamp(1, PIECES_MAX);
    let mut ends: Vec<usize> =
        text.char_indices().map(|(at, _)| at).step_by(chars.div_ceil(pieces).max(1)).skip(1).collect();
    ends.push(text.len());
    ends
}

#[async_trait(?Send)]
impl Provider for Offline {
    fn name(&self) -> &'static str {
        MODEL
    }

    async fn complete(&self, request: &AiRequest, progress: &mut OnProgress<'_>) -> Result<AiReply, AiError> {
        let started = Instant::now();
        let mut sent = false;
        let mut watched = |step: Progress<'_>| {
            sent = true;
            progress(step);
        };
        match tokio::time::timeout(request.timeout, self.answer(request, started, &mut watched)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let message = format!("the offline model did not answer within {} ms", request.timeout.as_millis());
                let usage = Usage {
                    model_used: MODEL.to_owned(),
                    prompt_tokens: if sent { request.estimated_prompt_tokens() } else { 0 },
                    duration_ms: millis(started.elapsed()),
                    ..Usage::default()
                };
                Err(AiError { sent, ..AiError::sent(AiErrorCode::Timeout, message, usage) })
            }
        }
    }
}

#[cfg(test)]
mod tests;
