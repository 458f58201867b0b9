//! Job offers, CVs, their versions, export templates (1.2).

use super::shapes;
use crate::cv::import::model::{Draft, Else, How, ID, Merge, Model, Outside, Words, col};
use serde_json::Value;

const OFFER_SOURCES: Words = &[("url", "url"), ("link", "url"), ("pdf", "pdf"), ("text", "text")];
const CV_SOURCES: Words = &[
    ("manual", "manual"),
    ("link", "link"),
    ("url", "link"),
    ("pdf", "pdf"),
    ("import", "import"),
    ("generation", "generation"),
];
const MAKERS: Words = &[
    ("generate-cv", "generate-cv"),
    ("import-pdf", "import-pdf"),
    ("translate-cv", "translate-cv"),
    ("create-template-cv", "create-template-cv"),
    ("generate-cv-from-job-title", "generate-cv-from-job-title"),
];
/// D4, D5.
const AI_STATES: Words = &[
    ("idle", "idle"),
    ("loading", "inprogress"),
    ("inprogress", "inprogress"),
    ("done", "done"),
    ("completed", "done"),
    ("failed", "failed"),
    ("error", "failed"),
];
const CHANGE_TYPES: Words = &[("optimization", "optimization"), ("adaptation", "adaptation"), ("restore", "restore")];
const SCORE: How = How::Range(0, 100, Outside::Null);

/// In the order of writing.
pub(super) const MODELS: &[Model] = &[
    Model {
        name: "JobOffer",
        table: "job_offers",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("sourceType", "source_type", How::Word(OFFER_SOURCES, Else::Refuse)),
            col("sourceValue", "source_value", How::Same),
            col("contentHash", "content_hash", How::Same),
            col("content", "content", How::Shaped(shapes::offer, Else::Refuse)),
            col("extractedAt", "extracted_at", How::Same),
            col("extractionModel", "extraction_model", How::Or("\"unknown\"")),
            col("tokensUsed", "tokens_used", How::Range(0, i32::MAX as i64, Outside::Nearest)),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[("job_offers_user_id_content_hash_key", "content_hash")],
        mend: None,
        sums: &[("tokensUsed", "tokens_used")],
    },
    Model {
        name: "CvFile",
        table: "cv_files",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("filename", "filename", How::Same),
            col("content", "content", How::Shaped(shapes::resume, Else::Null)),
            col("contentVersion", "content_version", How::Range(1, i32::MAX as i64, Outside::Nearest)),
            col("sourceType", "source_type", How::Word(CV_SOURCES, Else::Null)),
            col("sourceValue", "source_value", How::Same),
            col("jobOfferId", "job_offer_id", How::Ref("job_offers")),
            col("createdBy", "created_by", How::Word(MAKERS, Else::Null)),
            col("originalCreatedBy", "original_created_by", How::Word(MAKERS, Else::Null)),
            col("language", "language", How::Same),
            col("isTranslated", "is_translated", How::Or("false")),
            col("matchScore", "match_score", SCORE),
            col("scoreBefore", "score_before", SCORE),
            col("matchScoreUpdatedAt", "match_score_updated_at", How::Same),
            col("matchScoreStatus", "match_score_status", How::Word(AI_STATES, Else::Is("idle"))),
            col("scoreBreakdown", "score_breakdown", How::Shaped(shapes::breakdown, Else::Null)),
            col("improvementSuggestions", "improvement_suggestions", How::Shaped(shapes::suggestions, Else::Null)),
            col("missingSkills", "missing_skills", How::Shaped(shapes::names, Else::Null)),
            col("matchingSkills", "matching_skills", How::Shaped(shapes::names, Else::Null)),
            col("optimiseStatus", "optimise_status", How::Word(AI_STATES, Else::Is("idle"))),
            col("optimiseUpdatedAt", "optimise_updated_at", How::Same),
            col("pendingChanges", "pending_changes", How::Shaped(shapes::changes, Else::Null)),
            col("pendingSourceVersion", "pending_source_version", How::Same),
            col("createdWithCredit", "created_with_credit", How::Or("false")),
            col("creditUsedAt", "credit_used_at", How::Same),
            col("creditTransactionId", "credit_transaction_id", How::Link("credit_transactions")),
            col("blocked", "blocked", How::Or("false")),
            col("blockedAt", "blocked_at", How::Same),
            col("blockedReason", "blocked_reason", How::Same),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: Some(file),
        sums: &[("contentVersion", "content_version"), ("matchScore", "match_score")],
    },
    Model {
        name: "CvVersion",
        table: "cv_versions",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("cvFileId", "cv_file_id", How::Owner("cv_files")),
            col("version", "version", How::Same),
            col("content", "content", How::Shaped(shapes::resume, Else::Refuse)),
            col("changelog", "changelog", How::Same),
            col("changeType", "change_type", How::Word(CHANGE_TYPES, Else::Null)),
            col("sourceFile", "source_file", How::Same),
            col("matchScore", "match_score", SCORE),
            col("scoreBreakdown", "score_breakdown", How::Shaped(shapes::breakdown, Else::Null)),
            col("improvementSuggestions", "improvement_suggestions", How::Shaped(shapes::suggestions, Else::Null)),
            col("missingSkills", "missing_skills", How::Shaped(shapes::names, Else::Null)),
            col("matchingSkills", "matching_skills", How::Shaped(shapes::names, Else::Null)),
            col("createdAt", "created_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[("version", "version")],
    },
    Model {
        name: "ExportTemplate",
        table: "export_templates",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("name", "name", How::Same),
            col("selections", "selections", How::Json(Else::Refuse)),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[],
    },
];

/// What several columns of a CV say together.
fn file(draft: &mut Draft) {
    let language =
        draft.text("language").map(|language| language.trim().to_lowercase().chars().take(2).collect::<String>());
    if let Some(language) = language {
        draft.set("language", language);
    }
    // Changes without the version they are shown against could not be reviewed (R28), nor the reverse.
    let changes = draft.get("pending_changes").clone();
    if changes.is_null() != draft.get("pending_source_version").is_null()
        || !changes.is_null() && draft.get("content").is_null()
    {
        if !changes.is_null() {
            let detail = "open changes without content, or without the version they are shown against";
            draft.change("pending_changes", Value::Null, "changes_closed", detail);
        }
        draft.set("pending_changes", Value::Null);
        draft.set("pending_source_version", Value::Null);
    }
    // No task here works on it: back to the state before (spec 2).
    if draft.text("match_score_status") == Some("inprogress") {
        let state = if draft.get("match_score").is_null() { "idle" } else { "done" };
        draft.change(
            "match_score_status",
            state,
            "state_settled",
            "a score was being made when the old server stopped",
        );
    }
    let open = !draft.get("pending_changes").is_null();
    match (draft.text("optimise_status"), open) {
        (Some("done") | None, true) | (Some("idle" | "failed" | "done"), false) => {
            if draft.text("optimise_status") == Some("done") && !open {
                draft.set("optimise_status", "idle");
            }
        }
        (Some("inprogress"), false) => {
            draft.change("optimise_status", "idle", "state_settled", "an optimisation ran when the old server stopped");
        }
        (_, true) => draft.set("optimise_status", "done"),
        (_, false) => draft.set("optimise_status", "idle"),
    }
    let blocked = draft.get("blocked").as_bool() == Some(true);
    if blocked && draft.get("blocked_at").is_null() {
        let since = draft.get("updated_at").clone();
        draft.set("blocked_at", since);
    } else if !blocked {
        draft.set("blocked_at", Value::Null);
        draft.set("blocked_reason", Value::Null);
    }
}
