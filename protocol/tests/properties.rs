//! What holds for every input, not only for those that somebody thought of.
#![allow(clippy::unwrap_used, clippy::panic)]

use estafette_protocol::codec::{Bounds, DecodeError};
use estafette_protocol::limits::{self, Limits, MAX_SAFE_INTEGER};
use estafette_protocol::message::{Outage, OutageOf};
use estafette_protocol::{
    ClientMessage, Codec, DeviceId, ErrorCode, EventKind, IdempotencyKey, NodeId, Position, ServerMessage, SessionId,
    Timestamp, Topic, UserId,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

fn codec() -> impl Strategy<Value = Codec> {
    prop_oneof![Just(Codec::Json), Just(Codec::MsgPack)]
}

/// Any JSON value. Whole numbers of every width, and fractions that are not whole (whole ones come back as integers from
/// some encoders).
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            btree_map("\\PC{0,10}", inner, 0..8).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn params() -> impl Strategy<Value = Value> {
    btree_map("[a-z_]{1,10}", value(), 0..6).prop_map(|map| Value::Object(map.into_iter().collect()))
}

fn topic() -> impl Strategy<Value = Topic> {
    "[a-z][a-z0-9_-]{0,10}(:[A-Za-z0-9_.:,-]{1,40})?".prop_map(|name| Topic::parse(name).unwrap())
}

fn position() -> impl Strategy<Value = Position> {
    (0..=MAX_SAFE_INTEGER, 0..=MAX_SAFE_INTEGER).prop_map(|(epoch, seq)| Position { epoch, seq })
}

fn at() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_102_444_800_000).prop_map(|ms| Timestamp::new(chrono::DateTime::from_timestamp_millis(ms).unwrap()))
}

fn client_message() -> impl Strategy<Value = ClientMessage> {
    let device = "[A-Za-z0-9_.:-]{1,40}".prop_map(|id| DeviceId::parse(id).unwrap());
    let key = "[^\\p{Cc}]{1,20}".prop_map(|key| IdempotencyKey::parse(key).unwrap());
    prop_oneof![
        ("\\PC{0,60}", device, proptest::option::of("[ -~]{0,40}"))
            .prop_map(|(token, device, client)| ClientMessage::Hello { token, device, client }),
        (any::<u32>(), "\\PC{0,60}").prop_map(|(id, token)| ClientMessage::Auth { id, token }),
        (any::<u32>(), topic(), proptest::option::of(position())).prop_map(|(id, topic, since)| ClientMessage::Sub {
            id,
            topic,
            since
        }),
        (any::<u32>(), topic()).prop_map(|(id, topic)| ClientMessage::Unsub { id, topic }),
        (any::<u32>(), "[a-z_.-]{1,64}", params(), proptest::option::of(key), any::<bool>())
            .prop_map(|(id, method, params, key, follow)| ClientMessage::Call { id, method, params, key, follow }),
        any::<u32>().prop_map(|id| ClientMessage::Ping { id }),
    ]
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    let some = || value().prop_filter("null means missing", |value| !value.is_null());
    let kind = || "[a-z_.]{1,20}".prop_map(|kind| EventKind::parse(kind).unwrap());
    let code = || proptest::sample::select(ErrorCode::ALL);
    prop_oneof![
        ("[a-z0-9]{1,20}", at(), any::<u32>()).prop_map(|(id, expires_at, heartbeat_ms)| ServerMessage::Welcome {
            session: SessionId::parse(&id).unwrap(),
            user: UserId::parse(&id).unwrap(),
            node: NodeId::parse(&id).unwrap(),
            heartbeat_ms,
            expires_at,
            limits: Limits::default(),
        }),
        (any::<u32>(), proptest::option::of(some())).prop_map(|(id, result)| ServerMessage::Ok { id, result }),
        (any::<u32>(), code(), "\\PC{0,60}", proptest::option::of(some()), proptest::option::of(0..=MAX_SAFE_INTEGER))
            .prop_map(|(id, code, message, details, retry_after_ms)| ServerMessage::Err {
                id,
                code,
                message,
                details,
                retry_after_ms
            }),
        (any::<u32>(), topic(), position()).prop_map(|(id, topic, Position { epoch, seq })| ServerMessage::Followed {
            id,
            topic,
            epoch,
            seq
        }),
        (topic(), position(), value()).prop_map(|(topic, Position { epoch, seq }, state)| ServerMessage::Snap {
            topic,
            epoch,
            seq,
            state
        }),
        (topic(), 0..=MAX_SAFE_INTEGER, kind(), at(), value())
            .prop_map(|(topic, seq, kind, at, data)| ServerMessage::Ev { topic, seq, kind, at, data }),
        (topic(), "\\PC{0,40}", kind(), at(), value()).prop_map(|(topic, key, kind, at, data)| ServerMessage::Live {
            topic,
            key,
            kind,
            at,
            data
        }),
        btree_map(topic(), 0..=MAX_SAFE_INTEGER, 0..8).prop_map(|heads| ServerMessage::Mark { heads }),
        any::<u32>().prop_map(|id| ServerMessage::Pong { id }),
        at().prop_map(|at| ServerMessage::Expiring { at }),
        (topic(), "\\PC{0,60}").prop_map(|(topic, message)| ServerMessage::Revoked { topic, message }),
        proptest::collection::vec((at(), "\\PC{0,60}"), 0..3).prop_map(|outages| ServerMessage::Health {
            outages: outages
                .into_iter()
                .map(|(since, message)| Outage { what: OutageOf::Database, since, message })
                .collect()
        }),
        any::<u32>().prop_map(|reconnect_after_ms| ServerMessage::Drain { reconnect_after_ms }),
    ]
}

/// One change to a frame: a byte replaced, inserted or taken out, the frame cut, or a piece of it repeated.
fn mutate(frame: &mut Vec<u8>, (kind, place, byte): (u8, usize, u8)) {
    if frame.is_empty() {
        frame.push(byte);
        return;
    }
    let place = place % frame.len();
    match kind % 5 {
        0 => frame[place] = byte,
        1 => frame.insert(place, byte),
        2 => {
            frame.remove(place);
        }
        3 => frame.truncate(place),
        _ => {
            let piece = frame[place..].to_vec();
            frame.extend(piece);
        }
    }
}

/// Whatever is read from bytes, all of it ends in a message or in a typed error, within the bounds.
fn read_everything(codec: Codec, frame: &[u8]) {
    if let Ok(batch) = codec.decode_batch(frame) {
        assert!((1..=limits::MAX_BATCH_LEN).contains(&batch.len()));
        for value in batch {
            assert!(depth(&value) < limits::MAX_DEPTH);
            if let Err(error) = ClientMessage::from_value(value) {
                assert!(!error.message.is_empty() && error.message.len() < 300, "{}", error.message);
            }
        }
    }
    let _ = codec.decode_from_server(frame);
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(codec in codec(), frame in vec(any::<u8>(), 0..2048)) {
        read_everything(codec, &frame);
    }

    #[test]
    fn bytes_that_look_like_messagepack_never_panic(
        frame in vec(prop_oneof![0x80_u8..=0x9f, 0xc0_u8..=0xdf, 0xa0_u8..=0xa4, any::<u8>()], 0..512),
    ) {
        read_everything(Codec::MsgPack, &frame);
    }

    #[test]
    fn text_that_looks_like_json_never_panics(text in "[\\[\\]{}\":,0-9eE.+\\-tnulasf\\\\ id]{0,256}") {
        read_everything(Codec::Json, text.as_bytes());
    }

    #[test]
    fn mutated_batches_never_panic(
        codec in codec(),
        messages in vec(client_message(), 1..4),
        changes in vec((any::<u8>(), any::<usize>(), any::<u8>()), 1..6),
    ) {
        let mut frame = codec.encode_batch(&messages).unwrap();
        for change in changes {
            mutate(&mut frame, change);
        }
        read_everything(codec, &frame);
    }

    #[test]
    fn any_value_is_a_message_or_an_error(value in value(), t in proptest::option::of("hello|auth|sub|unsub|call|ping|[a-z]{0,6}")) {
        let mut value = value;
        if let (Some(t), Value::Object(map)) = (t, &mut value) {
            map.insert("t".to_owned(), Value::from(t));
        }
        let _ = ClientMessage::from_value(value.clone());
        let _ = ServerMessage::from_value(value);
    }

    #[test]
    fn fields_of_any_type_are_a_message_or_an_error(
        t in "hello|auth|sub|unsub|call|ping",
        fields in btree_map("id|token|device|client|topic|since|method|params|key", value(), 0..9),
    ) {
        let mut map: serde_json::Map<String, Value> = fields.into_iter().collect();
        map.insert("t".to_owned(), Value::from(t));
        if let Err(error) = ClientMessage::from_value(Value::Object(map)) {
            prop_assert!(!error.message.is_empty());
        }
    }

    #[test]
    fn client_messages_come_back(codec in codec(), messages in vec(client_message(), 1..10)) {
        let frame = codec.encode_batch(&messages).unwrap();
        let read: Vec<_> = codec.decode_batch(&frame).unwrap().into_iter()
            .map(|value| ClientMessage::from_value(value).unwrap())
            .collect();
        prop_assert_eq!(read, messages);
    }

    #[test]
    fn server_messages_come_back(codec in codec(), messages in vec(server_message(), 1..10)) {
        let frame = codec.encode_batch(&messages).unwrap();
        prop_assert_eq!(codec.decode_from_server(&frame).unwrap(), messages);
    }

    #[test]
    fn both_codecs_say_the_same(messages in vec(server_message(), 1..4)) {
        let read = |codec: Codec| {
            codec.decode_batch_within(&codec.encode_batch(&messages).unwrap(), &Bounds::FROM_SERVER).unwrap()
        };
        prop_assert_eq!(read(Codec::Json), read(Codec::MsgPack));
    }

    #[test]
    fn items_put_together_are_the_batch(codec in codec(), messages in vec(server_message(), 1..20)) {
        let mut frame = codec.batch_head(messages.len()).as_slice().to_vec();
        for (index, message) in messages.iter().enumerate() {
            if index > 0 {
                frame.extend_from_slice(codec.separator());
            }
            frame.extend(codec.encode(message).unwrap());
        }
        frame.extend_from_slice(codec.batch_tail());
        prop_assert_eq!(frame, codec.encode_batch(&messages).unwrap());
    }

    #[test]
    fn a_topic_that_is_parsed_prints_as_it_was(name in "\\PC{0,140}") {
        if let Ok(topic) = Topic::parse(&name) {
            prop_assert_eq!(topic.as_str(), &name);
            let again = match topic.id() {
                Some(id) => format!("{}:{id}", topic.family()),
                None => topic.family().to_owned(),
            };
            prop_assert_eq!(again, name);
        }
    }
}

fn frame_of(codec: Codec, value: &Value) -> Vec<u8> {
    codec.encode_batch(&[json!({"t": "call", "id": 1, "method": "m", "params": {"x": value}})]).unwrap()
}

fn malformed(codec: Codec, frame: &[u8]) -> String {
    match codec.decode_batch(frame) {
        Err(DecodeError::Malformed { reason, .. }) => reason,
        other => panic!("{codec:?}: {other:?}"),
    }
}

#[test]
fn depth_is_bounded_exactly() {
    for codec in Codec::ALL {
        for (inner, open) in [(json!([]), false), (json!({}), true)] {
            // The batch, the message and `params` are three levels; `value` is wrapped up to the bound.
            let wrap = |times: usize| {
                (1..times).fold(inner.clone(), |value, _| if open { json!({"y": value}) } else { json!([value]) })
            };
            assert!(codec.decode_batch(&frame_of(codec, &wrap(limits::MAX_DEPTH - 3))).is_ok(), "{codec:?}");
            let reason = malformed(codec, &frame_of(codec, &wrap(limits::MAX_DEPTH - 2)));
            assert!(reason.contains("nested deeper than 32"), "{reason}");
        }
    }
}

#[test]
fn a_depth_bomb_does_not_reach_the_stack() {
    let bytes = limits::MAX_MESSAGE_BYTES;
    for (codec, open) in
        [(Codec::Json, &b"["[..]), (Codec::Json, b"{\"a\":"), (Codec::MsgPack, b"\x91"), (Codec::MsgPack, b"\x81\xa0")]
    {
        malformed(codec, &open.repeat(bytes / open.len()));
        assert!(codec.decode_from_server(&open.repeat(bytes / open.len())).is_err());
    }
}

#[test]
fn strings_are_bounded_exactly() {
    for codec in Codec::ALL {
        let text = "x".repeat(limits::MAX_STRING_BYTES);
        assert!(codec.decode_batch(&frame_of(codec, &Value::from(text.clone()))).is_ok());
        let reason = malformed(codec, &frame_of(codec, &Value::from(text.clone() + "x")));
        assert!(reason.contains("131072 bytes"), "{reason}");
        let mut map = serde_json::Map::new();
        map.insert(text + "x", Value::Null);
        assert!(malformed(codec, &frame_of(codec, &Value::Object(map))).contains("131072 bytes"));
    }
}

#[test]
fn messages_are_bounded_exactly() {
    for codec in Codec::ALL {
        let frame = |len: usize| {
            let third = "x".repeat(100_000);
            let rest = "x".repeat(len - 2 * third.len());
            codec.encode_batch(&[json!({"t": "ping", "id": 1, "a": third, "b": third, "c": rest})]).unwrap()
        };
        let around = frame(limits::MAX_MESSAGE_BYTES).len() - limits::MAX_MESSAGE_BYTES;
        let fits = frame(limits::MAX_MESSAGE_BYTES - around);
        assert_eq!(fits.len(), limits::MAX_MESSAGE_BYTES);
        assert!(codec.decode_batch(&fits).is_ok());
        let mut over = fits;
        over.push(b' ');
        let error = codec.decode_batch(&over).unwrap_err();
        assert_eq!(error, DecodeError::TooBig { len: limits::MAX_MESSAGE_BYTES + 1, max: limits::MAX_MESSAGE_BYTES });
        assert_eq!(error.close_code().number(), 1009);
    }
}

#[test]
fn collections_and_values_are_bounded_exactly() {
    for codec in Codec::ALL {
        let array = |len: usize| Value::from(vec![0; len]);
        assert!(codec.decode_batch(&frame_of(codec, &array(limits::MAX_COLLECTION_LEN))).is_ok());
        assert!(malformed(codec, &frame_of(codec, &array(limits::MAX_COLLECTION_LEN + 1))).contains("4096 entries"));
        let map = |len: usize| Value::Object((0..len).map(|key| (key.to_string(), Value::Null)).collect());
        assert!(codec.decode_batch(&frame_of(codec, &map(limits::MAX_COLLECTION_LEN))).is_ok());
        assert!(malformed(codec, &frame_of(codec, &map(limits::MAX_COLLECTION_LEN + 1))).contains("4096 entries"));

        // Around the arrays: the batch, the message, its three plain fields, `params` and `x`.
        let outer = 7;
        let arrays = |values: usize| {
            let full = (limits::MAX_COLLECTION_LEN / 2) + 1;
            let left = values - outer;
            let mut items: Vec<Value> = vec![array(full - 1); left / full];
            items.push(array(left % full - 1));
            Value::from(items)
        };
        assert!(codec.decode_batch(&frame_of(codec, &arrays(limits::MAX_VALUES))).is_ok());
        let reason = malformed(codec, &frame_of(codec, &arrays(limits::MAX_VALUES + 1)));
        assert!(reason.contains("more than 16384 values"), "{reason}");
    }
}

#[test]
fn small_maps_cannot_take_a_lot_of_memory() {
    // 87 000 maps of one entry in 256 KiB would be 50 MB in memory.
    let body = b"\x81\xa0\xc0".repeat(limits::MAX_MESSAGE_BYTES / 3 - 8);
    let mut frame = b"\x91\xdd".to_vec();
    frame.extend(u32::try_from(body.len() / 3).unwrap().to_be_bytes());
    frame.extend(body);
    malformed(Codec::MsgPack, &frame);
}
