//! What is asked of any bytes, one function for each target. The parent module brings `extract` into scope.

use super::extract::{html, pdf as pdf_reader};
use bytes::BytesMut;
use estafette_actors::session::frames::{FrameReader, Incoming};
use estafette_protocol::limits::MAX_BATCH_LEN;
use estafette_protocol::{ClientMessage, CloseCode, Codec};

/// Bytes of a message in the frames that are read.
const FRAMES_MAX: usize = 4096;

/// What is done with an input; panics at a find.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const ALL: &[(&str, Target)] =
    &[("frames", frames), ("msgpack", msgpack), ("json", json), ("html", html), ("pdf", pdf)];

/// A WebSocket stream: whole messages within the bound or a violation with a close code for it, the same however the
/// stream is cut.
pub fn frames(input: &[u8]) {
    let Some((&cut, stream)) = input.split_first() else { return };
    let whole = read_frames(stream, stream.len().max(1));
    assert_eq!(read_frames(stream, usize::from(cut % 64) + 1), whole, "the cut of a stream changes nothing");
}

fn read_frames(stream: &[u8], cut: usize) -> (Vec<Incoming>, Option<CloseCode>) {
    let (mut reader, mut bytes, mut messages) = (FrameReader::new(FRAMES_MAX), BytesMut::new(), Vec::new());
    for piece in stream.chunks(cut) {
        bytes.extend_from_slice(piece);
        loop {
            match reader.next(&mut bytes) {
                Ok(None) => break,
                Ok(Some(message)) => {
                    match &message {
                        Incoming::Text(text) => {
                            assert!(text.len() <= FRAMES_MAX && std::str::from_utf8(text).is_ok());
                        }
                        Incoming::Binary(binary) => assert!(binary.len() <= FRAMES_MAX),
                        Incoming::Ping(payload) => assert!(payload.len() <= 125),
                        Incoming::Close(code) => assert!(code.is_none_or(|code| (1000..5000).contains(&code))),
                        Incoming::Pong => {}
                    }
                    messages.push(message);
                }
                Err(violation) => {
                    let codes = [1002, 1007, 1009, 4429];
                    assert!(codes.contains(&violation.code.number()) && !violation.reason.is_empty());
                    return (messages, Some(violation.code));
                }
            }
        }
        assert!(bytes.len() < 14, "what was taken is taken: only a part of a head stays");
    }
    (messages, None)
}

/// A batch in MessagePack.
pub fn msgpack(input: &[u8]) {
    batch(Codec::MsgPack, input);
}

/// A batch in JSON.
pub fn json(input: &[u8]) {
    batch(Codec::Json, input);
}

/// A batch within the bounds or a typed error, and what is a message stays the same message when it is written and read
/// again.
fn batch(codec: Codec, frame: &[u8]) {
    if let Ok(batch) = codec.decode_batch(frame) {
        assert!((1..=MAX_BATCH_LEN).contains(&batch.len()));
        for value in batch {
            if let Ok(message) = ClientMessage::from_value(value) {
                again(codec, &message);
            }
        }
    }
    if let Ok(messages) = codec.decode_from_server(frame)
        && !messages.is_empty()
    {
        let bytes = codec.encode_batch(&messages).expect("a message that was read can be written");
        assert_eq!(codec.decode_from_server(&bytes).expect("what was written can be read"), messages);
    }
}

fn again(codec: Codec, message: &ClientMessage) {
    let bytes = codec.encode_batch(&[message]).expect("a message that was read can be written");
    // Another writer may need more bytes than the message came with, and so pass a bound.
    let Ok(mut batch) = codec.decode_batch(&bytes) else { return };
    let value = batch.pop().expect("one message");
    assert_eq!(&ClientMessage::from_value(value).expect("what was written can be read"), message);
}

/// A page: a text within its bound, or a typed error; the same each time.
pub fn html(input: &[u8]) {
    let page = String::from_utf8_lossy(input);
    if let Ok(first) = html::parse(&page) {
        assert!(first.text.chars().count() <= html::TEXT_CHARS_MAX);
        assert!(!first.text.contains('\0'), "a text that Postgres can keep");
    }
    let text = html::fragment_text(&page);
    assert!(!text.contains('\0'), "a text that Postgres can keep");
}

/// A PDF: a text within its bounds, or a typed error.
pub fn pdf(input: &[u8]) {
    if let Ok(read) = pdf_reader::read(input.to_vec()) {
        assert!((1..=pdf_reader::PDF_PAGES_MAX).contains(&read.pages));
        assert!(read.text.chars().count() <= pdf_reader::PDF_TEXT_CHARS_MAX);
        assert!(!read.text.contains('\0'), "a text that Postgres can keep");
    }
}
