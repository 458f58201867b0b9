//! CVs and their versions.

use super::change::Change;
use super::ids::{CvId, JobOfferId, TransactionId, VersionId};
use super::score::ScoreState;
use super::status::{AiStatus, ChangeType, CreatedBy, SourceType};
use crate::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// A CV without its content: a row of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvSummary {
    /// Its id.
    pub id: CvId,
    /// Its name, unique per person.
    pub filename: String,
    /// Name and headline of the person, read from the content, for lists.
    pub title: Option<String>,
    /// The current version, from 1.
    pub content_version: i32,
    /// +1 on every change of the content: what `cv.update` must name.
    #[ts(type = "number")]
    pub content_rev: i64,
    /// Where the material came from.
    pub source_type: Option<SourceType>,
    /// URL, file name or job title.
    pub source_value: Option<String>,
    /// The offer that it is scored against.
    pub job_offer_id: Option<JobOfferId>,
    /// How it was made; null = by hand.
    pub created_by: Option<CreatedBy>,
    /// For a translation: how the original was made.
    pub original_created_by: Option<CreatedBy>,
    /// ISO 639-1, lower case.
    pub language: Option<String>,
    /// Whether it is a translation.
    pub is_translated: bool,
    /// 0 to 100.
    pub match_score: Option<i32>,
    /// The score before the last optimisation.
    pub score_before: Option<i32>,
    /// `idle` with a score: the score is outdated.
    pub match_score_status: AiStatus,
    /// Where an optimisation stands; `done`: changes wait for review.
    pub optimise_status: AiStatus,
    /// Changes that wait for a decision.
    pub pending_count: u32,
    /// Whether a credit paid for it.
    pub created_with_credit: bool,
    /// A blocked CV can only be listed, read and deleted (cv R19).
    pub blocked: bool,
    /// When it was blocked.
    pub blocked_at: Option<Timestamp>,
    /// `plan_limit`, or an administrator's text.
    pub blocked_reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A CV with its content, score and open changes: the snapshot of `cv:{id}` and what the calls on a CV return.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvFile {
    /// The fields of the list.
    #[serde(flatten)]
    pub summary: CvSummary,
    /// The document.
    #[ts(type = "JsonResume")]
    pub content: Value,
    /// The score and what explains it.
    pub score: ScoreState,
    /// When the optimisation's state last changed.
    pub optimise_updated_at: Option<Timestamp>,
    /// Proposed changes, decided ones included until the last is decided; empty when nothing is under review.
    pub pending_changes: Vec<Change>,
    /// The version that the changes are shown against.
    pub pending_source_version: Option<i32>,
    /// When a credit paid for it.
    pub credit_used_at: Option<Timestamp>,
    /// The ledger row that paid for it.
    pub credit_transaction_id: Option<TransactionId>,
}

/// A kept version without its content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvVersionSummary {
    /// Its id.
    pub id: VersionId,
    /// Its number, from 1.
    pub version: i32,
    /// What changed, for people.
    pub changelog: Option<String>,
    /// What made it; null = the original, or made by hand.
    pub change_type: Option<ChangeType>,
    /// For an adaptation: the source CV's file name.
    pub source_file: Option<String>,
    /// The score at that moment, 0 to 100.
    pub match_score: Option<i32>,
    /// When it was kept.
    pub created_at: Timestamp,
}

/// A kept version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvVersion {
    /// The fields of the list.
    #[serde(flatten)]
    pub summary: CvVersionSummary,
    /// The document as it was.
    #[ts(type = "JsonResume")]
    pub content: Value,
}
