//! The event log of a CV, read for conflicts and repetitions. The product never writes it but through `Tx::emit`.

use super::{Reader, get};
use estafette_actors::DbResult;
use serde_json::Value;

/// Patches that a conflict carries; who is further behind reads the CV again.
pub const MAX_PATCHES: i64 = 200;

/// What moved a CV's revision after `rev`, in order: `(kind, data)`.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn after_rev(db: &impl Reader, topic: &str, rev: i64) -> DbResult<Vec<(String, Value)>> {
    let rows = db
        .rows(
            "SELECT kind, data FROM (
                SELECT e.seq, e.kind, e.data FROM runtime.events e JOIN runtime.topics t ON t.id = e.topic_id
                WHERE t.product = 'cv' AND t.topic = $1 AND e.kind IN ('cv.changed', 'cv.change_decided')
                ORDER BY e.seq DESC LIMIT $2) newest
             WHERE (data ->> 'rev')::bigint > $3 ORDER BY seq",
            &[&topic, &(MAX_PATCHES * 2), &rev],
        )
        .await?;
    rows.iter().map(|row| Ok((get(row, "kind")?, get(row, "data")?))).collect()
}

/// How a change was decided, by the log: what is left of a review that is over.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn decision(db: &impl Reader, topic: &str, change: &str) -> DbResult<Option<String>> {
    let row = db
        .row(
            "SELECT e.data ->> 'decision' AS decision FROM runtime.events e JOIN runtime.topics t ON t.id = e.topic_id
             WHERE t.product = 'cv' AND t.topic = $1 AND e.kind = 'cv.change_decided' AND e.data ->> 'change_id' = $2
             ORDER BY e.seq DESC LIMIT 1",
            &[&topic, &change],
        )
        .await?;
    row.as_ref().map_or(Ok(None), |row| get(row, "decision"))
}
