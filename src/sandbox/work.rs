//! What a kind of work is.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A kind of work. Both programs are built from the same definition of it.
pub trait Work: 'static {
    /// What is asked.
    type Job: Serialize + DeserializeOwned + Send + 'static;
    /// What comes back: usually a `Result`, whose error is about the job.
    type Made: Serialize + DeserializeOwned + Send + 'static;
    /// What the program tells first, so that another program is not taken for it.
    const NAME: &'static str;
    /// Counted up whenever job or answer change their form: programs of two installations do not fit each other then.
    const VERSION: u32;
    /// Its bounds.
    const LIMITS: Limits;
}

/// The bounds of a kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest time of a job; then its process is killed.
    pub time: Duration,
    /// Longest wait for a free process.
    pub wait: Duration,
    /// Memory that a process may have written to, bytes. An allocation above it ends the process.
    pub memory: u64,
    /// Largest job, encoded, bytes.
    pub job_bytes: usize,
    /// Largest answer, encoded, bytes.
    pub made_bytes: usize,
}
