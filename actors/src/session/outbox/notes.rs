//! What an outbox tells the journal of its connection.

use super::{Inner, Mode, Outbox, SubId};
use crate::journal::{ConnectionLog, What};
use estafette_protocol::Topic;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The journal hears of turns between following and catching up this often.
const TURN_NOTES_EVERY: Duration = Duration::from_secs(1);

impl Outbox {
    /// From now on what happens is noted there.
    pub fn keep_log(&self, log: ConnectionLog) {
        // The first one stays: a connection is welcomed once.
        let _second = self.log.set(log);
    }

    /// Where the connection notes what happens to it, once it was welcomed.
    pub fn log(&self) -> Option<&ConnectionLog> {
        self.log.get()
    }

    /// Notes something that happened to a subscription, or to the connection.
    pub fn note(&self, what: What, topic: Option<&Topic>, seq: Option<u64>, detail: Value) {
        if let Some(log) = self.log.get() {
            log.note(what, topic, seq, detail);
        }
    }

    /// Notes the positions that moved since the last time.
    pub fn note_positions(&self) {
        let Some(log) = self.log.get() else { return };
        let mut moved = Vec::new();
        for (_, subscription) in &mut self.inner.lock().subs {
            let position = subscription.next.saturating_sub(1);
            if position != subscription.noted && subscription.mode != Mode::Snapshot {
                subscription.noted = position;
                moved.push((subscription.key.topic.clone(), position, subscription.mode == Mode::Live));
            }
        }
        for (topic, position, live) in moved {
            log.note(What::Position, Some(&topic), Some(position), json!({ "live": live }));
        }
    }

    /// A turn of a subscription between following and catching up: noted once a second, as a reader at its limit turns
    /// with every page.
    pub(super) fn note_turn(&self, inner: &mut Inner, sub: SubId) {
        let Some(log) = self.log.get() else { return };
        if inner.turn_noted.is_some_and(|at| at.elapsed() < TURN_NOTES_EVERY) {
            return;
        }
        let waiting = inner.bytes;
        let Some(subscription) = inner.sub(sub) else { return };
        let what = if subscription.mode == Mode::Live { What::Live } else { What::Behind };
        let position = subscription.next.saturating_sub(1);
        subscription.noted = position;
        let detail = json!({"known": subscription.seen, "waiting_bytes": waiting});
        log.note(what, Some(&subscription.key.topic), Some(position), detail);
        inner.turn_noted = Some(Instant::now());
    }
}
