//! A peer that delivers messages, started: what it is made of, and how it is told to publish.

use super::super::stand::{Come, Idle};
use super::program::Program;
use super::sender::{Ingest, Order, Sender};
use super::{Side, install};
use crate::cluster::Redis;
use crate::cluster::process::{Process, free_port};
use crate::lean::peers::{Peer, Topics, dialect};
use crate::lean::{Crowd, CrowdOptions, Measured, handshakes};
use crate::measure::process::{Meter, Part};
use crate::scenario::Failure;
use crate::scenario::live::idle::AT_ONCE;
use crate::scenario::sockets::allow_files;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

/// Getting ready.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// An end in good order.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// All connections.
const CONNECT_WITHIN: Duration = Duration::from_secs(120);
/// Messages before it is measured, and after.
const WARM: Duration = Duration::from_millis(1_500);
const AFTER: f64 = 0.5;
/// Until what opening took is given back.
const SETTLED: Duration = Duration::from_secs(5);
/// Open files beside the connections.
const OTHER_FILES: u64 = 256;
/// What a program may take to publish beyond the time that it was given: it may be overloaded, as is meant.
const OVERTIME: Duration = Duration::from_secs(120);

enum Source {
    Program(Box<Program>),
    Sender(Box<(Sender, Process)>),
}

/// A peer that runs.
pub struct Sockets {
    port: u16,
    /// How they are spoken to.
    dialect: Peer,
    source: Source,
    redis: Option<Redis>,
    /// Last: it goes when everything that writes to it has gone.
    folder: TempDir,
}

impl Sockets {
    /// Starts it, on the cores that this thread has.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn start(side: Side, peers: &Path) -> Result<Self, Failure> {
        let dialect = side.dialect().ok_or_else(|| Failure::Other(format!("{} has no sockets", side.title())))?;
        let folder = folder()?;
        let logs = folder.path().to_path_buf();
        let mut redis = None;
        let (port, source) = match side {
            Side::Nats => native(Ingest::Nats, peers, &logs).await?,
            Side::Nchan => native(Ingest::Nchan, peers, &logs).await?,
            Side::SocketIo => {
                let store = Redis::start(&logs, &logs).await?;
                let url = [("REDIS_URL", Redis::url(store.port()))];
                redis = Some(store);
                let program = Program::start("socketio", peers, &logs, &url).await?;
                (program.port, Source::Program(Box::new(program)))
            }
            _ => {
                let program = Program::start("ws", peers, &logs, &[]).await?;
                (program.port, Source::Program(Box::new(program)))
            }
        };
        Ok(Self { port, dialect, source, redis, folder })
    }

    /// Its processes; the first is the server.
    fn parts(&self) -> Vec<Part> {
        let first = match &self.source {
            Source::Program(program) => Part::new("node", program.pid()),
            Source::Sender(sender) => Part::new(sender.1.name(), sender.1.pid().unwrap_or(0)),
        };
        let redis = self.redis.as_ref().and_then(|redis| redis.process().pid());
        std::iter::once(first).chain(redis.map(|pid| Part::new("redis", pid))).collect()
    }

    async fn crowd(&self, topics: Topics, stalled: usize) -> Result<Crowd, Failure> {
        let connections = topics.len();
        allow_files(u64::try_from(connections).unwrap_or(0) + OTHER_FILES)?;
        let options = CrowdOptions { connections, stalled, threads: 1 };
        let dialect = dialect(self.dialect, self.port, topics);
        let crowd = Crowd::start(dialect, self.address(), options).map_err(Failure::Other)?;
        crowd.ready(CONNECT_WITHIN).await.map_err(Failure::Other)?;
        Ok(crowd)
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Publishes from before the readers are measured until after it, and measures in between.
    async fn measure(&mut self, crowd: &Crowd, order: &Order<'_>) -> Result<Measured, Failure> {
        let (parts, seconds) = (self.parts(), order.seconds);
        let order = Order { seconds: seconds + WARM.as_secs_f64() + AFTER, ..order.clone() };
        let measuring = async {
            tokio::time::sleep(WARM).await;
            crowd.stall(true);
            crowd.measure(Duration::from_secs_f64(seconds), parts).await.map_err(Failure::Other)
        };
        let (measured, sent) = tokio::join!(measuring, self.publish(&order));
        sent?;
        measured
    }

    /// Readers of one topic, further ones that do not read, and messages.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn fan(&mut self, readers: usize, stalled: usize, order: &Order<'_>) -> Result<Measured, Failure> {
        let crowd = self.crowd(vec![vec![order.topic.to_owned()]; readers + stalled], stalled).await?;
        let measured = self.measure(&crowd, order).await;
        crowd.close().await;
        measured
    }

    /// Connections with a topic each, and messages to these in turn, `rate` a second each.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn own(&mut self, connections: usize, rate: f64, seconds: f64, size: usize) -> Result<Measured, Failure> {
        let crowd = self.crowd((0..connections).map(|number| vec![format!("own:{number}")]).collect(), 0).await?;
        #[allow(clippy::cast_precision_loss, reason = "connections of a test run")]
        let rate = rate * connections as f64;
        let order = Order { topic: "", own: u64::try_from(connections).ok(), rate, seconds, size };
        let measured = self.measure(&crowd, &order).await;
        crowd.close().await;
        measured
    }

    /// Holds connections on which nothing happens, each with three topics.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn idle(&mut self, connections: usize, seconds: f64) -> Result<Idle, Failure> {
        let topics: Topics = (0..connections)
            .map(|number| vec!["app".to_owned(), format!("user:{number}"), format!("cv:{number}")])
            .collect();
        let before = self.memory();
        let crowd = self.crowd(topics, 0).await?;
        tokio::time::sleep(SETTLED).await;
        let held = crowd.measure(Duration::from_secs_f64(seconds), self.parts()).await.map_err(Failure::Other)?;
        let with = self.memory();
        crowd.close().await;
        #[allow(clippy::cast_precision_loss, reason = "connections of a test run")]
        let kib_each = (with - before) * 1024.0 / connections.max(1) as f64;
        Ok(Idle { kib_each, faults: held.faults })
    }

    /// Connections that come and go.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn come(&mut self, seconds: f64) -> Result<Come, Failure> {
        let dialect = dialect(self.dialect, self.port, vec![vec!["app".to_owned()]]);
        // Once to warm up.
        let second = Duration::from_secs(1);
        let _warm = handshakes(Arc::clone(&dialect), self.address(), AT_ONCE, second, Vec::new()).await;
        let time = Duration::from_secs_f64(seconds);
        let came = handshakes(dialect, self.address(), AT_ONCE, time, self.parts()).await.map_err(Failure::Other)?;
        Ok(Come { per_second: came.per_second, failed: came.failed, faults: came.faults })
    }

    /// The server's memory, MiB.
    fn memory(&self) -> f64 {
        let server = self.parts().into_iter().take(1).collect();
        Meter::start(server).read().first().map_or(0.0, |used| used.mib_after)
    }

    /// Publishes; returns how many messages that were.
    ///
    /// # Errors
    /// [`Failure`].
    async fn publish(&mut self, order: &Order<'_>) -> Result<u64, Failure> {
        let program = match &mut self.source {
            Source::Sender(sender) => return sender.0.send(order).await,
            Source::Program(program) => program,
        };
        let (command, parameters) = match order.own {
            None => (
                "publish",
                json!({"topic": order.topic, "rate": order.rate, "seconds": order.seconds, "size": order.size}),
            ),
            #[allow(clippy::cast_precision_loss, reason = "topics of a test run")]
            Some(count) => (
                "own",
                json!({
                    "count": count, "rate": order.rate / count as f64, "seconds": order.seconds, "size": order.size,
                }),
            ),
        };
        let within = Duration::from_secs_f64(order.seconds) + OVERTIME;
        let sent = program.tell(command, parameters, within).await?;
        sent.as_u64().ok_or_else(|| Failure::Other(format!("the program published {}", Value::to_string(&sent))))
    }

    /// Ends it.
    pub async fn stop(self) {
        match self.source {
            Source::Program(mut program) => program.kill().await,
            Source::Sender(sender) => {
                sender.1.stop(Signal::TERM, STOP_WITHIN).await;
            }
        }
        if let Some(redis) = &self.redis {
            redis.kill().await;
        }
        drop(self.folder);
    }
}

/// A folder that other accounts may go through.
pub(in crate::scenario) fn folder() -> Result<TempDir, Failure> {
    let failed = |error: std::io::Error| Failure::Other(format!("no temporary folder: {error}"));
    let folder = tempfile::Builder::new().prefix("estafette-compare-").tempdir().map_err(failed)?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).map_err(failed)?;
    Ok(folder)
}

/// A program that is no Node program, with a sender of ours.
async fn native(ingest: Ingest, peers: &Path, folder: &Path) -> Result<(u16, Source), Failure> {
    let (port, clients) = (free_port()?, free_port()?);
    let (program, file) = match ingest {
        Ingest::Nats => ("nats-server", "nats.conf"),
        Ingest::Nchan => ("nginx", "nchan.conf"),
    };
    let failed = |what: String| Failure::Other(format!("{program}: {what}"));
    let text = std::fs::read_to_string(peers.join(file)).map_err(|error| failed(format!("{file}: {error}")))?;
    let module = install::nchan_module().unwrap_or_default();
    let filled = text
        .replace("@PORT@", &port.to_string())
        .replace("@CLIENTS@", &clients.to_string())
        .replace("@FOLDER@", &folder.display().to_string())
        .replace("@MODULE@", &module.display().to_string());
    let config: PathBuf = folder.join(file);
    std::fs::write(&config, filled).map_err(|error| failed(error.to_string()))?;
    let binary = install::in_path(program).ok_or_else(|| failed("not in PATH".to_owned()))?;
    let mut command = Command::new(binary);
    command.arg("-c").arg(&config).current_dir(folder);
    if ingest == Ingest::Nchan {
        // Before the configuration is read, nginx writes to a log of its own.
        command.arg("-e").arg(folder.join("nginx.log"));
    }
    let process = Process::new(program, folder.join(format!("{program}.log")));
    process.spawn(command)?;
    let publishing = if ingest == Ingest::Nats { clients } else { port };
    let until = Instant::now() + READY_WITHIN;
    for port in [port, publishing] {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if Instant::now() > until || process.ended().is_some() {
                return Err(failed(format!("did not get ready; the end of its log: {}", process.log_tail(2_000))));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let sender = Sender::connect(ingest, publishing).await?;
    Ok((port, Source::Sender(Box::new((sender, process)))))
}
