//! A WebSocket client of bare bytes. It sends whatever it is told to, and is strict about what it gets.

use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Bound of one wait for the server.
const PATIENCE: Duration = Duration::from_secs(20);
/// The mask of all frames that do not choose another.
const MASK: [u8; 4] = [0x5a, 0x01, 0xfe, 0x93];

/// A frame as a client sends it.
#[derive(Debug, Clone)]
pub struct Frame {
    opcode: u8,
    fin: bool,
    rsv: u8,
    payload: Vec<u8>,
}

impl Frame {
    pub fn new(opcode: u8, payload: impl AsRef<[u8]>) -> Self {
        Self { opcode, fin: true, rsv: 0, payload: payload.as_ref().to_vec() }
    }

    pub fn text(payload: impl AsRef<[u8]>) -> Self {
        Self::new(1, payload)
    }

    pub fn ping(payload: impl AsRef<[u8]>) -> Self {
        Self::new(9, payload)
    }

    /// A close with a code and a reason.
    pub fn close(code: u16, reason: impl AsRef<[u8]>) -> Self {
        Self::new(8, [&code.to_be_bytes()[..], reason.as_ref()].concat())
    }

    /// Not the last of its message.
    pub fn more(self) -> Self {
        Self { fin: false, ..self }
    }

    pub fn rsv(self, rsv: u8) -> Self {
        Self { rsv, ..self }
    }

    /// The head alone, and the masked payload.
    pub fn parts(&self) -> (Vec<u8>, Vec<u8>) {
        let mut head = vec![u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode];
        match self.payload.len() {
            short @ 0..=125 => head.push(0x80 | u8::try_from(short).unwrap()),
            middle @ 126..=0xffff => {
                head.push(0x80 | 126);
                head.extend_from_slice(&u16::try_from(middle).unwrap().to_be_bytes());
            }
            long => {
                head.push(0x80 | 127);
                head.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        head.extend_from_slice(&MASK);
        let word = u32::from_ne_bytes(MASK);
        let mut payload = self.payload.clone();
        let (words, rest) = payload.as_chunks_mut::<4>();
        words.iter_mut().for_each(|bytes| *bytes = (u32::from_ne_bytes(*bytes) ^ word).to_ne_bytes());
        rest.iter_mut().zip(MASK).for_each(|(byte, key)| *byte ^= key);
        (head, payload)
    }

    pub fn bytes(&self) -> Vec<u8> {
        let (mut bytes, payload) = self.parts();
        bytes.extend_from_slice(&payload);
        bytes
    }
}

/// What a server sent.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    Ping,
    Close(Option<u16>),
    /// The stream ended; whether without a reset.
    End(bool),
}

impl std::fmt::Debug for Event {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, payload) = match self {
            Self::Text(payload) => ("text", payload),
            Self::Binary(payload) => ("binary", payload),
            Self::Pong(payload) => ("pong", payload),
            Self::Ping => return out.write_str("ping"),
            Self::Close(code) => return write!(out, "close {code:?}"),
            Self::End(clean) => return write!(out, "end (clean: {clean})"),
        };
        write!(out, "{name} of {} bytes", payload.len())?;
        if payload.len() < 40 { write!(out, " {:?}", String::from_utf8_lossy(payload)) } else { Ok(()) }
    }
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a close of the server, then the end of the stream (whether without a reset).
    Closed(Option<u16>, bool),
    /// Without a word.
    Dropped,
}

pub struct Client {
    stream: TcpStream,
    head: String,
    read: Vec<u8>,
    at: usize,
}

impl Client {
    pub async fn open(address: &str, path: &str) -> Self {
        Self::open_with(address, path, &[]).await
    }

    pub async fn open_with(address: &str, path: &str, headers: &[(&str, &str)]) -> Self {
        let (stream, head, read) = handshake(address, path, headers).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        // The accept key of RFC 6455 §1.3.
        assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        Self { stream, head, read, at: 0 }
    }

    /// The answer to a handshake, body included.
    pub async fn ask(address: &str, path: &str, headers: &[(&str, &str)]) -> String {
        let (mut stream, head, mut read) = handshake(address, path, headers).await;
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut read)).await;
        head + &String::from_utf8_lossy(&read)
    }

    /// The bare connection.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// The head of the server's answer.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Sends bytes, in chops of a size. A server that has hung up is not an error here.
    pub async fn write(&mut self, bytes: &[u8], chop: Option<usize>) {
        for piece in bytes.chunks(chop.unwrap_or(bytes.len()).max(1)) {
            if self.stream.write_all(piece).await.is_err() {
                return;
            }
        }
    }

    /// The next event. What is no frame of a server by the RFC is a panic.
    pub async fn event(&mut self) -> Event {
        tokio::time::timeout(PATIENCE, self.next()).await.expect("a word of the server in time")
    }

    /// The next event if it comes within a time.
    pub async fn event_within(&mut self, time: Duration) -> Option<Event> {
        tokio::time::timeout(time, self.next()).await.ok()
    }

    async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.parse() {
                return event;
            }
            let mut piece = vec![0; 64 * 1024];
            match self.stream.read(&mut piece).await {
                Ok(0) => return Event::End(self.at == self.read.len()),
                Ok(count) => {
                    self.read.drain(..self.at);
                    self.at = 0;
                    self.read.extend_from_slice(&piece[..count]);
                }
                Err(_reset) => return Event::End(false),
            }
        }
    }

    fn parse(&mut self) -> Option<Event> {
        let bytes = &self.read[self.at..];
        let (first, second) = (*bytes.first()?, *bytes.get(1)?);
        assert_eq!(first & 0xf0, 0x80, "the server sends whole messages without reserved bits");
        assert_eq!(second & 0x80, 0, "a server does not mask");
        let (length, head) = match second {
            126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap())), 4),
            127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap())).unwrap(), 10),
            short => (usize::from(short), 2),
        };
        assert!(
            match head {
                4 => length > 125,
                10 => length > 0xffff,
                _ => true,
            },
            "lengths in their shortest form"
        );
        let payload = bytes.get(head..head + length)?.to_vec();
        self.at += head + length;
        Some(match first & 0x0f {
            1 => Event::Text(payload),
            2 => Event::Binary(payload),
            8 => {
                assert_ne!(length, 1, "half a close code");
                assert!(std::str::from_utf8(payload.get(2..).unwrap_or_default()).is_ok(), "a reason in UTF-8");
                Event::Close(payload.get(..2).map(|code| u16::from_be_bytes(code.try_into().unwrap())))
            }
            9 => Event::Ping,
            10 => Event::Pong(payload),
            other => panic!("opcode {other} from the server"),
        })
    }

    /// Waits for the end; messages before it are dropped.
    pub async fn end(&mut self) -> Ended {
        let mut code = None;
        loop {
            match self.event().await {
                Event::Close(closed) => code = Some(closed),
                Event::End(clean) => return code.map_or(Ended::Dropped, |code| Ended::Closed(code, clean)),
                _ => {}
            }
        }
    }
}

async fn handshake(address: &str, path: &str, headers: &[(&str, &str)]) -> (TcpStream, String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    );
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{request}\r\n").as_bytes()).await.unwrap();
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = read.split_off(end + 4);
            return (stream, String::from_utf8(read).unwrap(), rest);
        }
        let got = tokio::time::timeout(PATIENCE, stream.read_buf(&mut read)).await.expect("an answer in time").unwrap();
        assert!(got > 0, "the server hung up: {}", String::from_utf8_lossy(&read));
    }
}
