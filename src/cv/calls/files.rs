//! `cv.create`, `cv.update`, `cv.rename`, `cv.delete`, `cv.set_offer`.

use super::{encode, no_cv, not_blocked, own_cv};
use crate::cv::billing::blocks;
use crate::cv::rules::patch::EditRefused;
use crate::cv::rules::resume::NotAResume;
use crate::cv::rules::{filename, patch, resume, review};
use crate::cv::store::files::{CvHead, NewCv};
use crate::cv::store::{events, files, new_id, offers, plans, tasks, users};
use crate::cv::{announce, topics};
use chrono::Utc;
use estafette_actors::{CallCtx, CallError, DbError, Tx};
use estafette_protocol::ErrorCode;
use estafette_protocol::cv::CvId;
use estafette_protocol::cv::call::{CreateCv, DeleteCv, RenameCv, RevConflict, RevPatch, SetOffer, Updated};
use estafette_protocol::cv::event::user::CvDeleted;
use estafette_protocol::cv::status::SourceType;
use serde_json::{Value, json};

/// Names tried before a generated one is given up (R10).
const NAME_TRIES: i64 = 100;

/// What is wrong with a document, with the path of the field.
pub fn not_a_resume(error: &NotAResume) -> CallError {
    CallError::bad_request(format!("not a JSON Resume: {error}"))
        .with_details(json!({"path": error.path, "problem": error.problem}))
}

fn name_taken(name: &str) -> CallError {
    CallError::conflict(format!("you have a CV named `{name}` already")).with_details(json!({"filename": name}))
}

/// Inserts a CV under a generated name that is free (R10).
///
/// # Errors
/// [`DbError`].
pub async fn insert_generated(tx: &Tx<'_>, cv: &NewCv<'_>) -> Result<CvHead, DbError> {
    let now = Utc::now().timestamp_millis();
    for collisions in 0..NAME_TRIES {
        let filename = filename::generated(now, collisions);
        if let Some(made) = files::insert(tx, &NewCv { filename: &filename, ..cv.clone() }).await? {
            return Ok(made);
        }
    }
    Err(DbError::Retry("no free name was found for a CV".to_owned()))
}

/// R52's stock: how many CVs the plan allows.
pub(super) async fn room_for_one(tx: &Tx<'_>, user: &str) -> Result<(), CallError> {
    let limit = plans::limit(tx, user, "max_cvs").await?;
    let Some(max) = limit.filter(|limit| limit.is_enabled).and_then(|limit| u32::try_from(limit.usage_limit).ok())
    else {
        return Ok(());
    };
    if files::count(tx, user).await? >= i64::from(max) {
        return Err(CallError::new(ErrorCode::LimitExceeded, format!("your plan keeps {max} CVs: delete one first"))
            .with_details(json!({"limit": max})));
    }
    Ok(())
}

/// `cv.create`.
///
/// # Errors
/// `bad_request` for a document that is no JSON Resume, `limit_exceeded` by `max_cvs`, `conflict` for a taken name.
pub async fn create(ctx: &CallCtx, params: CreateCv) -> Result<Value, CallError> {
    let content = resume::parse(params.content).map_err(|error| not_a_resume(&error))?;
    let given = params.filename.map(|name| filename::check(&name)).transpose().map_err(CallError::bad_request)?;
    let language = resume::language(&content);
    let user = &ctx.who.user;
    ctx.transaction(async |tx| {
        users::lock(tx, user.as_str()).await?;
        room_for_one(tx, user.as_str()).await?;
        let id = new_id();
        let cv = NewCv {
            id: &id,
            user: user.as_str(),
            filename: given.as_deref().unwrap_or_default(),
            content: &content,
            content_version: 1,
            source_type: SourceType::Manual,
            source_value: None,
            job_offer_id: None,
            created_by: None,
            language: language.as_deref(),
            pending: None,
            pending_source_version: None,
            credit_transaction_id: None,
        };
        match &given {
            Some(name) if files::insert(tx, &cv).await?.is_none() => return Err(name_taken(name)),
            Some(_) => {}
            None => {
                insert_generated(tx, &cv).await?;
            }
        }
        let row = files::by_id(tx, &id).await?.ok_or_else(|| CallError::internal("a new CV vanished"))?;
        announce::created(tx, user, &row)?;
        encode(&row.file)
    })
    .await
}

/// `cv.update` (R12, G11, G15).
///
/// # Errors
/// `bad_request` for a bad patch, `conflict` with the newer patches when `rev` differs, `forbidden` when blocked.
pub async fn update(ctx: &CallCtx, params: Value) -> Result<Value, CallError> {
    // The patch is read by hand: an error of an operation is told apart from an error of the parameters.
    let id: CvId = super::parse(params.get("id").cloned().unwrap_or(Value::Null))?;
    let rev = params
        .get("rev")
        .and_then(Value::as_i64)
        .ok_or_else(|| CallError::bad_request("`rev` must be a whole number"))?;
    let edit = patch::parse(params.get("patch").unwrap_or(&Value::Null)).map_err(|error| edit_refused(&error))?;
    ctx.transaction(async |tx| {
        let row = own_cv(tx, &ctx.who.user, &id).await?;
        not_blocked(&row)?;
        let cv = &row.file.summary;
        let edited = match patch::edit(&row.file.content, cv.content_rev, rev, &edit) {
            Ok(Some(edited)) => edited,
            Ok(None) => return encode(&Updated { rev: cv.content_rev }),
            Err(EditRefused::Stale { current, .. }) => return Err(stale(tx, &id, current, rev).await?),
            Err(error) => return Err(edit_refused(&error)),
        };
        let mut rev = cv.content_rev + 1;
        announce::changed(tx, id.as_str(), rev, announce::by(&ctx.who), &edit, cv.content_version)?;
        let reviewed = review::after_edit(&edited, &row.file.pending_changes, &edit, Utc::now());
        for decided in &reviewed.decided {
            rev += 1;
            announce::decided(tx, id.as_str(), rev, decided)?;
        }
        super::review::store(tx, &row, &reviewed, rev).await?;
        super::review::tell_row(tx, &row).await?;
        encode(&Updated { rev })
    })
    .await
}

fn edit_refused(error: &EditRefused) -> CallError {
    match error {
        EditRefused::NotAResume(field) => not_a_resume(field),
        EditRefused::Stale { .. } | EditRefused::DoesNotApply(_) => CallError::conflict(error.to_string()),
        EditRefused::BadPatch(_) => CallError::bad_request(error.to_string()),
    }
}

/// G15: the newer patches, so that the loser can rebase.
async fn stale(tx: &Tx<'_>, id: &CvId, current: i64, given: i64) -> Result<CallError, CallError> {
    let mut patches = Vec::new();
    let mut next = given + 1;
    let mut whole = given < current && given >= 0;
    for (kind, data) in events::after_rev(tx, topics::cv(id.as_str())?.as_str(), given).await? {
        let rev = data.get("rev").and_then(Value::as_i64).unwrap_or_default();
        if kind == "cv.changed" {
            let patch = data.get("patch").cloned().unwrap_or_default();
            let patch = serde_json::from_value(patch).map_err(CallError::internal)?;
            patches.push(RevPatch { rev, patch });
        } else if patches.last().is_none_or(|last| last.rev != rev) {
            // A decision that left the content as it was is a revision all the same.
            patches.push(RevPatch { rev, patch: Vec::new() });
        } else {
            continue;
        }
        whole &= rev == next;
        next = rev + 1;
    }
    whole &= next == current + 1;
    let details = RevConflict { rev: current, patches: whole.then_some(patches) };
    let message = format!("the CV is at rev {current} by now: rebase your edit of rev {given} and send it again");
    Ok(CallError::conflict(message).with_details(encode(&details)?))
}

/// `cv.rename`.
///
/// # Errors
/// `conflict` for a taken name, `forbidden` when blocked, `conflict` while a task works on it (R20).
pub async fn rename(ctx: &CallCtx, params: RenameCv) -> Result<Value, CallError> {
    let name = filename::check(&params.filename).map_err(CallError::bad_request)?;
    ctx.transaction(async |tx| {
        let row = own_cv(tx, &ctx.who.user, &params.id).await?;
        not_blocked(&row)?;
        if row.file.summary.filename == name {
            return encode(&row.file);
        }
        not_busy(tx, ctx, &params.id, &row.file.summary.filename).await?;
        if files::id_by_name(tx, row.user.as_str(), &name).await?.is_some() {
            return Err(name_taken(&name));
        }
        match files::rename(tx, params.id.as_str(), &name).await {
            Err(DbError::Constraint { constraint, .. }) if constraint == "cv_files_user_id_filename_key" => {
                return Err(name_taken(&name));
            }
            other => other?,
        }
        tell_state(tx, &params.id).await
    })
    .await
}

async fn tell_state(tx: &mut Tx<'_>, id: &CvId) -> Result<Value, CallError> {
    let row = files::by_id(tx, id.as_str()).await?.ok_or_else(|| no_cv(id))?;
    announce::state(tx, &row)?;
    announce::listed(tx, &row)?;
    encode(&row.file)
}

/// R20.
async fn not_busy(tx: &Tx<'_>, ctx: &CallCtx, id: &CvId, filename: &str) -> Result<(), CallError> {
    match tasks::busy_with(tx, ctx.who.user.as_str(), id.as_str(), filename).await? {
        Some(task) => Err(CallError::conflict("a task works on this CV: wait for its end, or cancel it")
            .with_details(json!({"task_id": task}))),
        None => Ok(()),
    }
}

/// `cv.delete`.
///
/// # Errors
/// `conflict` while a task works on it (R20).
pub async fn delete(ctx: &CallCtx, params: DeleteCv) -> Result<Value, CallError> {
    ctx.transaction(async |tx| {
        let row = own_cv(tx, &ctx.who.user, &params.id).await?;
        let summary = row.file.summary;
        not_busy(tx, ctx, &params.id, &summary.filename).await?;
        files::delete(tx, params.id.as_str()).await?;
        let event = CvDeleted { id: summary.id.clone(), filename: summary.filename.clone() };
        tx.emit(&topics::user(&ctx.who.user), "cv.deleted", &event)?;
        // R52: there may be room for one that a plan blocked.
        if blocks::some_blocked(tx, &ctx.who.user).await? {
            blocks::settle(tx, &ctx.who.user).await?;
        }
        // Whoever has the CV open loses the subscription.
        tx.recheck_subscriptions(ctx.who.user.clone());
        encode(&summary)
    })
    .await
}

/// `cv.set_offer`.
///
/// # Errors
/// `not_found` for an offer that is not theirs, `forbidden` when blocked, `conflict` while a task works on it (R20).
pub async fn set_offer(ctx: &CallCtx, params: SetOffer) -> Result<Value, CallError> {
    ctx.transaction(async |tx| {
        let row = own_cv(tx, &ctx.who.user, &params.id).await?;
        not_blocked(&row)?;
        not_busy(tx, ctx, &params.id, &row.file.summary.filename).await?;
        if let Some(offer) = &params.job_offer_id
            && offers::by_id(tx, row.user.as_str(), offer.as_str()).await?.is_none()
        {
            return Err(CallError::not_found(format!("there is no job offer {offer}")));
        }
        files::set_offer(tx, params.id.as_str(), params.job_offer_id.as_ref().map(|offer| offer.as_str())).await?;
        let after = files::by_id(tx, params.id.as_str()).await?.ok_or_else(|| no_cv(&params.id))?;
        if after.file.score.status != row.file.score.status {
            announce::score(tx, &after)?;
        }
        tell_state(tx, &params.id).await
    })
    .await
}
