//! Whether the database answers, known to everybody at once.
//!
//! A frozen database answers nothing and refuses nothing: without a gate every caller finds out by itself, after the
//! pool's whole patience, and holds a connection meanwhile. [`super::probe`] asks once for all of them. While its last
//! question failed, the gate is shut: callers are refused at once, and those that were under way are let go.

use crate::db::DbResult;
use crate::error::DbError;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How long after an error of its own a caller gives the probe to agree that the database is away.
const SECOND_OPINION: Duration = Duration::from_millis(1_500);

/// How the database stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It answers, or nobody asked yet.
    Up,
    /// It does not.
    Down(Down),
}

/// An outage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// Since when it is known.
    pub since: DateTime<Utc>,
    /// What the last probe met.
    pub reason: Arc<str>,
}

/// Knows whether the database answers.
#[derive(Debug)]
pub struct Gate {
    standing: watch::Sender<Standing>,
    doubted: Notify,
    watched: AtomicBool,
    returns: watch::Sender<u64>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            standing: watch::Sender::new(Standing::Up),
            doubted: Notify::new(),
            watched: AtomicBool::new(false),
            returns: watch::Sender::new(0),
        }
    }
}

impl Gate {
    /// How the database stands, as of the last probe.
    pub fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// Whether it answers.
    pub fn is_up(&self) -> bool {
        *self.standing.borrow() == Standing::Up
    }

    /// Lets a caller through, or refuses it at once.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] while the database is away.
    pub fn pass(&self) -> DbResult<()> {
        match &*self.standing.borrow() {
            Standing::Up => Ok(()),
            Standing::Down(down) => Err(refusal(down)),
        }
    }

    /// Waits until the database answers.
    pub async fn up(&self) {
        let mut standing = self.standing.subscribe();
        // The sender lives as long as this gate, so that the wait does not fail.
        let _up = standing.wait_for(|standing| *standing == Standing::Up).await.is_ok();
    }

    /// Waits until it does not.
    pub async fn down(&self) -> Down {
        let mut standing = self.standing.subscribe();
        loop {
            if let Standing::Down(down) = &*standing.borrow_and_update() {
                return down.clone();
            }
            if standing.changed().await.is_err() {
                // Cannot happen: the sender lives as long as this gate.
                return Down { since: Utc::now(), reason: "nobody asks any more".into() };
            }
        }
    }

    /// A caller met an error that looks like an outage: the probe looks at once, and this returns when the database
    /// answers (again).
    pub async fn settled(&self) {
        if !self.watched.load(Ordering::Acquire) {
            return;
        }
        self.doubt();
        let _agreed = tokio::time::timeout(SECOND_OPINION, self.down()).await;
        self.up().await;
    }

    /// Runs `work` as long as the database answers; when it stops to, `work` is dropped and the caller let go.
    ///
    /// # Errors
    /// What `work` returns; [`DbError::Unavailable`].
    pub async fn bounded<T, E: From<DbError>>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.pass()?;
        tokio::select! {
            biased;
            outcome = work => outcome,
            down = self.down() => Err(refusal(&down).into()),
        }
    }

    /// This process was not heard of for a while (stopped, cut off) and is again: others may have been told that it is lost.
    pub(crate) fn returned(&self) {
        self.returns.send_modify(|returns| *returns += 1);
    }

    /// Waits until the process has come back from a silence.
    pub(crate) async fn returns(&self) {
        // The sender lives as long as this gate, so that the wait does not fail.
        let _returned = self.returns.subscribe().changed().await;
    }

    /// Asks the probe to look now.
    pub fn doubt(&self) {
        self.doubted.notify_one();
    }

    pub(crate) async fn doubted(&self) {
        self.doubted.notified().await;
    }

    pub(crate) fn watch(&self, on: bool) {
        self.watched.store(on, Ordering::Release);
    }

    /// The probe's verdict; true when it changed something.
    pub(crate) fn set(&self, outcome: Result<(), String>) -> bool {
        self.standing.send_if_modified(|standing| match (&*standing, outcome) {
            (Standing::Up, Ok(())) | (Standing::Down(_), Err(_)) => false,
            (Standing::Down(_), Ok(())) => {
                *standing = Standing::Up;
                true
            }
            (Standing::Up, Err(reason)) => {
                *standing = Standing::Down(Down { since: Utc::now(), reason: reason.into() });
                true
            }
        })
    }

    /// For receivers that follow it.
    pub fn subscribe(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }
}

fn refusal(down: &Down) -> DbError {
    DbError::Unavailable(format!("away since {}: {}", down.since.format("%H:%M:%S%.3fZ"), down.reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_shut_gate_refuses_at_once_and_lets_those_go_that_were_under_way() {
        let gate = Arc::new(Gate::default());
        assert!(gate.pass().is_ok());
        let hanging = {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { gate.bounded(std::future::pending::<DbResult<()>>()).await })
        };
        tokio::task::yield_now().await;
        assert!(gate.set(Err("no answer".into())) && !gate.set(Err("still none".into())));
        assert!(matches!(hanging.await.unwrap(), Err(DbError::Unavailable(_))));
        assert!(gate.pass().unwrap_err().to_string().contains("no answer"));
        let work = gate.bounded(async { DbResult::Ok(1) }).await;
        assert!(work.is_err(), "nothing is begun while it is shut");
        assert!(gate.set(Ok(())));
        gate.up().await;
        assert_eq!(gate.bounded(async { DbResult::Ok(1) }).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn without_a_probe_nobody_waits_for_one() {
        Gate::default().settled().await;
    }
}
