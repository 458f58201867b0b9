//! The loop between a socket's bytes and what it carries messages for: the live protocol ([`super::live`]) or the echo
//! ([`super::echo`]). It pulls: nothing is encoded for a socket that does not take it, and nothing is read for an end
//! that has no room.
//!
//! How it ends (RFC 6455 §7): a close is answered, a violation is told with its code, and then the server ends its side
//! of the stream first. What the peer still sends is read and dropped for a while, because a socket that is closed with
//! unread bytes resets the connection, and the peer would never see the close.

use super::frames::{FrameReader, FrameWriter, Incoming, Violation};
use crate::limits::{CLOSE_TIMEOUT, CONTROL_FRAMES, PONG_BYTES, READ_BYTES, WRITE_STALL};
use actix_codec::{AsyncRead, AsyncWrite};
use bytes::{Bytes, BytesMut};
use estafette_protocol::CloseCode;
use futures_util::future::pending;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};

/// A message to be written.
pub(super) struct Outgoing {
    /// The payload.
    pub payload: Bytes,
    /// Binary, or text.
    pub binary: bool,
    /// A ping follows it. With it: how long the peer may have been silent before it is taken for gone.
    pub ping: Option<Duration>,
}

/// Whether a link goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// There may be something to do.
    On,
    /// The end is gone.
    Over,
}

/// What a link carries messages for.
pub(super) trait End {
    /// The next message to write; asked only when all before it was written.
    fn outgoing(&mut self) -> Option<Outgoing>;
    /// Whether, and why, the connection is to be closed, once nothing waits any more.
    fn closing(&self) -> Option<(CloseCode, String)>;
    /// Takes a text or binary message; called only when there is room.
    ///
    /// # Errors
    /// [`Violation`]: not a message for this end.
    fn incoming(&mut self, message: Incoming) -> Result<(), Violation>;
    /// Whether another message can be taken.
    fn has_room(&self) -> bool;
    /// Resolves when there may be something to write, room again, or nothing more to come. It may be dropped at any
    /// await. `writing`: what could be written would not be asked for now.
    async fn turn(&mut self, writing: bool) -> Course;
    /// The connection is over.
    fn gone(&mut self);
}

/// How far a connection has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinkState {
    Open,
    /// A close was written; the peer's answer, or the end of the stream, is awaited until then.
    Closing(tokio::time::Instant),
    Over,
}

/// Pings and pongs that a peer may send: a token bucket.
struct Allowance {
    left: f64,
    at: Instant,
}

impl Allowance {
    fn new() -> Self {
        Self { left: f64::from(CONTROL_FRAMES.1), at: Instant::now() }
    }

    fn spend(&mut self) -> bool {
        let now = Instant::now();
        let earned = now.duration_since(self.at).as_secs_f64() * f64::from(CONTROL_FRAMES.0);
        self.left = (self.left + earned).min(f64::from(CONTROL_FRAMES.1)) - 1.0;
        self.at = now;
        self.left >= 0.0
    }
}

/// A connection's bytes in both directions.
pub(super) struct Link<T, E> {
    reader: ReadHalf<T>,
    writer: WriteHalf<T>,
    read: BytesMut,
    frames: FrameReader,
    write: BytesMut,
    framer: FrameWriter,
    end: E,
    /// When the peer was heard, or was not listened to.
    heard: Instant,
    /// When the peer last took something, or nothing waited for it.
    taken: tokio::time::Instant,
    allowance: Allowance,
    /// The newest ping that came while too much waited to be written.
    unanswered: Option<Bytes>,
    state: LinkState,
    /// The peer has said its last word, or broke a rule: nothing of it counts any more.
    deaf: bool,
    /// The server has ended its side of the stream.
    shut: bool,
}

impl<T: AsyncRead + AsyncWrite + Unpin + 'static, E: End> Link<T, E> {
    /// A link over a socket of which `read` was read already, with messages of at most `max` bytes.
    pub(super) fn new(io: T, read: &[u8], max: usize, end: E) -> Self {
        let (reader, writer) = tokio::io::split(io);
        Self {
            reader,
            writer,
            read: BytesMut::from(read),
            frames: FrameReader::new(max),
            write: BytesMut::new(),
            framer: FrameWriter::default(),
            end,
            heard: Instant::now(),
            taken: tokio::time::Instant::now(),
            allowance: Allowance::new(),
            unanswered: None,
            state: LinkState::Open,
            deaf: false,
            shut: false,
        }
    }

    /// Runs until the connection is over.
    pub(super) async fn run(mut self) {
        while self.state != LinkState::Over {
            // Also what was read before and had to wait for room.
            self.decode();
            self.fill();
            if self.deaf && self.write.is_empty() && !self.shut {
                // The server ends the stream first (RFC 6455 §7.1.1); the peer's end is awaited within the deadline.
                self.shut = true;
                let _closed = tokio::time::timeout(CLOSE_TIMEOUT, self.writer.shutdown()).await;
            }
            let open = self.state == LinkState::Open;
            let can_read = !open || self.end.has_room();
            if !can_read {
                self.heard = Instant::now();
            }
            let writing = !self.write.is_empty();
            let deadline = match self.state {
                LinkState::Closing(at) => Some(at),
                _ if writing => Some(self.taken + WRITE_STALL),
                _ => None,
            };
            tokio::select! {
                biased;
                written = self.writer.write(&self.write), if writing => match written {
                    Ok(0) | Err(_) => self.state = LinkState::Over,
                    Ok(count) => {
                        self.taken = tokio::time::Instant::now();
                        let _sent = self.write.split_to(count);
                        if self.write.is_empty() {
                            // An idle connection keeps no buffer.
                            self.write = BytesMut::new();
                        }
                    }
                },
                read = read_some(&mut self.reader, &mut self.read, self.frames.outstanding()), if can_read => match read {
                    Ok(0) | Err(_) => self.state = LinkState::Over,
                    Ok(_) => self.heard = Instant::now(),
                },
                course = self.end.turn(writing), if open => if course == Course::Over {
                    self.state = LinkState::Over;
                },
                () = sleep_until(deadline) => self.state = LinkState::Over,
            }
        }
        if !self.shut {
            let _closed = tokio::time::timeout(CLOSE_TIMEOUT, self.writer.shutdown()).await;
        }
        self.end.gone();
    }

    /// Takes what waits, when all that was taken before is written.
    fn fill(&mut self) {
        if !self.write.is_empty() || self.state != LinkState::Open {
            return;
        }
        self.taken = tokio::time::Instant::now();
        if let Some(payload) = self.unanswered.take() {
            self.framer.pong(payload, &mut self.write);
        }
        if let Some(Outgoing { payload, binary, ping }) = self.end.outgoing() {
            self.framer.batch(payload, binary, &mut self.write);
            if let Some(silence) = ping {
                if self.heard.elapsed() > silence {
                    self.state = LinkState::Over;
                }
                self.framer.ping(&mut self.write);
            }
        } else if let Some((code, reason)) = self.end.closing() {
            self.close(code.number(), &reason);
        }
    }

    fn close(&mut self, code: u16, reason: &str) {
        if self.state == LinkState::Open {
            tracing::debug!(code, reason, "a socket is closed");
            self.framer.close(code, reason, &mut self.write);
            self.state = LinkState::Closing(tokio::time::Instant::now() + CLOSE_TIMEOUT);
        }
    }

    fn fail(&mut self, Violation { code, reason }: Violation) {
        self.close(code.number(), &reason);
        self.deaf = true;
    }

    fn decode(&mut self) {
        while !self.deaf && !self.read.is_empty() && (self.state != LinkState::Open || self.end.has_room()) {
            match self.frames.next(&mut self.read) {
                Ok(None) => break,
                Ok(Some(incoming)) => self.incoming(incoming),
                Err(violation) => self.fail(violation),
            }
        }
        if self.deaf || self.read.is_empty() {
            self.read = BytesMut::new();
        }
    }

    fn incoming(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Close(code) => {
                self.close(code.unwrap_or(CloseCode::Normal.number()), "");
                self.deaf = true;
            }
            // After a close nothing of the peer counts any more but its own.
            _ if self.state != LinkState::Open => {}
            Incoming::Ping(_) | Incoming::Pong if !self.allowance.spend() => {
                let reason = format!("at most {} pings and pongs a second", CONTROL_FRAMES.0);
                self.fail(Violation { code: CloseCode::TooManyMessages, reason });
            }
            Incoming::Ping(payload) if self.write.len() < PONG_BYTES => self.framer.pong(payload, &mut self.write),
            Incoming::Ping(payload) => self.unanswered = Some(payload),
            Incoming::Pong => {}
            message @ (Incoming::Text(_) | Incoming::Binary(_)) => {
                if let Err(violation) = self.end.incoming(message) {
                    self.fail(violation);
                }
            }
        }
    }
}

async fn read_some<T: AsyncRead>(
    reader: &mut ReadHalf<T>,
    into: &mut BytesMut,
    outstanding: usize,
) -> std::io::Result<usize> {
    into.reserve(outstanding.clamp(READ_BYTES.0, READ_BYTES.1));
    reader.read_buf(into).await
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => pending().await,
    }
}
