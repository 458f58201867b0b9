//! What AI work costs: prices, usage, single calls, alerts. For administrators.

use crate::{TaskId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Prices of a model, US dollars per million tokens (a row of `openai_pricing`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ModelPricing {
    /// The model, as the endpoint names it.
    pub model_name: String,
    /// Tokens read.
    pub input_price_per_m_token: f64,
    /// Tokens written.
    pub output_price_per_m_token: f64,
    /// Tokens read from the endpoint's cache.
    pub cache_price_per_m_token: f64,
    /// Tokens read in the priority tier; null: the normal price.
    #[serde(default)]
    pub input_price_per_m_token_priority: Option<f64>,
    /// Tokens written in the priority tier; null: the normal price.
    #[serde(default)]
    pub output_price_per_m_token_priority: Option<f64>,
    /// Tokens from the cache in the priority tier; null: the normal price.
    #[serde(default)]
    pub cache_price_per_m_token_priority: Option<f64>,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether the price is in force; a model without one counts as free and raises an alert (cv R66).
    #[serde(default = "yes")]
    pub is_active: bool,
}

const fn yes() -> bool {
    true
}

/// By what usage is put together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UsageBy {
    /// One row per person, feature, model and day, as stored.
    #[default]
    Row,
    /// One row per UTC day.
    Day,
    /// One row per person.
    User,
    /// One row per AI feature.
    Feature,
    /// One row per model.
    Model,
}

/// Query of `GET /v1/cv/admin/ai/usage`, beside [`super::http::PageQuery`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct UsageQuery {
    /// By what the rows are put together; `row` when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub by: Option<UsageBy>,
    /// From this UTC day on (`2026-11-21`); 30 days ago when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[cfg_attr(feature = "schemars", schemars(extend("format" = "date")))]
    pub from: Option<String>,
    /// To this UTC day, included; today when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[cfg_attr(feature = "schemars", schemars(extend("format" = "date")))]
    pub to: Option<String>,
    /// Only this person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user_id: Option<UserId>,
    /// Only this AI feature's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub feature_name: Option<String>,
    /// Only this model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub model: Option<String>,
}

/// Usage of one group: the fields of the grouping are there, the others null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct UsageSum {
    /// The UTC day (`2026-11-21`).
    pub date: Option<String>,
    /// The person.
    pub user_id: Option<UserId>,
    /// Their address.
    pub email: Option<String>,
    /// The AI feature.
    pub feature_name: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// Tokens read, cached ones included.
    #[ts(type = "number")]
    pub prompt_tokens: i64,
    /// Those from the endpoint's cache.
    #[ts(type = "number")]
    pub cached_tokens: i64,
    /// Tokens written.
    #[ts(type = "number")]
    pub completion_tokens: i64,
    /// Read and written.
    #[ts(type = "number")]
    pub total_tokens: i64,
    /// US dollars.
    pub estimated_cost: f64,
    /// Calls, failed ones included (cv R65).
    #[ts(type = "number")]
    pub calls_count: i64,
}

/// Query of `GET /v1/cv/admin/ai/calls`, beside [`super::http::PageQuery`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct AiCallQuery {
    /// Only this person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user_id: Option<UserId>,
    /// Only this AI feature's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub feature_name: Option<String>,
    /// Only this model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub model: Option<String>,
    /// Only this task's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub task_id: Option<TaskId>,
}

/// One call to a model (a row of `openai_calls`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AiCall {
    /// Its id.
    pub id: String,
    /// On whose behalf.
    pub user_id: UserId,
    /// Their address.
    pub email: Option<String>,
    /// The AI feature.
    pub feature_name: String,
    /// The model that answered.
    pub model: String,
    /// Tokens read, cached ones included.
    pub prompt_tokens: i32,
    /// Those from the endpoint's cache.
    pub cached_tokens: i32,
    /// Tokens written.
    pub completion_tokens: i32,
    /// Read and written.
    pub total_tokens: i32,
    /// US dollars.
    pub estimated_cost: f64,
    /// Milliseconds.
    pub duration: Option<i32>,
    /// Task, step, attempt, tier, how it ended.
    #[ts(type = "unknown")]
    pub metadata: serde_json::Value,
    /// When it ended.
    pub created_at: Timestamp,
}

/// What an alert watches. An open list: a word that the server does not know never fires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CostAlertRule {
    /// Its id; made by the server for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub id: Option<String>,
    /// `user_daily`, `user_monthly`, `global_daily`, `global_monthly`, `feature_daily`, `unknown_model`.
    #[serde(rename = "type")]
    pub kind: String,
    /// US dollars; it fires when the sum passes it (cv R67).
    pub threshold: f64,
    /// Whether it is watched.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// For people.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// Scope and period of its last firing; the server's own.
    #[serde(default)]
    pub last_fired_key: Option<String>,
}

/// A firing: durable `cost.alert` of `admin:costs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CostAlert {
    /// The firing.
    pub id: String,
    /// What the alert watches.
    #[serde(rename = "type")]
    pub kind: String,
    /// The alert's name.
    pub name: String,
    /// Whose sum it is: a user id, a feature, a model, or `global`.
    pub scope: String,
    /// `2026-11-21` or `2026-11`.
    pub period: String,
    /// The sum, US dollars; for `unknown_model` the number of calls.
    pub value: f64,
    /// What it passed, US dollars.
    pub threshold: f64,
    /// When.
    pub fired_at: Timestamp,
}

/// Volatile `cost.tick` of `admin:costs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CostTick {
    /// The UTC day.
    pub date: String,
    /// Its cost so far, US dollars.
    pub cost: f64,
    /// Its calls so far.
    #[ts(type = "number")]
    pub calls: i64,
}

/// A budget with what is used of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct BudgetState {
    /// The setting: `budget_global_daily`, …
    pub setting_name: String,
    /// US dollars.
    pub limit: f64,
    /// Spent in its period so far; for budgets of single people that of who spent most.
    pub spent: f64,
}

/// State of `admin:costs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AdminCosts {
    /// Today so far.
    pub today: CostTick,
    /// The month so far, US dollars.
    pub month_cost: f64,
    /// The budgets that are set.
    pub budgets: Vec<BudgetState>,
    /// The last 100 firings, the newest first.
    pub alerts: Vec<CostAlert>,
}
