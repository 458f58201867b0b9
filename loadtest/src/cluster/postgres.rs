//! A Postgres of our own on a TCP port, so that every node reaches it over a link. It refuses to run as root, so root
//! lends it another user.

use super::process::{Process, free_port};
use crate::server::ServerError;
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::process::Command;
use tokio_postgres::NoTls;

/// The superuser, and the database.
const ROLE: &str = "estafette";
/// Users that root lends, the best first.
const LENT_USERS: [&str; 2] = ["postgres", "nobody"];
/// Getting ready, recovery after a crash included.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// An end in good order.
const STOP_WITHIN: Duration = Duration::from_secs(20);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Connections that it takes: several nodes and our own.
const CONNECTIONS: &str = "300";

/// A Postgres of our own.
pub struct Postgres {
    bin: PathBuf,
    data: PathBuf,
    port: u16,
    lent: Option<(u32, u32)>,
    /// A commit is on disk when it is answered.
    durable: bool,
    process: Process,
}

impl Postgres {
    /// Makes a cluster in `folder` and starts it.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn start(folder: &Path, logs: &Path) -> Result<Self, ServerError> {
        Self::start_as(folder, logs, false).await
    }

    /// Makes one whose commits are on disk when they are answered (`fsync` and `synchronous_commit` on), to measure with.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn start_durable(folder: &Path, logs: &Path) -> Result<Self, ServerError> {
        Self::start_as(folder, logs, true).await
    }

    async fn start_as(folder: &Path, logs: &Path, durable: bool) -> Result<Self, ServerError> {
        let bin = binaries()?;
        let data = folder.join("postgres");
        let system = |what| move |error| ServerError::System { what, error };
        std::fs::create_dir_all(&data).map_err(system("no folder for Postgres"))?;
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700))
            .map_err(system("no folder for Postgres"))?;
        let lent = rustix::process::geteuid().is_root().then(lent_ids);
        if let Some((uid, gid)) = lent {
            std::os::unix::fs::chown(&data, Some(uid), Some(gid)).map_err(system("no folder for Postgres"))?;
        }
        let process = Process::new("postgres", logs.join("postgres.log"));
        let postgres = Self { bin, data, port: free_port()?, lent, durable, process };
        let mut init = postgres.command("initdb");
        init.arg("-D").arg(&postgres.data).args(["-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]);
        let output = init.output().await.map_err(system("initdb does not run"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(ServerError::Command { command: "initdb".to_owned(), message: said });
        }
        postgres.spawn()?;
        postgres.ready("postgres").await?;
        let client = postgres.connect_to("postgres").await?;
        client.batch_execute(&format!("CREATE DATABASE {ROLE}")).await.map_err(|error| refused(&error))?;
        Ok(postgres)
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("PG")) {
            command.env_remove(key);
        }
        if let Some((uid, gid)) = self.lent {
            command.uid(uid).gid(gid).env("HOME", "/");
        }
        command.env("LC_ALL", "C").current_dir("/");
        command
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }
    /// The address of the database when it is reached over `port`.
    pub fn url(port: u16) -> String {
        format!("postgresql://{ROLE}@127.0.0.1:{port}/{ROLE}")
    }
    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Starts the process. Crashes here are crashes of processes and never of the machine: unless it is to be measured, it
    /// need not sync.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn spawn(&self) -> Result<(), ServerError> {
        let mut command = self.command("postgres");
        command.arg("-D").arg(&self.data);
        let port = format!("port={}", self.port);
        let connections = format!("max_connections={CONNECTIONS}");
        let settings = [
            port.as_str(),
            connections.as_str(),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "log_checkpoints=off",
            "log_min_duration_statement=5000",
            "log_lock_waits=on",
            "log_line_prefix=%m [%p] ",
        ];
        // What is measured has what a private database of the server has (fsync and synchronous_commit are on by
        // default).
        let durability: &[&str] = if self.durable {
            &["wal_level=minimal", "max_wal_senders=0", "max_wal_size=1GB", "jit=off"]
        } else {
            &["fsync=off", "shared_buffers=64MB"]
        };
        for setting in settings.iter().chain(durability) {
            command.arg("-c").arg(setting);
        }
        self.process.spawn(command)
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// [`ServerError::NotReady`].
    pub async fn ready(&self, database: &str) -> Result<(), ServerError> {
        let until = Instant::now() + READY_WITHIN;
        while Instant::now() < until {
            if self.process.ended().is_some() {
                break;
            }
            if let Ok(client) = self.connect_to(database).await
                && client.simple_query("SELECT 1").await.is_ok()
            {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(ServerError::NotReady { what: "Postgres did not start".to_owned(), log: self.process.log_tail(4_000) })
    }

    /// A connection of our own, past all links.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn connect(&self) -> Result<tokio_postgres::Client, ServerError> {
        self.connect_to(ROLE).await
    }

    async fn connect_to(&self, database: &str) -> Result<tokio_postgres::Client, ServerError> {
        let url = format!(
            "host=127.0.0.1 port={} user={ROLE} dbname={database} application_name=loadtest connect_timeout=5",
            self.port
        );
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.map_err(|error| refused(&error))?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Stops it: `fast` ends every connection in good order, else it crashes and recovers at its next start.
    pub async fn stop(&self, fast: bool) {
        let signal = if fast { Signal::INT } else { Signal::QUIT };
        self.process.stop(signal, STOP_WITHIN).await;
    }

    /// Starts it again after a stop.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn restart(&self) -> Result<(), ServerError> {
        self.spawn()?;
        self.ready(ROLE).await
    }

    /// SIGSTOP, or SIGCONT, to the server and each of its connections.
    pub fn freeze(&self, frozen: bool) {
        self.process.signal_all(if frozen { Signal::STOP } else { Signal::CONT });
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // After a scenario that broke off: a stopped process does not hear the others.
        self.freeze(false);
        self.process.signal(Signal::QUIT);
    }
}

fn refused(error: &tokio_postgres::Error) -> ServerError {
    let why = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
    ServerError::NotReady { what: format!("Postgres refused: {why}"), log: String::new() }
}

fn lent_ids() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = |name: &&str| -> Option<(u32, u32)> {
        let line = users.lines().find(|line| line.split(':').next() == Some(*name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    LENT_USERS.iter().find_map(ids).unwrap_or((65_534, 65_534))
}

/// The folder of `initdb` and `postgres`: `ESTAFETTE_PG_BIN`, else `PATH`, else where distributions put them.
fn binaries() -> Result<PathBuf, ServerError> {
    let named = std::env::var_os("ESTAFETTE_PG_BIN").filter(|value| !value.is_empty()).map(PathBuf::from);
    let path: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    let candidates = named.into_iter().chain(path).chain(versions.into_iter().rev());
    let is_there = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    candidates.into_iter().find(is_there).ok_or(ServerError::NotOurs(
        "no Postgres was found: install it (Debian: apt-get install postgresql), or name its folder in ESTAFETTE_PG_BIN",
    ))
}
