//! From an HTTP upgrade to a live connection. The raw socket is taken over: HTTP's buffers are dropped, and a loop of
//! this crate's own ([`super::link`]) moves bytes between the socket and the outbox.
//!
//! Middleware of the application does not see an upgrade, so everything that decides about it is here: path, origin,
//! subprotocol, admission.

use super::admission::Place;
use super::echo::{ECHO_PATH, Echo};
use super::link::Link;
use super::live::Live;
use super::outbox::{Bounds, Outbox};
use super::socket::{Socket, Speaker};
use crate::hub::Hub;
use crate::limits::{CLOSE_TIMEOUT, ECHO_BYTES};
use crate::runtime::Runtime;
use actix::prelude::*;
use actix_codec::{AsyncRead, AsyncWrite, Framed};
use actix_http::{HttpMessage as _, Request, h1, ws};
use actix_service::{ServiceFactory, fn_factory, fn_service};
use bytes::Bytes;
use estafette_protocol::{Codec, ErrorCode};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::oneshot;

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
    /// Whether [`ECHO_PATH`] sends back what it gets, for conformance suites. Nobody needs to sign in to it.
    pub conformance_echo: bool,
}

impl Default for UpgradeConfig {
    fn default() -> Self {
        Self { path: "/v1/live".to_owned(), origins: OriginPolicy::default(), conformance_echo: false }
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

/// What an upgrade is for.
enum Purpose {
    Live(Codec),
    Echo,
}

fn decide(runtime: &Runtime, config: &UpgradeConfig, request: &Request) -> Result<(Purpose, Vec<u8>, Place), Refusal> {
    let echo = config.conformance_echo && request.path() == ECHO_PATH;
    if request.path() != config.path && !echo {
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
    let enter = || {
        runtime.admission().enter(runtime.is_draining()).map_err(|turned| {
            let refusal = Refusal::new("503 Service Unavailable", ErrorCode::Unavailable, turned.reason);
            Refusal { retry_after: Some(turned.retry_after), ..refusal }
        })
    };
    if echo {
        return Ok((Purpose::Echo, switching(request, None), enter()?));
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
    let place = enter()?;
    Ok((Purpose::Live(codec), switching(request, offered.then_some(codec.subprotocol())), place))
}

/// The head of the answer that takes an upgrade.
fn switching(request: &Request, subprotocol: Option<&str>) -> Vec<u8> {
    let key = request.headers().get("sec-websocket-key").map(|key| ws::hash_key(key.as_bytes())).unwrap_or_default();
    let mut answer =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            .to_vec();
    answer.extend_from_slice(&key);
    if let Some(subprotocol) = subprotocol {
        answer.extend_from_slice(b"\r\nSec-WebSocket-Protocol: ");
        answer.extend_from_slice(subprotocol.as_bytes());
    }
    answer.extend_from_slice(b"\r\n\r\n");
    answer
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
        Ok((purpose, answer, place)) => {
            drop(request);
            let answer = Bytes::from(answer);
            let codec = match purpose {
                Purpose::Live(codec) => codec,
                Purpose::Echo => {
                    let link = Link::new(io, &read, ECHO_BYTES, Echo::default(), answer);
                    actix_rt::spawn(async move {
                        let _place = place;
                        link.await;
                    });
                    return Ok(());
                }
            };
            let outbox = Outbox::new(codec, Bounds::DEFAULT);
            let max = runtime.config().limits.message_bytes as usize;
            Socket::create(move |ctx| {
                let speaker: Speaker = Arc::default();
                let socket = Socket::new(runtime.clone(), hub, Arc::clone(&outbox), Arc::clone(&speaker), place);
                let (alive, over) = oneshot::channel();
                let live = Live::new(runtime, ctx.address(), outbox, speaker, alive);
                // A task of its own: what goes out does not wake the actor. Each hears of the other's end.
                actix_rt::spawn(Link::new(io, &read, max, live, answer));
                ctx.spawn(over.into_actor(&socket).map(|_, _, ctx| ctx.stop()));
                socket
            });
            Ok(())
        }
    }
}
