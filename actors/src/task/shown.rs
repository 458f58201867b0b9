//! How the steps of a task stand, for those who show them: the plan, the rows of the steps that do not stand as planned,
//! and the attempts that run, put together here. The view `runtime.steps` says the same for whoever asks in SQL, at four
//! times the price.

use super::layout::{LaidStep, Standing, StateRow, lay_out};
use super::spec::StepSpec;
use super::store::AtWork;
use crate::db::DbResult;
use estafette_protocol::task::StepStatus;
use serde_json::{Map, Value};
use std::collections::HashMap;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

/// Asks for the steps of tasks (`$1`, an array), for [`shown`]: a row a step that has one, and one for a task where none
/// has.
pub const SHOWN: &str = "
SELECT CASE WHEN row_number() OVER (PARTITION BY t.id ORDER BY s.ord) = 1 THEN t.plan END, l.at_work,
       s.key, s.spec, s.status, s.attempt, s.error, s.report, s.duration_ms, t.id
FROM runtime.tasks t LEFT JOIN runtime.leases l ON l.task_id = t.id LEFT JOIN runtime.step_states s ON s.task_id = t.id
WHERE t.id = ANY($1) ORDER BY t.id, s.ord";

/// A step as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownStep {
    /// What it is.
    pub spec: StepSpec,
    /// How it stands.
    pub status: StepStatus,
    /// Attempts begun.
    pub attempt: u32,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// What the last attempt used.
    pub report: Option<Map<String, Value>>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
}

/// What those who show a step want to know besides how it stands.
#[derive(Default)]
struct Used {
    report: Option<Map<String, Value>>,
    duration_ms: Option<u64>,
}

fn used_row(row: &Row) -> DbResult<StateRow<Used>> {
    StateRow::read(row, 2, |_| {
        Ok(Used {
            report: row.try_get::<_, Option<Json<_>>>(7)?.map(|Json(report)| report),
            duration_ms: row.try_get::<_, Option<i64>>(8)?.and_then(|ms| u64::try_from(ms).ok()),
        })
    })
}

impl From<LaidStep<Used>> for ShownStep {
    fn from(LaidStep { spec, standing }: LaidStep<Used>) -> Self {
        let Standing { status, attempt, error, more: Used { report, duration_ms } } = standing;
        Self { spec, status, attempt, error, report, duration_ms }
    }
}

/// The steps of tasks in their order, by the tasks' ids, from the rows of [`SHOWN`]. A task that is not there has none.
///
/// # Errors
/// [`DbError::Data`](crate::error::DbError::Data) when a row was not written by the runtime.
pub fn shown(rows: &[Row]) -> DbResult<HashMap<String, Vec<ShownStep>>> {
    let mut tasks = HashMap::new();
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let id: &str = first.try_get(9)?;
        let others = rest.iter().position(|row| row.try_get::<_, &str>(9).ok() != Some(id));
        let (task, after) = rest.split_at(others.unwrap_or(rest.len()));
        tasks.insert(id.to_owned(), shown_task(first, task)?);
        rest = after;
    }
    Ok(tasks)
}

fn shown_task(first: &Row, rows: &[Row]) -> DbResult<Vec<ShownStep>> {
    let Json(plan) = first.try_get::<_, Json<Vec<StepSpec>>>(0)?;
    let at_work = first.try_get::<_, Option<Json<AtWork>>>(1)?.map(|Json(at_work)| at_work).unwrap_or_default();
    // No step of the task has a row: there is one, without a key.
    let states = match first.try_get::<_, Option<&str>>(2)? {
        Some(_) => rows.iter().map(used_row).collect::<DbResult<Vec<_>>>()?,
        None => Vec::new(),
    };
    Ok(lay_out(plan, states, at_work)?.into_iter().map(ShownStep::from).collect())
}
