//! Counts a second, and memory over time.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Seconds that a series holds: a day.
const SECONDS: usize = 86_400;
/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Looks that are kept; then every second one is dropped and the distance doubles.
const LOOKS: usize = 4_000;

/// Things a second, by name.
pub struct Throughput {
    begin: Instant,
    counts: Mutex<BTreeMap<&'static str, Vec<u64>>>,
}

impl Default for Throughput {
    /// Second 0 begins now.
    fn default() -> Self {
        Self { begin: Instant::now(), counts: Mutex::default() }
    }
}

impl Throughput {
    /// One more thing happened now.
    pub fn count(&self, name: &'static str) {
        let second = usize::try_from(self.begin.elapsed().as_secs()).unwrap_or(SECONDS).min(SECONDS);
        let mut counts = self.counts.lock();
        let series = counts.entry(name).or_default();
        if series.len() <= second {
            series.resize(second + 1, 0);
        }
        if let Some(count) = series.get_mut(second) {
            *count += 1;
        }
    }

    /// (second, count) by name.
    pub fn series(&self) -> Vec<(&'static str, Vec<(f64, f64)>)> {
        #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
        let points = |counts: &Vec<u64>| counts.iter().enumerate().map(|(at, n)| (at as f64, *n as f64)).collect();
        self.counts.lock().iter().map(|(name, counts)| (*name, points(counts))).collect()
    }
}

/// Looks at the resident memory of a process until it is dropped. The process may change: a restarted server.
pub struct MemorySampler {
    begin: Instant,
    pid: Arc<AtomicU32>,
    looks: Arc<Mutex<Vec<(f64, f64)>>>,
    task: JoinHandle<()>,
}

impl MemorySampler {
    /// Of the process whose id is in `pid`; 0: none.
    pub fn start(pid: Arc<AtomicU32>) -> Self {
        let (begin, looks) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
        let task = tokio::spawn(sample(begin, Arc::clone(&pid), Arc::clone(&looks)));
        Self { begin, pid, looks, task }
    }

    /// Now, MiB.
    pub fn now(&self) -> Option<f64> {
        rss_mib(self.pid.load(Ordering::Relaxed))
    }

    /// Time since the first look, seconds.
    pub fn seconds(&self) -> f64 {
        self.begin.elapsed().as_secs_f64()
    }

    /// (second, MiB).
    pub fn series(&self) -> Vec<(f64, f64)> {
        self.looks.lock().clone()
    }

    /// The highest look between two times, MiB.
    pub fn peak(&self, from: f64, to: f64) -> Option<f64> {
        let looks = self.looks.lock();
        let within = looks.iter().filter(|(at, _)| (from..=to).contains(at)).map(|(_, mib)| *mib);
        within.max_by(f64::total_cmp)
    }
}

impl Drop for MemorySampler {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn sample(begin: Instant, pid: Arc<AtomicU32>, looks: Arc<Mutex<Vec<(f64, f64)>>>) {
    let mut every = LOOK_EVERY;
    loop {
        if let Some(mib) = rss_mib(pid.load(Ordering::Relaxed)) {
            let mut looks = looks.lock();
            looks.push((begin.elapsed().as_secs_f64(), mib));
            if looks.len() >= LOOKS {
                let mut index = 0;
                looks.retain(|_| {
                    index += 1;
                    index % 2 == 0
                });
                every *= 2;
            }
        }
        tokio::time::sleep(every).await;
    }
}

/// Resident memory of a process in MiB, where this system tells.
pub fn rss_mib(pid: u32) -> Option<f64> {
    if pid == 0 {
        return None;
    }
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory() {
        assert!(rss_mib(std::process::id()).is_some_and(|mib| mib > 0.5));
        assert_eq!(rss_mib(0), None);
    }

    #[test]
    fn counts_fall_into_their_second() {
        let throughput = Throughput::default();
        throughput.count("a");
        throughput.count("a");
        assert_eq!(throughput.series(), vec![("a", vec![(0.0, 2.0)])]);
    }
}
