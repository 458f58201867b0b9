//! The bus of a single node: everything is delivered here, at once.

use super::{Bus, BusHealth, LocalNode, Signal};
use crate::event::{LiveEvent, StoredEvent, TopicKey};
use std::sync::Arc;

/// A bus that ends at this node.
pub struct InProcess {
    node: Arc<LocalNode>,
}

impl InProcess {
    /// A bus for a node.
    pub const fn new(node: Arc<LocalNode>) -> Self {
        Self { node }
    }
}

#[async_trait::async_trait(?Send)]
impl Bus for InProcess {
    fn publish(&self, events: Arc<[Arc<StoredEvent>]>) {
        self.node.deliver(&events);
    }
    fn publish_live(&self, event: Arc<LiveEvent>) {
        self.node.deliver_live(&event);
    }
    fn signal(&self, signal: Signal) {
        self.node.hear(&signal);
    }
    fn interest(&self, _key: &TopicKey, _on: bool) {}
    fn health(&self) -> BusHealth {
        BusHealth::InProcess
    }
}
