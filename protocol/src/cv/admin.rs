//! Administration: people, settings, tasks.

use super::status::{Role, SettingCategory};
use super::task::TaskView;
use crate::{NodeId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// No parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Nothing {}

/// A person, as administrators see them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AdminUser {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// What they may do.
    pub role: Role,
    /// When the address was confirmed.
    pub email_verified: Option<Timestamp>,
    /// Their plan's name; that of everybody without a subscription where they have none.
    pub plan_name: Option<String>,
    /// Their credits.
    pub balance: i32,
    /// Their CVs.
    #[ts(type = "number")]
    pub cvs: i64,
    /// What AI work cost for them this UTC month, US dollars.
    pub month_cost: f64,
    /// When they signed up.
    pub created_at: Timestamp,
}

/// Query of `GET /v1/cv/admin/users`, beside [`super::http::PageQuery`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct AdminUserQuery {
    /// Only whose address contains this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub email: Option<String>,
    /// Only with this role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub role: Option<Role>,
    /// Only on the plan of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub plan: Option<String>,
}

/// Parameters of `admin.user_set`: what is missing stays. Result: [`AdminUser`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SetUser {
    /// Who.
    pub id: UserId,
    /// What they may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub role: Option<Role>,
    /// Their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// `true`: the address counts as confirmed from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub email_verified: Option<bool>,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Setting {
    /// Its name.
    pub setting_name: String,
    /// Its value, a text; empty: not set.
    pub value: String,
    /// Its group.
    pub category: SettingCategory,
    /// For people.
    pub description: Option<String>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Parameters of `admin.settings_set`: all or none. Result: all settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SetSettings {
    /// Name to new value.
    pub values: BTreeMap<String, String>,
}

/// The tasks of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct QueueOfKind {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// Waiting for a node.
    #[ts(type = "number")]
    pub queued: i64,
    /// At work, on all nodes.
    #[ts(type = "number")]
    pub running: i64,
    /// How long the oldest one has waited, seconds.
    pub oldest_s: f64,
}

/// Volatile `queue.depth` of `admin:tasks`, one key per node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct QueueDepth {
    /// The node that looked.
    pub node: Option<NodeId>,
    /// Waiting, in the whole cluster.
    #[ts(type = "number")]
    pub queued: i64,
    /// At work on this node; in the snapshot, on all nodes.
    #[ts(type = "number")]
    pub running: i64,
    /// How long the oldest one has waited, seconds.
    pub oldest_s: f64,
    /// By kind, in the whole cluster.
    pub kinds: Vec<QueueOfKind>,
}

/// State of `admin:tasks`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AdminTasks {
    /// The queues.
    pub depth: QueueDepth,
    /// The last 100 tasks, the newest first.
    pub items: Vec<TaskView>,
}
