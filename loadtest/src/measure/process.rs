//! What processes use: CPU seconds and resident memory, as the system counts them (`/proc`).

use super::series::rss_mib;
use crate::cluster::process::children;
use serde::Serialize;
use std::collections::BTreeSet;

/// Ticks a second of `/proc/PID/stat`: 100 on every Linux that programs see.
const TICKS: f64 = 100.0;
/// Processes of one part at most: Postgres has one a connection.
const PROCESSES: usize = 4_096;

/// A part of what is measured: a server, its database, a broker.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The process that started the others of this part.
    pub pid: u32,
    /// Processes that are parts of their own, and what they started.
    pub without: Vec<u32>,
}

/// What a part used between two looks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Use {
    /// Its name.
    pub name: String,
    /// CPU seconds, user and system, of all its processes.
    pub cpu_seconds: f64,
    /// Resident memory of all its processes at the first look, MiB.
    pub mib_before: f64,
    /// And at the second.
    pub mib_after: f64,
}

/// A first look at some parts.
#[derive(Debug)]
pub struct Meter(Vec<(Part, f64, f64)>);

impl Part {
    /// A process and all that it started.
    pub fn new(name: impl Into<String>, pid: u32) -> Self {
        Self { name: name.into(), pid, without: Vec::new() }
    }

    fn processes(&self) -> Vec<u32> {
        let mut found = BTreeSet::new();
        let mut open = vec![self.pid];
        while let Some(pid) = open.pop() {
            if pid == 0 || self.without.contains(&pid) || found.len() >= PROCESSES || !found.insert(pid) {
                continue;
            }
            open.extend(children(pid));
        }
        found.into_iter().collect()
    }

    fn look(&self) -> (f64, f64) {
        let processes = self.processes();
        let cpu = processes.iter().filter_map(|pid| cpu_seconds(*pid)).sum();
        let mib = processes.iter().filter_map(|pid| rss_mib(*pid)).sum();
        (cpu, mib)
    }
}

impl Meter {
    /// Looks now.
    pub fn start(parts: Vec<Part>) -> Self {
        let looked = parts.into_iter().map(|part| {
            let (cpu, mib) = part.look();
            (part, cpu, mib)
        });
        Self(looked.collect())
    }

    /// Looks again.
    pub fn read(&self) -> Vec<Use> {
        let used = |(part, cpu, mib): &(Part, f64, f64)| {
            let (now, mib_after) = part.look();
            Use { name: part.name.clone(), cpu_seconds: (now - cpu).max(0.0), mib_before: *mib, mib_after }
        };
        self.0.iter().map(used).collect()
    }
}

/// CPU seconds of a process and of its children that have ended. `None` when it is gone.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `pid (name) state …`: the name may hold blanks and brackets. After it: utime, stime, cutime, cstime are 12 to 15.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11..15)?.iter().filter_map(|field| field.parse::<f64>().ok()).sum();
    Some(ticks / TICKS)
}

/// The process that started another.
pub fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_counted() {
        let meter = Meter::start(vec![Part::new("me", std::process::id())]);
        let until = std::time::Instant::now() + std::time::Duration::from_millis(300);
        let mut sum = 0_u64;
        while std::time::Instant::now() < until {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(7));
        }
        let [used] = &meter.read()[..] else { panic!("one part") };
        assert!(used.cpu_seconds > 0.02 && used.mib_after > 1.0, "{used:?}");
    }
}
