//! Those who watch a task are told how far it is and what it waits for: volatile events, no part of its log.

use super::TaskSupervisor;
use crate::limits::{PROGRESS_EVERY, WAITS_EVERY};
use crate::task::waits::StepWaits;
use crate::writer::commit::Move;
use actix::prelude::*;
use estafette_protocol::task::{TaskProgress, WaitReason};
use estafette_protocol::{EventKind, Topic};
use std::sync::Arc;

impl TaskSupervisor {
    /// From now on, what changes without a step that ends is told as well, and what lasts is told again.
    pub(super) fn follow(&mut self, ctx: &mut Context<Self>) {
        self.follow_waits(ctx);
        self.follow_storage(ctx);
        self.follow_returns(ctx);
        ctx.run_interval(WAITS_EVERY, |supervisor, _| {
            let waits = supervisor.progress.as_ref().is_some_and(|progress| !progress.waits.is_empty());
            if std::mem::take(&mut supervisor.tell_again) || waits {
                supervisor.repeat_progress();
            }
        });
    }

    /// Tells those who watch how far the task is: at once, and while much happens at most every [`PROGRESS_EVERY`].
    pub(super) fn report_progress(&mut self, ctx: &mut Context<Self>) {
        if self.telling {
            return;
        }
        // Steps that are added make the rest longer, not what was done less.
        let shown = self.progress.as_ref().map_or(0.0, |progress| progress.fraction);
        let now = TaskProgress {
            fraction: self.graph.fraction().max(shown),
            running: self.graph.running(),
            queue_position: None,
            waits: self.waits.list(),
        };
        if self.progress.as_ref() != Some(&now) {
            self.publish(&now);
            self.progress = Some(now);
            self.telling = true;
            ctx.run_later(PROGRESS_EVERY, |supervisor, ctx| {
                supervisor.telling = false;
                supervisor.report_progress(ctx);
            });
        }
    }

    fn publish(&self, progress: &TaskProgress) {
        if let (Ok(kind), Ok(data)) = (EventKind::parse("task.progress"), serde_json::to_value(progress)) {
            self.live.live(Topic::task(&self.task.id), "task".to_owned(), kind, data);
        }
    }

    /// Steps say at any moment what they wait for; those who watch are told at once, and again as long as it lasts.
    fn follow_waits(&mut self, ctx: &mut Context<Self>) {
        let waits = Arc::clone(&self.waits);
        ctx.spawn(async move { waits.changed().await }.into_actor(self).map(|(), supervisor, ctx| {
            supervisor.report_progress(ctx);
            supervisor.follow_waits(ctx);
        }));
    }

    /// Steps that ended while the database is away: their results wait to be stored.
    pub(super) fn say_what_is_kept(&self) {
        let Some(since) = self.keeps_since else { return };
        for change in self.in_flight.iter().chain(&self.pending) {
            if let Move::Completed { spec, .. } | Move::Failed { spec, .. } = change {
                StepWaits::new(Arc::clone(&self.waits), spec.key.clone()).waits(WaitReason::Storage, since);
            }
        }
    }

    /// Follows whether the database answers, for what [`Self::say_what_is_kept`] says.
    fn follow_storage(&mut self, ctx: &mut Context<Self>) {
        let gate = Arc::clone(self.env.db.gate());
        let down = async move { (gate.down().await, gate) };
        ctx.spawn(down.into_actor(self).map(|(down, gate), supervisor, ctx| {
            supervisor.keeps_since = Some(down.since);
            supervisor.say_what_is_kept();
            ctx.spawn(async move { gate.up().await }.into_actor(supervisor).map(|(), supervisor, ctx| {
                // What is kept says so until it is stored.
                supervisor.keeps_since = None;
                supervisor.follow_storage(ctx);
            }));
        }));
    }

    /// Follows whether this node came back from a silence: others may have told that it is lost, and take nothing back.
    fn follow_returns(&mut self, ctx: &mut Context<Self>) {
        let gate = Arc::clone(self.env.db.gate());
        ctx.spawn(async move { gate.returns().await }.into_actor(self).map(|(), supervisor, ctx| {
            supervisor.repeat_progress();
            // Who told it may do so once more at the same moment.
            supervisor.tell_again = true;
            supervisor.follow_returns(ctx);
        }));
    }

    fn repeat_progress(&self) {
        if let Some(progress) = &self.progress {
            self.publish(progress);
        }
    }
}
