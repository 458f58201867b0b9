//! One attempt of a step: run within its time, and run again without counting when what it needs was away (the database,
//! a model endpoint). While it waits it holds no permit, so that it keeps nobody from working, and says why it waits.

use super::context::StepCtx;
use super::kind::{StepOutput, TaskKind};
use super::limiter::{Blocked, Limiter, Permit};
use crate::error::{StepError, StepRetry};
use crate::gate::Gate;
use crate::limits::{PATIENCE_BACKOFF, STORAGE_RERUNS};
use chrono::{DateTime, TimeDelta, Utc};
use estafette_protocol::task::WaitReason;
use futures_util::FutureExt as _;
use rand::RngExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An attempt that may begin.
pub(super) struct Attempt {
    /// What runs.
    pub(super) kind: Arc<dyn TaskKind>,
    /// What it sees.
    pub(super) ctx: StepCtx,
    /// The right to run.
    pub(super) permit: Permit,
    /// Where that comes from.
    pub(super) limiter: Arc<Limiter>,
    /// Whose share it is.
    pub(super) owner: Arc<str>,
    /// How long it may wait for what is away, in all; zero when it has waited enough before.
    pub(super) patience: Duration,
    /// Whether there is a database.
    pub(super) gate: Arc<Gate>,
}

/// How an attempt ended.
pub(super) struct Ended {
    /// What it brought.
    pub(super) outcome: Result<StepOutput, StepError>,
    /// How long the run took that counted.
    pub(super) took: Duration,
    /// Its patience is used up.
    pub(super) impatient: bool,
}

impl Attempt {
    /// Runs to the end of the attempt.
    pub(super) async fn run(self) -> Ended {
        let Self { kind, ctx, permit, limiter, owner, patience, gate } = self;
        let waits = ctx.waits();
        let (mut permit, mut since, mut rounds, mut reruns) = (Some(permit), None::<DateTime<Utc>>, 0_u32, 0);
        loop {
            let began = Instant::now();
            let outcome = once(&*kind, &ctx).await;
            waits.works();
            let took = began.elapsed();
            let (reason, after) = match outcome.as_ref().err().map(|error| error.retry) {
                Some(StepRetry::Wait(reason, after)) => (reason, after),
                _ => return Ended { outcome, took, impatient: false },
            };
            drop(permit.take());
            let waiting_since = *since.get_or_insert_with(Utc::now);
            if reason == WaitReason::Storage {
                reruns += 1;
                if reruns > STORAGE_RERUNS {
                    return Ended { outcome, took, impatient: false };
                }
                waits.parked(reason, waiting_since, None);
                gate.settled().await;
                // Not all in the same moment.
                tokio::time::sleep(backoff(0)).await;
            } else {
                // Who named a time named it to all: they do not come back in the same moment.
                let named = after.unwrap_or_default().mul_f64(rand::rng().random_range(1.0..1.25));
                let pause = named.max(backoff(rounds));
                rounds = rounds.saturating_add(1);
                let pause_span = TimeDelta::from_std(pause).unwrap_or_default();
                let until = Utc::now() + pause_span;
                if (until - waiting_since).to_std().unwrap_or_default() > patience {
                    return Ended { outcome, took, impatient: true };
                }
                waits.parked(reason, waiting_since, Some(until));
                tokio::time::sleep(pause).await;
            }
            permit = match limiter.try_acquire(&owner) {
                Ok(permit) => Some(permit),
                Err(Blocked { reason, limit }) => {
                    waits.held_back(reason, Utc::now(), limit);
                    limiter.acquire(&owner).await
                }
            };
            // What is said now is about the next run.
            waits.works();
        }
    }
}

async fn once(kind: &dyn TaskKind, ctx: &StepCtx) -> Result<StepOutput, StepError> {
    let timeout = ctx.step.timeout;
    match tokio::time::timeout(timeout, AssertUnwindSafe(kind.run(ctx)).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_panic)) => Err(StepError::transient("panic", "the step failed unexpectedly")),
        Err(_elapsed) => Err(StepError::transient("timeout", format!("no result within {} s", timeout.as_secs_f32()))),
    }
}

/// Doubles from the first to the longest, with jitter of a half to both sides.
fn backoff(rounds: u32) -> Duration {
    let base = PATIENCE_BACKOFF.0.saturating_mul(2_u32.saturating_pow(rounds.min(16))).min(PATIENCE_BACKOFF.1);
    base.mul_f64(rand::rng().random_range(0.5..1.5))
}
