//! `test`: steps that only wait, to see the engine work without cost and to load it.

use crate::cv::model::status::TaskState;
use crate::cv::store::tasks;
use estafette_actors::task::{
    EventFields, OnFailure, StepCtx, StepOutput, StepSpec, TaskEnd, TaskInfo, TaskKind, TaskSummary,
};
use estafette_actors::{DbResult, StepError, Tx};
use estafette_protocol::StepKey;
use estafette_protocol::task::TaskStatus;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Steps of one task.
pub const MAX_STEPS: u32 = 200;
/// Longest wait of one step, milliseconds.
pub const MAX_LATENCY_MS: u64 = 60_000;

/// What a test does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestInput {
    /// Steps, one after the other.
    #[serde(default = "one")]
    pub steps: u32,
    /// How long each waits.
    #[serde(default)]
    pub latency_ms: u64,
    /// The step that fails for good, from 0.
    #[serde(default)]
    pub fail_at: Option<u32>,
}

const fn one() -> u32 {
    1
}

impl TestInput {
    /// Checks the bounds.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=MAX_STEPS).contains(&self.steps) {
            return Err(format!("`steps` must be 1 to {MAX_STEPS}"));
        }
        if self.latency_ms > MAX_LATENCY_MS {
            return Err(format!("`latency_ms` must be at most {MAX_LATENCY_MS}"));
        }
        Ok(())
    }
}

/// The kind.
pub struct TestTask;

fn key(step: u32) -> Result<StepKey, StepError> {
    StepKey::parse(format!("sleep[{step}]")).map_err(|error| StepError::fatal("bad_graph", error.to_string()))
}

#[async_trait::async_trait(?Send)]
impl TaskKind for TestTask {
    fn name(&self) -> &'static str {
        super::TEST
    }

    fn plan(&self, task: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        let input =
            TestInput::deserialize(&task.input).map_err(|error| StepError::fatal("bad_input", error.to_string()))?;
        input.check().map_err(|error| StepError::fatal("bad_input", error))?;
        let mut steps = Vec::new();
        for step in 0..input.steps {
            let needs = step.checked_sub(1).map(key).transpose()?;
            let wait = json!({"latency_ms": input.latency_ms, "fail": input.fail_at == Some(step)});
            steps.push(
                StepSpec::new(key(step)?, "sleep")
                    .after(needs)
                    .with_input(wait)
                    .within(Duration::from_millis(MAX_LATENCY_MS * 2))
                    .labelled("item_index", step)
                    .on_failure(OnFailure::FailTask),
            );
        }
        Ok(steps)
    }

    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        #[derive(Deserialize)]
        struct Wait {
            latency_ms: u64,
            fail: bool,
        }
        let wait: Wait = ctx.input()?;
        // Even a sleep of no time takes a tick of the clock.
        if wait.latency_ms > 0 {
            tokio::time::sleep(Duration::from_millis(wait.latency_ms)).await;
        }
        if wait.fail && ctx.task.attempt == 1 {
            return Err(StepError::fatal("asked_to_fail", "this step was asked to fail"));
        }
        Ok(StepOutput::of(json!({"slept_ms": wait.latency_ms})))
    }

    async fn on_started(&self, tx: &mut Tx<'_>, task: &TaskInfo) -> DbResult<EventFields> {
        tasks::move_to(tx, task.id.as_str(), TaskState::Running, None, None);
        Ok(EventFields::new())
    }

    async fn on_requeued(&self, tx: &mut Tx<'_>, task: &TaskInfo) -> DbResult<EventFields> {
        tasks::move_to(tx, task.id.as_str(), TaskState::Queued, None, None);
        Ok(EventFields::new())
    }

    async fn on_ended(&self, tx: &mut Tx<'_>, task: &TaskInfo, summary: &TaskSummary) -> DbResult<TaskEnd> {
        let error = summary.error.as_ref().map(|error| error.message.clone());
        let result = json!({"steps": summary.steps.len()});
        let (status, state, result) = match &error {
            Some(_) => (TaskStatus::Failed, TaskState::Failed, Value::Null),
            None => (TaskStatus::Completed, TaskState::Completed, result),
        };
        tasks::move_to(tx, task.id.as_str(), state, error.as_deref(), Some(&result));
        let fields = if error.is_some() { super::not_well(EventFields::new()) } else { EventFields::new() };
        Ok(TaskEnd { status, result, error, fields })
    }

    async fn on_cancelled(&self, tx: &mut Tx<'_>, task: &TaskInfo, _open: &[StepSpec]) -> DbResult<EventFields> {
        tasks::move_to(tx, task.id.as_str(), TaskState::Cancelled, None, None);
        Ok(super::not_well(EventFields::new()))
    }

    async fn on_retried(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        _reopened: &[StepSpec],
    ) -> Result<EventFields, estafette_actors::CallError> {
        tasks::move_to(tx, task.id.as_str(), TaskState::Queued, None, None);
        Ok(EventFields::new())
    }
}
