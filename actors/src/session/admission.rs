//! Who may come in: connections in all, new ones a second, connections of one person. What is refused is told when to come
//! back, one after the other, so that a storm becomes a queue.

use parking_lot::Mutex;
use rand::RngExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// When a node that is full may have room again.
const FULL_RETRY_S: std::ops::Range<u64> = 5..15;
/// When a node that goes away is gone.
const DRAIN_RETRY_S: std::ops::Range<u64> = 1..4;
/// The longest that a new connection is told to wait.
const TURN_MAX: Duration = Duration::from_secs(30);
/// When a person who has too many connections may try again.
pub(super) const USER_RETRY_MS: std::ops::Range<u32> = 20_000..40_000;

/// The bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// Connections of this node.
    pub connections: usize,
    /// Connections of one person on this node.
    pub connections_per_user: usize,
    /// New connections a second, averaged over one second.
    pub accepts_per_second: u32,
}

impl Default for AdmissionLimits {
    fn default() -> Self {
        Self { connections: 50_000, connections_per_user: 100, accepts_per_second: 1_000 }
    }
}

/// Why somebody stays out, and when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turned {
    /// Why, for people.
    pub reason: &'static str,
    /// When to come back, seconds.
    pub retry_after: u64,
}

/// The door of a node.
#[derive(Debug)]
pub struct Admission {
    limits: AdmissionLimits,
    open: Arc<AtomicUsize>,
    turns: Mutex<Turns>,
}

/// A token bucket of one second, and the queue of those who were sent away: each is told another moment.
#[derive(Debug)]
struct Turns {
    left: f64,
    queued: f64,
    at: Instant,
}

/// A connection's place; given back when dropped.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Admission {
    /// With nobody inside.
    pub fn new(limits: AdmissionLimits) -> Self {
        let turns = Turns { left: f64::from(limits.accepts_per_second.max(1)), queued: 0.0, at: Instant::now() };
        Self { limits, open: Arc::default(), turns: Mutex::new(turns) }
    }

    /// The bounds.
    pub const fn limits(&self) -> &AdmissionLimits {
        &self.limits
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// A place for a new connection.
    ///
    /// # Errors
    /// [`Turned`].
    pub fn enter(&self, draining: bool) -> Result<Place, Turned> {
        let turned = |reason, retry_after| {
            metrics::counter!("estafette_sockets_refused_total", "reason" => reason).increment(1);
            Err(Turned { reason, retry_after })
        };
        let mut rng = rand::rng();
        if draining {
            return turned("this node is going away: reconnect", rng.random_range(DRAIN_RETRY_S));
        }
        let place = Place(Arc::clone(&self.open));
        if self.open.fetch_add(1, Ordering::AcqRel) >= self.limits.connections {
            drop(place);
            return turned("this node is full: try again, or another one", rng.random_range(FULL_RETRY_S));
        }
        if let Err(wait) = self.turns.lock().take(f64::from(self.limits.accepts_per_second.max(1)), Instant::now()) {
            drop(place);
            return turned("too many connections at once: it is your turn a little later", wait.as_secs().max(1));
        }
        Ok(place)
    }
}

impl Turns {
    fn take(&mut self, rate: f64, now: Instant) -> Result<(), Duration> {
        let passed = now.duration_since(self.at).as_secs_f64() * rate;
        self.left = (self.left + passed).min(rate);
        self.queued = (self.queued - passed).max(0.0);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64(1.0 + self.queued / rate);
        if wait < TURN_MAX {
            self.queued += 1.0;
        }
        Err(wait.min(TURN_MAX))
    }
}

/// What a connection may send: a token bucket of ten seconds, and as much again that is refused before it is closed.
#[derive(Debug)]
pub(super) struct Budget {
    rate: f64,
    left: f64,
    at: Instant,
}

/// What becomes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spent {
    /// It is within the bound.
    Fine,
    /// Too much: refused, and when to go on.
    Over(Duration),
    /// Far too much: closed.
    Flood,
}

/// Seconds of the rate that a bucket holds.
const BURST: f64 = 10.0;

impl Budget {
    pub(super) fn new(per_second: u32) -> Self {
        let rate = f64::from(per_second.max(1));
        Self { rate, left: rate * BURST, at: Instant::now() }
    }

    pub(super) fn spend(&mut self, messages: usize) -> Spent {
        self.spend_at(messages, Instant::now())
    }

    fn spend_at(&mut self, messages: usize, now: Instant) -> Spent {
        self.left = (self.left + now.duration_since(self.at).as_secs_f64() * self.rate).min(self.rate * BURST);
        self.at = now;
        self.left -= messages as f64;
        if self.left >= 0.0 {
            Spent::Fine
        } else if self.left >= -self.rate * BURST {
            Spent::Over(Duration::from_secs_f64((1.0 - self.left) / self.rate))
        } else {
            Spent::Flood
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(connections: usize, accepts_per_second: u32) -> Admission {
        Admission::new(AdmissionLimits { connections, connections_per_user: 1, accepts_per_second })
    }

    #[test]
    fn a_full_node_takes_the_next_one_when_somebody_has_left() {
        let door = door(2, 1_000);
        let (one, _two) = (door.enter(false).unwrap(), door.enter(false).unwrap());
        let turned = door.enter(false).unwrap_err();
        assert!(turned.reason.contains("full") && FULL_RETRY_S.contains(&turned.retry_after), "{turned:?}");
        assert_eq!(door.open(), 2, "who was turned away takes no place");
        drop(one);
        assert!(door.enter(false).is_ok());
        assert!(door.enter(true).unwrap_err().reason.contains("going away"));
    }

    #[test]
    fn a_storm_is_told_to_come_one_after_the_other() {
        let mut turns = Turns { left: 10.0, queued: 0.0, at: Instant::now() };
        let now = turns.at;
        for _ in 0..10 {
            assert!(turns.take(10.0, now).is_ok());
        }
        let waits: Vec<u64> = (0..100).map(|_| turns.take(10.0, now).unwrap_err().as_secs()).collect();
        for second in 1..=10 {
            assert_eq!(
                waits.iter().filter(|wait| **wait == second).count(),
                10,
                "the same number each second: {waits:?}"
            );
        }
        let far: Vec<u64> = (0..1_000).map(|_| turns.take(10.0, now).unwrap_err().as_secs()).collect();
        assert!(far.iter().all(|wait| *wait <= TURN_MAX.as_secs()));
        assert!(turns.take(10.0, now + Duration::from_millis(100)).is_ok());
    }

    #[test]
    fn messages_above_the_rate_are_refused_and_a_flood_is_closed() {
        let mut budget = Budget::new(2);
        let now = budget.at;
        assert_eq!(budget.spend_at(20, now), Spent::Fine, "ten seconds' worth at once");
        assert!(matches!(budget.spend_at(1, now), Spent::Over(after) if after >= Duration::from_millis(500)));
        assert_eq!(budget.spend_at(2, now + Duration::from_secs(2)), Spent::Fine);
        assert!(matches!(budget.spend_at(19, now + Duration::from_secs(2)), Spent::Over(_)));
        assert_eq!(budget.spend_at(3, now + Duration::from_secs(2)), Spent::Flood);
    }
}
