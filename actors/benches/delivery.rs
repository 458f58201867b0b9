//! What happens to an event between its commit and the socket: the outbox of one reader, and the hub of many.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "../../protocol/benches/harness/mod.rs"]
mod harness;

use actix::Addr;
use bytes::BytesMut;
use estafette_actors::Db;
use estafette_actors::bus::{InProcess, LocalNode};
use estafette_actors::event::log::Head;
use estafette_actors::event::{BatchPlace, LiveBatch, LiveEvent, StoredEvent, TopicKey};
use estafette_actors::hub::{Attach, Deliver, Hub};
use estafette_actors::session::frames::{FrameHead, FrameReader};
use estafette_actors::session::outbox::{Bounds, Outbox, SubId};
use estafette_protocol::{Codec, EventKind, ProductId, ServerMessage, Timestamp, Topic};
use harness::{Path, path};
use serde_json::json;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

/// Events of one burst to one reader: more than one frame takes, fewer than an outbox holds.
const BURST: u64 = 64;
/// Readers of one topic.
const READERS: usize = 200;
/// Volatile events that gather on a busy topic.
const GATHERED: u64 = 32;
/// Keys under which a burst of volatile events replaces each other.
const SLOTS: u64 = 4;
const EPOCH: u64 = 1_763_702_175_123;

fn key() -> TopicKey {
    let topic = Topic::parse("task:task_1763702175123_a1b2c3").unwrap();
    TopicKey { product: ProductId::parse("cv").unwrap(), topic }
}

fn event(seq: u64) -> Arc<StoredEvent> {
    let at = Timestamp::new(chrono::DateTime::from_timestamp(1_763_702_175, 0).unwrap());
    let data = json!({"step": "batch_experience.2", "attempt": 1, "done": seq, "of": 12,
        "title": "Développeuse backend, Maison Claire"});
    StoredEvent::new(key(), EPOCH, seq, EventKind::parse("step.completed").unwrap(), at, data)
}

fn live_event(at: u64) -> Arc<LiveEvent> {
    let kind = EventKind::parse("step.progress").unwrap();
    LiveEvent::new(key(), format!("step-{}", at % SLOTS), kind, json!({"tokens": at, "text": "des équipes de six"}))
}

/// A reader that has the topic's state and takes events as they come.
fn reader(codec: Codec) -> (Arc<Outbox>, SubId) {
    let outbox = Outbox::new(codec, Bounds::DEFAULT);
    outbox.greet();
    let sub = outbox.subscribe(key(), None).unwrap();
    let head = Head { epoch: EPOCH, seq: 0, floor: 0 };
    let state = ServerMessage::Snap { topic: key().topic, epoch: EPOCH, seq: 0, state: json!({"status": "running"}) };
    outbox.snapshot(sub, head, &state);
    (outbox, sub)
}

fn take_all(outbox: &Outbox) {
    while let Some(taken) = outbox.take() {
        black_box(taken);
    }
}

/// A reader comes, takes a burst of durable events in gathered writes, and goes.
fn offer_take(codec: Codec) -> Box<dyn FnMut()> {
    let events: Vec<_> = (1..=BURST).map(event).collect();
    Box::new(move || {
        let (outbox, sub) = reader(codec);
        for event in &events {
            outbox.offer(sub, black_box(event));
        }
        take_all(&outbox);
        assert_eq!(outbox.depth().behind, 0, "the burst went through the queue and not through the log");
    })
}

/// Volatile events that replace each other before the reader comes.
fn coalesce() -> Box<dyn FnMut()> {
    let events: Vec<_> = (0..BURST).map(live_event).collect();
    let (outbox, sub) = reader(Codec::MsgPack);
    Box::new(move || {
        for event in &events {
            outbox.offer_live(sub, black_box(event));
        }
        take_all(&outbox);
    })
}

/// Answers to requests.
fn answers() -> Box<dyn FnMut()> {
    let (outbox, _) = reader(Codec::MsgPack);
    let answer = ServerMessage::Pong { id: 7 };
    Box::new(move || {
        for _ in 0..BURST {
            outbox.push(black_box(&answer));
        }
        take_all(&outbox);
    })
}

/// A database that nobody asks within a bench's time: the hub compares with the log once a second.
fn nowhere() -> Db {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(1).dbname("nowhere");
    let manager = deadpool_postgres::Manager::new(config, tokio_postgres::NoTls);
    Db::new(deadpool_postgres::Pool::builder(manager).max_size(1).build().unwrap())
}

struct Crowd {
    system: actix::SystemRunner,
    hub: Addr<Hub>,
    outboxes: Vec<Arc<Outbox>>,
}

impl Crowd {
    fn gather() -> Self {
        let system = actix::System::new();
        let (hub, outboxes) = system.block_on(async {
            let bus = Arc::new(InProcess::new(Arc::new(LocalNode::default())));
            let (hub, _lagging) = Hub::start_here(nowhere(), bus);
            let mut outboxes = Vec::with_capacity(READERS);
            for _ in 0..READERS {
                let (outbox, sub) = reader(Codec::MsgPack);
                hub.send(Attach { key: key(), outbox: Arc::clone(&outbox), sub }).await.unwrap();
                outboxes.push(outbox);
            }
            (hub, outboxes)
        });
        Self { system, hub, outboxes }
    }

    fn take_all(&self) {
        for outbox in &self.outboxes {
            take_all(outbox);
        }
    }
}

/// One durable event for many: delivered by the hub, encoded once, taken by each.
fn hub_event() -> Box<dyn FnMut()> {
    let crowd = Crowd::gather();
    let mut seq = 0;
    Box::new(move || {
        seq += 1;
        let deliver = Deliver { events: Arc::from([event(seq)]), span: tracing::Span::none() };
        crowd.system.block_on(crowd.hub.send(deliver)).unwrap();
        crowd.take_all();
    })
}

/// Volatile events that gathered on a busy topic, for many: one frame, joined once.
fn gathered() -> Box<dyn FnMut()> {
    let readers: Vec<_> = (0..READERS).map(|_| reader(Codec::MsgPack)).collect();
    let mut number = 0;
    Box::new(move || {
        let first = number * GATHERED;
        let events = (first..first + GATHERED).map(live_event).collect();
        let batch = LiveBatch::new(events, Instant::now(), BatchPlace { number, apart_from: 0 });
        number += 1;
        for (outbox, sub) in &readers {
            outbox.offer_batch(*sub, &batch);
        }
        for (outbox, _) in &readers {
            take_all(outbox);
        }
    })
}

/// A client's frames as they arrive.
fn read_frames() -> Box<dyn FnMut()> {
    let mut frame = FrameHead::frame(true, &[7; 200]).to_vec();
    // As a client writes it: with a mask.
    frame[1] |= 0x80;
    frame.splice(4..4, [1, 2, 3, 4]);
    let arriving = frame.repeat(usize::try_from(BURST).unwrap());
    Box::new(move || {
        let (mut reader, mut bytes) = (FrameReader::new(1 << 20), BytesMut::from(&arriving[..]));
        for _ in 0..BURST {
            black_box(reader.next(&mut bytes).unwrap());
        }
    })
}

const PATHS: &[Path] = &[
    path("outbox/burst_of_64_msgpack", 50, || offer_take(Codec::MsgPack)),
    path("outbox/burst_of_64_json", 50, || offer_take(Codec::Json)),
    path("outbox/coalesce_64_into_4", 50, coalesce),
    path("outbox/answers_64", 50, answers),
    path("hub/event_to_200_readers", 30, hub_event),
    path("outbox/32_gathered_to_200_readers", 30, gathered),
    path("frames/read_64", 50, read_frames),
];

fn main() {
    harness::main(PATHS);
}
