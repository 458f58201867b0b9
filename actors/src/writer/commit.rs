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
use crate::db::{Db, DbResult, Param, RawJson, Tx};
use crate::error::{DbError, StepError};
use crate::limits::{COMMIT_BATCH, COMMIT_QUEUE, STORAGE_BACKOFF};
use crate::registry::Registry;
use crate::task::admit::{beside, emit_ended};
use crate::task::kind::{GroupEnd, StepFailure, StepOutput, StepView, TaskKind, TaskSummary};
use crate::task::spec::{GroupKey, StepSpec, TaskInfo};
use crate::task::store::{AddedStepRow, AtWork, NeedsRow, StepRow, TaskEndRow};
use crate::{bus::Bus, unit};
use actix::prelude::*;
use chrono::Utc;
use estafette_protocol::task::{StepStatus, TaskStatus};
use estafette_protocol::{EventKind, StepKey, TaskId, Topic};
use futures_util::FutureExt as _;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
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
        /// Steps that will not run any more, with the attempts that they had begun.
        cancelled: Vec<(StepKey, u32)>,
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
    /// The steps of which an attempt runs once it is durable, each with its number.
    pub at_work: Arc<AtWork>,
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

    /// A group was written: the next one begins, or waits a moment for those that this one let go on.
    fn written(&mut self, going_on: usize, ctx: &mut Context<Self>) {
        self.writing = false;
        match self.gather.after(going_on, self.queue.len()) {
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
        let going_on = batch.iter().filter(|commit| !commit.ends()).count();
        metrics::histogram!("estafette_commit_batch_size").record(batch.len() as f64);
        let (db, registry, bus) = (self.db.clone(), Arc::clone(&self.registry), Arc::clone(&self.bus));
        let write = async move {
            let began = Instant::now();
            write_batch(&db, &registry, &bus, batch).await;
            metrics::histogram!("estafette_commit_seconds").record(began.elapsed().as_secs_f64());
        };
        ctx.spawn(write.into_actor(self).map(move |(), writer, ctx| writer.written(going_on, ctx)));
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
    let mut groups: VecDeque<(Vec<Commit>, Fencing)> = VecDeque::from([(batch, Fencing::Assumed)]);
    let mut wait = STORAGE_BACKOFF.0;
    while let Some((group, fencing)) = groups.pop_front() {
        // A hook that panics must not take the writer with it: its commit is refused like any other bad one.
        let write = write_group(db, registry, bus, &group, fencing)
            .instrument(group_span(group.iter().map(|commit| &commit.span)));
        let written = AssertUnwindSafe(write).catch_unwind().await;
        match written.unwrap_or_else(|_| Err(DbError::Other("a hook panicked".to_owned()))) {
            Ok(verdicts) => {
                wait = STORAGE_BACKOFF.0;
                for (commit, verdict) in group.into_iter().zip(verdicts) {
                    // Here and not where it is written: a group may be written more than once.
                    if let Verdict::Done(Some(status)) = &verdict {
                        metrics::counter!("estafette_tasks_ended_total", "kind" => commit.task.kind.clone(), "status" => status.as_str()).increment(1);
                    }
                    // A supervisor that is gone needs no verdict.
                    let _gone = commit.verdict.send(verdict);
                }
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, commits = group.len(), "commits wait for the database");
                groups.push_front((group, fencing));
                // The pause ends with the outage, so that what waited is durable as soon as it can be.
                tokio::time::sleep(wait).await;
                db.gate().up().await;
                wait = (wait * 2).min(STORAGE_BACKOFF.1);
            }
            // Perhaps a fence: whose, is to be seen. Whatever else it is comes again.
            Err(_) if fencing == Fencing::Assumed => groups.push_front((group, Fencing::Looked)),
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
                    groups.push_front((vec![commit], Fencing::Looked));
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

impl Commit {
    fn progressed(&self) -> bool {
        self.moves.iter().any(|change| matches!(change, Move::Completed { .. }))
    }

    fn ends(&self) -> bool {
        self.moves.iter().any(|change| matches!(change, Move::Ended(_)))
    }
}

/// What is written at the end of a group.
#[derive(Default)]
struct Rows {
    /// Several changes of one step become one.
    steps: BTreeMap<(TaskId, StepKey), StepRow>,
    added: Vec<AddedStepRow>,
    needs: BTreeMap<(TaskId, StepKey), NeedsRow>,
    ended: Vec<TaskEndRow>,
}

impl Rows {
    fn step(&mut self, row: StepRow) {
        self.steps.insert((row.task.clone(), row.key.clone()), row);
    }
}

async fn write_group(
    db: &Db,
    registry: &Arc<Registry>,
    bus: &Arc<dyn Bus>,
    group: &[Commit],
    fencing: Fencing,
) -> DbResult<Vec<Verdict>> {
    let Some(first) = group.first() else { return Ok(Vec::new()) };
    let client = db.connection().await?;
    let mut tx = Tx::planned(&client, first.task.product.clone(), Arc::clone(registry));
    let mut verdicts = Vec::with_capacity(group.len());
    db.bounded(write_rows(&mut tx, group, fencing, &mut verdicts)).await?;
    unit::announce(bus, unit::seal(db, tx).await?);
    Ok(verdicts)
}

async fn write_rows(tx: &mut Tx<'_>, group: &[Commit], fencing: Fencing, verdicts: &mut Vec<Verdict>) -> DbResult<()> {
    let fences = match fencing {
        Fencing::Assumed => {
            take_fences_for_passed(tx, group)?;
            vec![Fence::Passed; group.len()]
        }
        Fencing::Looked => pass_fences(tx, group).await?,
    };
    let rows = RefCell::new(Rows::default());
    // Hooks lock rows of the tasks' owners: in one order in the whole cluster, so that no two units wait in a circle.
    let mut ordered: Vec<Fenced<'_>> = group.iter().zip(fences).enumerate().collect();
    ordered.sort_by(|(_, (one, _)), (_, (other, _))| one.task.owner.cmp(&other.task.owner));
    let mut placed = Vec::with_capacity(group.len());
    for pieces in beside(&ordered, |(_, (commit, _))| (&*commit.kind, &*commit.task)) {
        let written = tx.beside(pieces, async |tx: &mut Tx<'_>, piece| write_hooks(tx, piece, &rows).await).await?;
        placed.extend(written.into_iter().flatten());
    }
    flush(tx, rows.into_inner());
    placed.sort_by_key(|(place, _)| *place);
    verdicts.extend(placed.into_iter().map(|(_, verdict)| verdict));
    Ok(())
}

/// A commit with its place in the group, and how it stands.
type Fenced<'a> = (usize, (&'a Commit, Fence));

/// What the hooks of commits write, one after the other.
async fn write_hooks(tx: &mut Tx<'_>, commits: &[Fenced<'_>], rows: &RefCell<Rows>) -> DbResult<Vec<(usize, Verdict)>> {
    let mut placed = Vec::with_capacity(commits.len());
    for (place, (commit, fence)) in commits {
        let verdict = match *fence {
            Fence::Passed => {
                tx.product = commit.task.product.clone();
                let mut status = None;
                for change in &commit.moves {
                    status = apply(tx, commit, change, rows).await?.or(status);
                }
                Verdict::Done(status)
            }
            Fence::Repeated(status) => Verdict::Done(status),
            Fence::Lost => {
                metrics::counter!("estafette_commits_fenced_total").increment(1);
                Verdict::Fenced
            }
        };
        placed.push((*place, verdict));
    }
    Ok(placed)
}

/// How a group's fences are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fencing {
    /// With what is written, in one round trip: that one is lost is rare, and nothing is written then.
    Assumed,
    /// Before it, so that those that pass are written.
    Looked,
}

/// How a commit stands to its task's lease.
#[derive(Debug, Clone, Copy)]
enum Fence {
    /// It may be written.
    Passed,
    /// It was written before: its answer was lost with a connection, the work is not. With how the task ended, if it did.
    Repeated(Option<TaskStatus>),
    /// The lease is another's.
    Lost,
}

/// Locks what says whose the tasks are and passes the commits that may be written. A commit within a task's run counts on
/// in its lease; one that ends the task has the row of the task before it, as whoever takes a task away does.
macro_rules! passing {
    () => {
        "
WITH ended AS MATERIALIZED (
    SELECT t.id, t.lease_epoch, t.commit_no, t.status FROM runtime.tasks t WHERE t.id = ANY($1) ORDER BY t.id FOR UPDATE
), going AS (
    UPDATE runtime.leases l SET commit_no = c.no, progressed = l.progressed OR c.progressed, at_work = c.at_work
    FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bool[], $6::json[]) AS c (task_id, lease, no, progressed, at_work)
    WHERE l.task_id = c.task_id AND l.lease = c.lease AND l.commit_no < c.no
    RETURNING l.task_id, l.lease
)"
    };
}

/// Says which commits passed.
const PASS: &str = concat!(
    passing!(),
    " SELECT id, lease_epoch, commit_no, status FROM ended UNION ALL SELECT task_id, lease, NULL, NULL FROM going"
);

/// Fails (with a division by zero) unless all `$8` commits pass, those that end a task with their leases `$7`: nobody has
/// to wait for what it says.
const PASS_ALL: &str = concat!(
    passing!(),
    " SELECT 1 / ((SELECT count(*) FROM going) + (
        SELECT count(*) FROM ended e JOIN unnest($1, $7::bigint[]) AS c (id, lease) ON e.id = c.id AND e.lease_epoch = c.lease
        WHERE e.status = 'running'
    ) = $8::bigint)::integer"
);

/// What a group's fences are asked with.
struct Asked {
    ends: Vec<String>,
    end_leases: Vec<i64>,
    ids: Vec<String>,
    leases: Vec<i64>,
    numbers: Vec<i64>,
    progressed: Vec<bool>,
    at_work: Vec<RawJson>,
}

impl Asked {
    fn of(group: &[Commit]) -> DbResult<Self> {
        let (ending, mut going): (Vec<&Commit>, Vec<&Commit>) = group.iter().partition(|commit| commit.ends());
        // One order for everybody who locks several. Of tasks that end the statement sees to it.
        going.sort_by(|one, other| one.task.id.cmp(&other.task.id));
        let id = |commit: &&Commit| commit.task.id.as_str().to_owned();
        Ok(Self {
            ends: ending.iter().map(id).collect(),
            end_leases: ending.iter().map(|commit| commit.lease).collect(),
            ids: going.iter().map(id).collect(),
            leases: going.iter().map(|commit| commit.lease).collect(),
            numbers: going.iter().map(|commit| commit.no).collect(),
            progressed: going.iter().map(|commit| commit.progressed()).collect(),
            at_work: going.iter().map(|commit| RawJson::of(&*commit.at_work)).collect::<DbResult<_>>()?,
        })
    }
}

/// The standing of each commit of a group, in its order. Two of one task may be in a group, when it was taken back and
/// claimed again while the first one waited: at most one of them has the lease.
async fn pass_fences(tx: &Tx<'_>, group: &[Commit]) -> DbResult<Vec<Fence>> {
    let Asked { ends, ids, leases, numbers, progressed, at_work, .. } = Asked::of(group)?;
    let rows = tx.query(PASS, &[&ends, &ids, &leases, &numbers, &progressed, &at_work]).await?;
    let mut tasks: HashMap<&str, (i64, i64, TaskStatus)> = HashMap::with_capacity(ends.len());
    let mut passed: HashSet<(&str, i64)> = HashSet::with_capacity(ids.len());
    for row in &rows {
        let (id, lease): (&str, i64) = (row.try_get(0)?, row.try_get(1)?);
        match row.try_get::<_, Option<&str>>(3)? {
            Some(status) => {
                let status = status.parse().map_err(|_| DbError::Data(format!("task {id} is `{status}`")))?;
                tasks.insert(id, (lease, row.try_get(2)?, status));
            }
            None => {
                passed.insert((id, lease));
            }
        }
    }
    let written = match passed.len() == ids.len() {
        true => HashMap::new(),
        false => written(tx, &ids).await?,
    };
    let fence = |commit: &Commit| {
        let id = commit.task.id.as_str();
        if !commit.ends() {
            let repeated = written.get(id).is_some_and(|(lease, no)| *lease == commit.lease && *no >= commit.no);
            return match passed.contains(&(id, commit.lease)) {
                true => Fence::Passed,
                false if repeated => Fence::Repeated(None),
                false => Fence::Lost,
            };
        }
        match tasks.get(id) {
            Some((lease, _, TaskStatus::Running)) if *lease == commit.lease => Fence::Passed,
            // The end of a task is its last commit.
            Some((lease, no, status)) if *lease == commit.lease && *no == commit.no && status.is_terminal() => {
                Fence::Repeated(Some(*status))
            }
            _ => Fence::Lost,
        }
    };
    Ok(group.iter().map(fence).collect())
}

/// Takes it that every commit of a group passes: the question goes with what is written, and if one does not, all of it
/// fails together.
fn take_fences_for_passed(tx: &Tx<'_>, group: &[Commit]) -> DbResult<()> {
    let Asked { ends, end_leases, ids, leases, numbers, progressed, at_work } = Asked::of(group)?;
    let all = i64::try_from(group.len()).unwrap_or(i64::MAX);
    let params: [Param; 8] = [
        Box::new(ends),
        Box::new(ids),
        Box::new(leases),
        Box::new(numbers),
        Box::new(progressed),
        Box::new(at_work),
        Box::new(end_leases),
        Box::new(all),
    ];
    tx.later(PASS_ALL, params.into());
    Ok(())
}

/// The leases of tasks: which, and how many commits they counted.
async fn written(tx: &Tx<'_>, ids: &[String]) -> DbResult<HashMap<String, (i64, i64)>> {
    let sql = "SELECT task_id, lease, commit_no FROM runtime.leases WHERE task_id = ANY($1)";
    let rows = tx.query(sql, &[&ids]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)))).collect()
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

/// Writes one move; the state in which the task ended, if it is its end.
async fn apply(tx: &mut Tx<'_>, commit: &Commit, change: &Move, rows: &RefCell<Rows>) -> DbResult<Option<TaskStatus>> {
    let task = &*commit.task;
    match change {
        Move::Started { spec, attempt } => {
            commit.kind.on_step_started(tx, task, &StepView { spec, attempt: *attempt }).await?;
            emit_step(tx, task, spec, "step.started", None, [("attempt", Value::from(*attempt))])?;
        }
        Move::Completed { spec, attempt, output, added, needs, took } => {
            commit.kind.on_step_completed(tx, task, &StepView { spec, attempt: *attempt }, output).await?;
            let own = [("attempt", Value::from(*attempt)), ("duration_ms", Value::from(millis(*took)))];
            emit_step(tx, task, spec, "step.completed", Some(&output.report), own)?;
            let mut rows = rows.borrow_mut();
            rows.step(StepRow {
                output: Some(Arc::clone(output)),
                duration_ms: Some(millis(*took)),
                ..StepRow::new(&task.id, &spec.key, StepStatus::Completed, *attempt)
            });
            rows.added.extend(added.iter().map(|(ord, spec)| AddedStepRow {
                task: task.id.clone(),
                ord: *ord,
                spec: Arc::clone(spec),
            }));
            for (key, needs) in needs {
                let row = NeedsRow { task: task.id.clone(), key: key.clone(), needs: needs.clone() };
                rows.needs.insert((task.id.clone(), key.clone()), row);
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
                ("cancelled", cancelled.iter().map(|(key, _)| key.as_str()).collect()),
            ];
            emit_step(tx, task, spec, "step.failed", Some(&error.report), own)?;
            let status = if retry_in.is_some() { StepStatus::Pending } else { StepStatus::Failed };
            rows.borrow_mut().step(StepRow {
                error: Some(error.message.clone()),
                report: Some(error.report.clone()),
                run_after: retry_in.map(|delay| Utc::now() + delay),
                duration_ms: Some(millis(*took)),
                ..StepRow::new(&task.id, &spec.key, status, *attempt)
            });
            for (key, attempt) in cancelled {
                rows.borrow_mut().step(StepRow::new(&task.id, key, StepStatus::Cancelled, *attempt));
            }
            for group in groups {
                commit.kind.on_group_ended(tx, task, group, GroupEnd::Failed(error)).await?;
            }
        }
        Move::Ended(summary) => {
            let end = commit.kind.on_ended(tx, task, summary).await?;
            emit_ended(tx, task, end.status, end.error.as_deref(), &end.result, &end.fields)?;
            rows.borrow_mut().ended.push(TaskEndRow {
                id: task.id.clone(),
                no: commit.no,
                progressed: commit.progressed(),
                status: end.status,
                result: end.result,
                error: end.error,
            });
            return Ok(Some(end.status));
        }
    }
    Ok(None)
}

/// Hands the group's rows to the unit, which writes them with its end. In this order: what is said of an added step comes
/// after it was added.
fn flush(tx: &Tx<'_>, rows: Rows) {
    rows.added.into_iter().for_each(|row| tx.put(row));
    rows.needs.into_values().for_each(|row| tx.put(row));
    rows.steps.into_values().for_each(|row| tx.put(row));
    rows.ended.into_iter().for_each(|row| tx.put(row));
}
