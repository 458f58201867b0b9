//! CVs that a plan has no room for (P9, R52), and those that an administrator blocks.

use super::texts::Told;
use crate::cv::billing::rules::blocking::{PLAN_LIMIT, decide};
use crate::cv::store::{files, plans};
use crate::cv::{announce, topics};
use estafette_actors::{CallError, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::event::user::CvBlocked;
use serde_json::json;

/// Blocks what the plan has no room for, sets free what it has. The person is locked.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn settle(tx: &mut Tx<'_>, user: &UserId) -> Result<(), CallError> {
    let Some((_, limit)) = plans::with_limit(tx, user.as_str(), "max_cvs").await? else { return Ok(()) };
    let limit = limit.filter(|limit| limit.is_enabled);
    let limit = limit.and_then(|limit| u32::try_from(limit.usage_limit).ok());
    let blocking = decide(&files::lock_stored(tx, user.as_str()).await?, limit);
    for id in &blocking.block {
        set(tx, user, id, Some(PLAN_LIMIT)).await?;
    }
    for id in &blocking.unblock {
        set(tx, user, id, None).await?;
    }
    if !blocking.block.is_empty() {
        Told::Blocked(blocking.block.len()).tell(tx, user, json!({"limit": limit}))?;
    }
    if !blocking.unblock.is_empty() {
        Told::Unblocked(blocking.unblock.len()).tell(tx, user, json!({"limit": limit}))?;
    }
    Ok(())
}

/// Whether a plan blocked some CV of a person.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn some_blocked(tx: &Tx<'_>, user: &UserId) -> Result<bool, CallError> {
    Ok(files::blocked_because(tx, user.as_str(), PLAN_LIMIT).await?)
}

/// Blocks a CV for a reason, or sets it free.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set(tx: &mut Tx<'_>, user: &UserId, id: &str, reason: Option<&str>) -> Result<(), CallError> {
    files::set_blocked(tx, id, reason).await?;
    let Some(row) = files::by_id(tx, id).await? else { return Ok(()) };
    let cv = &row.file.summary;
    let event = CvBlocked {
        id: cv.id.clone(),
        filename: cv.filename.clone(),
        blocked_reason: cv.blocked_reason.clone(),
        blocked_at: cv.blocked_at,
    };
    let kind = if cv.blocked { "cv.blocked" } else { "cv.unblocked" };
    tx.emit(&topics::user(user), kind, &event)?;
    announce::state(tx, &row)?;
    Ok(())
}
