//! How the peers are spoken to. A message of a peer begins with 26 digits: its number (10), and the microsecond of Unix time
//! for which it was meant (16), so that a sender that stalls cannot hide it.

use super::{Dialect, Heard, wire};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// Digits of a number.
const NUMBER: usize = 10;
/// Digits of a time.
const TIME: usize = 16;
/// Socket.IO's event of one string: packet 4 (message), type 2 (event), then JSON.
const EVENT: &[u8] = b"42[\"m\",\"";

/// What each connection subscribes to, by its index.
pub type Topics = Vec<Vec<String>>;

/// Which dialect a peer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Each WebSocket message is one; topics are in the address.
    Raw,
    /// Nchan: the same, topics are the path.
    Nchan,
    /// Engine.IO 4 and Socket.IO 5 over WebSocket alone; rooms come with the packet that connects.
    SocketIo,
    /// NATS' client protocol inside WebSocket messages.
    Nats,
}

/// The dialect of a peer on a port of this machine.
pub fn dialect(peer: Peer, port: u16, topics: Topics) -> Arc<dyn Dialect> {
    let seats = Seats { host: format!("127.0.0.1:{port}"), topics };
    match peer {
        Peer::SocketIo => Arc::new(SocketIo(seats)),
        Peer::Nats => Arc::new(Nats { seats, halves: Mutex::default() }),
        Peer::Nchan => Arc::new(Raw { seats, path: "/sub/" }),
        Peer::Raw => Arc::new(Raw { seats, path: "/?topics=" }),
    }
}

struct Seats {
    host: String,
    topics: Topics,
}

impl Seats {
    fn topics(&self, index: usize) -> &[String] {
        self.topics.get(index % self.topics.len().max(1)).map_or(&[], Vec::as_slice)
    }

    fn upgrade(&self, path: &str) -> Vec<u8> {
        wire::upgrade(&self.host, path, None)
    }
}

/// A message that begins with its number and time.
fn message(content: &[u8], heard: &mut Heard<'_>) {
    let number = content.get(..NUMBER).and_then(digits);
    let time = content.get(NUMBER..NUMBER + TIME).and_then(digits);
    match number.zip(time) {
        Some((number, time)) => heard.live(number, time),
        None => heard.fault("a message without number and time"),
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for digit in text {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u64::from(digit - b'0');
    }
    Some(number)
}

/// `ws` and Nchan: each WebSocket message is one; topics are in the address, and the upgrade is all that it takes.
struct Raw {
    seats: Seats,
    path: &'static str,
}

impl Dialect for Raw {
    fn request(&self, index: usize) -> Vec<u8> {
        self.seats.upgrade(&format!("{}{}", self.path, self.seats.topics(index).join(",")))
    }

    fn begin(&self, _: usize) -> Vec<u8> {
        Vec::new()
    }

    fn ready_at_once(&self) -> bool {
        true
    }

    fn message(&self, _: usize, _: bool, payload: &[u8], heard: &mut Heard<'_>) {
        message(payload, heard);
    }
}

/// Engine.IO 4 and Socket.IO 5 over WebSocket alone; rooms come with the packet that connects.
struct SocketIo(Seats);

impl Dialect for SocketIo {
    fn request(&self, _: usize) -> Vec<u8> {
        self.0.upgrade("/socket.io/?EIO=4&transport=websocket")
    }

    fn begin(&self, index: usize) -> Vec<u8> {
        // A connection to the main namespace.
        let topics = self.0.topics(index).join(",");
        wire::client_frame(wire::TEXT, format!("40{{\"topics\":\"{topics}\"}}").as_bytes())
    }

    fn message(&self, _: usize, _: bool, payload: &[u8], heard: &mut Heard<'_>) {
        match payload.strip_prefix(EVENT) {
            Some(text) => message(text, heard),
            None if payload.starts_with(b"40") => heard.progress().ready = true,
            // Engine.IO's ping and pong.
            None if payload == b"2" => heard.reply(&wire::client_frame(wire::TEXT, b"3")),
            None if payload.starts_with(b"44") => heard.fault(String::from_utf8_lossy(payload).into_owned()),
            None => {}
        }
    }
}

/// NATS' client protocol inside frames. Its messages may go from one frame to the next.
struct Nats {
    seats: Seats,
    /// By connection: what is not whole yet.
    halves: Mutex<HashMap<usize, Vec<u8>>>,
}

impl Dialect for Nats {
    fn request(&self, _: usize) -> Vec<u8> {
        self.seats.upgrade("/")
    }

    fn begin(&self, index: usize) -> Vec<u8> {
        let mut text = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n".to_owned();
        for (number, topic) in self.seats.topics(index).iter().enumerate() {
            let _ = write!(text, "SUB {topic} {}\r\n", number + 1);
        }
        text.push_str("PING\r\n");
        wire::client_frame(wire::BINARY, text.as_bytes())
    }

    fn message(&self, index: usize, _: bool, payload: &[u8], heard: &mut Heard<'_>) {
        let mut halves = self.halves.lock();
        let Some(mut half) = halves.remove(&index) else {
            let done = lines(payload, heard);
            if let Some(rest) = payload.get(done..).filter(|rest| !rest.is_empty()) {
                halves.insert(index, rest.to_vec());
            }
            return;
        };
        half.extend_from_slice(payload);
        let done = lines(&half, heard);
        half.drain(..done);
        if !half.is_empty() {
            halves.insert(index, half);
        }
    }
}

/// Takes whole lines, and messages with their length (`MSG subject sid length\r\n…\r\n`); returns where the rest begins.
fn lines(content: &[u8], heard: &mut Heard<'_>) -> usize {
    let mut done = 0;
    while let Some(rest) = content.get(done..) {
        let Some(end) = rest.windows(2).position(|two| two == b"\r\n") else { break };
        let line = rest.get(..end).unwrap_or_default();
        let after = end + 2;
        if line.starts_with(b"MSG ") {
            let length = line.rsplit(|byte| *byte == b' ').next().and_then(digits);
            let length = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
            let Some(body) = rest.get(after..after + length) else { break };
            if rest.len() < after + length + 2 {
                break;
            }
            message(body, heard);
            done += after + length + 2;
            continue;
        }
        match line {
            b"PONG" => heard.progress().ready = true,
            b"PING" => heard.reply(&wire::client_frame(wire::BINARY, b"PONG\r\n")),
            _ if line.starts_with(b"-ERR") => heard.fault(String::from_utf8_lossy(line).into_owned()),
            _ => {}
        }
        done += after;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::super::tally::{Progress, Tally};
    use super::*;

    const BODY: &str = "00000000420000000001234567xxxx";

    /// Ready, what was counted, faults, replies.
    fn heard(peer: Peer, contents: &[&[u8]]) -> (bool, u64, Vec<String>, Vec<u8>) {
        let dialect = dialect(peer, 1, vec![vec!["a".to_owned(), "b".to_owned()]]);
        let (mut progress, mut tally, mut replies) = (Progress::default(), Tally::new().unwrap(), Vec::new());
        tally.measure();
        for content in contents {
            let mut heard = Heard::new(&mut progress, &mut tally, &mut replies);
            dialect.message(0, false, content, &mut heard);
        }
        let faults = tally.faults.clone();
        let measured = super::super::Measured::of(1, 1.0, std::iter::once(&tally), Vec::new()).unwrap();
        (progress.ready || dialect.ready_at_once(), measured.deliveries, faults, replies)
    }

    #[test]
    fn a_message_is_found_in_every_dialect() {
        let event = format!("42[\"m\",\"{BODY}\"]");
        let nats = format!("MSG a 1 {}\r\n{BODY}\r\n", BODY.len());
        let cases = [(Peer::Raw, BODY), (Peer::Nchan, BODY), (Peer::SocketIo, &event), (Peer::Nats, &nats)];
        for (peer, text) in cases {
            let (_, count, faults, _) = heard(peer, &[text.as_bytes()]);
            assert_eq!((count, faults.len()), (1, 0), "{peer:?}");
        }
        assert_eq!(heard(Peer::Raw, &[b"short"]).2.len(), 1);
        assert_eq!(heard(Peer::Raw, &[b"000000004x0000000001234567"]).2.len(), 1);
    }

    #[test]
    fn socket_io_is_ready_after_its_packet_and_answers_pings() {
        assert!(!heard(Peer::SocketIo, &[b"0{\"sid\":\"a\"}"]).0);
        let (ready, count, faults, replies) = heard(Peer::SocketIo, &[b"0{}", b"40{\"sid\":\"b\"}", b"2"]);
        assert!(ready && count == 0 && faults.is_empty());
        assert_eq!(replies, wire::client_frame(wire::TEXT, b"3"));
        assert_eq!(heard(Peer::SocketIo, &[b"44{\"message\":\"no\"}"]).2.len(), 1);
    }

    #[test]
    fn nats_messages_may_be_split_anywhere() {
        let length = BODY.len();
        let message = |number: u32| format!("MSG a.b 1 {length}\r\n{number:010}{}\r\n", &BODY[10..]);
        let text = format!("INFO {{}}\r\nPONG\r\n{}PING\r\n{}", message(1), message(2));
        for piece in 1..text.len() {
            let parts: Vec<&[u8]> = text.as_bytes().chunks(piece).collect();
            let (ready, count, faults, replies) = heard(Peer::Nats, &parts);
            assert!(ready && count == 2 && faults.is_empty(), "in pieces of {piece}: {faults:?}");
            assert_eq!(replies, wire::client_frame(wire::BINARY, b"PONG\r\n"));
        }
        assert_eq!(heard(Peer::Nats, &[b"-ERR 'Slow Consumer'\r\n"]).2.len(), 1);
    }

    #[test]
    fn every_connection_asks_for_its_own_topics() {
        let topics = vec![vec!["own:0".to_owned()], vec!["own:1".to_owned(), "x".to_owned()]];
        let of = |peer, index| {
            let dialect = dialect(peer, 80, topics.clone());
            let (request, begin) = (dialect.request(index), dialect.begin(index));
            format!("{}{}", String::from_utf8(request).unwrap(), String::from_utf8_lossy(&begin))
        };
        assert!(of(Peer::Raw, 0).starts_with("GET /?topics=own:0 "));
        assert!(of(Peer::Nchan, 3).starts_with("GET /sub/own:1,x "));
        assert!(of(Peer::SocketIo, 2).ends_with("40{\"topics\":\"own:0\"}"));
        assert!(of(Peer::Nats, 1).contains("SUB own:1 1\r\nSUB x 2\r\nPING"));
    }
}
