//! The states of tasks and steps, shared by every product, and the payloads of the task events. A product adds fields
//! of its own to the payloads (credits, offers, …); clients ignore the fields that they do not know.

use crate::words::words;
use crate::{DeviceId, NodeId, StepKey, TaskId, Timestamp};
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

    /// What a task, or one of its steps, waits for. Later versions may have more: show others as "waits".
    pub enum WaitReason {
        /// The person's own limit is reached: something of theirs must end first.
        OwnLimit = "own_limit",
        /// The server's limit is reached: others are before it.
        ServerLimit = "server_limit",
        /// The model was asked and has written nothing since then.
        ModelSlow = "model_slow",
        /// The model endpoint, or the server's own limit on it, takes no more calls now; the step asks again by itself.
        ModelBusy = "model_busy",
        /// The model endpoint does not answer, or failed too often; the step asks again by itself.
        ModelDown = "model_down",
        /// The node that works on the task was not heard of; the task resumes on another one.
        WorkerLost = "worker_lost",
        /// The database does not answer: results are kept and committed later.
        Storage = "storage",
    }

    /// Why a task that had begun was queued again.
    pub enum RequeueCause {
        /// Its node died, hung or was cut off.
        WorkerLost = "worker_lost",
        /// Its supervisor ended unexpectedly; the node lives.
        WorkerFailed = "worker_failed",
        /// Its node goes away in good order.
        Drain = "drain",
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
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
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
    /// What it returned. Only when it has ended, and missing where it returned nothing.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    #[ts(optional, type = "unknown")]
    pub result: Value,
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
    /// Only in a `task.queued` of a task that had begun: why it was queued again, and where it resumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub requeued: Option<Requeued>,
}

/// A task that had begun was queued again and resumes where it was: completed steps never run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Requeued {
    /// Why.
    pub cause: RequeueCause,
    /// The node that worked on it.
    pub node: Option<NodeId>,
    /// The steps that begin (again) next.
    pub resumes_at: Vec<StepKey>,
    /// Steps that are completed and stay so.
    pub steps_done: u32,
    /// Steps in all, as far as known.
    pub steps_total: u32,
    /// How often it was taken over from a lost node without getting on, this time included.
    pub rescues: u32,
}

/// Durable `task.queued` of `user:{id}` (and of `device:{id}` for a task without owner): the fields that every product
/// has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
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
    /// Only for a task that had begun: why it was queued again, and where it resumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub requeued: Option<Requeued>,
}

/// Durable `task.finished` of `user:{id}` (and of `device:{id}`): the fields that every product has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TaskProgress {
    /// Share of the work that is done, 0 to 1, by the weights of the steps.
    pub fraction: f64,
    /// The steps that run now.
    pub running: Vec<StepKey>,
    /// Its place in the queue, 1 is next; null once it runs.
    pub queue_position: Option<u32>,
    /// What the task, or steps of it, wait for, as of now; missing or empty: nothing, it works.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<TaskWait>>", optional)]
    pub waits: Vec<TaskWait>,
}

/// What a task or a step waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TaskWait {
    /// For what.
    pub reason: WaitReason,
    /// Since when: `model_slow`: the last sign of the model; `worker_lost`: the last sign of the node.
    pub since: Timestamp,
    /// The step that waits, or that the task will resume at (`worker_lost`); missing: the whole task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub step: Option<StepKey>,
    /// It is tried again then, by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub until: Option<Timestamp>,
    /// The limit that is reached (`own_limit`, `server_limit`): so many tasks or steps at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
    /// The node that was not heard of (`worker_lost`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub node: Option<NodeId>,
}

impl TaskWait {
    /// A wait that began at `since`.
    pub const fn new(reason: WaitReason, since: Timestamp) -> Self {
        Self { reason, since, step: None, until: None, limit: None, node: None }
    }
}

/// Volatile `step.delta` of `task:{id}`, key = the step: the text as the model writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct StepDelta {
    /// The step.
    pub step: StepKey,
    /// Where `text` begins in the whole text of the attempt, in UTF-16 code units (the length of a JavaScript string).
    pub offset: u32,
    /// All that follows `offset`: replace everything from there on. Sent whole each time, so that a dropped one is
    /// harmless.
    pub text: String,
}
