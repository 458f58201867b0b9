//! `cv.review` and `cv.restore` (R25, R28–R32).

use super::{encode, no_cv, not_blocked, own_cv};
use crate::cv::model::status::OptimiseState;
use crate::cv::rules::patch;
use crate::cv::rules::review::{self as rules, ReviewRefused, Reviewed};
use crate::cv::rules::versions::{self as numbering, RestoreRefused};
use crate::cv::store::events;
use crate::cv::store::files::{self, CvRow};
use crate::cv::store::settings::Settings;
use crate::cv::store::versions::{self, NewVersion};
use crate::cv::{announce, history, topics};
use chrono::Utc;
use estafette_actors::{CallCtx, CallError, DbResult, Tx};
use estafette_protocol::cv::call::{Restore, Review};
use estafette_protocol::cv::change::ReviewDecision;
use estafette_protocol::cv::status::{ChangeType, Decision};
use serde_json::{Value, json};

/// Stores a review's outcome; when nothing waits any more, the review is over (R30).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn store(tx: &mut Tx<'_>, row: &CvRow, reviewed: &Reviewed, rev: i64) -> DbResult<()> {
    let cv = &row.file.summary;
    let (id, version) = (cv.id.as_str(), cv.content_version);
    let over = reviewed.is_over();
    let (pending, source) =
        if over { (None, None) } else { (Some(reviewed.changes.as_slice()), row.file.pending_source_version) };
    files::set_content(tx, id, &reviewed.content, rev, version, pending, source).await?;
    if over && row.file.pending_source_version.is_some() {
        versions::set_newest_content(tx, id, &reviewed.content).await?;
        if let Some(moved) = files::move_optimise(tx, id, OptimiseState::Idle).await? {
            announce::optimise(tx, &moved, None)?;
        }
    }
    Ok(())
}

/// Tells what changed of a CV's list row, and of its score when it became outdated. Returns the row as it is now.
///
/// # Errors
/// `internal` when it vanished.
pub async fn tell_row(tx: &mut Tx<'_>, before: &CvRow) -> Result<CvRow, CallError> {
    let id = &before.file.summary.id;
    let row = files::by_id(tx, id.as_str()).await?.ok_or_else(|| no_cv(id))?;
    if row.file.score.status != before.file.score.status {
        announce::score(tx, &row)?;
    }
    announce::listed(tx, &row)?;
    Ok(row)
}

/// `cv.review`.
///
/// # Errors
/// `bad_request` for an unknown change, `conflict` for one that was decided the other way, `forbidden` when blocked.
pub async fn review(ctx: &CallCtx, params: Review) -> Result<Value, CallError> {
    ctx.transaction(async |tx| {
        let row = own_cv(tx, &ctx.who.user, &params.id).await?;
        not_blocked(&row)?;
        let decisions = open_decisions(tx, &row, &params.decisions).await?;
        if decisions.is_empty() && !params.decisions.is_empty() {
            return encode(&row.file);
        }
        let reviewed = rules::decide(&row.file.content, &row.file.pending_changes, &decisions, Utc::now())
            .map_err(|refused| review_refused(&refused))?;
        if reviewed.decided.is_empty() {
            return encode(&row.file);
        }
        let id = params.id.as_str();
        let mut rev = row.file.summary.content_rev;
        for decided in &reviewed.decided {
            rev += 1;
            if let Some(patch) = &decided.patch {
                announce::changed(tx, id, rev, announce::by(&ctx.who), patch, row.file.summary.content_version)?;
            }
            announce::decided(tx, id, rev, decided)?;
        }
        store(tx, &row, &reviewed, rev).await?;
        let row = tell_row(tx, &row).await?;
        encode(&row.file)
    })
    .await
}

/// A review that is over has left the CV; the log still knows how its changes were decided, so that a repetition of the
/// last decision is answered like any other repetition (R29).
async fn open_decisions(tx: &Tx<'_>, row: &CvRow, given: &[ReviewDecision]) -> Result<Vec<ReviewDecision>, CallError> {
    if given.is_empty() || given.len() > rules::MAX_DECISIONS {
        return Err(review_refused(&ReviewRefused::Count));
    }
    let topic = topics::cv(row.file.summary.id.as_str())?;
    let mut open = Vec::new();
    for decision in given {
        if row.file.pending_changes.iter().any(|change| change.id == decision.change_id) {
            open.push(decision.clone());
            continue;
        }
        let before = events::decision(tx, topic.as_str(), decision.change_id.as_str()).await?;
        let same = if decision.accept { Decision::Accepted } else { Decision::Rejected };
        match before.as_deref().and_then(|word| word.parse::<Decision>().ok()) {
            Some(before) if before == same || before == Decision::Superseded => {}
            Some(before) => {
                let id = &decision.change_id;
                return Err(CallError::conflict(format!("change {id} was {before} before"))
                    .with_details(json!({"change_id": id, "status": before})));
            }
            None => return Err(review_refused(&ReviewRefused::Unknown(decision.change_id.clone()))),
        }
    }
    Ok(open)
}

fn review_refused(refused: &ReviewRefused) -> CallError {
    match refused {
        ReviewRefused::Count => CallError::bad_request(refused.to_string()),
        ReviewRefused::Unknown(id) => {
            CallError::bad_request(refused.to_string()).with_details(json!({"change_id": id}))
        }
        ReviewRefused::Decided { id, status } => {
            CallError::conflict(refused.to_string()).with_details(json!({"change_id": id, "status": status}))
        }
    }
}

/// `cv.restore` (R31, R32).
///
/// # Errors
/// `not_found` for a version that is gone, `conflict` for the current one, `forbidden` when blocked, `conflict` while an
/// optimisation runs (its result would be about another content).
pub async fn restore(ctx: &CallCtx, settings: &Settings, params: Restore) -> Result<Value, CallError> {
    ctx.transaction(async |tx| {
        let row = own_cv(tx, &ctx.who.user, &params.id).await?;
        not_blocked(&row)?;
        if row.optimise_state() == OptimiseState::InProgress {
            return Err(CallError::conflict("an optimisation of this CV runs: wait for its end, or cancel it"));
        }
        let (id, cv) = (params.id.as_str(), &row.file.summary);
        let numbers = versions::numbers(tx, id).await?;
        numbering::check_restore(params.version, cv.content_version, &numbers).map_err(|refused| match refused {
            RestoreRefused::Gone(_) => CallError::not_found(refused.to_string()),
            RestoreRefused::Current(_) => CallError::conflict(refused.to_string()),
        })?;
        let old = versions::one(tx, id, params.version)
            .await?
            .ok_or_else(|| CallError::not_found(format!("there is no version {} of this CV", params.version)))?;
        let step = numbering::step(cv.content_version, numbers.last().copied());
        history::save_current(tx, id, step.save_as).await?;
        let superseded = rules::supersede_all(&old.content, &row.file.pending_changes, Utc::now());
        let patch = patch::between(&row.file.content, &old.content);
        let mut rev = cv.content_rev + 1;
        announce::changed(tx, id, rev, announce::by(&ctx.who), &patch, step.result)?;
        for decided in &superseded.decided {
            rev += 1;
            announce::decided(tx, id, rev, decided)?;
        }
        files::set_content(tx, id, &old.content, rev, step.result, None, None).await?;
        let changelog = numbering::changelog_restore(params.version);
        let version = NewVersion {
            version: step.result,
            content: &old.content,
            changelog: Some(&changelog),
            change_type: Some(ChangeType::Restore),
            source_file: None,
        };
        history::keep(tx, id, &[version], settings.cv_max_versions(), None).await?;
        if let Some(moved) = files::move_optimise(tx, id, OptimiseState::Idle).await? {
            announce::optimise(tx, &moved, None)?;
        }
        let row = tell_row(tx, &row).await?;
        encode(&row.file)
    })
    .await
}
