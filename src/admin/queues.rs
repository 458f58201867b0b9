//! The queues of a product.

use estafette_actors::{Db, DbResult};
use estafette_protocol::ProductId;
use serde::Serialize;

/// One kind of task.
#[derive(Debug, Serialize)]
pub(super) struct Queue {
    /// The kind.
    pub kind: String,
    /// Waiting for a node.
    pub queued: i64,
    /// How long the oldest of them has waited, seconds.
    pub oldest_seconds: f64,
    /// Running, on all nodes.
    pub running: i64,
    /// Taken back from nodes that died, of those that have not ended.
    pub rescued: i64,
    /// Ended well in the last hour.
    pub completed: i64,
    /// Ended as failed in the last hour.
    pub failed: i64,
    /// Cancelled in the last hour.
    pub cancelled: i64,
    /// Why the newest failed one failed, if one did in the last hour.
    pub last_error: Option<String>,
}

/// Each part has an index of its own; asked for together, Postgres would look at every task that there ever was.
const READ: &str = "
    SELECT kind, count(*) FILTER (WHERE status = 'queued'),
           coalesce(extract(epoch FROM max(now() - queued_at) FILTER (WHERE status = 'queued')), 0)::float8,
           count(*) FILTER (WHERE status = 'running'),
           count(*) FILTER (WHERE status IN ('queued', 'running') AND rescues > 0),
           count(*) FILTER (WHERE status = 'completed'), count(*) FILTER (WHERE status = 'failed'),
           count(*) FILTER (WHERE status = 'cancelled'),
           (array_agg(error ORDER BY finished_at DESC) FILTER (WHERE status = 'failed'))[1]
    FROM (
       SELECT * FROM runtime.tasks WHERE product = $1 AND status = 'queued'
       UNION ALL
       SELECT * FROM runtime.tasks WHERE product = $1 AND status = 'running'
       UNION ALL
       SELECT * FROM runtime.tasks WHERE product = $1 AND status NOT IN ('queued', 'running')
           AND finished_at > now() - interval '1 hour'
    ) AS seen GROUP BY kind ORDER BY kind";

/// All kinds of which a task is open, or ended in the last hour.
///
/// # Errors
/// [`estafette_actors::DbError`] when the database does not answer.
pub(super) async fn read(db: &Db, product: &ProductId) -> DbResult<Vec<Queue>> {
    let rows = db.query(READ, &[&product.as_str()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Queue {
                kind: row.try_get(0)?,
                queued: row.try_get(1)?,
                oldest_seconds: row.try_get(2)?,
                running: row.try_get(3)?,
                rescued: row.try_get(4)?,
                completed: row.try_get(5)?,
                failed: row.try_get(6)?,
                cancelled: row.try_get(7)?,
                last_error: row.try_get(8)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_open_is_found_by_the_index_of_its_state() {
        let database = crate::testing::database().await;
        let plan = crate::testing::plan(&database.db(), READ, &[&"cv"]).await.unwrap();
        assert!(plan.contains("tasks_waiting") && plan.contains("tasks_at_work"), "{plan}");
    }
}
