//! What an event costs on its way from the log to a socket: encoding, handing over, taking.
//!
//! `cargo bench -p estafette-actors --bench delivery`
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use estafette_actors::event::log::Head;
use estafette_actors::event::{BatchPlace, LiveBatch, LiveEvent, StoredEvent, TopicKey};
use estafette_actors::session::frames::{FrameHead, FrameReader};
use estafette_actors::session::outbox::{Bounds, Outbox, SubId};
use estafette_protocol::{Codec, EventKind, ProductId, ServerMessage, Timestamp, Topic};
use serde_json::{Value, json};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

/// Readers of the topic.
const READERS: usize = 1_000;
/// Volatile events that gather on a busy topic.
const GATHERED: u64 = 32;

fn key() -> TopicKey {
    TopicKey { product: ProductId::parse("cv").unwrap(), topic: Topic::parse("task:bench").unwrap() }
}

fn data() -> Value {
    json!({"n": 12_345, "at_us": 1_763_702_000_000_000_u64, "text": "x".repeat(169)})
}

fn stored(seq: u64) -> Arc<StoredEvent> {
    let at = Timestamp::new(chrono::DateTime::from_timestamp(1_763_702_000, 0).unwrap());
    StoredEvent::new(key(), 1, seq, EventKind::parse("step.completed").unwrap(), at, data())
}

fn live(n: u64) -> Arc<LiveEvent> {
    LiveEvent::new(key(), format!("load-{n}"), EventKind::parse("test.live").unwrap(), data())
}

fn gathered(number: u64) -> Arc<LiveBatch> {
    let first = number * GATHERED;
    let place = BatchPlace { number, apart_from: 0 };
    LiveBatch::new((first..first + GATHERED).map(live).collect(), Instant::now(), place)
}

/// A reader that has the state and follows.
fn reader() -> (Arc<Outbox>, SubId) {
    let outbox = Outbox::new(Codec::MsgPack, Bounds::DEFAULT);
    let sub = outbox.subscribe(key(), None).unwrap();
    outbox.give_back(sub);
    let _work = outbox.work();
    let head = Head { epoch: 1, seq: 0, floor: 0 };
    let state = ServerMessage::Snap { topic: key().topic, epoch: 1, seq: 0, state: Value::Null };
    outbox.snapshot(sub, head, &state);
    let _state = outbox.take_frame();
    (outbox, sub)
}

fn codec(c: &mut Criterion) {
    let mut group = c.benchmark_group("codec");
    for codec in Codec::ALL {
        let name = if codec.is_binary() { "msgpack" } else { "json" };
        group.bench_function(format!("encode an event, {name}"), |b| {
            b.iter_batched(|| stored(1), |event| black_box(event.framed(codec)), BatchSize::SmallInput);
        });
        let call = json!([{"t": "call", "id": 7, "method": "cv.update", "params": {"id": "c1", "rev": 3, "patch": [
            {"op": "replace", "path": "/basics/summary", "value": "Delivers what was promised."}]}, "key": "k-1"}]);
        let bytes = codec.encode(&call).unwrap();
        group.bench_function(format!("decode a call, {name}"), |b| {
            b.iter(|| black_box(codec.decode_batch(black_box(&bytes)).unwrap()));
        });
    }
    let events: Vec<_> = (0..GATHERED).map(live).collect();
    events.iter().for_each(|event| drop(event.framed(Codec::MsgPack)));
    group.throughput(Throughput::Elements(GATHERED));
    group.bench_function("join 32 events in a frame", |b| {
        let batch = || LiveBatch::new(events.clone(), Instant::now(), BatchPlace::UNKNOWN);
        b.iter_batched(batch, |batch| black_box(batch.framed(Codec::MsgPack)), BatchSize::SmallInput);
    });
    let mut frame = FrameHead::frame(true, &[7; 200]).to_vec();
    // As a client writes it: with a mask.
    frame[1] |= 0x80;
    frame.splice(4..4, [1, 2, 3, 4]);
    group.throughput(Throughput::Elements(1));
    group.bench_function("read a frame", |b| {
        b.iter_batched(
            || (FrameReader::new(1 << 20), bytes::BytesMut::from(&frame[..])),
            |(mut reader, mut bytes)| black_box(reader.next(&mut bytes).unwrap()),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn outbox(c: &mut Criterion) {
    let mut group = c.benchmark_group("outbox");
    let (outbox, sub) = reader();
    let mut seq = 0;
    let event = stored(1);
    event.framed(Codec::MsgPack);
    group.bench_function("a durable event, offered and taken", |b| {
        // A reader follows one log, so each event is the next.
        b.iter_custom(|rounds| {
            let events: Vec<_> = (0..rounds).map(|n| stored(seq + n + 1)).collect();
            events.iter().for_each(|event| drop(event.framed(Codec::MsgPack)));
            seq += rounds;
            let begin = Instant::now();
            for event in &events {
                outbox.offer(sub, event);
                black_box(outbox.take_frame());
            }
            begin.elapsed()
        });
    });
    let batch = gathered(0);
    batch.framed(Codec::MsgPack);
    let (outbox, sub) = reader();
    group.bench_function("32 volatile events, offered and taken", |b| {
        b.iter(|| {
            outbox.offer_batch(sub, &batch);
            black_box(outbox.take_frame())
        });
    });
    let (outbox, sub) = reader();
    let replacing = live(0);
    group.bench_function("a volatile event that replaces the one before", |b| {
        b.iter(|| outbox.offer_live(sub, black_box(&replacing)));
    });
    group.finish();
}

fn fanout(c: &mut Criterion) {
    let mut group = c.benchmark_group("fan-out to 1,000 readers");
    let readers: Vec<_> = (0..READERS).map(|_| reader()).collect();
    group.throughput(Throughput::Elements(READERS as u64 * GATHERED));
    group.bench_function("32 volatile events", |b| {
        b.iter_batched(
            || gathered(0),
            |batch| {
                for (outbox, sub) in &readers {
                    outbox.offer_batch(*sub, &batch);
                }
                for (outbox, _) in &readers {
                    black_box(outbox.take_frame());
                }
            },
            BatchSize::SmallInput,
        );
    });
    let mut seq = 0;
    group.throughput(Throughput::Elements(READERS as u64));
    group.bench_function("a durable event", |b| {
        b.iter_custom(|rounds| {
            let events: Vec<_> = (0..rounds).map(|n| stored(seq + n + 1)).collect();
            seq += rounds;
            let begin = Instant::now();
            for event in &events {
                for (outbox, sub) in &readers {
                    outbox.offer(*sub, event);
                }
                for (outbox, _) in &readers {
                    black_box(outbox.take_frame());
                }
            }
            begin.elapsed()
        });
    });
    group.finish();
}

criterion_group!(benches, codec, outbox, fanout);
criterion_main!(benches);
