//! Packs of credits.

use super::{Flag, MAX_NAME, MAX_TEXT, changed, collided, name, number_after};
use crate::cv::billing::rules::price;
use crate::cv::calls::encode;
use crate::cv::calls::reads::Paged;
use crate::cv::store::billing::{self, PackFields};
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::cv::billing::Currency;
use estafette_protocol::cv::billing_admin::CreditPackChange;
use serde::Deserialize;
use serde_json::Value;

/// Credits of one pack.
const MAX_CREDITS: i32 = 100_000;

fn no_pack(id: i32) -> CallError {
    CallError::not_found(format!("there is no pack {id}"))
}

/// A page, filtered.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(flatten)]
    page: Paged,
    #[serde(default)]
    is_active: Flag,
}

/// `admin.credit_packs`.
///
/// # Errors
/// `bad_request` for a page that there is not.
pub async fn list(ctx: &CallCtx, asked: Asked) -> Result<Value, CallError> {
    let (after, limit) = asked.page.checked()?;
    let found = billing::packs(ctx.db(), asked.is_active.0, number_after(after)?, limit + 1).await?;
    encode(&asked.page.page(found, |pack| pack.id.to_string()))
}

fn merged(stored: Option<PackFields>, change: &CreditPackChange) -> Result<PackFields, CallError> {
    let missing = |what: &str| CallError::bad_request(format!("a pack needs `{what}`"));
    let was = stored.as_ref();
    let credit_amount =
        change.credit_amount.or(was.map(|was| was.credit_amount)).ok_or_else(|| missing("credit_amount"))?;
    if !(1..=MAX_CREDITS).contains(&credit_amount) {
        return Err(CallError::bad_request(format!("`credit_amount` must be 1 to {MAX_CREDITS}")));
    }
    let price = match (change.price, was) {
        (Some(value), _) => price::parse("price", value).map_err(CallError::bad_request)?,
        (None, Some(was)) => was.price,
        (None, None) => return Err(missing("price")),
    };
    let given = |what: &str, given: &Option<Option<String>>, was: Option<String>, most| changed(what, given, was, most);
    let of = |pick: fn(&PackFields) -> &Option<String>| was.and_then(|was| pick(was).clone());
    Ok(PackFields {
        name: match (&change.name, was) {
            (Some(given), _) => name(given)?,
            (None, Some(was)) => was.name.clone(),
            (None, None) => return Err(missing("name")),
        },
        description: given("description", &change.description, of(|was| &was.description), MAX_TEXT)?,
        credit_amount,
        price,
        price_currency: change
            .price_currency
            .map(|currency| currency.as_str().to_owned())
            .or(was.map(|was| was.price_currency.clone()))
            .unwrap_or_else(|| Currency::Eur.as_str().to_owned()),
        is_active: change.is_active.or(was.map(|was| was.is_active)).unwrap_or(true),
        stripe_product_id: given(
            "stripe_product_id",
            &change.stripe_product_id,
            of(|was| &was.stripe_product_id),
            MAX_NAME,
        )?,
        stripe_price_id: given("stripe_price_id", &change.stripe_price_id, of(|was| &was.stripe_price_id), MAX_NAME)?,
    })
}

/// `admin.credit_pack_create`.
///
/// # Errors
/// `bad_request` for what is missing or no price; `conflict` for a number of credits that another pack has.
pub async fn create(ctx: &CallCtx, change: CreditPackChange) -> Result<Value, CallError> {
    let fields = merged(None, &change)?;
    ctx.transaction(async |tx| {
        let id = billing::store_pack(tx, None, &fields).await.map_err(collided)?;
        encode(&billing::pack(tx, id).await?.ok_or_else(|| no_pack(id))?)
    })
    .await
}

/// `admin.credit_pack_update`.
///
/// # Errors
/// As [`create`]; `not_found`.
pub async fn update(ctx: &CallCtx, change: CreditPackChange) -> Result<Value, CallError> {
    let id = change.id.ok_or_else(|| CallError::bad_request("`id` must name the pack"))?;
    ctx.transaction(async |tx| {
        let stored = billing::lock_pack(tx, id).await?.ok_or_else(|| no_pack(id))?;
        let fields = merged(Some(stored), &change)?;
        billing::store_pack(tx, Some(id), &fields).await.map_err(collided)?;
        encode(&billing::pack(tx, id).await?.ok_or_else(|| no_pack(id))?)
    })
    .await
}
