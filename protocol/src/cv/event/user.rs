//! Events of `user:{id}` (and, for tasks without owner, of `device:{id}`).

use crate::cv::ids::{CvId, JobOfferId, TransactionId};
use crate::cv::status::{AiStatus, CreatedBy, NoticeLevel, OfferSourceType, SourceType, TransactionType};
use crate::{DeviceId, TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// Durable `task.queued`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[ts(rename = "UserTaskQueued")]
pub struct TaskQueued {
    /// The fields of every product.
    #[serde(flatten)]
    pub task: crate::task::TaskQueued,
    /// For people.
    pub title: String,
    /// File name of the CV that it works on.
    #[serde(default)]
    pub cv_file: Option<String>,
    /// Whether credits paid for some of it.
    pub credit_used: bool,
    /// The feature whose units it takes.
    #[serde(default)]
    pub feature_name: Option<String>,
    /// Offers of a generation; 0 for other kinds.
    pub total_offers: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
}

/// Durable `task.finished`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[ts(rename = "UserTaskFinished")]
pub struct TaskFinished {
    /// The fields of every product.
    #[serde(flatten)]
    pub task: crate::task::TaskFinished,
    /// For people, once completed.
    #[serde(default)]
    pub success_message: Option<String>,
    /// Whether its end changed the list of CVs.
    pub should_update_cv_list: bool,
}

/// Durable `credits.changed`: one row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CreditsChanged {
    /// The balance after it.
    pub balance: i32,
    /// The row's amount, negative where spent.
    pub amount: i32,
    /// What it stands for.
    #[serde(rename = "type")]
    pub kind: TransactionType,
    /// The row.
    pub transaction_id: TransactionId,
    /// The feature.
    pub feature_name: Option<String>,
    /// The task.
    pub task_id: Option<TaskId>,
    /// For a refund: the row that it gives back.
    pub related_transaction_id: Option<TransactionId>,
}

/// Durable `cv.created`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvCreated {
    /// The CV.
    pub id: CvId,
    /// Its name.
    pub filename: String,
    /// How it was made; null = by hand.
    pub created_by: Option<CreatedBy>,
    /// Where the material came from.
    pub source_type: Option<SourceType>,
    /// The offer that it is for.
    pub job_offer_id: Option<JobOfferId>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// Whether it is a translation.
    pub is_translated: bool,
    /// Its current version.
    pub content_version: i32,
    /// Name and headline of the person, read from the content, for lists.
    #[serde(default)]
    pub title: Option<String>,
    /// Changes that wait for a decision.
    #[serde(default)]
    pub pending_count: u32,
}

/// Durable `cv.deleted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvDeleted {
    /// The CV.
    pub id: CvId,
    /// Its name.
    pub filename: String,
}

/// Durable `cv.blocked` and `cv.unblocked` (cv R52).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvBlocked {
    /// The CV.
    pub id: CvId,
    /// Its name.
    pub filename: String,
    /// Why; null when unblocked.
    pub blocked_reason: Option<String>,
    /// Since when; null when unblocked.
    pub blocked_at: Option<Timestamp>,
}

/// Durable `cv.listed`: a CV's row in the list changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvListed {
    /// The CV.
    pub id: CvId,
    /// Its name.
    pub filename: String,
    /// Its score, 0 to 100.
    pub match_score: Option<i32>,
    /// Where its score stands.
    pub match_score_status: AiStatus,
    /// Where its optimisation stands.
    pub optimise_status: AiStatus,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Name and headline of the person, read from the content, for lists.
    #[serde(default)]
    pub title: Option<String>,
    /// Changes that wait for a decision.
    #[serde(default)]
    pub pending_count: u32,
}

/// Durable `job_offer.created` and `job_offer.deleted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct JobOfferEvent {
    /// The offer.
    pub id: JobOfferId,
    /// Where it came from.
    pub source_type: OfferSourceType,
    /// The URL, the PDF's file name, or `text:` and 16 hex digits.
    pub source_value: String,
    /// The job's title.
    pub title: Option<String>,
    /// Who offers it.
    pub company: Option<String>,
}

/// Durable `notice`: something that a person should read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Notice {
    /// How loud.
    pub level: NoticeLevel,
    /// The word that programs match on.
    pub code: String,
    /// For people.
    pub text: String,
    /// Particulars.
    #[serde(default)]
    #[ts(type = "unknown")]
    pub data: Value,
}

/// Durable `signed_out`: a session of this person was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SignedOut {
    /// On which device; null = on all.
    pub device: Option<DeviceId>,
    /// Why.
    pub reason: String,
}
