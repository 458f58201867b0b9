//! The listener. actix-web's own `HttpServer` has no hook for raw upgrades, so the server is put together from its
//! parts: ordinary requests go to the [`super::app`], upgrades to the runtime, which takes the socket over.

use super::app::{AppState, app};
use actix_codec::Framed;
use actix_http::body::BoxBody;
use actix_http::{HttpService, Request, Response, h1};
use actix_server::{Server, ServerHandle};
use actix_service::{ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::rt::net::TcpStream;
use std::fmt::{Debug, Display};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

/// Connections that the system holds for us while the workers are busy (also capped by `net.core.somaxconn`).
const BACKLOG: u32 = 4096;
/// How long a client may take to send a request's head. Under a storm of reconnects even honest ones are slow.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle HTTP connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Threads a worker may use for files.
const BLOCKING_THREADS: usize = 64;

/// What the listener needs to know.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Address and port; port 0 is any free one.
    pub listen: SocketAddr,
    /// Worker threads; 0 is one a core.
    pub workers: usize,
    /// Connections that one worker accepts.
    pub connections_per_worker: usize,
    /// At a graceful stop, how long open requests may take.
    pub shutdown: Duration,
}

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Somebody else has the port.
    #[error("{0} is in use: stop the other program, or choose another port with --listen")]
    InUse(SocketAddr),
    /// The system does not allow it.
    #[error("cannot listen on {0}: {1}")]
    Refused(SocketAddr, std::io::Error),
}

/// A bound listener whose server has not started yet: its address is known before anything is served.
pub struct HttpServer {
    options: ServerOptions,
    listener: TcpListener,
    address: SocketAddr,
}

impl HttpServer {
    /// Takes the port.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn bind(options: ServerOptions) -> Result<Self, ListenError> {
        let refused = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::AddrInUse => ListenError::InUse(options.listen),
            _ => ListenError::Refused(options.listen, error),
        };
        let socket =
            if options.listen.is_ipv4() { tokio::net::TcpSocket::new_v4() } else { tokio::net::TcpSocket::new_v6() };
        let socket = socket.map_err(refused)?;
        socket.set_reuseaddr(true).map_err(refused)?;
        socket.bind(options.listen).map_err(refused)?;
        let listener = socket.listen(BACKLOG).and_then(tokio::net::TcpListener::into_std).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { options, listener, address })
    }

    /// The address, with the port that was chosen.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until its handle is told to stop. `upgrade` makes, on each worker thread, the service that takes raw
    /// sockets over; [`no_upgrades`] refuses them.
    ///
    /// # Errors
    /// [`ListenError::Refused`].
    pub fn start<F, U>(self, state: AppState, upgrade: F) -> Result<(Server, ServerHandle), ListenError>
    where
        F: Fn() -> U + Clone + Send + 'static,
        U: ServiceFactory<(Request, Framed<TcpStream, h1::Codec>), Config = (), Response = ()> + 'static,
        U::Error: Display + Debug,
        U::InitError: Debug,
        U::Future: 'static,
        <U::Service as actix_service::Service<(Request, Framed<TcpStream, h1::Codec>)>>::Future: 'static,
    {
        let Self { options, listener, address } = self;
        let workers = match options.workers {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            workers => workers,
        };
        let server = Server::build()
            .workers(workers)
            .worker_max_blocking_threads(BLOCKING_THREADS)
            .max_concurrent_connections(options.connections_per_worker)
            .shutdown_timeout(options.shutdown.as_secs().max(1))
            .disable_signals()
            .listen("http", listener, move || {
                HttpService::build()
                    .keep_alive(KEEP_ALIVE)
                    .client_request_timeout(REQUEST_TIMEOUT)
                    // A grace period leaves sockets open and fails conformance: close at once.
                    .client_disconnect_timeout(Duration::ZERO)
                    .local_addr(address)
                    // Without it a lone event waits for the acknowledgement of the one before.
                    .tcp_nodelay(true)
                    .upgrade(upgrade().map_err(|error| SocketEnded(error.to_string())))
                    .finish(map_config(app(state.clone()), |()| AppConfig::default()))
                    .tcp()
                    .map_err(|error| tracing::debug!(?error, "a connection ended"))
            })
            .map_err(|error| ListenError::Refused(address, error))?
            .run();
        let handle = server.handle();
        Ok((server, handle))
    }
}

/// How a socket that was taken over ended. The answer that the trait asks for is never sent: the socket is gone.
#[derive(Debug, thiserror::Error)]
#[error("a socket ended: {0}")]
struct SocketEnded(String);

impl From<SocketEnded> for Response<BoxBody> {
    fn from(_: SocketEnded) -> Self {
        Self::internal_server_error()
    }
}

/// Refuses every upgrade: for a server without live connections.
pub fn no_upgrades() -> impl ServiceFactory<
    (Request, Framed<TcpStream, h1::Codec>),
    Config = (),
    Response = (),
    Error = std::io::Error,
    InitError = (),
> {
    fn_service(async |(_, framed): (Request, Framed<TcpStream, h1::Codec>)| {
        let body = r#"{"type":"urn:estafette:error:not_found","title":"Not found","status":404,"code":"not_found","detail":"this server takes no upgrades"}"#;
        let head = format!(
            "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut socket = framed.into_parts().io;
        socket.write_all(head.as_bytes()).await?;
        socket.write_all(body.as_bytes()).await?;
        socket.shutdown().await
    })
}
