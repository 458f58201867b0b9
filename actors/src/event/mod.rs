//! Events: what is appended, what travels, and how a log is read.

pub mod log;

use bytes::Bytes;
use estafette_protocol::{Codec, EventKind, ProductId, ServerMessage, Timestamp, Topic};
use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// The key of a log: a product and one of its topics.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicKey {
    /// The product.
    pub product: ProductId,
    /// The topic.
    pub topic: Topic,
}

/// An event that has no number yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// The log.
    pub key: TopicKey,
    /// What happened.
    pub kind: EventKind,
    /// The particulars.
    pub data: Value,
}

/// A committed event, encoded at most once a codec however many readers it has.
#[derive(Debug)]
pub struct StoredEvent {
    /// The log.
    pub key: TopicKey,
    /// The life of the log.
    pub epoch: u64,
    /// Its number: 1, 2, 3, …
    pub seq: u64,
    message: ServerMessage,
    encoded: [OnceLock<Bytes>; 2],
}

impl StoredEvent {
    /// A committed event.
    pub fn new(key: TopicKey, epoch: u64, seq: u64, kind: EventKind, at: Timestamp, data: Value) -> Arc<Self> {
        let message = ServerMessage::Ev { topic: key.topic.clone(), seq, kind, at, data };
        Arc::new(Self { key, epoch, seq, message, encoded: Default::default() })
    }

    /// A committed event that another node sent, with its MessagePack item. `None` when the message is not a durable
    /// event of this topic.
    pub fn received(key: TopicKey, epoch: u64, message: ServerMessage, msgpack: Bytes) -> Option<Arc<Self>> {
        let seq = match &message {
            ServerMessage::Ev { topic, seq, .. } if *topic == key.topic => *seq,
            _ => return None,
        };
        let encoded = received(msgpack);
        Some(Arc::new(Self { key, epoch, seq, message, encoded }))
    }

    /// The event as an item of a batch.
    pub fn bytes(&self, codec: Codec) -> Bytes {
        encoded(&self.encoded, &self.message, codec)
    }

    /// The event as a message.
    pub const fn message(&self) -> &ServerMessage {
        &self.message
    }
}

/// A volatile event, encoded at most once a codec.
#[derive(Debug)]
pub struct LiveEvent {
    /// The topic.
    pub key: TopicKey,
    /// What it replaces.
    pub slot: String,
    message: ServerMessage,
    encoded: [OnceLock<Bytes>; 2],
}

impl LiveEvent {
    /// A volatile event that happens now.
    pub fn new(key: TopicKey, slot: String, kind: EventKind, data: Value) -> Arc<Self> {
        let at = Timestamp::new(chrono::Utc::now());
        let message = ServerMessage::Live { topic: key.topic.clone(), key: slot.clone(), kind, at, data };
        Arc::new(Self { key, slot, message, encoded: Default::default() })
    }

    /// A volatile event that another node sent, with its MessagePack item. `None` when the message is not a volatile
    /// event of this topic.
    pub fn received(key: TopicKey, message: ServerMessage, msgpack: Bytes) -> Option<Arc<Self>> {
        let slot = match &message {
            ServerMessage::Live { topic, key: slot, .. } if *topic == key.topic => slot.clone(),
            _ => return None,
        };
        let encoded = received(msgpack);
        Some(Arc::new(Self { key, slot, message, encoded }))
    }

    /// The event as an item of a batch.
    pub fn bytes(&self, codec: Codec) -> Bytes {
        encoded(&self.encoded, &self.message, codec)
    }
}

fn received(msgpack: Bytes) -> [OnceLock<Bytes>; 2] {
    let cells: [OnceLock<Bytes>; 2] = Default::default();
    if let Some(cell) = cells.get(Codec::MsgPack.index()) {
        let _first = cell.set(msgpack);
    }
    cells
}

fn encoded(cells: &[OnceLock<Bytes>; 2], message: &ServerMessage, codec: Codec) -> Bytes {
    let encode = || match codec.encode(message) {
        Ok(bytes) => Bytes::from(bytes),
        // A message is made of texts, numbers and JSON values: all have a form in both codecs.
        Err(error) => {
            tracing::error!(%error, "an event that cannot be encoded");
            Bytes::new()
        }
    };
    cells.get(codec.index()).map_or_else(encode, |cell| cell.get_or_init(encode).clone())
}
