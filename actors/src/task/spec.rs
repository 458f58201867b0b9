//! What a task and its steps are, as data.

use crate::trace::TraceParent;
use estafette_protocol::{DeviceId, ProductId, StepKey, TaskId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// A group of steps that fails together (one job offer of several), a short word such as `offer-2`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupKey(String);

impl GroupKey {
    /// A group's key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the end of a step's last attempt does to the rest of its task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The task ends as failed, everything else in it is cancelled.
    #[default]
    FailTask,
    /// The other open steps of the step's group are cancelled; the task goes on with its other groups.
    FailGroup,
    /// The step counts as done without output; what needs it goes on.
    Continue,
}

/// When a failed attempt is followed by another: exponential backoff with jitter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Attempts in all, at least 1.
    pub max_attempts: u32,
    /// Before the second attempt.
    pub first_delay: Duration,
    /// Each further delay is the one before times this.
    pub factor: u32,
    /// No delay is longer (before jitter).
    pub max_delay: Duration,
    /// Share of the delay by which it varies to both sides, 0 to 1.
    pub jitter: f64,
}

impl RetryPolicy {
    /// Three attempts, 1 s · 4 s · 16 s, ± 20 %.
    pub const DEFAULT: Self = Self {
        max_attempts: 3,
        first_delay: Duration::from_secs(1),
        factor: 4,
        max_delay: Duration::from_secs(16),
        jitter: 0.2,
    };

    /// One attempt.
    pub const NEVER: Self = Self { max_attempts: 1, ..Self::DEFAULT };
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// One step of a task's graph. What is as in [`StepSpec::new`] is left out where it is stored: there are many of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepSpec {
    /// Unique within the task.
    pub key: StepKey,
    /// What the step does, a word of its kind of task (`extract`, `classify`, …): `type` in its events.
    pub kind: String,
    /// The group it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupKey>,
    /// Steps that must be completed first (or ended, if they are [`OnFailure::Continue`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<StepKey>,
    /// What the step works on; kept with the step.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
    /// Share in the task's progress bar, relative to the other steps. Always stored: statements add it up.
    pub weight: u32,
    /// When a failed attempt is repeated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub retry: RetryPolicy,
    /// Bound of one attempt.
    #[serde(default = "usual_timeout", skip_serializing_if = "is_usual_timeout")]
    pub timeout: Duration,
    /// What its final failure does.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_failure: OnFailure,
    /// Merged into each of its events (`offer_index`, `item_index`).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub labels: Map<String, Value>,
    /// See [`StepSpec::pure`].
    #[serde(default, skip_serializing_if = "is_default")]
    pub pure: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

const fn usual_timeout() -> Duration {
    Duration::from_secs(60)
}

fn is_usual_timeout(timeout: &Duration) -> bool {
    *timeout == usual_timeout()
}

impl StepSpec {
    /// A step with the default policy: three attempts, 60 s each, its failure fails the task, weight 1.
    pub fn new(key: StepKey, kind: impl Into<String>) -> Self {
        Self {
            key,
            kind: kind.into(),
            group: None,
            needs: Vec::new(),
            input: Value::Null,
            weight: 1,
            retry: RetryPolicy::DEFAULT,
            timeout: usual_timeout(),
            on_failure: OnFailure::FailTask,
            labels: Map::new(),
            pure: false,
        }
    }

    /// Made from nothing but the task's input and what the steps before it returned: it reads no database, does nothing to
    /// the world outside and adds no steps. Then nobody can tell whether it ran before or after what it needs was
    /// durable, and it need not wait for that: it begins as soon as the steps that it needs have returned, and a chain of
    /// quick steps is committed together. Each still has its row, its hooks and its events, in order; none of them is
    /// visible before it is committed.
    #[must_use]
    pub fn pure(mut self) -> Self {
        self.pure = true;
        self
    }
    /// In a group; its failure fails the group.
    #[must_use]
    pub fn in_group(mut self, group: GroupKey) -> Self {
        self.group = Some(group);
        self.on_failure = OnFailure::FailGroup;
        self
    }
    /// After these steps.
    #[must_use]
    pub fn after(mut self, needs: impl IntoIterator<Item = StepKey>) -> Self {
        self.needs.extend(needs);
        self
    }
    /// What it works on.
    #[must_use]
    pub fn with_input(mut self, input: Value) -> Self {
        self.input = input;
        self
    }
    /// Share in the progress bar.
    #[must_use]
    pub fn weighing(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }
    /// Bound of one attempt.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
    /// When a failed attempt is repeated.
    #[must_use]
    pub fn retrying(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }
    /// What its final failure does.
    #[must_use]
    pub fn on_failure(mut self, effect: OnFailure) -> Self {
        self.on_failure = effect;
        self
    }
    /// Merged into its events.
    #[must_use]
    pub fn labelled(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.labels.insert(name.to_owned(), value.into());
        self
    }
}

/// A task to be started, inside the transaction that reserves what it costs.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// Given by the caller or made by the server; an id that exists is a `conflict`.
    pub id: TaskId,
    /// The name of a registered [`super::TaskKind`].
    pub kind: String,
    /// Whose task: limits and fairness count by owner, its `user:` topic hears of it.
    pub owner: Option<UserId>,
    /// Where it was started; the `device:` topic of a task without owner hears of it.
    pub device: Option<DeviceId>,
    /// What the task works on.
    pub input: Value,
    /// Merged into its `task.queued` and `task.finished` events.
    pub event: Map<String, Value>,
}

impl NewTask {
    /// A task with a new id, of nobody.
    pub fn new(kind: impl Into<String>, input: Value) -> Self {
        Self { id: Self::new_id(), kind: kind.into(), owner: None, device: None, input, event: Map::new() }
    }

    /// Somebody's task.
    #[must_use]
    pub fn owned_by(mut self, owner: UserId) -> Self {
        self.owner = Some(owner);
        self
    }

    /// A new id in the form `task_<ms>_<6 base36>`.
    pub fn new_id() -> TaskId {
        let suffix: String = estafette_protocol::ids::new_cuid2().chars().skip(1).take(6).collect();
        let id = format!("task_{}_{suffix}", chrono::Utc::now().timestamp_millis());
        TaskId::parse(&id).unwrap_or_else(|_| unreachable!("digits and a-z are valid in a task id"))
    }
}

/// A task as its steps and hooks see it.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskInfo {
    /// Its id.
    pub id: TaskId,
    /// Its product.
    pub product: ProductId,
    /// Its kind.
    pub kind: String,
    /// Whose task.
    pub owner: Option<UserId>,
    /// Where it was started.
    pub device: Option<DeviceId>,
    /// What it works on.
    pub input: Value,
    /// Runs of the task, 1 at first, +1 with each `task.retry`.
    pub attempt: u32,
    /// Merged into its `task.queued` and `task.finished` events.
    pub event: Map<String, Value>,
    /// The trace of the call that queued it.
    pub trace: Option<TraceParent>,
}
