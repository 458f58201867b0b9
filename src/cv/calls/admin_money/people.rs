//! What an administrator gives to a person, and takes from them.

use super::{MAX_TEXT, text};
use crate::cv::billing::rules::blocking::PLAN_LIMIT;
use crate::cv::billing::texts::Told;
use crate::cv::billing::{blocks, referral};
use crate::cv::calls::{encode, no_cv};
use crate::cv::store::{credits, files, stripe, users};
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::cv::billing_admin::{BlockCv, Gift};
use serde_json::{Value, json};

/// Credits of one gift.
const MAX_GIFT: i32 = 100_000;

/// `admin.gift`.
///
/// # Errors
/// `bad_request` for no credits or too many; `not_found`.
pub async fn gift(ctx: &CallCtx, gift: Gift) -> Result<Value, CallError> {
    if !(1..=MAX_GIFT).contains(&gift.credits) {
        return Err(CallError::bad_request(format!("`credits` must be 1 to {MAX_GIFT}")));
    }
    let reason = text("reason", gift.reason.as_deref().unwrap_or_default(), MAX_TEXT)?;
    ctx.transaction(async |tx| {
        let user = gift.id.as_str();
        users::lock(tx, user).await?;
        if !stripe::user_exists(tx, user).await? {
            return Err(CallError::not_found(format!("there is nobody with the id {user}")));
        }
        let why = json!({"by": ctx.who.user, "reason": reason});
        referral::give(tx, &gift.id, gift.credits, &why).await?;
        Told::Gifted(gift.credits).tell(tx, &gift.id, json!({"reason": reason}))?;
        encode(&credits::balance(tx, user).await?)
    })
    .await
}

/// `admin.block_cv`. A CV that is set free and has no place in its owner's plan is blocked by the plan again.
///
/// # Errors
/// `not_found`; `bad_request` for blocking without a reason.
pub async fn block_cv(ctx: &CallCtx, params: BlockCv) -> Result<Value, CallError> {
    let reason = text("reason", params.reason.as_deref().unwrap_or_default(), MAX_TEXT)?;
    if params.blocked && reason.as_deref().is_none_or(|reason| reason == PLAN_LIMIT) {
        return Err(CallError::bad_request("`reason` must say why, for the owner"));
    }
    ctx.transaction(async |tx| {
        users::lock(tx, params.id.as_str()).await?;
        let row = files::lock(tx, params.cv_id.as_str()).await?.filter(|row| row.user == params.id);
        let row = row.ok_or_else(|| no_cv(&params.cv_id))?;
        if params.blocked || row.file.summary.blocked {
            let reason = reason.as_deref().filter(|_| params.blocked);
            blocks::set(tx, &params.id, params.cv_id.as_str(), reason).await?;
            if !params.blocked {
                blocks::settle(tx, &params.id).await?;
            }
        }
        let row = files::by_id(tx, params.cv_id.as_str()).await?.ok_or_else(|| no_cv(&params.cv_id))?;
        encode(&row.file.summary)
    })
    .await
}
