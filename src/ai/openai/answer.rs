//! The answer as it is put together from the stream.

use super::wire::{ApiError, Choice, Chunk, Delta};
use crate::ai::request::estimate_tokens;
use crate::ai::schema::clip;
use crate::ai::{AiErrorCode, AiReply, AiRequest, Usage};
use serde_json::Value;

/// What went wrong with an answer: a code and a sentence.
pub(super) type Trouble = (AiErrorCode, String);

/// Text, usage and end of an answer so far.
#[derive(Debug, Default)]
pub(super) struct Partial {
    pub(super) text: String,
    refusal: String,
    model: Option<String>,
    priority: bool,
    usage: Option<(u32, u32, u32)>,
    finish: Option<String>,
    done: bool,
}

impl Partial {
    /// Takes one event's data.
    pub(super) fn take(&mut self, data: &str) -> Result<(), Trouble> {
        if data.trim() == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|error| {
            (AiErrorCode::InvalidOutput, format!("the endpoint sent an event that is no JSON: {error}"))
        })?;
        if let Some(error) = &chunk.error {
            return Err(in_stream(error));
        }
        if chunk.model.is_some() {
            self.model = chunk.model;
        }
        if let Some(tier) = &chunk.service_tier {
            self.priority = tier == "priority";
        }
        if let Some(usage) = chunk.usage {
            let cached = usage.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0);
            self.usage = Some((usage.prompt_tokens, cached, usage.completion_tokens));
        }
        if let Some(Choice { delta, message, finish_reason }) = chunk.choices.into_iter().next() {
            let Delta { content, refusal } = delta.or(message).unwrap_or_default();
            self.text.push_str(content.as_deref().unwrap_or_default());
            self.refusal.push_str(refusal.as_deref().unwrap_or_default());
            if finish_reason.is_some() {
                self.finish = finish_reason;
            }
        }
        Ok(())
    }

    /// Nothing more is needed.
    pub(super) const fn is_done(&self) -> bool {
        self.done
    }

    /// What the answer used up: as the endpoint counts, else estimated from its text.
    pub(super) fn usage(&self, request: &AiRequest, duration_ms: u32) -> Usage {
        let estimate = || (request.estimated_prompt_tokens(), 0, estimate_tokens(&self.text));
        let (prompt_tokens, cached_tokens, completion_tokens) = self.usage.unwrap_or_else(estimate);
        Usage {
            model_used: self.model.clone().unwrap_or_else(|| request.model.clone()),
            prompt_tokens,
            cached_tokens,
            completion_tokens,
            duration_ms,
            priority: self.priority,
            estimated: self.usage.is_none(),
        }
    }

    /// The finished answer.
    pub(super) fn finish(&self, usage: Usage) -> Result<AiReply, Trouble> {
        let invalid = |message: String| Err((AiErrorCode::InvalidOutput, message));
        if !self.refusal.is_empty() {
            return Err((AiErrorCode::ModelRefused, format!("the model refuses to answer: {}", clip(&self.refusal))));
        }
        match self.finish.as_deref() {
            Some("content_filter") => {
                let message = "the endpoint's content filter stopped the answer; change the CV or the offer";
                return Err((AiErrorCode::ModelRefused, message.to_owned()));
            }
            Some("length") => {
                return invalid("the answer was cut off at the model's length limit; answer more briefly".to_owned());
            }
            Some(_) => {}
            None if self.done => {}
            None => {
                return invalid(format!("the answer broke off after {} characters", self.text.chars().count()));
            }
        }
        match serde_json::from_str::<Value>(unfenced(&self.text)) {
            Ok(output) => Ok(AiReply { output, usage }),
            Err(error) => invalid(format!("the answer is no JSON: {error}")),
        }
    }
}

/// Endpoints without structured output like to wrap JSON into a Markdown fence.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```json").or_else(|| text.strip_prefix("```")).and_then(|t| t.strip_suffix("```"));
    inner.unwrap_or(text)
}

fn in_stream(error: &ApiError) -> Trouble {
    let code = if error.is("rate_limit_exceeded") {
        AiErrorCode::RateLimited
    } else if error.is("content_filter") || error.is("content_policy_violation") {
        AiErrorCode::ModelRefused
    } else {
        AiErrorCode::Unavailable
    };
    (code, format!("the endpoint broke off: {}", clip(error.message())))
}
