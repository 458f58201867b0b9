//! The bus between nodes: an accelerator. It may lose, delay or repeat; the log is the truth and the hubs compare with
//! it, so what is lost here costs a second and nothing else.

mod health;
mod in_process;
pub mod redis;

pub use health::{BusHealth, RedisHealth};
pub use in_process::InProcess;
pub use redis::{RedisBus, RedisOptions};

use crate::event::log::Head;
use crate::event::{LiveEvent, StoredEvent, TopicKey};
use crate::hub::{Advance, Compare, Deliver, DeliverLive, Hub, Reconcile};
use crate::mailbox::tell;
use actix::{Addr, Message, Recipient};
use estafette_protocol::{SessionId, TaskId, UserId};
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What nodes tell each other besides events.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Signal {
    /// Tasks wait for a claim.
    Queued,
    /// A running task was taken from its supervisor (cancelled): stop working on it.
    Stopped(TaskId),
    /// The rights of a user changed: authorise its subscriptions again.
    Recheck(UserId),
    /// A session ended: close its sockets.
    SignedOut(SessionId, String),
}

/// Carries committed events, volatile events and signals to every node, this one included.
#[async_trait::async_trait(?Send)]
pub trait Bus: Send + Sync + 'static {
    /// Committed events, in the order of their commit.
    fn publish(&self, events: Arc<[Arc<StoredEvent>]>);
    /// A volatile event.
    fn publish_live(&self, event: Arc<LiveEvent>);
    /// A signal.
    fn signal(&self, signal: Signal);
    /// The first reader of a topic came to one of this node's hubs (`on`), or the last one left it. A bus counts: a topic
    /// has as many interests as hubs with readers of it.
    fn interest(&self, key: &TopicKey, on: bool);
    /// How it is.
    fn health(&self) -> BusHealth;
    /// Sends what waits, within a bound, and leaves. The node goes away.
    async fn close(&self) {}
}

/// A hub and whether it missed a delivery.
#[derive(Clone)]
struct HubHandle {
    addr: Addr<Hub>,
    lagging: Arc<AtomicBool>,
}

/// The readers of this node: its hubs, and who listens to signals. Buses deliver here.
#[derive(Default)]
pub struct LocalNode {
    hubs: RwLock<Vec<HubHandle>>,
    listeners: RwLock<Vec<Recipient<Signal>>>,
}

impl LocalNode {
    /// Adds a worker thread's hub. `lagging` is raised when it misses a delivery.
    pub fn add_hub(&self, addr: Addr<Hub>, lagging: Arc<AtomicBool>) {
        let mut hubs = self.hubs.write();
        hubs.retain(|hub| hub.addr.connected());
        hubs.push(HubHandle { addr, lagging });
    }

    /// Adds a listener to signals.
    pub fn add_listener(&self, listener: Recipient<Signal>) {
        let mut listeners = self.listeners.write();
        listeners.retain(Recipient::connected);
        listeners.push(listener);
    }

    /// Hands committed events to the hubs.
    pub fn deliver(&self, events: &Arc<[Arc<StoredEvent>]>) {
        for hub in self.hubs.read().iter() {
            if tell(&hub.addr, Deliver { events: Arc::clone(events), span: tracing::Span::current() }).is_err() {
                hub.lagging.store(true, Ordering::Release);
            }
        }
    }

    /// Hands a volatile event to the hubs; a hub that is behind does without.
    pub fn deliver_live(&self, event: &Arc<LiveEvent>) {
        for hub in self.hubs.read().iter() {
            let _dropped = tell(&hub.addr, DeliverLive(Arc::clone(event)));
        }
    }

    /// The log of a topic goes further, without the events: its readers read them.
    pub fn advance(&self, key: &TopicKey, head: Head) {
        for hub in self.hubs.read().iter() {
            if tell(&hub.addr, Advance(key.clone(), head)).is_err() {
                hub.lagging.store(true, Ordering::Release);
            }
        }
    }

    /// The hubs compare all their topics with the log now, and not only with the next second.
    pub fn reconcile(&self) {
        for hub in self.hubs.read().iter() {
            let _soon_anyway = tell(&hub.addr, Reconcile);
        }
    }

    /// The hubs compare some topics with the log now.
    pub fn compare(&self, keys: Arc<[TopicKey]>) {
        for hub in self.hubs.read().iter() {
            let _soon_anyway = tell(&hub.addr, Compare(Arc::clone(&keys)));
        }
    }

    /// Tells the listeners. A listener that is full hears of it on its next look at the database.
    pub fn hear(&self, signal: &Signal) {
        for listener in self.listeners.read().iter() {
            if listener.try_send(signal.clone()).is_err() {
                metrics::counter!("estafette_signals_dropped_total").increment(1);
            }
        }
    }

    /// The hubs, for the node's drain.
    pub fn hubs(&self) -> Vec<Addr<Hub>> {
        self.hubs.read().iter().map(|hub| hub.addr.clone()).collect()
    }
}
