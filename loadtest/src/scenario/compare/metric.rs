//! What is compared: each figure with its unit, and which way is better.

use serde::Serialize;

/// A figure that every side has, or leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Fan-out at 100,000 deliveries a second: CPU seconds of a million.
    FanCpu,
    /// The same: how late the latest hundredth was.
    FanP99,
    /// Fan-out: most that were delivered in a second.
    FanMost,
    /// Fan-out: the highest rate with p99 ≤ 100 ms and nothing lost.
    FanBest,
    /// Own events: CPU seconds of a million.
    OwnCpu,
    /// Own events: how late the latest hundredth was.
    OwnP99,
    /// An idle connection's memory.
    IdleKib,
    /// Connections made a second.
    Handshakes,
    /// What a stalled reader adds.
    StallMib,
    /// The other readers before it stalled.
    StallBefore,
    /// The other readers meanwhile.
    StallOthers,
    /// Tasks, 50 in flight.
    Tasks50,
    /// Enqueued to completed in the browser, 50 in flight.
    TaskP99,
    /// CPU seconds of 1,000 tasks, 50 in flight.
    TaskCpu50,
    /// Tasks, 500 in flight.
    Tasks500,
    /// CPU seconds of 1,000 tasks, 500 in flight.
    TaskCpu500,
    /// After a SIGKILL: when the last task went on.
    KillGoesOn,
    /// Tasks that had not ended when the wait was over.
    KillUnfinished,
    /// Steps that began twice.
    KillSteps,
    /// Rows of steps that are there twice.
    KillRows,
    /// Events that browsers got twice.
    KillTwice,
    /// Events that browsers never got.
    KillMissing,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More.
    Higher,
    /// Less.
    Lower,
}

impl Metric {
    /// All, in the order of the tables.
    pub const ALL: [Self; 22] = [
        Self::FanCpu,
        Self::FanP99,
        Self::FanMost,
        Self::FanBest,
        Self::OwnCpu,
        Self::OwnP99,
        Self::IdleKib,
        Self::Handshakes,
        Self::StallMib,
        Self::StallBefore,
        Self::StallOthers,
        Self::Tasks50,
        Self::TaskP99,
        Self::TaskCpu50,
        Self::Tasks500,
        Self::TaskCpu500,
        Self::KillGoesOn,
        Self::KillUnfinished,
        Self::KillSteps,
        Self::KillRows,
        Self::KillTwice,
        Self::KillMissing,
    ];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::FanCpu => "fan-out, 100,000/s: CPU s a million",
            Self::FanP99 => "fan-out, 100,000/s: p99",
            Self::FanMost => "fan-out: most delivered a second",
            Self::FanBest => "fan-out: highest rate with p99 ≤ 100 ms",
            Self::OwnCpu => "own events: CPU s a million",
            Self::OwnP99 => "own events: p99",
            Self::IdleKib => "an idle connection",
            Self::Handshakes => "handshakes a second",
            Self::StallMib => "a stalled reader adds",
            Self::StallBefore => "other readers' p99 before it stalls",
            Self::StallOthers => "other readers' p99 meanwhile",
            Self::Tasks50 => "tasks a second, 50 in flight",
            Self::TaskP99 => "enqueue → completed, p99, 50 in flight",
            Self::TaskCpu50 => "CPU s a 1,000 tasks, 50 in flight",
            Self::Tasks500 => "tasks a second, 500 in flight",
            Self::TaskCpu500 => "CPU s a 1,000 tasks, 500 in flight",
            Self::KillGoesOn => "SIGKILL: its last task goes on after",
            Self::KillUnfinished => "SIGKILL: tasks not finished",
            Self::KillSteps => "SIGKILL: steps begun twice",
            Self::KillRows => "SIGKILL: rows twice",
            Self::KillTwice => "SIGKILL: events twice",
            Self::KillMissing => "SIGKILL: events missing",
        }
    }

    /// Its unit; empty for counts.
    pub fn unit(self) -> &'static str {
        match self {
            Self::FanCpu | Self::OwnCpu | Self::TaskCpu50 | Self::TaskCpu500 | Self::KillGoesOn => "s",
            Self::FanP99 | Self::OwnP99 | Self::StallBefore | Self::StallOthers | Self::TaskP99 => "ms",
            Self::IdleKib => "KiB",
            Self::StallMib => "MiB",
            Self::FanMost | Self::FanBest | Self::Handshakes | Self::Tasks50 | Self::Tasks500 => "/s",
            Self::KillUnfinished | Self::KillSteps | Self::KillRows | Self::KillTwice | Self::KillMissing => "",
        }
    }

    /// Which way is better.
    pub fn better(self) -> Better {
        match self {
            Self::FanMost | Self::FanBest | Self::Handshakes | Self::Tasks50 | Self::Tasks500 => Better::Higher,
            _ => Better::Lower,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_name_of_its_own_and_is_listed_once() {
        let mut names: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Metric::ALL.len());
        assert!(Metric::ALL.is_sorted());
    }
}
