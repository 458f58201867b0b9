//! SQL of tasks and steps. Every write of a running task's state carries its lease.

use super::graph::{Graph, StepState};
use super::spec::{StepSpec, TaskInfo};
use crate::db::{DbResult, Tx};
use crate::error::{DbError, StepError};
use crate::trace::TraceParent;
use chrono::{DateTime, Utc};
use estafette_protocol::task::{StepStatus, TaskStatus};
use estafette_protocol::{DeviceId, ProductId, StepKey, TaskId, UserId};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio_postgres::Row;

/// A task's row.
#[derive(Debug, Clone)]
pub struct TaskRow {
    /// What it is.
    pub info: TaskInfo,
    /// How it stands.
    pub status: TaskStatus,
    /// The fence.
    pub lease: i64,
    /// Times its node was lost.
    pub rescues: i32,
}

/// The columns of [`TaskRow`], in the order of [`task_row`].
pub const TASK_COLUMNS: &str = "t.id, t.product, t.kind, t.owner, t.device, t.status, t.attempt, t.input, t.event, t.lease_epoch, t.rescues, t.trace";

fn data(error: impl std::fmt::Display) -> DbError {
    DbError::Data(error.to_string())
}

/// Reads the columns of [`TASK_COLUMNS`].
///
/// # Errors
/// [`DbError::Data`] when a row was not written by this code.
pub fn task_row(row: &Row) -> DbResult<TaskRow> {
    let event: Value = row.try_get(8)?;
    Ok(TaskRow {
        info: TaskInfo {
            id: TaskId::parse(row.try_get::<_, String>(0)?).map_err(data)?,
            product: ProductId::parse(row.try_get::<_, String>(1)?).map_err(data)?,
            kind: row.try_get(2)?,
            owner: row.try_get::<_, Option<String>>(3)?.map(UserId::parse).transpose().map_err(data)?,
            device: row.try_get::<_, Option<String>>(4)?.map(DeviceId::parse).transpose().map_err(data)?,
            input: row.try_get(7)?,
            attempt: u32::try_from(row.try_get::<_, i32>(6)?).unwrap_or(1),
            event: event.as_object().cloned().unwrap_or_default(),
            trace: row.try_get::<_, Option<&str>>(11)?.and_then(TraceParent::parse),
        },
        status: row.try_get::<_, String>(5)?.parse().map_err(data)?,
        lease: row.try_get(9)?,
        rescues: row.try_get(10)?,
    })
}

/// Reads the graphs of tasks.
///
/// # Errors
/// [`DbError`].
pub async fn graphs(tx: &Tx<'_>, ids: &[&str]) -> DbResult<HashMap<String, Graph>> {
    let rows = tx
        .query(
            "SELECT task_id, spec, status, attempt, extra_needs, run_after, output, error
             FROM runtime.steps WHERE task_id = ANY($1) ORDER BY task_id, ord",
            &[&ids],
        )
        .await?;
    let mut steps: HashMap<String, Vec<StepState>> = HashMap::new();
    for row in rows {
        let spec: StepSpec = serde_json::from_value(row.try_get(1)?).map_err(data)?;
        let status: StepStatus = row.try_get::<_, String>(2)?.parse().map_err(data)?;
        let output: Option<Value> = row.try_get(6)?;
        steps.entry(row.try_get(0)?).or_default().push(StepState {
            spec: Arc::new(spec),
            status,
            attempt: u32::try_from(row.try_get::<_, i32>(3)?).unwrap_or(0),
            run_after: row.try_get(5)?,
            output: (status == StepStatus::Completed).then(|| Arc::new(output.unwrap_or(Value::Null))),
            error: row.try_get(7)?,
            extra_needs: serde_json::from_value(row.try_get(4)?).map_err(data)?,
        });
    }
    let mut graphs = HashMap::new();
    for (id, steps) in steps {
        let failure = steps
            .iter()
            .find(|step| step.status == StepStatus::Failed && step.spec.on_failure != super::OnFailure::Continue)
            .map(|step| StepError::fatal("step_failed", step.error.clone().unwrap_or_default()));
        let mut graph = Graph::new(steps).map_err(data)?;
        if let Some(failure) = failure {
            graph.set_failure(failure);
        }
        graphs.insert(id, graph);
    }
    Ok(graphs)
}

/// Adds steps to a task, after those it has.
///
/// # Errors
/// [`DbError`].
pub async fn insert_steps(tx: &Tx<'_>, steps: &[(TaskId, i32, Arc<StepSpec>)]) -> DbResult<()> {
    if steps.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = steps.iter().map(|(id, _, _)| id.as_str()).collect();
    let keys: Vec<&str> = steps.iter().map(|(_, _, spec)| spec.key.as_str()).collect();
    let ords: Vec<i32> = steps.iter().map(|(_, ord, _)| *ord).collect();
    let specs: Vec<Value> =
        steps.iter().map(|(_, _, spec)| serde_json::to_value(&**spec)).collect::<Result<_, _>>().map_err(data)?;
    tx.execute(
        "INSERT INTO runtime.steps (task_id, key, ord, spec)
         SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::jsonb[])
         ON CONFLICT (task_id, key) DO NOTHING",
        &[&ids, &keys, &ords, &specs],
    )
    .await?;
    Ok(())
}

/// How one step's row changes. Several changes of one step in a batch become one.
#[derive(Debug, Clone, Default)]
pub struct StepChange {
    /// The new state.
    pub status: Option<StepStatus>,
    /// The attempt.
    pub attempt: u32,
    /// Not before.
    pub run_after: Option<DateTime<Utc>>,
    /// Where completed.
    pub output: Option<Value>,
    /// What the attempt used.
    pub report: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// When the attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When the step ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How long the attempt took.
    pub duration_ms: Option<i64>,
    /// All needs that were added while the task ran.
    pub extra_needs: Option<Vec<StepKey>>,
}

/// Changes of many steps of many tasks.
pub type StepChanges = BTreeMap<(TaskId, StepKey), StepChange>;

/// Writes changes of steps in one statement.
///
/// # Errors
/// [`DbError`].
pub async fn update_steps(tx: &Tx<'_>, changes: &StepChanges) -> DbResult<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = changes.keys().map(|(id, _)| id.as_str()).collect();
    let keys: Vec<&str> = changes.keys().map(|(_, key)| key.as_str()).collect();
    let statuses: Vec<Option<&str>> = changes.values().map(|change| change.status.map(StepStatus::as_str)).collect();
    let attempts: Vec<i32> = changes.values().map(|change| i32::try_from(change.attempt).unwrap_or(i32::MAX)).collect();
    let run_after: Vec<Option<DateTime<Utc>>> = changes.values().map(|change| change.run_after).collect();
    let outputs: Vec<Option<&Value>> = changes.values().map(|change| change.output.as_ref()).collect();
    let reports: Vec<Option<&Value>> = changes.values().map(|change| change.report.as_ref()).collect();
    let errors: Vec<Option<&str>> = changes.values().map(|change| change.error.as_deref()).collect();
    let started: Vec<Option<DateTime<Utc>>> = changes.values().map(|change| change.started_at).collect();
    let finished: Vec<Option<DateTime<Utc>>> = changes.values().map(|change| change.finished_at).collect();
    let durations: Vec<Option<i64>> = changes.values().map(|change| change.duration_ms).collect();
    let needs: Vec<Option<Value>> = changes
        .values()
        .map(|change| change.extra_needs.as_ref().map(serde_json::to_value).transpose())
        .collect::<Result<_, _>>()
        .map_err(data)?;
    tx.execute(
        "UPDATE runtime.steps s SET
            status = coalesce(c.status, s.status),
            attempt = CASE WHEN c.status IS NULL THEN s.attempt ELSE c.attempt END,
            run_after = CASE WHEN c.status IS NULL THEN s.run_after ELSE c.run_after END,
            output = coalesce(c.output, s.output),
            report = coalesce(c.report, s.report),
            error = CASE WHEN c.status IS NULL THEN s.error ELSE c.error END,
            started_at = coalesce(c.started_at, s.started_at),
            finished_at = CASE WHEN c.status IS NULL THEN s.finished_at ELSE c.finished_at END,
            duration_ms = coalesce(c.duration_ms, s.duration_ms),
            extra_needs = coalesce(c.extra_needs, s.extra_needs)
         FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::timestamptz[], $6::jsonb[], $7::jsonb[],
                     $8::text[], $9::timestamptz[], $10::timestamptz[], $11::bigint[], $12::jsonb[])
              AS c(task_id, key, status, attempt, run_after, output, report, error, started_at, finished_at, duration_ms, extra_needs)
         WHERE s.task_id = c.task_id AND s.key = c.key",
        &[
            &ids, &keys, &statuses, &attempts, &run_after, &outputs, &reports, &errors, &started, &finished, &durations,
            &needs,
        ],
    )
    .await?;
    Ok(())
}

/// Puts what a product adds over what the runtime says; the runtime's own words win.
pub(crate) fn merged(extra: &Map<String, Value>, own: Value) -> Value {
    let mut all = extra.clone();
    if let Value::Object(own) = own {
        all.extend(own);
    }
    Value::Object(all)
}
