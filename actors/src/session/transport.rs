//! From an HTTP upgrade to a live connection. The raw socket is taken over: HTTP's buffers are dropped, and a loop of
//! this crate's own moves bytes between the socket and the outbox. It pulls: nothing is encoded for a socket that does
//! not take it, and all that waits goes out in one write.
//!
//! Middleware of the application does not see an upgrade, so everything that decides about it is here: path, origin,
//! subprotocol, admission.

use super::admission::Place;
use super::frames::{FrameReader, FrameWriter, Incoming, Violation};
use super::outbox::{Bounds, Outbox};
use super::pump;
use super::socket::{Gone, Received, Socket, Speaker, SubscriptionEnded};
use crate::hub::Hub;
use crate::limits::{CLOSE_TIMEOUT, WRITE_STALL};
use crate::runtime::Runtime;
use actix::prelude::*;
use actix_codec::{AsyncRead, AsyncWrite, Framed};
use actix_http::{HttpMessage as _, Request, h1, ws};
use actix_service::{ServiceFactory, fn_factory, fn_service};
use bytes::{Bytes, BytesMut};
use estafette_protocol::{CloseCode, Codec, ErrorCode};
use futures_util::future::{OptionFuture, pending};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};

/// Which pages may open a socket.
#[derive(Debug, Clone, Default)]
pub struct OriginPolicy {
    /// Allowed origins (`https://app.example.com`). A request from the server's own host is always allowed, and so is
    /// one without `Origin`, which no browser sends.
    pub allowed: Vec<String>,
    /// Any origin, for development.
    pub any: bool,
}

impl OriginPolicy {
    fn allows(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        let own =
            host.is_some_and(|host| origin.split_once("://").is_some_and(|(_, of)| of.eq_ignore_ascii_case(host)));
        self.any || own || self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }
}

/// How upgrades are decided.
#[derive(Debug, Clone)]
pub struct UpgradeConfig {
    /// Where sockets are opened.
    pub path: String,
    /// Which pages may open one.
    pub origins: OriginPolicy,
}

impl Default for UpgradeConfig {
    fn default() -> Self {
        Self { path: "/v1/live".to_owned(), origins: OriginPolicy::default() }
    }
}

/// The service that takes upgrades over, for `actix_http::HttpService::build().upgrade(…)`. It starts the hub of each
/// worker thread.
pub fn upgrade_service<T>(
    runtime: Runtime,
    config: UpgradeConfig,
) -> impl ServiceFactory<(Request, Framed<T, h1::Codec>), Config = (), Response = (), Error = Infallible, InitError = ()>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let config = Arc::new(config);
    fn_factory(move || {
        let (runtime, config) = (runtime.clone(), Arc::clone(&config));
        async move {
            let (hub, lagging) = Hub::start_here(runtime.db().clone(), Arc::clone(runtime.bus()));
            runtime.local().add_hub(hub.clone(), lagging);
            Ok(fn_service(move |(request, framed): (Request, Framed<T, h1::Codec>)| {
                let accepted = accept(runtime.clone(), Arc::clone(&config), hub.clone(), request, framed);
                async move {
                    if let Err(error) = accepted.await {
                        tracing::debug!(%error, "an upgrade broke off");
                    }
                    Ok(())
                }
            }))
        }
    })
}

/// An upgrade that is not taken.
struct Refusal {
    status: &'static str,
    code: ErrorCode,
    detail: String,
    retry_after: Option<u64>,
}

impl Refusal {
    fn new(status: &'static str, code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), retry_after: None }
    }

    fn bytes(&self) -> Vec<u8> {
        let status: u16 = self.status.split(' ').next().and_then(|status| status.parse().ok()).unwrap_or(400);
        let body = serde_json::json!({
            "type": format!("urn:estafette:error:{}", self.code), "title": self.status.split_once(' ').map_or("", |(_, title)| title),
            "status": status, "code": self.code, "detail": self.detail,
            "retry_after_ms": self.retry_after.map(|seconds| seconds * 1000),
        })
        .to_string();
        let retry = self.retry_after.map(|seconds| format!("Retry-After: {seconds}\r\n")).unwrap_or_default();
        let close = "Connection: close\r\nContent-Type: application/problem+json\r\n";
        format!("HTTP/1.1 {}\r\n{close}{retry}Content-Length: {}\r\n\r\n{body}", self.status, body.len()).into_bytes()
    }
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

fn decide(runtime: &Runtime, config: &UpgradeConfig, request: &Request) -> Result<(Codec, Vec<u8>, Place), Refusal> {
    if request.path() != config.path {
        let text = format!("sockets are opened at {}", config.path);
        return Err(Refusal::new("404 Not Found", ErrorCode::NotFound, text));
    }
    if let Err(error) = ws::verify_handshake(request.head()) {
        return Err(Refusal::new(
            "400 Bad Request",
            ErrorCode::BadRequest,
            format!("not a WebSocket handshake: {error}"),
        ));
    }
    if !config.origins.allows(header(request, "origin"), header(request, "host")) {
        let text = "this origin may not open sockets: add it to the server's allowed origins";
        return Err(Refusal::new("403 Forbidden", ErrorCode::Forbidden, text));
    }
    let offers: Vec<&str> = request
        .headers()
        .get_all("sec-websocket-protocol")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let offered = offers.iter().any(|offer| !offer.trim().is_empty());
    let Some(codec) = Codec::negotiate(offers) else {
        let names: Vec<&str> = Codec::ALL.iter().map(|codec| codec.subprotocol()).collect();
        let text = format!("unknown subprotocol: offer {}, or none", names.join(" or "));
        return Err(Refusal::new("400 Bad Request", ErrorCode::BadRequest, text));
    };
    let place = runtime.admission().enter(runtime.is_draining()).map_err(|turned| {
        let refusal = Refusal::new("503 Service Unavailable", ErrorCode::Unavailable, turned.reason);
        Refusal { retry_after: Some(turned.retry_after), ..refusal }
    })?;
    let key = request.headers().get("sec-websocket-key").map(|key| ws::hash_key(key.as_bytes())).unwrap_or_default();
    let mut answer =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            .to_vec();
    answer.extend_from_slice(&key);
    if offered {
        answer.extend_from_slice(b"\r\nSec-WebSocket-Protocol: ");
        answer.extend_from_slice(codec.subprotocol().as_bytes());
    }
    answer.extend_from_slice(b"\r\n\r\n");
    Ok((codec, answer, place))
}

async fn accept<T>(
    runtime: Runtime,
    config: Arc<UpgradeConfig>,
    hub: Addr<Hub>,
    request: Request,
    framed: Framed<T, h1::Codec>,
) -> std::io::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let parts = framed.into_parts();
    let (mut io, read) = (parts.io, parts.read_buf);
    match decide(&runtime, &config, &request) {
        Err(refusal) => {
            let refused = async {
                io.write_all(&refusal.bytes()).await?;
                io.shutdown().await
            };
            tokio::time::timeout(CLOSE_TIMEOUT, refused).await.unwrap_or(Ok(()))
        }
        Ok((codec, answer, place)) => {
            match tokio::time::timeout(CLOSE_TIMEOUT, io.write_all(&answer)).await {
                Ok(written) => written?,
                Err(_elapsed) => return Ok(()),
            }
            drop(request);
            let outbox = Outbox::new(codec, Bounds::DEFAULT);
            let max = runtime.config().limits.message_bytes as usize;
            Socket::create(move |ctx| {
                let speaker: Speaker = Arc::default();
                let socket = Socket::new(runtime.clone(), hub, Arc::clone(&outbox), Arc::clone(&speaker), place);
                let (reader, writer) = tokio::io::split(io);
                let link = Link {
                    reader,
                    writer,
                    read: BytesMut::from(&read[..]),
                    frames: FrameReader::new(max),
                    write: BytesMut::new(),
                    framer: FrameWriter::default(),
                    outbox,
                    runtime,
                    socket: ctx.address(),
                    speaker,
                    stash: VecDeque::new(),
                    heard: Instant::now(),
                    state: LinkState::Open,
                    peer_closed: false,
                };
                ctx.spawn(link.run().into_actor(&socket).map(|(), _, ctx| ctx.stop()));
                socket
            });
            Ok(())
        }
    }
}

/// How far a connection has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinkState {
    Open,
    /// A close was written; the peer's answer, or the end of the stream, is awaited until then.
    Closing(tokio::time::Instant),
    Over,
}

type Reading = Pin<Box<dyn Future<Output = Option<pump::Ended>>>>;

/// The loop between a socket's bytes, its outbox and its actor.
struct Link<T> {
    reader: ReadHalf<T>,
    writer: WriteHalf<T>,
    read: BytesMut,
    frames: FrameReader,
    write: BytesMut,
    framer: FrameWriter,
    outbox: Arc<Outbox>,
    runtime: Runtime,
    socket: Addr<Socket>,
    speaker: Speaker,
    /// Messages that the actor had no room for: nothing more is read until it has.
    stash: VecDeque<Bytes>,
    heard: Instant,
    state: LinkState,
    /// The peer has said its last word: once the answer is written, the server closes the stream (RFC 6455 §7.1.1).
    peer_closed: bool,
}

/// What is read at once.
const READ_BYTES: usize = 4 * 1024;
/// How long a full actor is left alone before it is offered the message again.
const STASH_RETRY: Duration = Duration::from_millis(2);
/// Heartbeats without a sign of life from a peer that takes all it is sent.
const SILENT_HEARTBEATS: u32 = 4;
/// No peer is taken for gone sooner, however short the heartbeat.
const SILENCE_MIN: Duration = Duration::from_secs(10);

impl<T: AsyncRead + AsyncWrite + Unpin + 'static> Link<T> {
    async fn run(mut self) {
        let mut reading: Option<Reading> = None;
        self.decode();
        while self.state != LinkState::Over {
            self.fill();
            if self.peer_closed && self.write.is_empty() {
                break;
            }
            if reading.is_none() && self.state == LinkState::Open {
                reading = self.next_read();
            }
            let can_read = self.stash.is_empty() && self.state != LinkState::Over;
            let writing = !self.write.is_empty();
            let deadline = match self.state {
                LinkState::Closing(at) => Some(at),
                _ if writing => Some(tokio::time::Instant::now() + WRITE_STALL),
                _ => None,
            };
            tokio::select! {
                biased;
                written = self.writer.write(&self.write), if writing => match written {
                    Ok(0) | Err(_) => self.state = LinkState::Over,
                    Ok(count) => {
                        let _sent = self.write.split_to(count);
                        if self.write.is_empty() {
                            // An idle connection keeps no buffer.
                            self.write = BytesMut::new();
                        }
                    }
                },
                read = read_some(&mut self.reader, &mut self.read), if can_read => match read {
                    Ok(0) | Err(_) => self.state = LinkState::Over,
                    Ok(_) => {
                        self.heard = Instant::now();
                        self.decode();
                    }
                },
                Some(ended) = OptionFuture::from(reading.as_mut()) => {
                    reading = None;
                    if let Some(ended) = ended && self.socket.send(SubscriptionEnded(ended)).await.is_err() {
                        self.state = LinkState::Over;
                    }
                }
                () = self.outbox.ready(), if !writing => {}
                () = tokio::time::sleep(STASH_RETRY), if !self.stash.is_empty() => self.offer_stash(),
                () = sleep_until(deadline) => self.state = LinkState::Over,
            }
        }
        let _closed = tokio::time::timeout(CLOSE_TIMEOUT, self.writer.shutdown()).await;
        let _gone = crate::mailbox::tell(&self.socket, Gone);
    }

    fn next_read(&self) -> Option<Reading> {
        let who = self.speaker.read().clone()?;
        let work = self.outbox.work()?;
        let (runtime, outbox) = (self.runtime.clone(), Arc::clone(&self.outbox));
        Some(Box::pin(async move { pump::read(&runtime, &who, &outbox, work).await }))
    }

    /// Takes what waits, when all that was taken before is written.
    fn fill(&mut self) {
        if !self.write.is_empty() || self.state != LinkState::Open {
            return;
        }
        if let Some((payload, marked)) = self.outbox.take() {
            self.framer.batch(payload, self.outbox.codec().is_binary(), &mut self.write);
            if marked {
                let silence = (self.runtime.config().heartbeat * SILENT_HEARTBEATS).max(SILENCE_MIN);
                if self.heard.elapsed() > silence {
                    self.state = LinkState::Over;
                }
                self.framer.ping(&mut self.write);
            }
        } else if let Some((code, reason)) = self.outbox.closing() {
            self.close(code, &reason);
        }
    }

    fn close(&mut self, code: CloseCode, reason: &str) {
        if self.state == LinkState::Open {
            tracing::debug!(code = code.number(), reason, "a socket is closed");
            self.framer.close(code.number(), reason, &mut self.write);
            self.state = LinkState::Closing(tokio::time::Instant::now() + CLOSE_TIMEOUT);
        }
    }

    fn decode(&mut self) {
        while self.state != LinkState::Over && self.stash.is_empty() {
            match self.frames.next(&mut self.read) {
                Ok(None) => break,
                Ok(Some(incoming)) => self.incoming(incoming),
                Err(Violation { code, reason }) => {
                    self.close(code, &reason);
                    self.read.clear();
                    break;
                }
            }
        }
        if self.read.is_empty() {
            self.read = BytesMut::new();
        }
    }

    fn incoming(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Close(code) => {
                if self.state == LinkState::Open {
                    self.framer.close(code.filter(|code| *code != 1005).unwrap_or(1000), "", &mut self.write);
                    self.state = LinkState::Closing(tokio::time::Instant::now() + CLOSE_TIMEOUT);
                }
                self.peer_closed = true;
            }
            // After a close nothing of the peer counts any more.
            _ if self.state != LinkState::Open => {}
            Incoming::Ping(payload) => {
                // A peer that pings without reading gets its answers dropped, not queued.
                if self.write.len() < READ_BYTES * 4 {
                    self.framer.pong(payload, &mut self.write);
                }
            }
            Incoming::Pong => {}
            Incoming::Text(text) if !self.outbox.codec().is_binary() => self.hand_over(text),
            Incoming::Binary(binary) if self.outbox.codec().is_binary() => self.hand_over(binary),
            Incoming::Text(_) => {
                self.close(CloseCode::Malformed, "this connection speaks MessagePack: send binary messages")
            }
            Incoming::Binary(_) => self.close(CloseCode::Malformed, "this connection speaks JSON: send text messages"),
        }
    }

    fn hand_over(&mut self, message: Bytes) {
        self.stash.push_back(message);
        self.offer_stash();
    }

    fn offer_stash(&mut self) {
        while let Some(message) = self.stash.pop_front() {
            match self.socket.try_send(Received(message)) {
                Ok(()) => {}
                Err(SendError::Full(Received(message))) => {
                    self.stash.push_front(message);
                    return;
                }
                Err(SendError::Closed(_)) => {
                    self.state = LinkState::Over;
                    return;
                }
            }
        }
        self.decode();
    }
}

async fn read_some<T: AsyncRead>(reader: &mut ReadHalf<T>, into: &mut BytesMut) -> std::io::Result<usize> {
    into.reserve(READ_BYTES);
    reader.read_buf(into).await
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => pending().await,
    }
}
