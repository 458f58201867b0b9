//! The supervisor of one running task: it owns the lease, starts steps within the limits, retries, times out, cancels,
//! and hands every change to a commit writer. It holds nothing that is not in Postgres, so it may die at any moment.
//!
//! It wakes for outcomes, verdicts, permits and the times of next attempts. At most one commit is outstanding; what
//! happens meanwhile goes into the next one, so that a busy task batches by itself. A step runs only when the
//! completions that it needs are durable: what it reads in the database is there. Only a step that reads nothing there and
//! does nothing outside ([`StepSpec::pure`](super::StepSpec::pure)) runs ahead of them. That it begins is written in the
//! commit of those completions, and so is the end of the task in the commit of its last step: what follows from a commit
//! is its *tail*. A chain of steps costs one commit a step.
//!
//! | module | holds |
//! |---|---|
//! | `steps` | how steps begin, and what each came to |
//! | `commits` | what is committed, and what becomes of that |
//! | `telling` | what those who watch are told meanwhile |

mod commits;
mod steps;
mod telling;

use super::context::LiveSink;
use super::graph::Graph;
use super::kind::TaskKind;
use super::limiter::Limiter;
use super::spec::TaskInfo;
use super::store::AtWork;
use super::waits::Waits;
use crate::db::Db;
use crate::mailbox::Slot;
use crate::trace;
use crate::writer::commit::{CommitWriter, Move};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use estafette_protocol::task::TaskProgress;
use estafette_protocol::{StepKey, TaskId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use steps::{Begun, Held};
use tracing::Span;

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
    /// Attempts that failed on grounds that are not durable yet: what follows from that waits.
    held: Vec<Held>,
    pending: Vec<Move>,
    in_flight: Vec<Move>,
    /// The steps of which an attempt runs, by what is durable.
    at_work: Arc<AtWork>,
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
            held: Vec::new(),
            pending: Vec::new(),
            in_flight: Vec::new(),
            at_work: Arc::default(),
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

impl Actor for TaskSupervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.follow(ctx);
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
