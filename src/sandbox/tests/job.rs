//! What the program for tests is asked.

use estafette_sandbox::{Limits, Work};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Does all that a work may not do.
#[derive(Debug)]
pub(crate) struct Odd;

impl Work for Odd {
    type Job = OddJob;
    type Made = String;
    const NAME: &'static str = "odd-jobs";
    const VERSION: u32 = 7;
    const LIMITS: Limits = Limits {
        time: Duration::from_secs(2),
        wait: Duration::from_secs(1),
        memory: 256 * 1024 * 1024,
        job_bytes: 100_000,
        made_bytes: 200_000,
    };
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OddJob {
    /// Says it.
    Say(String),
    /// Says so many letters.
    Chatter(usize),
    /// The process that answers.
    Pid,
    /// Panics.
    Panic,
    /// Takes so many MiB and writes to them.
    Eat(usize),
    /// Never comes back.
    Hang,
    /// Ends the process.
    Exit(i32),
    /// What it sees: its environment, whether it may open a file, a socket.
    Look,
}
