//! Tasks whose node was not heard of for a while, before it is taken for lost: those who wait are told that, and where the
//! task will resume (protocol P41, `worker_lost`).

use crate::bus::Bus;
use crate::db::{Db, DbResult};
use crate::error::DbError;
use crate::event::{LiveEvent, TopicKey};
use crate::limits::{SUSPECT_AFTER, SUSPECTS};
use chrono::{DateTime, Utc};
use estafette_protocol::task::{TaskProgress, TaskWait, WaitReason};
use estafette_protocol::{EventKind, NodeId, ProductId, StepKey, Timestamp, Topic};
use std::sync::Arc;

/// Tasks of a node with the steps that would begin again and the share of the work that is done.
const TASKS: &str = "
SELECT t.id, t.product, array_agg(s.key ORDER BY s.ord) FILTER (WHERE s.status = 'running'),
       coalesce(sum((s.spec->>'weight')::float8) FILTER (WHERE s.status = 'completed'), 0)
           / greatest(sum((s.spec->>'weight')::float8), 1)
FROM (SELECT id, product FROM runtime.tasks WHERE status = 'running' AND node_id = $1 ORDER BY id LIMIT $2) t
JOIN runtime.steps s ON s.task_id = t.id GROUP BY t.id, t.product";

/// Tells those who wait for the tasks of a node that was last heard of at `heard`, if that is too long ago.
///
/// # Errors
/// [`DbError`].
pub async fn announce(db: &Db, bus: &Arc<dyn Bus>, node: &str, heard: DateTime<Utc>) -> DbResult<()> {
    if (Utc::now() - heard).to_std().unwrap_or_default() < SUSPECT_AFTER {
        return Ok(());
    }
    let data = |error: &dyn std::fmt::Display| DbError::Data(error.to_string());
    let kind = EventKind::parse("task.progress").map_err(|error| data(&error))?;
    let node = NodeId::parse(node).map_err(|error| data(&error))?;
    for row in db.query(TASKS, &[&node.as_str(), &SUSPECTS]).await? {
        let topic = Topic::of("task", row.try_get::<_, &str>(0)?).map_err(|error| data(&error))?;
        let product = ProductId::parse(row.try_get::<_, &str>(1)?).map_err(|error| data(&error))?;
        let steps: Vec<String> = row.try_get::<_, Option<Vec<String>>>(2)?.unwrap_or_default();
        let progress = progress(steps, row.try_get(3)?, &node, heard);
        let progress = serde_json::to_value(progress).map_err(|error| data(&error))?;
        let key = TopicKey { product, topic };
        bus.publish_live(LiveEvent::new(key, "task".to_owned(), kind.clone(), progress));
    }
    Ok(())
}

fn progress(steps: Vec<String>, fraction: f64, node: &NodeId, heard: DateTime<Utc>) -> TaskProgress {
    let wait = |step: Option<StepKey>| TaskWait {
        step,
        node: Some(node.clone()),
        ..TaskWait::new(WaitReason::WorkerLost, Timestamp::new(heard))
    };
    let waits = match steps.is_empty() {
        true => vec![wait(None)],
        false => steps.into_iter().map(|step| wait(StepKey::parse(step).ok())).collect(),
    };
    TaskProgress { fraction, running: Vec::new(), queue_position: None, waits }
}
