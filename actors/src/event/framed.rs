//! Messages as they go over the wire, made once a codec however many readers there are: a whole WebSocket frame whose
//! bytes are shared. A message that waits alone is written as it is; when more wait, its items go into one frame with
//! the others.

use crate::session::frames::FrameHead;
use bytes::{BufMut, Bytes, BytesMut};
use estafette_protocol::{Codec, ServerMessage};
use std::sync::OnceLock;

/// A WebSocket frame with a batch of one message or more. Server frames carry no mask, so the bytes are the same for
/// every reader.
#[derive(Debug, Clone, Default)]
pub struct Framed {
    frame: Bytes,
    /// Bytes before the first item: the frame's head and the batch's.
    head: u8,
    /// Bytes after the last item.
    tail: u8,
    /// Items.
    count: u32,
}

impl Framed {
    /// A frame of these items, in this order.
    pub fn of<'a>(codec: Codec, items: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let count = items.clone().count();
        Self::joined(codec, u32::try_from(count).unwrap_or(u32::MAX), count, items)
    }

    /// A frame of all that others hold, in this order.
    pub fn merged(codec: Codec, parts: &[Self]) -> Self {
        match parts {
            [only] => only.clone(),
            _ => {
                let parts = parts.iter().filter(|part| !part.is_empty());
                let count = parts.clone().map(|part| part.count).sum();
                Self::joined(codec, count, parts.clone().count(), parts.map(Self::as_items))
            }
        }
    }

    /// A frame of `count` items that come in so many pieces.
    fn joined<'a>(codec: Codec, count: u32, pieces: usize, items: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let separators = codec.separator().len() * pieces.saturating_sub(1);
        let bytes = items.clone().map(<[u8]>::len).sum::<usize>() + separators;
        let batch = codec.batch_head(usize::try_from(count).unwrap_or(usize::MAX));
        let (batch, tail) = (batch.as_slice(), codec.batch_tail());
        let frame = FrameHead::of(codec.is_binary(), batch.len() + bytes + tail.len());
        let head = frame.as_slice().len() + batch.len();
        let mut whole = BytesMut::with_capacity(head + bytes + tail.len());
        whole.put_slice(frame.as_slice());
        whole.put_slice(batch);
        for (index, item) in items.enumerate() {
            if index > 0 {
                whole.put_slice(codec.separator());
            }
            whole.put_slice(item);
        }
        whole.put_slice(tail);
        let short = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
        Self { frame: whole.freeze(), head: short(head), tail: short(tail.len()), count }
    }

    /// A message alone in its frame; `None` (and a line in the log) when it has no form in this codec.
    pub fn message(codec: Codec, message: &ServerMessage) -> Option<Self> {
        match codec.encode(message) {
            Ok(item) => Some(Self::of(codec, std::iter::once(&item[..]))),
            // A message is made of texts, numbers and JSON values: all have a form in both codecs.
            Err(error) => {
                tracing::error!(%error, "a message that cannot be encoded");
                None
            }
        }
    }

    /// The frame.
    pub const fn frame(&self) -> &Bytes {
        &self.frame
    }

    /// Its payload: a batch.
    pub fn payload(&self) -> Bytes {
        let frame = FrameHead::length(&self.frame);
        self.frame.slice(frame.min(self.frame.len())..)
    }

    /// The items, with what stands between them.
    pub fn items(&self) -> Bytes {
        let (from, to) = self.range();
        self.frame.slice(from..to)
    }

    fn as_items(&self) -> &[u8] {
        let (from, to) = self.range();
        self.frame.get(from..to).unwrap_or_default()
    }

    fn range(&self) -> (usize, usize) {
        let to = self.frame.len().saturating_sub(self.tail.into());
        (usize::from(self.head).min(to), to)
    }

    /// Bytes of the items.
    pub fn len(&self) -> usize {
        let (from, to) = self.range();
        to - from
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// What is made at most once a codec.
#[derive(Debug, Default)]
pub(super) struct PerCodec([OnceLock<Framed>; 2]);

impl PerCodec {
    pub(super) fn get_or_make(&self, codec: Codec, make: impl FnOnce() -> Framed) -> Framed {
        match self.0.get(codec.index()) {
            Some(cell) => cell.get_or_init(make).clone(),
            None => make(),
        }
    }

    pub(super) fn set(&self, codec: Codec, framed: Framed) {
        if let Some(cell) = self.0.get(codec.index()) {
            let _first = cell.set(framed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_put_together_from_frames_is_the_frame_of_all_items() {
        for codec in Codec::ALL {
            let items: Vec<Vec<u8>> = (0..40_u64).map(|n| codec.encode(&"x".repeat(n as usize * 9)).unwrap()).collect();
            let all = Framed::of(codec, items.iter().map(Vec::as_slice));
            let (first, rest) = items.split_at(7);
            let parts = [
                Framed::of(codec, first.iter().map(Vec::as_slice)),
                Framed::of(codec, rest[..1].iter().map(Vec::as_slice)),
                Framed::of(codec, rest[1..].iter().map(Vec::as_slice)),
            ];
            let merged = Framed::merged(codec, &parts);
            assert_eq!(merged.frame(), all.frame(), "{codec:?}");
            assert_eq!((merged.count, merged.len()), (40, all.len()));
            let texts: Vec<String> = (0..40).map(|n| "x".repeat(n * 9)).collect();
            assert_eq!(all.payload(), codec.encode_batch(&texts).unwrap());
            assert_eq!(parts[1].items(), codec.encode(&texts[7]).unwrap());
        }
    }
}
