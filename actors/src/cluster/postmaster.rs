//! The running server as its pid file and the process table tell it.

use rustix::process::{Pid, Signal};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// What `postmaster.pid` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Postmaster {
    pub(crate) pid: i32,
    pub(super) socket: PathBuf,
    pub(super) ready: bool,
}

impl Postmaster {
    /// Reads the pid file. `None` when there is none or it is still being written.
    pub(crate) fn read(data: &Path) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Self {
            pid: lines.first()?.parse().ok().filter(|pid| *pid > 1)?,
            socket: PathBuf::from(lines.get(4).copied().unwrap_or_default()),
            ready: lines.get(7).copied() == Some("ready"),
        })
    }

    /// Whether the process lives and is the server of `data`: after a crash its number may belong to another program.
    pub(crate) fn is_server_of(&self, data: &Path) -> bool {
        is_alive(self.pid) && runs_on(self.pid, data)
    }
}

/// Whether a process with this number exists (one that has ended but was not waited for does not count).
pub(crate) fn is_alive(pid: i32) -> bool {
    let Some(id) = Pid::from_raw(pid) else { return false };
    let exists = !matches!(rustix::process::test_kill_process(id), Err(rustix::io::Errno::SRCH));
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| stat.rsplit(')').next()?.trim_start().chars().next());
    exists && state != Some('Z')
}

/// Sends a signal; a process that is gone is no error.
pub(crate) fn signal(pid: i32, signal: Signal) {
    if let Some(id) = Pid::from_raw(pid)
        && let Err(error) = rustix::process::kill_process(id, signal)
        && error != rustix::io::Errno::SRCH
    {
        tracing::warn!(pid, %error, "cannot signal Postgres");
    }
}

/// Whether the process was started as the server of `data`. Without a process table the pid file is believed.
fn runs_on(pid: i32, data: &Path) -> bool {
    let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) else { return !Path::new("/proc/self").exists() };
    let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    words.windows(2).any(|pair| matches!(pair, [b"-D", folder] if *folder == data.as_os_str().as_bytes()))
}

/// Whether any process works in `data`: backends of a server that was killed need a moment to notice it.
pub(super) fn has_orphans(data: &Path) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| std::fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_is_read_at_each_stage_of_the_start() {
        let begun = Postmaster::parse("4711\n/d/postgres\n1763702000\n5432\n/d/run\n\n").unwrap();
        assert_eq!((begun.pid, begun.ready), (4711, false));
        let ready = Postmaster::parse("4711\n/d/postgres\n1763702000\n5432\n/d/run\n\n  5432  1\nready   \n").unwrap();
        assert!(ready.ready);
        assert_eq!(Postmaster::parse(""), None);
        assert_eq!(Postmaster::parse("-5\n"), None);
    }

    #[test]
    fn another_program_with_the_same_number_is_not_the_server() {
        let ourselves = i32::try_from(std::process::id()).unwrap();
        let postmaster = Postmaster { pid: ourselves, socket: PathBuf::new(), ready: true };
        assert!(is_alive(ourselves));
        assert!(!postmaster.is_server_of(Path::new("/d/postgres")));
    }
}
