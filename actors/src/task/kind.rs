//! The trait a product implements for each kind of task.

use super::context::StepCtx;
use super::spec::{GroupKey, StepSpec, TaskInfo};
use crate::db::{DbResult, Tx};
use crate::error::StepError;
use estafette_protocol::StepKey;
use estafette_protocol::task::{StepStatus, TaskStatus};
use serde_json::{Map, Value};
use std::time::Duration;

/// Fields that a hook adds to the event of its moment (credits, counts, names).
pub type EventFields = Map<String, Value>;

/// What an attempt brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepOutput {
    /// Kept with the step; later steps and hooks read it.
    pub output: Value,
    /// Steps that this one found to be necessary (one per experience). Their `needs` may name any step of the task;
    /// a key that exists already is left as it is.
    pub add: Vec<StepSpec>,
    /// Steps, not completed yet, that must also wait for the added ones: `(waiting step, added step)`.
    pub also_needs: Vec<(StepKey, StepKey)>,
    /// Merged into `step.completed`: model, tokens, cost, modifications.
    pub report: Map<String, Value>,
}

impl StepOutput {
    /// An output and nothing else.
    pub fn of(output: Value) -> Self {
        Self { output, ..Self::default() }
    }
}

/// An attempt that failed, as a hook sees it.
#[derive(Debug, Clone)]
pub struct StepFailure<'a> {
    /// What went wrong.
    pub error: &'a StepError,
    /// The attempt that failed, from 1.
    pub attempt: u32,
    /// The next attempt comes after this time; `None`: this was the last.
    pub retry_in: Option<Duration>,
}

/// How a group of steps ended early.
#[derive(Debug, Clone)]
pub enum GroupEnd<'a> {
    /// One of its steps failed for good.
    Failed(&'a StepError),
    /// The task was cancelled while the group was open.
    Cancelled,
}

/// A step as a hook sees it.
#[derive(Debug, Clone)]
pub struct StepView<'a> {
    /// The step.
    pub spec: &'a StepSpec,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// A task at its end: what its steps came to.
#[derive(Debug, Clone, Default)]
pub struct TaskSummary {
    /// Each step with its state and, where completed, its output.
    pub steps: Vec<(StepSpec, StepStatus, Value)>,
    /// The first final failure, if any.
    pub error: Option<StepError>,
}

/// How a task ends.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskEnd {
    /// Completed or failed.
    pub status: TaskStatus,
    /// Kept with the task and sent in `task.finished`.
    pub result: Value,
    /// For people, where failed.
    pub error: Option<String>,
    /// Merged into `task.completed`, `task.failed` and `task.finished`.
    pub fields: EventFields,
}

/// One kind of task.
///
/// Hooks run inside the transaction that commits their moment, together with the runtime's own rows and events; they
/// write the product's rows and emit further events through the [`Tx`]. They may run again when a transaction is
/// repeated, so they have no effect outside it, do no slow work, and touch only rows of the task's owner (other owners'
/// commits share the transaction). The defaults do nothing.
#[async_trait::async_trait(?Send)]
#[allow(unused_variables)]
pub trait TaskKind: Send + Sync + 'static {
    /// The kind's name, unique within the product (`generate-cv`).
    fn name(&self) -> &'static str;

    /// Whether the hooks of tasks of different owners run beside each other: their questions go to Postgres together then, and
    /// not one after the other. For kinds whose hooks look at nothing that another owner's hook may write, and that lock
    /// what they lock of their owner before they ask anything else: so the locks of all owners are taken first, in one order.
    fn beside_others(&self) -> bool {
        false
    }

    /// The first steps of a task. Pure: called once, inside the transaction that accepts the task.
    ///
    /// # Errors
    /// [`StepError`] when the input is not one of this kind; nothing is created then.
    fn plan(&self, task: &TaskInfo) -> Result<Vec<StepSpec>, StepError>;

    /// Runs one attempt of a step, without a transaction. May run more than once (after a crash); only the outcome that
    /// is committed counts. Dropped at its timeout and when the task is cancelled.
    ///
    /// # Errors
    /// [`StepError`] says whether another attempt can help.
    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError>;

    /// The task is claimed by a node, for the first time, after a retry or after a rescue.
    async fn on_started(&self, tx: &mut Tx<'_>, task: &TaskInfo) -> DbResult<EventFields> {
        Ok(EventFields::new())
    }

    /// The task went back to the queue: its node was lost, or its owner retries it.
    async fn on_requeued(&self, tx: &mut Tx<'_>, task: &TaskInfo) -> DbResult<EventFields> {
        Ok(EventFields::new())
    }

    /// An attempt of a step begins.
    async fn on_step_started(&self, tx: &mut Tx<'_>, task: &TaskInfo, step: &StepView<'_>) -> DbResult<()> {
        Ok(())
    }

    /// A step is done: its effects on the product's rows are written here, exactly once.
    async fn on_step_completed(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        step: &StepView<'_>,
        output: &StepOutput,
    ) -> DbResult<()> {
        Ok(())
    }

    /// An attempt failed; `failure.retry_in` says whether another follows.
    async fn on_step_failed(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        step: &StepView<'_>,
        failure: &StepFailure<'_>,
    ) -> DbResult<()> {
        Ok(())
    }

    /// A group ended without being completed, in the transaction of its cause.
    async fn on_group_ended(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        group: &GroupKey,
        end: GroupEnd<'_>,
    ) -> DbResult<()> {
        Ok(())
    }

    /// All steps have ended: decides how the task ends. The default: completed unless a step with
    /// [`super::OnFailure::FailTask`] failed; the result is null.
    async fn on_ended(&self, tx: &mut Tx<'_>, task: &TaskInfo, summary: &TaskSummary) -> DbResult<TaskEnd> {
        let status = if summary.error.is_some() { TaskStatus::Failed } else { TaskStatus::Completed };
        Ok(TaskEnd {
            status,
            result: Value::Null,
            error: summary.error.as_ref().map(|error| error.message.clone()),
            fields: EventFields::new(),
        })
    }

    /// The task was cancelled. Called after [`TaskKind::on_group_ended`] of each open group; `open` are the steps that
    /// had not ended.
    async fn on_cancelled(&self, tx: &mut Tx<'_>, task: &TaskInfo, open: &[StepSpec]) -> DbResult<EventFields> {
        Ok(EventFields::new())
    }

    /// The owner retries the task: which steps run again is the runtime's choice (all that failed or were cancelled);
    /// what that costs is decided here. `reopened` are those steps.
    ///
    /// # Errors
    /// A refusal (no credits left): nothing changes then.
    async fn on_retried(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        reopened: &[StepSpec],
    ) -> Result<EventFields, crate::error::CallError> {
        Ok(EventFields::new())
    }
}
