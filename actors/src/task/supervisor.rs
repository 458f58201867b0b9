//! The supervisor of one running task: it owns the lease, starts steps within the limits, retries, times out, cancels,
//! and hands every change to a commit writer. It holds nothing that is not in Postgres, so it may die at any moment.
//!
//! It wakes for outcomes, verdicts, permits and the times of next attempts. At most one commit is outstanding; what
//! happens meanwhile goes into the next one, so that a busy task batches by itself. A step runs only when the
//! completions that it needs are durable: what it reads in the database is there. That it begins is written in the
//! commit of those completions, and so is the end of the task in the commit of its last step: what follows from a commit
//! is its *tail*. A chain of steps costs one commit a step.

use super::attempt::Attempt;
use super::context::{LiveSink, StepCtx};
use super::graph::{Fallout, Graph, retry_delay};
use super::kind::{StepOutput, TaskKind, TaskSummary};
use super::limiter::{Blocked, Limiter, Permit};
use super::spec::{StepSpec, TaskInfo};
use super::waits::{StepWaits, Waits};
use crate::db::Db;
use crate::error::StepError;
use crate::limits::{FULL_RETRY, PROGRESS_EVERY, SETTLE_BACKOFF, STEP_OUTPUT_BYTES, WAITS_EVERY};
use crate::mailbox::{Slot, tell};
use crate::trace;
use crate::writer::commit::{Commit, CommitWriter, Move, Verdict};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use estafette_protocol::task::{TaskProgress, WaitReason};
use estafette_protocol::{EventKind, StepKey, TaskId, Topic};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tracing::{Instrument as _, Span};

/// How a supervisor ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Its task ended, durably.
    Ended,
    /// Its lease is gone: somebody else decides about the task.
    Fenced,
    /// It was told to stop (cancelled, or the node drains) or it panicked: the dispatcher looks at the task's row.
    Stopped,
}

/// Told to the dispatcher when a supervisor is gone, however it went.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Exited {
    /// Whose.
    pub task: TaskId,
    /// The lease it had.
    pub lease: i64,
    /// How.
    pub exit: Exit,
}

/// Stop working on the task: it was cancelled, or belongs to another node now.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Stop;

/// Start no further steps: the node drains. The answer: whether nothing runs and nothing waits to be committed.
#[derive(Message)]
#[rtype(result = "bool")]
pub struct Quiesce;

/// What a supervisor shares with the others of its node.
pub struct Environment {
    /// For steps.
    pub db: Db,
    /// Where volatile events go.
    pub live: Arc<dyn LiveSinks>,
    /// How many steps run.
    pub limiter: Arc<Limiter>,
    /// How long a step may wait for what is away.
    pub patience: Duration,
    /// Who hears of the end.
    pub exited: Recipient<Exited>,
}

/// Makes the volatile sink of a task's product.
pub trait LiveSinks: Send + Sync {
    /// The sink for one task.
    fn sink(&self, task: &TaskInfo) -> Arc<dyn LiveSink>;
}

/// A step that begins when the commit is durable that says so.
struct Begun {
    key: StepKey,
    attempt: u32,
    last_error: Option<String>,
    permit: Permit,
}

/// The supervisor of one running task.
pub struct TaskSupervisor {
    env: Arc<Environment>,
    task: Arc<TaskInfo>,
    kind: Arc<dyn TaskKind>,
    lease: i64,
    writer: Slot<CommitWriter>,
    live: Arc<dyn LiveSink>,
    graph: Graph,
    running: HashMap<StepKey, SpawnHandle>,
    uncommitted: HashSet<StepKey>,
    pending: Vec<Move>,
    in_flight: Vec<Move>,
    /// How many of the moves in flight follow from those before them.
    tail: usize,
    begun: Vec<Begun>,
    /// A commit is about to be sent: what ends at once still joins it.
    sending: bool,
    one_by_one: usize,
    commit_no: i64,
    waiting_for_permit: bool,
    wake: Option<SpawnHandle>,
    refused: u32,
    ending: bool,
    quiet: bool,
    progress: Option<TaskProgress>,
    /// Progress was told a moment ago.
    telling: bool,
    waits: Arc<Waits>,
    /// Steps that waited so long for what is away that they wait no more.
    impatient: HashSet<StepKey>,
    /// The database is away since then: what ended is kept, and those who watch are told.
    keeps_since: Option<DateTime<Utc>>,
    /// Others may have said that this node is lost: progress is told again although nothing changed.
    tell_again: bool,
    exit: Exit,
    span: Span,
    /// Whose share of the running steps its steps are.
    share: Arc<str>,
}

/// Whose share of the running steps those of a task are.
fn share(task: &TaskInfo) -> Arc<str> {
    let id = task.owner.as_ref().map(|owner| owner.as_str());
    let id = id.or_else(|| task.device.as_ref().map(|device| device.as_str()));
    format!("{}/{}", task.product, id.unwrap_or_default()).into()
}

impl TaskSupervisor {
    /// The supervisor of a task that this node has claimed with `lease`.
    pub fn new(
        env: Arc<Environment>,
        task: TaskInfo,
        kind: Arc<dyn TaskKind>,
        lease: i64,
        graph: Graph,
        writer: Slot<CommitWriter>,
    ) -> Self {
        let live = env.live.sink(&task);
        let share = share(&task);
        let owner = task.owner.as_ref().map(tracing::field::display);
        let span = tracing::info_span!(parent: None, "task", task.id = %task.id, task.kind = %task.kind, user.id = owner, attempt = task.attempt, lease);
        trace::adopt(&span, task.trace.as_ref());
        Self {
            env,
            task: Arc::new(task),
            kind,
            lease,
            writer,
            live,
            graph,
            running: HashMap::new(),
            uncommitted: HashSet::new(),
            pending: Vec::new(),
            in_flight: Vec::new(),
            tail: 0,
            begun: Vec::new(),
            sending: false,
            one_by_one: 0,
            commit_no: 0,
            waiting_for_permit: false,
            wake: None,
            refused: 0,
            ending: false,
            quiet: false,
            progress: None,
            telling: false,
            waits: Arc::default(),
            impatient: HashSet::new(),
            keeps_since: None,
            tell_again: false,
            exit: Exit::Stopped,
            span,
            share,
        }
    }

    /// Does all that can be done now.
    fn advance(&mut self, ctx: &mut Context<Self>) {
        self.start_ready(ctx);
        if !self.ending && self.uncommitted.is_empty() && self.running.is_empty() && self.graph.is_ended() {
            self.ending = true;
            self.pending.push(Move::Ended(Arc::new(self.summary())));
        }
        self.send_soon(ctx);
        self.say_what_is_kept();
        self.report_progress(ctx);
        self.set_alarm(ctx);
    }

    /// The steps that may begin, without those that need a completion which is not durable yet.
    fn startable(&self) -> Vec<StepKey> {
        let mut ready = self.graph.ready(Utc::now());
        ready.retain(|key| {
            self.graph.get(key).is_some_and(|step| {
                !step.spec.needs.iter().chain(&step.extra_needs).any(|need| self.uncommitted.contains(need))
            })
        });
        ready
    }

    fn start_ready(&mut self, ctx: &mut Context<Self>) {
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
    fn begin(&mut self, key: &StepKey, permit: Permit) -> Option<(Begun, Move)> {
        let last_error = self.graph.get(key).and_then(|step| step.error.clone());
        let attempt = self.graph.start(key)?;
        let spec = Arc::clone(&self.graph.get(key)?.spec);
        Some((Begun { key: key.clone(), attempt, last_error, permit }, Move::Started { spec, attempt }))
    }

    fn run_step(&mut self, begun: Begun, ctx: &mut Context<Self>) {
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
            Err(error) => self.failed(spec, attempt, error, took, ctx),
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

    fn failed(
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
        // Its message is for the task's owner and may repeat what they wrote; it is in the task, not in the log.
        tracing::info!(task.id = %self.task.id, step = %spec.key, attempt, code = %error.code,
            final_ = retry_in.is_none(), "a step failed");
        self.pending.push(Move::Failed {
            spec: Arc::clone(spec),
            attempt,
            error,
            retry_in,
            cancelled: fallout.cancelled,
            groups: fallout.groups,
            took,
        });
    }

    fn summary(&self) -> TaskSummary {
        let null = Arc::new(serde_json::Value::Null);
        TaskSummary {
            steps: self
                .graph
                .steps()
                .iter()
                .map(|step| ((*step.spec).clone(), step.status, (**step.output.as_ref().unwrap_or(&null)).clone()))
                .collect(),
            error: self.graph.failure().cloned(),
        }
    }

    /// Sends a commit when what happens in this moment has happened: steps that end at once join it.
    fn send_soon(&mut self, ctx: &mut Context<Self>) {
        if self.sending || !self.in_flight.is_empty() || self.pending.is_empty() {
            return;
        }
        self.sending = true;
        // Polled after the steps that were spawned before it.
        ctx.spawn(std::future::ready(()).into_actor(self).map(|(), supervisor, ctx| {
            supervisor.sending = false;
            supervisor.send_commit(ctx);
        }));
    }

    fn send_commit(&mut self, ctx: &mut Context<Self>) {
        if !self.in_flight.is_empty() || self.pending.is_empty() {
            return;
        }
        let take = if self.one_by_one > 0 { 1 } else { self.pending.len() };
        self.in_flight = self.pending.drain(..take).collect();
        if self.one_by_one == 0 {
            self.add_tail();
        }
        self.commit_no += 1;
        self.offer_commit(ctx);
    }

    /// What will be so when the moves in flight are durable: steps begin, the task ends. All that is not durable yet is in
    /// this commit.
    fn add_tail(&mut self) {
        let sure = self.in_flight.len();
        if !self.quiet && !self.ending && !self.waiting_for_permit {
            for key in self.graph.ready(Utc::now()) {
                let Ok(permit) = self.env.limiter.try_acquire(&self.share) else { break };
                if let Some((begun, started)) = self.begin(&key, permit) {
                    self.in_flight.push(started);
                    self.begun.push(begun);
                }
            }
        }
        if !self.ending && self.running.is_empty() && self.graph.is_ended() {
            self.ending = true;
            self.in_flight.push(Move::Ended(Arc::new(self.summary())));
        }
        self.tail = self.in_flight.len() - sure;
    }

    /// The commit is refused: what would have followed from it does not.
    fn drop_tail(&mut self) -> bool {
        let tail = std::mem::take(&mut self.tail);
        for change in self.in_flight.drain(self.in_flight.len().saturating_sub(tail)..) {
            if matches!(change, Move::Ended(_)) {
                self.ending = false;
            }
        }
        for begun in self.begun.drain(..) {
            self.graph.unstart(&begun.key);
        }
        tail > 0
    }

    fn offer_commit(&mut self, ctx: &mut Context<Self>) {
        let (verdict, answer) = tokio::sync::oneshot::channel();
        let commit = Commit {
            task: Arc::clone(&self.task),
            kind: Arc::clone(&self.kind),
            lease: self.lease,
            no: self.commit_no,
            moves: self.in_flight.clone(),
            verdict,
            span: tracing::debug_span!(target: trace::TARGET, parent: &self.span, "commit", no = self.commit_no),
        };
        if tell(&self.writer.get(), commit).is_err() {
            ctx.run_later(FULL_RETRY, Self::offer_commit);
            return;
        }
        ctx.spawn(answer.into_actor(self).map(|verdict, supervisor, ctx| match verdict {
            Ok(verdict) => supervisor.verdict(verdict, ctx),
            // The writer was restarted with this commit in its hands: it is recognised if it was written.
            Err(_dropped) => {
                ctx.run_later(FULL_RETRY, Self::offer_commit);
            }
        }));
    }

    fn verdict(&mut self, verdict: Verdict, ctx: &mut Context<Self>) {
        match verdict {
            Verdict::Done(_) => {
                self.refused = 0;
                self.one_by_one = self.one_by_one.saturating_sub(1);
                let mut ended = false;
                for change in std::mem::take(&mut self.in_flight) {
                    match change {
                        Move::Completed { spec, .. } => {
                            self.uncommitted.remove(&spec.key);
                            self.waits.clear(&spec.key);
                        }
                        Move::Failed { spec, .. } => self.waits.clear(&spec.key),
                        Move::Ended(_) => ended = true,
                        Move::Started { .. } => {}
                    }
                }
                if ended {
                    self.exit = Exit::Ended;
                    ctx.stop();
                } else {
                    self.tail = 0;
                    for begun in std::mem::take(&mut self.begun) {
                        self.run_step(begun, ctx);
                    }
                    self.advance(ctx);
                }
            }
            Verdict::Fenced => {
                tracing::info!(task.id = %self.task.id, "the lease is gone; this supervisor stops");
                self.exit = Exit::Fenced;
                ctx.stop();
            }
            Verdict::Rejected(error) => self.rejected(&error, ctx),
        }
    }

    /// A hook or a constraint refused the commit. Several moves are tried one by one to find the one; a completion that
    /// is refused becomes a failure of its step; anything else is a defect that is tried again until somebody mends it.
    fn rejected(&mut self, error: &crate::error::DbError, ctx: &mut Context<Self>) {
        let had_tail = self.drop_tail();
        let moves = std::mem::take(&mut self.in_flight);
        if moves.len() > 1 || had_tail {
            self.one_by_one = moves.len();
            self.pending.splice(0..0, moves);
            self.advance(ctx);
            return;
        }
        match moves.into_iter().next() {
            Some(Move::Completed { spec, attempt, took, .. }) => {
                self.uncommitted.remove(&spec.key);
                let error = StepError::fatal("commit_refused", format!("the result could not be stored: {error}"));
                self.failed(&spec, attempt, error, took, ctx);
                self.advance(ctx);
            }
            Some(change) => {
                self.refused += 1;
                let wait =
                    SETTLE_BACKOFF.0.saturating_mul(2_u32.saturating_pow(self.refused.min(16))).min(SETTLE_BACKOFF.1);
                tracing::error!(task.id = %self.task.id, %error, wait_ms = wait.as_millis() as u64, "a commit is refused and tried again");
                self.in_flight = vec![change];
                ctx.run_later(wait, Self::offer_commit);
            }
            None => {}
        }
    }

    /// Tells those who watch how far the task is: at once, and while much happens at most every [`PROGRESS_EVERY`].
    fn report_progress(&mut self, ctx: &mut Context<Self>) {
        if self.telling {
            return;
        }
        // Steps that are added make the rest longer, not what was done less.
        let shown = self.progress.as_ref().map_or(0.0, |progress| progress.fraction);
        let now = TaskProgress {
            fraction: self.graph.fraction().max(shown),
            running: self.graph.running(),
            queue_position: None,
            waits: self.waits.list(),
        };
        if self.progress.as_ref() != Some(&now) {
            self.publish(&now);
            self.progress = Some(now);
            self.telling = true;
            ctx.run_later(PROGRESS_EVERY, |supervisor, ctx| {
                supervisor.telling = false;
                supervisor.report_progress(ctx);
            });
        }
    }

    fn publish(&self, progress: &TaskProgress) {
        if let (Ok(kind), Ok(data)) = (EventKind::parse("task.progress"), serde_json::to_value(progress)) {
            self.live.live(Topic::task(&self.task.id), "task".to_owned(), kind, data);
        }
    }

    /// Steps say at any moment what they wait for; those who watch are told at once, and again as long as it lasts.
    fn follow_waits(&mut self, ctx: &mut Context<Self>) {
        let waits = Arc::clone(&self.waits);
        ctx.spawn(async move { waits.changed().await }.into_actor(self).map(|(), supervisor, ctx| {
            supervisor.report_progress(ctx);
            supervisor.follow_waits(ctx);
        }));
    }

    /// Steps that ended while the database is away: their results wait to be stored.
    fn say_what_is_kept(&self) {
        let Some(since) = self.keeps_since else { return };
        for change in self.in_flight.iter().chain(&self.pending) {
            if let Move::Completed { spec, .. } | Move::Failed { spec, .. } = change {
                StepWaits::new(Arc::clone(&self.waits), spec.key.clone()).waits(WaitReason::Storage, since);
            }
        }
    }

    /// Follows whether the database answers, for what [`Self::say_what_is_kept`] says.
    fn follow_storage(&mut self, ctx: &mut Context<Self>) {
        let gate = Arc::clone(self.env.db.gate());
        let down = async move { (gate.down().await, gate) };
        ctx.spawn(down.into_actor(self).map(|(down, gate), supervisor, ctx| {
            supervisor.keeps_since = Some(down.since);
            supervisor.say_what_is_kept();
            ctx.spawn(async move { gate.up().await }.into_actor(supervisor).map(|(), supervisor, ctx| {
                // What is kept says so until it is stored.
                supervisor.keeps_since = None;
                supervisor.follow_storage(ctx);
            }));
        }));
    }

    /// Follows whether this node came back from a silence: others may have told that it is lost, and take nothing back.
    fn follow_returns(&mut self, ctx: &mut Context<Self>) {
        let gate = Arc::clone(self.env.db.gate());
        ctx.spawn(async move { gate.returns().await }.into_actor(self).map(|(), supervisor, ctx| {
            supervisor.repeat_progress();
            // Who told it may do so once more at the same moment.
            supervisor.tell_again = true;
            supervisor.follow_returns(ctx);
        }));
    }

    fn repeat_progress(&self) {
        if let Some(progress) = &self.progress {
            self.publish(progress);
        }
    }

    fn set_alarm(&mut self, ctx: &mut Context<Self>) {
        if let Some(handle) = self.wake.take() {
            ctx.cancel_future(handle);
        }
        let now = Utc::now();
        if let Some(at) = self.graph.next_attempt(now) {
            let wait = (at - now).to_std().unwrap_or_default();
            self.wake = Some(ctx.run_later(wait, |supervisor, ctx| {
                supervisor.wake = None;
                supervisor.advance(ctx);
            }));
        }
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

impl Actor for TaskSupervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.follow_waits(ctx);
        self.follow_storage(ctx);
        self.follow_returns(ctx);
        ctx.run_interval(WAITS_EVERY, |supervisor, _| {
            let waits = supervisor.progress.as_ref().is_some_and(|progress| !progress.waits.is_empty());
            if std::mem::take(&mut supervisor.tell_again) || waits {
                supervisor.repeat_progress();
            }
        });
        self.advance(ctx);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        let exited = Exited { task: self.task.id.clone(), lease: self.lease, exit: self.exit };
        // A dispatcher that is full or gone finds out by its own look at the rows.
        let _unheard = self.env.exited.try_send(exited);
    }
}

impl Handler<Stop> for TaskSupervisor {
    type Result = ();
    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<Quiesce> for TaskSupervisor {
    type Result = bool;
    fn handle(&mut self, _: Quiesce, ctx: &mut Self::Context) -> bool {
        self.quiet = true;
        // Who only waits does so elsewhere.
        for step in self.waits.parked() {
            if let Some(handle) = self.running.remove(&step) {
                ctx.cancel_future(handle);
            }
            self.waits.clear(&step);
        }
        self.running.is_empty() && self.in_flight.is_empty() && self.pending.is_empty()
    }
}
