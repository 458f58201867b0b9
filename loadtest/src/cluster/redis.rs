//! A Redis of our own: nothing of it is written to disk, as nothing in it matters; but for a queue's, which keeps its log.

use super::process::{Process, free_port};
use crate::server::ServerError;
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::process::Command;

/// Programs that speak its protocol, the first that is there.
const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];
/// Getting ready.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// A Redis of our own.
pub struct Redis {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    /// With a log on disk (`appendonly`).
    durable: bool,
    process: Process,
}

impl Redis {
    /// Starts it.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn start(folder: &Path, logs: &Path) -> Result<Self, ServerError> {
        Self::start_as(folder, logs, false).await
    }

    /// Starts one that keeps a log on disk, written every second, as those who keep a queue in it advise.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn start_durable(folder: &Path, logs: &Path) -> Result<Self, ServerError> {
        Self::start_as(folder, logs, true).await
    }

    async fn start_as(folder: &Path, logs: &Path, durable: bool) -> Result<Self, ServerError> {
        let program = program().ok_or(ServerError::NotOurs(
            "no Redis was found: install it (Debian: apt-get install redis-server), or leave it out with --no-redis",
        ))?;
        let process = Process::new("redis", logs.join("redis.log"));
        let redis = Self { program, folder: folder.to_path_buf(), port: free_port()?, durable, process };
        redis.restart().await?;
        Ok(redis)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }
    /// The address when it is reached over `port`.
    pub fn url(port: u16) -> String {
        format!("redis://127.0.0.1:{port}")
    }
    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Starts it after it was killed.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn restart(&self) -> Result<(), ServerError> {
        let mut command = Command::new(&self.program);
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", if self.durable { "yes" } else { "no" }, "--maxmemory-policy", "noeviction"]);
        command.arg("--dir").arg(&self.folder).current_dir(&self.folder);
        self.process.spawn(command)?;
        let until = Instant::now() + READY_WITHIN;
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            if Instant::now() > until || self.process.ended().is_some() {
                let log = self.process.log_tail(2_000);
                return Err(ServerError::NotReady { what: "Redis did not start".to_owned(), log });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// SIGKILL.
    pub async fn kill(&self) {
        self.process.kill().await;
    }
    /// SIGSTOP, or SIGCONT.
    pub fn freeze(&self, frozen: bool) {
        self.process.signal(if frozen { Signal::STOP } else { Signal::CONT });
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    PROGRAMS.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}
