//! The codecs: every message of every socket goes through them.
#![allow(clippy::unwrap_used, missing_docs)]

mod harness;

use estafette_protocol::{ClientMessage, Codec, EventKind, IdempotencyKey, ServerMessage, Timestamp, Topic};
use harness::{Path, path};
use serde_json::{Value, json};
use std::hint::black_box;

/// Messages of a batch.
const BATCH: u64 = 16;

fn at() -> Timestamp {
    serde_json::from_value(json!("2026-11-21T05:16:15.123Z")).unwrap()
}

/// A step's progress, as a task's topic carries it: about 200 bytes.
fn event(seq: u64) -> ServerMessage {
    ServerMessage::Ev {
        topic: Topic::parse("task:task_1763702175123_a1b2c3").unwrap(),
        seq,
        kind: EventKind::parse("step.completed").unwrap(),
        at: at(),
        data: json!({"step": "batch_experience.2", "attempt": 1, "done": seq, "of": 12, "took_ms": 48,
            "title": "Développeuse backend, Maison Claire", "progress": 0.5}),
    }
}

/// A command with a text of some length and nested values.
fn call(id: u32) -> ClientMessage {
    ClientMessage::Call {
        id,
        method: "cv.generate".to_owned(),
        params: json!({"mode": "adapt", "source_cv_id": "k3j9x0a1b2c3d4e5f6g7h8i9", "offers": [
            {"url": "https://jobs.example/42"},
            {"text": "Développeur·se Rust : systèmes temps réel, PostgreSQL, équipe de six. ".repeat(20)}]}),
        key: Some(IdempotencyKey::parse("c0ffee00-1").unwrap()),
        follow: false,
    }
}

fn encode_event(codec: Codec) -> Box<dyn FnMut()> {
    let event = event(7);
    Box::new(move || {
        black_box(codec.encode(black_box(&event)).unwrap());
    })
}

/// What a client (the load tool, a peer node) does with a batch of events.
fn decode_events(codec: Codec) -> Box<dyn FnMut()> {
    let bytes = codec.encode_batch(&(1..=BATCH).map(event).collect::<Vec<_>>()).unwrap();
    Box::new(move || {
        black_box(codec.decode_from_server(black_box(&bytes)).unwrap());
    })
}

fn encode_call(codec: Codec) -> Box<dyn FnMut()> {
    let call = call(5);
    Box::new(move || {
        black_box(codec.encode(black_box(&call)).unwrap());
    })
}

/// What the server does with a stranger's bytes: the bounds, the values, the message.
fn decode_call(codec: Codec) -> Box<dyn FnMut()> {
    let bytes = codec.encode_batch(&[call(5)]).unwrap();
    Box::new(move || {
        let batch: Vec<Value> = codec.decode_batch(black_box(&bytes)).unwrap();
        for value in batch {
            black_box(ClientMessage::from_value(value).unwrap());
        }
    })
}

const PATHS: &[Path] = &[
    path("codec/event_encode_msgpack", 500, || encode_event(Codec::MsgPack)),
    path("codec/event_encode_json", 500, || encode_event(Codec::Json)),
    path("codec/events_decode_msgpack", 100, || decode_events(Codec::MsgPack)),
    path("codec/events_decode_json", 100, || decode_events(Codec::Json)),
    path("codec/call_encode_msgpack", 500, || encode_call(Codec::MsgPack)),
    path("codec/call_encode_json", 500, || encode_call(Codec::Json)),
    path("codec/call_decode_msgpack", 200, || decode_call(Codec::MsgPack)),
    path("codec/call_decode_json", 200, || decode_call(Codec::Json)),
];

fn main() {
    harness::main(PATHS);
}
