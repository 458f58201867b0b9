//! A node as a bus sees it: hubs with readers, and somebody who listens to signals.

use crate::support::{database, eventually};
use actix::prelude::*;
use estafette_actors::bus::redis::{Protocol, RedisBus};
use estafette_actors::bus::{Bus, BusHealth, InProcess, LocalNode, RedisHealth, Signal};
use estafette_actors::event::{LiveEvent, NewEvent, StoredEvent, TopicKey, log};
use estafette_actors::hub::{Attach, Detach, Hub};
use estafette_actors::session::outbox::{Bounds, Outbox, SubId, Work};
use estafette_actors::testkit::{TestDatabase, TestRedis};
use estafette_actors::{Db, DbResult};
use estafette_protocol::{Codec, EventKind, Position, ProductId, Topic};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub fn key(topic: &str) -> TopicKey {
    TopicKey { product: ProductId::parse("toy").unwrap(), topic: Topic::parse(topic).unwrap() }
}

/// Keeps the signals that came.
#[derive(Clone, Default)]
pub struct Signals(pub Arc<Mutex<Vec<Signal>>>);

impl Actor for Signals {
    type Context = Context<Self>;
}

impl Handler<Signal> for Signals {
    type Result = ();
    fn handle(&mut self, signal: Signal, _: &mut Self::Context) {
        self.0.lock().push(signal);
    }
}

/// A node.
pub struct Place {
    pub db: Db,
    pub bus: Arc<dyn Bus>,
    pub hubs: Vec<Addr<Hub>>,
    pub signals: Signals,
}

impl Place {
    /// A node with two hubs, like two worker threads.
    pub fn new(db: Db, bus: impl FnOnce(Arc<LocalNode>) -> Arc<dyn Bus>) -> Self {
        let local = Arc::new(LocalNode::default());
        let bus = bus(Arc::clone(&local));
        let signals = Signals::default();
        local.add_listener(signals.clone().start().recipient());
        let hubs = (0..2)
            .map(|_| {
                let (hub, lagging) = Hub::start_here(db.clone(), Arc::clone(&bus));
                local.add_hub(hub.clone(), lagging);
                hub
            })
            .collect();
        Self { db, bus, hubs, signals }
    }

    pub fn over_redis(db: Db, redis: &TestRedis, protocol: Protocol) -> Self {
        let options = redis.options(protocol);
        Self::new(db, |local| Arc::new(RedisBus::start(options, local)))
    }

    pub fn health(&self) -> RedisHealth {
        match self.bus.health() {
            BusHealth::Redis(health) => health,
            BusHealth::InProcess => panic!("not over Redis"),
        }
    }

    pub async fn connected(&self, connects: u64) {
        eventually("the bus connects", async || {
            let health = self.health();
            if health.connected && health.connects >= connects { Ok(()) } else { Err(format!("{health:?}")) }
        })
        .await;
    }

    pub async fn disconnected(&self) {
        eventually("the bus notices", async || {
            let health = self.health();
            if health.connected { Err(format!("{health:?}")) } else { Ok(()) }
        })
        .await;
    }

    /// Redis knows that this node reads so many topics.
    pub async fn listens(&self, topics: usize) {
        if let BusHealth::Redis(_) = self.bus.health() {
            eventually("the node listens", async || {
                let health = self.health();
                if health.topics == topics && health.connected { Ok(()) } else { Err(format!("{health:?}")) }
            })
            .await;
        }
    }

    /// Commits events and tells the bus.
    pub async fn commit(&self, topic: &str, data: Vec<Value>) -> Arc<[Arc<StoredEvent>]> {
        let events = append(&self.db, topic, data).await.unwrap();
        self.bus.publish(Arc::clone(&events));
        events
    }

    pub fn live(&self, topic: &str, slot: &str, data: Value) {
        let kind = EventKind::parse("toy.live").unwrap();
        self.bus.publish_live(LiveEvent::new(key(topic), slot.to_owned(), kind, data));
    }
}

/// Commits events and tells nobody.
pub async fn append(db: &Db, topic: &str, data: Vec<Value>) -> DbResult<Arc<[Arc<StoredEvent>]>> {
    let mut client = db.connection().await?;
    let tx = client.transaction().await?;
    let kind = EventKind::parse("toy.event").unwrap();
    let event = |data| NewEvent { key: key(topic), kind: kind.clone(), data };
    let events = log::append(&tx, data.into_iter().map(event).collect()).await?;
    tx.commit().await?;
    Ok(events.into())
}

/// A reader on one hub of a node: what a socket is, without the socket.
pub struct Reader {
    db: Db,
    hub: Addr<Hub>,
    key: TopicKey,
    outbox: Arc<Outbox>,
    pub heard: Vec<Value>,
    /// Pages that it had to read from the log.
    pub pages: usize,
}

impl Reader {
    /// Reads a topic from now on.
    pub async fn new(place: &Place, hub: usize, topic: &str) -> Self {
        let outbox = Outbox::new(Codec::Json, Bounds::DEFAULT);
        let head = log::head(&place.db.connection().await.unwrap(), &key(topic)).await.unwrap();
        let position = Position { epoch: head.epoch, seq: head.seq };
        let sub: SubId = outbox.subscribe(key(topic), Some(position)).unwrap();
        let hub = place.hubs[hub].clone();
        hub.send(Attach { key: key(topic), outbox: Arc::clone(&outbox), sub }).await.unwrap();
        outbox.give_back(sub);
        let mut reader = Self { db: place.db.clone(), hub, key: key(topic), outbox, heard: Vec::new(), pages: 0 };
        reader.take().await;
        assert_eq!(reader.outbox.depth().behind, 0, "live from here on");
        reader.pages = 0;
        reader
    }

    /// Takes what waits, and reads what the outbox asks for.
    pub async fn take(&mut self) {
        loop {
            if let Some(Work::Page(sub, key, after)) = self.outbox.work() {
                self.pages += 1;
                let page = log::page(&self.db, &key, after).await.unwrap();
                self.outbox.page(sub, &page);
            }
            let Some((payload, _)) = self.outbox.take() else { break };
            let messages: Vec<Value> = serde_json::from_slice(&payload).unwrap();
            self.heard.extend(messages.into_iter().filter(|message| message["t"] != "mark"));
        }
    }

    /// Waits until so many messages came; fails when more did.
    pub async fn hears(&mut self, messages: usize) -> Duration {
        let began = Instant::now();
        while self.heard.len() < messages {
            assert!(began.elapsed() < Duration::from_secs(20), "{} of {messages} came", self.heard.len());
            self.take().await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(self.heard.len(), messages, "{:?}", self.heard.last());
        began.elapsed()
    }

    /// Commits so many events at a place and hears them over the bus alone, without a page of the log. Returns the last one's
    /// number. Hubs compare themselves with the log when the bus begins to listen and once a second: events that are
    /// committed in that moment may be found so. That happens to two commits in a row at most.
    pub async fn hears_by_bus(&mut self, from: &Place, mut last: u64, events: u64) -> u64 {
        for _ in 0..3 {
            let pages = self.pages;
            from.commit(self.key.topic.as_str(), numbers(last + 1..=last + events)).await;
            last += events;
            self.hears(last as usize).await;
            if self.pages == pages {
                return last;
            }
        }
        panic!("nothing comes over the bus: {} pages were read", self.pages);
    }

    /// Waits for the durable event of a number.
    pub async fn reaches(&mut self, seq: u64) {
        let began = Instant::now();
        while self.seqs().last() != Some(&seq) {
            assert!(began.elapsed() < Duration::from_secs(20), "{:?} is the last of {seq}", self.seqs().last());
            self.take().await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The numbers of the durable events that came.
    pub fn seqs(&self) -> Vec<u64> {
        self.heard.iter().filter(|message| message["t"] == "ev").map(|ev| ev["seq"].as_u64().unwrap()).collect()
    }

    pub async fn leave(self) {
        self.hub.send(Detach { key: self.key, outbox: self.outbox }).await.unwrap();
    }
}

pub fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<Value> {
    range.map(|n| json!({ "n": n })).collect()
}

/// Two nodes and what they share. On a bus that ends at its node they are one.
pub struct World {
    pub name: String,
    pub places: Vec<Arc<Place>>,
    /// Dropped after the places.
    pub redis: Option<TestRedis>,
    _database: TestDatabase,
}

impl World {
    pub fn here(&self) -> &Place {
        &self.places[0]
    }
    pub fn there(&self) -> &Place {
        &self.places[self.places.len() - 1]
    }

    pub async fn in_process() -> Self {
        let database = database().await;
        let place = Arc::new(Place::new(database.db(), |local| Arc::new(InProcess::new(local))));
        Self { name: "in process".into(), places: vec![place], redis: None, _database: database }
    }

    pub async fn over(redis: TestRedis, protocol: Protocol, name: &str) -> Self {
        let database = database().await;
        let places: Vec<Arc<Place>> =
            (0..2).map(|_| Arc::new(Place::over_redis(database.db(), &redis, protocol))).collect();
        for place in &places {
            place.connected(1).await;
        }
        Self { name: name.to_owned(), places, redis: Some(redis), _database: database }
    }

    /// Every bus that can be tried on this machine.
    pub async fn all() -> Vec<Self> {
        let mut worlds = vec![Self::in_process().await];
        // Beside each other: a cluster takes two seconds until it serves.
        let start = |server: std::path::PathBuf| {
            let cluster = {
                let server = server.clone();
                [(); 2].map(|()| {
                    let server = server.clone();
                    tokio::task::spawn_blocking(move || TestRedis::start_cluster(&server))
                })
            };
            let plain = [(); 2].map(|()| TestRedis::start_this(&server));
            (server.display().to_string(), plain, cluster)
        };
        let started: Vec<_> = TestRedis::servers().into_iter().map(start).collect();
        for (name, [auto, resp2], [cluster, cluster_resp2]) in started {
            worlds.push(Self::over(auto, Protocol::Auto, &format!("{name}, RESP3")).await);
            worlds.push(Self::over(resp2, Protocol::Resp2, &format!("{name}, RESP2")).await);
            worlds.push(Self::over(cluster.await.unwrap(), Protocol::Auto, &format!("{name}, cluster")).await);
            let cluster = cluster_resp2.await.unwrap();
            worlds.push(Self::over(cluster, Protocol::Resp2, &format!("{name}, cluster, RESP2")).await);
        }
        assert!(worlds.len() > 1, "there is no Redis on this machine: `make setup` installs it");
        worlds
    }
}
