//! The two codecs, and the bounds that hold while decoding what a stranger sent.
//!
//! A WebSocket message is a **batch**: an array of messages. An event goes to thousands of readers, so it is encoded
//! once a codec as an *item* ([`Codec::encode`]), and a batch is put together from items without looking inside them
//! ([`Codec::batch_head`], [`Codec::separator`], [`Codec::batch_tail`]).

mod bounded;

use crate::limits;
use crate::{CloseCode, ServerMessage};
use serde::Serialize;
use serde::de::DeserializeSeed;
use serde_json::Value;
use std::cell::Cell;

/// How messages are written as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Text frames; what a client that offers no subprotocol gets, so that command-line tools work.
    Json,
    /// Binary frames, maps with text keys.
    MsgPack,
}

/// What a decoder accepts. Each bound holds while reading, before memory is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a message.
    pub message_bytes: usize,
    /// Messages in a batch.
    pub batch_len: usize,
    /// Nesting of arrays and maps, the batch included. Above 100 the codecs' own bounds may be met first.
    pub depth: usize,
    /// Bytes of one text.
    pub string_bytes: usize,
    /// Entries of one array or map.
    pub collection_len: usize,
    /// Values in the whole message: what bounds the memory of a decoded message.
    pub values: usize,
}

impl Bounds {
    /// For what a stranger sends to a server.
    pub const FROM_CLIENT: Self = Self {
        message_bytes: limits::MAX_MESSAGE_BYTES,
        batch_len: limits::MAX_BATCH_LEN,
        depth: limits::MAX_DEPTH,
        string_bytes: limits::MAX_STRING_BYTES,
        collection_len: limits::MAX_COLLECTION_LEN,
        values: limits::MAX_VALUES,
    };

    /// For what a server sends to its clients: snapshots may be large, and bursts gather.
    pub const FROM_SERVER: Self = Self {
        message_bytes: limits::MAX_SERVER_MESSAGE_BYTES,
        batch_len: limits::MAX_SERVER_MESSAGE_BYTES,
        depth: 100,
        string_bytes: limits::MAX_SERVER_MESSAGE_BYTES,
        collection_len: limits::MAX_SERVER_MESSAGE_BYTES,
        values: limits::MAX_SERVER_MESSAGE_BYTES,
    };
}

/// Why a batch could not be decoded. The connection closes with 4400 (1009 for [`DecodeError::TooBig`]).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than a message may have.
    #[error("a message may have at most {max} bytes, this one has {len}")]
    TooBig {
        /// Bytes that it has.
        len: usize,
        /// Bytes that it may have.
        max: usize,
    },
    /// Not the codec's syntax, or beyond a bound of [`crate::limits`].
    #[error("not a valid {codec} batch: {reason}")]
    Malformed {
        /// The codec's name.
        codec: &'static str,
        /// What was wrong and where.
        reason: String,
    },
    /// Not an array.
    #[error("a WebSocket message must be an array of messages")]
    NotABatch,
    /// An empty array, or more messages than a batch may have.
    #[error("a batch has 1 to {max} messages, this one has {len}")]
    BatchLength {
        /// Messages that it has.
        len: usize,
        /// Messages that it may have.
        max: usize,
    },
}

impl DecodeError {
    /// The code with which the connection closes.
    pub const fn close_code(&self) -> CloseCode {
        match self {
            Self::TooBig { .. } => CloseCode::TooBig,
            Self::Malformed { .. } | Self::NotABatch | Self::BatchLength { .. } => CloseCode::Malformed,
        }
    }
}

/// A value that could not be encoded: a map with keys that are not text, for example. A defect of the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot encode: {0}")]
pub struct EncodeError(pub String);

impl Codec {
    /// Both codecs; the position in this list is [`Codec::index`].
    pub const ALL: [Codec; 2] = [Codec::Json, Codec::MsgPack];

    /// The WebSocket subprotocol.
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "estafette.v1.json",
            Self::MsgPack => "estafette.v1.msgpack",
        }
    }

    /// Chooses by the client's `Sec-WebSocket-Protocol` offers, in the client's order. `Some(Json)` when it offers
    /// none, `None` when it offers only unknown ones (HTTP 400).
    pub fn negotiate<'a>(offers: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut any = false;
        for offer in offers.into_iter().map(str::trim).filter(|offer| !offer.is_empty()) {
            any = true;
            if let Some(codec) = Self::ALL.into_iter().find(|codec| codec.subprotocol() == offer) {
                return Some(codec);
            }
        }
        (!any).then_some(Self::Json)
    }

    /// The place of this codec in a table of two.
    pub const fn index(self) -> usize {
        match self {
            Self::Json => 0,
            Self::MsgPack => 1,
        }
    }

    /// Whether frames are binary.
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::MsgPack)
    }

    /// Encodes one message as an item of a batch.
    ///
    /// # Errors
    /// [`EncodeError`] when the value has no form in this codec.
    pub fn encode<T: Serialize + ?Sized>(self, message: &T) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Json => serde_json::to_vec(message).map_err(|error| EncodeError(error.to_string())),
            Self::MsgPack => rmp_serde::to_vec_named(message).map_err(|error| EncodeError(error.to_string())),
        }
    }

    /// Encodes a whole batch.
    ///
    /// # Errors
    /// [`EncodeError`] when a value has no form in this codec.
    pub fn encode_batch<T: Serialize>(self, messages: &[T]) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Json => serde_json::to_vec(messages).map_err(|error| EncodeError(error.to_string())),
            Self::MsgPack => rmp_serde::to_vec_named(messages).map_err(|error| EncodeError(error.to_string())),
        }
    }

    /// What stands before the first of `len` items.
    pub fn batch_head(self, len: usize) -> BatchHead {
        let mut head = BatchHead { bytes: [0; 5], len: 0 };
        match self {
            Self::Json => head.push(b'['),
            Self::MsgPack => {
                let len = u32::try_from(len).unwrap_or(u32::MAX);
                if len < 16 {
                    head.push(0x90 | (len as u8));
                } else if let Ok(short) = u16::try_from(len) {
                    head.push(0xdc);
                    short.to_be_bytes().into_iter().for_each(|byte| head.push(byte));
                } else {
                    head.push(0xdd);
                    len.to_be_bytes().into_iter().for_each(|byte| head.push(byte));
                }
            }
        }
        head
    }

    /// What stands between two items.
    pub const fn separator(self) -> &'static [u8] {
        match self {
            Self::Json => b",",
            Self::MsgPack => b"",
        }
    }

    /// What stands after the last item.
    pub const fn batch_tail(self) -> &'static [u8] {
        match self {
            Self::Json => b"]",
            Self::MsgPack => b"",
        }
    }

    /// Decodes a batch that a stranger sent, within the bounds of [`crate::limits`]. Never panics.
    ///
    /// # Errors
    /// [`DecodeError`] when it is not a batch within the bounds.
    pub fn decode_batch(self, bytes: &[u8]) -> Result<Vec<Value>, DecodeError> {
        self.decode_batch_within(bytes, &Bounds::FROM_CLIENT)
    }

    /// Decodes a batch that a server sent. A message that this version does not know is left out, as the protocol asks
    /// of clients. Never panics.
    ///
    /// # Errors
    /// [`DecodeError`] when it is not a batch, or one of its messages breaks the form of its kind.
    pub fn decode_from_server(self, bytes: &[u8]) -> Result<Vec<ServerMessage>, DecodeError> {
        let mut messages = Vec::new();
        for value in self.decode_batch_within(bytes, &Bounds::FROM_SERVER)? {
            let message = ServerMessage::from_value(value)
                .map_err(|reason| DecodeError::Malformed { codec: self.name(), reason })?;
            messages.extend(message);
        }
        Ok(messages)
    }

    /// Decodes a batch within bounds. Never panics.
    ///
    /// # Errors
    /// [`DecodeError`] when it is not a batch within the bounds.
    pub fn decode_batch_within(self, bytes: &[u8], bounds: &Bounds) -> Result<Vec<Value>, DecodeError> {
        if bytes.len() > bounds.message_bytes {
            return Err(DecodeError::TooBig { len: bytes.len(), max: bounds.message_bytes });
        }
        let value =
            self.decode_value(bytes, bounds).map_err(|reason| DecodeError::Malformed { codec: self.name(), reason })?;
        let Value::Array(batch) = value else { return Err(DecodeError::NotABatch) };
        if batch.is_empty() || batch.len() > bounds.batch_len {
            return Err(DecodeError::BatchLength { len: batch.len(), max: bounds.batch_len });
        }
        Ok(batch)
    }

    fn decode_value(self, bytes: &[u8], bounds: &Bounds) -> Result<Value, String> {
        let left = Cell::new(bounds.values);
        let seed = bounded::ValueSeed::root(bounds, &left);
        match self {
            Self::Json => {
                let mut decoder = serde_json::Deserializer::from_slice(bytes);
                let value = seed.deserialize(&mut decoder).map_err(|error| error.to_string())?;
                decoder.end().map_err(|error| error.to_string())?;
                Ok(value)
            }
            Self::MsgPack => {
                let mut rest = bytes;
                let mut decoder = rmp_serde::Deserializer::new(&mut rest);
                // Our own count comes first; this one only has to be above it.
                decoder.set_max_depth(bounds.depth.saturating_add(2));
                let value = seed.deserialize(&mut decoder).map_err(|error| error.to_string())?;
                drop(decoder);
                if rest.is_empty() { Ok(value) } else { Err(format!("{} bytes after the batch", rest.len())) }
            }
        }
    }

    /// Its name for people.
    const fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::MsgPack => "MessagePack",
        }
    }
}

/// The bytes before a batch's first item: at most five.
#[derive(Debug, Clone, Copy)]
pub struct BatchHead {
    bytes: [u8; 5],
    len: usize,
}

impl BatchHead {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_offers_nothing_gets_json_and_one_that_offers_nonsense_gets_nothing() {
        assert_eq!(Codec::negotiate([]), Some(Codec::Json));
        assert_eq!(Codec::negotiate(["graphql-ws"]), None);
        assert_eq!(Codec::negotiate(["graphql-ws", " estafette.v1.msgpack"]), Some(Codec::MsgPack));
    }

    #[test]
    fn a_batch_put_together_from_items_is_the_batch() {
        for codec in Codec::ALL {
            for len in [1_usize, 15, 16, 70_000] {
                let items: Vec<u64> = (0..len as u64).collect();
                let mut bytes = codec.batch_head(len).as_slice().to_vec();
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        bytes.extend_from_slice(codec.separator());
                    }
                    bytes.extend(codec.encode(item).unwrap());
                }
                bytes.extend_from_slice(codec.batch_tail());
                assert_eq!(bytes, codec.encode_batch(&items).unwrap(), "{codec:?} {len}");
            }
        }
    }
}
