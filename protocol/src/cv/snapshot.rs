//! The state of each topic: what a `snap` carries.

use super::account::User;
use super::billing::SubscriptionView;
use super::credits::{CreditBalance, PlanSummary, UsageCounter};
use super::event::user::Notice;
use super::file::{CvFile, CvSummary, CvVersionSummary};
use super::task::{GenerationOffer, StepView, TaskView};
use crate::task::TaskProgress;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// State of `user:{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct UserState {
    /// The person.
    pub user: User,
    /// Their credits.
    pub credits: CreditBalance,
    /// Their plan; null where none is set up.
    pub plan: Option<PlanSummary>,
    /// Their subscription; null where no plan is set up.
    #[serde(default)]
    pub subscription: Option<SubscriptionView>,
    /// Their use of each feature this month.
    pub counters: Vec<UsageCounter>,
    /// Their tasks that are not terminal, the newest first.
    pub tasks: Vec<TaskView>,
    /// Their CVs without content, the newest first.
    pub cvs: Vec<CvSummary>,
    /// Notices that were not read.
    pub notices: Vec<Notice>,
    /// How far their introduction is; missing before its first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub onboarding: Option<super::voice::OnboardingState>,
}

/// State of `device:{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DeviceState {
    /// Tasks without owner that this device started and that are not terminal.
    pub tasks: Vec<TaskView>,
}

/// State of `task:{id}`; also the answer of `GET /v1/tasks/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TaskState {
    /// The task.
    pub task: TaskView,
    /// Its offers by `offer_index`; empty for kinds without.
    pub offers: Vec<GenerationOffer>,
    /// Its steps, in the order in which they were planned.
    pub steps: Vec<StepView>,
    /// The newest progress that the server knows; null when it knows none.
    pub progress: Option<TaskProgress>,
}

/// State of `cv:{id}`; also the answer of `GET /v1/cv/files/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CvState {
    /// The CV.
    pub file: CvFile,
    /// Its kept versions, the newest first.
    pub versions: Vec<CvVersionSummary>,
}

/// State of `app`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AppState {
    /// Everybody but administrators gets `unavailable` (cv R7).
    pub maintenance_mode: bool,
    /// Whether new people can sign up (cv R1).
    pub registration_enabled: bool,
}
