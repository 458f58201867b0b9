//! The commit writer: takes the commits of many running tasks and writes them in one transaction.
//!
//! A commit is one moment of one task: attempts that begin, outcomes, an end. In the transaction, for each commit: the
//! fence is checked, the product's hooks write their rows, the steps and the task are marked, the events are appended.
//! If the transaction fails for another reason than the database being away, each commit is tried alone, so that one
//! bad commit harms no other; the bad one goes back to its supervisor as [`Verdict::Rejected`].
//!
//! While the database is away a batch waits here with backoff: outcomes are kept, nothing runs again.

use super::gather::Gather;
use super::group_span;
use crate::db::{Db, DbResult, Tx};
use crate::error::{DbError, StepError};
use crate::limits::{COMMIT_BATCH, COMMIT_QUEUE, STORAGE_BACKOFF};
use crate::registry::Registry;
use crate::task::admit::emit_ended;
use crate::task::kind::{GroupEnd, StepFailure, StepOutput, StepView, TaskKind, TaskSummary};
use crate::task::spec::{GroupKey, StepSpec, TaskInfo};
use crate::task::store::{NewStepRow, StepChange, StepChangeRow, StepChanges, TaskChangeRow};
use crate::{bus::Bus, unit};
use actix::prelude::*;
use chrono::Utc;
use estafette_protocol::task::{StepStatus, TaskStatus};
use estafette_protocol::{EventKind, StepKey, Topic};
use futures_util::FutureExt as _;
use serde_json::{Map, Value};
use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span};

/// One change of a task's state.
#[derive(Debug, Clone)]
pub enum Move {
    /// An attempt begins.
    Started {
        /// The step.
        spec: Arc<StepSpec>,
        /// The attempt, from 1.
        attempt: u32,
    },
    /// A step is done.
    Completed {
        /// The step.
        spec: Arc<StepSpec>,
        /// The attempt.
        attempt: u32,
        /// What it brought.
        output: Arc<StepOutput>,
        /// Steps that were added, with their place in the task.
        added: Vec<(i32, Arc<StepSpec>)>,
        /// Waiting steps whose needs grew, with all their added needs.
        needs: Vec<(StepKey, Vec<StepKey>)>,
        /// How long the attempt took.
        took: Duration,
    },
    /// An attempt failed.
    Failed {
        /// The step.
        spec: Arc<StepSpec>,
        /// The attempt.
        attempt: u32,
        /// Why.
        error: StepError,
        /// Another attempt follows after this time.
        retry_in: Option<Duration>,
        /// Steps that will not run any more.
        cancelled: Vec<StepKey>,
        /// Groups that end with it.
        groups: Vec<GroupKey>,
        /// How long the attempt took.
        took: Duration,
    },
    /// All steps have ended.
    Ended(Arc<TaskSummary>),
}

/// What became of a commit.
#[derive(Debug)]
pub enum Verdict {
    /// It is durable. With the state the task ended in, if it did.
    Done(Option<TaskStatus>),
    /// The lease is gone: whoever sent it must stop.
    Fenced,
    /// A hook or a constraint refused it, alone as well.
    Rejected(DbError),
}

/// A commit, with where the verdict goes.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Commit {
    /// The task.
    pub task: Arc<TaskInfo>,
    /// Its kind.
    pub kind: Arc<dyn TaskKind>,
    /// The fence.
    pub lease: i64,
    /// The number of this commit in its lease, from 1.
    pub no: i64,
    /// What changes, in order.
    pub moves: Vec<Move>,
    /// Where the verdict goes.
    pub verdict: oneshot::Sender<Verdict>,
    /// Its part in the task's trace: from the moment it is offered until its verdict.
    pub span: Span,
}

/// The commit writer.
pub struct CommitWriter {
    db: Db,
    registry: Arc<Registry>,
    bus: Arc<dyn Bus>,
    queue: VecDeque<Commit>,
    writing: bool,
    gather: Gather,
    /// Set while it waits for more.
    gathering: Option<SpawnHandle>,
}

impl CommitWriter {
    /// A writer.
    pub fn new(db: Db, registry: Arc<Registry>, bus: Arc<dyn Bus>) -> Self {
        let (queue, gather) = (VecDeque::new(), Gather::default());
        Self { db, registry, bus, queue, writing: false, gather, gathering: None }
    }

    /// A group was written: the next one begins, or waits a moment for those that this one let go.
    fn written(&mut self, commits: usize, ctx: &mut Context<Self>) {
        self.writing = false;
        match self.gather.after(commits, self.queue.len()) {
            None => self.write_next(ctx),
            Some(wait) => {
                self.gathering = Some(ctx.run_later(wait, |writer, ctx| {
                    writer.gathering = None;
                    writer.gather.expired(writer.queue.len());
                    writer.write_next(ctx);
                }));
            }
        }
    }

    fn write_next(&mut self, ctx: &mut Context<Self>) {
        if self.writing || self.queue.is_empty() {
            return;
        }
        if let Some(gathering) = self.gathering {
            if !self.gather.is_enough(self.queue.len()) {
                return;
            }
            ctx.cancel_future(gathering);
            self.gathering = None;
        }
        self.writing = true;
        let take = self.queue.len().min(COMMIT_BATCH);
        let batch: Vec<Commit> = self.queue.drain(..take).collect();
        metrics::histogram!("estafette_commit_batch_size").record(batch.len() as f64);
        let (db, registry, bus) = (self.db.clone(), Arc::clone(&self.registry), Arc::clone(&self.bus));
        let write = async move {
            let began = Instant::now();
            write_batch(&db, &registry, &bus, batch).await;
            metrics::histogram!("estafette_commit_seconds").record(began.elapsed().as_secs_f64());
        };
        ctx.spawn(write.into_actor(self).map(move |(), writer, ctx| writer.written(take, ctx)));
    }
}

impl Actor for CommitWriter {
    type Context = Context<Self>;
    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(COMMIT_QUEUE);
    }
}

impl Handler<Commit> for CommitWriter {
    type Result = ();
    fn handle(&mut self, commit: Commit, ctx: &mut Self::Context) {
        // The queue behind the mailbox is bounded by the node's running tasks: each has one outstanding commit.
        self.queue.push_back(commit);
        self.write_next(ctx);
    }
}

async fn write_batch(db: &Db, registry: &Arc<Registry>, bus: &Arc<dyn Bus>, batch: Vec<Commit>) {
    let mut groups: VecDeque<Vec<Commit>> = VecDeque::from([batch]);
    let mut wait = STORAGE_BACKOFF.0;
    while let Some(group) = groups.pop_front() {
        // A hook that panics must not take the writer with it: its commit is refused like any other bad one.
        let write =
            write_group(db, registry, bus, &group).instrument(group_span(group.iter().map(|commit| &commit.span)));
        let written = AssertUnwindSafe(write).catch_unwind().await;
        match written.unwrap_or_else(|_| Err(DbError::Other("a hook panicked".to_owned()))) {
            Ok(verdicts) => {
                wait = STORAGE_BACKOFF.0;
                for (commit, verdict) in group.into_iter().zip(verdicts) {
                    // A supervisor that is gone needs no verdict.
                    let _gone = commit.verdict.send(verdict);
                }
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, commits = group.len(), "commits wait for the database");
                groups.push_front(group);
                // The pause ends with the outage, so that what waited is durable as soon as it can be.
                tokio::time::sleep(wait).await;
                db.gate().up().await;
                wait = (wait * 2).min(STORAGE_BACKOFF.1);
            }
            Err(error) if group.len() == 1 => {
                for commit in group {
                    tracing::error!(task.id = %commit.task.id, %error, "a commit was refused");
                    let _gone = commit.verdict.send(Verdict::Rejected(clone_error(&error)));
                }
            }
            Err(error) => {
                tracing::warn!(%error, commits = group.len(), "a group commit failed; each is tried alone");
                metrics::counter!("estafette_commit_splits_total").increment(1);
                for commit in group.into_iter().rev() {
                    groups.push_front(vec![commit]);
                }
            }
        }
    }
}

fn clone_error(error: &DbError) -> DbError {
    match error {
        DbError::Unavailable(text) => DbError::Unavailable(text.clone()),
        DbError::Silent(limit) => DbError::Silent(*limit),
        DbError::Unanswered(text) => DbError::Unanswered(text.clone()),
        DbError::Retry(text) => DbError::Retry(text.clone()),
        DbError::Constraint { constraint, message } => {
            DbError::Constraint { constraint: constraint.clone(), message: message.clone() }
        }
        DbError::Data(text) => DbError::Data(text.clone()),
        DbError::Other(text) => DbError::Other(text.clone()),
    }
}

/// What is written at the end of a group.
#[derive(Default)]
struct Rows {
    steps: StepChanges,
    added: Vec<NewStepRow>,
    tasks: Vec<TaskChangeRow>,
}

async fn write_group(
    db: &Db,
    registry: &Arc<Registry>,
    bus: &Arc<dyn Bus>,
    group: &[Commit],
) -> DbResult<Vec<Verdict>> {
    let Some(first) = group.first() else { return Ok(Vec::new()) };
    let client = db.connection().await?;
    let mut tx = Tx::new(&client, first.task.product.clone(), Arc::clone(registry));
    let mut verdicts = Vec::with_capacity(group.len());
    db.bounded(write_rows(&mut tx, group, &mut verdicts)).await?;
    unit::announce(bus, unit::seal(db, tx).await?);
    Ok(verdicts)
}

async fn write_rows(tx: &mut Tx<'_>, group: &[Commit], verdicts: &mut Vec<Verdict>) -> DbResult<()> {
    let fences = lock_tasks(tx, group).await?;
    let mut rows = Rows::default();
    // Hooks lock rows of the tasks' owners: in one order in the whole cluster, so that no two units wait in a circle.
    let mut ordered: Vec<(usize, &Commit)> = group.iter().enumerate().collect();
    ordered.sort_by(|(_, one), (_, other)| one.task.owner.cmp(&other.task.owner));
    let mut placed = Vec::with_capacity(group.len());
    for (place, commit) in ordered {
        let verdict = match fences.get(commit.task.id.as_str()) {
            Some((lease, no, true)) if *lease == commit.lease && *no >= commit.no => {
                // Its answer was lost with a connection; the work is not.
                Verdict::Done(None)
            }
            Some((lease, _, true)) if *lease == commit.lease => {
                tx.product = commit.task.product.clone();
                let progressed = commit.moves.iter().any(|change| matches!(change, Move::Completed { .. }));
                let mut ended = None;
                for change in &commit.moves {
                    ended = apply(tx, commit, change, &mut rows).await?.or(ended);
                }
                let status = ended.as_ref().map(|(status, ..)| *status);
                rows.tasks.push(TaskChangeRow { id: commit.task.id.clone(), no: commit.no, progressed, ended });
                Verdict::Done(status)
            }
            // The end of a task is its last commit: when the lease is this commit's and the task has ended, it was it.
            Some((lease, no, false)) if *lease == commit.lease && *no == commit.no => {
                Verdict::Done(Some(TaskStatus::Completed))
            }
            _ => {
                metrics::counter!("estafette_commits_fenced_total").increment(1);
                Verdict::Fenced
            }
        };
        placed.push((place, verdict));
    }
    flush(tx, rows);
    placed.sort_by_key(|(place, _)| *place);
    verdicts.extend(placed.into_iter().map(|(_, verdict)| verdict));
    Ok(())
}

/// Locks the rows of the batch's tasks, in one order, and reads their fences: lease, commit number, running.
async fn lock_tasks(tx: &Tx<'_>, group: &[Commit]) -> DbResult<HashMap<String, (i64, i64, bool)>> {
    let ids: Vec<&str> = group.iter().map(|commit| commit.task.id.as_str()).collect();
    let rows = tx
        .query(
            "SELECT id, lease_epoch, commit_no, status = 'running' FROM runtime.tasks WHERE id = ANY($1) ORDER BY id FOR UPDATE",
            &[&ids],
        )
        .await?;
    let mut fences = HashMap::with_capacity(rows.len());
    for row in rows {
        fences.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
    }
    Ok(fences)
}

fn millis(took: Duration) -> i64 {
    i64::try_from(took.as_millis()).unwrap_or(i64::MAX)
}

/// An event of a step: what the product labels and reports, and over it the runtime's own words.
fn emit_step(
    tx: &mut Tx<'_>,
    task: &TaskInfo,
    spec: &StepSpec,
    kind: &str,
    report: Option<&Map<String, Value>>,
    own: impl IntoIterator<Item = (&'static str, Value)>,
) -> DbResult<()> {
    let kind = EventKind::parse(kind).map_err(|error| DbError::Data(error.to_string()))?;
    let mut data = spec.labels.clone();
    data.extend(report.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    data.insert("step".to_owned(), Value::from(spec.key.as_str()));
    data.insert("type".to_owned(), Value::from(spec.kind.as_str()));
    data.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
    tx.emit_value(Topic::task(&task.id), kind, Value::Object(data));
    Ok(())
}

/// How a task ended: state, result, error.
type Ended = (TaskStatus, Value, Option<String>);

async fn apply(tx: &mut Tx<'_>, commit: &Commit, change: &Move, rows: &mut Rows) -> DbResult<Option<Ended>> {
    let task = &*commit.task;
    let now = Utc::now();
    match change {
        Move::Started { spec, attempt } => {
            commit.kind.on_step_started(tx, task, &StepView { spec, attempt: *attempt }).await?;
            emit_step(tx, task, spec, "step.started", None, [("attempt", Value::from(*attempt))])?;
            let row = rows.steps.entry((task.id.clone(), spec.key.clone())).or_default();
            *row = StepChange {
                status: Some(StepStatus::Running),
                attempt: *attempt,
                started_at: Some(now),
                extra_needs: row.extra_needs.take(),
                ..StepChange::default()
            };
        }
        Move::Completed { spec, attempt, output, added, needs, took } => {
            commit.kind.on_step_completed(tx, task, &StepView { spec, attempt: *attempt }, output).await?;
            let own = [("attempt", Value::from(*attempt)), ("duration_ms", Value::from(millis(*took)))];
            emit_step(tx, task, spec, "step.completed", Some(&output.report), own)?;
            let row = rows.steps.entry((task.id.clone(), spec.key.clone())).or_default();
            row.status = Some(StepStatus::Completed);
            row.attempt = *attempt;
            row.output = Some(Arc::clone(output));
            row.error = None;
            row.run_after = None;
            row.finished_at = Some(now);
            row.duration_ms = Some(millis(*took));
            rows.added.extend(added.iter().map(|(ord, spec)| NewStepRow {
                task: task.id.clone(),
                ord: *ord,
                spec: Arc::clone(spec),
            }));
            for (waiting, all) in needs {
                rows.steps.entry((task.id.clone(), waiting.clone())).or_default().extra_needs = Some(all.clone());
            }
        }
        Move::Failed { spec, attempt, error, retry_in, cancelled, groups, took } => {
            let failure = StepFailure { error, attempt: *attempt, retry_in: *retry_in };
            commit.kind.on_step_failed(tx, task, &StepView { spec, attempt: *attempt }, &failure).await?;
            let own = [
                ("attempt", Value::from(*attempt)),
                ("error", Value::from(error.message.as_str())),
                ("code", Value::from(error.code.as_str())),
                ("retry_in_ms", retry_in.map_or(Value::Null, |delay| Value::from(millis(delay)))),
                ("duration_ms", Value::from(millis(*took))),
                ("cancelled", cancelled.iter().map(StepKey::as_str).collect()),
            ];
            emit_step(tx, task, spec, "step.failed", Some(&error.report), own)?;
            let row = rows.steps.entry((task.id.clone(), spec.key.clone())).or_default();
            row.status = Some(if retry_in.is_some() { StepStatus::Pending } else { StepStatus::Failed });
            row.attempt = *attempt;
            row.error = Some(error.message.clone());
            row.report = Some(error.report.clone());
            row.run_after = retry_in.map(|delay| now + delay);
            row.finished_at = retry_in.is_none().then_some(now);
            row.duration_ms = Some(millis(*took));
            for key in cancelled {
                let row = rows.steps.entry((task.id.clone(), key.clone())).or_default();
                row.status = Some(StepStatus::Cancelled);
                row.finished_at = Some(now);
                row.run_after = None;
            }
            for group in groups {
                commit.kind.on_group_ended(tx, task, group, GroupEnd::Failed(error)).await?;
            }
        }
        Move::Ended(summary) => {
            let end = commit.kind.on_ended(tx, task, summary).await?;
            emit_ended(tx, task, end.status, end.error.as_deref(), &end.result, &end.fields)?;
            metrics::counter!("estafette_tasks_ended_total", "kind" => task.kind.clone(), "status" => end.status.as_str()).increment(1);
            return Ok(Some((end.status, end.result, end.error)));
        }
    }
    Ok(None)
}

/// Hands the group's rows to the unit, which writes them with its end.
fn flush(tx: &Tx<'_>, rows: Rows) {
    rows.added.into_iter().for_each(|row| tx.put(row));
    for ((task, key), change) in rows.steps {
        tx.put(StepChangeRow { task, key, change });
    }
    rows.tasks.into_iter().for_each(|row| tx.put(row));
}
