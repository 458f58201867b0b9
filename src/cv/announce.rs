//! Events about a CV that several calls and tasks emit alike.

use super::rules::review::Decided;
use super::store::files::{CvRow, Told};
use super::topics;
use estafette_actors::{DbResult, Identity, Tx};
use estafette_protocol::cv::event::cv::{ChangeDecided, ChangedBy, CvChanged, CvOptimise, CvStateChanged};
use estafette_protocol::cv::event::user::{CvCreated, CvListed, Notice};
use estafette_protocol::cv::patch::PatchOperation;
use estafette_protocol::{Timestamp, UserId};
use json_patch::Patch;

/// Who is behind a change: a person on a device.
pub fn by(who: &Identity) -> ChangedBy {
    ChangedBy { user: Some(who.user.clone()), device: who.device.clone() }
}

/// Who is behind a change: a task.
pub const fn by_task() -> ChangedBy {
    ChangedBy { user: None, device: None }
}

/// A patch as the wire has it.
///
/// # Errors
/// [`estafette_actors::DbError::Data`]: a defect.
pub fn wire_patch(patch: &Patch) -> DbResult<Vec<PatchOperation>> {
    let value = super::store::to_json(patch)?;
    serde_json::from_value(value).map_err(|error| estafette_actors::DbError::Data(error.to_string()))
}

/// `cv.changed`.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub fn changed(tx: &mut Tx<'_>, cv: &str, rev: i64, by: ChangedBy, patch: &Patch, version: i32) -> DbResult<()> {
    let event = CvChanged { rev, by, patch: wire_patch(patch)?, content_version: version };
    tx.emit(&topics::cv(cv)?, "cv.changed", &event)
}

/// `cv.change_decided`.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub fn decided(tx: &mut Tx<'_>, cv: &str, rev: i64, decided: &Decided) -> DbResult<()> {
    let change = &decided.change;
    let event = ChangeDecided {
        change_id: change.id.clone(),
        field: change.field.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
        reason: change.reason.clone(),
        action: change.action,
        decision: decided.decision,
        rev,
        remaining: decided.remaining,
    };
    tx.emit(&topics::cv(cv)?, "cv.change_decided", &event)
}

/// `cv.listed`: the list row as it is now.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub fn listed(tx: &mut Tx<'_>, row: &impl Told) -> DbResult<()> {
    let cv = row.summary();
    let event = CvListed {
        id: cv.id.clone(),
        filename: cv.filename.clone(),
        match_score: cv.match_score,
        match_score_status: cv.match_score_status,
        optimise_status: cv.optimise_status,
        updated_at: cv.updated_at,
        title: cv.title.clone(),
        pending_count: cv.pending_count,
    };
    tx.emit(&topics::user(row.user()), "cv.listed", &event)
}

/// `cv.score`: the score as it is now.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub fn score(tx: &mut Tx<'_>, row: &impl Told) -> DbResult<()> {
    tx.emit(&topics::cv(row.summary().id.as_str())?, "cv.score", row.score())
}

/// `cv.optimise`: the optimisation's state as it is now.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub fn optimise(tx: &mut Tx<'_>, row: &impl Told, error: Option<&str>) -> DbResult<()> {
    let event = CvOptimise {
        status: row.summary().optimise_status,
        error: error.map(str::to_owned),
        updated_at: row.optimise_updated_at().unwrap_or_else(|| Timestamp::new(chrono::Utc::now())),
    };
    tx.emit(&topics::cv(row.summary().id.as_str())?, "cv.optimise", &event)
}

/// `cv.state`: name, offer, language and blocking as they are now.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub fn state(tx: &mut Tx<'_>, row: &CvRow) -> DbResult<()> {
    let cv = &row.file.summary;
    let event = CvStateChanged {
        blocked: cv.blocked,
        blocked_reason: cv.blocked_reason.clone(),
        language: cv.language.clone(),
        job_offer_id: cv.job_offer_id.clone(),
        filename: cv.filename.clone(),
    };
    tx.emit(&topics::cv(cv.id.as_str())?, "cv.state", &event)
}

/// `cv.created`.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub fn created(tx: &mut Tx<'_>, user: &UserId, row: &impl Told) -> DbResult<()> {
    let cv = row.summary();
    let event = CvCreated {
        id: cv.id.clone(),
        filename: cv.filename.clone(),
        created_by: cv.created_by,
        source_type: cv.source_type,
        job_offer_id: cv.job_offer_id.clone(),
        language: cv.language.clone(),
        is_translated: cv.is_translated,
        content_version: cv.content_version,
        title: cv.title.clone(),
        pending_count: cv.pending_count,
    };
    tx.emit(&topics::user(user), "cv.created", &event)
}

/// `notice`: told at once, and kept in the person's snapshot until they have read it.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn notice(tx: &mut Tx<'_>, user: &UserId, notice: &Notice) -> DbResult<()> {
    super::store::voice::add_notice(tx, user.as_str(), notice).await?;
    tx.emit(&topics::user(user), "notice", notice)
}
