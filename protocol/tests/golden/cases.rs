//! The batches of the golden vectors. Maps inside open values are written with their keys in alphabetical order, so that
//! the bytes do not depend on how a JSON library orders them.

use super::Direction;
use estafette_protocol::limits::Limits;
use estafette_protocol::message::{Outage, OutageOf};
use estafette_protocol::{
    ClientMessage, DeviceId, ErrorCode, EventKind, IdempotencyKey, NodeId, Position, ServerMessage, SessionId,
    Timestamp, Topic, UserId,
};
use serde_json::{Value, json};

type Named<M> = (&'static str, &'static str, Vec<M>);

fn topic(name: &str) -> Topic {
    Topic::parse(name).unwrap()
}

fn kind(name: &str) -> EventKind {
    EventKind::parse(name).unwrap()
}

fn at() -> Timestamp {
    serde_json::from_value(json!("2026-11-21T05:16:15.123Z")).unwrap()
}

fn sub(id: u32, name: &str, since: Option<Position>) -> ClientMessage {
    ClientMessage::Sub { id, topic: topic(name), since }
}

pub(super) fn client() -> Vec<Named<ClientMessage>> {
    let hello = ClientMessage::Hello {
        token: "eyJhbGciOi.payload.signature".to_owned(),
        device: DeviceId::parse("web.7f3a").unwrap(),
        client: Some("estafette-js/0.1.0".to_owned()),
    };
    let call = |id, method: &str, params: Value, key: Option<&str>| ClientMessage::Call {
        id,
        method: method.to_owned(),
        params,
        key: key.map(|key| IdempotencyKey::parse(key).unwrap()),
        follow: false,
    };
    let follow = ClientMessage::Call {
        id: 10,
        method: "cv.score".to_owned(),
        params: json!({"id": "k3j9x0a1b2c3d4e5f6g7h8i9", "job_offer_id": "o1"}),
        key: Some(IdempotencyKey::parse("c0ffee00-2").unwrap()),
        follow: true,
    };
    let since = Position { epoch: 1_763_702_175_123, seq: 41 };
    vec![
        ("hello", "The first message, with the client's name.", vec![hello.clone()]),
        (
            "hello-short",
            "The first message, without what is optional.",
            vec![ClientMessage::Hello { token: "t".to_owned(), device: DeviceId::parse("d").unwrap(), client: None }],
        ),
        ("auth", "A fresh token.", vec![ClientMessage::Auth { id: 7, token: "fresh".to_owned() }]),
        ("sub", "Subscribe; the answer starts with a snapshot.", vec![sub(1, "task:task_1763702175123_a1b2c3", None)]),
        ("sub-since", "Subscribe again after a reconnect.", vec![sub(2, "cv:k3j9x0a1b2c3d4e5f6g7h8i9", Some(since))]),
        (
            "sub-since-start",
            "A history that has no event yet.",
            vec![sub(3, "app", Some(Position { epoch: 0, seq: 0 }))],
        ),
        (
            "sub-since-largest",
            "The largest numbers: 2^53 - 1, and an id of 2^32 - 1.",
            vec![sub(u32::MAX, "user:u", Some(Position { epoch: (1 << 53) - 1, seq: (1 << 53) - 1 }))],
        ),
        ("unsub", "End a subscription.", vec![ClientMessage::Unsub { id: 4, topic: topic("user:u1") }]),
        (
            "call",
            "A command with an idempotency key.",
            vec![call(
                5,
                "cv.generate",
                json!({"mode": "adapt", "offers": [{"url": "https://jobs.example/42"}, {"text": "Développeur·se Rust"}], "source_cv_id": "k3j9x0a1b2c3d4e5f6g7h8i9"}),
                Some("c0ffee00-1"),
            )],
        ),
        ("call-empty", "A command without parameters.", vec![call(6, "noop", json!({}), None)]),
        (
            "call-numbers",
            "Every width of number, with both signs.",
            vec![call(
                8,
                "n",
                json!({"a": [0, 127, 128, 255, 256, 65_535, 65_536, 4_294_967_295_u64, 4_294_967_296_u64, 9_007_199_254_740_991_u64],
                    "b": [-1, -32, -33, -128, -129, -32_768, -32_769, -2_147_483_648_i64, -2_147_483_649_i64, -9_007_199_254_740_991_i64],
                    "c": [0.5, -0.25, 1e300, 0.1, 1.1561952300793508e-211]}),
                None,
            )],
        ),
        (
            "call-unicode",
            "Texts beyond ASCII, escapes, and the lengths where the MessagePack header changes.",
            vec![call(
                9,
                "u",
                json!({"e": "", "f": "x".repeat(31), "g": "x".repeat(32), "h": "x".repeat(255), "i": "x".repeat(256),
                    "j": "héé 履歴書 👩🏽‍💻 \u{0001}\u{001f}\"\\/\u{2028}", "k": "e\u{0301}", "ключ": "значение"}),
                None,
            )],
        ),
        ("call-follow", "A command whose task the connection follows.", vec![follow]),
        ("ping", "Liveness.", vec![ClientMessage::Ping { id: 0 }]),
        (
            "batch",
            "Several messages in one frame.",
            vec![hello, sub(1, "user:u1", None), ClientMessage::Ping { id: 2 }],
        ),
        (
            "batch-16",
            "Sixteen messages: the MessagePack array needs its long header.",
            (0..16).map(|id| ClientMessage::Ping { id }).collect(),
        ),
        ("batch-64", "As many messages as a batch may have.", (0..64).map(|id| ClientMessage::Ping { id }).collect()),
    ]
}

pub(super) fn server() -> Vec<Named<ServerMessage>> {
    let ev = |name: &str, seq, event: &str, data: Value| ServerMessage::Ev {
        topic: topic(name),
        seq,
        kind: kind(event),
        at: at(),
        data,
    };
    let task = "task:task_1763702175123_a1b2c3";
    vec![
        (
            "welcome",
            "The answer to hello.",
            vec![ServerMessage::Welcome {
                session: SessionId::parse("s1").unwrap(),
                user: UserId::parse("u1").unwrap(),
                node: NodeId::parse("node-1").unwrap(),
                heartbeat_ms: 15_000,
                expires_at: at(),
                limits: Limits::default(),
            }],
        ),
        ("ok", "A request succeeded and returns nothing.", vec![ServerMessage::Ok { id: 1, result: None }]),
        (
            "ok-result",
            "A call's result.",
            vec![ServerMessage::Ok { id: 5, result: Some(json!({"task_id": "task_1763702175123_a1b2c3"})) }],
        ),
        (
            "err",
            "A request was refused.",
            vec![ServerMessage::Err {
                id: 5,
                code: ErrorCode::InsufficientCredits,
                message: "3 credits are needed and 1 is left: buy credits or choose fewer offers".to_owned(),
                details: Some(json!({"balance": 1, "needed": 3})),
                retry_after_ms: None,
            }],
        ),
        (
            "err-retry",
            "Refused for now.",
            vec![ServerMessage::Err {
                id: 6,
                code: ErrorCode::RateLimited,
                message: "too many calls".to_owned(),
                details: None,
                retry_after_ms: Some(1500),
            }],
        ),
        (
            "followed",
            "A call that is followed has started a task, whose events come next.",
            vec![ServerMessage::Followed { id: 10, topic: topic(task), epoch: 1_763_702_175_123, seq: 0 }],
        ),
        (
            "snap",
            "A topic's whole state.",
            vec![ServerMessage::Snap {
                topic: topic("app"),
                epoch: 1_763_702_175_123,
                seq: 12,
                state: json!({"maintenance_mode": false, "registration_enabled": true}),
            }],
        ),
        (
            "ev",
            "A durable event.",
            vec![ev(
                task,
                1,
                "step.failed",
                json!({"attempt": 1, "error": "the model did not answer in 60 s", "offer_index": 0, "retry_in_ms": 1023, "step": "classify[0]", "type": "classify"}),
            )],
        ),
        (
            "ev-largest-seq",
            "The largest number that an event can have: 2^53 - 1.",
            vec![ev("user:u1", (1 << 53) - 1, "notice", json!(null))],
        ),
        (
            "live",
            "A volatile event.",
            vec![ServerMessage::Live {
                topic: topic(task),
                key: "batch_experience[0,3]".to_owned(),
                kind: kind("step.delta"),
                at: at(),
                data: json!({"offset": 0, "step": "batch_experience[0,3]", "text": "Led the déploiement 🚀"}),
            }],
        ),
        (
            "mark",
            "The heads of the subscribed topics.",
            vec![ServerMessage::Mark { heads: [(topic("app"), 12), (topic(task), 1), (topic("user:u1"), 0)].into() }],
        ),
        (
            "mark-empty",
            "A heartbeat of a connection without subscriptions.",
            vec![ServerMessage::Mark { heads: [].into() }],
        ),
        ("pong", "The answer to ping.", vec![ServerMessage::Pong { id: 2 }]),
        ("expiring", "The token ends soon.", vec![ServerMessage::Expiring { at: at() }]),
        (
            "revoked",
            "A subscription ended because the right to it did.",
            vec![ServerMessage::Revoked { topic: topic("cv:c1"), message: "the CV was deleted".to_owned() }],
        ),
        (
            "health",
            "The node cannot reach its database.",
            vec![ServerMessage::Health {
                outages: vec![Outage {
                    what: OutageOf::Database,
                    since: at(),
                    message: "the database does not answer".to_owned(),
                }],
            }],
        ),
        ("health-well", "All is well again.", vec![ServerMessage::Health { outages: vec![] }]),
        ("drain", "The node goes away.", vec![ServerMessage::Drain { reconnect_after_ms: 2_750 }]),
        (
            "batch",
            "An answer and what follows it, in one frame.",
            vec![
                ServerMessage::Ok { id: 1, result: None },
                ServerMessage::Snap {
                    topic: topic("user:u1"),
                    epoch: 9,
                    seq: 2,
                    state: json!({"credits": {"balance": 5}}),
                },
                ev("user:u1", 3, "credits.changed", json!({"amount": -1, "balance": 4})),
            ],
        ),
    ]
}

type Tolerated = (&'static str, &'static str, Direction, Vec<Value>, Vec<Value>);

pub(super) fn tolerated() -> Vec<Tolerated> {
    use Direction::{Client, Server};
    vec![
        (
            "client-unknown-fields",
            "Fields that the server does not know are ignored.",
            Client,
            vec![json!({"id": 1, "later": {"deep": [1]}, "t": "ping"})],
            vec![json!({"id": 1, "t": "ping"})],
        ),
        (
            "client-null-is-missing",
            "Null in an optional field counts as missing.",
            Client,
            vec![json!({"id": 1, "since": null, "t": "sub", "topic": "app"})],
            vec![json!({"id": 1, "t": "sub", "topic": "app"})],
        ),
        (
            "client-call-without-params",
            "Parameters that are missing or null are an empty map.",
            Client,
            vec![
                json!({"id": 1, "method": "m", "t": "call"}),
                json!({"id": 2, "key": null, "method": "m", "params": null, "t": "call"}),
            ],
            vec![
                json!({"id": 1, "method": "m", "params": {}, "t": "call"}),
                json!({"id": 2, "method": "m", "params": {}, "t": "call"}),
            ],
        ),
        (
            "client-extra-in-since",
            "Fields that are not known inside a position are ignored.",
            Client,
            vec![json!({"id": 1, "since": {"epoch": 1, "extra": true, "seq": 2}, "t": "sub", "topic": "app"})],
            vec![json!({"id": 1, "since": {"epoch": 1, "seq": 2}, "t": "sub", "topic": "app"})],
        ),
        (
            "server-unknown-t",
            "A message that the client does not know is ignored; the others of the batch count.",
            Server,
            vec![json!({"anything": 1, "t": "hologram"}), json!({"id": 1, "t": "pong"})],
            vec![json!({"id": 1, "t": "pong"})],
        ),
        (
            "server-unknown-fields",
            "Fields that the client does not know are ignored.",
            Server,
            vec![json!({"id": 1, "later": true, "t": "pong"})],
            vec![json!({"id": 1, "t": "pong"})],
        ),
        ("server-only-unknown", "A batch of which nothing is known.", Server, vec![json!({"t": "hologram"})], vec![]),
    ]
}
