//! Frames to messages and back (RFC 6455 §5). Reading is this crate's own, because the codec of the WebSocket crate
//! looks at a frame only when it has all of it: here a frame is judged by its first bytes and taken as it comes, so that
//! a peer that declares a terabyte is told 1009 before it sends it, text that cannot become UTF-8 any more is 1007 at
//! the byte that spoils it, and a message in a million pieces costs no more than the same message in one. Everything
//! else against the RFC is 1002. Control frames are written by the crate, and this is the only file that uses it; of a
//! data frame only the head is written here ([`FrameHead`]), because its payload is shared by all its readers and is
//! never copied for one of them.

use crate::limits::EMPTY_FRAGMENTS;
use actix_codec::Encoder as _;
use actix_http::ws::Codec as FrameCodec;
use actix_web_actors::ws::{CloseCode as WsCloseCode, CloseReason, Message};
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

impl Violation {
    fn protocol(reason: &str) -> Self {
        Self { code: CloseCode::ProtocolError, reason: reason.to_owned() }
    }

    fn not_utf8(what: &str) -> Self {
        Self { code: CloseCode::InvalidUtf8, reason: format!("{what} must be UTF-8") }
    }
}

/// What a frame is (§5.2, opcode).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn parse(bits: u8) -> Result<Self, Violation> {
        match bits {
            0 => Ok(Self::Continuation),
            1 => Ok(Self::Text),
            2 => Ok(Self::Binary),
            8 => Ok(Self::Close),
            9 => Ok(Self::Ping),
            10 => Ok(Self::Pong),
            _ => Err(Violation::protocol("a reserved opcode")),
        }
    }

    const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A frame whose payload is being taken.
#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: Opcode,
    last: bool,
    /// Bytes of the payload that are still to come.
    remaining: usize,
    /// The mask, turned so that its first byte is for the next byte of the payload.
    mask: [u8; 4],
}

/// Longest payload of a control frame (§5.5).
const CONTROL_MAX: usize = 125;

/// Reads messages from bytes.
#[derive(Debug)]
pub struct FrameReader {
    max: usize,
    frame: Option<Frame>,
    /// Whether a message is being joined, and whether it is text.
    joining: Option<bool>,
    joined: BytesMut,
    /// How much of `joined` is known to be UTF-8.
    checked: usize,
    /// Fragments of the message that brought nothing.
    empty: u32,
    control: BytesMut,
}

impl FrameReader {
    /// A reader of messages of at most `max` bytes.
    pub fn new(max: usize) -> Self {
        let (joined, control) = (BytesMut::new(), BytesMut::new());
        Self { max, frame: None, joining: None, joined, checked: 0, empty: 0, control }
    }

    /// The next message in `bytes`, or `None` when more is needed. What is taken of `bytes` is kept in here, within the
    /// bound; after a violation the reader is of no use any more.
    ///
    /// # Errors
    /// [`Violation`]: the connection is to be closed with it.
    pub fn next(&mut self, bytes: &mut BytesMut) -> Result<Option<Incoming>, Violation> {
        loop {
            let mut frame = match self.frame.take() {
                Some(frame) => frame,
                None => match self.head(bytes)? {
                    Some(frame) => frame,
                    None => return Ok(None),
                },
            };
            let mut part = bytes.split_to(frame.remaining.min(bytes.len()));
            frame.remaining -= part.len();
            unmask(&mut part, &mut frame.mask);
            if frame.opcode.is_control() {
                self.control.extend_from_slice(&part);
                if frame.remaining == 0 {
                    return self.control(frame.opcode).map(Some);
                }
            } else if let Some(message) = self.data(frame, part)? {
                return Ok(Some(message));
            }
            if frame.remaining > 0 {
                self.frame = Some(frame);
                return Ok(None);
            }
        }
    }

    /// Takes a head from `bytes` when it is there. What its first bytes show to be wrong is refused at once.
    fn head(&mut self, bytes: &mut BytesMut) -> Result<Option<Frame>, Violation> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        if first & 0x70 != 0 {
            return Err(Violation::protocol("reserved bits must be 0"));
        }
        let opcode = Opcode::parse(first & 0x0f)?;
        let last = first & 0x80 != 0;
        match opcode {
            Opcode::Continuation if self.joining.is_none() => {
                return Err(Violation::protocol("a continuation of no message"));
            }
            Opcode::Text | Opcode::Binary if self.joining.is_some() => {
                return Err(Violation::protocol("a new message inside of a fragmented one"));
            }
            opcode if opcode.is_control() && !last => {
                return Err(Violation::protocol("a control frame in fragments"));
            }
            _ => {}
        }
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        if second & 0x80 == 0 {
            return Err(Violation::protocol("a client must mask its frames"));
        }
        let short = usize::from(second & 0x7f);
        if opcode.is_control() && short > CONTROL_MAX {
            return Err(Violation::protocol("a control frame holds at most 125 bytes"));
        }
        let (length, at) = match short {
            126 => {
                let Some(&[a, b]) = bytes.get(2..4) else { return Ok(None) };
                (u64::from(u16::from_be_bytes([a, b])), 4)
            }
            127 => {
                let Some(length) = bytes.get(2..10).and_then(|length| length.try_into().ok()) else { return Ok(None) };
                (u64::from_be_bytes(length), 10)
            }
            short => (short as u64, 2),
        };
        if length >> 63 != 0 || (at == 4 && length < 126) || (at == 10 && length <= u64::from(u16::MAX)) {
            return Err(Violation::protocol("a length that is not written in its shortest form"));
        }
        let room = if opcode.is_control() { CONTROL_MAX } else { self.max - self.joined.len() };
        let remaining = match usize::try_from(length) {
            Ok(length) if length <= room => length,
            _ => {
                let reason = format!("a message may have at most {} bytes", self.max);
                return Err(Violation { code: CloseCode::TooBig, reason });
            }
        };
        let Some(&[a, b, c, d]) = bytes.get(at..at + 4) else { return Ok(None) };
        let _head = bytes.split_to(at + 4);
        Ok(Some(Frame { opcode, last, remaining, mask: [a, b, c, d] }))
    }

    /// A piece of a message; the message when that was the last of it.
    fn data(&mut self, frame: Frame, part: BytesMut) -> Result<Option<Incoming>, Violation> {
        let whole = frame.last && frame.remaining == 0;
        let text = match (frame.opcode, self.joining) {
            (Opcode::Continuation, Some(text)) => text,
            (opcode, _) => opcode == Opcode::Text,
        };
        if whole && self.joined.is_empty() {
            // The usual message: one frame that came in one piece is not copied.
            (self.joining, self.empty) = (None, 0);
            return match text {
                true if std::str::from_utf8(&part).is_err() => Err(Violation::not_utf8("a text message")),
                true => Ok(Some(Incoming::Text(part.freeze()))),
                false => Ok(Some(Incoming::Binary(part.freeze()))),
            };
        }
        self.joining = Some(text);
        if part.is_empty() && frame.remaining == 0 && !frame.last {
            self.empty += 1;
            if self.empty > EMPTY_FRAGMENTS {
                let reason = format!("a message may have at most {EMPTY_FRAGMENTS} empty fragments");
                return Err(Violation { code: CloseCode::TooManyMessages, reason });
            }
        }
        self.joined.extend_from_slice(&part);
        if text {
            self.check()?;
        }
        if !whole {
            return Ok(None);
        }
        if text && self.checked < self.joined.len() {
            return Err(Violation::not_utf8("a text message"));
        }
        (self.joining, self.checked, self.empty) = (None, 0, 0);
        let message = std::mem::take(&mut self.joined).freeze();
        Ok(Some(if text { Incoming::Text(message) } else { Incoming::Binary(message) }))
    }

    /// Looks at what was added. A piece may end inside a character, but what is wrong already will not become right.
    fn check(&mut self) -> Result<(), Violation> {
        let fresh = self.joined.get(self.checked..).unwrap_or_default();
        match std::str::from_utf8(fresh) {
            Ok(_) => self.checked = self.joined.len(),
            Err(error) if error.error_len().is_some() => return Err(Violation::not_utf8("a text message")),
            Err(error) => self.checked += error.valid_up_to(),
        }
        Ok(())
    }

    fn control(&mut self, opcode: Opcode) -> Result<Incoming, Violation> {
        let payload = std::mem::take(&mut self.control).freeze();
        match (opcode, &payload[..]) {
            (Opcode::Ping, _) => Ok(Incoming::Ping(payload)),
            (Opcode::Close, []) => Ok(Incoming::Close(None)),
            (Opcode::Close, [a, b, reason @ ..]) => {
                let code = u16::from_be_bytes([*a, *b]);
                if !may_be_sent(code) {
                    return Err(Violation::protocol("a close code that may not be sent"));
                }
                match std::str::from_utf8(reason) {
                    Ok(_) => Ok(Incoming::Close(Some(code))),
                    Err(_invalid) => Err(Violation::not_utf8("the reason of a close")),
                }
            }
            (Opcode::Close, _) => Err(Violation::protocol("half a close code")),
            _ => Ok(Incoming::Pong),
        }
    }
}

/// Close codes that may stand in a frame (§7.4): the registered ones, those of libraries and those of applications.
const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Takes the mask off, and turns it to where the next part goes on.
fn unmask(part: &mut [u8], mask: &mut [u8; 4]) {
    let [a, b, c, d] = *mask;
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let turned = part.len() % 4;
    let (words, rest) = part.as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip([a, b, c, d, a, b, c]) {
        *byte ^= key;
    }
    mask.rotate_left(turned);
}

/// The head of an unmasked data frame that is a whole message (§5.2): at most ten bytes.
#[derive(Debug, Clone, Copy)]
pub struct FrameHead {
    bytes: [u8; 10],
    len: usize,
}

impl FrameHead {
    /// The head of a binary or text message with a payload of so many bytes.
    pub fn of(binary: bool, payload: usize) -> Self {
        let mut head = Self { bytes: [0; 10], len: 0 };
        head.push(&[if binary { 0x82 } else { 0x81 }]);
        match (u8::try_from(payload), u16::try_from(payload)) {
            (Ok(short @ 0..126), _) => head.push(&[short]),
            (_, Ok(middle)) => {
                head.push(&[126]);
                head.push(&middle.to_be_bytes());
            }
            _ => {
                head.push(&[127]);
                head.push(&(payload as u64).to_be_bytes());
            }
        }
        head
    }

    fn push(&mut self, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Bytes of the head that an unmasked frame begins with.
    pub fn length(frame: &[u8]) -> usize {
        match frame.get(1) {
            Some(126) => 4,
            Some(127) => 10,
            _ => 2,
        }
    }

    /// A whole message.
    pub fn frame(binary: bool, payload: &[u8]) -> Bytes {
        let head = Self::of(binary, payload.len());
        let mut frame = BytesMut::with_capacity(head.len + payload.len());
        frame.extend_from_slice(head.as_slice());
        frame.extend_from_slice(payload);
        frame.freeze()
    }
}

/// Writes control frames as bytes.
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
    fn a_data_frame_is_what_the_crate_would_write() {
        for (binary, len) in [(true, 0), (false, 125), (true, 126), (false, 127), (true, 65_535), (false, 65_536)] {
            let payload = vec![b'x'; len];
            let message = match binary {
                true => Message::Binary(payload.clone().into()),
                false => Message::Text(String::from_utf8(payload.clone()).unwrap().into()),
            };
            let mut written = BytesMut::new();
            FrameCodec::new().encode(message, &mut written).unwrap();
            let frame = FrameHead::frame(binary, &payload);
            assert_eq!(frame, written, "{binary} {len}");
            assert_eq!(FrameHead::length(&frame), frame.len() - len);
        }
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

    #[test]
    fn a_long_message_in_tiny_fragments_costs_its_length() {
        // Looked at from its start for each fragment, this would be 34 billion bytes.
        let mut reader = FrameReader::new(1 << 20);
        let part = [b'x'; 16];
        let mut bytes = frame(0x01, &part);
        for _ in 0..65_534 {
            bytes.extend_from_slice(&frame(0x00, &part));
        }
        bytes.extend_from_slice(&frame(0x80, &part));
        let began = std::time::Instant::now();
        assert!(matches!(reader.next(&mut bytes).unwrap(), Some(Incoming::Text(text)) if text.len() == 1 << 20));
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    }

    #[test]
    fn fragments_that_bring_nothing_are_bounded_for_each_message() {
        let mut reader = FrameReader::new(64);
        let message = |empty: u32| {
            let mut bytes = frame(0x01, b"");
            (1..empty).for_each(|_| bytes.extend_from_slice(&frame(0x00, b"")));
            bytes.extend_from_slice(&frame(0x80, b"x"));
            bytes
        };
        for _ in 0..2 {
            let text = Incoming::Text(Bytes::from_static(b"x"));
            assert_eq!(reader.next(&mut message(EMPTY_FRAGMENTS)).unwrap(), Some(text));
        }
        let error = reader.next(&mut message(EMPTY_FRAGMENTS + 1)).unwrap_err();
        assert_eq!(error.code, CloseCode::TooManyMessages, "{}", error.reason);
    }

    #[test]
    fn what_is_wrong_is_refused_by_the_first_bytes_that_show_it() {
        let close = |code: u16| frame(0x88, &code.to_be_bytes());
        for (bytes, code) in [
            (BytesMut::from(&[0x83][..]), CloseCode::ProtocolError), // a reserved opcode
            (BytesMut::from(&[0x09][..]), CloseCode::ProtocolError), // a ping in fragments
            (BytesMut::from(&[0x80][..]), CloseCode::ProtocolError), // a continuation of nothing
            (BytesMut::from(&[0x89, 0xfe][..]), CloseCode::ProtocolError), // a control frame above 125 bytes
            (BytesMut::from(&[0x81, 0xfe, 0, 5][..]), CloseCode::ProtocolError), // a length in too many bytes
            (BytesMut::from(&[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0][..]), CloseCode::ProtocolError),
            (BytesMut::from(&[0x81, 0xfe, 0, 200][..]), CloseCode::TooBig),
            (BytesMut::from(&[0x81, 0x85, 0, 0, 0, 0, b'a', 0xff][..]), CloseCode::InvalidUtf8), // three more to come
            (close(1005), CloseCode::ProtocolError),
            (close(1015), CloseCode::ProtocolError),
            (close(5000), CloseCode::ProtocolError),
            (frame(0x88, b"x"), CloseCode::ProtocolError),
            (frame(0x88, &[0x03, 0xe8, 0xff]), CloseCode::InvalidUtf8),
        ] {
            let shown = format!("{bytes:02x?}");
            assert_eq!(FrameReader::new(64).next(&mut bytes.clone()).unwrap_err().code, code, "{shown}");
        }
    }

    /// All that a reader makes of bytes that come in these pieces.
    fn read(pieces: &[&[u8]]) -> (Vec<Incoming>, Option<CloseCode>) {
        let (mut reader, mut bytes, mut messages) = (FrameReader::new(300), BytesMut::new(), Vec::new());
        for piece in pieces {
            bytes.extend_from_slice(piece);
            loop {
                match reader.next(&mut bytes) {
                    Ok(Some(message)) => messages.push(message),
                    Ok(None) => break,
                    Err(violation) => return (messages, Some(violation.code)),
                }
            }
        }
        (messages, None)
    }

    proptest::proptest! {
        #[test]
        fn how_the_stream_is_cut_changes_nothing(
            frames in proptest::collection::vec(
                (0_usize..9, proptest::collection::vec(proptest::num::u8::ANY, 0..140), proptest::array::uniform4(0_u8..)),
                1..12,
            ),
            cuts in proptest::collection::vec(1_usize..40, 1..64),
        ) {
            let mut bytes = Vec::new();
            for (kind, payload, mask) in frames {
                // Text is mostly ASCII, so that not every message ends at once.
                let payload: Vec<u8> = payload.into_iter().map(|byte| if byte < 250 { byte & 0x7f } else { byte }).collect();
                bytes.push([0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88][kind]);
                match payload.len() {
                    short @ 0..126 => bytes.push(0x80 | short as u8),
                    long => bytes.extend_from_slice(&[0xfe, (long >> 8) as u8, long as u8]),
                }
                bytes.extend_from_slice(&mask);
                bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
            }
            let whole = read(&[&bytes]);
            let (mut rest, mut pieces) = (&bytes[..], Vec::new());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            proptest::prop_assert_eq!(read(&pieces), whole);
        }
    }
}
