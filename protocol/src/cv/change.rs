//! Proposed changes of a CV and their review.

use super::ids::ChangeId;
use super::status::{ChangeAction, ChangeStatus};
use crate::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// A proposed change (cv R28). The CV's content already holds `after`; rejecting puts `before` back at `path`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Change {
    /// Its id, unique within the CV.
    pub id: ChangeId,
    /// The section (`work`, `basics`, `skills`, …).
    pub section: String,
    /// The field within the section or item (`summary`).
    pub field: String,
    /// Which item of the section, from 0; null for a section that is no list.
    pub item_index: Option<u32>,
    /// JSON pointer (RFC 6901) to the value in the content.
    pub path: String,
    /// The value before; null where there was none.
    #[ts(type = "unknown")]
    pub before: Value,
    /// The value now; null where it was removed.
    #[ts(type = "unknown")]
    pub after: Value,
    /// Why, for people.
    pub reason: String,
    /// What it does.
    pub action: ChangeAction,
    /// Where it stands.
    pub status: ChangeStatus,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
}

/// What a step did to one field: a change that has no place in a stored CV yet (`step.completed`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Modification {
    /// The field.
    pub field: String,
    /// The value before.
    #[ts(type = "unknown")]
    pub before: Value,
    /// The value after.
    #[ts(type = "unknown")]
    pub after: Value,
    /// Why, for people.
    pub reason: String,
    /// What it does.
    pub action: ChangeAction,
}

/// One decision of a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ReviewDecision {
    /// The change.
    pub change_id: ChangeId,
    /// Keep it (true) or put the old value back (false).
    pub accept: bool,
}
