//! Volatile events: never stored; of a `(topic, key)` only the newest counts.

use super::framed::{Framed, PerCodec};
use super::{TopicKey, received};
use bytes::Bytes;
use estafette_protocol::{Codec, EventKind, ServerMessage, Timestamp};
use serde_json::Value;
use std::sync::Arc;
use std::time::Instant;

/// A volatile event, encoded at most once a codec.
#[derive(Debug)]
pub struct LiveEvent {
    /// The topic.
    pub key: TopicKey,
    message: ServerMessage,
    framed: PerCodec,
}

impl LiveEvent {
    /// A volatile event that happens now.
    pub fn new(key: TopicKey, slot: String, kind: EventKind, data: Value) -> Arc<Self> {
        let at = Timestamp::new(chrono::Utc::now());
        let message = ServerMessage::Live { topic: key.topic.clone(), key: slot, kind, at, data };
        Arc::new(Self { key, message, framed: PerCodec::default() })
    }

    /// A volatile event that another node sent, with its MessagePack item. `None` when the message is not a volatile
    /// event of this topic.
    pub fn received(key: TopicKey, message: ServerMessage, msgpack: Bytes) -> Option<Arc<Self>> {
        match &message {
            ServerMessage::Live { topic, .. } if *topic == key.topic => {}
            _ => return None,
        }
        let framed = received(&msgpack);
        Some(Arc::new(Self { key, message, framed }))
    }

    /// What it replaces.
    pub fn slot(&self) -> &str {
        match &self.message {
            ServerMessage::Live { key, .. } => key,
            _ => "",
        }
    }

    /// The event as an item of a batch.
    pub fn bytes(&self, codec: Codec) -> Bytes {
        self.framed(codec).items()
    }

    /// The event alone in a frame.
    pub fn framed(&self, codec: Codec) -> Framed {
        self.framed.get_or_make(codec, || Framed::message(codec, &self.message).unwrap_or_default())
    }
}

/// Volatile events of one topic that were gathered for a moment, no two of one slot, oldest first. All its readers share
/// one frame a codec.
#[derive(Debug)]
pub struct LiveBatch {
    events: Vec<Arc<LiveEvent>>,
    /// When the first of them was taken.
    began: Instant,
    place: BatchPlace,
    framed: PerCodec,
}

/// The place of a batch among those of its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPlace {
    /// Its number: each batch has a higher one than those before.
    pub number: u64,
    /// None of the batches from this number on has a slot in common with it.
    pub apart_from: u64,
}

impl BatchPlace {
    /// Of a batch of which nobody knows what was before.
    pub const UNKNOWN: Self = Self { number: 0, apart_from: u64::MAX };
}

impl LiveBatch {
    /// A batch of events of one topic, no two of one slot.
    pub fn new(events: Vec<Arc<LiveEvent>>, began: Instant, place: BatchPlace) -> Arc<Self> {
        Arc::new(Self { events, began, place, framed: PerCodec::default() })
    }

    /// Its place among those of its topic.
    pub const fn place(&self) -> BatchPlace {
        self.place
    }

    /// The events.
    pub fn events(&self) -> &[Arc<LiveEvent>] {
        &self.events
    }

    /// When the first of them was taken.
    pub const fn began(&self) -> Instant {
        self.began
    }

    /// All of them in a frame.
    pub fn framed(&self, codec: Codec) -> Framed {
        self.framed.get_or_make(codec, || match &self.events[..] {
            [only] => only.framed(codec),
            several => Framed::merged(codec, &several.iter().map(|event| event.framed(codec)).collect::<Vec<_>>()),
        })
    }
}
