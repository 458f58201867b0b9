//! The two codecs, and the bounds that hold while decoding what a stranger sent.
//!
//! A WebSocket message is a **batch**: an array of messages. An event goes to thousands of readers, so it is encoded
//! once a codec as an *item* ([`Codec::encode`]), and a batch is put together from items without looking inside them
//! ([`Codec::batch_head`], [`Codec::separator`], [`Codec::batch_tail`]).

mod bounded;

use crate::limits::{MAX_BATCH_LEN, MAX_MESSAGE_BYTES};
use serde::Serialize;
use serde::de::DeserializeSeed;
use serde_json::Value;

/// How messages are written as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Text frames; what a client that offers no subprotocol gets, so that command-line tools work.
    Json,
    /// Binary frames, maps with text keys.
    MsgPack,
}

/// Why a batch could not be decoded. The connection closes with 4400 (1009 for [`DecodeError::TooBig`]).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than a message may have.
    #[error("a message may have at most {MAX_MESSAGE_BYTES} bytes, this one has {0}")]
    TooBig(usize),
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
    #[error("a batch has 1 to {MAX_BATCH_LEN} messages, this one has {0}")]
    BatchLength(usize),
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
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(DecodeError::TooBig(bytes.len()));
        }
        let malformed = |reason: String| DecodeError::Malformed { codec: self.name(), reason };
        let value = match self {
            Self::Json => {
                let mut decoder = serde_json::Deserializer::from_slice(bytes);
                let value = bounded::ValueSeed::root()
                    .deserialize(&mut decoder)
                    .map_err(|error| malformed(error.to_string()))?;
                decoder.end().map_err(|error| malformed(error.to_string()))?;
                value
            }
            Self::MsgPack => {
                let mut rest = bytes;
                let mut decoder = rmp_serde::Deserializer::new(&mut rest);
                decoder.set_max_depth(crate::limits::MAX_DEPTH * 2);
                let value = bounded::ValueSeed::root()
                    .deserialize(&mut decoder)
                    .map_err(|error| malformed(error.to_string()))?;
                drop(decoder);
                if !rest.is_empty() {
                    return Err(malformed(format!("{} bytes after the batch", rest.len())));
                }
                value
            }
        };
        let Value::Array(batch) = value else { return Err(DecodeError::NotABatch) };
        if batch.is_empty() || batch.len() > MAX_BATCH_LEN {
            return Err(DecodeError::BatchLength(batch.len()));
        }
        Ok(batch)
    }

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
