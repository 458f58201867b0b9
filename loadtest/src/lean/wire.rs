//! WebSocket frames of a client that must cost next to nothing: it takes whole frames where they lie in the read buffer.

/// A frame that lies in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its opcode.
    pub opcode: u8,
    /// Whether it ends a message.
    pub last: bool,
    /// Its payload.
    pub payload: &'a [u8],
    /// Bytes of the whole frame.
    pub len: usize,
}

/// A whole text message or the first part of one.
pub const TEXT: u8 = 1;
/// A binary one.
pub const BINARY: u8 = 2;
/// The end of the connection.
pub const CLOSE: u8 = 8;
/// Wants a [`PONG`].
pub const PING: u8 = 9;
/// The answer.
pub const PONG: u8 = 10;

/// The frame at the beginning of `bytes`, when all of it is there.
///
/// # Errors
/// A sentence, when it is none that a server may send.
pub fn frame(bytes: &[u8]) -> Result<Option<Frame<'_>>, String> {
    let (Some(&first), Some(&second)) = (bytes.first(), bytes.get(1)) else { return Ok(None) };
    if first & 0x70 != 0 || second & 0x80 != 0 {
        return Err(format!("a frame that begins with {first:#04x} {second:#04x}"));
    }
    let number = |from: usize, to: usize| {
        bytes.get(from..to).map(|length| length.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)))
    };
    let (head, length): (usize, _) = match second {
        126 => (4, number(2, 4)),
        127 => (10, number(2, 10)),
        short => (2, Some(u64::from(short))),
    };
    let Some(length) = length.and_then(|length| usize::try_from(length).ok()) else { return Ok(None) };
    let Some(payload) = bytes.get(head..head.saturating_add(length)) else { return Ok(None) };
    Ok(Some(Frame { opcode: first & 0x0f, last: first & 0x80 != 0, payload, len: head + length }))
}

/// A frame of a client. The mask is all zeros: the payload is not changed by it.
pub fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..126), _) => bytes.push(0x80 | short),
        (_, Ok(middle)) => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&middle.to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&u64::try_from(payload.len()).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}

/// The request of an upgrade.
pub fn upgrade(host: &str, path: &str, subprotocol: Option<&str>) -> Vec<u8> {
    let subprotocol = subprotocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{subprotocol}\r\n"
    )
    .into_bytes()
}

/// Where the head of an answer ends, when it is there.
///
/// # Errors
/// Its first line, when it does not take the upgrade.
pub fn upgraded(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    if bytes.starts_with(b"HTTP/1.1 101") {
        return Ok(Some(end + 4));
    }
    let text = String::from_utf8_lossy(bytes).into_owned();
    Err(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_when_they_are_whole() {
        for len in [0_usize, 125, 126, 65_535, 65_536] {
            let payload = vec![7; len];
            let mut bytes = client_frame(BINARY, &payload);
            // As a server writes it: without the mask.
            let head = bytes.len() - len - 4;
            bytes.drain(head..head + 4);
            bytes[1] &= 0x7f;
            bytes.push(0x8a);
            let found = frame(&bytes).unwrap().unwrap();
            assert_eq!(
                (found.opcode, found.last, found.payload.len(), found.len),
                (BINARY, true, len, bytes.len() - 1)
            );
            for end in [1, head.saturating_sub(1), bytes.len() - 2] {
                assert_eq!(frame(&bytes[..end]).unwrap(), None, "{len} cut at {end}");
            }
        }
        assert!(frame(&[0x82, 0x80]).is_err(), "a server masks nothing");
    }

    #[test]
    fn an_answer_is_an_upgrade_or_its_first_line() {
        assert_eq!(upgraded(b"HTTP/1.1 101 Switching Protocols\r\n\r\nrest"), Ok(Some(36)));
        assert_eq!(upgraded(b"HTTP/1.1 101 Switching"), Ok(None));
        assert_eq!(upgraded(b"HTTP/1.1 503 Busy\r\n\r\n"), Err("HTTP/1.1 503 Busy".to_owned()));
    }
}
