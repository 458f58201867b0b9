//! The open-loop schedule. Latency is counted from the time at which something was *meant* to be sent: a server that
//! stalls delays the sender as well, and a sender that waits would hide it.

use std::time::{Duration, Instant};

/// When each thing is meant to happen.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    begin: Instant,
    per_second: f64,
}

impl Schedule {
    /// From now on, at a rate above 0.
    pub fn new(begin: Instant, per_second: f64) -> Self {
        Self { begin, per_second: per_second.max(0.001) }
    }

    /// The intended time of thing `index`, from 0.
    pub fn at(&self, index: u64) -> Instant {
        #[allow(clippy::cast_precision_loss, reason = "indexes stay far below 2^52")]
        let offset = index as f64 / self.per_second;
        self.begin + Duration::from_secs_f64(offset)
    }

    /// Waits until thing `index` is due, and says when it was meant.
    pub async fn due(&self, index: u64) -> Instant {
        let at = self.at(index);
        tokio::time::sleep_until(at.into()).await;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_do_not_depend_on_how_long_things_took() {
        let begin = Instant::now();
        let schedule = Schedule::new(begin, 50.0);
        assert_eq!(schedule.at(0), begin);
        assert_eq!(schedule.at(100), begin + Duration::from_secs(2));
    }
}
