//! The server under test: one that runs somewhere, or one of our own, which can be killed.

mod own;

pub use own::{OwnServer, Setting};

use crate::api::Api;
use crate::measure::process::Part;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The name of the server's process among what is measured.
pub const SERVER: &str = "server";
/// The name of its database's processes.
pub const POSTGRES: &str = "postgres";
/// How long a server may take until it is ready: a first start makes a database.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The program is not there.
    #[error("there is no server program at {}: build it (`cargo build`), or name it with --bin, or a running server with --url", .0.display())]
    NoProgram(PathBuf),
    /// The system refused something.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why not.
        error: std::io::Error,
    },
    /// It ended, or did not get ready.
    #[error("the server {what}; the end of its log:\n{log}")]
    NotReady {
        /// What happened.
        what: String,
        /// The end of its log.
        log: String,
    },
    /// A command of the server's program failed.
    #[error("`estafette {command}` failed: {message}")]
    Command {
        /// Which.
        command: String,
        /// What it said.
        message: String,
    },
    /// What was asked for needs a server of our own.
    #[error("{0}")]
    NotOurs(&'static str),
}

/// The server under test.
pub struct Target {
    base: String,
    own: Option<OwnServer>,
    bin: Option<PathBuf>,
    pid: Arc<AtomicU32>,
}

impl Target {
    /// One that runs at `url`; `pid` to look at its memory, `bin` for `estafette user credits`.
    pub fn running(url: &str, pid: Option<u32>, bin: Option<PathBuf>) -> Self {
        let base = url.trim_end_matches('/').to_owned();
        Self { base, own: None, bin, pid: Arc::new(AtomicU32::new(pid.unwrap_or(0))) }
    }

    /// Starts one, with a database of its own in a temporary folder.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn start(bin: PathBuf, settings: Vec<Setting>, cpus: Option<String>) -> Result<Self, ServerError> {
        let own = OwnServer::start(bin.clone(), settings, cpus)?;
        let pid = Arc::new(AtomicU32::new(own.pid().unwrap_or(0)));
        let target = Self { base: own.base(), own: Some(own), bin: Some(bin), pid };
        target.ready().await?;
        Ok(target)
    }

    /// `http://host:port`.
    pub fn base(&self) -> &str {
        &self.base
    }
    /// The id of its process, 0 where unknown; changes when it is restarted.
    pub fn pid(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.pid)
    }
    /// Whether it is one of our own.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }
    /// What serves: the server, and its Postgres where it is one of our own.
    pub fn parts(&self) -> Vec<Part> {
        let pid = self.pid.load(Ordering::Relaxed);
        let postgres = self.own.as_ref().and_then(OwnServer::postgres);
        let mut parts = Vec::new();
        if pid > 0 {
            parts.push(Part { name: SERVER.to_owned(), pid, without: postgres.into_iter().collect() });
        }
        parts.extend(postgres.map(|pid| Part::new(POSTGRES, pid)));
        parts
    }
    /// Its log, where it is one of our own.
    pub fn log(&self) -> Option<PathBuf> {
        self.own.as_ref().map(OwnServer::log_file)
    }

    async fn ready(&self) -> Result<(), ServerError> {
        let api = Api::new(&self.base)
            .map_err(|error| ServerError::NotReady { what: error.to_string(), log: String::new() })?;
        let until = Instant::now() + READY_WITHIN;
        loop {
            if api.is_ready().await {
                return Ok(());
            }
            if let Some(own) = &self.own {
                own.check_alive()?;
            }
            if Instant::now() > until {
                let log = self.own.as_ref().map(OwnServer::log_tail).unwrap_or_default();
                return Err(ServerError::NotReady { what: format!("was not ready within {READY_WITHIN:?}"), log });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// SIGKILL, and a new start on the same port and database. Returns how long nobody was served.
    ///
    /// # Errors
    /// [`ServerError`]; `NotOurs` for a server that we did not start.
    pub async fn kill_and_restart(&self) -> Result<Duration, ServerError> {
        let own =
            self.own.as_ref().ok_or(ServerError::NotOurs("--kill-every needs a server of our own: leave --url out"))?;
        let begin = Instant::now();
        own.kill().await?;
        own.spawn()?;
        self.pid.store(own.pid().unwrap_or(0), Ordering::Relaxed);
        self.ready().await?;
        Ok(begin.elapsed())
    }

    /// Gives credits to a person, with `estafette user credits`.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn give_credits(&self, email: &str, credits: u32) -> Result<(), ServerError> {
        let bin = self.bin.as_deref().ok_or(ServerError::NotOurs(
            "these users need more credits than sign-up gives: name the server's program with --bin (and its \
             database with DATABASE_URL), or ask for fewer tasks a user",
        ))?;
        let credits = credits.to_string();
        let mut arguments = vec!["user".to_owned(), "credits".to_owned(), email.to_owned(), credits];
        if let Some(own) = &self.own {
            arguments.extend(own.database_arguments());
        }
        command(bin, &arguments).await
    }

    /// Stops a server of our own in good order.
    ///
    /// # Errors
    /// [`ServerError`] when it had to be killed.
    pub async fn stop(self) -> Result<(), ServerError> {
        match self.own {
            Some(own) => own.stop().await,
            None => Ok(()),
        }
    }
}

pub(crate) async fn command(bin: &Path, arguments: &[String]) -> Result<(), ServerError> {
    let output = tokio::process::Command::new(bin).args(arguments).output().await;
    let output = output.map_err(|error| ServerError::System { what: "the server's program does not run", error })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let command = arguments.iter().take(2).cloned().collect::<Vec<_>>().join(" ");
    Err(ServerError::Command { command, message: said.trim().chars().take(600).collect() })
}
