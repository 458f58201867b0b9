//! The hub of a worker thread: topic → the outboxes of this thread's sockets.
//!
//! It wakes for deliveries, for subscriptions, and once a second: then it compares the heads of its topics with the log
//! (what a bus lost is found here: by the log's numbers of the topics, and by name where they are not known yet), sends
//! the `mark`s that are due, and closes connections that have not said hello in time. So a connection has no timer of its
//! own. Volatile events gather for a moment ([`gather`]).

mod gather;

use crate::bus::Bus;
use crate::db::{Db, DbResult};
use crate::event::log::{self, Head, LogId};
use crate::event::{LiveBatch, LiveEvent, StoredEvent, TopicKey};
use crate::limits::{
    GAP_GRACE, HUB_QUEUE, MARK_FRESH, RECONCILE_CHUNK, RECONCILE_EVERY, RECONCILE_NAMES_EVERY, RING_EVENTS, RING_FOR,
};
use crate::session::outbox::{Outbox, SubId};
use crate::stats::LIVE_COALESCED;
use crate::trace;
use actix::prelude::*;
use estafette_protocol::limits::HELLO_TIMEOUT_MS;
use estafette_protocol::{CloseCode, ServerMessage};
use gather::{Gather, Gathered};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Committed events, in the order of their commit.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Deliver {
    /// The events.
    pub events: Arc<[Arc<StoredEvent>]>,
    /// The span in which they were committed, or came over the bus.
    pub span: tracing::Span,
}

/// A volatile event.
#[derive(Message)]
#[rtype(result = "()")]
pub struct DeliverLive(pub Arc<LiveEvent>);

/// The log of a topic goes at least so far; the events themselves were too large for the bus.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Advance(pub TopicKey, pub Head);

/// Compare all topics with the log now: the bus was away.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Reconcile;

/// Compare these topics with the log now: the bus has just begun to listen to them.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Compare(pub Arc<[TopicKey]>);

/// A socket begins: it has a while to say hello, and gets marks then.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Join {
    /// The socket's outbox.
    pub outbox: Arc<Outbox>,
    /// A mark comes this often.
    pub heartbeat: Duration,
}

/// A socket ended: it leaves all its topics.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Leave(pub Arc<Outbox>);

/// A subscription begins. The answer is what memory has: where the topic stands, and its newest events.
#[derive(Message)]
#[rtype(result = "Recent")]
pub struct Attach {
    /// The topic.
    pub key: TopicKey,
    /// Where its events go.
    pub outbox: Arc<Outbox>,
    /// The outbox's subscription.
    pub sub: SubId,
}

/// What memory has of a topic.
#[derive(Debug, MessageResponse)]
pub struct Recent {
    /// Where the topic stands, if known.
    pub head: Option<Head>,
    /// Its newest events, without a gap.
    pub events: Vec<Arc<StoredEvent>>,
}

/// A subscription ended.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Detach {
    /// The topic.
    pub key: TopicKey,
    /// Whose.
    pub outbox: Arc<Outbox>,
}

#[derive(Default)]
struct TopicState {
    head: Option<Head>,
    /// The log's number of it, once it was found there.
    id: Option<LogId>,
    /// The comparison that goes on asks for it by its number.
    asked: bool,
    /// Its newest events, each with when it came.
    ring: VecDeque<(Instant, Arc<StoredEvent>)>,
    /// When the last comparison with the log began that knew this topic.
    compared: Option<Instant>,
    /// Gone through for every event: a list is faster than a table, and a topic of one reader is small.
    readers: Vec<(Arc<Outbox>, SubId)>,
    gather: Option<Box<Gather>>,
}

impl TopicState {
    /// Whether the log only goes further than what was heard: a comparison may overtake a delivery.
    fn awaits(&self, head: Head) -> bool {
        self.head.is_some_and(|known| known.epoch == head.epoch && known.seq < head.seq)
    }

    /// Takes over what the log says; readers that have less are told to read it.
    fn compare(&mut self, key: &TopicKey, head: Head) {
        let known = self.head.map_or(0, |head| head.seq);
        if head.seq == 0 {
            self.head.get_or_insert(head);
            return;
        }
        if self.head.is_some_and(|known| known.epoch == head.epoch && known.seq >= head.seq) {
            return;
        }
        if self.head.is_some_and(|known| known.epoch == head.epoch) {
            metrics::counter!("estafette_gap_repairs_total").increment(1);
            tracing::debug!(topic = %key.topic, known, seq = head.seq, "events were missed; readers read the log");
        }
        // The ring no longer reaches the head: it starts again with the next delivery.
        self.ring.clear();
        self.head = Some(head);
        for (outbox, sub) in &self.readers {
            outbox.hint(*sub, head);
        }
    }

    /// What a comparison that began then says of this topic. Returns what was not heard of and may be on its way: nothing is
    /// claimed before that is looked at again.
    fn compare_first(&mut self, key: &TopicKey, head: Option<Head>, began: Instant) -> Option<(TopicKey, Head)> {
        if let Some(head) = head {
            if self.awaits(head) {
                return Some((key.clone(), head));
            }
            self.compare(key, head);
        }
        self.compared_at(began);
        None
    }

    /// A comparison that began then knew this topic.
    fn compared_at(&mut self, began: Instant) {
        self.compared = self.compared.max(Some(began));
    }

    /// Keeps an event for readers who come back.
    fn keep(&mut self, event: &Arc<StoredEvent>, now: Instant) {
        if self.ring.len() >= RING_EVENTS {
            self.ring.pop_front();
        }
        self.ring.push_back((now, Arc::clone(event)));
    }

    /// Forgets what came so long ago that its readers are back or read the log.
    fn forget_old(&mut self, now: Instant) {
        while self.ring.front().is_some_and(|(came, _)| now.duration_since(*came) >= RING_FOR) {
            self.ring.pop_front();
        }
        if self.ring.is_empty() {
            self.ring = VecDeque::new();
        }
    }

    fn hand_over(&mut self, batch: &Arc<LiveBatch>) {
        for (outbox, sub) in &self.readers {
            outbox.offer_batch(*sub, batch);
        }
        let replaced = self.gather.as_mut().map_or(0, |gather| gather.replaced());
        if replaced == 0 {
            return;
        }
        LIVE_COALESCED.fetch_add(replaced * self.readers.len() as u64, Ordering::Relaxed);
    }

    /// What has gathered goes before what comes now.
    fn leave(&mut self) {
        if let Some(batch) = self.gather.as_mut().and_then(|gather| gather.leave(Instant::now())) {
            self.hand_over(&batch);
        }
    }
}

/// How long a connection may take to say hello.
const HELLO_TIMEOUT: Duration = Duration::from_millis(HELLO_TIMEOUT_MS);

/// Topics that were looked up in the log by their names, and what it has of them.
type Named = Vec<(TopicKey, Option<(LogId, Head)>)>;
/// Topics of which the log has more than was heard of.
type Missing = Vec<(TopicKey, Head)>;

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

    /// Compares all topics with the log. One comparison at a time: what is asked for meanwhile begins when it ends.
    fn reconcile(&mut self, ctx: &mut Context<Self>) {
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
    fn compare_named(&mut self, named: Option<Named>, began: Instant) -> Missing {
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
    fn compare_numbered(&mut self, moved: Option<HashMap<LogId, Head>>, began: Instant) -> Missing {
        let Some(moved) = moved else { return Vec::new() };
        let mut missing = Vec::new();
        for (key, topic) in self.topics.iter_mut().filter(|(_, topic)| topic.asked) {
            let head = topic.id.and_then(|id| moved.get(&id)).copied();
            missing.extend(topic.compare_first(key, head, began));
        }
        missing
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

/// What is missing and on its way comes within a moment; what does not was lost.
fn wait_for(missing: Missing, began: Instant, ctx: &mut Context<Hub>) {
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
async fn look_up(db: Db, keys: Vec<TopicKey>) -> Option<Named> {
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
        topic.ring.clear();
        topic.head = Some(head);
        for (outbox, sub) in &topic.readers {
            outbox.hint(*sub, head);
        }
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
mod tests {
    use super::*;
    use crate::bus::InProcess;
    use crate::session::outbox::Bounds;
    use estafette_protocol::{Codec, EventKind, ProductId, Timestamp, Topic};
    use serde_json::json;

    fn hub() -> Hub {
        let manager = deadpool_postgres::Manager::new(tokio_postgres::Config::new(), tokio_postgres::NoTls);
        // Nobody connects.
        let pool = deadpool_postgres::Pool::builder(manager).max_size(1).build().unwrap();
        Hub {
            db: Db::new(pool),
            bus: Arc::new(InProcess::new(Arc::default())),
            topics: HashMap::new(),
            members: HashMap::new(),
            lagging: Arc::default(),
            reconciling: false,
            reconcile_again: false,
            named: None,
            due: BinaryHeap::new(),
            wakes: None,
        }
    }

    #[actix::test]
    async fn what_a_comparison_finds_first_may_be_on_its_way() {
        let key = TopicKey { product: ProductId::parse("p").unwrap(), topic: Topic::parse("t:1").unwrap() };
        let head = |epoch, seq| Head { epoch, seq, floor: 0 };
        let outbox = Outbox::new(Codec::Json, Bounds::DEFAULT);
        let sub = outbox.subscribe(key.clone(), None).unwrap();
        outbox.give_back(sub);
        outbox.work().unwrap();
        let state = ServerMessage::Snap { topic: key.topic.clone(), epoch: 1, seq: 4, state: json!({}) };
        outbox.snapshot(sub, head(1, 4), &state);
        let mut hub = hub();
        let topic = TopicState {
            head: Some(head(1, 4)),
            id: Some(LogId(7)),
            asked: true,
            readers: vec![(Arc::clone(&outbox), sub)],
            ..TopicState::default()
        };
        hub.topics.insert(key.clone(), topic);

        let began = Instant::now();
        let moved = |head| Some(HashMap::from([(LogId(7), head)]));
        assert_eq!(hub.compare_numbered(moved(head(1, 5)), began), [(key.clone(), head(1, 5))]);
        let named = Some(vec![(key.clone(), Some((LogId(7), head(1, 5))))]);
        assert_eq!(hub.compare_named(named, began), [(key.clone(), head(1, 5))]);
        let topic = hub.topics.get_mut(&key).unwrap();
        assert_eq!((topic.compared, outbox.depth().behind), (None, 0), "nothing is claimed, and nobody reads");

        // It has come meanwhile, and then one more did not.
        topic.head = Some(head(1, 5));
        topic.compare(&key, head(1, 5));
        assert_eq!(outbox.depth().behind, 0);
        topic.compare(&key, head(1, 6));
        assert_eq!(outbox.depth().behind, 1, "it was lost: its reader reads the log");

        assert_eq!(hub.compare_numbered(moved(head(2, 1)), began), [], "another life of the log is on nobody's way");
        assert_eq!(hub.topics[&key].head, Some(head(2, 1)));
        assert_eq!(hub.topics[&key].compared, Some(began));
    }

    #[actix::test]
    async fn news_are_kept_for_a_while_and_the_newest_of_them() {
        let key = TopicKey { product: ProductId::parse("p").unwrap(), topic: Topic::parse("t:1").unwrap() };
        let kind = EventKind::parse("x.y").unwrap();
        let event =
            |seq| StoredEvent::new(key.clone(), 1, seq, kind.clone(), Timestamp::new(chrono::Utc::now()), json!({}));
        let mut hub = hub();
        let began = Instant::now();
        let after = |seconds| began + Duration::from_secs(seconds);
        let topic = hub.topics.entry(key.clone()).or_default();
        let events = RING_EVENTS as u64;
        (1..=events).for_each(|seq| topic.keep(&event(seq), after(0)));
        topic.keep(&event(events + 1), after(30));
        let kept = |hub: &Hub| {
            let ring = &hub.topics[&key].ring;
            (ring.front().map(|(_, event)| event.seq), ring.len(), ring.capacity() > 0)
        };
        assert_eq!(kept(&hub), (Some(2), RING_EVENTS, true), "no more than so many");

        hub.forget_old_events(after(59));
        assert_eq!(kept(&hub).1, RING_EVENTS, "who comes back within a minute is served from memory");
        hub.forget_old_events(after(59 + 15));
        assert_eq!(kept(&hub), (Some(events + 1), 1, true), "what is newer is there still");
        hub.forget_old_events(after(90));
        assert_eq!(kept(&hub), (None, 0, false), "a topic without news takes no memory for them");
    }

    #[actix::test]
    async fn a_topic_is_asked_for_by_its_number_and_from_time_to_time_by_its_name() {
        let key = TopicKey { product: ProductId::parse("p").unwrap(), topic: Topic::parse("t:1").unwrap() };
        let mut hub = hub();
        let known =
            TopicState { head: Some(Head { epoch: 1, seq: 4, floor: 0 }), id: Some(LogId(7)), ..Default::default() };
        hub.topics.insert(key.clone(), known);
        let mut ctx = Context::new();
        let mut by_number = |hub: &mut Hub| {
            hub.reconciling = false;
            hub.reconcile(&mut ctx);
            hub.topics[&key].asked
        };
        assert!(!by_number(&mut hub), "the first time all are looked up");
        assert!(by_number(&mut hub) && by_number(&mut hub));
        // A database that was put in the place of another one gives other numbers.
        hub.named = Instant::now().checked_sub(RECONCILE_NAMES_EVERY);
        assert!(!by_number(&mut hub));
        assert!(by_number(&mut hub));
    }
}
