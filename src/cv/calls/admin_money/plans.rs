//! Plans and their limits.

use super::{MAX_NAME, MAX_TEXT, changed, collided, name, number_after};
use crate::cv::billing::rules::price;
use crate::cv::calls::encode;
use crate::cv::calls::reads::Paged;
use crate::cv::store::billing::{self, PlanFields};
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::cv::billing::{Currency, PlanLimit};
use estafette_protocol::cv::billing_admin::{PlanChange, PlanLimits, PlanRef, SetPlanLimits};
use rust_decimal::Decimal;
use serde_json::Value;

/// Features of one change.
const MAX_LIMITS: usize = 100;
/// The highest tier.
const MAX_TIER: i32 = 1_000;

fn no_plan(id: i32) -> CallError {
    CallError::not_found(format!("there is no plan {id}"))
}

/// `admin.plans`.
///
/// # Errors
/// `bad_request` for a page that there is not.
pub async fn list(ctx: &CallCtx, page: Paged) -> Result<Value, CallError> {
    let (after, limit) = page.checked()?;
    let found = billing::plans(ctx.db(), number_after(after)?, limit + 1).await?;
    encode(&page.page(found, |plan| plan.plan.id.to_string()))
}

/// Puts a change on what is stored. R55: the yearly price follows, unless it is or was set by hand.
fn merged(stored: Option<PlanFields>, change: &PlanChange) -> Result<PlanFields, CallError> {
    let bad = CallError::bad_request;
    let was = stored.unwrap_or_else(|| PlanFields {
        name: String::new(),
        description: None,
        tier: 1,
        is_popular: false,
        price_monthly: Decimal::ZERO,
        price_yearly: Decimal::ZERO,
        yearly_discount_percent: Decimal::ZERO,
        price_currency: Currency::Eur.as_str().to_owned(),
        stripe_product_id: None,
        stripe_price_id_monthly: None,
        stripe_price_id_yearly: None,
    });
    let by_rule = was.price_yearly == price::yearly(was.price_monthly, was.yearly_discount_percent);
    let price_monthly = match change.price_monthly {
        Some(value) => price::parse("price_monthly", value).map_err(bad)?,
        None => was.price_monthly,
    };
    let discount = match change.yearly_discount_percent {
        Some(value) => price::parse_percent("yearly_discount_percent", value).map_err(bad)?,
        None => was.yearly_discount_percent,
    };
    let price_yearly = match change.price_yearly {
        Some(Some(value)) => price::parse("price_yearly", value).map_err(bad)?,
        Some(None) => price::yearly(price_monthly, discount),
        None if by_rule => price::yearly(price_monthly, discount),
        None => was.price_yearly,
    };
    let tier = change.tier.unwrap_or(was.tier);
    if !(0..=MAX_TIER).contains(&tier) {
        return Err(bad(format!("`tier` must be 0 to {MAX_TIER}")));
    }
    Ok(PlanFields {
        name: match &change.name {
            Some(given) => name(given)?,
            None if was.name.is_empty() => return Err(bad("a plan needs a `name`".to_owned())),
            None => was.name,
        },
        description: changed("description", &change.description, was.description, MAX_TEXT)?,
        tier,
        is_popular: change.is_popular.unwrap_or(was.is_popular),
        price_monthly,
        price_yearly,
        yearly_discount_percent: discount,
        price_currency: change.price_currency.map_or(was.price_currency, |currency| currency.as_str().to_owned()),
        stripe_product_id: changed("stripe_product_id", &change.stripe_product_id, was.stripe_product_id, MAX_NAME)?,
        stripe_price_id_monthly: changed(
            "stripe_price_id_monthly",
            &change.stripe_price_id_monthly,
            was.stripe_price_id_monthly,
            MAX_NAME,
        )?,
        stripe_price_id_yearly: changed(
            "stripe_price_id_yearly",
            &change.stripe_price_id_yearly,
            was.stripe_price_id_yearly,
            MAX_NAME,
        )?,
    })
}

/// `admin.plan_create`.
///
/// # Errors
/// `bad_request` for what is no price or no name; `conflict` for a name or an id of Stripe's that is taken.
pub async fn create(ctx: &CallCtx, change: PlanChange) -> Result<Value, CallError> {
    let fields = merged(None, &change)?;
    ctx.transaction(async |tx| {
        let id = billing::store_plan(tx, None, &fields).await.map_err(collided)?;
        encode(&billing::plan(tx, id).await?.ok_or_else(|| no_plan(id))?)
    })
    .await
}

/// `admin.plan_update`.
///
/// # Errors
/// As [`create`]; `not_found`.
pub async fn update(ctx: &CallCtx, change: PlanChange) -> Result<Value, CallError> {
    let id = change.id.ok_or_else(|| CallError::bad_request("`id` must name the plan"))?;
    ctx.transaction(async |tx| {
        let stored = billing::lock_plan(tx, id).await?.ok_or_else(|| no_plan(id))?;
        let fields = merged(Some(stored), &change)?;
        billing::store_plan(tx, Some(id), &fields).await.map_err(collided)?;
        encode(&billing::plan(tx, id).await?.ok_or_else(|| no_plan(id))?)
    })
    .await
}

/// `admin.plan_limits`.
///
/// # Errors
/// `not_found`.
pub async fn limits(ctx: &CallCtx, plan: PlanRef) -> Result<Value, CallError> {
    let found = billing::plan(ctx.db(), plan.id).await?.ok_or_else(|| no_plan(plan.id))?;
    encode(&PlanLimits { limits: found.plan.limits })
}

fn check(limit: &PlanLimit) -> Result<(), CallError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let name = &limit.feature_name;
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err(CallError::bad_request(format!("`{name}` is no feature: a-z, 0-9 and _ only (generate_cv)")));
    }
    if limit.usage_limit < -1 {
        return Err(CallError::bad_request(format!("`usage_limit` of {name} must be -1 (unlimited), 0 or more")));
    }
    Ok(())
}

/// `admin.plan_limits_set`: in force with the next use (R51).
///
/// # Errors
/// `not_found`; `bad_request` for what is no feature or no limit.
pub async fn set_limits(ctx: &CallCtx, params: SetPlanLimits) -> Result<Value, CallError> {
    if params.limits.len() > MAX_LIMITS {
        return Err(CallError::bad_request(format!("at most {MAX_LIMITS} limits at once")));
    }
    params.limits.iter().try_for_each(check)?;
    ctx.transaction(async |tx| {
        billing::lock_plan(tx, params.id).await?.ok_or_else(|| no_plan(params.id))?;
        for limit in &params.limits {
            billing::set_limit(tx, params.id, limit).await?;
        }
        let plan = billing::plan(tx, params.id).await?.ok_or_else(|| no_plan(params.id))?;
        encode(&PlanLimits { limits: plan.plan.limits })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r55_the_yearly_price_follows_unless_it_was_set_by_hand() {
        let shown = |fields: &PlanFields| price::shown(fields.price_yearly);
        let new = PlanChange {
            name: Some("pro".to_owned()),
            price_monthly: Some(10.0),
            yearly_discount_percent: Some(20.0),
            ..PlanChange::default()
        };
        let fields = merged(None, &new).unwrap();
        assert!((shown(&fields) - 96.0).abs() < 1e-9);
        let dearer = PlanChange { price_monthly: Some(20.0), ..PlanChange::default() };
        assert!((shown(&merged(Some(fields.clone()), &dearer).unwrap()) - 192.0).abs() < 1e-9);
        let by_hand = PlanChange { price_yearly: Some(Some(99.0)), ..PlanChange::default() };
        let fields = merged(Some(fields), &by_hand).unwrap();
        assert!((shown(&merged(Some(fields.clone()), &dearer).unwrap()) - 99.0).abs() < 1e-9, "it stays");
        let again = PlanChange { price_yearly: Some(None), ..PlanChange::default() };
        assert!((shown(&merged(Some(fields), &again).unwrap()) - 96.0).abs() < 1e-9);
        assert!(merged(None, &PlanChange::default()).is_err(), "no name");
    }
}
