//! SQL of tasks and steps. Every write of a running task's state carries its lease.

use super::graph::{Graph, StepState};
use super::kind::StepOutput;
use super::layout::{LaidStep, Standing, StateRow, lay_out};
use super::spec::{StepSpec, TaskInfo};
use crate::db::{BulkRow, Column, DbResult, Tx, column};
use crate::error::{DbError, StepError};
use crate::trace::TraceParent;
use chrono::{DateTime, Utc};
use estafette_protocol::task::{StepStatus, TaskStatus};
use estafette_protocol::{DeviceId, NodeId, ProductId, StepKey, TaskId, UserId};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

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

/// The steps of which an attempt runs, each with its number.
pub(crate) type AtWork = BTreeMap<StepKey, u32>;

/// What the graph of a task knows of a step that does not stand as planned.
#[derive(Default)]
struct Kept {
    extra_needs: Vec<StepKey>,
    run_after: Option<DateTime<Utc>>,
    output: Option<Arc<Value>>,
}

fn kept_row(row: &Row) -> DbResult<StateRow<Kept>> {
    StateRow::read(row, 1, |status| {
        let output: Option<Value> = row.try_get(8)?;
        Ok(Kept {
            extra_needs: row.try_get::<_, Json<Vec<StepKey>>>(6)?.0,
            run_after: row.try_get(7)?,
            output: (status == StepStatus::Completed).then(|| Arc::new(output.unwrap_or(Value::Null))),
        })
    })
}

impl From<LaidStep<Kept>> for StepState {
    fn from(LaidStep { spec, standing }: LaidStep<Kept>) -> Self {
        let Standing { status, attempt, error, more: Kept { extra_needs, run_after, output } } = standing;
        let run_after = run_after.filter(|_| status != StepStatus::Running);
        Self { spec: Arc::new(spec), status, attempt, run_after, output, error, extra_needs }
    }
}

/// The graph of steps as they stand.
fn graph(steps: Vec<LaidStep<Kept>>) -> DbResult<Graph> {
    let steps: Vec<StepState> = steps.into_iter().map(StepState::from).collect();
    let failure = steps
        .iter()
        .find(|step| step.status == StepStatus::Failed && step.spec.on_failure != super::OnFailure::Continue)
        .map(|step| StepError::fatal("step_failed", step.error.clone().unwrap_or_default()));
    let mut graph = Graph::new(steps).map_err(data)?;
    if let Some(failure) = failure {
        graph.set_failure(failure);
    }
    Ok(graph)
}

/// Reads the graphs of tasks. Where one may run, its lease is locked before.
///
/// # Errors
/// [`DbError`].
pub(crate) async fn graphs(tx: &Tx<'_>, ids: &[&str]) -> DbResult<HashMap<String, Graph>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut planned: HashMap<String, (Vec<StepSpec>, AtWork)> = HashMap::with_capacity(ids.len());
    let plans = "SELECT t.id, t.plan, l.at_work FROM runtime.tasks t LEFT JOIN runtime.leases l ON l.task_id = t.id
                 WHERE t.id = ANY($1)";
    for row in tx.query(plans, &[&ids]).await? {
        let at_work = row.try_get::<_, Option<Json<AtWork>>>(2)?.map(|Json(at_work)| at_work).unwrap_or_default();
        planned.insert(row.try_get(0)?, (row.try_get::<_, Json<_>>(1)?.0, at_work));
    }
    let mut states: HashMap<String, Vec<StateRow<Kept>>> = HashMap::new();
    let rows = "SELECT task_id, key, spec, status, attempt, error, extra_needs, run_after, output
                FROM runtime.step_states WHERE task_id = ANY($1) ORDER BY task_id, ord";
    for row in tx.query(rows, &[&ids]).await? {
        states.entry(row.try_get(0)?).or_default().push(kept_row(&row)?);
    }
    let of = |(id, (plan, at_work)): (String, (Vec<StepSpec>, AtWork))| {
        let states = states.remove(&id).unwrap_or_default();
        Ok((id, graph(lay_out(plan, states, at_work)?)?))
    };
    planned.into_iter().map(of).collect()
}

/// Locks the leases of tasks whose rows the caller has locked: none of their commits can be written any more. Waits for one
/// that is being written, so that what is read afterwards is how the tasks stand; or leaves its task out. Returns those
/// that are locked, and whether a step completed under them.
///
/// # Errors
/// [`DbError`].
pub(crate) async fn lock_leases(tx: &Tx<'_>, ids: &[&str], skip_locked: bool) -> DbResult<HashMap<String, bool>> {
    let sql = if skip_locked {
        "SELECT task_id, progressed FROM runtime.leases WHERE task_id = ANY($1) ORDER BY task_id FOR UPDATE SKIP LOCKED"
    } else {
        "SELECT task_id, progressed FROM runtime.leases WHERE task_id = ANY($1) ORDER BY task_id FOR UPDATE"
    };
    tx.query(sql, &[&ids]).await?.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Ends the leases of tasks that do not run any more.
pub(crate) struct LeaseEnd(pub(crate) TaskId);

impl BulkRow for LeaseEnd {
    const SQL: &'static str = "DELETE FROM runtime.leases WHERE task_id = ANY($1)";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![column(rows, |row| row.0.as_str())]
    }
}

/// A task that is accepted.
pub(crate) struct NewTaskRow {
    pub(crate) task: TaskInfo,
    pub(crate) plan: Vec<Arc<StepSpec>>,
    /// The plan as a graph, for whoever begins with it at once.
    pub(crate) graph: Graph,
    /// The node that begins with it at once; else it waits for a claim.
    pub(crate) node: Option<NodeId>,
}

/// The lease of a task that begins as it is accepted: the one that [`NewTaskRow`] writes with it.
pub(crate) const FIRST_LEASE: i64 = 1;

impl BulkRow for NewTaskRow {
    const SQL: &'static str = "WITH added AS (
            INSERT INTO runtime.tasks
                (id, product, kind, owner, device, input, event, trace, plan, node_id, status, lease_epoch, started_at)
            SELECT c.*, CASE WHEN c.node_id IS NULL THEN 'queued' ELSE 'running' END,
                   CASE WHEN c.node_id IS NULL THEN 0 ELSE 1 END, CASE WHEN c.node_id IS NULL THEN NULL ELSE now() END
            FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::jsonb[], $8::text[],
                        $9::json[], $10::text[]) AS c (id, product, kind, owner, device, input, event, trace, plan, node_id)
            RETURNING id, status, lease_epoch
        )
        INSERT INTO runtime.leases (task_id, lease) SELECT id, lease_epoch FROM added WHERE status = 'running'";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.task.id.as_str()),
            column(rows, |row| row.task.product.as_str()),
            column(rows, |row| row.task.kind.as_str()),
            column(rows, |row| row.task.owner.as_ref().map(|owner| owner.as_str())),
            column(rows, |row| row.task.device.as_ref().map(|device| device.as_str())),
            column(rows, |row| Json(&row.task.input)),
            column(rows, |row| Json(&row.task.event)),
            column(rows, |row| row.task.trace.as_ref().map(TraceParent::as_str)),
            column(rows, |row| Json(row.plan.iter().map(|spec| &**spec).collect::<Vec<&StepSpec>>())),
            column(rows, |row| row.node.as_ref().map(|node| node.as_str())),
        ]
    }
}

/// A step that is added to a task, at its place.
pub(crate) struct AddedStepRow {
    pub(crate) task: TaskId,
    pub(crate) ord: i32,
    pub(crate) spec: Arc<StepSpec>,
}

impl BulkRow for AddedStepRow {
    const SQL: &'static str = "INSERT INTO runtime.step_states (task_id, key, ord, spec)
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

/// All needs of a waiting step that were added while the task ran.
pub(crate) struct NeedsRow {
    pub(crate) task: TaskId,
    pub(crate) key: StepKey,
    pub(crate) needs: Vec<StepKey>,
}

impl BulkRow for NeedsRow {
    const SQL: &'static str = "INSERT INTO runtime.step_states (task_id, key, extra_needs)
        SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[])
        ON CONFLICT (task_id, key) DO UPDATE SET extra_needs = EXCLUDED.extra_needs";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.task.as_str()),
            column(rows, |row| row.key.as_str()),
            column(rows, |row| Json(&row.needs)),
        ]
    }
}

/// How a step stands that has ended, waits for another attempt, or goes back to where it was. That an attempt runs is
/// in the task's lease. One a step in a statement: Postgres refuses two.
#[derive(Debug, Clone)]
pub(crate) struct StepRow {
    pub(crate) task: TaskId,
    pub(crate) key: StepKey,
    pub(crate) status: StepStatus,
    /// Attempts begun.
    pub(crate) attempt: u32,
    /// Not before.
    pub(crate) run_after: Option<DateTime<Utc>>,
    /// Where completed: what it brought, and what the attempt used.
    pub(crate) output: Option<Arc<StepOutput>>,
    /// Where failed: what the attempt used.
    pub(crate) report: Option<Map<String, Value>>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// When the step ended.
    pub(crate) finished_at: Option<DateTime<Utc>>,
    /// How long the attempt took, in milliseconds, where one did.
    pub(crate) duration_ms: Option<i64>,
}

impl StepRow {
    /// A step without anything but where it stands.
    pub(crate) fn new(task: &TaskId, key: &StepKey, status: StepStatus, attempt: u32) -> Self {
        Self {
            task: task.clone(),
            key: key.clone(),
            status,
            attempt,
            run_after: None,
            output: None,
            report: None,
            error: None,
            finished_at: status.is_terminal().then(Utc::now),
            duration_ms: None,
        }
    }

    fn started_at(&self) -> Option<DateTime<Utc>> {
        Some(self.finished_at? - chrono::TimeDelta::milliseconds(self.duration_ms?))
    }
}

impl BulkRow for StepRow {
    const SQL: &'static str = "INSERT INTO runtime.step_states AS s
            (task_id, key, status, attempt, run_after, output, report, error, started_at, finished_at, duration_ms)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::timestamptz[], $6::jsonb[], $7::jsonb[],
                             $8::text[], $9::timestamptz[], $10::timestamptz[], $11::bigint[])
        ON CONFLICT (task_id, key) DO UPDATE SET status = EXCLUDED.status, attempt = EXCLUDED.attempt,
            run_after = EXCLUDED.run_after, output = coalesce(EXCLUDED.output, s.output),
            report = coalesce(EXCLUDED.report, s.report), error = EXCLUDED.error, started_at = EXCLUDED.started_at,
            finished_at = EXCLUDED.finished_at, duration_ms = coalesce(EXCLUDED.duration_ms, s.duration_ms)";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.task.as_str()),
            column(rows, |row| row.key.as_str()),
            column(rows, |row| row.status.as_str()),
            column(rows, |row| i32::try_from(row.attempt).unwrap_or(i32::MAX)),
            column(rows, |row| row.run_after),
            column(rows, |row| row.output.as_ref().map(|output| Json(&output.output))),
            column(rows, |row| {
                let completed = row.output.as_ref().map(|output| &output.report);
                completed.or(row.report.as_ref()).map(Json)
            }),
            column(rows, |row| row.error.as_deref()),
            column(rows, Self::started_at),
            column(rows, |row| row.finished_at),
            column(rows, |row| row.duration_ms),
        ]
    }
}

/// A task that has ended, by the commit of its supervisor.
pub(crate) struct TaskEndRow {
    pub(crate) id: TaskId,
    /// The number of the commit.
    pub(crate) no: i64,
    /// A step completed with it.
    pub(crate) progressed: bool,
    pub(crate) status: TaskStatus,
    pub(crate) result: Value,
    pub(crate) error: Option<String>,
}

impl BulkRow for TaskEndRow {
    // A task that gets on is not the killer of its nodes: rescues count from its last completed step.
    const SQL: &'static str = "WITH gone AS (
            DELETE FROM runtime.leases WHERE task_id = ANY($1) RETURNING task_id, progressed
        )
        UPDATE runtime.tasks t SET commit_no = c.no, status = c.status, result = c.result, error = c.error, node_id = NULL,
            finished_at = now(), rescues = CASE WHEN c.progressed OR coalesce(g.progressed, false) THEN 0 ELSE t.rescues END
        FROM unnest($1::text[], $2::bigint[], $3::bool[], $4::text[], $5::jsonb[], $6::text[])
             AS c(id, no, progressed, status, result, error)
        LEFT JOIN gone g ON g.task_id = c.id WHERE t.id = c.id";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![
            column(rows, |row| row.id.as_str()),
            column(rows, |row| row.no),
            column(rows, |row| row.progressed),
            column(rows, |row| row.status.as_str()),
            column(rows, |row| Json(&row.result)),
            column(rows, |row| row.error.as_deref()),
        ]
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
