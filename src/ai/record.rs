//! One record per call: cv R65.

use super::request::CallOrigin;
use super::{AiErrorCode, Usage};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    /// With an answer.
    Answered,
    /// With an error.
    Failed(AiErrorCode),
    /// Its caller went away (the task was cancelled, or its step timed out).
    Cancelled,
}

impl CallOutcome {
    /// The word in the record's metadata.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed(code) => code.as_str(),
            Self::Cancelled => "cancelled",
        }
    }
}

/// A call that was sent, whatever became of it: a row of `openai_calls`, and what it adds to `openai_usage` (cv R65).
#[derive(Debug, Clone, PartialEq)]
pub struct AiCallRecord {
    /// `cv_generation`, `job_extraction`, …
    pub feature: String,
    /// The kind of step.
    pub step: String,
    /// The model that was asked for.
    pub model_asked: String,
    /// Tokens, time, and the model that answered.
    pub usage: Usage,
    /// USD, six decimals (cv R66).
    pub cost: Decimal,
    /// False when the model has no price: cost 0 and an alert (cv R66).
    pub priced: bool,
    /// How it ended.
    pub outcome: CallOutcome,
    /// On whose behalf.
    pub origin: CallOrigin,
    /// When it ended; its UTC day is the day of the usage row.
    pub at: DateTime<Utc>,
}

impl AiCallRecord {
    /// The model's name for the row: the one that answered, else the one that was asked.
    pub fn model(&self) -> &str {
        if self.usage.model_used.is_empty() { &self.model_asked } else { &self.usage.model_used }
    }

    /// The row's `metadata`: `{task_id, step, step_key, attempt, priority, outcome, unpriced, estimated}`, absent ones left out.
    pub fn metadata(&self) -> Value {
        let mut map = Map::new();
        if let Some(task) = &self.origin.task {
            map.insert("task_id".into(), task.to_string().into());
        }
        map.insert("step".into(), self.step.clone().into());
        if let Some(key) = &self.origin.step_key {
            map.insert("step_key".into(), key.clone().into());
        }
        if self.origin.attempt > 0 {
            map.insert("attempt".into(), self.origin.attempt.into());
        }
        map.insert("priority".into(), self.usage.priority.into());
        map.insert("outcome".into(), self.outcome.as_str().into());
        if !self.priced {
            map.insert("unpriced".into(), true.into());
        }
        if self.usage.estimated {
            map.insert("estimated".into(), true.into());
        }
        Value::Object(map)
    }
}

/// Where records go. The implementation must be quick and must not block: it hands them to a bounded writer.
pub trait CallRecorder: Send + Sync {
    /// Takes one record; called exactly once per call that was sent.
    fn record(&self, call: AiCallRecord);
}

/// Keeps nothing: for tools without a database.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecorder;

impl CallRecorder for NoRecorder {
    fn record(&self, _call: AiCallRecord) {}
}
