//! Frames to messages and back. The only file that uses the WebSocket crate: frames come from its codec, and what the
//! codec leaves open is closed here. It checks a frame's length only after it has buffered the frame, so the header is
//! looked at first and a peer that declares a terabyte is told 1009 at once; fragments are joined within the same
//! bound; text that is not UTF-8 is 1007, everything else against RFC 6455 is 1002.

use actix_codec::{Decoder as _, Encoder as _};
use actix_http::ws::{Codec as FrameCodec, Item};
use actix_web_actors::ws::{CloseCode as WsCloseCode, CloseReason, Frame, Message, ProtocolError};
use bytes::{Bytes, BytesMut};
use estafette_protocol::CloseCode;

/// What a peer sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A whole text message, valid UTF-8.
    Text(Bytes),
    /// A whole binary message.
    Binary(Bytes),
    /// A ping that wants its answer.
    Ping(Bytes),
    /// An answer to a ping.
    Pong,
    /// The peer closes, with its code.
    Close(Option<u16>),
}

/// A peer that broke a rule, and how it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The close code.
    pub code: CloseCode,
    /// The reason text.
    pub reason: String,
}

/// Reads messages from bytes.
pub struct FrameReader {
    codec: FrameCodec,
    max: usize,
    joined: BytesMut,
    joining_text: bool,
}

impl FrameReader {
    /// A reader of messages of at most `max` bytes.
    pub fn new(max: usize) -> Self {
        Self { codec: FrameCodec::new().max_size(max), max, joined: BytesMut::new(), joining_text: false }
    }

    /// The next message in `bytes`, or `None` when more is needed.
    ///
    /// # Errors
    /// [`Violation`]: the connection is to be closed with it.
    pub fn next(&mut self, bytes: &mut BytesMut) -> Result<Option<Incoming>, Violation> {
        loop {
            self.guard(bytes)?;
            let Some(frame) = self.codec.decode(bytes).map_err(|error| violation(&error))? else { return Ok(None) };
            match frame {
                Frame::Text(text) => return checked_text(text).map(Some),
                Frame::Binary(binary) => return Ok(Some(Incoming::Binary(binary))),
                Frame::Ping(payload) => return Ok(Some(Incoming::Ping(payload))),
                Frame::Pong(_) => return Ok(Some(Incoming::Pong)),
                Frame::Close(reason) => return Ok(Some(Incoming::Close(reason.map(|reason| u16::from(reason.code))))),
                Frame::Continuation(item) => {
                    if let Some(message) = self.join(item)? {
                        return Ok(Some(message));
                    }
                }
            }
        }
    }

    fn join(&mut self, item: Item) -> Result<Option<Incoming>, Violation> {
        let (part, last) = match item {
            Item::FirstText(part) => {
                self.joining_text = true;
                (part, false)
            }
            Item::FirstBinary(part) => {
                self.joining_text = false;
                (part, false)
            }
            Item::Continue(part) => (part, false),
            Item::Last(part) => (part, true),
        };
        if self.joined.len() + part.len() > self.max {
            return Err(self.too_big());
        }
        self.joined.extend_from_slice(&part);
        if !last {
            if self.joining_text {
                fail_fast(&self.joined)?;
            }
            return Ok(None);
        }
        let whole = self.joined.split().freeze();
        if self.joining_text { checked_text(whole).map(Some) } else { Ok(Some(Incoming::Binary(whole))) }
    }

    /// Looks at the header before the codec buffers what it declares.
    fn guard(&self, bytes: &BytesMut) -> Result<(), Violation> {
        let (Some(first), Some(second)) = (bytes.first(), bytes.get(1)) else { return Ok(()) };
        if first & 0x70 != 0 {
            return Err(Violation { code: CloseCode::ProtocolError, reason: "reserved bits must be 0".to_owned() });
        }
        let declared = match second & 0x7f {
            126 => bytes
                .get(2..4)
                .and_then(|length| length.try_into().ok())
                .map(|length| u64::from(u16::from_be_bytes(length))),
            127 => bytes.get(2..10).and_then(|length| length.try_into().ok()).map(u64::from_be_bytes),
            short => Some(u64::from(short)),
        };
        match declared {
            Some(length) if length > self.max as u64 => Err(self.too_big()),
            _ => Ok(()),
        }
    }

    fn too_big(&self) -> Violation {
        Violation { code: CloseCode::TooBig, reason: format!("a message may have at most {} bytes", self.max) }
    }
}

fn violation(error: &ProtocolError) -> Violation {
    let code = match error {
        ProtocolError::Overflow => CloseCode::TooBig,
        // The codec reports a close reason that is not UTF-8 this way, and reserved bits (which were looked at before).
        ProtocolError::Io(error) if error.kind() == std::io::ErrorKind::Other => CloseCode::InvalidUtf8,
        _ => CloseCode::ProtocolError,
    };
    Violation { code, reason: error.to_string() }
}

fn not_utf8() -> Violation {
    Violation { code: CloseCode::InvalidUtf8, reason: "a text message must be UTF-8".to_owned() }
}

fn checked_text(text: Bytes) -> Result<Incoming, Violation> {
    match std::str::from_utf8(&text) {
        Ok(_) => Ok(Incoming::Text(text)),
        Err(_invalid) => Err(not_utf8()),
    }
}

/// A fragment may end inside a character, but what is wrong already will not become right.
fn fail_fast(text: &[u8]) -> Result<(), Violation> {
    match std::str::from_utf8(text) {
        Err(error) if error.error_len().is_some() => Err(not_utf8()),
        _ => Ok(()),
    }
}

/// Writes messages as bytes.
pub struct FrameWriter(FrameCodec);

impl Default for FrameWriter {
    fn default() -> Self {
        Self(FrameCodec::new())
    }
}

impl FrameWriter {
    fn write(&mut self, message: Message, into: &mut BytesMut) {
        if let Err(error) = self.0.encode(message, into) {
            tracing::error!(%error, "a frame that cannot be written");
        }
    }

    /// A batch.
    pub fn batch(&mut self, payload: Bytes, binary: bool, into: &mut BytesMut) {
        if binary {
            self.write(Message::Binary(payload), into);
            return;
        }
        match String::from_utf8(payload.into()) {
            Ok(text) => self.write(Message::Text(text.into()), into),
            Err(error) => tracing::error!(%error, "JSON that is not UTF-8"),
        }
    }

    /// A ping.
    pub fn ping(&mut self, into: &mut BytesMut) {
        self.write(Message::Ping(Bytes::new()), into);
    }

    /// The answer to a ping.
    pub fn pong(&mut self, payload: Bytes, into: &mut BytesMut) {
        self.write(Message::Pong(payload), into);
    }

    /// A close, with a reason cut to what a control frame holds.
    pub fn close(&mut self, code: u16, reason: &str, into: &mut BytesMut) {
        let mut end = reason.len().min(120);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let description = reason.get(..end).map(str::to_owned);
        self.write(Message::Close(Some(CloseReason { code: WsCloseCode::from(code), description })), into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: &[u8]) -> BytesMut {
        let mut bytes = BytesMut::from(&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0][..]);
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn a_declared_terabyte_is_refused_before_it_is_sent() {
        let mut reader = FrameReader::new(1024);
        let mut bytes = BytesMut::from(&[0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0][..]);
        assert_eq!(reader.next(&mut bytes).unwrap_err().code, CloseCode::TooBig);
    }

    #[test]
    fn fragments_are_joined_within_the_bound() {
        let mut reader = FrameReader::new(8);
        let mut bytes = frame(0x01, b"hel");
        bytes.extend_from_slice(&frame(0x89, b"p"));
        bytes.extend_from_slice(&frame(0x80, b"lo"));
        assert_eq!(reader.next(&mut bytes).unwrap(), Some(Incoming::Ping(Bytes::from_static(b"p"))));
        assert_eq!(reader.next(&mut bytes).unwrap(), Some(Incoming::Text(Bytes::from_static(b"hello"))));
        let mut bytes = frame(0x02, b"123456");
        bytes.extend_from_slice(&frame(0x80, b"789"));
        assert_eq!(reader.next(&mut bytes).unwrap_err().code, CloseCode::TooBig);
    }

    #[test]
    fn text_must_be_utf8_and_reserved_bits_zero() {
        assert_eq!(FrameReader::new(64).next(&mut frame(0x81, &[0xff])).unwrap_err().code, CloseCode::InvalidUtf8);
        assert_eq!(FrameReader::new(64).next(&mut frame(0x01, &[0xff])).unwrap_err().code, CloseCode::InvalidUtf8);
        assert_eq!(FrameReader::new(64).next(&mut frame(0xc1, b"x")).unwrap_err().code, CloseCode::ProtocolError);
        let unmasked = &mut BytesMut::from(&[0x81, 1, b'x'][..]);
        assert_eq!(FrameReader::new(64).next(unmasked).unwrap_err().code, CloseCode::ProtocolError);
    }
}
