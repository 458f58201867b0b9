//! `billing.*`, and what people read about plans and their subscription.
//!
//! | module | calls |
//! |---|---|
//! | [`checkout`] | `billing.checkout` |
//! | [`manage`] | `billing.portal`, `billing.cancel`, `billing.resume`, `subscription.get` |
//! | [`redeem`] | `billing.redeem`, `referral.get` |

pub mod checkout;
pub mod manage;
pub mod redeem;

use super::{encode, parse};
use crate::cv::services::Services;
use crate::cv::store::billing;
use crate::cv::store::files::MAX_PAGE;
use crate::cv::store::settings::Settings;
use estafette_actors::{CallCtx, CallError, Db};
use estafette_protocol::cv::admin::Nothing;
use estafette_protocol::cv::billing::{CreditPack, Plan};
use serde_json::Value;

/// The methods.
pub const METHODS: [&str; 9] = [
    "billing.checkout",
    "billing.portal",
    "billing.cancel",
    "billing.resume",
    "billing.redeem",
    "subscription.get",
    "referral.get",
    "plan.list",
    "credit_pack.list",
];

/// Handles one of [`METHODS`].
///
/// # Errors
/// Whatever it refuses.
pub async fn dispatch(
    services: &Services,
    ctx: &CallCtx,
    settings: &Settings,
    method: &str,
    params: Value,
) -> Result<Value, CallError> {
    match method {
        "billing.checkout" => checkout::checkout(services, ctx, parse(params)?).await,
        "billing.portal" => {
            let _none: Nothing = parse(params)?;
            manage::portal(services, ctx).await
        }
        "billing.cancel" => manage::cancel(services, ctx, true).await,
        "billing.resume" => manage::cancel(services, ctx, false).await,
        "billing.redeem" => redeem::redeem(ctx, parse(params)?).await,
        "subscription.get" => manage::get(ctx).await,
        "plan.list" => encode(&price_list(ctx.db()).await?),
        "credit_pack.list" => encode(&pack_list(ctx.db()).await?),
        _ => redeem::referrals(ctx, settings, parse(params)?).await,
    }
}

/// The plans, by tier.
///
/// # Errors
/// `unavailable` when the database does not answer.
pub async fn price_list(db: &Db) -> Result<Vec<Plan>, CallError> {
    Ok(billing::plans(db, None, MAX_PAGE).await?.into_iter().map(|plan| plan.plan).collect())
}

/// The packs that are offered (R54).
///
/// # Errors
/// `unavailable` when the database does not answer.
pub async fn pack_list(db: &Db) -> Result<Vec<CreditPack>, CallError> {
    Ok(billing::packs(db, Some(true), None, MAX_PAGE).await?.into_iter().map(billing::offered).collect())
}
