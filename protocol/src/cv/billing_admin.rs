//! What administrators see and change of plans, packs, promo codes, webhooks.

use super::billing::{Currency, Plan, PlanLimit, PromoType};
use super::ids::CvId;
use crate::{Timestamp, UserId};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// A field that is there, null included: what is missing stays as it is, null takes away.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// A plan with its ties to Stripe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AdminPlan {
    /// The plan as everybody sees it.
    #[serde(flatten)]
    pub plan: Plan,
    /// Stripe's product.
    pub stripe_product_id: Option<String>,
    /// Stripe's price of a month.
    pub stripe_price_id_monthly: Option<String>,
    /// Stripe's price of a year.
    pub stripe_price_id_yearly: Option<String>,
    /// Live subscriptions.
    pub subscribers: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// Parameters of `admin.plan_create` (`id` missing, `name` required) and `admin.plan_update`. What is missing stays as it
/// is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PlanChange {
    /// The plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub id: Option<i32>,
    /// Its name, unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// For people.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string | null")]
    pub description: Option<Option<String>>,
    /// 0 free, 1 basic, …
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tier: Option<i32>,
    /// Shown as the usual choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub is_popular: Option<bool>,
    /// Price of a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub price_monthly: Option<f64>,
    /// Price of a year; null: computed again (cv R55).
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number | null")]
    pub price_yearly: Option<Option<f64>>,
    /// Percent, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub yearly_discount_percent: Option<f64>,
    /// Currency of the prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub price_currency: Option<Currency>,
    /// Stripe's product.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string | null")]
    pub stripe_product_id: Option<Option<String>>,
    /// Stripe's price of a month.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string | null")]
    pub stripe_price_id_monthly: Option<Option<String>>,
    /// Stripe's price of a year.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string | null")]
    pub stripe_price_id_yearly: Option<Option<String>>,
}

/// A plan by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct PlanRef {
    /// The plan.
    pub id: i32,
}

/// What a plan says about its features: answer of `admin.plan_limits`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct PlanLimits {
    /// By feature.
    pub limits: Vec<PlanLimit>,
}

/// Parameters of `admin.plan_limits_set`: features that are not named stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SetPlanLimits {
    /// The plan.
    pub id: i32,
    /// The new ones.
    pub limits: Vec<PlanLimit>,
}

/// A pack with its ties to Stripe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AdminCreditPack {
    /// Its id.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Credits in it, unique.
    pub credit_amount: i32,
    /// Its price.
    pub price: f64,
    /// Currency of the price.
    pub price_currency: Currency,
    /// Whether it is offered (cv R54).
    pub is_active: bool,
    /// Stripe's product.
    pub stripe_product_id: Option<String>,
    /// Stripe's price.
    pub stripe_price_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// Parameters of `admin.credit_pack_create` (`id` missing; name, credits and price required) and
/// `admin.credit_pack_update`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CreditPackChange {
    /// The pack.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub id: Option<i32>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// For people.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string | null")]
    pub description: Option<Option<String>>,
    /// Credits in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub credit_amount: Option<i32>,
    /// Its price.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub price: Option<f64>,
    /// Currency of the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub price_currency: Option<Currency>,
    /// Whether it is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub is_active: Option<bool>,
    /// Stripe's product.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string | null")]
    pub stripe_product_id: Option<Option<String>>,
    /// Stripe's price.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string | null")]
    pub stripe_price_id: Option<Option<String>>,
}

/// A promo code (cv R57).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct PromoCode {
    /// Its id.
    pub id: String,
    /// The code, upper case.
    pub code: String,
    /// What it gives.
    #[serde(rename = "type")]
    pub kind: PromoType,
    /// Credits, percent, or amount.
    pub value: f64,
    /// Of an amount.
    pub currency: Option<Currency>,
    /// For this plan only; null = any.
    pub plan_id: Option<i32>,
    /// For this pack only; null = any.
    pub credit_pack_id: Option<i32>,
    /// Uses in all; null = unlimited.
    pub max_uses: Option<i32>,
    /// Uses of one person.
    pub max_uses_per_user: i32,
    /// Uses so far.
    pub current_uses: i32,
    /// From when.
    pub valid_from: Timestamp,
    /// Until when; null = for ever.
    pub valid_until: Option<Timestamp>,
    /// Whether it works at all.
    pub is_active: bool,
    /// Stripe's coupon, made at the first checkout with it.
    pub stripe_coupon_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// Parameters of `admin.promo_code_create`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct NewPromoCode {
    /// The code; kept in upper case.
    pub code: String,
    /// What it gives.
    #[serde(rename = "type")]
    pub kind: PromoType,
    /// Credits, percent, or amount.
    pub value: f64,
    /// Needed for an amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub currency: Option<Currency>,
    /// For this plan only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub plan_id: Option<i32>,
    /// For this pack only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub credit_pack_id: Option<i32>,
    /// Uses in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub max_uses: Option<i32>,
    /// Uses of one person; 1 when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub max_uses_per_user: Option<i32>,
    /// From when; now when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub valid_from: Option<Timestamp>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub valid_until: Option<Timestamp>,
}

/// Parameters of `admin.promo_code_update`: what a code gives is not changed, only for whom and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct PromoCodeChange {
    /// The code's id.
    pub id: String,
    /// Whether it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub is_active: Option<bool>,
    /// Uses in all; null = unlimited.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number | null")]
    pub max_uses: Option<Option<i32>>,
    /// Uses of one person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub max_uses_per_user: Option<i32>,
    /// Until when; null = for ever.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string | null")]
    pub valid_until: Option<Option<Timestamp>>,
}

/// Parameters of `admin.gift`. Result: [`super::credits::CreditBalance`] of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Gift {
    /// To whom.
    pub id: UserId,
    /// How many, 1 to 100 000.
    pub credits: i32,
    /// Kept with the row of the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<String>,
}

/// Parameters of `admin.block_cv`. Result: [`super::file::CvSummary`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct BlockCv {
    /// Whose CV.
    pub id: UserId,
    /// The CV.
    pub cv_id: CvId,
    /// Blocked from now on, or no longer.
    pub blocked: bool,
    /// Why, for its owner; needed to block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<String>,
}

/// An event that Stripe sent: durable `webhook.logged`, and an item of `GET /v1/cv/admin/stripe-webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct StripeWebhook {
    /// Its id here.
    pub id: String,
    /// Its id at Stripe.
    pub event_id: String,
    /// Its type (`customer.subscription.updated`).
    pub event_type: String,
    /// Whether it took effect.
    pub processed: bool,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// When it came.
    pub created_at: Timestamp,
}

/// The same with what it said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct StripeWebhookDetail {
    /// Its row.
    #[serde(flatten)]
    pub webhook: StripeWebhook,
    /// As it came.
    #[ts(type = "unknown")]
    pub payload: Value,
}

/// Parameters of calls about one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct RowRef {
    /// The row.
    pub id: String,
}

/// Query of `GET /v1/cv/admin/stripe-webhooks`, beside the page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct WebhookQuery {
    /// Only those that did, or did not, take effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub processed: Option<bool>,
    /// Only this type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub event_type: Option<String>,
}

/// Query of `GET /v1/cv/admin/credit-packs`, beside the page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CreditPackQuery {
    /// Only those that are, or are not, offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub is_active: Option<bool>,
}

/// Query of `GET /v1/cv/admin/promo-codes`, beside the page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PromoCodeQuery {
    /// Only those that are, or are not, in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub is_active: Option<bool>,
    /// A part of the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub q: Option<String>,
}

/// State of `admin:webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AdminWebhooks {
    /// Events that have not taken effect.
    pub waiting: u32,
    /// The last 100, the newest first.
    pub last: Vec<StripeWebhook>,
}
