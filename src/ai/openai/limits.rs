//! Our own limits on an endpoint: calls at once, and tokens a minute.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Calls at once, and a bounded queue before them.
#[derive(Debug)]
pub(super) struct Slots {
    free: Semaphore,
    waiting: AtomicUsize,
    waiting_max: usize,
}

/// Why no slot was given.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoSlot {
    /// Too many wait already.
    QueueFull,
    /// None became free in time.
    TooLate,
}

impl Slots {
    /// At least one slot.
    pub(super) fn new(slots: usize, waiting_max: usize) -> Self {
        Self { free: Semaphore::new(slots.max(1)), waiting: AtomicUsize::new(0), waiting_max }
    }

    /// Waits for a slot, first come first served; it is free again when the permit is dropped.
    pub(super) async fn take(&self, wait_max: Duration) -> Result<SemaphorePermit<'_>, NoSlot> {
        if let Ok(permit) = self.free.try_acquire() {
            return Ok(permit);
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.waiting_max {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(NoSlot::QueueFull);
        }
        // Counted down by the guard, also when the caller goes away while it waits.
        let _waiting = Waiting(&self.waiting);
        match tokio::time::timeout(wait_max, self.free.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(NoSlot::TooLate),
        }
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Level {
    /// Tokens that may be used now; below zero when calls wait for what they took.
    tokens: f64,
    at: Instant,
}

/// Tokens a minute, as a bucket that holds one minute's worth.
#[derive(Debug)]
pub(super) struct TokenBucket {
    per_minute: f64,
    level: Mutex<Level>,
}

impl TokenBucket {
    /// A full bucket; at least one token a minute.
    pub(super) fn new(per_minute: u32) -> Self {
        let per_minute = f64::from(per_minute.max(1));
        Self { per_minute, level: Mutex::new(Level { tokens: per_minute, at: Instant::now() }) }
    }

    /// Takes what a call will probably use, waiting as long as needed but not longer than `wait_max`.
    ///
    /// # Errors
    /// How long it would have had to wait; nothing is taken then.
    pub(super) async fn take(&self, tokens: u32, wait_max: Duration) -> Result<Taken<'_>, Duration> {
        // A call that is bigger than a minute's worth waits for a full bucket, not for ever.
        let taken = Taken { bucket: self, tokens: f64::from(tokens).min(self.per_minute) };
        let wait = self.change(-taken.tokens);
        if wait > wait_max {
            return Err(wait); // dropping `taken` gives it back
        }
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(taken)
    }

    /// Adds tokens after refilling for the time passed; says how long until the level is not below zero.
    fn change(&self, tokens: f64) -> Duration {
        let mut level = self.level.lock();
        let now = Instant::now();
        let refilled = now.duration_since(level.at).as_secs_f64() * self.per_minute / 60.0;
        level.tokens = (level.tokens + refilled).min(self.per_minute) + tokens;
        level.at = now;
        let missing = (-level.tokens).max(0.0);
        Duration::try_from_secs_f64(missing * 60.0 / self.per_minute).unwrap_or(Duration::MAX)
    }
}

/// Tokens taken for a call. Dropped, it gives them back; [`Taken::settle`] keeps what the call really used.
pub(super) struct Taken<'a> {
    bucket: &'a TokenBucket,
    tokens: f64,
}

impl Taken<'_> {
    /// The call used this many.
    pub(super) fn settle(mut self, used: u32) {
        self.tokens -= f64::from(used);
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.bucket.change(self.tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_queue_before_the_slots_is_bounded_and_a_waiter_that_leaves_is_not_counted() {
        let slots = Slots::new(1, 1);
        let held = slots.take(Duration::ZERO).await.unwrap();
        {
            let waiter = slots.take(Duration::from_secs(60));
            tokio::pin!(waiter);
            assert!(futures_util::poll!(&mut waiter).is_pending());
            assert_eq!(slots.take(Duration::from_secs(60)).await.err(), Some(NoSlot::QueueFull));
        }
        assert_eq!(slots.take(Duration::from_millis(5)).await.err(), Some(NoSlot::TooLate));
        drop(held);
        assert!(slots.take(Duration::ZERO).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_until_the_minute_allows_it() {
        let bucket = TokenBucket::new(600);
        bucket.take(600, Duration::ZERO).await.ok().unwrap().settle(600);
        let started = Instant::now();
        bucket.take(100, Duration::from_secs(60)).await.ok().unwrap().settle(100);
        assert_eq!(started.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_would_wait_too_long_is_told_how_long_and_takes_nothing() {
        let bucket = TokenBucket::new(60);
        bucket.take(60, Duration::ZERO).await.ok().unwrap().settle(60);
        let wait = bucket.take(30, Duration::from_secs(1)).await.err().unwrap();
        assert_eq!(wait.as_secs(), 30);
        assert_eq!(bucket.take(30, Duration::from_secs(1)).await.err().unwrap().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_estimated_too_high_is_given_back() {
        let bucket = TokenBucket::new(60);
        bucket.take(60, Duration::ZERO).await.ok().unwrap().settle(10);
        assert!(bucket.take(50, Duration::ZERO).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_bigger_than_a_minutes_worth_passes_on_a_full_bucket() {
        let bucket = TokenBucket::new(60);
        assert!(bucket.take(10_000, Duration::ZERO).await.is_ok());
    }
}
