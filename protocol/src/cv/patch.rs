//! RFC 6902 patches of a CV's content.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// A patch: operations applied in order, all or none.
pub type JsonPatch = Vec<PatchOperation>;

/// One operation (RFC 6902). Paths are JSON pointers (RFC 6901) into the CV's content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum PatchOperation {
    /// Puts a value at a path; in an array before the item there, `-` = at the end.
    Add {
        /// Where.
        path: String,
        /// What.
        #[ts(type = "unknown")]
        value: Value,
    },
    /// Takes the value at a path away.
    Remove {
        /// Where.
        path: String,
    },
    /// Puts another value in the place of the one at a path.
    Replace {
        /// Where.
        path: String,
        /// What.
        #[ts(type = "unknown")]
        value: Value,
    },
    /// Takes a value away and adds it elsewhere.
    Move {
        /// From where.
        from: String,
        /// To where.
        path: String,
    },
    /// Adds a copy of a value elsewhere.
    Copy {
        /// From where.
        from: String,
        /// To where.
        path: String,
    },
    /// Refuses the whole patch unless the value at a path is this one.
    Test {
        /// Where.
        path: String,
        /// What is expected.
        #[ts(type = "unknown")]
        value: Value,
    },
}
