//! What is measured while a scenario runs.
//!
//! | module | holds |
//! |---|---|
//! | [`latency`] | HDR histograms by name |
//! | [`series`] | counts a second, and memory over time |
//! | [`cores`] | who runs on which core |
//! | [`stats`] | medians, spreads and ratios of runs |
//! | [`process`] | CPU seconds and memory of processes |
//! | [`arrival`] | the open-loop schedule: when each thing is meant to happen |

pub mod arrival;
pub mod cores;
pub mod latency;
pub mod process;
pub mod series;
pub mod stats;

pub use arrival::Schedule;
pub use cores::Cores;
pub use latency::{Latencies, LatencySummary};
pub use series::{MemorySampler, Throughput};
pub use stats::{Spread, ratio};
