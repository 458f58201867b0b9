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
use estafette_protocol::task::TaskStatus;
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
}

/// Takes tasks back, a bounded number at a time. Returns how many; call again until it is 0.
///
/// # Errors
/// [`DbError`].
pub async fn rescue(db: &Db, registry: &Arc<Registry>, bus: &Arc<dyn Bus>, lost: &Lost<'_>) -> DbResult<usize> {
    let mut client = db.connection().await?;
    let pg = client.transaction().await?;
    let product = estafette_protocol::ProductId::parse("runtime").map_err(|error| DbError::Data(error.to_string()))?;
    let mut tx = Tx::new(pg, product, Arc::clone(registry));
    let (node, task, lease) = match lost {
        Lost::Node(node) | Lost::Drained(node) => (Some(*node), None, None),
        Lost::Task(task, lease) => (None, Some(*task), Some(*lease)),
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
                 ORDER BY t.id LIMIT $4 FOR UPDATE {locked}"
            ),
            &[&node, &task, &lease, &CLAIM_BATCH],
        )
        .await?;
    let counts = !matches!(lost, Lost::Drained(_));
    for row in &rows {
        let row = store::task_row(row)?;
        tx.product = row.info.product.clone();
        if counts && row.rescues >= MAX_RESCUES {
            park(&mut tx, &row).await?;
        } else {
            requeue(&mut tx, &row, counts).await?;
        }
    }
    if !rows.is_empty() {
        tx.effects.push(Effect::Queued);
        metrics::counter!("estafette_rescues_total").increment(if counts { rows.len() as u64 } else { 0 });
    }
    unit::announce(bus, unit::seal(tx).await?);
    Ok(rows.len())
}

async fn requeue(tx: &mut Tx<'_>, row: &TaskRow, counts: bool) -> DbResult<()> {
    let id = row.info.id.as_str();
    tx.execute(
        "UPDATE runtime.tasks SET status = 'queued', node_id = NULL, lease_epoch = lease_epoch + 1, commit_no = 0,
                rescues = rescues + $2 WHERE id = $1",
        &[&id, &i32::from(counts)],
    )
    .await?;
    tx.execute(
        "UPDATE runtime.steps SET status = 'pending', run_after = NULL WHERE task_id = $1 AND status = 'running'",
        &[&id],
    )
    .await?;
    let kind = tx.kinds.kind(&row.info.product, &row.info.kind).cloned();
    let fields = match kind {
        Some(kind) => kind.on_requeued(tx, &row.info).await?,
        None => super::kind::EventFields::new(),
    };
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
    tx.execute(
        "UPDATE runtime.steps SET status = 'failed', error = $2, finished_at = now(), run_after = NULL
         WHERE task_id = $1 AND status IN ('pending', 'running')",
        &[&id, &error.message],
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
