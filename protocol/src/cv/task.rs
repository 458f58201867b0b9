//! Tasks of the CV product with their offers and steps.

use super::change::Modification;
use super::ids::{CvId, JobOfferId, OfferRunId};
use super::status::{GenerationMode, OfferStatus, TaskType};
use crate::task::{StepStatus, TaskStatus};
use crate::{DeviceId, StepKey, TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// A task, as lists, calls and snapshots show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TaskView {
    /// Its id.
    pub id: TaskId,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: TaskType,
    /// For people.
    pub title: String,
    /// Where it stands.
    pub status: TaskStatus,
    /// Runs, 1 at first, +1 with each `task.retry`.
    pub attempt: u32,
    /// For people, once completed.
    pub success_message: Option<String>,
    /// Why it failed, for people.
    pub error: Option<String>,
    /// What it returned.
    #[ts(type = "unknown")]
    pub result: Value,
    /// Whether its end changes the list of CVs.
    pub should_update_cv_list: bool,
    /// File name of the CV that it works on.
    pub cv_file: Option<String>,
    /// Id of the CV that it works on.
    pub source_cv_id: Option<CvId>,
    /// Where it was started.
    pub device_id: Option<DeviceId>,
    /// Whether credits paid for some of it.
    pub credit_used: bool,
    /// The feature whose units it takes.
    pub feature_name: Option<String>,
    /// What a generation does; null for other kinds.
    pub mode: Option<GenerationMode>,
    /// Offers of a generation; 0 for other kinds.
    pub total_offers: u32,
    /// Offers in state `completed`.
    pub completed_offers: u32,
    /// Credits taken.
    pub credits_debited: i32,
    /// Credits given back.
    pub credits_refunded: i32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When a node first worked on it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One offer of a generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct GenerationOffer {
    /// Its id.
    pub id: OfferRunId,
    /// Its place in the call's list, from 0: the lane.
    pub offer_index: u32,
    /// Where it stands.
    pub status: OfferStatus,
    /// The page that it was read from.
    pub source_url: Option<String>,
    /// The stored offer, once extracted.
    pub job_offer_id: Option<JobOfferId>,
    /// The offer's title, once extracted.
    pub title: Option<String>,
    /// The offer's company, once extracted.
    pub company: Option<String>,
    /// The CV that was made (or, in mode `optimize`, changed).
    pub generated_cv_file_id: Option<CvId>,
    /// Its file name.
    pub generated_cv_file_name: Option<String>,
    /// Retries by `task.retry`.
    pub retry_count: u32,
    /// Why it failed, for people.
    pub error: Option<String>,
    /// Whether its unit was given back.
    pub credits_refunded: bool,
}

/// One step of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct StepView {
    /// Its key, unique within the task (`batch_experience[0,3]`).
    pub step: StepKey,
    /// What it does: a word of [`super::status::StepType`] for generations; other kinds of task have others.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it stands.
    pub status: StepStatus,
    /// The offer that it belongs to.
    pub offer_index: Option<u32>,
    /// The experience or project that it works on.
    pub item_index: Option<u32>,
    /// The last attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// Share in the progress bar, relative to the other steps.
    pub weight: u32,
    /// Why its last attempt failed, for people.
    pub error: Option<String>,
    /// Time of the last attempt that ended, milliseconds.
    #[ts(type = "number | null")]
    pub duration_ms: Option<u64>,
    /// What its last attempt that ended came to; null before.
    pub report: Option<StepReport>,
}

/// What an attempt of a step reports. All fields may be missing: a step without a model reports none of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StepReport {
    /// The model; `offline` for the built-in rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub model_used: Option<String>,
    /// Tokens sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub prompt_tokens: Option<u32>,
    /// Tokens sent that the provider had in its cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cached_tokens: Option<u32>,
    /// Tokens received.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub completion_tokens: Option<u32>,
    /// US dollars (cv R66).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub estimated_cost: Option<f64>,
    /// What it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub modifications: Option<Vec<Modification>>,
}
