//! The node: one a process. Holds the advisory lock that says the process lives, renews its heartbeat, looks for nodes
//! that are gone and rescues their tasks, trims what is old, and starts its children again when they fail.

use crate::bus::Bus;
use crate::config::RuntimeConfig;
use crate::db::{Db, DbResult};
use crate::limits::{
    COMMIT_WRITERS, HEARTBEAT_EVERY, HEARTBEAT_LIMIT, NOTICE_KEEP, RESCUE_EVERY, RETURN_GRACE, SUSPECT_AFTER,
};
use crate::mailbox::Slot;
use crate::registry::Registry;
use crate::statistics;
use crate::task::places::Places;
use crate::task::rescue::{Lost, rescue};
use crate::task::suspect;
use crate::writer::add::{self, AddWriter};
use crate::writer::commit::CommitWriter;
use actix::prelude::*;
use estafette_protocol::NodeId;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rows trimmed at once, and how often.
const TRIM_ROWS: i64 = 5_000;
const TRIM_EVERY: Duration = Duration::from_secs(60);
/// How often tables are looked for that have grown.
const STATISTICS_EVERY: Duration = Duration::from_secs(2);

/// Removes a node that has no running task left. One that has keeps its row, so that the next look finds it again.
const FORGET_NODE: &str = "DELETE FROM runtime.nodes n WHERE id = $1
    AND NOT EXISTS (SELECT 1 FROM runtime.tasks WHERE node_id = n.id AND status = 'running')";

/// The node.
pub struct Node {
    pub(crate) id: NodeId,
    pub(crate) lock_key: i64,
    pub(crate) db: Db,
    pub(crate) registry: Arc<Registry>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) config: RuntimeConfig,
    pub(crate) writers: Vec<Slot<CommitWriter>>,
    pub(crate) adder: Slot<AddWriter>,
    pub(crate) places: Arc<Places>,
    pub(crate) lock: Option<deadpool_postgres::ClientWrapper>,
    pub(crate) steady: Steady,
    /// The last heartbeat that was written.
    pub(crate) heard: Instant,
    pub(crate) beating: Option<Instant>,
    pub(crate) rescuing: bool,
    pub(crate) trimming: bool,
    pub(crate) analyzing: bool,
    pub(crate) leaving: bool,
}

/// Since when this node sees the database without a break. Who was away itself must not judge others: after an outage
/// every lock is free and every heartbeat old until its node is back.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Steady {
    /// Never disturbed since the start.
    #[default]
    Always,
    /// Its own heartbeat fails now.
    Lost,
    /// Its heartbeat works again since then.
    Since(Instant),
}

impl Steady {
    fn for_at_least(self, time: Duration) -> bool {
        match self {
            Self::Always => true,
            Self::Lost => false,
            Self::Since(since) => since.elapsed() >= time,
        }
    }

    fn after_a_beat(self, worked: bool, took: Duration) -> Self {
        match self {
            _ if !worked => Self::Lost,
            // It worked, but something held it up: the others may have been held up by the same.
            _ if took > HEARTBEAT_EVERY * 2 => Self::Since(Instant::now()),
            Self::Lost => Self::Since(Instant::now()),
            steady => steady,
        }
    }
}

/// What a look at the other nodes may conclude.
#[derive(Debug, Clone, Copy)]
struct Judgement {
    /// A free lock means a dead node.
    by_lock: bool,
    /// An old heartbeat means a node that hangs.
    by_silence: bool,
}

/// Takes the lock that says "this process lives", on a connection that is used for nothing else.
pub(crate) async fn take_lock(db: &Db, id: &NodeId, key: i64) -> DbResult<deadpool_postgres::ClientWrapper> {
    let client = deadpool_postgres::Object::take(db.connection().await?);
    let taken = async {
        client.query_one("SELECT pg_advisory_lock($1)", &[&key]).await?;
        client
            .execute(
                "INSERT INTO runtime.nodes (id, lock_key) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET heartbeat_at = now()",
                &[&id.as_str(), &key],
            )
            .await?;
        DbResult::Ok(())
    };
    db.bounded(taken).await?;
    Ok(client)
}

/// Starts the commit writers of a node.
pub(crate) fn start_writers(db: &Db, registry: &Arc<Registry>, bus: &Arc<dyn Bus>) -> Vec<Slot<CommitWriter>> {
    (0..COMMIT_WRITERS)
        .map(|_| Slot::new(CommitWriter::new(db.clone(), Arc::clone(registry), Arc::clone(bus)).start()))
        .collect()
}

/// Starts the writer of calls that only add.
pub(crate) fn start_adder(
    db: &Db,
    registry: &Arc<Registry>,
    bus: &Arc<dyn Bus>,
    places: &Arc<Places>,
) -> Addr<AddWriter> {
    let (registry, bus, places) = (Arc::clone(registry), Arc::clone(bus), Arc::clone(places));
    AddWriter::new(add::Setup { db: db.clone(), registry, bus, places }).start()
}

impl Node {
    fn beat(&mut self, ctx: &mut Context<Self>) {
        if self.beating.is_some() || self.leaving {
            return;
        }
        let began = Instant::now();
        self.beating = Some(began);
        let (db, id, key, lock) = (self.db.clone(), self.id.clone(), self.lock_key, self.lock.take());
        let work = async move {
            let lock = match lock {
                Some(lock) if !lock.is_closed() => lock,
                // The database was restarted or the link was cut: the lock is gone and must be taken again. Until then
                // other nodes may rescue this node's tasks; the fence keeps the two apart.
                _ => match take_lock(&db, &id, key).await {
                    Ok(lock) => lock,
                    Err(error) => {
                        if db.gate().is_up() {
                            tracing::warn!(%error, "the node's lock could not be taken");
                        }
                        return None;
                    }
                },
            };
            let name = id.as_str();
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&name, &key];
            let beat = lock.execute(
                "INSERT INTO runtime.nodes (id, lock_key) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET heartbeat_at = now()",
                &values,
            );
            match tokio::time::timeout(HEARTBEAT_LIMIT, beat).await {
                Ok(Ok(_)) => Some(lock),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the node's heartbeat failed");
                    None
                }
                Err(_elapsed) => None,
            }
        };
        ctx.spawn(work.into_actor(self).map(move |lock, node, ctx| {
            node.beating = None;
            node.steady = node.steady.after_a_beat(lock.is_some(), began.elapsed());
            let had = node.lock.is_some();
            node.lock = lock;
            if node.lock.is_some() && std::mem::replace(&mut node.heard, Instant::now()).elapsed() > SUSPECT_AFTER {
                node.db.gate().returned();
            }
            if had && node.lock.is_none() && node.db.gate().is_up() {
                // The lock is taken again at once, before others take this node for dead.
                node.beat(ctx);
            }
        }));
    }

    fn look_for_the_dead(&mut self, ctx: &mut Context<Self>) {
        if self.rescuing || self.leaving || !self.db.gate().is_up() {
            return;
        }
        let held_up = self.beating.is_some_and(|since| since.elapsed() > HEARTBEAT_EVERY * 2)
            || self.lock.as_ref().is_some_and(|lock| lock.is_closed());
        let judgement = Judgement {
            by_lock: !held_up && self.steady.for_at_least(RETURN_GRACE),
            by_silence: !held_up && self.steady.for_at_least(HEARTBEAT_LIMIT),
        };
        self.rescuing = true;
        let (db, id) = (self.db.clone(), self.id.clone());
        let (registry, bus) = (Arc::clone(&self.registry), Arc::clone(&self.bus));
        let work = async move { rescue_dead_nodes(&db, &id, &registry, &bus, judgement).await };
        ctx.spawn(work.into_actor(self).map(|result, node, _| {
            node.rescuing = false;
            match result {
                Ok(others) => node.places.set_alone(others == 0),
                Err(error) => tracing::warn!(%error, "other nodes could not be looked at"),
            }
        }));
    }

    fn trim(&mut self, ctx: &mut Context<Self>) {
        if self.trimming || self.leaving {
            return;
        }
        self.trimming = true;
        let (db, events, journal) = (self.db.clone(), self.config.event_retention, self.config.journal);
        ctx.spawn(async move { trim(&db, events, journal).await }.into_actor(self).map(|result, node, _| {
            node.trimming = false;
            if let Err(error) = result {
                tracing::warn!(%error, "old rows could not be trimmed");
            }
        }));
    }

    fn renew_statistics(&mut self, ctx: &mut Context<Self>) {
        if self.analyzing || self.leaving || !self.db.gate().is_up() {
            return;
        }
        self.analyzing = true;
        let (db, schemas) = (self.db.clone(), self.registry.schemas());
        ctx.spawn(async move { statistics::renew(&db, &schemas).await }.into_actor(self).map(|result, node, _| {
            node.analyzing = false;
            if let Err(error) = result {
                tracing::warn!(%error, "the statistics of tables that grew could not be renewed");
            }
        }));
    }

    fn mind_children(&mut self) {
        for slot in &self.writers {
            if !slot.get().connected() {
                tracing::error!("a commit writer stopped; it is started again");
                slot.set(CommitWriter::new(self.db.clone(), Arc::clone(&self.registry), Arc::clone(&self.bus)).start());
            }
        }
        if !self.adder.get().connected() {
            tracing::error!("the writer of added calls stopped; it is started again");
            // What it had in its hands may be written, and nobody may work on it.
            self.places.doubt();
            self.adder.set(start_adder(&self.db, &self.registry, &self.bus, &self.places));
        }
    }
}

/// A node whose lock can be taken is dead; one whose heartbeat is old hangs or is cut off. Both lose their tasks. One that
/// was not heard of for a while is suspected: those who wait for its tasks are told. Returns how many other nodes there were.
async fn rescue_dead_nodes(
    db: &Db,
    own: &NodeId,
    registry: &Arc<Registry>,
    bus: &Arc<dyn Bus>,
    judgement: Judgement,
) -> DbResult<usize> {
    let (limit, grace) = (HEARTBEAT_LIMIT.as_secs_f64(), RETURN_GRACE.as_secs_f64());
    let asked = Instant::now();
    let others = db
        .query(
            "SELECT id, lock_key, heartbeat_at < now() - make_interval(secs => $2), heartbeat_at,
                    pg_postmaster_start_time() < now() - make_interval(secs => $3)
             FROM runtime.nodes WHERE id <> $1",
            &[&own.as_str(), &limit, &grace],
        )
        .await?;
    let count = others.len();
    if asked.elapsed() > HEARTBEAT_EVERY {
        // The answer itself was held up, and so may the others' heartbeats have been.
        return Ok(count);
    }
    for row in others {
        let (id, key, silent): (String, i64, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let (heard, settled): (chrono::DateTime<chrono::Utc>, bool) = (row.try_get(3)?, row.try_get(4)?);
        if judgement.by_lock && settled {
            db.bounded(rescue_if_dead(db, &id, key, registry, bus)).await?;
        }
        if silent && judgement.by_silence {
            take_over(db, &id, false, registry, bus).await?;
        } else if judgement.by_lock {
            suspect::announce(db, bus, &id, heard).await?;
        }
    }
    Ok(count)
}

async fn rescue_if_dead(db: &Db, id: &str, key: i64, registry: &Arc<Registry>, bus: &Arc<dyn Bus>) -> DbResult<()> {
    let client = db.connection().await?;
    let free: bool = client.query_one("SELECT pg_try_advisory_lock($1)", &[&key]).await?.try_get(0)?;
    if !free {
        return Ok(());
    }
    let result = take_over(db, id, true, registry, bus).await;
    client.query_one("SELECT pg_advisory_unlock($1)", &[&key]).await?;
    result
}

async fn take_over(db: &Db, id: &str, dead: bool, registry: &Arc<Registry>, bus: &Arc<dyn Bus>) -> DbResult<()> {
    let mut rescued = 0;
    loop {
        match rescue(db, registry, bus, &Lost::Node(id)).await? {
            0 => break,
            some => rescued += some,
        }
    }
    if dead {
        db.execute(FORGET_NODE, &[&id]).await?;
    }
    if rescued > 0 || dead {
        tracing::info!(node = id, rescued, dead, "a node is gone; its tasks went back to the queue");
    }
    Ok(())
}

async fn trim(db: &Db, retention: Duration, journal: Duration) -> DbResult<()> {
    db.execute(
        "DELETE FROM runtime.journal WHERE id IN
            (SELECT id FROM runtime.journal WHERE at < now() - make_interval(secs => $1) LIMIT $2)",
        &[&journal.as_secs_f64(), &(TRIM_ROWS * 10)],
    )
    .await?;
    db.execute(
        "DELETE FROM runtime.notices WHERE at < now() - 2 * make_interval(secs => $1)",
        &[&NOTICE_KEEP.as_secs_f64()],
    )
    .await?;
    // Who was not served for a day stands before everybody who was, with or without a row.
    db.execute("DELETE FROM runtime.turns WHERE served_at < now() - interval '1 day'", &[]).await?;
    db.execute(
        "DELETE FROM runtime.calls WHERE (product, user_id, key) IN
            (SELECT product, user_id, key FROM runtime.calls WHERE created_at < now() - interval '24 hours' LIMIT $1)",
        &[&TRIM_ROWS],
    )
    .await?;
    db.execute(
        "WITH gone AS (
            DELETE FROM runtime.log e USING (
                SELECT topic_id, seq FROM runtime.log WHERE at < now() - make_interval(secs => $1) LIMIT $2
            ) old WHERE e.topic_id = old.topic_id AND e.seq = old.seq RETURNING e.topic_id, e.seq
         )
         UPDATE runtime.topics t SET floor_seq = greatest(t.floor_seq, g.seq)
         FROM (SELECT topic_id, max(seq) AS seq FROM gone GROUP BY 1) g WHERE t.id = g.topic_id",
        &[&retention.as_secs_f64(), &TRIM_ROWS],
    )
    .await?;
    Ok(())
}

impl Actor for Node {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(HEARTBEAT_EVERY, Self::beat);
        ctx.run_interval(RESCUE_EVERY, |node, ctx| {
            node.mind_children();
            node.look_for_the_dead(ctx);
        });
        ctx.run_interval(TRIM_EVERY, Self::trim);
        ctx.run_interval(STATISTICS_EVERY, Self::renew_statistics);
        self.look_for_the_dead(ctx);
    }
}

/// The node leaves: its row goes, its lock is given back, and nobody has to find out.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Depart;

impl Handler<Depart> for Node {
    type Result = ResponseFuture<()>;
    fn handle(&mut self, _: Depart, _: &mut Self::Context) -> Self::Result {
        self.leaving = true;
        let (lock, id, db) = (self.lock.take(), self.id.clone(), self.db.clone());
        Box::pin(async move {
            if let Err(error) = db.execute(FORGET_NODE, &[&id.as_str()]).await {
                tracing::warn!(%error, "the node's row could not be removed; others will");
            }
            drop(lock);
        })
    }
}
