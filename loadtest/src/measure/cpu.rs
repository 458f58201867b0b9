//! Processor time of everything that takes part: the server, its private Postgres, and this program.

use std::collections::HashMap;
use std::ops::Sub;

/// Clock ticks of `/proc/*/stat` a second (`USER_HZ`, which is the same on every Linux that matters).
const TICKS: f64 = 100.0;

/// Processor time used, seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CpuSeconds {
    /// The server's process.
    pub server: f64,
    /// Postgres, where the server started it: all its processes, also those that have ended.
    pub postgres: f64,
    /// This program.
    pub client: f64,
}

impl CpuSeconds {
    /// Up to now. `server`: the server's process, 0 where unknown.
    pub fn now(server: u32) -> Self {
        let all = processes();
        let own = |pid: u32| all.get(&pid).map_or(0.0, |process| process.own);
        let postgres = all
            .values()
            .filter(|process| server != 0 && process.name == "postgres" && below(&all, process.parent, server))
            .map(|process| process.own + process.reaped)
            .sum();
        Self { server: own(server), postgres, client: own(std::process::id()) }
    }

    /// All together.
    pub fn total(&self) -> f64 {
        self.server + self.postgres + self.client
    }
}

impl Sub for CpuSeconds {
    type Output = Self;
    fn sub(self, before: Self) -> Self {
        Self {
            server: self.server - before.server,
            postgres: self.postgres - before.postgres,
            client: self.client - before.client,
        }
    }
}

struct Process {
    name: String,
    parent: u32,
    own: f64,
    /// Of its children that have ended.
    reaped: f64,
}

fn below(all: &HashMap<u32, Process>, mut pid: u32, ancestor: u32) -> bool {
    // No chain of parents is longer than there are processes.
    for _ in 0..all.len() {
        if pid == ancestor {
            return true;
        }
        match all.get(&pid) {
            Some(process) => pid = process.parent,
            None => return false,
        }
    }
    false
}

fn processes() -> HashMap<u32, Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((pid, parse(&std::fs::read_to_string(entry.path().join("stat")).ok()?)?))
        })
        .collect()
}

/// The name is in brackets and may hold anything; the fields are counted from behind it.
fn parse(stat: &str) -> Option<Process> {
    let (_, rest) = stat.split_once('(')?;
    let (name, fields) = rest.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0) / TICKS;
    Some(Process {
        name: name.to_owned(),
        parent: fields.get(1)?.parse().ok()?,
        own: ticks(11) + ticks(12),
        reaped: ticks(13) + ticks(14),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_is_read_from_behind_the_name() {
        let line = "7 (a ) b) S 3 7 7 0 -1 4194560 100 0 0 0 250 50 30 20 20 0 5 0 100 1000 50";
        let process = parse(line).unwrap();
        assert_eq!((process.name.as_str(), process.parent), ("a ) b", 3));
        assert!((process.own - 3.0).abs() < 1e-9 && (process.reaped - 0.5).abs() < 1e-9);
    }

    #[test]
    fn what_this_program_uses_is_counted() {
        let before = CpuSeconds::now(0);
        let until = std::time::Instant::now() + std::time::Duration::from_millis(200);
        while std::time::Instant::now() < until {
            std::hint::spin_loop();
        }
        let used = CpuSeconds::now(0) - before;
        assert!(used.client > 0.0 && used.server == 0.0, "{used:?}");
    }
}
