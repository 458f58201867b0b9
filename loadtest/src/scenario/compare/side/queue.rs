//! A peer that runs tasks, started: a web process with the browsers' sockets, a worker, and their stores.

use super::Side;
use super::program::Program;
use super::sockets::folder;
use crate::cluster::{Postgres, Redis};
use crate::measure::process::Part;
use crate::scenario::Failure;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A task queue that runs.
pub struct TaskQueue {
    side: Side,
    peers: PathBuf,
    web: Program,
    worker: Program,
    environment: Vec<(&'static str, String)>,
    postgres: Postgres,
    redis: Option<Redis>,
    /// Last: it goes when everything that writes to it has gone.
    folder: TempDir,
}

impl TaskQueue {
    /// Starts it. With `marks`, the worker notes each step that begins in a file.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn start(side: Side, peers: &Path, marks: bool) -> Result<Self, Failure> {
        let folder = folder()?;
        let logs = folder.path().to_path_buf();
        let postgres = Postgres::start_durable(&logs, &logs).await?;
        let mut environment = vec![("DATABASE_URL", Postgres::url(postgres.port()))];
        let mut redis = None;
        if side == Side::BullMq {
            let store = Redis::start_durable(&logs, &logs).await?;
            environment.push(("REDIS_URL", Redis::url(store.port())));
            redis = Some(store);
        }
        if marks {
            environment.push(("BEGAN", logs.join("began").display().to_string()));
        }
        let (web, worker) = scripts(side)?;
        let web = Program::start(web, peers, &logs, &environment).await?;
        let worker = Program::start(worker, peers, &logs, &environment).await?;
        Ok(Self { side, peers: peers.to_path_buf(), web, worker, environment, postgres, redis, folder })
    }

    /// Where browsers connect.
    pub fn port(&self) -> u16 {
        self.web.port
    }

    /// Its processes.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = vec![Part::new("node, web", self.web.pid()), Part::new("node, worker", self.worker.pid())];
        parts.extend(self.postgres.process().pid().map(|pid| Part::new("postgres", pid)));
        let redis = self.redis.as_ref().and_then(|redis| redis.process().pid());
        parts.extend(redis.map(|pid| Part::new("redis", pid)));
        parts
    }

    /// SIGKILL of the worker, and a new one at once, as a service manager would start it.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn kill_worker(&mut self) -> Result<(), Failure> {
        self.worker.kill().await;
        let (_, worker) = scripts(self.side)?;
        self.worker = Program::start(worker, &self.peers, self.folder.path(), &self.environment).await?;
        Ok(())
    }

    /// Steps that began more than once: how many times too often, in all.
    pub fn begun_again(&self) -> u64 {
        let text = std::fs::read_to_string(self.folder.path().join("began")).unwrap_or_default();
        let mut times: HashMap<&str, u64> = HashMap::new();
        text.lines().for_each(|line| *times.entry(line).or_default() += 1);
        times.values().map(|times| times - 1).sum()
    }

    /// Rows of steps that are there more than once: how many too many, in all.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn rows_again(&self) -> Result<u64, Failure> {
        let client = self.postgres.connect().await?;
        let query = "SELECT count(*) - count(DISTINCT (task, step)) FROM steps";
        let row = client.query_one(query, &[]).await.map_err(|error| Failure::Other(error.to_string()))?;
        Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
    }

    /// Ends it.
    pub async fn stop(mut self) {
        self.worker.kill().await;
        self.web.kill().await;
        self.postgres.stop(true).await;
        if let Some(redis) = &self.redis {
            redis.kill().await;
        }
        drop(self.folder);
    }
}

fn scripts(side: Side) -> Result<(&'static str, &'static str), Failure> {
    match side {
        Side::BullMq => Ok(("bullmq-web", "bullmq-worker")),
        Side::Graphile => Ok(("graphile-web", "graphile-worker")),
        _ => Err(Failure::Other(format!("{} runs no tasks", side.title()))),
    }
}
