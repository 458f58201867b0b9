//! The states of tasks and steps, shared by every product, and the payloads of the task events. A product adds fields
//! of its own to the payloads (credits, offers, …); clients ignore the fields that they do not know.

use crate::words::words;
use crate::{DeviceId, NodeId, StepKey, TaskId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

words! {
    /// Where a task stands.
    pub enum TaskStatus {
        /// Accepted; waits for a node to claim it.
        Queued = "queued",
        /// A node works on it.
        Running = "running",
        /// Ended well.
        Completed = "completed",
        /// Ended without its result; can be retried.
        Failed = "failed",
        /// Ended by its owner.
        Cancelled = "cancelled",
    }

    /// Where a step stands.
    pub enum StepStatus {
        /// Waits for its dependencies, for a limit, or for its next attempt.
        Pending = "pending",
        /// An attempt runs.
        Running = "running",
        /// Its effect is committed; it never runs again.
        Completed = "completed",
        /// Its attempts are used up, or the error was final.
        Failed = "failed",
        /// Its task or its group ended before it could.
        Cancelled = "cancelled",
    }
}

impl TaskStatus {
    /// Whether nothing happens to the task any more unless its owner retries it.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl StepStatus {
    /// Whether nothing happens to the step any more unless its task is retried.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// Durable `task.queued`, `task.started`, `task.completed`, `task.failed`, `task.cancelled` of `task:{id}`: the fields
/// that every product has. A product's own fields stand beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TaskEvent {
    /// The task.
    pub id: TaskId,
    /// Its kind, such as `generate-cv`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its state after the event.
    pub status: TaskStatus,
    /// Runs of the task, 1 at first, +1 with each `task.retry`.
    pub attempt: u32,
    /// Why it failed, for people. Missing or null otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub error: Option<String>,
    /// Why it failed, for programs: `parked` when it lost its node again and again without getting on. Missing where
    /// only `error` tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    /// Where it was started. Only in `task.queued`; null where unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub device_id: Option<DeviceId>,
    /// The node that works on it. Only in `task.started`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub node: Option<NodeId>,
    /// How often it was taken over from a node that was lost. Only in `task.started`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub rescues: Option<u32>,
}

/// Durable `task.queued` of `user:{id}` (and of `device:{id}` for a task without owner): the fields that every product
/// has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TaskQueued {
    /// The task.
    pub id: TaskId,
    /// Its kind, such as `generate-cv`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `queued`.
    pub status: TaskStatus,
    /// Runs of the task, 1 at first, +1 with each `task.retry`.
    pub attempt: u32,
    /// Where it was started; null where unknown.
    #[serde(default)]
    pub device_id: Option<DeviceId>,
}

/// Durable `task.finished` of `user:{id}` (and of `device:{id}`): the fields that every product has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TaskFinished {
    /// The task.
    pub id: TaskId,
    /// Its kind, such as `generate-cv`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How it ended: completed, failed or cancelled.
    pub status: TaskStatus,
    /// Runs of the task, 1 at first, +1 with each `task.retry`.
    pub attempt: u32,
    /// Why it failed, for people; null otherwise.
    #[serde(default)]
    pub error: Option<String>,
    /// What the kind of task returns; null unless completed.
    #[serde(default)]
    #[ts(type = "unknown")]
    pub result: Value,
}

/// Durable `step.started` of `task:{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StepStarted {
    /// The step's key, unique within the task (`batch_experience[0,3]`).
    pub step: StepKey,
    /// What the step does (`batch_experience`).
    #[serde(rename = "type")]
    pub kind: String,
    /// The attempt that begins, from 1.
    pub attempt: u32,
}

/// Durable `step.completed` of `task:{id}`: its effect is committed, it never runs again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StepCompleted {
    /// The step's key, unique within the task.
    pub step: StepKey,
    /// What the step does.
    #[serde(rename = "type")]
    pub kind: String,
    /// The attempt that succeeded, from 1.
    pub attempt: u32,
    /// Time of that attempt, milliseconds.
    #[ts(type = "number")]
    pub duration_ms: u64,
}

/// Durable `step.failed` of `task:{id}`: one attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StepFailed {
    /// The step's key, unique within the task.
    pub step: StepKey,
    /// What the step does.
    #[serde(rename = "type")]
    pub kind: String,
    /// The attempt that failed, from 1.
    pub attempt: u32,
    /// What went wrong, for people.
    pub error: String,
    /// What went wrong, for programs: a word such as `timeout`, `not_found`, `model_refused`, `invalid_output`. Open:
    /// expect others.
    pub code: String,
    /// The next attempt comes after this time, milliseconds; null: this was the last.
    #[ts(type = "number | null")]
    pub retry_in_ms: Option<u64>,
    /// Time of this attempt, milliseconds.
    #[ts(type = "number")]
    pub duration_ms: u64,
    /// Steps that will not run because of it.
    #[serde(default)]
    pub cancelled: Vec<StepKey>,
}

/// Volatile `task.progress` of `task:{id}`, key `task`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TaskProgress {
    /// Share of the work that is done, 0 to 1, by the weights of the steps.
    pub fraction: f64,
    /// The steps that run now.
    pub running: Vec<StepKey>,
    /// Its place in the queue, 1 is next; null once it runs.
    pub queue_position: Option<u32>,
}

/// Volatile `step.delta` of `task:{id}`, key = the step: the text as the model writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StepDelta {
    /// The step.
    pub step: StepKey,
    /// Where `text` begins in the whole text of the attempt, in UTF-16 code units (the length of a JavaScript string).
    pub offset: u32,
    /// All that follows `offset`: replace everything from there on. Sent whole each time, so that a dropped one is
    /// harmless.
    pub text: String,
}
