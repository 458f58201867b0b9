//! The steps of a task at work: they begin within the limits, and what each came to changes the graph and waits to be
//! committed.

use super::TaskSupervisor;
use crate::error::StepError;
use crate::limits::{STEP_OUTPUT_BYTES, STEPS_AHEAD};
use crate::task::attempt::Attempt;
use crate::task::context::StepCtx;
use crate::task::graph::{Fallout, retry_delay};
use crate::task::kind::StepOutput;
use crate::task::limiter::{Blocked, Permit};
use crate::task::spec::StepSpec;
use crate::task::waits::StepWaits;
use crate::writer::commit::Move;
use actix::prelude::*;
use chrono::Utc;
use estafette_protocol::StepKey;
use estafette_protocol::task::StepStatus;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument as _;

/// A step that begins when the commit is durable that says so.
pub(super) struct Begun {
    pub(super) key: StepKey,
    attempt: u32,
    last_error: Option<String>,
    permit: Permit,
}

/// An attempt that failed.
pub(super) struct Held {
    pub(super) spec: Arc<StepSpec>,
    attempt: u32,
    error: StepError,
    took: Duration,
}

impl TaskSupervisor {
    /// The steps that may begin, without those that need a completion which is not durable yet and do not run ahead.
    fn startable(&self) -> Vec<StepKey> {
        let may_run_ahead = self.one_by_one == 0 && self.uncommitted.len() < STEPS_AHEAD;
        let mut ready = self.graph.ready(Utc::now());
        ready.retain(|key| {
            let pure = self.graph.get(key).is_some_and(|step| step.spec.pure);
            (pure && may_run_ahead) || !self.is_ahead(key)
        });
        ready
    }

    pub(super) fn start_ready(&mut self, ctx: &mut Context<Self>) {
        if self.quiet || self.ending || self.waiting_for_permit {
            return;
        }
        for key in self.startable() {
            match self.env.limiter.try_acquire(&self.share) {
                Ok(permit) => self.start_step(&key, permit, ctx),
                Err(blocked) => return self.wait_for_permit(&key, blocked, ctx),
            }
        }
    }

    fn wait_for_permit(&mut self, held_back: &StepKey, blocked: Blocked, ctx: &mut Context<Self>) {
        self.waiting_for_permit = true;
        let waits = StepWaits::new(Arc::clone(&self.waits), held_back.clone());
        waits.held_back(blocked.reason, Utc::now(), blocked.limit);
        let (limiter, owner) = (Arc::clone(&self.env.limiter), Arc::clone(&self.share));
        ctx.spawn(async move { limiter.acquire(&owner).await }.into_actor(self).map(move |permit, supervisor, ctx| {
            supervisor.waiting_for_permit = false;
            waits.works();
            // What is ready may have changed while it waited: the permit goes to the first step that is, or back.
            let first = supervisor.startable().into_iter().next();
            if let (Some(permit), Some(key), false) = (permit, first, supervisor.quiet || supervisor.ending) {
                supervisor.start_step(&key, permit, ctx);
            }
            supervisor.advance(ctx);
        }));
    }

    fn start_step(&mut self, key: &StepKey, permit: Permit, ctx: &mut Context<Self>) {
        if let Some((begun, started)) = self.begin(key, permit) {
            self.pending.push(started);
            self.run_step(begun, ctx);
        }
    }

    /// An attempt of a step begins: what is to be committed of that, and what runs then.
    pub(super) fn begin(&mut self, key: &StepKey, permit: Permit) -> Option<(Begun, Move)> {
        let last_error = self.graph.get(key).and_then(|step| step.error.clone());
        let attempt = self.graph.start(key)?;
        let spec = Arc::clone(&self.graph.get(key)?.spec);
        Some((Begun { key: key.clone(), attempt, last_error, permit }, Move::Started { spec, attempt }))
    }

    pub(super) fn run_step(&mut self, begun: Begun, ctx: &mut Context<Self>) {
        let Begun { key, attempt, last_error, permit } = begun;
        let Some(spec) = self.graph.get(&key).map(|step| Arc::clone(&step.spec)) else { return };
        let step = StepCtx {
            task: Arc::clone(&self.task),
            step: Arc::clone(&spec),
            attempt,
            last_error,
            db: self.env.db.clone(),
            outputs: Arc::new(self.graph.outputs()),
            live: Arc::clone(&self.live),
            waits: Arc::clone(&self.waits),
        };
        let run = Attempt {
            kind: Arc::clone(&self.kind),
            ctx: step,
            permit,
            limiter: Arc::clone(&self.env.limiter),
            owner: Arc::clone(&self.share),
            patience: if self.impatient.contains(&key) { Duration::ZERO } else { self.env.patience },
            gate: Arc::clone(self.env.db.gate()),
        };
        // The task's id again: a log line shows the innermost span and reads alone.
        let span = tracing::info_span!(parent: &self.span, "step", task.id = %self.task.id, step = %spec.key, attempt);
        let handle = ctx.spawn(run.run().instrument(span).into_actor(self).map(move |ended, supervisor, ctx| {
            supervisor.running.remove(&spec.key);
            if ended.impatient {
                supervisor.impatient.insert(spec.key.clone());
            }
            supervisor.outcome(&spec, attempt, ended.outcome, ended.took, ctx);
            supervisor.advance(ctx);
        }));
        self.running.insert(key, handle);
    }

    fn outcome(
        &mut self,
        spec: &Arc<StepSpec>,
        attempt: u32,
        outcome: Result<StepOutput, StepError>,
        took: Duration,
        ctx: &mut Context<Self>,
    ) {
        metrics::histogram!("estafette_step_seconds", "kind" => self.task.kind.clone(), "step" => spec.kind.clone())
            .record(took.as_secs_f64());
        match outcome.and_then(|output| self.completed(spec, attempt, output, took)) {
            Ok(()) => {}
            Err(error) => {
                self.held.push(Held { spec: Arc::clone(spec), attempt, error, took });
                self.let_fail(ctx);
            }
        }
    }

    /// Whether a step needs a completion that is not durable.
    fn is_ahead(&self, key: &StepKey) -> bool {
        self.graph.get(key).is_some_and(|step| {
            step.spec.needs.iter().chain(&step.extra_needs).any(|need| self.uncommitted.contains(need))
        })
    }

    /// The failures take effect whose grounds are durable.
    pub(super) fn let_fail(&mut self, ctx: &mut Context<Self>) {
        let (held, due) = std::mem::take(&mut self.held).into_iter().partition(|held| self.is_ahead(&held.spec.key));
        self.held = held;
        for Held { spec, attempt, error, took } in due {
            // One that another failure took along has ended already.
            if self.graph.get(&spec.key).is_some_and(|step| step.status == StepStatus::Running) {
                self.failed(&spec, attempt, error, took, ctx);
            }
        }
    }

    fn completed(
        &mut self,
        spec: &Arc<StepSpec>,
        attempt: u32,
        output: StepOutput,
        took: Duration,
    ) -> Result<(), StepError> {
        let size = json_size(&output.output);
        if size > STEP_OUTPUT_BYTES {
            return Err(StepError::fatal(
                "output_too_large",
                format!("a step may return {STEP_OUTPUT_BYTES} bytes, this one returned {size}"),
            ));
        }
        if spec.pure && !(output.add.is_empty() && output.also_needs.is_empty()) {
            return Err(StepError::fatal("bad_graph", "a pure step may not add steps or needs"));
        }
        let first = self.graph.steps().len();
        let added = self
            .graph
            .complete(&spec.key, output.output.clone(), output.add.clone(), &output.also_needs)
            .map_err(|error| StepError::fatal("bad_graph", error.to_string()))?;
        let added = added
            .into_iter()
            .enumerate()
            .map(|(place, spec)| (i32::try_from(first + place).unwrap_or(i32::MAX), spec))
            .collect();
        let waiting: HashSet<&StepKey> = output.also_needs.iter().map(|(waiting, _)| waiting).collect();
        let needs = waiting
            .into_iter()
            .filter_map(|key| self.graph.get(key).map(|step| (key.clone(), step.extra_needs.clone())))
            .collect();
        self.uncommitted.insert(spec.key.clone());
        self.pending.push(Move::Completed {
            spec: Arc::clone(spec),
            attempt,
            output: Arc::new(output),
            added,
            needs,
            took,
        });
        Ok(())
    }

    pub(super) fn failed(
        &mut self,
        spec: &Arc<StepSpec>,
        attempt: u32,
        error: StepError,
        took: Duration,
        ctx: &mut Context<Self>,
    ) {
        let retry_in = retry_delay(spec, attempt, &error, &mut rand::rng());
        let fallout = match retry_in {
            Some(delay) => {
                metrics::counter!("estafette_step_retries_total", "kind" => self.task.kind.clone(), "step" => spec.kind.clone()).increment(1);
                self.graph.retry(&spec.key, &error, delay, Utc::now());
                Fallout::default()
            }
            None => self.graph.fail(&spec.key, &error),
        };
        for key in &fallout.cancelled {
            if let Some(handle) = self.running.remove(key) {
                ctx.cancel_future(handle);
            }
            self.begun.retain(|begun| begun.key != *key);
            self.waits.clear(key);
        }
        let attempts = |key: StepKey| {
            let begun = self.graph.get(&key).map_or(0, |step| step.attempt);
            (key, begun)
        };
        let cancelled = fallout.cancelled.into_iter().map(attempts).collect();
        // Its message is for the task's owner and may repeat what they wrote; it is in the task, not in the log.
        tracing::info!(task.id = %self.task.id, step = %spec.key, attempt, code = %error.code,
            final_ = retry_in.is_none(), "a step failed");
        self.pending.push(Move::Failed {
            spec: Arc::clone(spec),
            attempt,
            error,
            retry_in,
            cancelled,
            groups: fallout.groups,
            took,
        });
    }
}

/// Bytes of a value as JSON, without making them.
fn json_size(value: &serde_json::Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).map_or(usize::MAX, |()| count.0)
}
