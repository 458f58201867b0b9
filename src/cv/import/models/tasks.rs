//! Background tasks, generations with their offers and steps (1.3): history. Nothing of it runs on here.

use crate::cv::import::model::{Draft, Else, How, ID, Merge, Model, Outside, Words, col};
use serde_json::{Value, json};

const TYPES: Words = &[
    ("generate-cv", "generate-cv"),
    ("improve-cv", "improve-cv"),
    ("import-pdf", "import-pdf"),
    ("translate-cv", "translate-cv"),
    ("create-template-cv", "create-template-cv"),
    ("generate-cv-from-job-title", "generate-cv-from-job-title"),
    ("calculate-match-score", "calculate-match-score"),
    ("test", "test"),
];
/// D2.
const TASK_STATES: Words = &[
    ("pending", "queued"),
    ("queued", "queued"),
    ("running", "running"),
    ("completed", "completed"),
    ("failed", "failed"),
    ("cancelled", "cancelled"),
    ("canceled", "cancelled"),
];
/// D3.
const RUN_STATES: Words = &[
    ("pending", "pending"),
    ("queued", "pending"),
    ("extracting", "extracting"),
    ("running", "running"),
    ("completed", "completed"),
    ("failed", "failed"),
    ("cancelled", "cancelled"),
    ("canceled", "cancelled"),
];
const MODES: Words = &[("adapt", "adapt"), ("optimize", "optimize"), ("optimise", "optimize")];
const STEPS: Words = &[
    ("extract", "extract"),
    ("classify", "classify"),
    ("batch_experience", "batch_experience"),
    ("batch_project", "batch_project"),
    ("batch_extras", "batch_extras"),
    ("batch_skills", "batch_skills"),
    ("batch_summary", "batch_summary"),
    ("recompose", "recompose"),
    ("match_score", "match_score"),
];
const COUNT: How = How::Range(0, i32::MAX as i64, Outside::Nearest);
/// What stands in the place of a task's error when the old server left it unfinished.
const UNFINISHED: &str = "it had not ended when the data was moved here: start it again";

/// In the order of writing.
pub(super) const MODELS: &[Model] = &[
    Model {
        name: "BackgroundTask",
        table: "background_tasks",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("title", "title", How::Or("\"\"")),
            col("successMessage", "success_message", How::Same),
            col("type", "type", How::Word(TYPES, Else::Refuse)),
            col("status", "status", How::Word(TASK_STATES, Else::Refuse)),
            col("createdAt", "created_at", How::Same),
            col("shouldUpdateCvList", "should_update_cv_list", How::Or("false")),
            col("result", "result", How::Json(Else::Wrap)),
            col("error", "error", How::Same),
            col("payload", "payload", How::Json(Else::Wrap)),
            col("deviceId", "device_id", How::Or("\"imported\"")),
            col("userId", "user_id", How::Owned("users")),
            col("cvFile", "cv_file", How::Same),
            col("creditUsed", "credit_used", How::Or("false")),
            col("creditTransactionId", "credit_transaction_id", How::Link("credit_transactions")),
            col("featureName", "feature_name", How::Same),
            col("featureCounterPeriodStart", "feature_counter_period_start", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: Some(task),
        sums: &[],
    },
    Model {
        name: "CvGenerationTask",
        table: "cv_generation_tasks",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("sourceCvFileId", "source_cv_file_id", How::Id),
            col("mode", "mode", How::Word(MODES, Else::Refuse)),
            col("status", "status", How::Word(RUN_STATES, Else::Refuse)),
            col("totalOffers", "total_offers", How::Range(1, i32::MAX as i64, Outside::Nearest)),
            col("completedOffers", "completed_offers", COUNT),
            col("creditsDebited", "credits_debited", COUNT),
            col("creditsRefunded", "credits_refunded", COUNT),
            col("error", "error", How::Same),
            col("startedAt", "started_at", How::Same),
            col("completedAt", "completed_at", How::Same),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: Some(generation),
        sums: &[("totalOffers", "total_offers"), ("creditsDebited", "credits_debited")],
    },
    Model {
        name: "CvGenerationOffer",
        table: "cv_generation_offers",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("taskId", "task_id", How::Owner("cv_generation_tasks")),
            col("sourceUrl", "source_url", How::Same),
            col("jobOfferId", "job_offer_id", How::Ref("job_offers")),
            col("offerIndex", "offer_index", How::Same),
            col("status", "status", How::Word(RUN_STATES, Else::Refuse)),
            col("classificationResult", "classification_result", How::Json(Else::Null)),
            col("batchResults", "batch_results", How::Json(Else::Null)),
            col("generatedCvFileId", "generated_cv_file_id", How::Ref("cv_files")),
            col("generatedCvFileName", "generated_cv_file_name", How::Same),
            col("retryCount", "retry_count", COUNT),
            col("error", "error", How::Same),
            col("creditsRefunded", "credits_refunded", How::Or("false")),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: Some(run),
        sums: &[],
    },
    Model {
        name: "CvGenerationSubtask",
        table: "cv_generation_subtasks",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("offerId", "offer_id", How::Owner("cv_generation_offers")),
            col("type", "type", How::Word(STEPS, Else::Refuse)),
            col("itemIndex", "item_index", How::Same),
            col("status", "status", How::Word(RUN_STATES, Else::Refuse)),
            col("input", "input", How::Json(Else::Null)),
            col("output", "output", How::Json(Else::Null)),
            col("modifications", "modifications", How::Json(Else::Null)),
            col("modelUsed", "model_used", How::Same),
            col("promptTokens", "prompt_tokens", COUNT),
            col("cachedTokens", "cached_tokens", COUNT),
            col("completionTokens", "completion_tokens", COUNT),
            col("estimatedCost", "estimated_cost", How::Range(0, 10_000_000, Outside::Nearest)),
            col("durationMs", "duration_ms", How::Same),
            col("retryCount", "retry_count", COUNT),
            col("error", "error", How::Same),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: Some(run),
        sums: &[
            ("promptTokens", "prompt_tokens"),
            ("completionTokens", "completion_tokens"),
            ("estimatedCost", "estimated_cost"),
        ],
    },
];

fn zero_if_null(draft: &mut Draft, columns: &[&str]) {
    for column in columns {
        if draft.get(column).is_null() {
            draft.set(column, 0);
        }
    }
}

fn task(draft: &mut Draft) {
    if matches!(draft.text("status"), Some("queued" | "running")) {
        draft.change(
            "status",
            "cancelled",
            "unfinished",
            "the task had not ended: it is cancelled and its credit given back",
        );
        draft.set("error", UNFINISHED);
    }
    let device = draft.text("device_id").unwrap_or_default().to_owned();
    if estafette_protocol::DeviceId::parse(&device).is_err() {
        draft.change("device_id", "imported", "bad_device", "device_id has characters that are not allowed here");
    }
    // The server reads these three out of its own tasks' payloads.
    let payload = draft.get("payload");
    let foreign = |key: &str| payload.get(key).is_some();
    if !payload.is_null()
        && (!payload.is_object() || ["cv_id", "credits_debited", "credits_refunded"].into_iter().any(foreign))
    {
        let payload = json!({ "imported": payload });
        draft.set("payload", payload);
    }
}

fn generation(draft: &mut Draft) {
    zero_if_null(draft, &["completed_offers", "credits_debited", "credits_refunded"]);
    unfinished(draft);
    if draft.text("status") == Some("extracting") {
        draft.set("status", "cancelled");
    }
    for (column, bound) in [("completed_offers", "total_offers"), ("credits_refunded", "credits_debited")] {
        let most = draft.number(bound).unwrap_or(0);
        if draft.number(column).is_some_and(|number| number > most) {
            draft.change(column, most, "out_of_range", format!("{column} was more than {bound}"));
        }
    }
    if draft.get("completed_at").is_null() {
        let at = draft.get("updated_at").clone();
        draft.set("completed_at", at);
    }
}

fn run(draft: &mut Draft) {
    zero_if_null(draft, &["retry_count"]);
    if draft.new.contains_key("prompt_tokens") {
        zero_if_null(draft, &["prompt_tokens", "cached_tokens", "completion_tokens", "estimated_cost"]);
    }
    unfinished(draft);
}

fn unfinished(draft: &mut Draft) {
    if matches!(draft.text("status"), Some("pending" | "extracting" | "running")) {
        draft.change("status", "cancelled", "unfinished", "it had not ended: it is cancelled");
        if draft.get("error").is_null() {
            draft.set("error", Value::from(UNFINISHED));
        }
    }
}
