//! Comparing the topics of a hub with the log: what a bus lost is found here.
//!
//! Topics are asked for by the log's numbers of them, and by name where those are not known yet, and now and then all by
//! name.

use super::Hub;
use crate::db::{Db, DbResult};
use crate::event::TopicKey;
use crate::event::log::{self, Head, LogId};
use crate::limits::{GAP_GRACE, RECONCILE_CHUNK, RECONCILE_NAMES_EVERY};
use actix::prelude::*;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Topics that were looked up in the log by their names, and what it has of them.
pub(super) type Named = Vec<(TopicKey, Option<(LogId, Head)>)>;
/// Topics of which the log has more than was heard of.
pub(super) type Missing = Vec<(TopicKey, Head)>;

impl Hub {
    /// Compares all topics with the log. One comparison at a time: what is asked for meanwhile begins when it ends.
    pub(super) fn reconcile(&mut self, ctx: &mut Context<Self>) {
        if self.topics.is_empty() {
            return;
        }
        if self.reconciling {
            self.reconcile_again = true;
            return;
        }
        self.reconciling = true;
        self.reconcile_again = false;
        self.lagging.store(false, Ordering::Release);
        let began = Instant::now();
        let by_name = self.named.is_none_or(|named| began.duration_since(named) >= RECONCILE_NAMES_EVERY);
        if by_name {
            self.named = Some(began);
        }
        let (mut keys, mut known) = (Vec::new(), Vec::new());
        for (key, topic) in &mut self.topics {
            let number = topic.id.zip(topic.head).filter(|_| !by_name);
            topic.asked = number.is_some();
            match number {
                Some(number) => known.push(number),
                None => keys.push(key.clone()),
            }
        }
        let db = self.db.clone();
        let read = async move { futures_util::join!(look_up(db.clone(), keys), moved(db, known)) };
        ctx.spawn(read.into_actor(self).map(move |(named, moved), hub, ctx| {
            hub.reconciling = false;
            let mut missing = hub.compare_named(named, began);
            missing.extend(hub.compare_numbered(moved, began));
            wait_for(missing, began, ctx);
            if hub.reconcile_again {
                hub.reconcile(ctx);
            }
        }));
    }

    /// Returns what was not heard of.
    pub(super) fn compare_named(&mut self, named: Option<Named>, began: Instant) -> Missing {
        let mut missing = Vec::new();
        for (key, found) in named.unwrap_or_default() {
            let Some(topic) = self.topics.get_mut(&key) else { continue };
            topic.id = found.map(|(id, _)| id);
            let head = found.map_or(Head { epoch: 0, seq: 0, floor: 0 }, |(_, head)| head);
            missing.extend(topic.compare_first(&key, Some(head), began));
        }
        missing
    }

    /// Of the topics that were asked for by their numbers, `moved` are those of which the log has more. Returns what was not
    /// heard of.
    pub(super) fn compare_numbered(&mut self, moved: Option<HashMap<LogId, Head>>, began: Instant) -> Missing {
        let Some(moved) = moved else { return Vec::new() };
        let mut missing = Vec::new();
        for (key, topic) in self.topics.iter_mut().filter(|(_, topic)| topic.asked) {
            let head = topic.id.and_then(|id| moved.get(&id)).copied();
            missing.extend(topic.compare_first(key, head, began));
        }
        missing
    }
}

/// What is missing and on its way comes within a moment; what does not was lost.
pub(super) fn wait_for(missing: Missing, began: Instant, ctx: &mut Context<Hub>) {
    if missing.is_empty() {
        return;
    }
    ctx.run_later(GAP_GRACE, move |hub, _| {
        for (key, head) in missing {
            if let Some(topic) = hub.topics.get_mut(&key) {
                topic.compare(&key, head);
                topic.compared_at(began);
            }
        }
    });
}

/// Looks topics up by their names. `None`: the log cannot be asked.
pub(super) async fn look_up(db: Db, keys: Vec<TopicKey>) -> Option<Named> {
    let mut found = Vec::new();
    for chunk in keys.chunks(RECONCILE_CHUNK) {
        found.extend(heard(log::heads(&db, chunk).await)?);
    }
    Some(keys.into_iter().zip(found).collect())
}

/// Of topics with these numbers and heads, those of which the log has more. `None`: the log cannot be asked.
async fn moved(db: Db, known: Vec<(LogId, Head)>) -> Option<HashMap<LogId, Head>> {
    let mut moved = HashMap::new();
    for chunk in known.chunks(RECONCILE_CHUNK) {
        moved.extend(heard(log::moved(&db, chunk).await)?);
    }
    Some(moved)
}

fn heard<T>(answer: DbResult<T>) -> Option<T> {
    answer.inspect_err(|error| tracing::warn!(%error, "the heads of topics could not be compared with the log")).ok()
}
