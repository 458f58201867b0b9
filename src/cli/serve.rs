//! `estafette serve`: starts everything in order and stops it in the reverse order.

use super::failure::Failure;
use super::{Sources, open, say};
use crate::config::{AiProvider, Settings};
use crate::http::{AppState, HttpLimits, HttpServer, ServerOptions, openapi};
use crate::telemetry;
use estafette_actors::Runtime;
use estafette_actors::session::{OriginPolicy, UpgradeConfig, upgrade_service};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long open requests may take at a stop.
const REQUESTS_END: Duration = Duration::from_secs(3);
/// The exit code after a second signal, as shells have it for SIGINT.
const INTERRUPTED: i32 = 130;

/// The command's own arguments.
#[derive(clap::Args)]
pub struct Serve {
    /// Open an echo at /v1/echo (messages up to 16 MiB) for WebSocket conformance suites. Not for production: it serves
    /// anybody who connects.
    #[arg(long)]
    conformance_echo: bool,
    #[command(flatten)]
    sources: Sources,
}

/// What is served beside the usual.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras {
    /// The echo for conformance suites.
    pub conformance_echo: bool,
}

/// Runs until a signal.
///
/// # Errors
/// [`Failure`].
pub fn run(command: Serve) -> Result<(), Failure> {
    let settings = command.sources.load()?;
    let extras = Extras { conformance_echo: command.conformance_echo };
    let _telemetry = telemetry::start(&settings);
    actix_web::rt::System::new().block_on(async {
        serve(&settings, extras, async |_, address| {
            if extras.conformance_echo {
                tracing::warn!("the conformance echo is open: not for production");
            }
            say(format!("Console: {}", console_address(address)));
            Ok(())
        })
        .await
    })
}

/// Where a person on this machine finds the console.
pub fn console_address(address: SocketAddr) -> String {
    let port = address.port();
    if address.ip().is_unspecified() { format!("http://localhost:{port}") } else { format!("http://{address}") }
}

/// What `ready` may work with once the server listens.
pub struct Serving<'a> {
    /// The runtime.
    pub runtime: &'a Runtime,
    /// The open parts.
    pub opened: &'a open::Opened,
}

/// Serves until a signal; `ready` runs when the server listens.
///
/// # Errors
/// [`Failure`] of the start, of `ready`, or of the stop.
pub async fn serve(
    settings: &Settings,
    extras: Extras,
    ready: impl AsyncFnOnce(Serving<'_>, SocketAddr) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    // The port first: who starts a second server by mistake hears of it before a database is touched.
    let http = HttpServer::bind(ServerOptions {
        listen: settings.server.listen,
        workers: settings.server.workers,
        connections_per_worker: settings.server.connections_per_worker,
        shutdown: REQUESTS_END,
    })?;
    let opened = open::open(settings, open::Sharing::Alone).await?;
    if let Some(embedded) = &opened.embedded {
        signals.in_an_emergency(Box::new(embedded.emergency()));
    }
    let outcome = with_database(settings, extras, http, &opened, &mut signals, ready).await;
    opened.db.pool().close();
    if let Some(embedded) = opened.embedded {
        signals.or_at_once(embedded.stop()).await?;
    }
    tracing::info!("stopped");
    outcome
}

async fn with_database(
    settings: &Settings,
    extras: Extras,
    http: HttpServer,
    opened: &open::Opened,
    signals: &mut Signals,
    ready: impl AsyncFnOnce(Serving<'_>, SocketAddr) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let runtime = open::runtime(settings, opened).await?;
    let address = http.address();
    let state = AppState {
        db: opened.db.clone(),
        runtime: runtime.clone(),
        auth: opened.auth.clone(),
        openapi: Arc::new(openapi::document(&opened.catalog.docs())),
        catalog: Arc::clone(&opened.catalog),
        console_dir: settings.server.console_dir.clone(),
        allowed_origins: settings.server.allowed_origins.0.clone(),
        hsts_secs: settings.server.hsts_secs,
        request_time: crate::http::app::REQUEST_TIME,
        max_body: settings.server.max_body_kib * 1024,
        limits: HttpLimits::new(settings),
        metrics: telemetry::start_metrics(),
    };
    let upgrades = UpgradeConfig {
        origins: OriginPolicy { allowed: settings.server.allowed_origins.0.clone(), any: false },
        conformance_echo: extras.conformance_echo,
        ..UpgradeConfig::default()
    };
    let for_upgrades = runtime.clone();
    let (server, handle) = http.start(state, move || upgrade_service(for_upgrades.clone(), upgrades.clone()))?;
    let running = actix_web::rt::spawn(server);
    log_start(settings, address, &runtime);

    let serving = Serving { runtime: &runtime, opened };
    let outcome = tokio::select! {
        outcome = async { ready(serving, address).await?; std::future::pending().await } => outcome,
        name = signals.next() => {
            tracing::info!(signal = name, "stopping; the same again stops at once");
            Ok(())
        }
        ended = running => match ended {
            Ok(Ok(())) => Err(Failure::work("the listener ended by itself")),
            Ok(Err(error)) => Err(error.into()),
            Err(error) => Err(Failure::work(error)),
        },
    };
    // Requests still get answers while sockets are told to go and tasks are handed over.
    signals.or_at_once(runtime.drain(Duration::from_millis(settings.server.reconnect_spread_ms))).await;
    let stopping = tokio::time::timeout(REQUESTS_END, handle.stop(true));
    if signals.or_at_once(stopping).await.is_err() {
        handle.stop(false).await;
    }
    outcome
}

fn log_start(settings: &Settings, address: SocketAddr, runtime: &Runtime) {
    let model = match settings.ai.provider {
        AiProvider::Auto if settings.uses_openai() => "openai",
        AiProvider::Auto => "offline",
        given => given.word(),
    };
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(node.id = %runtime.node_id(), %address, model, version, "listening");
}

/// SIGINT and SIGTERM: the first begins a stop in good order, the second ends the process.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    emergency: Option<Box<dyn Fn()>>,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, emergency: None })
    }

    fn in_an_emergency(&mut self, last_act: Box<dyn Fn()>) {
        self.emergency = Some(last_act);
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }

    /// Waits for a part of the stop; another signal ends the process instead.
    async fn or_at_once<T>(&mut self, part: impl Future<Output = T>) -> T {
        let name = tokio::select! {
            value = part => return value,
            name = self.next() => name,
        };
        tracing::warn!(signal = name, "stopping at once: what was committed is safe, running steps run again");
        if let Some(last_act) = &self.emergency {
            last_act();
        }
        std::process::exit(INTERRUPTED);
    }
}
