//! Credits and monthly allowances.

use super::ids::{CvId, TransactionId};
use super::status::TransactionType;
use crate::{TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A person's credits (cv R48: balance = purchased + gifted + refunded - used).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CreditBalance {
    /// What can be spent.
    pub balance: i32,
    /// Bought in all.
    pub total_purchased: i32,
    /// Spent in all.
    pub total_used: i32,
    /// Given back in all.
    pub total_refunded: i32,
    /// Given in all.
    pub total_gifted: i32,
    /// The full mark of a gauge.
    pub balance_after_last_purchase: i32,
}

/// A feature's use in the current month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct UsageCounter {
    /// The feature (`generate_cv`).
    pub feature_name: String,
    /// Uses in this period.
    pub count: i32,
    /// Uses that the plan includes a period; -1 = unlimited.
    pub usage_limit: i32,
    /// Begin of the period.
    pub period_start: Timestamp,
    /// End of the period: the counter starts again.
    pub period_end: Timestamp,
}

/// The plan that a person is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct PlanSummary {
    /// Its id.
    pub id: i32,
    /// Its name (`free`).
    pub name: String,
    /// 0 free, 1 basic, 2 pro, …
    pub tier: i32,
    /// Whether it costs nothing.
    pub is_free: bool,
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CreditTransaction {
    /// Its id.
    pub id: TransactionId,
    /// Credits, negative where spent.
    pub amount: i32,
    /// What it stands for.
    #[serde(rename = "type")]
    pub kind: TransactionType,
    /// The feature.
    pub feature_name: Option<String>,
    /// The task.
    pub task_id: Option<TaskId>,
    /// The CV.
    pub cv_file_id: Option<CvId>,
    /// Whether a refund row gives this one back.
    pub refunded: bool,
    /// For a refund: the row that it gives back.
    pub related_transaction_id: Option<TransactionId>,
    /// When.
    pub created_at: Timestamp,
}
