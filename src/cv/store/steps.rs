//! The engine's rows of a task's steps, read for snapshots. The product never writes them.

use super::{Reader, get, json, unsigned, word};
use estafette_actors::DbResult;
use estafette_protocol::cv::task::{StepReport, StepView};
use estafette_protocol::task::StepStatus;
use serde_json::Value;
use tokio_postgres::Row;

fn step(row: &Row) -> DbResult<StepView> {
    let spec: Value = get(row, "spec")?;
    let label = |name: &str| {
        spec.pointer(&format!("/labels/{name}")).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok())
    };
    let status: StepStatus = word(row, "status")?;
    let report: Option<StepReport> = json(row, "report")?;
    Ok(StepView {
        step: word(row, "key")?,
        kind: spec.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned(),
        status,
        offer_index: label("offer_index"),
        item_index: label("item_index"),
        attempt: unsigned(row, "attempt")?,
        weight: spec.get("weight").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
        error: get(row, "error")?,
        duration_ms: get::<Option<i64>>(row, "duration_ms")?.and_then(|ms| u64::try_from(ms).ok()),
        report: (status == StepStatus::Completed).then(|| report.unwrap_or_default()),
    })
}

/// The steps of a task in the order in which they were planned.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn of_task(db: &impl Reader, task: &str) -> DbResult<Vec<StepView>> {
    let rows = db
        .rows(
            "SELECT key, spec, status, attempt, report, error, duration_ms FROM runtime.steps WHERE task_id = $1
             ORDER BY ord, key",
            &[&task],
        )
        .await?;
    rows.iter().map(step).collect()
}
