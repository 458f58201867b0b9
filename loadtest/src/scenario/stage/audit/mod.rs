//! The proof at the end, when everything is at rest: what clients received against the log, the log against the product's
//! rows, every call against its effect, the credits, and what nodes left behind.
//!
//! | module | holds |
//! |---|---|
//! | [`log`] | histories against the log, folded states against fresh snapshots and HTTP |
//! | [`rows`] | tasks, steps, offers, credits: the database by itself |
//! | [`calls`] | every call of every person against its effect |
//! | [`rest`] | locks, connections, memory, file handles at rest |

pub mod calls;
pub mod log;
pub mod rest;
pub mod rows;

use super::Stage;
use super::person::Person;
use crate::check::Check;
use crate::scenario::Failure;
use std::sync::Arc;

/// The checks of a whole proof.
pub const CHECKS: &[Check] = &[
    Check::Contiguous,
    Check::Complete,
    Check::SnapshotFits,
    Check::EqualsLog,
    Check::StateEqual,
    Check::EndedOnce,
    Check::StepOnce,
    Check::EffectOnce,
    Check::Ledger,
    Check::CallAnswered,
    Check::CallOnce,
    Check::AckVisible,
    Check::SignedIn,
    Check::NoPanic,
    Check::StaysUp,
    Check::Bounded,
    Check::NoLeak,
];

/// What a proof looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    /// Tasks by their end.
    pub completed: u64,
    /// Failed tasks.
    pub failed: u64,
    /// Cancelled tasks.
    pub cancelled: u64,
    /// Times that a task was taken back from a node that was lost, or from a supervisor.
    pub rescues: u64,
    /// Times that a task was handed over by a node that drained.
    pub handed_over: u64,
    /// Tasks that were parked because they lost their node too often.
    pub parked: u64,
    /// Completed steps.
    pub steps: u64,
    /// Events in the log.
    pub events: u64,
    /// Events that clients received.
    pub received: u64,
    /// Calls that were made.
    pub calls: u64,
    /// Connections that were lost.
    pub losses: u64,
}

pub(super) fn bad(error: &tokio_postgres::Error) -> Failure {
    let why = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
    Failure::Other(format!("the audit's query failed: {why}"))
}

/// Everything but what is left behind, which is looked at once the people have gone ([`rest::all`]).
///
/// # Errors
/// [`Failure`] when it could not be looked at.
pub async fn all(stage: &Arc<Stage>, people: &[Arc<Person>]) -> Result<Totals, Failure> {
    let mut totals = Totals::default();
    let client = stage.cluster.postgres.connect().await?;
    log::histories(stage, &client, people, &mut totals).await?;
    rows::all(stage, &client, people, &mut totals).await?;
    calls::all(stage, &client, people, &mut totals).await?;
    log::states(stage, people).await?;
    for person in people {
        let stays = match person.account.signed_out() {
            0 => Ok(()),
            times => Err(format!("{} had to sign in again {times} times", person.account.email())),
        };
        stage.shared.findings.see(Check::SignedIn, stays);
        for seat in &person.seats {
            totals.losses += seat.client.stats().losses;
        }
    }
    Ok(totals)
}
