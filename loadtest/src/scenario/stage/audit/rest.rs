//! What nodes hold at rest, when the people have gone: memory and file handles, and in the database connections, locks
//! and rows of nodes.

use super::bad;
use crate::check::Check;
use crate::scenario::Failure;
use crate::scenario::stage::Stage;
use crate::scenario::stage::vitals::look;
use std::time::{Duration, Instant};

/// File handles of a node at rest: its pool, its listeners, its log, its threads' wake-ups, with room.
const HANDLES: f64 = 120.0;
/// Resident memory of a node at rest, MiB; a build for debugging needs more than one for use.
const MEMORY_MIB: f64 = 400.0;
/// Rest comes within this time: sessions outlive their sockets by 30 s, dead nodes are forgotten in seconds.
const WITHIN: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Each query counts what must not be there.
const LEFT_BEHIND: &[(&str, &str)] = &[
    (
        "transactions that nobody ends",
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'estafette'
            AND state LIKE 'idle in transaction%' AND now() - state_change > interval '3 seconds'",
    ),
    (
        "statements that do not end",
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'estafette' AND state = 'active'
            AND now() - query_start > interval '20 seconds'",
    ),
    ("nodes that are gone", "SELECT count(*) FROM runtime.nodes WHERE heartbeat_at < now() - interval '15 seconds'"),
    (
        "tasks that run on a node that is gone",
        "SELECT count(*) FROM runtime.tasks WHERE status = 'running' AND node_id NOT IN (SELECT id FROM runtime.nodes)",
    ),
    (
        "leases of tasks that do not run, and running tasks without one",
        "SELECT count(*) FROM runtime.leases l FULL JOIN (SELECT id, lease_epoch FROM runtime.tasks WHERE status = 'running') t
            ON t.id = l.task_id AND t.lease_epoch = l.lease WHERE t.id IS NULL OR l.task_id IS NULL",
    ),
];

/// Waits for rest, and looks.
///
/// # Errors
/// [`Failure`] when it could not be looked at.
pub async fn all(stage: &Stage) -> Result<(), Failure> {
    let until = Instant::now() + WITHIN;
    let mut open = left(stage).await?;
    while !open.is_empty() && Instant::now() < until {
        tokio::time::sleep(LOOK_EVERY).await;
        open = left(stage).await?;
    }
    let findings = &stage.shared.findings;
    findings.hold(Check::NoLeak, u64::try_from(LEFT_BEHIND.len()).unwrap_or(0) + 2);
    findings.hold(Check::Bounded, 2 * u64::try_from(stage.cluster.nodes.len()).unwrap_or(0));
    for (check, what) in open {
        findings.broken(check, what);
    }
    Ok(())
}

async fn left(stage: &Stage) -> Result<Vec<(Check, String)>, Failure> {
    let client = stage.cluster.postgres.connect().await?;
    let mut found = Vec::new();
    for (what, sql) in LEFT_BEHIND {
        let count: i64 = client.query_one(*sql, &[]).await.map_err(|error| bad(&error))?.get(0);
        if count > 0 {
            found.push((Check::NoLeak, format!("{count} {what}")));
        }
    }
    let nodes = i64::try_from(stage.cluster.nodes.len()).unwrap_or(0);
    let rows = "SELECT (SELECT count(*) FROM runtime.nodes),
        (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted)";
    let row = client.query_one(rows, &[]).await.map_err(|error| bad(&error))?;
    for (what, count) in [("rows of nodes", row.get::<_, i64>(0)), ("advisory locks", row.get::<_, i64>(1))] {
        if count != nodes {
            found.push((Check::NoLeak, format!("{count} {what} for {nodes} nodes")));
        }
    }
    for node in &stage.cluster.nodes {
        let Some(look) = look(node, stage.shared.begin) else {
            found.push((Check::Bounded, format!("{} does not run", node.name())));
            continue;
        };
        if look.handles > HANDLES {
            found.push((
                Check::Bounded,
                format!("{} holds {} file handles at rest; {HANDLES} are allowed", node.name(), look.handles),
            ));
        }
        if look.memory > MEMORY_MIB {
            found.push((
                Check::Bounded,
                format!("{} holds {:.0} MiB at rest; {MEMORY_MIB} are allowed", node.name(), look.memory),
            ));
        }
    }
    Ok(found)
}
