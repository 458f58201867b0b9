//! What is measured while a scenario runs.
//!
//! | module | holds |
//! |---|---|
//! | [`latency`] | HDR histograms by name |
//! | [`series`] | counts a second, and memory over time |
//! | [`process`] | CPU seconds and memory of processes |
//! | [`arrival`] | the open-loop schedule: when each thing is meant to happen |

pub mod arrival;
pub mod latency;
pub mod process;
pub mod series;

pub use arrival::Schedule;
pub use latency::{Latencies, LatencySummary};
pub use series::{MemorySampler, Throughput};
