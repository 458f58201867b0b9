//! The form of a message between nodes, version 1. Compact, bounded, and decoded without trust: [`decode`] never panics.
//!
//! ```text
//! version u8 | kind u8 | origin u64 | body
//! kind 1  events   epoch varint, then per event: length varint, MessagePack item (an `ev` of the protocol)
//! kind 2  live     MessagePack item (a `live` of the protocol)
//! kind 3  head     epoch varint, seq varint, product, topic (length varint, text each)
//! kind 4  signal   tag u8, then texts
//! kind 5  probe    number varint
//! kind 6  trace    epoch varint, seq varint, W3C `traceparent` (length varint, text); what follows is not looked at
//! ```
//! Events travel in the protocol's own MessagePack form, which readers of both nodes share: it is made once. A node
//! that meets a version or kind it does not know leaves the message out, so that nodes of two releases live together. That
//! is why the trace of events is a message of its own, just before theirs, on their channel ([`super::traces`]): a node that
//! does not know it reads the events as ever.

use super::super::Signal;
use super::traces::{self, Announced};
use crate::event::{LiveEvent, StoredEvent, TopicKey};
use crate::limits::BUS_MESSAGE_BYTES;
use bytes::Bytes;
use estafette_protocol::codec::Bounds;
use estafette_protocol::{Codec, ProductId, ServerMessage, SessionId, TaskId, Topic, UserId};
use std::sync::Arc;

const VERSION: u8 = 1;
const EVENTS: u8 = 1;
const LIVE: u8 = 2;
const HEAD: u8 = 3;
const SIGNAL: u8 = 4;
const PROBE: u8 = 5;
pub(super) const TRACE: u8 = 6;

/// Bytes around the items of a message: its head, lengths, names.
const OVERHEAD: usize = 4 * 1024;
/// What an item may hold: it was made by a node, from an event that a product made.
const BOUNDS: Bounds = Bounds { message_bytes: BUS_MESSAGE_BYTES + 1, batch_len: 1, ..Bounds::FROM_SERVER };

/// Who sent a message: a random number a start of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin(pub u64);

/// What a message says.
#[derive(Debug, Clone)]
pub enum Body {
    /// Committed events of one topic.
    Events(Vec<Arc<StoredEvent>>),
    /// A volatile event.
    Live(Arc<LiveEvent>),
    /// The log of a topic goes at least so far.
    Head {
        /// The topic.
        key: TopicKey,
        /// The life of its log.
        epoch: u64,
        /// Its newest event.
        seq: u64,
    },
    /// A signal.
    Signal(Signal),
    /// A node that asks whether its messages come back.
    Probe(u64),
    /// The trace of events that come next; `None` when it cannot be read, which is no error.
    Trace(Option<Announced>),
}

/// Why a message cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// It ends too early, or goes on.
    #[error("the message has the wrong length")]
    Length,
    /// More bytes than a message may have.
    #[error("the message has {0} bytes")]
    TooBig(usize),
    /// Of a later release.
    #[error("version {0}, kind {1} is not known here")]
    Unknown(u8, u8),
    /// An event on a channel that is no topic of this node.
    #[error("nobody reads this topic here")]
    NoTopic,
    /// What it holds breaks its form.
    #[error("malformed: {0}")]
    Malformed(String),
}

pub(super) fn start(kind: u8, origin: Origin, capacity: usize) -> Vec<u8> {
    let mut message = Vec::with_capacity(capacity + 16);
    message.extend([VERSION, kind]);
    message.extend(origin.0.to_be_bytes());
    message
}

pub(super) fn put_varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

pub(super) fn put_bytes(message: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

/// A message of events that is being put together.
#[derive(Debug)]
pub struct EventsMessage {
    bytes: Vec<u8>,
    events: usize,
}

impl EventsMessage {
    /// Without events yet.
    pub fn new(origin: Origin, epoch: u64) -> Self {
        let mut bytes = start(EVENTS, origin, 0);
        put_varint(&mut bytes, epoch);
        Self { bytes, events: 0 }
    }

    /// Adds an event's MessagePack item.
    pub fn push(&mut self, item: &[u8]) {
        put_bytes(&mut self.bytes, item);
        self.events += 1;
    }

    /// Its bytes so far.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it holds no event yet.
    pub const fn is_empty(&self) -> bool {
        self.events == 0
    }

    /// The message; `None` when it holds no event.
    pub fn finish(self) -> Option<Vec<u8>> {
        (self.events > 0).then_some(self.bytes)
    }
}

/// A volatile event's message.
pub fn live(origin: Origin, item: &[u8]) -> Vec<u8> {
    let mut message = start(LIVE, origin, item.len());
    message.extend_from_slice(item);
    message
}

/// A message that says how far a log goes.
pub fn head(origin: Origin, key: &TopicKey, epoch: u64, seq: u64) -> Vec<u8> {
    let mut message = start(HEAD, origin, 128);
    put_varint(&mut message, epoch);
    put_varint(&mut message, seq);
    put_bytes(&mut message, key.product.as_str().as_bytes());
    put_bytes(&mut message, key.topic.as_str().as_bytes());
    message
}

/// A signal's message.
pub fn signal(origin: Origin, signal: &Signal) -> Vec<u8> {
    let (tag, texts): (u8, &[&str]) = match signal {
        Signal::Queued => (1, &[]),
        Signal::Stopped(task) => (2, &[task.as_str()]),
        Signal::Recheck(user) => (3, &[user.as_str()]),
        Signal::SignedOut(session, reason) => (4, &[session.as_str(), reason]),
    };
    let mut message = start(SIGNAL, origin, 96);
    message.push(tag);
    for text in texts {
        put_bytes(&mut message, text.as_bytes());
    }
    message
}

/// A probe's message.
pub fn probe(origin: Origin, n: u64) -> Vec<u8> {
    let mut message = start(PROBE, origin, 8);
    put_varint(&mut message, n);
    message
}

pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(WireError::Length)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, WireError> {
        self.take(1)?.first().copied().ok_or(WireError::Length)
    }

    pub(super) fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                break;
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Malformed("a number that is too large".to_owned()))
    }

    fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let len = self.varint()?;
        self.take(usize::try_from(len).map_err(|_| WireError::Length)?)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.bytes()?).map_err(|error| WireError::Malformed(error.to_string()))
    }

    fn end(&self) -> Result<(), WireError> {
        if self.0.is_empty() { Ok(()) } else { Err(WireError::Length) }
    }
}

fn malformed(error: impl std::fmt::Display) -> WireError {
    WireError::Malformed(error.to_string())
}

/// A MessagePack item as a message of the protocol, and its bytes.
fn item(bytes: &[u8]) -> Result<(ServerMessage, Bytes), WireError> {
    let codec = Codec::MsgPack;
    let mut batch = codec.batch_head(1).as_slice().to_vec();
    let head = batch.len();
    batch.extend_from_slice(bytes);
    let value = codec.decode_batch_within(&batch, &BOUNDS).map_err(malformed)?.pop();
    let message = ServerMessage::from_value(value.unwrap_or_default()).map_err(malformed)?;
    let message = message.ok_or_else(|| malformed("not a message of this version"))?;
    Ok((message, Bytes::from(batch).slice(head..)))
}

/// Reads a message that came on the channel of `topic` (`None`: on another one).
///
/// # Errors
/// [`WireError`]; the message is left out.
pub fn decode(payload: &[u8], topic: Option<&TopicKey>) -> Result<(Origin, Body), WireError> {
    if payload.len() > BUS_MESSAGE_BYTES + OVERHEAD {
        return Err(WireError::TooBig(payload.len()));
    }
    let mut reader = Reader(payload);
    let (version, kind) = (reader.byte()?, reader.byte()?);
    let origin = reader.take(8)?.try_into().map_err(|_| WireError::Length)?;
    let origin = Origin(u64::from_be_bytes(origin));
    if version != VERSION {
        return Err(WireError::Unknown(version, kind));
    }
    let body = match kind {
        EVENTS => events(&mut reader, topic.ok_or(WireError::NoTopic)?)?,
        LIVE => {
            let key = topic.ok_or(WireError::NoTopic)?;
            let (message, bytes) = item(reader.take(reader.0.len())?)?;
            let event = LiveEvent::received(key.clone(), message, bytes);
            Body::Live(event.ok_or_else(|| malformed("not a volatile event of this topic"))?)
        }
        HEAD => {
            let (epoch, seq) = (reader.varint()?, reader.varint()?);
            let product = ProductId::parse(reader.text()?).map_err(malformed)?;
            let topic = Topic::parse(reader.text()?).map_err(malformed)?;
            Body::Head { key: TopicKey { product, topic }, epoch, seq }
        }
        SIGNAL => Body::Signal(read_signal(&mut reader)?),
        PROBE => Body::Probe(reader.varint()?),
        TRACE => return Ok((origin, Body::Trace(topic.and_then(|key| traces::read(&mut reader, key))))),
        kind => return Err(WireError::Unknown(version, kind)),
    };
    reader.end()?;
    Ok((origin, body))
}

fn events(reader: &mut Reader<'_>, key: &TopicKey) -> Result<Body, WireError> {
    let epoch = reader.varint()?;
    let mut events = Vec::new();
    while !reader.0.is_empty() {
        let (message, bytes) = item(reader.bytes()?)?;
        let event = StoredEvent::received(key.clone(), epoch, message, bytes);
        events.push(event.ok_or_else(|| malformed("not a durable event of this topic"))?);
    }
    Ok(Body::Events(events))
}

fn read_signal(reader: &mut Reader<'_>) -> Result<Signal, WireError> {
    Ok(match reader.byte()? {
        1 => Signal::Queued,
        2 => Signal::Stopped(TaskId::parse(reader.text()?).map_err(malformed)?),
        3 => Signal::Recheck(UserId::parse(reader.text()?).map_err(malformed)?),
        4 => {
            let session = SessionId::parse(reader.text()?).map_err(malformed)?;
            Signal::SignedOut(session, reader.text()?.to_owned())
        }
        tag => return Err(WireError::Malformed(format!("signal {tag}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use estafette_protocol::{EventKind, Timestamp};
    use proptest::prelude::*;
    use serde_json::json;

    fn key() -> TopicKey {
        TopicKey { product: ProductId::parse("toy").unwrap(), topic: Topic::parse("task:t1").unwrap() }
    }

    fn event(seq: u64) -> Arc<StoredEvent> {
        let kind = EventKind::parse("step.completed").unwrap();
        let at = Timestamp::new(chrono::Utc::now());
        StoredEvent::new(key(), 7, seq, kind, at, json!({"text": "é😀", "n": 1.5, "list": [null, {"a": -1}]}))
    }

    fn message(events: &[Arc<StoredEvent>]) -> Vec<u8> {
        let mut message = EventsMessage::new(Origin(9), 7);
        for event in events {
            message.push(&event.bytes(Codec::MsgPack));
        }
        message.finish().unwrap()
    }

    #[test]
    fn events_come_out_as_they_went_in_with_both_codecs_bytes() {
        let sent = [event(300), event(301)];
        let (origin, body) = decode(&message(&sent), Some(&key())).unwrap();
        let Body::Events(came) = body else { panic!("{body:?}") };
        assert_eq!((origin, came.len()), (Origin(9), 2));
        for (sent, came) in sent.iter().zip(&came) {
            assert_eq!((came.epoch, came.seq, &came.key), (7, sent.seq, &key()));
            assert_eq!(came.message(), sent.message());
            for codec in Codec::ALL {
                assert_eq!(came.bytes(codec), sent.bytes(codec));
            }
        }
        assert_eq!(decode(&message(&sent), None).unwrap_err(), WireError::NoTopic);
        let other = TopicKey { topic: Topic::parse("task:t2").unwrap(), ..key() };
        assert!(matches!(decode(&message(&sent), Some(&other)), Err(WireError::Malformed(_))), "not this topic's");
        assert!(EventsMessage::new(Origin(9), 7).finish().is_none());
    }

    #[test]
    fn volatile_events_heads_signals_and_probes_come_out_as_they_went_in() {
        let kind = EventKind::parse("step.delta").unwrap();
        let sent = LiveEvent::new(key(), "s1".to_owned(), kind, json!({"text": "Wor"}));
        let Body::Live(came) = decode(&live(Origin(1), &sent.bytes(Codec::MsgPack)), Some(&key())).unwrap().1 else {
            panic!("not volatile")
        };
        assert_eq!((came.slot(), came.bytes(Codec::Json)), ("s1", sent.bytes(Codec::Json)));
        let Body::Head { key: topic, epoch, seq } = decode(&head(Origin(1), &key(), 5, u64::MAX), None).unwrap().1
        else {
            panic!("not a head")
        };
        assert_eq!((topic, epoch, seq), (key(), 5, u64::MAX));
        for sent in [
            Signal::Queued,
            Signal::Stopped(TaskId::parse("t1").unwrap()),
            Signal::Recheck(UserId::parse("u1").unwrap()),
            Signal::SignedOut(SessionId::parse("s1").unwrap(), "password changed".to_owned()),
        ] {
            let Body::Signal(came) = decode(&signal(Origin(1), &sent), None).unwrap().1 else { panic!("no signal") };
            assert_eq!(came, sent);
        }
        assert!(matches!(decode(&probe(Origin(1), 77), None), Ok((Origin(1), Body::Probe(77)))));
    }

    #[test]
    fn a_later_release_is_not_understood_and_says_so() {
        let mut later = probe(Origin(1), 1);
        later[0] = 2;
        assert_eq!(decode(&later, None).unwrap_err(), WireError::Unknown(2, PROBE));
        let mut later = probe(Origin(1), 1);
        later[1] = 99;
        assert_eq!(decode(&later, None).unwrap_err(), WireError::Unknown(VERSION, 99));
        let large = vec![VERSION; BUS_MESSAGE_BYTES + OVERHEAD + 1];
        assert!(matches!(decode(&large, None), Err(WireError::TooBig(_))));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), topic: bool) {
            let key = topic.then(key);
            let _ = decode(&bytes, key.as_ref());
        }

        #[test]
        fn a_damaged_message_is_decoded_or_refused(at in 0_usize..400, byte: u8, cut in 0_usize..400) {
            let mut bytes = message(&[event(1), event(2)]);
            let len = bytes.len();
            bytes[at % len] = byte;
            bytes.truncate(len.saturating_sub(cut % len));
            // What is still readable belongs to the topic.
            if let Ok((_, Body::Events(events))) = decode(&bytes, Some(&key())) {
                prop_assert!(events.iter().all(|event| event.key == key()));
            }
        }

        #[test]
        fn numbers_come_out_as_they_went_in(epoch: u64, seq: u64) {
            let came = decode(&head(Origin(3), &key(), epoch, seq), None);
            let same = matches!(came, Ok((_, Body::Head { epoch: e, seq: s, .. })) if (e, s) == (epoch, seq));
            prop_assert!(same);
        }
    }
}
