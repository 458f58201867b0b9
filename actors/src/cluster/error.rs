//! Why a private cluster cannot run.

use std::path::PathBuf;
use std::time::Duration;

/// Why a private cluster cannot run. Each sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// There is no Postgres on this machine.
    #[error(
        "no Postgres server was found (looked in {looked}): install it (Debian: apt-get install postgresql), name its folder in ESTAFETTE_PG_BIN, or set DATABASE_URL"
    )]
    NoBinaries {
        /// The folders that were tried.
        looked: String,
    },
    /// Another process uses the folder.
    #[error("{} is in use by another estafette process: stop that one, or choose another data folder", .0.display())]
    Locked(PathBuf),
    /// A file operation failed.
    #[error("cannot {what} {}: {source}", .path.display())]
    Io {
        /// What was tried ("create").
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The user that Postgres runs as cannot reach any folder.
    #[error("the user {user} cannot reach {}, and Postgres refuses to run as root: choose a data folder that it can enter", .path.display())]
    Unreachable {
        /// The user that Postgres would run as.
        user: String,
        /// The folder.
        path: PathBuf,
    },
    /// `initdb` failed.
    #[error("initdb failed: {0}")]
    Init(String),
    /// The server ended while it started.
    #[error("Postgres did not start; its log {} ends with: {tail}", .log.display())]
    Exited {
        /// The log's last lines.
        tail: String,
        /// The log.
        log: PathBuf,
    },
    /// The server did not get ready, or did not stop.
    #[error("Postgres did not {what} within {} s; see {}", .limit.as_secs(), .log.display())]
    TooSlow {
        /// `start` or `stop`.
        what: &'static str,
        /// How long was waited.
        limit: Duration,
        /// The log.
        log: PathBuf,
    },
    /// The cluster was made by another major version.
    #[error(
        "the cluster in {} was made by Postgres {found} and the one on this machine is {installed}: install Postgres {found} or point ESTAFETTE_PG_BIN to it",
        .path.display()
    )]
    Version {
        /// The cluster.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The version of the binaries.
        installed: String,
    },
    /// The cluster was started and then refused, or went away.
    #[error("the private Postgres refused: {source}{}", said(tail))]
    Refused {
        /// What the connection saw.
        source: crate::error::DbError,
        /// The last lines of Postgres' own log; empty when it wrote nothing.
        tail: String,
    },
}

/// The end of a sentence: what Postgres itself wrote. "connection closed" alone helps nobody.
pub fn said(tail: &str) -> String {
    if tail.is_empty() { String::new() } else { format!("; Postgres' log ends with: {tail}") }
}

impl ClusterError {
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}
