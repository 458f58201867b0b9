//! The engine's queues of this product (read only).

use super::{Reader, get};
use crate::cv::topics::PRODUCT;
use estafette_actors::DbResult;
use estafette_protocol::NodeId;
use estafette_protocol::cv::admin::{QueueDepth, QueueOfKind};

/// Each state has an index of its own; asked for both at once, Postgres would look at every task that there ever was.
const DEPTH: &str = "
    SELECT kind, count(*) FILTER (WHERE status = 'queued') AS queued,
       count(*) FILTER (WHERE status = 'running') AS running,
       count(*) FILTER (WHERE status = 'running' AND ($1::text IS NULL OR node_id = $1)) AS here,
       coalesce(extract(epoch FROM max(now() - queued_at) FILTER (WHERE status = 'queued')), 0)::float8 AS oldest
    FROM (
       SELECT * FROM runtime.tasks WHERE product = $2 AND status = 'queued'
       UNION ALL
       SELECT * FROM runtime.tasks WHERE product = $2 AND status = 'running'
    ) AS open GROUP BY kind ORDER BY kind";

/// The queues: of the whole cluster, with what runs on one node where it is named.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn depth(db: &impl Reader, node: Option<&NodeId>) -> DbResult<QueueDepth> {
    let rows = db.rows(DEPTH, &[&node.map(NodeId::as_str), &PRODUCT]).await?;
    let mut depth = QueueDepth { node: node.cloned(), queued: 0, running: 0, oldest_s: 0.0, kinds: Vec::new() };
    for row in &rows {
        let kind = QueueOfKind {
            kind: get(row, "kind")?,
            queued: get(row, "queued")?,
            running: get(row, "running")?,
            oldest_s: get(row, "oldest")?,
        };
        depth.queued += kind.queued;
        depth.running += get::<i64>(row, "here")?;
        depth.oldest_s = depth.oldest_s.max(kind.oldest_s);
        depth.kinds.push(kind);
    }
    Ok(depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_state_is_found_by_its_index() {
        let database = crate::testing::database().await;
        let plan = crate::testing::plan(&database.db(), DEPTH, &[&None::<&str>, &PRODUCT]).await.unwrap();
        assert!(plan.contains("tasks_waiting") && plan.contains("tasks_at_work"), "{plan}");
    }
}
