//! A call that is followed: the connection that makes it is subscribed to the topic of the task that it starts, between the
//! commit and the moment when anybody hears of it. So the connection gets the task's events from the first one on, and
//! nobody reads anything for it: neither permission (whoever owns a task may follow it) nor state.

use super::outbox::Outbox;
use crate::event::log::{Head, Page};
use crate::event::{StoredEvent, TopicKey};
use crate::hub::{Attach, Hub};
use crate::identity::Identity;
use crate::journal::What;
use crate::mailbox::tell;
use crate::task::TaskInfo;
use actix::Addr;
use estafette_protocol::{Position, RequestId, ServerMessage, Topic};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// A connection that follows what its call starts.
pub struct Follower {
    /// The call's number.
    pub id: RequestId,
    /// Who calls.
    pub who: Identity,
    /// The connection's outbox.
    pub outbox: Arc<Outbox>,
    /// The hub of its thread.
    pub hub: Addr<Hub>,
    /// Subscriptions that the connection may have.
    pub limit: usize,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A task that somebody follows once it is there.
#[derive(Debug)]
pub(crate) struct Followed {
    follower: Arc<Follower>,
    key: TopicKey,
}

impl Follower {
    /// Follows a task of the caller's own: of the person, or, without one, of the device.
    pub(crate) fn follow(self: &Arc<Self>, task: &TaskInfo) -> Option<Followed> {
        let own = match &task.owner {
            Some(owner) => *owner == self.who.user,
            None => task.device.is_some() && task.device == self.who.device,
        };
        let key = TopicKey { product: task.product.clone(), topic: Topic::task(&task.id) };
        own.then(|| Followed { follower: Arc::clone(self), key })
    }

    /// Subscribes to a topic whose first events have just been committed and were told nobody yet. A connection that cannot
    /// (it closes, has all subscriptions that it may have, or its hub is full) is not told anything: it asks by itself.
    fn begin(&self, key: &TopicKey, events: Vec<Arc<StoredEvent>>) {
        let Self { id, outbox, hub, limit, .. } = self;
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return };
        let since = Position { epoch: first.epoch, seq: first.seq.saturating_sub(1) };
        if outbox.subscriptions() >= *limit || outbox.is_closing() {
            return;
        }
        let Some(sub) = outbox.subscribe(key.clone(), Some(since)) else { return };
        if tell(hub, Attach { key: key.clone(), outbox: Arc::clone(outbox), sub }).is_err() {
            outbox.unsubscribe(&key.topic);
            return;
        }
        let topic = key.topic.clone();
        outbox.push(&ServerMessage::Followed { id: *id, topic, epoch: since.epoch, seq: since.seq });
        outbox.note(What::Subscribed, Some(&key.topic), Some(since.seq), json!({"call": id}));
        let head = Head { epoch: last.epoch, seq: last.seq, floor: 0 };
        outbox.page(sub, &Page { events, head });
    }
}

/// Begins what is followed, with the events of the commit that started it. To be done before the hubs hear of them.
pub(crate) fn begin(followed: &[Followed], events: &[Arc<StoredEvent>]) {
    if followed.is_empty() {
        return;
    }
    let mut begins: HashMap<&TopicKey, Vec<Arc<StoredEvent>>> =
        followed.iter().map(|followed| (&followed.key, Vec::new())).collect();
    for event in events {
        if let Some(begin) = begins.get_mut(&event.key) {
            begin.push(Arc::clone(event));
        }
    }
    for Followed { follower, key } in followed {
        follower.begin(key, begins.remove(key).unwrap_or_default());
    }
}
