//! `admin.*` about money: plans and their limits, packs, promo codes, gifts, blocks, Stripe's webhooks.
//!
//! | module | calls |
//! |---|---|
//! | [`plans`] | `admin.plans`, `admin.plan_create`, `admin.plan_update`, `admin.plan_limits`, `admin.plan_limits_set` |
//! | [`packs`] | `admin.credit_packs`, `admin.credit_pack_create`, `admin.credit_pack_update` |
//! | [`promos`] | `admin.promo_codes`, `admin.promo_code_create`, `admin.promo_code_update` |
//! | [`people`] | `admin.gift`, `admin.block_cv` |
//! | [`webhooks`] | `admin.stripe_webhooks`, `admin.stripe_webhook`, `admin.stripe_webhook_replay` |

pub mod packs;
pub mod people;
pub mod plans;
pub mod promos;
pub mod webhooks;

use super::{ADMIN, parse};
use estafette_actors::{CallCtx, CallError, DbError};
use serde::Deserialize;
use serde_json::Value;

/// The methods.
pub const METHODS: [&str; 16] = [
    "admin.plans",
    "admin.plan_create",
    "admin.plan_update",
    "admin.plan_limits",
    "admin.plan_limits_set",
    "admin.credit_packs",
    "admin.credit_pack_create",
    "admin.credit_pack_update",
    "admin.promo_codes",
    "admin.promo_code_create",
    "admin.promo_code_update",
    "admin.gift",
    "admin.block_cv",
    "admin.stripe_webhooks",
    "admin.stripe_webhook",
    "admin.stripe_webhook_replay",
];

/// Characters of a name and of a word of Stripe's.
const MAX_NAME: usize = 120;
/// Characters of a description.
const MAX_TEXT: usize = 2_000;

/// Handles one of [`METHODS`].
///
/// # Errors
/// `forbidden` for who is no administrator; whatever it refuses.
pub async fn dispatch(ctx: &CallCtx, method: &str, params: Value) -> Result<Value, CallError> {
    if ctx.who.role != ADMIN {
        return Err(CallError::forbidden("this is for administrators"));
    }
    match method {
        "admin.plans" => plans::list(ctx, parse(params)?).await,
        "admin.plan_create" => plans::create(ctx, parse(params)?).await,
        "admin.plan_update" => plans::update(ctx, parse(numbered(params)?)?).await,
        "admin.plan_limits" => plans::limits(ctx, parse(numbered(params)?)?).await,
        "admin.plan_limits_set" => plans::set_limits(ctx, parse(numbered(params)?)?).await,
        "admin.credit_packs" => packs::list(ctx, parse(params)?).await,
        "admin.credit_pack_create" => packs::create(ctx, parse(params)?).await,
        "admin.credit_pack_update" => packs::update(ctx, parse(numbered(params)?)?).await,
        "admin.promo_codes" => promos::list(ctx, parse(params)?).await,
        "admin.promo_code_create" => promos::create(ctx, parse(params)?).await,
        "admin.promo_code_update" => promos::update(ctx, parse(params)?).await,
        "admin.gift" => people::gift(ctx, parse(params)?).await,
        "admin.block_cv" => people::block_cv(ctx, parse(params)?).await,
        "admin.stripe_webhooks" => webhooks::list(ctx, parse(params)?).await,
        "admin.stripe_webhook" => webhooks::get(ctx, parse(params)?).await,
        _ => webhooks::replay(ctx, parse(params)?).await,
    }
}

/// Paths carry numbers as texts.
fn numbered(mut params: Value) -> Result<Value, CallError> {
    if let Some(id) = params.get_mut("id")
        && let Value::String(text) = id
    {
        let number: i32 = text.parse().map_err(|_| CallError::not_found(format!("there is no `{text}`")))?;
        *id = Value::from(number);
    }
    Ok(params)
}

/// A cursor that is a number.
fn number_after(after: Option<String>) -> Result<Option<i32>, CallError> {
    let wrong = |_| CallError::bad_request("`after` is not the `next` of a page of this list");
    after.map(|text| text.parse().map_err(wrong)).transpose()
}

/// A filter that may come as a text, as HTTP queries have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flag(pub Option<bool>);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(Self(None)),
            Value::Bool(flag) => Ok(Self(Some(flag))),
            Value::String(text) if matches!(text.as_str(), "true" | "1") => Ok(Self(Some(true))),
            Value::String(text) if matches!(text.as_str(), "false" | "0") => Ok(Self(Some(false))),
            Value::String(text) if text.is_empty() => Ok(Self(None)),
            _ => Err(serde::de::Error::custom("a filter must be true or false")),
        }
    }
}

/// A text of bounded length without control characters; blank is none.
fn text(name: &str, value: &str, most: usize) -> Result<Option<String>, CallError> {
    let value = value.trim();
    if value.chars().count() > most || value.chars().any(|c| c.is_control() && c != '\n') {
        return Err(CallError::bad_request(format!("`{name}` has at most {most} printable characters")));
    }
    Ok((!value.is_empty()).then(|| value.to_owned()))
}

/// A name: not blank.
fn name(value: &str) -> Result<String, CallError> {
    text("name", value, MAX_NAME)?.ok_or_else(|| CallError::bad_request("`name` must not be blank"))
}

/// A changed text: what is missing stays as it is.
fn changed(
    what: &str,
    given: &Option<Option<String>>,
    stored: Option<String>,
    most: usize,
) -> Result<Option<String>, CallError> {
    match given {
        None => Ok(stored),
        Some(None) => Ok(None),
        Some(Some(value)) => text(what, value, most),
    }
}

/// What collided, for who entered it.
fn collided(error: DbError) -> CallError {
    match &error {
        DbError::Constraint { constraint, .. } if constraint.ends_with("_key") => {
            let field = constraint.trim_end_matches("_key").rsplit("s_").next().unwrap_or_default();
            let known = ["name", "stripe", "credit_amount", "code"].iter().find(|word| constraint.contains(**word));
            CallError::conflict(format!("another one has this `{}` already", known.copied().unwrap_or(field)))
        }
        DbError::Constraint { constraint, .. } if constraint.ends_with("_fkey") => {
            CallError::not_found("there is no such plan or pack")
        }
        DbError::Constraint { constraint, .. } if constraint == "promo_codes_uses_check" => {
            CallError::conflict("it was used more often than that already")
        }
        _ => error.into(),
    }
}
