//! Memory and file handles of the nodes over time.

use crate::cluster::Node;
use crate::cluster::process::handles;
use crate::measure::series::rss_mib;
use crate::report::Series;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How often they are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks of one node that are kept: a day of them.
const LOOKS: usize = 86_400;

/// One look at one node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Since the begin of the run, seconds.
    pub at: f64,
    /// Resident memory, MiB.
    pub memory: f64,
    /// Open file handles.
    pub handles: f64,
    /// Its process, which a restart changes.
    pub pid: u32,
}

/// Looks at the nodes until it is dropped.
pub struct Vitals {
    looks: Arc<Mutex<Vec<Vec<Look>>>>,
    task: JoinHandle<()>,
}

/// One node now.
pub fn look(node: &Node, begin: Instant) -> Option<Look> {
    let pid = node.process().pid()?;
    let (memory, handles) = (rss_mib(pid)?, handles(pid)?);
    #[allow(clippy::cast_precision_loss, reason = "a count of handles")]
    let handles = handles as f64;
    Some(Look { at: begin.elapsed().as_secs_f64(), memory, handles, pid })
}

impl Vitals {
    /// Begins to look.
    pub fn start(begin: Instant, nodes: Vec<Arc<Node>>) -> Self {
        let looks = Arc::new(Mutex::new(vec![Vec::new(); nodes.len()]));
        let shared = Arc::clone(&looks);
        let task = tokio::spawn(async move {
            loop {
                for (index, node) in nodes.iter().enumerate() {
                    if let (Some(look), Some(series)) = (look(node, begin), shared.lock().get_mut(index))
                        && series.len() < LOOKS
                    {
                        series.push(look);
                    }
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        Self { looks, task }
    }

    /// Every look, node by node.
    pub fn looks(&self) -> Vec<Vec<Look>> {
        self.looks.lock().clone()
    }

    /// As curves.
    pub fn series(&self) -> Vec<Series> {
        let mut all = Vec::new();
        for (index, looks) in self.looks().into_iter().enumerate() {
            let memory = looks.iter().map(|look| (look.at, look.memory)).collect();
            all.push(Series { name: format!("node {index}: memory (RSS)"), unit: "MiB", points: memory });
            let handles = looks.iter().map(|look| (look.at, look.handles)).collect();
            all.push(Series { name: format!("node {index}: file handles"), unit: "open", points: handles });
        }
        all
    }
}

impl Drop for Vitals {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Growth a minute by least squares; nothing for fewer than two looks.
pub fn slope_a_minute(points: &[(f64, f64)]) -> Option<f64> {
    if points.len() < 2 {
        return None;
    }
    let count = f64::from(u32::try_from(points.len()).unwrap_or(u32::MAX));
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let over: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let under: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    (under > 0.0).then(|| over / under * 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope() {
        let points: Vec<(f64, f64)> = (0..10).map(|n| (f64::from(n), 3.0 + f64::from(n) * 2.0)).collect();
        assert!(slope_a_minute(&points).is_some_and(|slope| (slope - 120.0).abs() < 1e-9));
        assert_eq!(slope_a_minute(&points[..1]), None);
    }
}
