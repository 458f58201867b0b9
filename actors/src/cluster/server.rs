//! Start, adopt, watch and stop the server of a folder.

use super::ROLE;
use super::binaries::Binaries;
use super::error::ClusterError;
use super::folder::Folder;
use super::postmaster::{self, Postmaster};
use rustix::process::Signal;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;

/// Bound of a start: crash recovery replays the log since the last checkpoint.
const START_LIMIT: Duration = Duration::from_secs(120);
/// Bound of a fast shutdown (it writes a checkpoint) before the immediate one.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// Bound of an immediate shutdown.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// Pause between two looks at the pid file.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Connections kept for administration, on top of those that were asked for: `estafette user` and its like bring a pool of
/// their own to the cluster of a server that uses all of its own, and two of them may meet.
const SPARE_CONNECTIONS: u32 = 48;

/// Whether commits survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on the disk before it is answered.
    Full,
    /// For tests: nothing is forced to the disk.
    None,
}

/// How to run a cluster.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Its folder; made when it does not exist.
    pub folder: PathBuf,
    /// Where the binaries are; `None`: looked for.
    pub binaries: Option<PathBuf>,
    /// Connections that applications may open.
    pub max_connections: u32,
    /// Whether commits survive a power cut.
    pub durability: Durability,
    /// Further settings of the server, which go before ours (a port to listen on, certificates).
    pub settings: Vec<(&'static str, String)>,
}

/// A running private cluster. Dropping it stops the server; [`Cluster::stop`] also says when that failed.
#[derive(Debug)]
pub struct Cluster {
    options: ClusterOptions,
    binaries: Binaries,
    folder: Folder,
    pid: i32,
    /// `None` for an adopted server.
    child: Option<Child>,
    /// Length of the log before the first start: what is behind it is of our servers. `None` for an adopted one.
    log_from: Option<u64>,
    stop_on_drop: bool,
}

impl Cluster {
    /// Makes the cluster if there is none, and starts its server, or adopts the one that a killed process left running.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn start(options: ClusterOptions) -> Result<Self, ClusterError> {
        let binaries = Binaries::find(options.binaries.as_deref())?;
        let folder = Folder::open(&options.folder, &binaries)?;
        if folder.moved() {
            tracing::warn!(
                folder = %folder.root().display(), user = folder.account.name(),
                "Postgres refuses to run as root and its user cannot reach the data folder: the database is kept in another one"
            );
        }
        initialise(&folder, &binaries)?;
        let mut cluster = Self { options, binaries, folder, pid: 0, child: None, log_from: None, stop_on_drop: true };
        cluster.run()?;
        Ok(cluster)
    }

    /// How to connect to the server of a folder that another process has in use, if it runs.
    pub fn of_another_process(folder: &Path, database: &str) -> Option<tokio_postgres::Config> {
        let data = Folder::data_of(folder);
        let found = Postmaster::read(&data).filter(|found| found.ready && found.is_server_of(&data))?;
        Some(config(&found.socket, database))
    }

    /// Starts the server again after [`Cluster::is_running`] said that it ended.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn restart(&mut self) -> Result<(), ClusterError> {
        self.run()
    }

    /// Whether the server's process lives.
    pub fn is_running(&mut self) -> bool {
        match self.child.as_mut() {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => postmaster::is_alive(self.pid),
        }
    }

    /// The outer folder; not the one that was asked for when the server's user cannot reach that.
    pub fn folder(&self) -> &Path {
        self.folder.root()
    }

    /// The server's process.
    pub const fn pid(&self) -> i32 {
        self.pid
    }

    /// The folder of its Unix socket.
    pub fn socket(&self) -> &Path {
        self.folder.socket()
    }

    /// The last lines of its log since this value began, for the error of whoever lost the connection.
    pub fn last_words(&self) -> String {
        self.folder.log_tail(self.log_from.unwrap_or(0))
    }

    /// How to connect to one of its databases.
    pub fn config(&self, database: &str) -> tokio_postgres::Config {
        config(self.folder.socket(), database)
    }

    /// The same as an address for other programs (`psql`).
    pub fn url(&self, database: &str) -> String {
        format!("postgresql:///{database}?host={}&user={ROLE}", self.folder.socket().display())
    }

    /// Makes a database unless it exists.
    ///
    /// # Errors
    /// [`ClusterError::Refused`].
    pub async fn ensure_database(&self, name: &str) -> Result<(), ClusterError> {
        let made = ensure_database(&self.config("postgres"), name).await;
        made.map_err(|source| ClusterError::Refused { source, tail: self.last_words() })
    }

    /// Leaves the server running when this value is dropped (the shared cluster of a test run).
    #[cfg(feature = "testkit")]
    pub(crate) fn leave_running(&mut self) {
        self.stop_on_drop = false;
    }

    /// Tells the server to stop and does not wait: for an exit that cannot.
    pub fn order_stop(&self) {
        postmaster::signal(self.pid, Signal::INT);
    }

    /// Stops the server: open transactions are rolled back, everything committed is written.
    ///
    /// # Errors
    /// [`ClusterError::TooSlow`] when it had to be cut off; nothing committed is lost then either.
    pub fn stop(mut self) -> Result<(), ClusterError> {
        self.stop_on_drop = false;
        self.halt()
    }

    fn run(&mut self) -> Result<(), ClusterError> {
        let data = self.folder.data();
        if let Some(found) = Postmaster::read(&data) {
            if found.is_server_of(&data) {
                self.pid = found.pid;
                if self.runs_with_our_settings() && self.wait_until_ready(0).is_ok() {
                    tracing::info!(pid = found.pid, "adopted the Postgres server that a killed process left running");
                    return Ok(());
                }
                self.halt()?;
            } else {
                wait_for_orphans(&data);
                // The number in it may belong to another program now, and then Postgres would refuse to start.
                let path = data.join("postmaster.pid");
                if path.exists() {
                    std::fs::remove_file(&path).map_err(ClusterError::io("remove", &path))?;
                }
            }
        }
        self.folder.clear_socket()?;
        self.spawn()
    }

    /// Whether the running server was started with the settings that we would start it with.
    fn runs_with_our_settings(&self) -> bool {
        let line = std::fs::read_to_string(self.folder.data().join("postmaster.opts")).unwrap_or_default();
        self.settings().iter().all(|(name, value)| line.contains(&format!("\"{name}={value}\"")))
    }

    fn spawn(&mut self) -> Result<(), ClusterError> {
        let log = self.folder.open_log()?;
        let log_from = log.metadata().map_or(0, |meta| meta.len());
        self.log_from.get_or_insert(log_from);
        let errors = log.try_clone().map_err(ClusterError::io("open", self.folder.log()))?;
        let mut command = self.binaries.command("postgres");
        self.folder.account.lend(&mut command);
        command.arg("-D").arg(self.folder.data());
        for (name, value) in self.settings() {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        // A process group of its own: Ctrl-C in the terminal goes to the application, which stops the server last.
        command.process_group(0).stdout(Stdio::from(log)).stderr(Stdio::from(errors));
        let child = command.spawn().map_err(ClusterError::io("start", self.folder.data()))?;
        self.pid = i32::try_from(child.id()).unwrap_or(0);
        self.child = Some(child);
        self.wait_until_ready(log_from)
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let durable = if self.options.durability == Durability::Full { "on" } else { "off" };
        let mut settings = vec![
            ("listen_addresses", String::new()),
            ("port", "5432".to_owned()),
            ("unix_socket_directories", self.folder.socket().display().to_string()),
            ("unix_socket_permissions", "0700".to_owned()),
            ("max_connections", (self.options.max_connections + SPARE_CONNECTIONS).to_string()),
            ("fsync", durable.to_owned()),
            ("full_page_writes", durable.to_owned()),
            ("synchronous_commit", durable.to_owned()),
            // Nobody replicates a private cluster: the smaller log is the faster one.
            ("wal_level", "minimal".to_owned()),
            ("max_wal_senders", "0".to_owned()),
            ("max_wal_size", "1GB".to_owned()),
            // Short statements only: compiling or splitting them costs more than it brings, and containers have
            // little shared memory for parallel workers.
            ("jit", "off".to_owned()),
            ("max_parallel_workers_per_gather", "0".to_owned()),
            ("timezone", "UTC".to_owned()),
            ("log_timezone", "UTC".to_owned()),
            ("logging_collector", "off".to_owned()),
            ("log_destination", "stderr".to_owned()),
            ("log_line_prefix", "%m [%p] ".to_owned()),
        ];
        // Of a setting that is given twice the server takes the last.
        settings.extend(self.options.settings.iter().cloned());
        settings
    }

    fn wait_until_ready(&mut self, log_from: u64) -> Result<(), ClusterError> {
        let data = self.folder.data();
        let until = Instant::now() + START_LIMIT;
        while Instant::now() < until {
            if Postmaster::read(&data).is_some_and(|found| found.pid == self.pid && found.ready) {
                return Ok(());
            }
            if !self.is_running() {
                return Err(ClusterError::Exited { tail: self.folder.log_tail(log_from), log: self.folder.log() });
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Err(ClusterError::TooSlow { what: "start", limit: START_LIMIT, log: self.folder.log() })
    }

    fn halt(&mut self) -> Result<(), ClusterError> {
        for (order, limit) in [(Signal::INT, STOP_LIMIT), (Signal::QUIT, KILL_LIMIT)] {
            if !self.is_running() {
                return Ok(());
            }
            postmaster::signal(self.pid, order);
            let until = Instant::now() + limit;
            while Instant::now() < until {
                if !self.is_running() {
                    self.child = None;
                    return if order == Signal::INT { Ok(()) } else { Err(self.too_slow()) };
                }
                std::thread::sleep(LOOK_EVERY);
            }
        }
        Err(self.too_slow())
    }

    fn too_slow(&self) -> ClusterError {
        ClusterError::TooSlow { what: "stop", limit: STOP_LIMIT, log: self.folder.log() }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.stop_on_drop
            && self.pid > 0
            && let Err(error) = self.halt()
        {
            tracing::warn!(%error, "the private Postgres was cut off");
        }
    }
}

fn initialise(folder: &Folder, binaries: &Binaries) -> Result<(), ClusterError> {
    let data = folder.data();
    if let Ok(version) = std::fs::read_to_string(data.join("PG_VERSION")) {
        let found = version.trim().to_owned();
        let installed = binaries.major_version().unwrap_or_else(|| found.clone());
        if found != installed {
            return Err(ClusterError::Version { path: data, found, installed });
        }
        return Ok(());
    }
    let making = folder.data_in_making();
    if making.exists() {
        std::fs::remove_dir_all(&making).map_err(ClusterError::io("remove", &making))?;
    }
    folder.make_private(&making)?;
    let mut command = binaries.command("initdb");
    folder.account.lend(&mut command);
    // Compared by bytes, which is the order of code points as well, but costs a fraction and is the same on every system.
    let words = ["-E", "UTF8", "--locale=C.UTF-8", "--lc-collate=C"];
    command.arg("-D").arg(&making).args(["-U", ROLE, "-A", "trust", "-k"]).args(words);
    let output = command.current_dir(&making).output().map_err(ClusterError::io("start initdb for", &making))?;
    if !output.status.success() {
        return Err(ClusterError::Init(String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | ")));
    }
    std::fs::rename(&making, &data).map_err(ClusterError::io("create", &data))
}

/// Backends of a killed server end by themselves once they notice; a new one refuses to start before.
fn wait_for_orphans(data: &Path) {
    let until = Instant::now() + KILL_LIMIT;
    while Instant::now() < until && postmaster::has_orphans(data) {
        std::thread::sleep(LOOK_EVERY);
    }
}

pub(crate) fn config(socket: &Path, database: &str) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config.host_path(socket).port(5432).user(ROLE).dbname(database).connect_timeout(Duration::from_secs(5));
    config
}

pub(crate) async fn ensure_database(admin: &tokio_postgres::Config, name: &str) -> Result<(), crate::error::DbError> {
    let (client, connection) = admin.connect(NoTls).await?;
    let link = tokio::spawn(connection);
    let known = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await?;
    if known.is_none() {
        client.batch_execute(&format!("CREATE DATABASE \"{}\"", name.replace('"', ""))).await?;
    }
    drop(client);
    link.abort();
    Ok(())
}
