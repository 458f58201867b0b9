//! Events: what is appended, and what travels.

use estafette_protocol::{EventKind, ProductId, Topic};
use serde_json::Value;

/// An event that has no number yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// The product, the first half of the log's key.
    pub product: ProductId,
    /// The topic, the second half.
    pub topic: Topic,
    /// What happened.
    pub kind: EventKind,
    /// The particulars.
    pub data: Value,
}
