//! The delivery canary: every second each node commits an event of its own, and each of its hubs has a reader of all
//! nodes' events. What users rely on is tried the whole way: Postgres → bus (or the log) → hub → outbox.
//!
//! Two numbers come of it:
//! - the **age**: how long ago this node last heard of the node it has not heard of for the longest time (of itself,
//!   when it is alone). It says how fresh the news of others are here.
//! - how long this node is **behind**: since when an event that it knows to be committed has not reached one of its own
//!   readers. Only this one is a reason to take the node out of service, and it is never another node's fault.

use crate::bus::{Bus, LocalNode};
use crate::db::{Db, DbResult};
use crate::event::{NewEvent, StoredEvent, TopicKey, log};
use crate::hub::{Attach, Hub};
use crate::limits::{CANARY_ANSWER, CANARY_BROKEN, CANARY_EVERY, CANARY_HEARTBEAT, CANARY_KEEP, CANARY_TRIM_EVERY};
use crate::session::outbox::{Bounds, Outbox, Work};
use actix::prelude::*;
use chrono::Utc;
use estafette_protocol::{Codec, EventKind, NodeId, Position, ProductId, ServerMessage, Topic};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How delivery to this node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivery {
    /// Time since the last news of the node that was not heard of for the longest time. `None`: nobody reads yet.
    pub age: Option<Duration>,
    /// Since when a committed event has not reached a reader of this node. `None`: all have.
    pub behind: Option<Duration>,
    /// How long the newest event of another node (of this one, when it is alone) took from its commit to here.
    pub took: Option<Duration>,
}

impl Delivery {
    /// Whether readers on this node really miss events.
    pub fn is_broken(&self) -> bool {
        self.behind.is_some_and(|behind| behind > CANARY_BROKEN)
    }
}

#[derive(Debug, Default)]
struct Seen {
    /// The other nodes that live, and since when they are expected.
    expected: HashMap<String, Instant>,
    heard: HashMap<String, Instant>,
    /// Own events: number, and when the commit was over.
    committed: VecDeque<(u64, Instant)>,
    /// The newest event that each hub's reader has.
    cursors: HashMap<usize, u64>,
    took: Option<Duration>,
}

/// What was seen so far; shared with whoever asks.
#[derive(Debug)]
pub struct Watch {
    own: String,
    seen: Mutex<Seen>,
}

impl Watch {
    /// Nothing seen yet.
    pub fn new(own: &NodeId) -> Arc<Self> {
        Arc::new(Self { own: own.as_str().to_owned(), seen: Mutex::default() })
    }

    /// How delivery is now.
    pub fn delivery(&self) -> Delivery {
        let seen = self.seen.lock();
        if seen.cursors.is_empty() {
            return Delivery::default();
        }
        let others = seen.expected.iter().map(|(node, since)| seen.heard.get(node).map_or(*since, |at| *at.max(since)));
        let oldest = others.min().or_else(|| seen.heard.get(&self.own).copied());
        let cursor = seen.cursors.values().min().copied().unwrap_or(0);
        let unread = seen.committed.iter().find(|(seq, _)| *seq > cursor);
        Delivery {
            age: oldest.map(|at| at.elapsed()),
            // The way of an event takes a moment: what is under way is not missed.
            behind: unread.map(|(_, at)| at.elapsed()).filter(|behind| *behind > CANARY_EVERY),
            took: seen.took,
        }
    }

    fn expect(&self, others: Vec<String>) {
        let mut seen = self.seen.lock();
        let now = Instant::now();
        let before = std::mem::take(&mut seen.expected);
        let since = |node: String| (before.get(&node).copied().unwrap_or(now), node);
        seen.expected = others.into_iter().map(since).map(|(since, node)| (node, since)).collect();
        let Seen { heard, expected, .. } = &mut *seen;
        heard.retain(|node, _| *node == self.own || expected.contains_key(node));
    }

    fn committed(&self, seq: u64) {
        let mut seen = self.seen.lock();
        let cursor = seen.cursors.values().min().copied().unwrap_or(u64::MAX);
        seen.committed.retain(|(seq, _)| *seq > cursor);
        // The oldest unread one is what counts.
        if seen.committed.len() < CANARY_KEEP {
            seen.committed.push_back((seq, Instant::now()));
        }
    }

    fn read(&self, reader: usize, message: &Value) {
        let (Some(seq), Some(node)) = (message["seq"].as_u64(), message["data"]["node"].as_str()) else { return };
        let mut seen = self.seen.lock();
        if let Some(cursor) = seen.cursors.get_mut(&reader) {
            *cursor = seq;
        }
        if node != self.own && !seen.expected.contains_key(node) {
            return;
        }
        seen.heard.insert(node.to_owned(), Instant::now());
        // News of others where there are others, else one's own.
        if (node == self.own) == seen.expected.is_empty() {
            let at = message["at"].as_str().and_then(|at| chrono::DateTime::parse_from_rfc3339(at).ok());
            // By the clocks of two machines: below 0 is 0.
            seen.took = at.map(|at| (Utc::now() - at.to_utc()).to_std().unwrap_or_default());
            if let Some(took) = seen.took {
                metrics::histogram!("estafette_canary_seconds").record(took.as_secs_f64());
            }
        }
    }
}

/// The canary of a node.
pub struct Canary {
    own: NodeId,
    db: Db,
    bus: Arc<dyn Bus>,
    local: Arc<LocalNode>,
    watch: Arc<Watch>,
    key: TopicKey,
    kind: EventKind,
    readers: Vec<Addr<Hub>>,
    ticking: bool,
    resting: bool,
    broken: bool,
    trimmed: Instant,
}

/// The node goes away: no more events.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Rest;

impl Canary {
    /// A canary that starts with its actor.
    ///
    /// # Errors
    /// [`crate::DbError::Data`], never: its names are names.
    pub fn new(own: NodeId, db: Db, bus: Arc<dyn Bus>, local: Arc<LocalNode>, watch: Arc<Watch>) -> DbResult<Self> {
        let name = |error: estafette_protocol::ids::InvalidId| crate::DbError::Data(error.to_string());
        let key = TopicKey {
            product: ProductId::parse("runtime").map_err(name)?,
            topic: Topic::parse("canary").map_err(name)?,
        };
        let kind = EventKind::parse("canary").map_err(name)?;
        let trimmed = Instant::now();
        Ok(Self {
            own,
            db,
            bus,
            local,
            watch,
            key,
            kind,
            readers: Vec::new(),
            ticking: false,
            resting: false,
            broken: false,
            trimmed,
        })
    }

    fn tick(&mut self, ctx: &mut Context<Self>) {
        self.report();
        if self.ticking || self.resting {
            return;
        }
        self.add_readers(ctx);
        if self.readers.is_empty() {
            return;
        }
        self.ticking = true;
        let trim = self.trimmed.elapsed() >= CANARY_TRIM_EVERY;
        if trim {
            self.trimmed = Instant::now();
        }
        let (db, key) = (self.db.clone(), self.key.clone());
        let event = NewEvent { key: key.clone(), kind: self.kind.clone(), data: json!({"node": self.own}) };
        let own = self.own.clone();
        let work = async move {
            let sing = async {
                let (event, others) = sing(&db, &own, event).await?;
                if trim {
                    shorten(&db, &key).await?;
                }
                DbResult::Ok((event, others))
            };
            tokio::time::timeout(CANARY_ANSWER, sing).await
        };
        ctx.spawn(work.into_actor(self).map(|sung, canary, _| {
            canary.ticking = false;
            match sung {
                Ok(Ok((event, others))) => {
                    canary.watch.expect(others);
                    canary.watch.committed(event.seq);
                    canary.bus.publish([event].into());
                }
                // Readiness and the heartbeat say what there is to say about a database that does not answer.
                Ok(Err(error)) => tracing::debug!(%error, "the canary could not be committed"),
                Err(_elapsed) => tracing::debug!("the canary's commit takes too long"),
            }
        }));
    }

    fn report(&mut self) {
        let delivery = self.watch.delivery();
        if let Some(age) = delivery.age {
            metrics::gauge!("estafette_canary_age_seconds").set(age.as_secs_f64());
        }
        metrics::gauge!("estafette_canary_behind_seconds").set(delivery.behind.unwrap_or_default().as_secs_f64());
        if delivery.is_broken() != std::mem::replace(&mut self.broken, delivery.is_broken()) {
            match delivery.is_broken() {
                true => tracing::error!(?delivery, "committed events do not reach the readers of this node"),
                false => tracing::info!(?delivery, "committed events reach the readers of this node again"),
            }
        }
    }

    /// Every hub gets a reader: a thread that hangs is noticed as well.
    fn add_readers(&mut self, ctx: &mut Context<Self>) {
        self.readers.retain(Addr::connected);
        for hub in self.local.hubs() {
            if !self.readers.contains(&hub) {
                self.readers.push(hub.clone());
                let (db, key, watch) = (self.db.clone(), self.key.clone(), Arc::clone(&self.watch));
                ctx.spawn(read(db, hub, key, watch).into_actor(self));
            }
        }
    }
}

/// Commits an event. Returns it, and the other nodes that live.
async fn sing(db: &Db, own: &NodeId, event: NewEvent) -> DbResult<(Arc<StoredEvent>, Vec<String>)> {
    let mut client = db.connection().await?;
    let tx = client.transaction().await?;
    let statement = tx
        .prepare_cached(
            "SELECT id FROM runtime.nodes WHERE id <> $1 AND heartbeat_at > now() - make_interval(secs => $2)",
        )
        .await?;
    let rows = tx.query(&statement, &[&own.as_str(), &CANARY_HEARTBEAT.as_secs_f64()]).await?;
    let others = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<DbResult<Vec<String>>>()?;
    let mut events = log::append(&tx, vec![event]).await?;
    tx.commit().await?;
    let event = events.pop().ok_or_else(|| crate::DbError::Data("an event was not appended".to_owned()))?;
    Ok((event, others))
}

/// Nobody comes back to the canary's history.
async fn shorten(db: &Db, key: &TopicKey) -> DbResult<()> {
    db.execute(
        "WITH old AS (
            SELECT id, head_seq - $3 AS upto FROM runtime.topics WHERE product = $1 AND topic = $2 AND head_seq > $3
         ), gone AS (
            DELETE FROM runtime.log e USING old WHERE e.topic_id = old.id AND e.seq <= old.upto
         )
         UPDATE runtime.topics t SET floor_seq = greatest(t.floor_seq, old.upto) FROM old WHERE t.id = old.id",
        &[&key.product.as_str(), &key.topic.as_str(), &i64::try_from(CANARY_KEEP).unwrap_or(i64::MAX)],
    )
    .await?;
    Ok(())
}

/// Reads as a socket does, until the hub is gone.
async fn read(db: Db, hub: Addr<Hub>, key: TopicKey, watch: Arc<Watch>) {
    let outbox = Outbox::new(Codec::Json, Bounds::DEFAULT);
    let id = Arc::as_ptr(&outbox).addr();
    let head = loop {
        let head = async { log::head(&db.connection().await?, &key).await };
        match head.await {
            Ok(head) => break head,
            Err(_) if hub.connected() => tokio::time::sleep(CANARY_EVERY).await,
            Err(_) => return,
        }
    };
    let Some(sub) = outbox.subscribe(key.clone(), Some(Position { epoch: head.epoch, seq: head.seq })) else { return };
    watch.seen.lock().cursors.insert(id, head.seq);
    if hub.send(Attach { key, outbox: Arc::clone(&outbox), sub }).await.is_ok() {
        outbox.give_back(sub);
        while hub.connected() {
            while let Some(work) = outbox.work() {
                perform(&db, &outbox, work).await;
            }
            while let Some((payload, _)) = outbox.take() {
                let messages: Vec<Value> = serde_json::from_slice(&payload).unwrap_or_default();
                for message in messages.iter().filter(|message| message["t"] == "ev") {
                    watch.read(id, message);
                }
            }
            let _also_looks_whether_the_hub_lives = tokio::time::timeout(CANARY_EVERY, outbox.ready()).await;
        }
    }
    watch.seen.lock().cursors.remove(&id);
}

async fn perform(db: &Db, outbox: &Outbox, work: Work) {
    let failed = match work {
        Work::Page(sub, key, after) => match log::page(db, &key, after).await {
            Ok(page) => return outbox.page(sub, &page),
            Err(_) => sub,
        },
        Work::Snapshot(sub, key) => {
            let head = async { log::head(&db.connection().await?, &key).await };
            match head.await {
                Ok(head) => {
                    let state = Value::Null;
                    let snap = ServerMessage::Snap { topic: key.topic, epoch: head.epoch, seq: head.seq, state };
                    return outbox.snapshot(sub, head, &snap);
                }
                Err(_) => sub,
            }
        }
    };
    tokio::time::sleep(CANARY_EVERY).await;
    outbox.give_back(failed);
}

impl Actor for Canary {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(CANARY_EVERY, Self::tick);
    }
}

impl Handler<Rest> for Canary {
    type Result = ();
    fn handle(&mut self, _: Rest, _: &mut Self::Context) {
        self.resting = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(watch: &Watch, reader: usize, seq: u64, node: &str) {
        watch.read(reader, &json!({"t": "ev", "seq": seq, "at": "2026-01-01T00:00:00.000Z", "data": {"node": node}}));
    }

    #[test]
    fn the_age_is_that_of_the_node_longest_unheard_and_only_own_unread_events_count_as_broken() {
        let watch = Watch::new(&NodeId::parse("n-1").unwrap());
        assert_eq!(watch.delivery(), Delivery::default(), "nobody reads yet");
        watch.seen.lock().cursors = [(1, 10), (2, 10)].into();
        watch.committed(11);
        heard(&watch, 1, 11, "n-1");
        assert!(watch.delivery().age.unwrap() < CANARY_EVERY, "alone, it hears itself");
        // A living node of which nothing is heard: the age grows, and this node is not to blame.
        watch.expect(vec!["n-2".into()]);
        let long_ago = Instant::now().checked_sub(CANARY_BROKEN * 2).unwrap();
        watch.seen.lock().expected.insert("n-2".into(), long_ago);
        assert!(watch.delivery().age.unwrap() > CANARY_BROKEN && !watch.delivery().is_broken());
        heard(&watch, 1, 12, "n-2");
        assert!(watch.delivery().age.unwrap() < CANARY_EVERY);
        // The second hub's reader did not get the own event for a long time: that is broken.
        watch.seen.lock().committed = [(11, long_ago)].into();
        assert!(watch.delivery().is_broken());
        heard(&watch, 2, 12, "n-2");
        assert_eq!(watch.delivery().behind, None);
        // Who left is not waited for.
        watch.expect(vec![]);
        assert!(!watch.seen.lock().heard.contains_key("n-2"));
    }
}
