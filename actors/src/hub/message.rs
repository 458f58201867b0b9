//! What a hub is told and asked.

use crate::event::log::Head;
use crate::event::{LiveEvent, StoredEvent, TopicKey};
use crate::session::outbox::{Outbox, SubId};
use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;

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
