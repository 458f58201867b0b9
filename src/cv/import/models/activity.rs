//! E-mail, AI usage and its prices, telemetry, feedback, consents, links, settings (1.5–1.8).

use crate::cv::import::model::{Draft, Else, How, ID, Merge, Model, Outside, Words, col};

const CATEGORIES: Words = &[
    ("openai", "openai"),
    ("stripe", "stripe"),
    ("app", "app"),
    ("ai_models", "ai_models"),
    ("features", "features"),
    ("general", "general"),
];
const MAIL_STATES: Words =
    &[("sent", "sent"), ("delivered", "delivered"), ("bounced", "bounced"), ("failed", "failed"), ("error", "failed")];
const MAIL_PROVIDERS: Words = &[("smtp", "smtp"), ("resend", "resend")];
const OUTCOMES: Words =
    &[("success", "success"), ("error", "error"), ("cancelled", "cancelled"), ("canceled", "cancelled")];
const FEEDBACK_STATES: Words = &[("new", "new"), ("reviewed", "reviewed"), ("resolved", "resolved")];
/// D11: a legal log is never rewritten.
const CONSENTS: Words = &[
    ("created", "created"),
    ("updated", "updated"),
    ("revoked", "revoked"),
    ("accept", "accept"),
    ("reject", "reject"),
    ("update", "update"),
];
const COUNT: How = How::Range(0, i32::MAX as i64, Outside::Nearest);
const SUM: How = How::Range(0, 9_000_000_000_000, Outside::Nearest);
const USD: How = How::Range(0, 10_000_000, Outside::Nearest);

/// What does not belong to anybody.
pub(super) const CONFIGURATION: &[Model] = &[
    Model {
        name: "Setting",
        table: "settings",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("settingName", "setting_name", How::Same),
            col("value", "value", How::Or("\"\"")),
            col("category", "category", How::Word(CATEGORIES, Else::Is("general"))),
            col("description", "description", How::Same),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Over("t.setting_name = r.setting_name"),
        gives_up: &[],
        mend: Some(setting),
        sums: &[],
    },
    Model {
        name: "OpenAIPricing",
        table: "openai_pricing",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("modelName", "model_name", How::Same),
            col("inputPricePerMToken", "input_price_per_m_token", USD),
            col("outputPricePerMToken", "output_price_per_m_token", USD),
            col("cachePricePerMToken", "cache_price_per_m_token", USD),
            col("inputPricePerMTokenPriority", "input_price_per_m_token_priority", USD),
            col("outputPricePerMTokenPriority", "output_price_per_m_token_priority", USD),
            col("cachePricePerMTokenPriority", "cache_price_per_m_token_priority", USD),
            col("description", "description", How::Same),
            col("isActive", "is_active", How::Or("true")),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Over("t.model_name = r.model_name"),
        gives_up: &[],
        mend: None,
        sums: &[],
    },
    Model {
        name: "OpenAIAlert",
        table: "openai_alerts",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("type", "type", How::Same),
            col("threshold", "threshold", USD),
            col("enabled", "enabled", How::Or("true")),
            col("name", "name", How::Same),
            col("description", "description", How::Same),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[],
    },
    Model {
        name: "EmailTrigger",
        table: "email_triggers",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("name", "name", How::Same),
            col("label", "label", How::Same),
            col("description", "description", How::Same),
            col("variables", "variables", How::Json(Else::Wrap)),
            col("category", "category", How::Or("\"general\"")),
            col("icon", "icon", How::Same),
            col("isSystem", "is_system", How::Or("false")),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Keep("t.name = r.name"),
        gives_up: &[],
        mend: Some(variables),
        sums: &[],
    },
    Model {
        name: "EmailTemplate",
        table: "email_templates",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("name", "name", How::Same),
            col("triggerId", "trigger_id", How::Mapped("EmailTrigger")),
            col("subject", "subject", How::Same),
            col("designJson", "design_json", How::Json(Else::Wrap)),
            col("htmlContent", "html_content", How::Same),
            col("variables", "variables", How::Json(Else::Wrap)),
            col("isActive", "is_active", How::Or("true")),
            col("isDefault", "is_default", How::Or("false")),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: Some(template),
        sums: &[],
    },
];

/// In the order of writing.
pub(super) const MODELS: &[Model] = &[
    Model {
        name: "EmailLog",
        table: "email_logs",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("templateId", "template_id", How::Ref("email_templates")),
            col("templateName", "template_name", How::Or("\"\"")),
            col("recipientEmail", "recipient_email", How::Same),
            col("recipientUserId", "recipient_user_id", How::Ref("users")),
            col("subject", "subject", How::Or("\"\"")),
            col("status", "status", How::Word(MAIL_STATES, Else::Refuse)),
            col("error", "error", How::Same),
            col("provider", "provider", How::Word(MAIL_PROVIDERS, Else::Is("smtp"))),
            col("providerId", "provider_id", How::Same),
            col("isTestEmail", "is_test_email", How::Or("false")),
            col("createdAt", "created_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[("email_logs_provider_key", "provider_id")],
        mend: Some(mail),
        sums: &[],
    },
    Model {
        name: "OpenAIUsage",
        table: "openai_usage",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("featureName", "feature_name", How::Same),
            col("model", "model", How::Same),
            col("date", "date", How::Day),
            col("promptTokens", "prompt_tokens", SUM),
            col("cachedTokens", "cached_tokens", SUM),
            col("completionTokens", "completion_tokens", SUM),
            col("totalTokens", "total_tokens", SUM),
            col("estimatedCost", "estimated_cost", USD),
            col("callsCount", "calls_count", COUNT),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Add {
            constraint: "openai_usage_user_id_feature_name_model_date_key",
            on: &["user_id", "feature_name", "model", "date"],
            add: &[
                "prompt_tokens",
                "cached_tokens",
                "completion_tokens",
                "total_tokens",
                "estimated_cost",
                "calls_count",
            ],
        },
        gives_up: &[],
        mend: None,
        sums: &[("totalTokens", "total_tokens"), ("callsCount", "calls_count"), ("estimatedCost", "estimated_cost")],
    },
    Model {
        name: "OpenAICall",
        table: "openai_calls",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("featureName", "feature_name", How::Same),
            col("model", "model", How::Same),
            col("promptTokens", "prompt_tokens", COUNT),
            col("cachedTokens", "cached_tokens", COUNT),
            col("completionTokens", "completion_tokens", COUNT),
            col("totalTokens", "total_tokens", COUNT),
            col("estimatedCost", "estimated_cost", USD),
            col("duration", "duration", How::Same),
            col("metadata", "metadata", How::Json(Else::Wrap)),
            col("createdAt", "created_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[
            ("promptTokens", "prompt_tokens"),
            ("cachedTokens", "cached_tokens"),
            ("completionTokens", "completion_tokens"),
            ("totalTokens", "total_tokens"),
            ("estimatedCost", "estimated_cost"),
        ],
    },
    Model {
        name: "TelemetryEvent",
        table: "telemetry_events",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owned("users")),
            col("type", "type", How::Same),
            col("category", "category", How::Same),
            col("metadata", "metadata", How::Json(Else::Wrap)),
            col("deviceId", "device_id", How::Same),
            col("duration", "duration", How::Same),
            col("status", "status", How::Word(OUTCOMES, Else::Null)),
            col("error", "error", How::Same),
            col("timestamp", "timestamp", How::Same),
            col("createdAt", "created_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[("duration", "duration")],
    },
    Model {
        name: "FeatureUsage",
        table: "feature_usage",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("featureName", "feature_name", How::Same),
            col("usageCount", "usage_count", COUNT),
            col("lastUsedAt", "last_used_at", How::Same),
            col("totalDuration", "total_duration", SUM),
            col("metadata", "metadata", How::Json(Else::Wrap)),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[("usageCount", "usage_count"), ("totalDuration", "total_duration")],
    },
    Model {
        name: "Feedback",
        table: "feedback",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("rating", "rating", How::Range(1, 5, Outside::Nearest)),
            col("comment", "comment", How::Cut(500)),
            col("isBugReport", "is_bug_report", How::Or("false")),
            col("currentCvFile", "current_cv_file", How::Same),
            col("userAgent", "user_agent", How::Same),
            col("pageUrl", "page_url", How::Same),
            col("status", "status", How::Word(FEEDBACK_STATES, Else::Is("new"))),
            col("createdAt", "created_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[("rating", "rating")],
    },
    Model {
        name: "ConsentLog",
        table: "consent_logs",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("action", "action", How::Word(CONSENTS, Else::Refuse)),
            col("preferences", "preferences", How::Json(Else::Wrap)),
            col("ip", "ip", How::Same),
            col("userAgent", "user_agent", How::Same),
            col("createdAt", "created_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[],
    },
    Model {
        name: "LinkHistory",
        table: "link_history",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("url", "url", How::Same),
            col("createdAt", "created_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[],
    },
];

/// The old server is put into maintenance for the move: that must not close this one (R7).
fn setting(draft: &mut Draft) {
    if draft.text("setting_name") == Some("maintenance_mode") {
        draft.refuse("kept_here", "this server keeps its own maintenance_mode");
    }
}

fn variables(draft: &mut Draft) {
    if draft.get("variables").is_null() {
        draft.set("variables", serde_json::json!([]));
    }
}

/// The triggers here give other variables than the old server did: an old template that went on being used would send
/// mails without their links. It is kept for whoever rewrites it.
fn template(draft: &mut Draft) {
    variables(draft);
    let name = draft.text("name").unwrap_or_default().to_owned();
    draft.set("name", format!("{name} (imported)"));
    draft.set("is_default", false);
    if draft.get("is_active").as_bool() == Some(true) {
        draft.change(
            "is_active",
            false,
            "template_off",
            "check its variables, then activate it in the place of this server's",
        );
    }
    if draft.get("design_json").is_null() {
        draft.set("design_json", serde_json::json!({}));
    }
}

/// D9: the older form names Resend's id in a column of its own.
fn mail(draft: &mut Draft) {
    let resend = draft.old.get("resendId").filter(|id| id.is_string()).cloned();
    if let Some(id) = resend
        && draft.get("provider_id").is_null()
    {
        draft.set("provider", "resend");
        draft.set("provider_id", id);
    }
    let address = draft.text("recipient_email").map(str::to_lowercase);
    if let Some(address) = address {
        draft.set("recipient_email", address);
    }
}
