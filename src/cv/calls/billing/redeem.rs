//! `billing.redeem` (R57), `referral.get` (R56).

use crate::cv::billing::referral;
use crate::cv::billing::rules::promo::{self, Use};
use crate::cv::calls::encode;
use crate::cv::calls::reads::Paged;
use crate::cv::store::settings::Settings;
use crate::cv::store::{credits, plans, promos, users};
use crate::cv::topics;
use chrono::Utc;
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::cv::billing::{Redeem, Redeemed, Referrals};
use serde_json::{Value, json};

/// `billing.redeem`: a code that gives credits.
///
/// # Errors
/// `not_found` for a code that there is not; `conflict` for one that does not work, or not here.
pub async fn redeem(ctx: &CallCtx, params: Redeem) -> Result<Value, CallError> {
    let code = promo::code(&params.code).map_err(CallError::bad_request)?;
    let user = &ctx.who.user;
    ctx.transaction(async |tx| {
        users::lock(tx, user.as_str()).await?;
        let found = promos::lock(tx, &code).await?;
        let promo = found.ok_or_else(|| CallError::not_found("there is no such promo code"))?;
        let plan = plans::of_user(tx, user.as_str()).await?.map_or(0, |plan| plan.plan.id);
        let mine = promos::uses_of(tx, &promo.id, user.as_str()).await?;
        let allowed = promos::terms(&promo).check(Use::Redeem(plan), mine, Utc::now());
        allowed.map_err(|refused| CallError::conflict(refused.to_string()))?;
        #[allow(clippy::cast_possible_truncation)]
        let amount = promo.value.round().clamp(1.0, f64::from(i32::MAX)) as i32;
        let transaction = referral::give(tx, user, amount, &json!({"promo_code": promo.code})).await?;
        promos::count(tx, &promo.id, user.as_str(), Some(&transaction), None).await?;
        let balance = credits::balance(tx, user.as_str()).await?.balance;
        encode(&Redeemed { credits: amount, balance, transaction_id: topics::parse_id(&transaction)? })
    })
    .await
}

/// `referral.get`: the caller's code, and who came by it.
///
/// # Errors
/// `bad_request` for a page that there is not.
pub async fn referrals(ctx: &CallCtx, settings: &Settings, page: Paged) -> Result<Value, CallError> {
    let (after, limit) = page.checked()?;
    let user = &ctx.who.user;
    let code = match promos::referral_code(ctx.db(), user.as_str()).await? {
        Some(code) => code,
        None => {
            let product = topics::product();
            ctx.runtime
                .transaction(&product, async |tx| {
                    users::lock(tx, user.as_str()).await?;
                    referral::code_of(tx, user).await
                })
                .await?
        }
    };
    let found = promos::referrals(ctx.db(), user.as_str(), after.as_deref(), limit + 1).await?;
    let page = page.page(found, |referral| referral.id.clone());
    let credits = |name: &str| i32::try_from(settings.number(name, 5)).unwrap_or(i32::MAX);
    encode(&Referrals {
        code,
        referrer_credits: credits("referral_referrer_credits"),
        referred_credits: credits("referral_referred_credits"),
        items: page.items,
        next: page.next,
    })
}
