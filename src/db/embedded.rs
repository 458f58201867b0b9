//! The private Postgres of a server without `DATABASE_URL`: kept alive while the server runs, stopped after it.

use super::{Applied, MigrationError};
use estafette_actors::cluster::error::said;
use estafette_actors::cluster::{Cluster, ClusterError, ClusterOptions, Durability};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// The database in the cluster.
const DATABASE: &str = "estafette";
/// How often the server's process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Pause after a failed restart; doubles up to [`RESTART_PAUSE_MAX`].
const RESTART_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause between two restarts.
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(30);

/// The running private Postgres and its watcher.
pub struct Embedded {
    cluster: Arc<Mutex<Option<Cluster>>>,
    config: tokio_postgres::Config,
    url: String,
    folder: PathBuf,
    watcher: tokio::task::JoinHandle<()>,
}

impl Embedded {
    /// Starts it in `data_dir/database` (or adopts the one that runs there), with room for `connections`.
    ///
    /// # Errors
    /// [`ClusterError`]: no binaries, folder in use, start failed.
    pub async fn start(data_dir: &Path, binaries: Option<PathBuf>, connections: u32) -> Result<Self, ClusterError> {
        let options = ClusterOptions {
            folder: data_dir.join("database"),
            binaries,
            max_connections: connections,
            durability: Durability::Full,
            settings: Vec::new(),
        };
        let cluster = blocking(move || Cluster::start(options)).await?;
        cluster.ensure_database(DATABASE).await?;
        let (config, url, folder) = (cluster.config(DATABASE), cluster.url(DATABASE), cluster.folder().to_path_buf());
        let cluster = Arc::new(Mutex::new(Some(cluster)));
        let watcher = tokio::spawn(keep_alive(Arc::clone(&cluster)));
        Ok(Self { cluster, config, url, folder, watcher })
    }

    /// How to connect to the one that a running server has in use.
    pub fn of_running_server(data_dir: &Path) -> Option<tokio_postgres::Config> {
        Cluster::of_another_process(&data_dir.join("database"), DATABASE)
    }

    /// How to connect.
    pub fn config(&self) -> tokio_postgres::Config {
        self.config.clone()
    }
    /// The same as an address, for `psql`.
    pub fn url(&self) -> &str {
        &self.url
    }
    /// Where the cluster is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Brings it up to date. An error says what Postgres itself said ("connection closed" alone helps nobody).
    ///
    /// # Errors
    /// [`MigrationError`] as for [`super::migrate`].
    pub async fn migrate(&self) -> Result<Vec<Applied>, MigrationError> {
        let outcome = super::migrate(&self.config.clone().into()).await;
        self.explained(outcome).await
    }

    /// Adds the last lines of Postgres' own log to an error.
    ///
    /// # Errors
    /// The error that was given.
    pub async fn explained<T>(&self, outcome: Result<T, MigrationError>) -> Result<T, MigrationError> {
        let Err(error) = outcome else { return outcome };
        let cluster = self.cluster.lock().await;
        Err(error.with_log(&said(&cluster.as_ref().map(Cluster::last_words).unwrap_or_default())))
    }

    /// A handle for an exit that cannot wait.
    pub fn emergency(&self) -> impl Fn() + Send + Sync + 'static {
        let cluster = Arc::clone(&self.cluster);
        move || {
            if let Ok(Some(cluster)) = cluster.try_lock().as_deref() {
                cluster.order_stop();
            }
        }
    }

    /// Stops it; everything committed is on the disk then.
    ///
    /// # Errors
    /// [`ClusterError::TooSlow`] when it had to be cut off.
    pub async fn stop(self) -> Result<(), ClusterError> {
        self.watcher.abort();
        match self.cluster.lock().await.take() {
            Some(cluster) => blocking(move || cluster.stop()).await,
            None => Ok(()),
        }
    }
}

/// Starts the server again when it ended by itself (killed for memory, say). Connections of the pool fail meanwhile
/// and are replaced.
async fn keep_alive(shared: Arc<Mutex<Option<Cluster>>>) {
    let mut pause = RESTART_PAUSE;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let mut slot = shared.lock().await;
        match slot.as_mut().map(Cluster::is_running) {
            None => return,
            Some(true) => continue,
            Some(false) => {}
        }
        let Some(mut cluster) = slot.take() else { return };
        tracing::error!("the private Postgres ended unexpectedly: starting it again");
        let restarted = tokio::task::spawn_blocking(move || {
            let outcome = cluster.restart();
            (cluster, outcome)
        })
        .await;
        let Ok((cluster, outcome)) = restarted else { return };
        *slot = Some(cluster);
        drop(slot);
        match outcome {
            Ok(()) => pause = RESTART_PAUSE,
            Err(error) => {
                tracing::error!(%error, retry_in_ms = pause.as_millis(), "the private Postgres does not start");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(RESTART_PAUSE_MAX);
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ClusterError> + Send + 'static,
) -> Result<T, ClusterError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(ClusterError::Init(error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::pool::{PoolBounds, pool};
    use estafette_actors::testkit::ClusterFolder;

    #[tokio::test]
    async fn an_error_says_what_postgres_said() {
        let folder = ClusterFolder::new();
        let embedded = Embedded::start(folder.path(), None, 10).await.unwrap();
        assert_eq!(embedded.explained(Ok(3)).await.unwrap(), 3);
        let pid = embedded.cluster.lock().await.as_ref().unwrap().pid();
        // An immediate shutdown: as sudden as a full disk, and Postgres writes why.
        assert!(std::process::Command::new("kill").args(["-QUIT", &pid.to_string()]).status().unwrap().success());
        let until = tokio::time::Instant::now() + Duration::from_secs(30);
        let said = loop {
            match embedded.migrate().await {
                Err(error) => break error.to_string(),
                Ok(_) => assert!(tokio::time::Instant::now() < until, "it does not end"),
            }
        };
        assert!(said.contains("; Postgres' log ends with: ") && said.contains("immediate shutdown"), "{said}");
        embedded.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_postgres_that_is_killed_comes_back_and_what_was_committed_is_there() {
        let folder = ClusterFolder::new();
        let embedded = Embedded::start(folder.path(), None, 10).await.unwrap();
        let second = Duration::from_secs(1);
        let bounds = PoolBounds { size: 2, wait: second, statement: second, idle_transaction: second };
        let db = pool(embedded.config(), bounds).unwrap();
        db.execute("CREATE TABLE mark (id int)", &[]).await.unwrap();
        db.execute("INSERT INTO mark VALUES (7)", &[]).await.unwrap();

        let pid = embedded.cluster.lock().await.as_ref().unwrap().pid();
        assert!(std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
        let until = tokio::time::Instant::now() + Duration::from_secs(30);
        let row = loop {
            match db.query_one("SELECT id FROM mark", &[]).await {
                Ok(row) if embedded.cluster.lock().await.as_ref().is_some_and(|now| now.pid() != pid) => break row,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            assert!(tokio::time::Instant::now() < until, "it did not come back");
        };
        assert_eq!(row.get::<_, i32>(0), 7);
        embedded.stop().await.unwrap();
        assert!(db.query_one("SELECT 1", &[]).await.is_err());
    }
}
