//! `test`: steps that only wait, to see the engine work without cost and to load it.

use crate::cv::model::status::TaskState;
use crate::cv::store::tasks;
use chrono::Utc;
use estafette_actors::task::{
    EventFields, OnFailure, StepCtx, StepOutput, StepSpec, TaskEnd, TaskInfo, TaskKind, TaskSummary,
};
use estafette_actors::{DbResult, StepError, Tx};
use estafette_protocol::cv::event::task::TestLive;
use estafette_protocol::task::TaskStatus;
use estafette_protocol::{StepKey, Topic};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Steps of one task.
pub const MAX_STEPS: u32 = 200;
/// Longest wait of one step, milliseconds.
pub const MAX_LATENCY_MS: u64 = 60_000;

/// Shortest and longest time between two volatile events, microseconds.
pub const LIVE_EVERY_US: std::ops::RangeInclusive<u64> = 500..=60_000_000;
/// Longest text of a volatile event.
pub const MAX_LIVE_BYTES: u32 = 4_096;
/// Most keys of volatile events.
pub const MAX_LIVE_KEYS: u32 = 4_096;
/// Their kind.
const LIVE: &str = "test.live";

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
    /// Volatile events while the steps wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<TestLiveInput>,
    /// Whether a step may begin before those before it are durable.
    #[serde(default = "yes")]
    pub pure: bool,
}

/// Volatile events that a test makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestLiveInput {
    /// One in so many microseconds.
    pub every_us: u64,
    /// Characters of text in each.
    pub bytes: u32,
    /// Keys that they take in turn.
    pub keys: u32,
}

const fn yes() -> bool {
    true
}

const fn one() -> u32 {
    1
}

impl TestInput {
    /// Checks the bounds; `live_per_second` is the server's for volatile events.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn check(&self, live_per_second: u32) -> Result<(), String> {
        if !(1..=MAX_STEPS).contains(&self.steps) {
            return Err(format!("`steps` must be 1 to {MAX_STEPS}"));
        }
        if self.latency_ms > MAX_LATENCY_MS {
            return Err(format!("`latency_ms` must be at most {MAX_LATENCY_MS}"));
        }
        let Some(live) = &self.live else { return Ok(()) };
        if !LIVE_EVERY_US.contains(&live.every_us) {
            let (from, to) = (LIVE_EVERY_US.start(), LIVE_EVERY_US.end());
            return Err(format!("`live_every_us` must be {from} to {to}"));
        }
        if 1_000_000 > live.every_us.saturating_mul(live_per_second.into()) {
            return Err(format!(
                "this server makes at most {live_per_second} `test.live` a second (test-live-per-second)"
            ));
        }
        if live.bytes > MAX_LIVE_BYTES {
            return Err(format!("`live_bytes` must be at most {MAX_LIVE_BYTES}"));
        }
        if !(1..=MAX_LIVE_KEYS).contains(&live.keys) {
            return Err(format!("`live_keys` must be 1 to {MAX_LIVE_KEYS}"));
        }
        Ok(())
    }

    /// The volatile events of one step.
    fn live_of(&self, step: u32) -> Option<StepLive> {
        let live = self.live?;
        let count = self.latency_ms.saturating_mul(1_000) / live.every_us.max(1);
        Some(StepLive { live, first: count * u64::from(step), count })
    }
}

/// The volatile events of one step.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct StepLive {
    #[serde(flatten)]
    live: TestLiveInput,
    /// The number of its first.
    first: u64,
    /// How many.
    count: u64,
}

impl StepLive {
    /// Makes them, each at its time. The first one comes at a moment of the step's own, so that thousands of tasks do not
    /// speak at once.
    async fn speak(self, ctx: &StepCtx) {
        let every = Duration::from_micros(self.live.every_us);
        let topic = Topic::task(&ctx.task.id);
        let mut at = tokio::time::Instant::now() + every.mul_f64(rand::rng().random_range(0.0..1.0));
        // The time for which it is meant, so that a server that falls behind cannot hide it.
        let ahead = at.saturating_duration_since(tokio::time::Instant::now());
        let mut at_us = u64::try_from(Utc::now().timestamp_micros()).unwrap_or(0);
        at_us += u64::try_from(ahead.as_micros()).unwrap_or(0);
        for n in self.first..self.first + self.count {
            tokio::time::sleep_until(at).await;
            let text = "x".repeat(usize::try_from(self.live.bytes).unwrap_or(0));
            let key = format!("load-{}", n % u64::from(self.live.keys.max(1)));
            ctx.live_event(topic.clone(), &key, LIVE, &TestLive { n, at_us, text });
            at += every;
            at_us += self.live.every_us;
        }
    }
}

/// What a step does.
#[derive(Serialize, Deserialize)]
struct Wait {
    latency_ms: u64,
    fail: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    live: Option<StepLive>,
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

    fn beside_others(&self) -> bool {
        true
    }

    fn plan(&self, task: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        let input =
            TestInput::deserialize(&task.input).map_err(|error| StepError::fatal("bad_input", error.to_string()))?;
        // The server's bound was asked for when the task began.
        input.check(u32::MAX).map_err(|error| StepError::fatal("bad_input", error))?;
        let mut steps = Vec::new();
        for step in 0..input.steps {
            let needs = step.checked_sub(1).map(key).transpose()?;
            let wait =
                Wait { latency_ms: input.latency_ms, fail: input.fail_at == Some(step), live: input.live_of(step) };
            let wait = serde_json::to_value(wait).map_err(|error| StepError::fatal("bad_graph", error.to_string()))?;
            let spec = StepSpec::new(key(step)?, "sleep")
                .after(needs)
                .with_input(wait)
                .within(Duration::from_millis(MAX_LATENCY_MS * 2))
                .labelled("item_index", step)
                .on_failure(OnFailure::FailTask);
            // Who waits and says nothing meanwhile has no effect.
            let quiet = input.pure && input.live.is_none();
            steps.push(if quiet { spec.pure() } else { spec });
        }
        Ok(steps)
    }

    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        let wait: Wait = ctx.input()?;
        let end = tokio::time::Instant::now() + Duration::from_millis(wait.latency_ms);
        if let Some(live) = wait.live {
            live.speak(ctx).await;
        }
        // Even a sleep of no time takes a tick of the clock.
        if wait.latency_ms > 0 {
            tokio::time::sleep_until(end).await;
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
