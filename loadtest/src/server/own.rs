//! A server of our own: a process with a temporary folder, a private Postgres in it, and the offline model.

use super::ServerError;
use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long a stop in good order may take.
const STOP_WITHIN: Duration = Duration::from_secs(40);
/// Bytes of the log that are shown when something goes wrong.
const LOG_TAIL: usize = 4_000;

/// A flag of `estafette serve` without its dashes, and its value.
pub type Setting = (String, String);

/// A server of our own.
pub struct OwnServer {
    bin: PathBuf,
    port: u16,
    settings: Vec<Setting>,
    /// The processors that it may use; without: all.
    cpus: Option<String>,
    folder: TempDir,
    child: Mutex<Option<Child>>,
}

impl OwnServer {
    pub(super) fn start(bin: PathBuf, settings: Vec<Setting>, cpus: Option<String>) -> Result<Self, ServerError> {
        if !bin.is_file() {
            return Err(ServerError::NoProgram(bin));
        }
        let system = |what| move |error| ServerError::System { what, error };
        let folder = tempfile::Builder::new().prefix("estafette-loadtest-").tempdir();
        let folder = folder.map_err(system("no temporary folder"))?;
        // Postgres runs as another account where we are root: it must be able to get to its folder.
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).map_err(system("no temporary folder"))?;
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        let port = port.map_err(system("no free port"))?.port();
        let server = Self { bin, port, settings, cpus, folder, child: Mutex::new(None) };
        server.spawn()?;
        Ok(server)
    }

    pub(super) fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.lock().as_ref().and_then(Child::id)
    }
    pub(super) fn log_file(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }
    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
    pub(super) fn database_arguments(&self) -> Vec<String> {
        vec!["--data-dir".to_owned(), self.data().display().to_string()]
    }

    pub(super) fn log_tail(&self) -> String {
        let log = std::fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(log.get(log.len().saturating_sub(LOG_TAIL)..).unwrap_or_default()).into_owned()
    }

    /// Starts the process.
    pub(super) fn spawn(&self) -> Result<(), ServerError> {
        let system = |what| move |error| ServerError::System { what, error };
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_file());
        let log = log.map_err(system("the server's log cannot be written"))?;
        let errors = log.try_clone().map_err(system("the server's log cannot be written"))?;
        let mut command = match &self.cpus {
            Some(cpus) => {
                // It becomes the server: the process's id stays.
                let mut command = Command::new("taskset");
                command.args(["-c", cpus]).arg(&self.bin);
                command
            }
            None => Command::new(&self.bin),
        };
        command.arg("serve").args(["--listen", &format!("127.0.0.1:{}", self.port)]).args(self.database_arguments());
        // The offline model and a database of its own, whatever the environment says.
        for (name, _) in std::env::vars() {
            if name.starts_with("ESTAFETTE_")
                || name.starts_with("OPENAI_")
                || name == "DATABASE_URL"
                || name == "REDIS_URL"
            {
                command.env_remove(name);
            }
        }
        // All clients of a load test may be one user.
        if self.settings.iter().all(|(flag, _)| *flag != "connections-per-user") {
            command.args(["--connections-per-user", "1000000"]);
        }
        for (flag, value) in &self.settings {
            command.arg(format!("--{flag}")).arg(value);
        }
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(log).stderr(errors).kill_on_drop(true);
        let child = command.spawn().map_err(system("the server's program does not run"))?;
        *self.child.lock() = Some(child);
        Ok(())
    }

    /// Whether the process still runs.
    pub(super) fn check_alive(&self) -> Result<(), ServerError> {
        let ended = self.child.lock().as_mut().and_then(|child| child.try_wait().ok().flatten());
        match ended {
            Some(status) => Err(ServerError::NotReady { what: format!("ended ({status})"), log: self.log_tail() }),
            None => Ok(()),
        }
    }

    /// SIGKILL.
    pub(super) async fn kill(&self) -> Result<(), ServerError> {
        let child = self.child.lock().take();
        if let Some(mut child) = child {
            child.kill().await.map_err(|error| ServerError::System { what: "the server cannot be killed", error })?;
        }
        Ok(())
    }

    /// SIGTERM, and SIGKILL for it and its Postgres when that does not help.
    pub(super) async fn stop(self) -> Result<(), ServerError> {
        let Some(mut child) = self.child.lock().take() else { return Ok(()) };
        signal(child.id(), Signal::TERM);
        if let Ok(Ok(_)) = tokio::time::timeout(STOP_WITHIN, child.wait()).await {
            return Ok(());
        }
        let _ = child.kill().await;
        self.end_postgres();
        Err(ServerError::NotReady { what: format!("did not stop within {STOP_WITHIN:?}"), log: self.log_tail() })
    }

    fn end_postgres(&self) {
        if let Some(pid) = postmaster(&self.data()) {
            signal(Some(pid), Signal::INT);
        }
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // Only after a scenario that broke off: a stop in good order has taken the child.
        if let Some(child) = self.child.lock().as_mut() {
            let _ = child.start_kill();
            self.end_postgres();
        }
    }
}

fn signal(pid: Option<u32>, signal: Signal) {
    let pid = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = kill_process(pid, signal);
    }
}

impl OwnServer {
    /// The id of its private Postgres, once that runs.
    pub(super) fn postgres(&self) -> Option<u32> {
        postmaster(&self.data())
    }
}

/// The id of the private Postgres, from the file that it keeps in its folder.
fn postmaster(folder: &Path) -> Option<u32> {
    for entry in std::fs::read_dir(folder.join("database")).ok()?.flatten() {
        let inside = entry.path().join("postmaster.pid");
        let here = entry.file_name() == "postmaster.pid";
        let file = if here { entry.path() } else { inside };
        if let Ok(text) = std::fs::read_to_string(file) {
            return text.lines().next()?.trim().parse().ok();
        }
    }
    None
}
