//! Golden vectors: the files in `fixtures/` are the bytes on the wire, for this crate and for clients in every language.
//! `UPDATE=1 cargo test -p estafette-protocol --test golden` writes them anew.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "golden/cases.rs"]
mod cases;
#[path = "golden/malformed.rs"]
mod malformed;

use estafette_protocol::codec::DecodeError;
use estafette_protocol::{ClientMessage, Codec, ServerMessage};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

/// Who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Client,
    Server,
}

/// A batch that is understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Valid {
    name: String,
    description: String,
    direction: Direction,
    /// The batch as a value.
    messages: Vec<Value>,
    /// The text frame.
    json: String,
    /// The binary frame, hex.
    msgpack: String,
}

/// A batch that a receiver understands, though no sender of this version writes it so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Tolerated {
    #[serde(flatten)]
    batch: Valid,
    /// What the receiver makes of it; messages that it ignores are left out.
    understood: Vec<Value>,
}

/// Bytes that a server refuses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Malformed {
    name: String,
    description: String,
    codec: String,
    /// The frame, hex.
    bytes: String,
    /// `malformed`, `not_a_batch`, `batch_length`: the connection closes with `close`. `bad_message`: the batch is
    /// read, but a message of it is none; with an `id` the answer is `err` with `bad_request`, else the connection closes.
    error: String,
    /// The close code; null where an `err` is the answer.
    close: Option<u16>,
    /// The request's number in the `err`.
    id: Option<u32>,
}

fn check<T>(file: &str, fresh: Vec<T>)
where
    T: Serialize + for<'de> Deserialize<'de> + PartialEq + std::fmt::Debug,
{
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, serde_json::to_string_pretty(&fresh).unwrap() + "\n").unwrap();
        return;
    }
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("fixtures/{file}: {error}"));
    let on_disk: Vec<T> = serde_json::from_str(&text).unwrap();
    for (old, new) in on_disk.iter().zip(&fresh) {
        assert_eq!(old, new, "fixtures/{file} is not what the codecs write: the wire format changed");
    }
    assert_eq!(on_disk.len(), fresh.len(), "fixtures/{file} has other cases than the test");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn valid<M: Serialize>(name: &str, description: &str, direction: Direction, messages: &[M]) -> Valid {
    Valid {
        name: name.to_owned(),
        description: description.to_owned(),
        direction,
        messages: messages.iter().map(|message| serde_json::to_value(message).unwrap()).collect(),
        json: String::from_utf8(Codec::Json.encode_batch(messages).unwrap()).unwrap(),
        msgpack: hex(&Codec::MsgPack.encode_batch(messages).unwrap()),
    }
}

fn frames(batch: &Valid) -> [(Codec, Vec<u8>); 2] {
    [(Codec::Json, batch.json.clone().into_bytes()), (Codec::MsgPack, unhex(&batch.msgpack))]
}

#[test]
fn what_clients_send() {
    let cases: Vec<Valid> = cases::client()
        .into_iter()
        .map(|(name, description, messages)| valid(name, description, Direction::Client, &messages))
        .collect();
    for (case, (_, _, messages)) in cases.iter().zip(cases::client()) {
        for (codec, frame) in frames(case) {
            let values = codec.decode_batch(&frame).unwrap();
            assert_eq!(values, case.messages, "{} {codec:?}", case.name);
            let read: Vec<_> = values.into_iter().map(|value| ClientMessage::from_value(value).unwrap()).collect();
            assert_eq!(read, messages, "{} {codec:?}", case.name);
        }
    }
    check("client.json", cases);
}

#[test]
fn what_servers_send() {
    let cases: Vec<Valid> = cases::server()
        .into_iter()
        .map(|(name, description, messages)| valid(name, description, Direction::Server, &messages))
        .collect();
    let mut seen: Vec<String> = Vec::new();
    for (case, (_, _, messages)) in cases.iter().zip(cases::server()) {
        seen.extend(case.messages.iter().filter_map(|message| message.get("t")?.as_str().map(str::to_owned)));
        for (codec, frame) in frames(case) {
            assert_eq!(codec.decode_from_server(&frame).unwrap(), messages, "{} {codec:?}", case.name);
        }
    }
    for t in ServerMessage::TYPES {
        assert!(seen.iter().any(|seen| seen == t), "no vector for `{t}`");
    }
    check("server.json", cases);
}

#[test]
fn what_receivers_tolerate() {
    let cases: Vec<Tolerated> = cases::tolerated()
        .into_iter()
        .map(|(name, description, direction, messages, understood)| Tolerated {
            batch: valid(name, description, direction, &messages),
            understood,
        })
        .collect();
    for case in &cases {
        for (codec, frame) in frames(&case.batch) {
            let understood: Vec<Value> = match case.batch.direction {
                Direction::Client => {
                    let values = codec.decode_batch(&frame).unwrap();
                    let read = values.into_iter().map(|value| ClientMessage::from_value(value).unwrap());
                    read.map(|message| serde_json::to_value(message).unwrap()).collect()
                }
                Direction::Server => {
                    let read = codec.decode_from_server(&frame).unwrap();
                    read.iter().map(|message| serde_json::to_value(message).unwrap()).collect()
                }
            };
            assert_eq!(understood, case.understood, "{} {codec:?}", case.batch.name);
        }
    }
    check("tolerated.json", cases);
}

#[test]
fn what_servers_refuse() {
    let mut cases = Vec::new();
    for (name, description, codec, bytes, expected) in malformed::cases() {
        let (error, close, id) = match codec.decode_batch(&bytes) {
            Err(error) => {
                let class = match &error {
                    DecodeError::TooBig { .. } => "too_big",
                    DecodeError::Malformed { .. } => "malformed",
                    DecodeError::NotABatch => "not_a_batch",
                    DecodeError::BatchLength { .. } => "batch_length",
                };
                (class, Some(error.close_code().number()), None)
            }
            Ok(values) => {
                let bad = values.into_iter().find_map(|value| ClientMessage::from_value(value).err());
                let bad = bad.unwrap_or_else(|| panic!("{name}: was understood"));
                ("bad_message", bad.id.is_none().then_some(4400), bad.id)
            }
        };
        assert_eq!(error, expected, "{name}");
        cases.push(Malformed {
            name: name.to_owned(),
            description: description.to_owned(),
            codec: if codec == Codec::Json { "json" } else { "msgpack" }.to_owned(),
            bytes: hex(&bytes),
            error: error.to_owned(),
            close,
            id,
        });
    }
    check("malformed.json", cases);
}
