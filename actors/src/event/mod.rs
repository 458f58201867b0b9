//! Events: what is appended, what travels, and how a log is read.

mod framed;
mod live;
pub mod log;

pub use framed::Framed;
pub use live::{BatchPlace, LiveBatch, LiveEvent};

use bytes::Bytes;
use estafette_protocol::{Codec, EventKind, ProductId, ServerMessage, Timestamp, Topic};
use framed::PerCodec;
use serde_json::Value;
use std::sync::Arc;

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
    framed: PerCodec,
}

impl StoredEvent {
    /// A committed event.
    pub fn new(key: TopicKey, epoch: u64, seq: u64, kind: EventKind, at: Timestamp, data: Value) -> Arc<Self> {
        let message = ServerMessage::Ev { topic: key.topic.clone(), seq, kind, at, data };
        Arc::new(Self { key, epoch, seq, message, framed: PerCodec::default() })
    }

    /// A committed event that another node sent, with its MessagePack item. `None` when the message is not a durable
    /// event of this topic.
    pub fn received(key: TopicKey, epoch: u64, message: ServerMessage, msgpack: Bytes) -> Option<Arc<Self>> {
        let seq = match &message {
            ServerMessage::Ev { topic, seq, .. } if *topic == key.topic => *seq,
            _ => return None,
        };
        let framed = received(&msgpack);
        Some(Arc::new(Self { key, epoch, seq, message, framed }))
    }

    /// The event as an item of a batch.
    pub fn bytes(&self, codec: Codec) -> Bytes {
        self.framed(codec).items()
    }

    /// The event alone in a frame.
    pub fn framed(&self, codec: Codec) -> Framed {
        self.framed.get_or_make(codec, || Framed::message(codec, &self.message).unwrap_or_default())
    }

    /// The event as a message.
    pub const fn message(&self) -> &ServerMessage {
        &self.message
    }
}

/// What another node sent is not encoded again.
fn received(msgpack: &[u8]) -> PerCodec {
    let cells = PerCodec::default();
    cells.set(Codec::MsgPack, Framed::of(Codec::MsgPack, std::iter::once(msgpack)));
    cells
}
