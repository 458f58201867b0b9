//! HDR histograms by name, in microseconds.

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest time that is told apart; longer ones count as this.
const LONGEST_US: u64 = 3_600_000_000;
/// Points of the curve in a report.
const PERCENTILES: &[f64] = &[0.0, 1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99, 100.0];

/// Latencies by name. Shared by everything that runs.
#[derive(Default)]
pub struct Latencies(Mutex<BTreeMap<&'static str, Histogram<u64>>>);

/// One latency, summed up. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatencySummary {
    /// Its name.
    pub name: &'static str,
    /// Measurements.
    pub count: u64,
    /// The shortest.
    pub min_ms: f64,
    /// The mean.
    pub mean_ms: f64,
    /// The median.
    pub p50_ms: f64,
    /// 90 %.
    pub p90_ms: f64,
    /// 99 %.
    pub p99_ms: f64,
    /// 99.9 %.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// (percentile, milliseconds): the curve.
    pub curve: Vec<(f64, f64)>,
}

impl Latencies {
    /// Takes a measurement.
    pub fn record(&self, name: &'static str, took: Duration) {
        let mut all = self.0.lock();
        let us = u64::try_from(took.as_micros()).unwrap_or(LONGEST_US).clamp(1, LONGEST_US);
        if !all.contains_key(name) {
            match Histogram::new_with_bounds(1, LONGEST_US, 3) {
                Ok(histogram) => all.insert(name, histogram),
                Err(_) => return,
            };
        }
        if let Some(histogram) = all.get_mut(name) {
            histogram.saturating_record(us);
        }
    }

    /// All of them, summed up.
    pub fn summaries(&self) -> Vec<LatencySummary> {
        self.0.lock().iter().map(|(name, histogram)| summary(name, histogram)).collect()
    }
}

fn ms(us: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "bounded by an hour")]
    let us = us as f64;
    us / 1000.0
}

fn summary(name: &'static str, histogram: &Histogram<u64>) -> LatencySummary {
    let at = |percentile: f64| ms(histogram.value_at_percentile(percentile));
    LatencySummary {
        name,
        count: histogram.len(),
        min_ms: ms(histogram.min()),
        mean_ms: histogram.mean() / 1000.0,
        p50_ms: at(50.0),
        p90_ms: at(90.0),
        p99_ms: at(99.0),
        p999_ms: at(99.9),
        max_ms: ms(histogram.max()),
        curve: PERCENTILES.iter().map(|percentile| (*percentile, at(*percentile))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let latencies = Latencies::default();
        (1..=1000).for_each(|n| latencies.record("a", Duration::from_millis(n)));
        let [summary] = &latencies.summaries()[..] else { panic!("one") };
        assert_eq!(summary.count, 1000);
        assert!((summary.p50_ms - 500.0).abs() < 1.0, "{summary:?}");
        assert!((summary.p99_ms - 990.0).abs() < 1.0, "{summary:?}");
        assert!((summary.max_ms - 1000.0).abs() < 1.0, "{summary:?}");
    }
}
