//! What each node tells administrators about itself: written beside its heartbeat every few seconds, so that any node
//! can answer for all of them.

use crate::db::{Db, DbResult};
use crate::session::registry::Sessions;
use crate::task::dispatcher::{Dispatcher, Running};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use estafette_protocol::NodeId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// How often a node tells.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// The slowest readers that it names.
const SLOW_READERS: usize = 20;
/// Connections that are looked at before others get a turn.
const LOOK_AT_ONCE: usize = 500;

/// What a node tells about itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeStats {
    /// Live connections.
    pub sockets: usize,
    /// Their subscriptions.
    pub subscriptions: usize,
    /// Subscriptions that read the log.
    pub behind: usize,
    /// Bytes that wait for readers.
    pub outbox_bytes: usize,
    /// Tasks that it works on.
    pub running_tasks: usize,
    /// Connections for which something waits, the most bytes first.
    pub slow_readers: Vec<SlowReader>,
}

/// A connection for which something waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowReader {
    /// Whose.
    pub user: String,
    /// The session.
    pub session: String,
    /// Bytes that wait.
    pub bytes: usize,
    /// Subscriptions that read the log.
    pub behind: usize,
    /// Volatile events that newer ones replaced.
    pub coalesced: u64,
    /// Volatile events that were dropped.
    pub dropped: u64,
}

/// A node as others see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeView {
    /// Its id.
    pub id: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Seconds since its heartbeat.
    pub heartbeat_age: f64,
    /// Tasks that its rows say it runs.
    pub tasks: i64,
    /// What it told last; `None` before the first time.
    pub stats: Option<NodeStats>,
}

/// All nodes, the oldest first.
///
/// # Errors
/// [`crate::DbError`] when the database does not answer.
pub async fn nodes(db: &Db) -> DbResult<Vec<NodeView>> {
    let rows = db
        .query(
            "SELECT n.id, n.started_at, extract(epoch FROM now() - n.heartbeat_at)::float8, n.stats,
                    (SELECT count(*) FROM runtime.tasks t WHERE t.node_id = n.id AND t.status = 'running')
             FROM runtime.nodes n ORDER BY n.started_at, n.id",
            &[],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let stats: Option<serde_json::Value> = row.try_get(3)?;
            Ok(NodeView {
                id: row.try_get(0)?,
                started_at: row.try_get(1)?,
                heartbeat_age: row.try_get(2)?,
                tasks: row.try_get(4)?,
                // Written by another version of the program, perhaps.
                stats: stats.and_then(|stats| serde_json::from_value(stats).ok()),
            })
        })
        .collect()
}

/// Tells about this node.
pub(crate) struct Census {
    pub(crate) id: NodeId,
    pub(crate) db: Db,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) dispatcher: Addr<Dispatcher>,
    pub(crate) telling: bool,
}

async fn count(sessions: &Sessions) -> NodeStats {
    let mut stats = NodeStats::default();
    let sockets = sessions.sockets();
    for some in sockets.chunks(LOOK_AT_ONCE) {
        for socket in some {
            let depth = socket.outbox.depth();
            stats.sockets += 1;
            stats.subscriptions += depth.subscriptions;
            stats.behind += depth.behind;
            stats.outbox_bytes += depth.bytes;
            if let (true, Some(log)) = (depth.bytes > 0 || depth.behind > 0, socket.outbox.log()) {
                stats.slow_readers.push(SlowReader {
                    user: log.user().to_string(),
                    session: log.session().to_string(),
                    bytes: depth.bytes,
                    behind: depth.behind,
                    coalesced: depth.coalesced,
                    dropped: depth.dropped,
                });
            }
        }
        stats.slow_readers.sort_by_key(|reader| std::cmp::Reverse((reader.bytes, reader.behind)));
        stats.slow_readers.truncate(SLOW_READERS);
        tokio::task::yield_now().await;
    }
    stats
}

impl Census {
    fn tell(&mut self, ctx: &mut Context<Self>) {
        if self.telling {
            return;
        }
        self.telling = true;
        let (id, db, sessions) = (self.id.clone(), self.db.clone(), Arc::clone(&self.sessions));
        let dispatcher = self.dispatcher.clone();
        let work = async move {
            let running_tasks = dispatcher.send(Running).await.unwrap_or(0);
            let stats = NodeStats { running_tasks, ..count(&sessions).await };
            let stats = serde_json::to_value(stats).unwrap_or_default();
            db.execute("UPDATE runtime.nodes SET stats = $2 WHERE id = $1", &[&id.as_str(), &stats]).await
        };
        ctx.spawn(work.into_actor(self).map(|result, census, _| {
            census.telling = false;
            if let Err(error) = result {
                tracing::debug!(%error, "administrators could not be told about this node");
            }
        }));
    }
}

impl Actor for Census {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.tell(ctx);
        ctx.run_interval(TELL_EVERY, Self::tell);
    }
}
