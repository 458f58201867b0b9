//! Tasks whose node is gone go back to the queue: completed steps are kept, begun ones begin again. A task that was
//! rescued too often without getting on is taken for the killer of its nodes and ends as failed.

use super::admit::{emit_ended, emit_queued};
use super::kind::{GroupEnd, TaskSummary};
use super::store::{self, TASK_COLUMNS, TaskRow};
use crate::bus::Bus;
use crate::db::{Db, DbResult, Effect, Tx};
use crate::error::{DbError, StepError};
use crate::limits::{CLAIM_BATCH, MAX_RESCUES};
use crate::registry::Registry;
use crate::unit;
use estafette_protocol::task::{RequeueCause, Requeued, TaskStatus};
use estafette_protocol::{NodeId, StepKey};
use serde_json::Value;
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
    let mut tx = Tx::new(&client, product, Arc::clone(registry));
    let (node, task, lease, some) = match lost {
        Lost::Node(node) | Lost::Drained(node) => (Some(*node), None, None, None),
        Lost::Task(task, lease) => (None, Some(*task), Some(*lease), None),
        Lost::Quiet(node, ids) => (Some(*node), None, None, Some(*ids)),
    };
    // Many tasks: one that is locked (its last commit is still being written) is left for the next round. One task: its
    // row is waited for, as there may be no next round.
    let locked = if task.is_some() { "" } else { "SKIP LOCKED" };
    let rows = tx
        .query(
            &format!(
                "SELECT {TASK_COLUMNS} FROM runtime.tasks t
                 WHERE t.status = 'running' AND ($1::text IS NULL OR t.node_id = $1)
                   AND ($2::text IS NULL OR (t.id = $2 AND t.lease_epoch = $3))
                   AND ($5::text[] IS NULL OR t.id = ANY($5))
                 ORDER BY t.id LIMIT $4 FOR UPDATE {locked}"
            ),
            &[&node, &task, &lease, &CLAIM_BATCH, &some],
        )
        .await?;
    let counts = lost.counts();
    // As in a group commit: hooks that lock rows of the owners do so in one order.
    let mut rows = rows.iter().map(store::task_row).collect::<DbResult<Vec<TaskRow>>>()?;
    rows.sort_by(|one, other| one.info.owner.cmp(&other.info.owner));
    for row in &rows {
        tx.product = row.info.product.clone();
        if counts && row.rescues >= MAX_RESCUES {
            park(&mut tx, row).await?;
        } else {
            requeue(&mut tx, row, lost).await?;
        }
    }
    if !rows.is_empty() {
        tx.effects.push(Effect::Queued);
        metrics::counter!("estafette_rescues_total").increment(if counts { rows.len() as u64 } else { 0 });
    }
    unit::announce(bus, unit::seal(db, tx).await?);
    Ok(rows.len())
}

/// Where a task resumes: counts of its steps, those that ran, the first of those that wait, and its node.
const RESUMES: &str = "
SELECT count(*) FILTER (WHERE s.status = 'completed'), count(*),
       coalesce(array_agg(s.key ORDER BY s.ord) FILTER (WHERE s.status = 'running'),
                (array_agg(s.key ORDER BY s.ord) FILTER (WHERE s.status = 'pending'))[1:1]),
       (SELECT node_id FROM runtime.tasks WHERE id = $1)
FROM runtime.steps s WHERE s.task_id = $1";

async fn requeued(tx: &Tx<'_>, row: &TaskRow, lost: &Lost<'_>) -> DbResult<Requeued> {
    let found = tx.query_one(RESUMES, &[&row.info.id.as_str()]).await?;
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    let steps: Vec<String> = found.try_get::<_, Option<Vec<String>>>(2)?.unwrap_or_default();
    Ok(Requeued {
        cause: lost.cause(),
        node: found.try_get::<_, Option<String>>(3)?.and_then(|node| NodeId::parse(node).ok()),
        resumes_at: steps.into_iter().filter_map(|step| StepKey::parse(step).ok()).collect(),
        steps_done: number(found.try_get(0)?),
        steps_total: number(found.try_get(1)?),
        rescues: number(i64::from(row.rescues) + i64::from(lost.counts())),
    })
}

async fn requeue(tx: &mut Tx<'_>, row: &TaskRow, lost: &Lost<'_>) -> DbResult<()> {
    let id = row.info.id.as_str();
    let requeued = requeued(tx, row, lost).await?;
    tx.execute(
        "UPDATE runtime.tasks SET status = 'queued', node_id = NULL, lease_epoch = lease_epoch + 1, commit_no = 0,
                rescues = rescues + $2 WHERE id = $1",
        &[&id, &i32::from(lost.counts())],
    )
    .await?;
    tx.execute(
        "UPDATE runtime.steps SET status = 'pending', run_after = NULL WHERE task_id = $1 AND status = 'running'",
        &[&id],
    )
    .await?;
    let kind = tx.kinds.kind(&row.info.product, &row.info.kind).cloned();
    let mut fields = match kind {
        Some(kind) => kind.on_requeued(tx, &row.info).await?,
        None => super::kind::EventFields::new(),
    };
    let requeued = serde_json::to_value(requeued).map_err(|error| DbError::Data(error.to_string()))?;
    fields.insert("requeued".to_owned(), requeued);
    emit_queued(tx, &row.info, &fields)
}

async fn park(tx: &mut Tx<'_>, row: &TaskRow) -> DbResult<()> {
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
    let graph = store::graphs(tx, &[id]).await?.remove(id).unwrap_or_default();
    // What did not end before its task did never will: that is what the task's last event says to its readers. No step
    // failed by itself, and none tells that it did.
    tx.execute(
        "UPDATE runtime.steps SET status = 'cancelled', finished_at = now(), run_after = NULL
         WHERE task_id = $1 AND status IN ('pending', 'running')",
        &[&id],
    )
    .await?;
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
                lease_epoch = lease_epoch + 1, commit_no = 0 WHERE id = $1",
        &[&id, &error.message, &result],
    )
    .await?;
    emit_ended(tx, task, TaskStatus::Failed, Some(&error.message), &result, &fields)
}
