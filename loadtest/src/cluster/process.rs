//! A process of ours: started with a log of its own, signalled with all its children, and gone when it is dropped.

use crate::server::ServerError;
use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};

/// A process of ours.
pub struct Process {
    name: String,
    log: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Process {
    /// One that does not run yet; its output goes to the end of `log`.
    pub fn new(name: impl Into<String>, log: PathBuf) -> Self {
        Self { name: name.into(), log, child: Mutex::new(None) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Its log.
    pub fn log(&self) -> &Path {
        &self.log
    }
    /// Its id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.lock().as_ref().and_then(Child::id)
    }

    /// Starts it, unless it runs: of two faults that overlap the second finds it started, and another one in its place would
    /// be its end.
    ///
    /// # Errors
    /// [`ServerError::System`].
    pub fn spawn(&self, mut command: Command) -> Result<(), ServerError> {
        let mut place = self.child.lock();
        if runs(&mut place) {
            return Ok(());
        }
        let no_log = |error| ServerError::System { what: "a log cannot be written", error };
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log).map_err(no_log)?;
        let errors = log.try_clone().map_err(no_log)?;
        command.stdin(Stdio::null()).stdout(log).stderr(errors).kill_on_drop(true);
        let child = command.spawn().map_err(|error| ServerError::System { what: "a program does not run", error })?;
        *place = Some(child);
        Ok(())
    }

    /// How it ended, when it has; from then on it counts as not running.
    pub fn ended(&self) -> Option<ExitStatus> {
        let mut child = self.child.lock();
        let status = child.as_mut().and_then(|child| child.try_wait().ok().flatten());
        if status.is_some() {
            *child = None;
        }
        status
    }

    /// Whether it runs.
    pub fn runs(&self) -> bool {
        runs(&mut self.child.lock())
    }

    /// Sends a signal to it alone.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            send(pid, signal);
        }
    }

    /// Sends a signal to it and to the processes that it started.
    pub fn signal_all(&self, signal: Signal) {
        let Some(pid) = self.pid() else { return };
        send(pid, signal);
        children(pid).into_iter().for_each(|child| send(child, signal));
    }

    /// SIGKILL, and waits for its end.
    pub async fn kill(&self) {
        let child = self.child.lock().take();
        if let Some(mut child) = child {
            let _ = child.kill().await;
        }
    }

    /// A signal that asks it to end, and SIGKILL when it does not within the bound. Its status; `None`: it was killed,
    /// or did not run.
    pub async fn stop(&self, signal: Signal, within: Duration) -> Option<ExitStatus> {
        let child = self.child.lock().take();
        let mut child = child?;
        if let Some(pid) = child.id() {
            send(pid, signal);
        }
        if let Ok(status) = tokio::time::timeout(within, child.wait()).await {
            return status.ok();
        }
        let _ = child.kill().await;
        None
    }

    /// The end of its log, bytes.
    pub fn log_tail(&self, bytes: usize) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(log.get(log.len().saturating_sub(bytes)..).unwrap_or_default()).into_owned()
    }
}

fn runs(child: &mut Option<Child>) -> bool {
    child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
}

/// Sends a signal to a process.
pub fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// The processes that a process started (Postgres gives each connection one).
pub fn children(parent: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let parent_of = |pid: u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // `pid (name) state parent …`; the name may hold blanks and brackets.
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

/// Open file handles of a process, where this system tells.
pub fn handles(pid: u32) -> Option<u64> {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
    u64::try_from(open).ok()
}

/// A port that was free a moment ago.
///
/// # Errors
/// [`ServerError::System`].
pub fn free_port() -> Result<u16, ServerError> {
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    Ok(port.map_err(|error| ServerError::System { what: "no free port", error })?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_is_signalled_with_its_children_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::new("shell", folder.path().join("shell.log"));
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & wait"]);
        process.spawn(command).unwrap();
        let pid = process.pid().unwrap();
        crate::testing::eventually(|| children(pid).len() == 1).await;
        assert!(process.runs() && handles(pid).is_some_and(|open| open >= 3));
        process.signal_all(Signal::KILL);
        crate::testing::eventually(|| process.ended().is_some()).await;
        assert!(!process.runs());
    }

    #[tokio::test]
    async fn one_that_runs_is_not_started_again_and_one_that_has_ended_is() {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::new("sleep", folder.path().join("sleep.log"));
        let start = || {
            let mut command = Command::new("sleep");
            command.arg("60");
            process.spawn(command).unwrap();
            process.pid().unwrap()
        };
        let first = start();
        assert_eq!(start(), first);
        process.kill().await;
        assert_ne!(start(), first);
    }
}
