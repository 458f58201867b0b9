//! One node of the server: a process that is started again when it ends, as a service manager would.

use super::link::Link;
use super::process::{Process, free_port};
use crate::server::{ServerError, Setting};
use rustix::process::Signal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::process::Command;

/// A first start makes the tables.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// Between two looks at whether the process still runs, and before it is started again.
const KEEP_EVERY: Duration = Duration::from_millis(250);
/// Environment variables that would change what it does.
const HIDDEN: [&str; 4] = ["ESTAFETTE_", "OPENAI_", "DATABASE_URL", "REDIS_URL"];

/// What a node is started with.
#[derive(Debug, Clone)]
pub struct NodeSetup {
    /// Its place among the nodes, from 0.
    pub index: usize,
    /// The server's program.
    pub bin: PathBuf,
    /// A folder of its own.
    pub folder: PathBuf,
    /// Its log.
    pub log: PathBuf,
    /// The flags of `serve` besides `--listen` and `--data-dir`.
    pub settings: Vec<Setting>,
}

/// One node of the server.
pub struct Node {
    setup: NodeSetup,
    port: u16,
    process: Process,
    /// Clients reach it over this link.
    pub clients: Link,
    /// It reaches Postgres over this link.
    pub to_postgres: Link,
    /// It reaches Redis over this link.
    pub to_redis: Option<Link>,
    /// It is meant to run: it is started again when it ends.
    wanted: AtomicBool,
    /// Ends that nobody asked for, after it had been ready.
    crashes: AtomicU32,
    starts: AtomicU32,
    /// Length of its log at the newest start.
    log_from: AtomicUsize,
}

impl Node {
    /// A node that does not run yet.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn new(
        mut setup: NodeSetup,
        postgres: SocketAddr,
        redis: Option<SocketAddr>,
    ) -> Result<Arc<Self>, ServerError> {
        let (index, port) = (setup.index, free_port()?);
        let link = async |name: &str, target: SocketAddr| Link::start(format!("node {index} – {name}"), target).await;
        let clients = link("clients", SocketAddr::from(([127, 0, 0, 1], port))).await?;
        let to_postgres = link("Postgres", postgres).await?;
        let to_redis = match redis {
            Some(redis) => Some(link("Redis", redis).await?),
            None => None,
        };
        let mut set = |flag: &str, value: String| setup.settings.push((flag.to_owned(), value));
        set("database-url", super::postgres::Postgres::url(to_postgres.address().port()));
        if let Some(redis) = &to_redis {
            set("redis-url", super::redis::Redis::url(redis.address().port()));
        }
        let process = Process::new(format!("node {index}"), setup.log.clone());
        let (wanted, crashes, starts) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));
        let log_from = AtomicUsize::new(0);
        Ok(Arc::new(Self { setup, port, process, clients, to_postgres, to_redis, wanted, crashes, starts, log_from }))
    }

    /// Its place, from 0.
    pub fn index(&self) -> usize {
        self.setup.index
    }
    /// Its name for people.
    pub fn name(&self) -> &str {
        self.process.name()
    }
    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }
    /// Where clients reach it (`http://…`).
    pub fn base(&self) -> String {
        format!("http://{}", self.clients.address())
    }
    /// Where it is reached past its link.
    pub fn direct(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
    /// Its log.
    pub fn log(&self) -> &Path {
        &self.setup.log
    }
    /// Times it ended without being asked to, after it had been ready.
    pub fn crashes(&self) -> u32 {
        self.crashes.load(Ordering::Relaxed)
    }
    /// Times its process was started.
    pub fn starts(&self) -> u32 {
        self.starts.load(Ordering::Relaxed)
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn start(&self) -> Result<(), ServerError> {
        let mut command = Command::new(&self.setup.bin);
        command.arg("serve").args(["--listen", &format!("127.0.0.1:{}", self.port)]);
        command.arg("--data-dir").arg(self.setup.folder.join("data"));
        for (name, _) in std::env::vars() {
            if HIDDEN.iter().any(|hidden| name.starts_with(hidden)) {
                command.env_remove(name);
            }
        }
        for (flag, value) in &self.setup.settings {
            command.arg(format!("--{flag}")).arg(value);
        }
        command.current_dir(&self.setup.folder);
        self.log_from.store(std::fs::read(self.log()).map_or(0, |log| log.len()), Ordering::Relaxed);
        self.process.spawn(command)?;
        self.wanted.store(true, Ordering::Relaxed);
        self.starts.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// [`ServerError::NotReady`].
    pub async fn ready(&self) -> Result<(), ServerError> {
        let api = crate::api::Api::new(&self.direct())
            .map_err(|error| ServerError::NotReady { what: error.to_string(), log: String::new() })?;
        let until = Instant::now() + READY_WITHIN;
        while Instant::now() < until {
            if api.is_ready().await {
                return Ok(());
            }
            tokio::time::sleep(KEEP_EVERY / 4).await;
        }
        Err(ServerError::NotReady { what: format!("{} was not ready", self.name()), log: self.process.log_tail(4_000) })
    }

    /// SIGKILL; it stays down until it is started again.
    pub async fn kill(&self) {
        self.wanted.store(false, Ordering::Relaxed);
        self.process.kill().await;
    }

    /// SIGTERM; it stays down. How it ended; `None`: it had to be killed.
    pub async fn stop(&self, within: Duration) -> Option<ExitStatus> {
        self.wanted.store(false, Ordering::Relaxed);
        self.process.stop(Signal::TERM, within).await
    }

    /// SIGSTOP, or SIGCONT.
    pub fn freeze(&self, frozen: bool) {
        self.process.signal(if frozen { Signal::STOP } else { Signal::CONT });
    }

    /// Starts it again whenever it ended by itself (a server that finds no database at its start does), for ever.
    pub async fn keep(&self) {
        let mut seen_ready = 0;
        loop {
            tokio::time::sleep(KEEP_EVERY).await;
            if !self.wanted.load(Ordering::Relaxed) {
                continue;
            }
            if seen_ready != self.starts() && self.has_listened() {
                seen_ready = self.starts();
            }
            if self.process.ended().is_some() && self.wanted.load(Ordering::Relaxed) {
                if seen_ready == self.starts() {
                    self.crashes.fetch_add(1, Ordering::Relaxed);
                }
                tokio::time::sleep(KEEP_EVERY).await;
                let _ = self.start();
            }
        }
    }

    /// Whether it has listened since its newest start.
    fn has_listened(&self) -> bool {
        let log = std::fs::read(self.log()).unwrap_or_default();
        let new = log.get(self.log_from.load(Ordering::Relaxed)..).unwrap_or_default();
        String::from_utf8_lossy(new).contains("\"listening\"")
    }

    /// The id that it gave itself at its newest start that listened, from its log; `None` before the first.
    pub fn id(&self) -> Option<String> {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let mut ids = log.lines().filter(|line| line.contains("\"listening\"")).filter_map(node_id);
        let starts = usize::try_from(self.starts()).unwrap_or(0);
        // Starts that failed do not listen, so that there may be fewer lines than starts; the newest counts.
        ids.next_back().filter(|_| starts > 0)
    }
}

/// `"node.id":"n-…"` in a line of a log.
fn node_id(line: &str) -> Option<String> {
    let rest = line.split_once("\"node.id\":\"")?.1;
    rest.split_once('"').map(|(id, _)| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nodes_id_is_read_from_its_log() {
        let line = r#"{"level":"INFO","fields":{"message":"listening","node.id":"n-abc","address":"x"}}"#;
        assert_eq!(node_id(line).as_deref(), Some("n-abc"));
        assert_eq!(node_id("{}"), None);
    }
}
