//! What is measured while a scenario runs.
//!
//! | module | holds |
//! |---|---|
//! | [`latency`] | HDR histograms by name |
//! | [`series`] | counts a second, and memory over time |
//! | [`cpu`] | processor time of the server, its Postgres and this program |
//! | [`arrival`] | the open-loop schedule: when each thing is meant to happen |

pub mod arrival;
pub mod cpu;
pub mod latency;
pub mod series;

pub use arrival::Schedule;
pub use cpu::CpuSeconds;
pub use latency::{Latencies, LatencySummary};
pub use series::{MemorySampler, Throughput};
