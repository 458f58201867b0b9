//! The topics that this node reads, counted over its hubs. A topic whose last reader went is kept for a moment: readers
//! who reconnect cost Redis nothing.

use crate::event::TopicKey;
use crate::limits::BUS_LINGER;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;

#[derive(Debug)]
struct Topic {
    key: TopicKey,
    readers: u32,
    idle_since: Option<Instant>,
}

#[derive(Debug, Default)]
struct Inner {
    topics: HashMap<Arc<str>, Topic>,
    fresh: Vec<Arc<str>>,
    gone: Vec<Arc<str>>,
}

/// What changed since the last look. `gone` comes first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) gone: Vec<Arc<str>>,
    pub(super) fresh: Vec<Arc<str>>,
}

/// The topics.
#[derive(Debug, Default)]
pub(super) struct Interests {
    inner: Mutex<Inner>,
    changed: Notify,
}

impl Interests {
    /// A hub has a reader of a topic.
    pub(super) fn add(&self, channel: Arc<str>, key: &TopicKey) {
        let mut inner = self.inner.lock();
        if let Some(topic) = inner.topics.get_mut(&channel) {
            topic.readers += 1;
            topic.idle_since = None;
            return;
        }
        inner.topics.insert(Arc::clone(&channel), Topic { key: key.clone(), readers: 1, idle_since: None });
        inner.fresh.push(channel);
        drop(inner);
        self.changed.notify_one();
    }

    /// A hub has no reader of it any more.
    pub(super) fn remove(&self, channel: &str, now: Instant) {
        if let Some(topic) = self.inner.lock().topics.get_mut(channel) {
            topic.readers = topic.readers.saturating_sub(1);
            if topic.readers == 0 {
                topic.idle_since = Some(now);
            }
        }
    }

    /// Lets go of the topics that nobody has read for a while.
    pub(super) fn sweep(&self, now: Instant) {
        let mut inner = self.inner.lock();
        let Inner { topics, gone, .. } = &mut *inner;
        let before = gone.len();
        topics.retain(|channel, topic| {
            let stays = topic.idle_since.is_none_or(|since| now.duration_since(since) < BUS_LINGER);
            if !stays {
                gone.push(Arc::clone(channel));
            }
            stays
        });
        let changed = gone.len() > before;
        drop(inner);
        if changed {
            self.changed.notify_one();
        }
    }

    /// Resolves when something may have changed since the last call.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What changed since the last call.
    pub(super) fn changes(&self) -> Changes {
        let mut inner = self.inner.lock();
        let gone = std::mem::take(&mut inner.gone);
        let mut fresh = std::mem::take(&mut inner.fresh);
        fresh.retain(|channel| inner.topics.contains_key(channel));
        Changes { gone, fresh }
    }

    /// All of them, for a new connection: nothing has changed since.
    pub(super) fn all(&self) -> Vec<Arc<str>> {
        let mut inner = self.inner.lock();
        inner.gone.clear();
        inner.fresh.clear();
        inner.topics.keys().cloned().collect()
    }

    /// The topic of a channel.
    pub(super) fn key(&self, channel: &str) -> Option<TopicKey> {
        self.inner.lock().topics.get(channel).map(|topic| topic.key.clone())
    }

    pub(super) fn len(&self) -> usize {
        self.inner.lock().topics.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use estafette_protocol::{ProductId, Topic};

    fn key() -> TopicKey {
        TopicKey { product: ProductId::parse("toy").unwrap(), topic: Topic::parse("app").unwrap() }
    }

    #[test]
    fn a_topic_is_kept_while_any_hub_reads_it_and_a_moment_longer() {
        let (interests, now) = (Interests::default(), Instant::now());
        let channel: Arc<str> = "c".into();
        interests.add(Arc::clone(&channel), &key());
        interests.add(Arc::clone(&channel), &key());
        assert_eq!(interests.changes(), Changes { gone: vec![], fresh: vec![Arc::clone(&channel)] });
        interests.remove(&channel, now);
        interests.sweep(now + BUS_LINGER * 2);
        assert_eq!(interests.changes(), Changes::default(), "another hub still reads it");
        interests.remove(&channel, now);
        interests.sweep(now + BUS_LINGER / 2);
        assert_eq!(interests.changes(), Changes::default(), "who comes back within the moment costs nothing");
        interests.sweep(now + BUS_LINGER);
        assert_eq!(interests.changes(), Changes { gone: vec![Arc::clone(&channel)], fresh: vec![] });
        assert_eq!(interests.key("c"), None);
        interests.remove("c", now);
    }

    #[test]
    fn a_topic_that_came_and_went_between_two_looks_is_not_subscribed_to() {
        let (interests, now) = (Interests::default(), Instant::now());
        interests.add("c".into(), &key());
        interests.remove("c", now);
        interests.sweep(now + BUS_LINGER);
        assert_eq!(interests.changes(), Changes { gone: vec!["c".into()], fresh: vec![] });
        interests.add("c".into(), &key());
        assert_eq!(interests.all(), vec![Arc::from("c")]);
        assert_eq!(interests.changes(), Changes::default());
    }
}
