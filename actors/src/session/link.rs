//! The loop between a socket's bytes and what it carries messages for: the live protocol ([`super::live`]) or the echo
//! ([`super::echo`]). It pulls: nothing is encoded for a socket that does not take it, and nothing is read for an end
//! that has no room.
//!
//! How it ends (RFC 6455 §7): a close is answered, a violation is told with its code, and then the server ends its side
//! of the stream first. What the peer still sends is read and dropped for a while, because a socket that is closed with
//! unread bytes resets the connection, and the peer would never see the close.

use super::frames::{FrameReader, FrameWriter, Incoming, Violation};
use crate::limits::{CLOSE_TIMEOUT, CONTROL_FRAMES, PONG_BYTES, READ_BYTES, WRITE_STALL};
use actix_codec::{AsyncRead, AsyncWrite, ReadBuf};
use bytes::{Buf as _, Bytes, BytesMut};
use estafette_protocol::CloseCode;
use std::future::Future;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::time::Sleep;

/// A message to be written.
pub(super) struct Outgoing {
    /// The whole frame; shared with the other readers of what is in it.
    pub frame: Bytes,
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
    /// Ready when there may be something to write, room again, or nothing more to come. `writing`: what could be
    /// written would not be asked for now.
    fn poll_turn(&mut self, cx: &mut Context<'_>, writing: bool) -> Poll<Course>;
}

/// How far a connection has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinkState {
    Open,
    /// A close was written; the peer's answer, or the end of the stream, is awaited for a while.
    Closing,
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

/// A connection's bytes in both directions: a future that is over when the connection is. It is small, and keeps no
/// buffer while nothing is under way, because most connections are idle most of the time.
pub(super) struct Link<T, E: End> {
    io: T,
    /// What was read and is not a whole message yet, or has to wait for room.
    read: BytesMut,
    frames: FrameReader,
    /// What is being written.
    write: Bytes,
    /// Control frames that go next.
    control: BytesMut,
    end: E,
    /// When the peer was heard, or was not listened to.
    heard: Instant,
    /// Set only while the peer takes nothing of what waits for it, or has to answer a close.
    deadline: Option<Pin<Box<Sleep>>>,
    allowance: Allowance,
    /// The newest ping that came while too much waited to be written.
    unanswered: Option<Bytes>,
    state: LinkState,
    /// The peer has said its last word, or broke a rule: nothing of it counts any more.
    deaf: bool,
    /// The server has ended its side of the stream.
    shut: bool,
}

impl<T: AsyncRead + AsyncWrite + Unpin, E: End> Link<T, E> {
    /// A link over a socket of which `read` was read already, with messages of at most `max` bytes. `first` is written
    /// before everything else: the answer to the handshake.
    pub(super) fn new(io: T, read: &[u8], max: usize, end: E, first: Bytes) -> Self {
        Self {
            io,
            read: BytesMut::from(read),
            frames: FrameReader::new(max),
            write: first,
            control: BytesMut::new(),
            end,
            heard: Instant::now(),
            deadline: None,
            allowance: Allowance::new(),
            unanswered: None,
            state: LinkState::Open,
            deaf: false,
            shut: false,
        }
    }

    /// Goes on until nothing more can be done now.
    fn go_on(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.state != LinkState::Over {
            // Also what was read before and had to wait for room.
            self.decode();
            let held = !self.end.has_room();
            let blocked = self.write_all(cx).is_pending();
            if self.deaf && !blocked && !self.shut && self.state != LinkState::Over {
                // The server ends the stream first (RFC 6455 §7.1.1); the peer's end is awaited within the deadline.
                self.shut = true;
                let _closed = Pin::new(&mut self.io).poll_shutdown(cx);
            }
            let open = self.state == LinkState::Open;
            let mut progress = false;
            if open && !self.end.has_room() {
                self.heard = Instant::now();
            } else if self.state != LinkState::Over && self.read_some(cx).is_ready() {
                progress = true;
            }
            if open && self.state == LinkState::Open {
                match self.end.poll_turn(cx, blocked) {
                    Poll::Ready(Course::On) => progress = true,
                    Poll::Ready(Course::Over) => self.state = LinkState::Over,
                    Poll::Pending => {}
                }
            }
            // What was read before may be waiting for this room: nobody else wakes us for it.
            progress |= held && self.end.has_room();
            if !progress && self.state != LinkState::Over {
                ready!(self.wait(cx, blocked));
                self.state = LinkState::Over;
            }
        }
        Poll::Ready(())
    }

    /// Writes all that waits. Pending: the peer takes no more now.
    fn write_all(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.write.is_empty() {
                self.fill();
                if self.write.is_empty() {
                    return Poll::Ready(());
                }
            }
            match Pin::new(&mut self.io).poll_write(cx, &self.write) {
                Poll::Ready(Ok(0) | Err(_)) => {
                    self.state = LinkState::Over;
                    return Poll::Ready(());
                }
                Poll::Ready(Ok(count)) => {
                    self.write.advance(count);
                    if self.write.is_empty() {
                        // The frame may be held by nobody else any more.
                        self.write = Bytes::new();
                    }
                    if self.state == LinkState::Open {
                        self.deadline = None;
                    }
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Reads once. Ready: something came, or the stream ended.
    fn read_some(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // On the stack: what is kept of a message that is not whole yet is taken from here.
        let mut room = [const { MaybeUninit::uninit() }; READ_BYTES];
        let mut room = ReadBuf::uninit(&mut room);
        match ready!(Pin::new(&mut self.io).poll_read(cx, &mut room)) {
            Ok(()) if !room.filled().is_empty() => {
                self.heard = Instant::now();
                self.read.extend_from_slice(room.filled());
            }
            Ok(()) | Err(_) => self.state = LinkState::Over,
        }
        Poll::Ready(())
    }

    /// Ready when the peer had its time.
    fn wait(&mut self, cx: &mut Context<'_>, blocked: bool) -> Poll<()> {
        let limit = match self.state {
            LinkState::Closing => CLOSE_TIMEOUT,
            _ if blocked => WRITE_STALL,
            _ => return Poll::Pending,
        };
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        deadline.as_mut().poll(cx)
    }

    /// Takes what waits, when all that was taken before is written.
    fn fill(&mut self) {
        if self.state == LinkState::Open {
            if let Some(payload) = self.unanswered.take() {
                FrameWriter::default().pong(payload, &mut self.control);
            }
            if self.control.is_empty() {
                if let Some(Outgoing { frame, ping }) = self.end.outgoing() {
                    self.write = frame;
                    if let Some(silence) = ping {
                        if self.heard.elapsed() > silence {
                            self.state = LinkState::Over;
                        }
                        FrameWriter::default().ping(&mut self.control);
                    }
                    return;
                }
                if let Some((code, reason)) = self.end.closing() {
                    self.close(code.number(), &reason);
                }
            }
        }
        self.write = std::mem::take(&mut self.control).freeze();
    }

    fn close(&mut self, code: u16, reason: &str) {
        if self.state == LinkState::Open {
            tracing::debug!(code, reason, "a socket is closed");
            FrameWriter::default().close(code, reason, &mut self.control);
            self.state = LinkState::Closing;
            self.deadline = Some(Box::pin(tokio::time::sleep(CLOSE_TIMEOUT)));
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
            Incoming::Ping(payload) if self.write.len() + self.control.len() < PONG_BYTES => {
                FrameWriter::default().pong(payload, &mut self.control);
            }
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

impl<T: AsyncRead + AsyncWrite + Unpin, E: End + Unpin> Future for Link<T, E> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let link = self.get_mut();
        ready!(link.go_on(cx));
        if !link.shut {
            link.shut = true;
            let _closed = Pin::new(&mut link.io).poll_shutdown(cx);
        }
        Poll::Ready(())
    }
}
