//! The server as a process.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a start may take: in a debug build, beside other tests.
const START: Duration = Duration::from_secs(60);
/// How long a stop in good order may take before it is a kill.
const STOP: Duration = Duration::from_secs(15);
/// The settings of all tests: quick hashes, and a heartbeat that tests can wait for.
const SETTINGS: &[(&str, &str)] = &[
    ("ESTAFETTE_LISTEN", "127.0.0.1:0"),
    ("ESTAFETTE_BCRYPT_COST", "4"),
    ("ESTAFETTE_HEARTBEAT_MS", "1000"),
    ("ESTAFETTE_WORKERS", "2"),
    ("ESTAFETTE_AI_PROVIDER", "offline"),
    ("ESTAFETTE_LOG_FORMAT", "text"),
];

/// A running server; stopped when dropped.
pub struct Server {
    child: Child,
    address: String,
    log: std::path::PathBuf,
    _folder: Option<TempDir>,
}

impl Server {
    /// Starts one on a database that is there, with a data folder of its own.
    pub fn on(database_url: &str, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::start(folder.path(), &[settings, &[("DATABASE_URL", database_url)]].concat());
        server._folder = Some(folder);
        server
    }

    /// The same with arguments of `serve`.
    pub fn with(database_url: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = [settings, &[("DATABASE_URL", database_url)]].concat();
        let mut server = Self::start_with(folder.path(), arguments, &settings);
        server._folder = Some(folder);
        server
    }

    /// Starts one on a data folder; without `DATABASE_URL` in `settings` the database is in there too.
    pub fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start_with(folder, &[], settings)
    }

    fn start_with(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let log = folder.join("server.log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_estafette"));
        for (name, _) in std::env::vars() {
            if name.starts_with("ESTAFETTE_") && name != "ESTAFETTE_PG_BIN"
                || name == "DATABASE_URL"
                || name == "REDIS_URL"
            {
                command.env_remove(name);
            }
        }
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut child = command
            .arg("serve")
            .args(arguments)
            .envs(SETTINGS.iter().copied())
            .envs(settings.iter().copied())
            .env("ESTAFETTE_DATA_DIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .unwrap();
        let (heard, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).for_each(|line| drop(heard.send(line))));
        let mut server = Self { child, address: String::new(), log, _folder: None };
        let began = Instant::now();
        while server.address.is_empty() {
            match lines.recv_timeout(START.saturating_sub(began.elapsed())) {
                Ok(line) => {
                    if let Some(url) = line.strip_prefix("Console: http://") {
                        url.clone_into(&mut server.address);
                    }
                }
                Err(_) => panic!("the server did not start:\n{}", server.last_words()),
            }
        }
        server
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// `http://host:port/path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL to the server's process, and to nothing else.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal (`-TERM`).
    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits for the end of the process; its exit code.
    pub async fn ended(&mut self, within: Duration) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < within, "it did not end within {within:?}:\n{}", self.last_words());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Memory of the process that is in use, KiB.
    pub fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Sockets that the process holds.
    pub fn sockets(&self) -> usize {
        let held = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        let is_socket = |entry: std::io::Result<std::fs::DirEntry>| {
            let target = std::fs::read_link(entry.ok()?.path()).ok()?;
            target.to_string_lossy().starts_with("socket:").then_some(())
        };
        held.filter_map(is_socket).count()
    }

    /// Whether the process lives.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its whole log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Stops it in good order, and waits for that.
    pub fn stop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let began = Instant::now();
        while self.is_running() && began.elapsed() < STOP {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.is_running() {
            return;
        }
        if std::thread::panicking() {
            eprintln!("the server's last words:\n{}", self.last_words());
        }
        // In good order, so that a private Postgres goes as well.
        self.stop();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
