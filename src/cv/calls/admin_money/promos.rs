//! Promo codes.

use super::{Flag, collided, text};
use crate::cv::billing::rules::{price, promo};
use crate::cv::calls::encode;
use crate::cv::calls::reads::Paged;
use crate::cv::store::promos;
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::cv::billing::PromoType;
use estafette_protocol::cv::billing_admin::{NewPromoCode, PromoCodeChange};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

/// Credits that one code gives.
const MAX_CREDITS: f64 = 100_000.0;

/// A page, filtered.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(flatten)]
    page: Paged,
    #[serde(default)]
    is_active: Flag,
    /// A part of the code.
    #[serde(default)]
    q: Option<String>,
}

/// `admin.promo_codes`.
///
/// # Errors
/// `bad_request` for a page that there is not.
pub async fn list(ctx: &CallCtx, asked: Asked) -> Result<Value, CallError> {
    let (after, limit) = asked.page.checked()?;
    let q = text("q", asked.q.as_deref().unwrap_or_default(), promo::MAX_CODE)?;
    let found = promos::list(ctx.db(), asked.is_active.0, q.as_deref(), after.as_deref(), limit + 1).await?;
    encode(&asked.page.page(found, |promo| promo.id.clone()))
}

fn value_of(new: &NewPromoCode) -> Result<Decimal, CallError> {
    let bad = |sentence: &str| Err(CallError::bad_request(sentence));
    let value = price::parse("value", new.value).map_err(CallError::bad_request)?;
    if value.is_zero() {
        return bad("`value` must be more than 0");
    }
    match new.kind {
        PromoType::Credits if !value.fract().is_zero() || new.value > MAX_CREDITS => {
            bad("`value` must be a whole number of credits, at most 100000")
        }
        PromoType::PercentOff if value > Decimal::ONE_HUNDRED => bad("`value` must be at most 100 percent"),
        PromoType::AmountOff if new.currency.is_none() => bad("an amount needs its `currency`"),
        _ => Ok(value),
    }
}

fn positive(name: &str, value: Option<i32>) -> Result<(), CallError> {
    if value.is_some_and(|value| value < 1) {
        return Err(CallError::bad_request(format!("`{name}` must be 1 or more")));
    }
    Ok(())
}

/// `admin.promo_code_create`.
///
/// # Errors
/// `bad_request` for what is no code or no value; `conflict` for a code that there is; `not_found` for a plan or pack
/// that there is not.
pub async fn create(ctx: &CallCtx, new: NewPromoCode) -> Result<Value, CallError> {
    let code = promo::code(&new.code).map_err(CallError::bad_request)?;
    let value = value_of(&new)?;
    positive("max_uses", new.max_uses)?;
    positive("max_uses_per_user", new.max_uses_per_user)?;
    ctx.transaction(async |tx| {
        let id = promos::insert(tx, &code, value, &new).await.map_err(collided)?;
        encode(&promos::by_id(tx, &id).await?.ok_or_else(|| CallError::internal("a new promo code vanished"))?)
    })
    .await
}

/// `admin.promo_code_update`.
///
/// # Errors
/// `not_found`; `conflict` for fewer uses than there were.
pub async fn update(ctx: &CallCtx, change: PromoCodeChange) -> Result<Value, CallError> {
    positive("max_uses", change.max_uses.flatten())?;
    positive("max_uses_per_user", change.max_uses_per_user)?;
    ctx.transaction(async |tx| {
        let missing = || CallError::not_found("there is no such promo code");
        if !promos::update(tx, &change).await.map_err(collided)? {
            return Err(missing());
        }
        encode(&promos::by_id(tx, &change.id).await?.ok_or_else(missing)?)
    })
    .await
}
