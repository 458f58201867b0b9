//! The bus over Redis publish/subscribe (Redis 6.2, 7 and Valkey).
//!
//! - **Channels.** One a topic, subscribed to only while this node has readers of it ([`interest`]), and one for
//!   [`Signal`]s. So the cost of a node grows with its own readers, not with the cluster's traffic.
//! - **Own messages** are delivered here at once, before Redis is asked; what comes back is known by its origin.
//! - **Nobody waits for Redis.** [`Bus::publish`] puts an encoded message into a bounded queue ([`queue`]) that a thread
//!   of its own sends in pipelines. While Redis is away events are not queued at all: readers on other nodes get them
//!   from the log within a second. Signals wait.
//! - **A life** ([`life`]) is the time from a connection to the first thing that is wrong with it: an error, a probe that
//!   does not come back, a slot that moved. It ends whole and the next one starts whole, with all subscriptions; then
//!   the hubs compare every head with the log.
//! - **Traces**, when there is an exporter: the context of a commit goes before its events ([`traces`]).
//! - **RESP3** pushes where the server speaks it, RESP2 else; **sharded** publish/subscribe on a cluster of Redis 7.

pub mod address;
mod interest;
mod life;
mod link;
mod queue;
mod topology;
pub mod traces;
pub mod wire;

pub use address::{RedisAddress, RedisAddressError};

use super::{Bus, BusHealth, LocalNode, RedisHealth, Signal};
use crate::event::log::Head;
use crate::event::{LiveEvent, StoredEvent, TopicKey};
use crate::limits::{BUS_BACKOFF, BUS_CLOSE, BUS_MESSAGE_BYTES, BUS_QUEUE_BYTES, BUS_QUEUE_MESSAGES};
use crate::trace::{self, TraceParent};
use actix::Arbiter;
use estafette_protocol::Codec;
use futures_util::FutureExt as _;
use interest::Interests;
use parking_lot::Mutex;
use queue::{Class, Outgoing, Queue};
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use traces::Traces;
use wire::{Body, Origin};

/// How messages from Redis come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// RESP3 where the server speaks it, else RESP2.
    #[default]
    Auto,
    /// RESP2, for proxies that do not let RESP3 through.
    Resp2,
}

/// Which Redis, and how.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// Where it is.
    pub address: RedisAddress,
    /// Stands before every channel's name. Installations that share a Redis need different ones.
    pub prefix: String,
    /// How messages come.
    pub protocol: Protocol,
}

/// The names of channels.
#[derive(Debug)]
pub(crate) struct Names {
    prefix: String,
}

impl Names {
    fn topic(&self, key: &TopicKey) -> Arc<str> {
        format!("{}:t:{}/{}", self.prefix, key.product, key.topic).into()
    }
    fn control(&self) -> Arc<str> {
        format!("{}:signals", self.prefix).into()
    }
    fn probe(&self, origin: Origin, n: u32) -> Arc<str> {
        format!("{}:probe:{:016x}:{n}", self.prefix, origin.0).into()
    }
}

/// What the caller's threads and the bus's thread share.
pub(crate) struct Shared {
    options: RedisOptions,
    names: Names,
    control: Arc<str>,
    origin: Origin,
    local: Arc<LocalNode>,
    queue: Queue,
    interests: Interests,
    traces: Traces,
    health: Mutex<RedisHealth>,
    connected: AtomicBool,
    closing: AtomicBool,
    close: Notify,
    probes: Mutex<HashMap<Arc<str>, u64>>,
    probed: Notify,
    received: AtomicU64,
    published: AtomicU64,
    dropped: AtomicU64,
}

impl Shared {
    /// A message came on a channel. Never fails: what cannot be read is counted, and its events are found in the log.
    fn hear(&self, channel: &str, payload: &[u8]) {
        self.received.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("estafette_bus_received_total").increment(1);
        let key = self.interests.key(channel);
        match wire::decode(payload, key.as_ref()) {
            Ok((origin, Body::Probe(n))) if origin == self.origin => {
                if let Some(seen) = self.probes.lock().get_mut(channel) {
                    *seen = (*seen).max(n);
                }
                self.probed.notify_waiters();
            }
            Ok((origin, _)) if origin == self.origin => {}
            Ok((_, body)) => self.deliver(body),
            // The subscription ended while the message was on its way.
            Err(wire::WireError::NoTopic) => {}
            Err(error) => {
                metrics::counter!("estafette_bus_unreadable_total").increment(1);
                tracing::debug!(channel, %error, "a message of the bus could not be read");
            }
        }
    }

    fn deliver(&self, body: Body) {
        match body {
            Body::Events(events) => {
                let span = events.first().and_then(|first| self.traces.span(first, events.len()));
                // The hubs' spans are parts of the current one: without an announced trace there is none.
                let _receiving = span.as_ref().map(tracing::Span::enter);
                self.local.deliver(&events.into());
            }
            Body::Live(event) => self.local.deliver_live(&event),
            Body::Head { key, epoch, seq } => self.local.advance(&key, Head { epoch, seq, floor: 0 }),
            Body::Signal(signal) => self.local.hear(&signal),
            Body::Trace(announced) => self.traces.keep(announced),
            Body::Probe(_) => {}
        }
    }

    fn send(&self, message: Outgoing) {
        // A signal waits for Redis; an event would come later than the log's comparison finds it.
        if message.class != Class::Signal && !self.connected.load(Ordering::Acquire) {
            self.drop_count("away", 1);
            return;
        }
        if !self.queue.push(message) {
            self.drop_count("full", 1);
        }
    }

    fn drop_count(&self, reason: &'static str, messages: u64) {
        self.dropped.fetch_add(messages, Ordering::Relaxed);
        metrics::counter!("estafette_bus_dropped_total", "reason" => reason).increment(messages);
    }
}

/// The bus over Redis.
pub struct RedisBus {
    shared: Arc<Shared>,
    thread: Mutex<Option<Arbiter>>,
}

impl RedisBus {
    /// Starts the bus of a node on a thread of its own. Returns at once: a Redis that does not answer yet is tried
    /// again until it does, and meanwhile the node works without it.
    pub fn start(options: RedisOptions, local: Arc<LocalNode>) -> Self {
        let names = Names { prefix: options.prefix.clone() };
        let shared = Arc::new(Shared {
            control: names.control(),
            names,
            origin: Origin(rand::random()),
            local,
            queue: Queue::new(BUS_QUEUE_MESSAGES, BUS_QUEUE_BYTES),
            interests: Interests::default(),
            traces: Traces::default(),
            health: Mutex::new(RedisHealth::new(options.address.to_string())),
            connected: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            close: Notify::new(),
            probes: Mutex::default(),
            probed: Notify::new(),
            received: AtomicU64::new(0),
            published: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            options,
        });
        metrics::gauge!("estafette_bus_connected").set(0.0);
        let thread = Arbiter::new();
        let lives = Arc::clone(&shared);
        thread.spawn(async move {
            // A panic ends the task it happens in, and the bus must not stay away because of one.
            while AssertUnwindSafe(life::live(Arc::clone(&lives))).catch_unwind().await.is_err() {
                tracing::error!("the bus panicked; it begins anew");
                lives.connected.store(false, Ordering::Release);
                tokio::time::sleep(BUS_BACKOFF.1).await;
            }
        });
        Self { shared, thread: Mutex::new(Some(thread)) }
    }

    fn publish_topic(&self, key: &TopicKey, epoch: u64, events: &[&Arc<StoredEvent>], context: Option<&TraceParent>) {
        let channel = self.shared.names.topic(key);
        let mut first = 0;
        let flush = |message: &mut wire::EventsMessage, first| {
            let full = std::mem::replace(message, wire::EventsMessage::new(self.shared.origin, epoch));
            if let Some(payload) = full.finish() {
                let mut message = Outgoing::new(Arc::clone(&channel), payload, Class::Event);
                message.trace = context.map(|context| traces::message(self.shared.origin, epoch, first, context));
                self.shared.send(message);
            }
        };
        let mut message = wire::EventsMessage::new(self.shared.origin, epoch);
        for event in events {
            let bytes = event.bytes(Codec::MsgPack);
            if bytes.len() > BUS_MESSAGE_BYTES {
                // Too large for a message: the others learn that the log goes further, and read it there.
                flush(&mut message, first);
                let head = wire::head(self.shared.origin, key, epoch, event.seq);
                self.shared.send(Outgoing::new(Arc::clone(&channel), head, Class::Event));
                continue;
            }
            if message.len() + bytes.len() > BUS_MESSAGE_BYTES {
                flush(&mut message, first);
            }
            if message.is_empty() {
                first = event.seq;
            }
            message.push(&bytes);
        }
        flush(&mut message, first);
    }
}

#[async_trait::async_trait(?Send)]
impl Bus for RedisBus {
    fn publish(&self, events: Arc<[Arc<StoredEvent>]>) {
        self.shared.local.deliver(&events);
        // One message a topic, in the order of the events.
        let mut topics: Vec<(&TopicKey, u64, Vec<&Arc<StoredEvent>>)> = Vec::new();
        let mut places: HashMap<(&TopicKey, u64), usize> = HashMap::new();
        for event in events.iter() {
            let place = *places.entry((&event.key, event.epoch)).or_insert(topics.len());
            match topics.get_mut(place) {
                Some((_, _, events)) => events.push(event),
                None => topics.push((&event.key, event.epoch, vec![event])),
            }
        }
        let context = trace::current().filter(TraceParent::is_sampled);
        for (key, epoch, events) in topics {
            self.publish_topic(key, epoch, &events, context.as_ref());
        }
    }

    fn publish_live(&self, event: Arc<LiveEvent>) {
        self.shared.local.deliver_live(&event);
        if !self.shared.connected.load(Ordering::Acquire) {
            return;
        }
        let bytes = event.bytes(Codec::MsgPack);
        if bytes.len() > BUS_MESSAGE_BYTES {
            self.shared.drop_count("large", 1);
            return;
        }
        let payload = wire::live(self.shared.origin, &bytes);
        self.shared.send(Outgoing::new(self.shared.names.topic(&event.key), payload, Class::Live));
    }

    fn signal(&self, signal: Signal) {
        self.shared.local.hear(&signal);
        let payload = wire::signal(self.shared.origin, &signal);
        self.shared.send(Outgoing::new(Arc::clone(&self.shared.control), payload, Class::Signal));
    }

    fn interest(&self, key: &TopicKey, on: bool) {
        let channel = self.shared.names.topic(key);
        if on {
            self.shared.interests.add(channel, key);
        } else {
            self.shared.interests.remove(&channel, Instant::now());
        }
    }

    fn health(&self) -> BusHealth {
        let mut health = self.shared.health.lock().clone();
        health.topics = self.shared.interests.len();
        health.waiting = self.shared.queue.len();
        health.received = self.shared.received.load(Ordering::Relaxed);
        health.published = self.shared.published.load(Ordering::Relaxed);
        health.dropped = self.shared.dropped.load(Ordering::Relaxed);
        BusHealth::Redis(health)
    }

    async fn close(&self) {
        let deadline = Instant::now() + BUS_CLOSE;
        while self.shared.queue.len() > 0 && self.shared.connected.load(Ordering::Acquire) && Instant::now() < deadline
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.shared.closing.store(true, Ordering::Release);
        self.shared.close.notify_one();
        if let Some(thread) = self.thread.lock().take() {
            thread.stop();
        }
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.lock().take() {
            thread.stop();
        }
    }
}
