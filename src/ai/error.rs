//! How a call to a model goes wrong, and what becomes of it.

use super::request::Usage;
use estafette_actors::error::{StepError, StepRetry};
use estafette_protocol::task::WaitReason;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::time::Duration;

/// Why a call failed. Each code says by itself whether another attempt can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AiErrorCode {
    /// The endpoint cannot be reached, or answered 5xx. Retried.
    Unavailable,
    /// The endpoint answered 429, or our own limits did. Retried.
    RateLimited,
    /// No answer within the call's bound, or silence between two pieces. Retried.
    Timeout,
    /// Not JSON, not of the schema, cut off, or longer than allowed. Retried: the error is told to the model.
    InvalidOutput,
    /// The breaker is open after too many failures in a row. Retried when it lets a probe through.
    CircuitOpen,
    /// The model refuses this content. Final.
    ModelRefused,
    /// The endpoint refuses our key, our model or our address. Final: somebody must change the configuration.
    Misconfigured,
    /// The endpoint refuses the request itself (400, 413, 422). Final.
    BadRequest,
    /// A rule of the offline provider says that the input cannot be worked on. Final.
    RuleFailed,
    /// It would pass a budget; nothing was sent. Final.
    OverBudget,
    /// A defect of ours. Final.
    Internal,
}

impl AiErrorCode {
    /// The word in events and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "model_unavailable",
            Self::RateLimited => "model_rate_limited",
            Self::Timeout => "timeout",
            Self::InvalidOutput => "invalid_output",
            Self::CircuitOpen => "model_circuit_open",
            Self::ModelRefused => "model_refused",
            Self::Misconfigured => "model_misconfigured",
            Self::BadRequest => "model_bad_request",
            Self::RuleFailed => "rule_failed",
            Self::OverBudget => "over_budget",
            Self::Internal => "internal",
        }
    }

    /// What a call waits for that failed this way, if it is the endpoint and not the call.
    pub const fn waits_for(self) -> Option<WaitReason> {
        match self {
            Self::RateLimited => Some(WaitReason::ModelBusy),
            Self::Unavailable | Self::CircuitOpen => Some(WaitReason::ModelDown),
            Self::Timeout
            | Self::InvalidOutput
            | Self::ModelRefused
            | Self::Misconfigured
            | Self::BadRequest
            | Self::RuleFailed
            | Self::OverBudget
            | Self::Internal => None,
        }
    }

    /// Whether another attempt can help.
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::Unavailable | Self::RateLimited | Self::Timeout | Self::InvalidOutput | Self::CircuitOpen => true,
            Self::ModelRefused
            | Self::Misconfigured
            | Self::BadRequest
            | Self::RuleFailed
            | Self::OverBudget
            | Self::Internal => false,
        }
    }
}

impl std::fmt::Display for AiErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether and when to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AiRetry {
    /// By the caller's policy.
    Policy,
    /// By the caller's policy, but not before this time.
    After(Duration),
    /// No.
    Never,
}

/// A call that gave no usable answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct AiError {
    /// Why.
    pub code: AiErrorCode,
    /// For people: what happened and what to do. Never holds a key.
    pub message: String,
    /// Not before this time.
    pub retry_after: Option<Duration>,
    /// What the call used up all the same.
    pub usage: Box<Usage>,
    /// What that cost, USD; [`crate::ai::Models`] fills it in.
    pub cost: Decimal,
    /// The request left this machine: only such calls are recorded.
    pub sent: bool,
}

impl AiError {
    /// A call that failed before it was sent.
    pub fn unsent(code: AiErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: None,
            usage: Box::default(),
            cost: Decimal::ZERO,
            sent: false,
        }
    }

    /// A call that failed after it was sent.
    pub fn sent(code: AiErrorCode, message: impl Into<String>, usage: Usage) -> Self {
        Self { usage: Box::new(usage), sent: true, ..Self::unsent(code, message) }
    }

    /// Not before this time.
    #[must_use]
    pub fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }

    /// What a log may hold: our own sentence, and never what a model or its endpoint said, since that repeats what people
    /// wrote. Their words are in the task, for its owner.
    pub fn for_log(&self) -> &str {
        match self.code {
            AiErrorCode::Timeout | AiErrorCode::CircuitOpen | AiErrorCode::Internal => &self.message,
            AiErrorCode::Misconfigured => {
                "the endpoint refuses the key, the model or the address: see the settings of `ai`"
            }
            _ if !self.sent => &self.message,
            _ => "see the task's step for the words",
        }
    }

    /// Whether and when to ask again.
    pub fn retry(&self) -> AiRetry {
        match (self.code.is_retryable(), self.retry_after) {
            (false, _) => AiRetry::Never,
            (true, Some(after)) => AiRetry::After(after),
            (true, None) => AiRetry::Policy,
        }
    }
}

impl From<AiError> for StepError {
    fn from(error: AiError) -> Self {
        let retry = match error.retry() {
            // The model is away or busy: that is no fault of this step, and costs it none of its attempts.
            AiRetry::Policy | AiRetry::After(_) if error.code.waits_for().is_some() => {
                error.code.waits_for().map_or(StepRetry::Policy, |reason| StepRetry::Wait(reason, error.retry_after))
            }
            AiRetry::Policy => StepRetry::Policy,
            AiRetry::After(after) => StepRetry::After(after),
            AiRetry::Never => StepRetry::Never,
        };
        let mut report = serde_json::Map::new();
        if error.sent {
            report = error.usage.report();
            report.insert("estimated_cost".into(), error.cost.to_f64().unwrap_or_default().into());
        }
        Self { code: error.code.as_str().to_owned(), message: error.message, retry, report }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_limit_becomes_a_step_error_that_waits_and_reports_its_usage() {
        let usage = Usage { model_used: "m".into(), prompt_tokens: 7, ..Usage::default() };
        let error =
            AiError::sent(AiErrorCode::RateLimited, "busy", usage).with_retry_after(Some(Duration::from_secs(3)));
        let step = StepError::from(error);
        assert_eq!(step.code, "model_rate_limited");
        assert_eq!(step.retry, StepRetry::Wait(WaitReason::ModelBusy, Some(Duration::from_secs(3))));
        assert_eq!(step.report["prompt_tokens"], 7);
    }

    #[test]
    fn a_refusal_is_final_even_with_a_retry_after() {
        let error = AiError::unsent(AiErrorCode::ModelRefused, "no").with_retry_after(Some(Duration::from_secs(1)));
        assert_eq!(StepError::from(error).retry, StepRetry::Never);
    }
}
