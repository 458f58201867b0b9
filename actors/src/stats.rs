//! What the runtime counts about itself, for whoever collects metrics.
//!
//! Things that happen are counted where they happen. What *is* (depths of queues, readers that are behind) is looked
//! up when somebody asks, so that it costs nothing in between.

use crate::session::registry::Sessions;
use std::sync::atomic::{AtomicU64, Ordering};

/// Volatile events that a newer one replaced; of the process, as an outbox is gone before anybody asks it.
pub(crate) static LIVE_COALESCED: AtomicU64 = AtomicU64::new(0);
/// Volatile events that were dropped for readers that were behind.
pub(crate) static LIVE_DROPPED: AtomicU64 = AtomicU64::new(0);

/// Looks up what is waiting for the readers of this node.
pub(crate) fn report(sessions: &Sessions) {
    let (mut subscriptions, mut behind, mut bytes, mut most) = (0, 0, 0, 0);
    for socket in sessions.sockets() {
        let depth = socket.outbox.depth();
        subscriptions += depth.subscriptions;
        behind += depth.behind;
        bytes += depth.bytes;
        most = most.max(depth.bytes);
    }
    metrics::gauge!("estafette_subscriptions").set(subscriptions as f64);
    metrics::gauge!("estafette_subscriptions_behind").set(behind as f64);
    metrics::gauge!("estafette_outbox_bytes").set(bytes as f64);
    metrics::gauge!("estafette_outbox_bytes_max").set(most as f64);
    metrics::counter!("estafette_live_coalesced_total").absolute(LIVE_COALESCED.load(Ordering::Relaxed));
    metrics::counter!("estafette_live_dropped_total").absolute(LIVE_DROPPED.load(Ordering::Relaxed));
}
