//! SQL of tasks and steps. Every write of a running task's state carries its lease.

use super::graph::{Graph, StepState};
use super::kind::StepOutput;
use super::spec::{StepSpec, TaskInfo};
use crate::db::{BulkRow, Column, DbResult, Tx};
use crate::error::{DbError, StepError};
use crate::trace::TraceParent;
use chrono::{DateTime, Utc};
use estafette_protocol::task::{StepStatus, TaskStatus};
use estafette_protocol::{DeviceId, ProductId, StepKey, TaskId, UserId};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};

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
    for row in &rows {
        let Json(spec): Json<StepSpec> = row.try_get(1)?;
        let status: StepStatus = row.try_get::<_, &str>(2)?.parse().map_err(data)?;
        let output: Option<Value> = row.try_get(6)?;
        let step = StepState {
            spec: Arc::new(spec),
            status,
            attempt: u32::try_from(row.try_get::<_, i32>(3)?).unwrap_or(0),
            run_after: row.try_get(5)?,
            output: (status == StepStatus::Completed).then(|| Arc::new(output.unwrap_or(Value::Null))),
            error: row.try_get(7)?,
            extra_needs: row.try_get::<_, Json<Vec<StepKey>>>(4)?.0,
        };
        let task: &str = row.try_get(0)?;
        match steps.get_mut(task) {
            Some(steps) => steps.push(step),
            None => {
                steps.insert(task.to_owned(), vec![step]);
            }
        }
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

fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Column<'a>
where
    T: ToSql + Sync + 'a,
{
    Box::new(rows.iter().map(of).collect::<Vec<_>>())
}

/// A task that is accepted.
pub(crate) struct NewTaskRow(pub(crate) TaskInfo);

impl BulkRow for NewTaskRow {
    const SQL: &'static str = "INSERT INTO runtime.tasks (id, product, kind, owner, device, input, event, trace)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::jsonb[], $8::text[])";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.0.id.as_str()),
            column(rows, |row| row.0.product.as_str()),
            column(rows, |row| row.0.kind.as_str()),
            column(rows, |row| row.0.owner.as_ref().map(|owner| owner.as_str())),
            column(rows, |row| row.0.device.as_ref().map(|device| device.as_str())),
            column(rows, |row| Json(&row.0.input)),
            column(rows, |row| Json(&row.0.event)),
            column(rows, |row| row.0.trace.as_ref().map(TraceParent::as_str)),
        ]
    }
}

/// A step that is added to a task, at its place.
pub(crate) struct NewStepRow {
    pub(crate) task: TaskId,
    pub(crate) ord: i32,
    pub(crate) spec: Arc<StepSpec>,
}

impl BulkRow for NewStepRow {
    const SQL: &'static str = "INSERT INTO runtime.steps (task_id, key, ord, spec)
        SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::jsonb[]) ON CONFLICT (task_id, key) DO NOTHING";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.task.as_str()),
            column(rows, |row| row.spec.key.as_str()),
            column(rows, |row| row.ord),
            column(rows, |row| Json(&*row.spec)),
        ]
    }
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
    /// Where completed: what it brought, and what the attempt used.
    pub output: Option<Arc<StepOutput>>,
    /// Where failed: what the attempt used.
    pub report: Option<Map<String, Value>>,
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

/// A step's row that changes.
pub(crate) struct StepChangeRow {
    pub(crate) task: TaskId,
    pub(crate) key: StepKey,
    pub(crate) change: StepChange,
}

impl BulkRow for StepChangeRow {
    const SQL: &'static str = "UPDATE runtime.steps s SET
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
         WHERE s.task_id = c.task_id AND s.key = c.key";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.task.as_str()),
            column(rows, |row| row.key.as_str()),
            column(rows, |row| row.change.status.map(StepStatus::as_str)),
            column(rows, |row| i32::try_from(row.change.attempt).unwrap_or(i32::MAX)),
            column(rows, |row| row.change.run_after),
            column(rows, |row| row.change.output.as_ref().map(|output| Json(&output.output))),
            column(rows, |row| {
                let completed = row.change.output.as_ref().map(|output| &output.report);
                completed.or(row.change.report.as_ref()).map(Json)
            }),
            column(rows, |row| row.change.error.as_deref()),
            column(rows, |row| row.change.started_at),
            column(rows, |row| row.change.finished_at),
            column(rows, |row| row.change.duration_ms),
            column(rows, |row| row.change.extra_needs.as_ref().map(Json)),
        ]
    }
}

/// A task's row after a commit of its supervisor.
pub(crate) struct TaskChangeRow {
    pub(crate) id: TaskId,
    /// The number of the commit.
    pub(crate) no: i64,
    /// A step completed with it.
    pub(crate) progressed: bool,
    /// How it ended: state, result, error.
    pub(crate) ended: Option<(TaskStatus, Value, Option<String>)>,
}

impl BulkRow for TaskChangeRow {
    // A task that gets on is not the killer of its nodes: rescues count from its last completed step.
    const SQL: &'static str = "UPDATE runtime.tasks t SET commit_no = c.no,
            rescues = CASE WHEN c.progressed THEN 0 ELSE t.rescues END,
            status = coalesce(c.status, t.status),
            result = CASE WHEN c.status IS NULL THEN t.result ELSE c.result END,
            error = CASE WHEN c.status IS NULL THEN t.error ELSE c.error END,
            node_id = CASE WHEN c.status IS NULL THEN t.node_id END,
            finished_at = CASE WHEN c.status IS NULL THEN t.finished_at ELSE now() END
         FROM unnest($1::text[], $2::bigint[], $3::bool[], $4::text[], $5::jsonb[], $6::text[])
              AS c(id, no, progressed, status, result, error)
         WHERE t.id = c.id";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.id.as_str()),
            column(rows, |row| row.no),
            column(rows, |row| row.progressed),
            column(rows, |row| row.ended.as_ref().map(|(status, ..)| status.as_str())),
            column(rows, |row| row.ended.as_ref().map(|(_, result, _)| Json(result))),
            column(rows, |row| row.ended.as_ref().and_then(|(.., error)| error.as_deref())),
        ]
    }
    fn about(&self) -> Option<String> {
        Some(self.id.as_str().to_owned())
    }
}

/// Puts what a product adds over what the runtime says; the runtime's own words win.
pub(crate) fn merged(extra: &Map<String, Value>, own: Value) -> Value {
    let mut all = extra.clone();
    if let Value::Object(own) = own {
        all.extend(own);
    }
    Value::Object(all)
}
