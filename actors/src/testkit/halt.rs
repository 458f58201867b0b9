//! A server of many processes (Postgres), stopped or killed as a whole.

use rustix::process::{Pid, Signal, kill_process};
use std::time::{Duration, Instant};

/// How long the first process may take to stand still: a busy machine lets it run on for a while.
const STANDSTILL: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A process that starts others, and all that it started: none of them does anything (SIGSTOP). They go on when this is
/// dropped.
///
/// The first is stopped before the others are counted, and has to be seen standing still: a signal that was sent is not
/// yet obeyed, and a process that was started meanwhile would go on serving its connection.
#[derive(Debug)]
pub struct Halted(Vec<Pid>);

#[allow(clippy::expect_used)]
impl Halted {
    /// Stops the process `first` and those that it started.
    ///
    /// # Panics
    /// When there is no such process, or it does not stand still.
    pub fn halt(first: i32) -> Self {
        let first = Pid::from_raw(first).expect("the number of a process");
        kill_process(first, Signal::STOP).expect("a running process");
        let began = Instant::now();
        while !Standing::of(first).is_some_and(|standing| standing.is_stopped) {
            assert!(began.elapsed() < STANDSTILL, "process {first:?} does not stand still");
            std::thread::sleep(LOOK_EVERY);
        }
        let processes = std::fs::read_dir("/proc").expect("the list of processes").flatten();
        let numbers = processes.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
        let others = numbers.filter(|pid| Standing::of(*pid).is_some_and(|standing| standing.parent == first));
        let halted = Self(std::iter::once(first).chain(others).collect());
        halted.signal(Signal::STOP);
        halted
    }

    /// Kills them all (SIGKILL); Postgres' processes leave nothing behind that its next start would mind.
    pub fn kill(mut self) {
        self.signal(Signal::KILL);
        // Their numbers may soon be others'.
        self.0.clear();
    }

    fn signal(&self, signal: Signal) {
        for pid in &self.0 {
            // One that has ended is as still as one can be.
            let _ended = kill_process(*pid, signal);
        }
    }
}

impl Drop for Halted {
    fn drop(&mut self) {
        self.signal(Signal::CONT);
    }
}

/// What the system says of a process.
struct Standing {
    is_stopped: bool,
    parent: Pid,
}

impl Standing {
    fn of(pid: Pid) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
        // `pid (name) state parent …`; the name may hold blanks and brackets.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let is_stopped = fields.next()? == "T";
        Some(Self { is_stopped, parent: Pid::from_raw(fields.next()?.parse().ok()?)? })
    }
}
