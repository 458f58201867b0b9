//! Where it is measured: a Postgres of our own whose commits are on disk when they are answered, a Redis where one is asked
//! for, and nodes that come and go while the stores stay. Nodes reach the stores directly: a link of the harness would take
//! processor time from them.

use super::super::compare::side::sockets::folder;
use super::Given;
use crate::cluster::{Postgres, Redis};
use crate::measure::process::Part;
use crate::scenario::{Failure, Run};
use crate::server::POSTGRES;
use tempfile::TempDir;

/// The name of the Redis's process among what is measured.
pub(super) const REDIS: &str = "redis";
/// One key of tokens for all nodes, so that a token outlives the node that made it.
const TOKEN_KEY: &str = "loadtest-key-of-tokens-0123456789abcdef0123456789abcdef";

/// The stores.
pub(super) struct Stand {
    pub(super) postgres: Postgres,
    redis: Option<Redis>,
    /// Last: it goes when everything that writes to it has gone.
    folder: TempDir,
}

impl Stand {
    /// Starts the stores.
    pub(super) async fn start(redis: bool) -> Result<Self, Failure> {
        let folder = folder()?;
        let path = folder.path();
        let postgres = Postgres::start_durable(path, path).await?;
        let redis = if redis { Some(Redis::start(path, path).await?) } else { None };
        Ok(Self { postgres, redis, folder })
    }

    /// Where the stores keep what they hold.
    pub(super) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Starts a node that uses them; `settings` are its own.
    pub(super) async fn node(&self, given: Given<'_>, settings: &[(&str, String)]) -> Result<Run, Failure> {
        // What is measured is not how tasks wait for their turn, and many browsers are one person here.
        let many = ["tasks-per-node", "steps-per-node", "tasks-per-user", "steps-per-user"];
        let mut all: Vec<(&str, String)> = many.iter().map(|flag| (*flag, "1000".to_owned())).collect();
        all.push(("accepts-per-second", "100000".to_owned()));
        all.push(("messages-per-second", "10000".to_owned()));
        // Nobody is connected any more when a node is stopped.
        all.push(("reconnect-spread-ms", "0".to_owned()));
        all.push(("token-key", TOKEN_KEY.to_owned()));
        all.push(("database-url", Postgres::url(self.postgres.port())));
        all.extend(self.redis.as_ref().map(|redis| ("redis-url", Redis::url(redis.port()))));
        all.extend_from_slice(settings);
        Run::start(given.server, given.seed, &all).await
    }

    /// The processes of the stores.
    pub(super) fn parts(&self) -> Vec<Part> {
        let postgres = self.postgres.process().pid().map(|pid| Part::new(POSTGRES, pid));
        let redis = self.redis.as_ref().and_then(|redis| redis.process().pid()).map(|pid| Part::new(REDIS, pid));
        postgres.into_iter().chain(redis).collect()
    }

    /// Ends the stores.
    pub(super) async fn stop(self) {
        self.postgres.stop(true).await;
        if let Some(redis) = &self.redis {
            redis.kill().await;
        }
    }
}

/// Stops a node in good order. After a failure its log is kept, as its folder goes away.
pub(super) async fn end(run: Run, failed: bool) {
    if let Some(log) = run.target.log().filter(|_| failed) {
        let kept = std::env::temp_dir().join(format!("estafette-loadtest-{}.log", run.tag));
        if std::fs::copy(log, &kept).is_ok() {
            crate::out::note(format!("the server's log: {}", kept.display()));
        }
    }
    if let Err(error) = run.target.stop().await {
        crate::out::note(format!("{error}"));
    }
}
