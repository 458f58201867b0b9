//! Tasks whose node is gone go back to the queue: completed steps are kept, begun ones begin again. A task that was
//! rescued too often without getting on is taken for the killer of its nodes and ends as failed.

use super::admit::{emit_ended, emit_queued, end_open_steps};
use super::graph::Graph;
use super::kind::{GroupEnd, TaskSummary};
use super::store::{self, LeaseEnd, StepRow, TASK_COLUMNS, TaskRow};
use crate::bus::Bus;
use crate::db::{Db, DbResult, Effect, Tx};
use crate::error::{DbError, StepError};
use crate::limits::{CLAIM_BATCH, MAX_RESCUES};
use crate::registry::Registry;
use crate::unit;
use estafette_protocol::NodeId;
use estafette_protocol::task::{RequeueCause, Requeued, StepStatus, TaskStatus};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The code of a task that was parked, in its `task.failed`.
const PARKED: &str = "parked";

/// Which running tasks are taken back.
#[derive(Debug, Clone)]
pub enum Lost<'a> {
    /// All of a node that is gone. Counts as a rescue.
    Node(&'a str),
    /// One task of this node, whose supervisor is gone, by its lease. Counts as a rescue.
    Task(&'a str, i64),
    /// All of this node, which drains. Does not count.
    Drained(&'a str),
    /// These of this node, which do nothing at the moment. Does not count.
    Quiet(&'a str, &'a [&'a str]),
}

impl Lost<'_> {
    const fn counts(&self) -> bool {
        matches!(self, Self::Node(_) | Self::Task(..))
    }

    const fn cause(&self) -> RequeueCause {
        match self {
            Self::Node(_) => RequeueCause::WorkerLost,
            Self::Task(..) => RequeueCause::WorkerFailed,
            Self::Drained(_) | Self::Quiet(..) => RequeueCause::Drain,
        }
    }
}

/// Takes tasks back, a bounded number at a time. Returns how many; call again until it is 0.
///
/// # Errors
/// [`DbError`].
pub async fn rescue(db: &Db, registry: &Arc<Registry>, bus: &Arc<dyn Bus>, lost: &Lost<'_>) -> DbResult<usize> {
    db.bounded(rescue_some(db, registry, bus, lost)).await
}

async fn rescue_some(db: &Db, registry: &Arc<Registry>, bus: &Arc<dyn Bus>, lost: &Lost<'_>) -> DbResult<usize> {
    let client = db.connection().await?;
    let product = estafette_protocol::ProductId::parse("runtime").map_err(|error| DbError::Data(error.to_string()))?;
    let mut tx = Tx::planned(&client, product, Arc::clone(registry));
    let (node, task, lease, some) = match lost {
        Lost::Node(node) | Lost::Drained(node) => (Some(*node), None, None, None),
        Lost::Task(task, lease) => (None, Some(*task), Some(*lease), None),
        Lost::Quiet(node, ids) => (Some(*node), None, None, Some(*ids)),
    };
    // Many tasks: one that is locked (its last commit is still being written) is left for the next round. One task: its
    // row is waited for, as there may be no next round.
    let skip_locked = task.is_none();
    let locked = if skip_locked { "SKIP LOCKED" } else { "" };
    let rows = tx
        .query(
            &format!(
                "SELECT {TASK_COLUMNS}, t.node_id FROM runtime.tasks t
                 WHERE t.status = 'running' AND ($1::text IS NULL OR t.node_id = $1)
                   AND ($2::text IS NULL OR (t.id = $2 AND t.lease_epoch = $3))
                   AND ($5::text[] IS NULL OR t.id = ANY($5))
                 ORDER BY t.id LIMIT $4 FOR UPDATE {locked}"
            ),
            &[&node, &task, &lease, &CLAIM_BATCH, &some],
        )
        .await?;
    let mut rows = rows
        .iter()
        .map(|row| Ok((store::task_row(row)?, row.try_get("node_id")?)))
        .collect::<DbResult<Vec<(TaskRow, Option<String>)>>>()?;
    let ids: Vec<&str> = rows.iter().map(|(row, _)| row.info.id.as_str()).collect();
    let progressed = store::lock_leases(&tx, &ids, skip_locked).await?;
    let busy = busy(&tx, &ids, &progressed).await?;
    rows.retain(|(row, _)| !busy.contains(row.info.id.as_str()));
    let ids: Vec<&str> = rows.iter().map(|(row, _)| row.info.id.as_str()).collect();
    let mut graphs = store::graphs(&tx, &ids).await?;
    let counts = lost.counts();
    // As in a group commit: hooks that lock rows of the owners do so in one order.
    rows.sort_by(|(one, _), (other, _)| one.info.owner.cmp(&other.info.owner));
    for (row, node) in &mut rows {
        // A task that gets on is not the killer of its nodes: rescues count from its last completed step.
        if progressed.get(row.info.id.as_str()).is_some_and(|progressed| *progressed) {
            row.rescues = 0;
        }
        let graph = graphs.remove(row.info.id.as_str()).unwrap_or_default();
        tx.product = row.info.product.clone();
        if counts && row.rescues >= MAX_RESCUES {
            park(&mut tx, row, &graph).await?;
        } else {
            requeue(&mut tx, row, &graph, node.take(), lost).await?;
        }
    }
    if !rows.is_empty() {
        tx.effects.push(Effect::Queued);
        metrics::counter!("estafette_rescues_total").increment(if counts { rows.len() as u64 } else { 0 });
    }
    unit::announce(bus, unit::seal(db, tx).await?);
    Ok(rows.len())
}

/// Tasks of which a commit is being written: they have a lease, and it is not among those that could be locked. One that
/// has none at all, as after a claim whose answer was lost and that somebody mended by hand, is not busy.
async fn busy(tx: &Tx<'_>, ids: &[&str], locked: &HashMap<String, bool>) -> DbResult<HashSet<String>> {
    let others: Vec<&str> = ids.iter().copied().filter(|id| !locked.contains_key(*id)).collect();
    if others.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = tx.query("SELECT task_id FROM runtime.leases WHERE task_id = ANY($1)", &[&others]).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// Where a task resumes: with the steps that ran, or else the first of those that wait.
fn requeued(row: &TaskRow, graph: &Graph, node: Option<String>, lost: &Lost<'_>) -> Requeued {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let waits = graph.steps().iter().find(|step| step.status == StepStatus::Pending);
    let mut resumes_at = graph.running();
    if resumes_at.is_empty() {
        resumes_at.extend(waits.map(|step| step.spec.key.clone()));
    }
    let done = graph.steps().iter().filter(|step| step.status == StepStatus::Completed).count();
    Requeued {
        cause: lost.cause(),
        node: node.and_then(|node| NodeId::parse(node).ok()),
        resumes_at,
        steps_done: number(done),
        steps_total: number(graph.steps().len()),
        rescues: u32::try_from(row.rescues + i32::from(lost.counts())).unwrap_or(u32::MAX),
    }
}

async fn requeue(tx: &mut Tx<'_>, row: &TaskRow, graph: &Graph, node: Option<String>, lost: &Lost<'_>) -> DbResult<()> {
    let id = &row.info.id;
    let requeued = requeued(row, graph, node, lost);
    tx.execute(
        "UPDATE runtime.tasks SET status = 'queued', node_id = NULL, lease_epoch = lease_epoch + 1, commit_no = 0,
                rescues = $2 WHERE id = $1",
        &[&id.as_str(), &(row.rescues + i32::from(lost.counts()))],
    )
    .await?;
    tx.put(LeaseEnd(id.clone()));
    // The attempt that was cut off counts.
    for step in graph.steps().iter().filter(|step| step.status == StepStatus::Running) {
        let error = step.error.clone();
        tx.put(StepRow { error, ..StepRow::new(id, &step.spec.key, StepStatus::Pending, step.attempt) });
    }
    let kind = tx.kinds.kind(&row.info.product, &row.info.kind).cloned();
    let mut fields = match kind {
        Some(kind) => kind.on_requeued(tx, &row.info).await?,
        None => super::kind::EventFields::new(),
    };
    let requeued = serde_json::to_value(requeued).map_err(|error| DbError::Data(error.to_string()))?;
    fields.insert("requeued".to_owned(), requeued);
    emit_queued(tx, &row.info, &fields)
}

async fn park(tx: &mut Tx<'_>, row: &TaskRow, graph: &Graph) -> DbResult<()> {
    let task = &row.info;
    let id = task.id.as_str();
    let error = StepError::fatal(
        PARKED,
        format!(
            "the task was interrupted {} times without getting on and is not tried again by itself",
            row.rescues + 1
        ),
    );
    tracing::error!(task.id = %task.id, rescues = row.rescues, "a task that keeps losing its node is parked");
    // What did not end before its task did never will: that is what the task's last event says to its readers. No step
    // failed by itself, and none tells that it did.
    end_open_steps(tx, &task.id, graph);
    let mut end = None;
    if let Some(kind) = tx.kinds.kind(&task.product, &task.kind).cloned() {
        for group in graph.open_groups() {
            kind.on_group_ended(tx, task, &group, GroupEnd::Failed(&error)).await?;
        }
        let steps = graph
            .steps()
            .iter()
            .map(|step| {
                let output = step.output.as_ref().map_or(Value::Null, |output| (**output).clone());
                ((*step.spec).clone(), step.status, output)
            })
            .collect();
        end = Some(kind.on_ended(tx, task, &TaskSummary { steps, error: Some(error.clone()) }).await?);
    }
    let (result, mut fields) = end.map(|end| (end.result, end.fields)).unwrap_or_default();
    fields.insert("code".to_owned(), Value::from(PARKED));
    tx.execute(
        "UPDATE runtime.tasks SET status = 'failed', node_id = NULL, finished_at = now(), error = $2, result = $3,
                lease_epoch = lease_epoch + 1, commit_no = 0, rescues = $4 WHERE id = $1",
        &[&id, &error.message, &result, &row.rescues],
    )
    .await?;
    emit_ended(tx, task, TaskStatus::Failed, Some(&error.message), &result, &fields)
}
