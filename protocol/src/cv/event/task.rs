//! Events of `task:{id}`: what every product has, and beside it the CV product's own fields.

use crate::cv::ids::{CvId, JobOfferId};
use crate::cv::task::StepReport;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Durable `task.queued`, `task.started`, `task.completed`, `task.failed`, `task.cancelled`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[ts(rename = "CvTaskEvent")]
pub struct TaskEvent {
    /// The fields of every product.
    #[serde(flatten)]
    pub task: crate::task::TaskEvent,
    /// The product's own.
    #[serde(flatten)]
    pub counts: TaskCounts,
}

/// What the task events of this product add. A field that the event does not change may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TaskCounts {
    /// Credits taken so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub credits_debited: Option<i32>,
    /// Credits given back so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub credits_refunded: Option<i32>,
    /// Offers in state `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub completed_offers: Option<u32>,
    /// Offers in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub total_offers: Option<u32>,
}

/// Where a step of a generation belongs. Missing for steps of the whole task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StepLabels {
    /// The offer, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub offer_index: Option<u32>,
    /// The experience or project, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub item_index: Option<u32>,
}

/// Durable `step.started`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[ts(rename = "CvStepStarted")]
pub struct StepStarted {
    /// The fields of every product.
    #[serde(flatten)]
    pub step: crate::task::StepStarted,
    /// Where it belongs.
    #[serde(flatten)]
    pub labels: StepLabels,
}

/// Durable `step.completed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[ts(rename = "CvStepCompleted")]
pub struct StepCompleted {
    /// The fields of every product.
    #[serde(flatten)]
    pub step: crate::task::StepCompleted,
    /// Where it belongs.
    #[serde(flatten)]
    pub labels: StepLabels,
    /// Model, tokens, cost, modifications.
    #[serde(flatten)]
    pub report: StepReport,
}

/// Durable `step.failed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[ts(rename = "CvStepFailed")]
pub struct StepFailed {
    /// The fields of every product.
    #[serde(flatten)]
    pub step: crate::task::StepFailed,
    /// Where it belongs.
    #[serde(flatten)]
    pub labels: StepLabels,
    /// Model, tokens and cost of the attempt.
    #[serde(flatten)]
    pub report: StepReport,
}

/// Durable `offer.extracted`: the offer's facts are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct OfferExtracted {
    /// The offer's lane, from 0.
    pub offer_index: u32,
    /// The stored offer.
    pub job_offer_id: JobOfferId,
    /// The job's title.
    pub title: Option<String>,
    /// Who offers it.
    pub company: Option<String>,
    /// Whether it had been read before (cv R16).
    pub reused: bool,
}

/// Durable `offer.completed`: the offer's CV exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct OfferCompleted {
    /// The offer's lane, from 0.
    pub offer_index: u32,
    /// The stored offer; null for an optimisation without one.
    pub job_offer_id: Option<JobOfferId>,
    /// The CV that was made or changed.
    pub generated_cv_file_id: CvId,
    /// Its name.
    pub generated_cv_file_name: String,
}

/// Durable `offer.failed` and `offer.cancelled`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct OfferEnded {
    /// The offer's lane, from 0.
    pub offer_index: u32,
    /// Why, for people; null when cancelled.
    pub error: Option<String>,
    /// Whether its unit was given back.
    pub refunded: bool,
    /// Retries by `task.retry` so far.
    pub retry_count: u32,
}

/// Volatile `test.live` of a task of `task.test`: one of the events that it was asked to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TestLive {
    /// Its number: 0, 1, 2, … of this task.
    #[ts(type = "number")]
    pub n: u64,
    /// The time for which it was meant, Unix time in microseconds: a server that falls behind cannot hide it.
    #[ts(type = "number")]
    pub at_us: u64,
    /// As much text as was asked for.
    pub text: String,
}

/// Volatile `task.progress`, key `task`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[ts(rename = "CvTaskProgress")]
pub struct TaskProgress {
    /// The fields of every product.
    #[serde(flatten)]
    pub progress: crate::task::TaskProgress,
    /// Offers that have ended, however (cv D27). May be missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub processed_offers: Option<u32>,
}
