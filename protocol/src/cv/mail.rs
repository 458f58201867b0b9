//! E-mail, as administrators see it: triggers, templates, the log.

use super::status::{EmailProvider, EmailStatus, Lang};
use crate::{TaskId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use ts_rs::TS;

/// What causes an e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct EmailTrigger {
    /// Its id.
    pub id: String,
    /// The word that programs use; unique.
    pub name: String,
    /// For people.
    pub label: String,
    /// When it is pulled.
    pub description: Option<String>,
    /// What a template of it may name, beside `app_name`, `app_url`, `user_name`, `user_email`, `trigger_label`.
    pub variables: Vec<String>,
    /// An open list: `general`, `auth`, `account`, …
    pub category: String,
    /// A picture's name.
    pub icon: Option<String>,
    /// Pulled by the server itself: it cannot be deleted or renamed (cv R61).
    pub is_system: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Body of `POST /v1/cv/admin/email-triggers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct NewEmailTrigger {
    /// 1 to 64 of a-z, 0-9 and _; unique.
    pub name: String,
    /// For people.
    pub label: String,
    /// When it is pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub description: Option<String>,
    /// What its templates may name; none when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub variables: Option<Vec<String>>,
    /// `general` when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub category: Option<String>,
    /// A picture's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub icon: Option<String>,
}

/// Body of `PATCH /v1/cv/admin/email-triggers/{id}`: what is missing stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct EmailTriggerPatch {
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub label: Option<String>,
    /// When it is pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub description: Option<String>,
    /// What its templates may name; a system trigger's stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub variables: Option<Vec<String>>,
    /// An open list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub category: Option<String>,
    /// A picture's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub icon: Option<String>,
}

/// The text of an e-mail in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct EmailText {
    /// The subject, with `{{variables}}`.
    pub subject: String,
    /// The body as HTML, with `{{variables}}`, whose values are escaped.
    pub html_content: String,
}

/// What an e-mail says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct EmailTemplate {
    /// Its id.
    pub id: String,
    /// Its name; unique.
    pub name: String,
    /// The trigger that it is for; null: none.
    pub trigger_id: Option<String>,
    /// The subject, with `{{variables}}`.
    pub subject: String,
    /// The editor's document.
    #[ts(type = "unknown")]
    pub design_json: Value,
    /// The body as HTML, with `{{variables}}`.
    pub html_content: String,
    /// What the texts name.
    pub variables: Vec<String>,
    /// Whether it is used; one of a trigger at most (cv R62).
    pub is_active: bool,
    /// Used where a trigger has no active one; one at most (cv R60).
    pub is_default: bool,
    /// The language of `subject` and `html_content`.
    pub language: Lang,
    /// The same in other languages.
    #[ts(type = "Partial<Record<Lang, EmailText>>")]
    pub translations: BTreeMap<Lang, EmailText>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Body of `POST /v1/cv/admin/email-templates`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct NewEmailTemplate {
    /// Its name; unique.
    pub name: String,
    /// The trigger that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub trigger_id: Option<String>,
    /// The subject.
    pub subject: String,
    /// The editor's document; an empty one when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "unknown")]
    pub design_json: Option<Value>,
    /// The body as HTML.
    pub html_content: String,
    /// Whether it is used; when missing it is not.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub is_active: bool,
    /// Used where a trigger has no active one.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub is_default: bool,
    /// The language of the texts; `fr` when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<Lang>,
    /// The same in other languages.
    #[serde(default)]
    #[ts(optional, type = "Partial<Record<Lang, EmailText>>")]
    pub translations: BTreeMap<Lang, EmailText>,
}

/// Body of `PATCH /v1/cv/admin/email-templates/{id}`: what is missing stays. `trigger_id` may be null: no trigger.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct EmailTemplatePatch {
    /// Its name; unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// The trigger that it is for; the empty text: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub trigger_id: Option<String>,
    /// The subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub subject: Option<String>,
    /// The editor's document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "unknown")]
    pub design_json: Option<Value>,
    /// The body as HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub html_content: Option<String>,
    /// True: the other one of its trigger is not used any more (cv R62).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub is_active: Option<bool>,
    /// True: the other default is none any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub is_default: Option<bool>,
    /// The language of the texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<Lang>,
    /// The same in other languages, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "Partial<Record<Lang, EmailText>>")]
    pub translations: Option<BTreeMap<Lang, EmailText>>,
}

/// Body of `POST /v1/cv/admin/email-templates/{id}/test`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TestEmail {
    /// Where to; your own address when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub to: Option<String>,
    /// In which language; the template's when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<Lang>,
    /// The values of its variables: one that is missing is an error here (cv R61).
    #[serde(default)]
    #[ts(as = "Option<BTreeMap<String, String>>", optional)]
    pub variables: BTreeMap<String, String>,
}

/// Answer of a test send: the e-mail is on its way; what becomes of it is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TestEmailStarted {
    /// The task that sends it; `task_id` of its row in the log.
    pub task_id: TaskId,
    /// The subject with its values.
    pub subject: String,
    /// The body with its values, to look at.
    pub html_content: String,
}

/// One e-mail that was sent or could not be; also durable `email.logged` of `admin:emails`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct EmailLog {
    /// Its id.
    pub id: String,
    /// The template; null: deleted meanwhile, or there was none.
    pub template_id: Option<String>,
    /// The template's name at that time; the trigger's where there was none.
    pub template_name: String,
    /// Where to; `erased` once the person's account is deleted (cv R8).
    pub recipient_email: String,
    /// Whom to; null: nobody with an account.
    pub recipient_user_id: Option<UserId>,
    /// The subject.
    pub subject: String,
    /// What became of it.
    pub status: EmailStatus,
    /// Why it failed.
    pub error: Option<String>,
    /// By which way.
    pub provider: EmailProvider,
    /// Its id there.
    pub provider_id: Option<String>,
    /// Its id at Resend.
    pub resend_id: Option<String>,
    /// Whether it was a test.
    pub is_test_email: bool,
    /// The task that sent it.
    pub task_id: Option<TaskId>,
    /// When.
    pub created_at: Timestamp,
}

/// State of `admin:emails`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AdminEmails {
    /// How many there are of each state.
    #[ts(type = "Partial<Record<EmailStatus, number>>")]
    pub counts: BTreeMap<EmailStatus, i64>,
    /// The last 100, the newest first.
    pub logs: Vec<EmailLog>,
}

/// Query of `GET /v1/cv/admin/email-logs`, beside `PageQuery`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct EmailLogQuery {
    /// Only those in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<EmailStatus>,
    /// Only those to this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub recipient: Option<String>,
    /// Only those of the template of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub template: Option<String>,
}
