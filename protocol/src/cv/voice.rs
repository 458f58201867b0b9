//! What people tell us: feedback, consents, telemetry, how far their introduction is.

use super::status::{ConsentAction, FeedbackStatus, TelemetryStatus};
use crate::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use ts_rs::TS;

/// Parameters of `feedback.send`. Result: [`Feedback`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SendFeedback {
    /// 1 to 5 (cv R70).
    #[cfg_attr(feature = "schemars", schemars(range(min = 1, max = 5)))]
    pub rating: i32,
    /// At most 500 characters (cv R70).
    #[cfg_attr(feature = "schemars", schemars(length(max = 500)))]
    pub comment: String,
    /// Whether something is broken.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub is_bug_report: bool,
    /// File name of the CV that was open; at most 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[cfg_attr(feature = "schemars", schemars(length(max = 255)))]
    pub current_cv_file: Option<String>,
    /// The browser; at most 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[cfg_attr(feature = "schemars", schemars(length(max = 512)))]
    pub user_agent: Option<String>,
    /// The page; at most 2048 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[cfg_attr(feature = "schemars", schemars(length(max = 2048)))]
    pub page_url: Option<String>,
}

/// What somebody told us. Durable `feedback.created` and `feedback.changed` of `admin:feedback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Feedback {
    /// Its id.
    pub id: String,
    /// Who.
    pub user_id: UserId,
    /// Their address.
    pub email: Option<String>,
    /// 1 to 5.
    pub rating: i32,
    /// The text.
    pub comment: String,
    /// Whether something is broken.
    pub is_bug_report: bool,
    /// File name of the CV that was open.
    pub current_cv_file: Option<String>,
    /// The browser.
    pub user_agent: Option<String>,
    /// The page.
    pub page_url: Option<String>,
    /// What became of it.
    pub status: FeedbackStatus,
    /// When.
    pub created_at: Timestamp,
}

/// Query of `GET /v1/cv/admin/feedback`, beside [`super::http::PageQuery`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FeedbackQuery {
    /// Only with this status.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<FeedbackStatus>,
    /// `true`: only reports of defects; `false`: only others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub is_bug_report: Option<FlagText>,
}

/// A yes or no in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FlagText {
    /// Yes.
    True,
    /// No.
    False,
}

/// Parameters of `admin.feedback_set`. Result: [`Feedback`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SetFeedback {
    /// Which.
    #[cfg_attr(feature = "schemars", schemars(length(max = 128)))]
    pub id: String,
    /// new → reviewed → resolved; new → resolved; resolved → reviewed.
    pub status: FeedbackStatus,
}

/// State of `admin:feedback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AdminFeedback {
    /// Not looked at.
    #[ts(type = "number")]
    pub new: i64,
    /// Looked at.
    #[ts(type = "number")]
    pub reviewed: i64,
    /// Done.
    #[ts(type = "number")]
    pub resolved: i64,
    /// The last 100, the newest first.
    pub items: Vec<Feedback>,
}

/// What somebody agreed to, by purpose. `necessary` is always true.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ConsentPreferences {
    /// What the service cannot do without.
    #[serde(default = "always")]
    pub necessary: bool,
    /// Comforts.
    #[serde(default)]
    pub functional: bool,
    /// Statistics.
    #[serde(default)]
    pub analytics: bool,
    /// Advertising.
    #[serde(default)]
    pub marketing: bool,
}

const fn always() -> bool {
    true
}

/// Parameters of `consent.set`. Result: [`Consent`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SetConsent {
    /// The choice.
    pub preferences: ConsentPreferences,
}

/// A choice that was made; such rows are only ever added (cv R71). Durable `consent.changed` of `user:{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Consent {
    /// Its id.
    pub id: String,
    /// What it is beside the choices before it.
    pub action: ConsentAction,
    /// The choice; older ones may have other keys.
    pub preferences: BTreeMap<String, bool>,
    /// When.
    pub created_at: Timestamp,
}

/// Something that happened in a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TelemetryItem {
    /// `CV_GENERATED`, `CV_EXPORTED`, …: 1 to 64 of `A-Z a-z 0-9 _ . -`.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "schemars", schemars(regex(pattern = r"^[A-Za-z0-9_.\-]{1,64}$")))]
    pub kind: String,
    /// `cv_management`, `auth`, …: the same form.
    #[cfg_attr(feature = "schemars", schemars(regex(pattern = r"^[A-Za-z0-9_.\-]{1,64}$")))]
    pub category: String,
    /// Particulars, at most 4 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "Record<string, unknown>")]
    pub metadata: Option<Map<String, Value>>,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[cfg_attr(feature = "schemars", schemars(range(min = 0)))]
    pub duration: Option<i32>,
    /// How it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<TelemetryStatus>,
    /// Why it failed; at most 1000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[cfg_attr(feature = "schemars", schemars(length(max = 1000)))]
    pub error: Option<String>,
    /// When, within the last week; now when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub timestamp: Option<Timestamp>,
}

/// Parameters of `telemetry.push`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct PushTelemetry {
    /// 1 to 100.
    #[cfg_attr(feature = "schemars", schemars(length(min = 1, max = 100)))]
    pub events: Vec<TelemetryItem>,
}

/// Result of `telemetry.push`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TelemetryStored {
    /// Events stored.
    pub stored: u32,
    /// Whether they say whose they are: only with consent to functional or analytics (cv R71).
    pub with_user: bool,
}

/// A stored event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TelemetryRow {
    /// Its id.
    pub id: String,
    /// Whose, where they agreed.
    pub user_id: Option<UserId>,
    /// What.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of which kind.
    pub category: String,
    /// Particulars.
    #[ts(type = "unknown")]
    pub metadata: Value,
    /// Where, where they agreed.
    pub device_id: Option<String>,
    /// Milliseconds.
    pub duration: Option<i32>,
    /// How it went.
    pub status: Option<TelemetryStatus>,
    /// Why it failed.
    pub error: Option<String>,
    /// When.
    pub timestamp: Timestamp,
}

/// Query of `GET /v1/cv/admin/telemetry`, beside [`super::http::PageQuery`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TelemetryQuery {
    /// Only of this type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub kind: Option<String>,
    /// Only of this category.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub category: Option<String>,
    /// Only with this status.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<TelemetryStatus>,
    /// Only this person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user_id: Option<UserId>,
}

/// How far somebody's introduction is. Further keys are kept. Durable `onboarding.changed` of `user:{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OnboardingState {
    /// The step, from 0; it never goes back unless the introduction begins again.
    pub current_step: u32,
    /// Seen to its end; final.
    pub has_completed: bool,
    /// Left out; final.
    pub is_skipped: bool,
    /// Particulars, such as `timestamps`.
    #[serde(flatten)]
    pub other: super::resume::OtherKeys,
}

/// Parameters of `onboarding.set`. Result: [`OnboardingState`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SetOnboarding {
    /// The whole new state, at most 16 KiB.
    pub state: OnboardingState,
    /// Begin again: an earlier step is allowed, and nothing is final.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub restart: bool,
}

/// Durable `notices.read` of `user:{id}`: all notices up to here were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct NoticesRead {
    /// Up to when.
    pub at: Timestamp,
}
