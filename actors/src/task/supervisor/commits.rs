//! What happened goes to a commit writer, one commit at a time, with what follows from it (its tail); and what becomes of a
//! commit: it is durable, the lease is gone, or it is refused.

use super::{Exit, TaskSupervisor};
use crate::error::{DbError, StepError};
use crate::limits::{COMMIT_MOVES, FULL_RETRY, SETTLE_BACKOFF};
use crate::mailbox::tell;
use crate::task::kind::TaskSummary;
use crate::task::store::AtWork;
use crate::trace;
use crate::writer::commit::{Commit, Move, Verdict};
use actix::prelude::*;
use chrono::Utc;
use estafette_protocol::StepKey;
use std::sync::Arc;

impl TaskSupervisor {
    /// What the steps came to, for the task's end.
    pub(super) fn summary(&self) -> TaskSummary {
        let null = Arc::new(serde_json::Value::Null);
        TaskSummary {
            steps: self
                .graph
                .steps()
                .iter()
                .map(|step| ((*step.spec).clone(), step.status, (**step.output.as_ref().unwrap_or(&null)).clone()))
                .collect(),
            error: self.graph.failure().cloned(),
        }
    }

    /// Sends a commit when what happens in this moment has happened: steps that end at once join it.
    pub(super) fn send_soon(&mut self, ctx: &mut Context<Self>) {
        if self.sending || !self.in_flight.is_empty() || self.pending.is_empty() {
            return;
        }
        self.sending = true;
        self.send_after_a_look(ctx);
    }

    fn send_after_a_look(&mut self, ctx: &mut Context<Self>) {
        let seen = self.pending.len();
        // Polled after the steps that were spawned before it.
        ctx.spawn(std::future::ready(()).into_actor(self).map(move |(), supervisor, ctx| {
            if (seen + 1..COMMIT_MOVES).contains(&supervisor.pending.len()) {
                return supervisor.send_after_a_look(ctx);
            }
            supervisor.sending = false;
            supervisor.send_commit(ctx);
        }));
    }

    fn send_commit(&mut self, ctx: &mut Context<Self>) {
        if !self.in_flight.is_empty() || self.pending.is_empty() {
            return;
        }
        let take = if self.one_by_one > 0 { 1 } else { self.pending.len() };
        self.in_flight = self.pending.drain(..take).collect();
        if self.one_by_one == 0 {
            self.add_tail();
        }
        self.commit_no += 1;
        self.offer_commit(ctx);
    }

    /// What will be so when the moves in flight are durable: steps begin, the task ends. All that is not durable yet is in
    /// this commit.
    fn add_tail(&mut self) {
        let sure = self.in_flight.len();
        if !self.quiet && !self.ending && !self.waiting_for_permit {
            for key in self.graph.ready(Utc::now()) {
                let Ok(permit) = self.env.limiter.try_acquire(&self.share) else { break };
                if let Some((begun, started)) = self.begin(&key, permit) {
                    self.in_flight.push(started);
                    self.begun.push(begun);
                }
            }
        }
        if !self.ending && self.running.is_empty() && self.graph.is_ended() {
            self.ending = true;
            self.in_flight.push(Move::Ended(Arc::new(self.summary())));
        }
        self.tail = self.in_flight.len() - sure;
    }

    /// The commit is refused: what would have followed from it does not.
    fn drop_tail(&mut self) -> bool {
        let tail = std::mem::take(&mut self.tail);
        for change in self.in_flight.drain(self.in_flight.len().saturating_sub(tail)..) {
            if matches!(change, Move::Ended(_)) {
                self.ending = false;
            }
        }
        for begun in self.begun.drain(..) {
            self.graph.unstart(&begun.key);
        }
        tail > 0
    }

    fn offer_commit(&mut self, ctx: &mut Context<Self>) {
        let (verdict, answer) = tokio::sync::oneshot::channel();
        let at_work = Arc::new(self.at_work_then());
        let commit = Commit {
            task: Arc::clone(&self.task),
            kind: Arc::clone(&self.kind),
            lease: self.lease,
            no: self.commit_no,
            moves: self.in_flight.clone(),
            at_work: Arc::clone(&at_work),
            verdict,
            span: tracing::debug_span!(target: trace::TARGET, parent: &self.span, "commit", no = self.commit_no),
        };
        if tell(&self.writer.get(), commit).is_err() {
            ctx.run_later(FULL_RETRY, Self::offer_commit);
            return;
        }
        ctx.spawn(answer.into_actor(self).map(move |verdict, supervisor, ctx| match verdict {
            Ok(verdict) => supervisor.verdict(verdict, at_work, ctx),
            // The writer was restarted with this commit in its hands: it is recognised if it was written.
            Err(_dropped) => {
                ctx.run_later(FULL_RETRY, Self::offer_commit);
            }
        }));
    }

    /// The steps of which an attempt runs when the moves in flight are durable.
    fn at_work_then(&self) -> AtWork {
        let mut at_work = AtWork::clone(&self.at_work);
        for change in &self.in_flight {
            match change {
                Move::Started { spec, attempt } => {
                    at_work.insert(spec.key.clone(), *attempt);
                }
                Move::Completed { spec, .. } => {
                    at_work.remove(&spec.key);
                }
                Move::Failed { spec, cancelled, .. } => {
                    at_work.remove(&spec.key);
                    cancelled.iter().for_each(|(key, _)| {
                        at_work.remove(key);
                    });
                }
                Move::Ended(_) => {}
            }
        }
        at_work
    }

    /// What became of the commit in flight; `at_work` is so when it is durable.
    fn verdict(&mut self, verdict: Verdict, at_work: Arc<AtWork>, ctx: &mut Context<Self>) {
        match verdict {
            Verdict::Done(_) => {
                self.refused = 0;
                self.at_work = at_work;
                self.one_by_one = self.one_by_one.saturating_sub(1);
                let mut ended = false;
                for change in std::mem::take(&mut self.in_flight) {
                    match change {
                        Move::Completed { spec, .. } => {
                            self.uncommitted.remove(&spec.key);
                            self.waits.clear(&spec.key);
                        }
                        Move::Failed { spec, .. } => self.waits.clear(&spec.key),
                        Move::Ended(_) => ended = true,
                        Move::Started { .. } => {}
                    }
                }
                if ended {
                    self.exit = Exit::Ended;
                    ctx.stop();
                } else {
                    self.tail = 0;
                    self.let_fail(ctx);
                    for begun in std::mem::take(&mut self.begun) {
                        self.run_step(begun, ctx);
                    }
                    self.advance(ctx);
                }
            }
            Verdict::Fenced => {
                tracing::info!(task.id = %self.task.id, "the lease is gone; this supervisor stops");
                self.exit = Exit::Fenced;
                ctx.stop();
            }
            Verdict::Rejected(error) => self.rejected(&error, ctx),
        }
    }

    /// A hook or a constraint refused the commit. Several moves are tried one by one to find the one; a completion that
    /// is refused becomes a failure of its step; anything else is a defect that is tried again until somebody mends it.
    fn rejected(&mut self, error: &DbError, ctx: &mut Context<Self>) {
        let had_tail = self.drop_tail();
        let moves = std::mem::take(&mut self.in_flight);
        if moves.len() > 1 || had_tail {
            self.one_by_one = moves.len();
            self.pending.splice(0..0, moves);
            self.advance(ctx);
            return;
        }
        match moves.into_iter().next() {
            Some(Move::Completed { spec, attempt, took, .. }) => {
                self.uncommitted.remove(&spec.key);
                self.call_back(&spec.key, ctx);
                let error = StepError::fatal("commit_refused", format!("the result could not be stored: {error}"));
                self.failed(&spec, attempt, error, took, ctx);
                self.advance(ctx);
            }
            Some(change) => {
                self.refused += 1;
                let wait =
                    SETTLE_BACKOFF.0.saturating_mul(2_u32.saturating_pow(self.refused.min(16))).min(SETTLE_BACKOFF.1);
                tracing::error!(task.id = %self.task.id, %error, wait_ms = wait.as_millis() as u64, "a commit is refused and tried again");
                self.in_flight = vec![change];
                ctx.run_later(wait, Self::offer_commit);
            }
            None => {}
        }
    }

    /// A completion is refused on which steps have run ahead: as if they had not begun.
    fn call_back(&mut self, refused: &StepKey, ctx: &mut Context<Self>) {
        for key in self.graph.dependents(refused) {
            let of = |change: &Move| match change {
                Move::Started { spec, .. } | Move::Completed { spec, .. } | Move::Failed { spec, .. } => {
                    spec.key == key
                }
                Move::Ended(_) => false,
            };
            self.pending.retain(|change| !of(change));
            self.held.retain(|held| held.spec.key != key);
            if let Some(handle) = self.running.remove(&key) {
                ctx.cancel_future(handle);
            }
            self.uncommitted.remove(&key);
            self.waits.clear(&key);
            self.graph.forget(&key);
        }
    }
}
