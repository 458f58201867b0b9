//! The engine's rows of a task's steps, read for snapshots. The product never writes them.

use super::{Reader, get, unsigned, word};
use estafette_actors::DbResult;
use estafette_protocol::cv::task::{StepReport, StepView};
use estafette_protocol::task::StepStatus;
use serde::Deserialize;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

/// What a reader sees of a step's plan.
#[derive(Deserialize)]
struct Plan {
    kind: String,
    weight: u32,
    #[serde(default)]
    labels: Labels,
}

#[derive(Default, Deserialize)]
struct Labels {
    offer_index: Option<u32>,
    item_index: Option<u32>,
}

fn step(row: &Row) -> DbResult<StepView> {
    let Json(plan): Json<Plan> = get(row, "spec")?;
    let status: StepStatus = word(row, "status")?;
    let report: Option<Json<StepReport>> = get(row, "report")?;
    Ok(StepView {
        step: word(row, "key")?,
        kind: plan.kind,
        status,
        offer_index: plan.labels.offer_index,
        item_index: plan.labels.item_index,
        attempt: unsigned(row, "attempt")?,
        weight: plan.weight,
        error: get(row, "error")?,
        duration_ms: get::<Option<i64>>(row, "duration_ms")?.and_then(|ms| u64::try_from(ms).ok()),
        report: (status == StepStatus::Completed).then(|| report.map(|Json(report)| report).unwrap_or_default()),
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
