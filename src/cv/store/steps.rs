//! How the runtime says that a task's steps stand, read for snapshots. The product never writes them.

use super::Reader;
use estafette_actors::task::shown::{SHOWN, ShownStep, shown};
use estafette_actors::{DbError, DbResult};
use estafette_protocol::cv::task::{StepReport, StepView};
use estafette_protocol::task::StepStatus;
use serde::Deserialize as _;
use serde_json::{Map, Value};
use std::collections::HashMap;

fn view(step: ShownStep) -> DbResult<StepView> {
    let label = |name: &str| step.spec.labels.get(name).and_then(Value::as_u64).and_then(|at| u32::try_from(at).ok());
    let report = |report: Map<String, Value>| {
        StepReport::deserialize(Value::Object(report)).map_err(|error| DbError::Data(error.to_string()))
    };
    Ok(StepView {
        offer_index: label("offer_index"),
        item_index: label("item_index"),
        report: match step.status {
            StepStatus::Completed => Some(step.report.map(report).transpose()?.unwrap_or_default()),
            _ => None,
        },
        step: step.spec.key,
        kind: step.spec.kind,
        status: step.status,
        attempt: step.attempt,
        weight: step.spec.weight,
        error: step.error,
        duration_ms: step.duration_ms,
    })
}

/// The steps of tasks, by their ids, in the order in which they were planned.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn of_tasks(db: &impl Reader, tasks: &[&str]) -> DbResult<HashMap<String, Vec<StepView>>> {
    let shown = shown(&db.rows(SHOWN, &[&tasks]).await?)?;
    shown.into_iter().map(|(task, steps)| Ok((task, steps.into_iter().map(view).collect::<DbResult<_>>()?))).collect()
}
