//! Events of `cv:{id}`.

use crate::cv::change::Change;
use crate::cv::ids::{ChangeId, JobOfferId};
use crate::cv::patch::PatchOperation;
use crate::cv::status::{AiStatus, ChangeAction, ChangeType, Decision};
use crate::{DeviceId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// Who changed a CV.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ChangedBy {
    /// The person; null = the server, on behalf of a task.
    pub user: Option<UserId>,
    /// Their device, where known.
    pub device: Option<DeviceId>,
}

/// Durable `cv.changed`: the content changed. Apply `patch` to the content of `rev - 1`; a reader that holds another
/// revision subscribes again without `since`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvChanged {
    /// The revision after it.
    #[ts(type = "number")]
    pub rev: i64,
    /// Who.
    pub by: ChangedBy,
    /// What (RFC 6902).
    pub patch: Vec<PatchOperation>,
    /// The current version.
    pub content_version: i32,
}

/// Durable `cv.version`: a version was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvVersionKept {
    /// Its number, from 1.
    pub version: i32,
    /// What made it; null = the original, or made by hand.
    pub change_type: Option<ChangeType>,
    /// What changed, for people.
    pub changelog: Option<String>,
    /// For an adaptation: the source CV's file name.
    pub source_file: Option<String>,
    /// The score at that moment.
    pub match_score: Option<i32>,
    /// Versions that were dropped to make room (cv R27).
    pub pruned: Vec<i32>,
}

/// Durable `cv.optimise`: an optimisation's state changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvOptimise {
    /// Where it stands.
    pub status: AiStatus,
    /// Why it failed, for people.
    pub error: Option<String>,
    /// When.
    pub updated_at: Timestamp,
}

/// Durable `cv.changes_proposed`: changes wait for review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ChangesProposed {
    /// The version that they are shown against.
    pub pending_source_version: i32,
    /// The changes; the content already holds them.
    pub changes: Vec<Change>,
}

/// Durable `cv.change_decided`. A rejection also changes the content: a `cv.changed` with the same `rev` tells how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ChangeDecided {
    /// The change.
    pub change_id: ChangeId,
    /// Its field.
    pub field: String,
    /// The value before it.
    #[ts(type = "unknown")]
    pub before: Value,
    /// The value after it.
    #[ts(type = "unknown")]
    pub after: Value,
    /// Why it was proposed.
    pub reason: String,
    /// What it does.
    pub action: ChangeAction,
    /// How it was decided.
    pub decision: Decision,
    /// The content's revision after the decision.
    #[ts(type = "number")]
    pub rev: i64,
    /// Changes that still wait.
    pub remaining: u32,
}

/// Durable `cv.state`: these fields of the CV, as they are now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvStateChanged {
    /// Whether it is blocked.
    pub blocked: bool,
    /// Why.
    pub blocked_reason: Option<String>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// The offer that it is scored against.
    pub job_offer_id: Option<JobOfferId>,
    /// Its name.
    pub filename: String,
}

/// Volatile `cv.score_progress`, key `cv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvScoreProgress {
    /// Share of the work that is done, 0 to 1.
    pub fraction: f64,
    /// The section that is being looked at.
    pub section: Option<String>,
}
