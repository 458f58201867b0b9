//! The hub of a worker thread: topic → the outboxes of this thread's sockets.
//!
//! It wakes for deliveries, for subscriptions, and once a second: then it compares the heads of its topics with the log
//! ([`compare`]), sends the `mark`s that are due, and closes connections that have not said hello in time. So a connection
//! has no timer of its own. Volatile events gather for a moment ([`gather`]).

mod compare;
mod gather;
mod message;
mod topic;

pub use message::{Advance, Attach, Compare, Deliver, DeliverLive, Detach, Join, Leave, Recent, Reconcile};

use crate::bus::Bus;
use crate::db::Db;
use crate::event::TopicKey;
use crate::event::log::Head;
use crate::limits::{HUB_QUEUE, MARK_FRESH, RECONCILE_EVERY, RING_FOR};
use crate::session::outbox::Outbox;
use crate::trace;
use actix::prelude::*;
use compare::{look_up, wait_for};
use estafette_protocol::limits::HELLO_TIMEOUT_MS;
use estafette_protocol::{CloseCode, ServerMessage};
use gather::Gathered;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use topic::TopicState;

/// How long a connection may take to say hello.
const HELLO_TIMEOUT: Duration = Duration::from_millis(HELLO_TIMEOUT_MS);

struct Member {
    outbox: Arc<Outbox>,
    heartbeat: Duration,
    /// When it came, or was sent its last mark.
    marked: Instant,
    greeted: bool,
}

/// The hub of a worker thread.
pub struct Hub {
    db: Db,
    bus: Arc<dyn Bus>,
    topics: HashMap<TopicKey, TopicState>,
    members: HashMap<usize, Member>,
    lagging: Arc<AtomicBool>,
    reconciling: bool,
    reconcile_again: bool,
    /// When all topics were looked up by their names, the last time.
    named: Option<Instant>,
    /// When topics have gathered what is due then.
    due: BinaryHeap<Reverse<(Instant, TopicKey)>>,
    /// The hub's clock is set for then.
    wakes: Option<Instant>,
}

fn identity(outbox: &Arc<Outbox>) -> usize {
    Arc::as_ptr(outbox).addr()
}

impl Hub {
    /// Starts the hub of this thread.
    pub fn start_here(db: Db, bus: Arc<dyn Bus>) -> (Addr<Self>, Arc<AtomicBool>) {
        let lagging = Arc::new(AtomicBool::new(false));
        let hub = Self {
            db,
            bus,
            topics: HashMap::new(),
            members: HashMap::new(),
            lagging: Arc::clone(&lagging),
            reconciling: false,
            reconcile_again: false,
            named: None,
            due: BinaryHeap::new(),
            wakes: None,
        };
        (hub.start(), lagging)
    }

    /// Sets the clock for the topic that is due first.
    fn wake_for(&mut self, ctx: &mut Context<Self>) {
        let Some(Reverse((first, _))) = self.due.peek() else { return };
        if self.wakes.is_some_and(|wakes| wakes <= *first) {
            return;
        }
        let first = *first;
        self.wakes = Some(first);
        ctx.run_later(first.saturating_duration_since(Instant::now()), move |hub, ctx| {
            if hub.wakes == Some(first) {
                hub.wakes = None;
            }
            hub.hand_over_due();
            hub.wake_for(ctx);
        });
    }

    fn hand_over_due(&mut self) {
        let now = Instant::now();
        while self.due.peek().is_some_and(|Reverse((due, _))| *due <= now) {
            let Some(Reverse((_, key))) = self.due.pop() else { break };
            let Some(topic) = self.topics.get_mut(&key) else { continue };
            // Nothing, when it has left before its time; what gathered since then is due later.
            if let Some(batch) = topic.gather.as_mut().and_then(|gather| gather.due(now)) {
                topic.hand_over(&batch);
            }
        }
    }

    /// Memory is for who comes back within moments: a topic that is read all day and seldom has news keeps none of it.
    fn forget_old_events(&mut self, now: Instant) {
        for topic in self.topics.values_mut() {
            topic.forget_old(now);
        }
    }

    fn forget_abandoned(&mut self) {
        let gone: Vec<Arc<Outbox>> = self
            .members
            .values()
            .filter(|member| member.outbox.is_abandoned())
            .map(|member| Arc::clone(&member.outbox))
            .collect();
        for outbox in gone {
            self.leave(&outbox);
        }
    }

    fn leave(&mut self, outbox: &Arc<Outbox>) {
        let reader = identity(outbox);
        for key in outbox.topics() {
            self.detach(&key, reader);
        }
        if self.members.remove(&reader).is_some() {
            metrics::gauge!("estafette_sockets").decrement(1);
        }
    }

    fn send_marks(&mut self) {
        let now = Instant::now();
        for member in self.members.values_mut() {
            if !member.greeted {
                member.greeted = member.outbox.is_greeted();
                if !member.greeted && now.duration_since(member.marked) >= HELLO_TIMEOUT {
                    let reason = format!("no hello within {HELLO_TIMEOUT_MS} ms");
                    member.outbox.close(CloseCode::HelloTimeout, reason);
                }
            }
            if !member.greeted || now.duration_since(member.marked) < member.heartbeat {
                continue;
            }
            member.marked = now;
            let heads = member
                .outbox
                .reached()
                .into_iter()
                .filter_map(|(key, reached)| {
                    let topic = self.topics.get(&key)?;
                    // Without a comparison (Postgres is away) nobody knows how far the log goes: nothing is claimed.
                    topic.compared.filter(|began| now.duration_since(*began) <= MARK_FRESH)?;
                    Some((key.topic, topic.head?.seq.max(reached)))
                })
                .collect();
            member.outbox.set_mark(&ServerMessage::Mark { heads });
            member.outbox.note_positions();
        }
    }

    fn detach(&mut self, key: &TopicKey, reader: usize) {
        if let Some(topic) = self.topics.get_mut(key) {
            topic.readers.retain(|(outbox, _)| identity(outbox) != reader);
            if topic.readers.is_empty() {
                self.topics.remove(key);
                self.bus.interest(key, false);
            }
        }
    }
}

impl Actor for Hub {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(HUB_QUEUE);
        ctx.run_interval(RECONCILE_EVERY, |hub, ctx| {
            hub.forget_abandoned();
            hub.reconcile(ctx);
            hub.send_marks();
        });
        ctx.run_interval(RING_FOR / 4, |hub, _| hub.forget_old_events(Instant::now()));
    }
}

impl Drop for Hub {
    /// A hub that failed is replaced by one that begins without readers.
    fn drop(&mut self) {
        for key in self.topics.keys() {
            self.bus.interest(key, false);
        }
    }
}

impl Handler<Deliver> for Hub {
    type Result = ();
    fn handle(&mut self, Deliver { events, span }: Deliver, _: &mut Self::Context) {
        let _delivering =
            tracing::debug_span!(target: trace::TARGET, parent: &span, "deliver", events = events.len()).entered();
        let now = Instant::now();
        for event in events.iter() {
            let Some(topic) = self.topics.get_mut(&event.key) else { continue };
            let known = topic.head.unwrap_or(Head { epoch: event.epoch, seq: 0, floor: 0 });
            if known.epoch == event.epoch && event.seq <= known.seq {
                // Repeated by the bus, or found by a comparison first: the outboxes know what they had.
            } else {
                if known.epoch != event.epoch || event.seq != known.seq + 1 {
                    topic.ring.clear();
                }
                topic.head = Some(Head { epoch: event.epoch, seq: event.seq, floor: known.floor });
                topic.keep(event, now);
            }
            topic.leave();
            for (outbox, sub) in &topic.readers {
                outbox.offer(*sub, event);
            }
        }
        if self.lagging.load(Ordering::Acquire) && !self.reconciling {
            metrics::counter!("estafette_hub_lagging_total").increment(1);
        }
    }
}

impl Handler<DeliverLive> for Hub {
    type Result = ();
    fn handle(&mut self, DeliverLive(event): DeliverLive, ctx: &mut Self::Context) {
        let Some(topic) = self.topics.get_mut(&event.key) else { return };
        match topic.gather.get_or_insert_default().push(Arc::clone(&event), Instant::now()) {
            Gathered::Now(batch) => topic.hand_over(&batch),
            Gathered::Joined => {}
            Gathered::Until(due) => {
                self.due.push(Reverse((due, event.key.clone())));
                self.wake_for(ctx);
            }
        }
    }
}

impl Handler<Advance> for Hub {
    type Result = ();
    fn handle(&mut self, Advance(key, head): Advance, _: &mut Self::Context) {
        let Some(topic) = self.topics.get_mut(&key) else { return };
        let known = topic.head;
        if known.is_some_and(|known| known.epoch == head.epoch && known.seq >= head.seq) {
            return;
        }
        let head = Head { floor: known.map_or(0, |known| known.floor), ..head };
        topic.jump_to(head);
    }
}

impl Handler<Reconcile> for Hub {
    type Result = ();
    fn handle(&mut self, _: Reconcile, ctx: &mut Self::Context) {
        self.reconcile(ctx);
    }
}

impl Handler<Compare> for Hub {
    type Result = ();
    fn handle(&mut self, Compare(keys): Compare, ctx: &mut Self::Context) {
        let keys: Vec<TopicKey> = keys.iter().filter(|key| self.topics.contains_key(*key)).cloned().collect();
        if !keys.is_empty() {
            let (read, began) = (look_up(self.db.clone(), keys), Instant::now());
            ctx.spawn(read.into_actor(self).map(move |read, hub, ctx| {
                let missing = hub.compare_named(read, began);
                wait_for(missing, began, ctx);
            }));
        }
    }
}

impl Handler<Join> for Hub {
    type Result = ();
    fn handle(&mut self, join: Join, _: &mut Self::Context) {
        let member = Member { heartbeat: join.heartbeat, marked: Instant::now(), outbox: join.outbox, greeted: false };
        self.members.insert(identity(&member.outbox), member);
        metrics::gauge!("estafette_sockets").increment(1);
    }
}

impl Handler<Leave> for Hub {
    type Result = ();
    fn handle(&mut self, Leave(outbox): Leave, _: &mut Self::Context) {
        self.leave(&outbox);
    }
}

impl Handler<Attach> for Hub {
    type Result = Recent;
    fn handle(&mut self, attach: Attach, _: &mut Self::Context) -> Recent {
        if attach.outbox.is_closing() {
            // It may have left already: nobody would take it away again.
            return Recent { head: None, events: Vec::new() };
        }
        let topic = self.topics.entry(attach.key.clone()).or_default();
        if topic.readers.is_empty() {
            self.bus.interest(&attach.key, true);
        }
        // What has gathered is older than what this reader begins with.
        topic.leave();
        topic.readers.push((attach.outbox, attach.sub));
        Recent { head: topic.head, events: topic.ring.iter().map(|(_, event)| Arc::clone(event)).collect() }
    }
}

impl Handler<Detach> for Hub {
    type Result = ();
    fn handle(&mut self, detach: Detach, _: &mut Self::Context) {
        self.detach(&detach.key, identity(&detach.outbox));
    }
}

#[cfg(test)]
mod tests;
