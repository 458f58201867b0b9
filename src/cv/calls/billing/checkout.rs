//! `billing.checkout`: a page of Stripe's on which a plan or a pack is paid. What it costs and what it gives comes from
//! our tables, never from the caller (R54).

use crate::cv::billing::rules::price;
use crate::cv::billing::rules::promo::{self, Terms, Use};
use crate::cv::calls::encode;
use crate::cv::services::Services;
use crate::cv::store::{billing, promos, stripe, users};
use crate::cv::topics;
use crate::stripe::Stripe;
use crate::stripe::client::NewCheckout;
use crate::stripe::form::Form;
use chrono::Utc;
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::cv::billing::{BillingPeriod, Checkout, CheckoutStarted, PromoType};
use estafette_protocol::cv::billing_admin::{AdminCreditPack, AdminPlan, PromoCode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Where people come back to.
const BACK: &str = "/credits?checkout=done";
/// Where they come back to without having paid.
const BACK_UNPAID: &str = "/credits?checkout=cancelled";

/// What is sold.
enum Sold {
    Plan(Box<AdminPlan>, BillingPeriod),
    Pack(Box<AdminCreditPack>),
}

/// `billing.checkout`.
///
/// # Errors
/// `bad_request` for neither or both, for the free plan, and where no payments are taken; `not_found` for what is not
/// offered; `conflict` for a plan beside a living subscription, and for a promo code that does not work.
pub async fn checkout(services: &Services, ctx: &CallCtx, params: Checkout) -> Result<Value, CallError> {
    let stripe = services.stripe()?;
    let sold = what(ctx, &params).await?;
    let promo = match &params.promo_code {
        Some(code) => Some(cheaper(ctx, stripe, code, &sold).await?),
        None => None,
    };
    let customer = customer(ctx, stripe).await?;
    let form = form(ctx, stripe, &customer, &sold, promo.as_ref())?;
    let (id, url) = stripe.checkout(&NewCheckout { form, key: key(ctx) }).await?;
    let started = CheckoutStarted { id: id.clone(), url };
    let counted = ctx
        .transaction(async |tx| {
            if let Some(promo) = &promo {
                users::lock(tx, ctx.who.user.as_str()).await?;
                let asked = sold.asked();
                let now = promos::lock(tx, &promo.code).await?.ok_or_else(no_code)?;
                let mine = promos::uses_of(tx, &now.id, ctx.who.user.as_str()).await?;
                allow(&promos::terms(&now), asked, mine)?;
                promos::count(tx, &now.id, ctx.who.user.as_str(), None, Some(&id)).await?;
            }
            encode(&started)
        })
        .await;
    if counted.is_err() && promo.is_some() {
        // The last use went to somebody else meanwhile: this page must not sell at its price. Nobody has seen it.
        if let Err(error) = stripe.expire_checkout(&id).await {
            tracing::warn!(%error, checkout = id, "a checkout that nobody was given stays open until it ends by itself");
        }
    }
    counted
}

impl Sold {
    const fn asked(&self) -> Use {
        match self {
            Self::Plan(plan, _) => Use::Plan(plan.plan.id),
            Self::Pack(pack) => Use::Pack(pack.id),
        }
    }
}

async fn what(ctx: &CallCtx, params: &Checkout) -> Result<Sold, CallError> {
    match (params.plan_id, params.credit_pack_id) {
        (Some(id), None) => {
            let none = || CallError::not_found(format!("there is no plan {id}"));
            let plan = billing::plan(ctx.db(), id).await?.ok_or_else(none)?;
            if plan.plan.is_free {
                return Err(CallError::bad_request(
                    "the free plan needs no payment: cancel your subscription to get it",
                ));
            }
            let now = billing::subscription(ctx.db(), ctx.who.user.as_str()).await?;
            if now.is_some_and(|now| now.status.is_live()) {
                let sentence = "you have a subscription: change its plan in the portal (billing.portal)";
                return Err(CallError::conflict(sentence));
            }
            Ok(Sold::Plan(Box::new(plan), params.billing_period.unwrap_or(BillingPeriod::Monthly)))
        }
        (None, Some(id)) => {
            // R54: what is not offered is not there.
            let pack = billing::pack(ctx.db(), id).await?.filter(|pack| pack.is_active);
            let none = || CallError::not_found(format!("there is no pack {id} on offer"));
            Ok(Sold::Pack(Box::new(pack.ok_or_else(none)?)))
        }
        _ => Err(CallError::bad_request("name what you buy: `plan_id` (with `billing_period`) or `credit_pack_id`")),
    }
}

fn no_code() -> CallError {
    CallError::not_found("there is no such promo code")
}

fn allow(terms: &Terms, asked: Use, mine: i32) -> Result<(), CallError> {
    terms.check(asked, mine, Utc::now()).map_err(|refused| CallError::conflict(refused.to_string()))
}

/// A promo code for this checkout, with its coupon at Stripe.
async fn cheaper(ctx: &CallCtx, stripe: &Stripe, text: &str, sold: &Sold) -> Result<PromoCode, CallError> {
    let code = promo::code(text).map_err(CallError::bad_request)?;
    let mut promo = promos::by_code(ctx.db(), &code).await?.ok_or_else(no_code)?;
    let mine = promos::uses_of(ctx.db(), &promo.id, ctx.who.user.as_str()).await?;
    allow(&promos::terms(&promo), sold.asked(), mine)?;
    if promo.stripe_coupon_id.is_none() {
        let form = Form::new().set("duration", "once").set("name", &promo.code);
        let form = match promo.kind {
            PromoType::AmountOff => {
                let amount = price::parse("value", promo.value).map_err(CallError::internal)?;
                let currency = promo.currency.map(|currency| currency.as_str().to_lowercase());
                form.set("amount_off", price::cents(amount)).set_some("currency", currency)
            }
            _ => form.set("percent_off", promo.value),
        };
        let coupon = stripe.coupon(&promo.id, &form).await?;
        let (id, coupon_id) = (promo.id.as_str(), coupon.as_str());
        let product = topics::product();
        ctx.runtime.transaction(&product, async |tx| Ok(promos::set_coupon(tx, id, coupon_id).await?)).await?;
        promo.stripe_coupon_id = Some(coupon);
    }
    Ok(promo)
}

/// The caller's customer at Stripe, made at the first checkout.
///
/// # Errors
/// `unavailable` when Stripe does not answer.
pub async fn customer(ctx: &CallCtx, stripe: &Stripe) -> Result<String, CallError> {
    let user = ctx.who.user.as_str();
    let gone = || CallError::not_found("this account does not exist any more");
    let row = stripe::customer_of(ctx.db(), user).await?.ok_or_else(gone)?;
    if let Some(customer) = row.customer {
        return Ok(customer);
    }
    let made = stripe.customer(user, row.email.as_deref(), row.name.as_deref()).await?;
    let product = topics::product();
    ctx.runtime.transaction(&product, async |tx| Ok(stripe::tie_customer(tx, user, &made).await?)).await?;
    Ok(made)
}

/// The same for a repetition of the call, another for another call.
fn key(ctx: &CallCtx) -> String {
    match &ctx.key {
        Some(key) => {
            let whole = format!("{}\n{}\n{}", ctx.who.user, key.as_str(), ctx.params_hash);
            format!("checkout-{}", hex::encode(Sha256::digest(whole)))
        }
        None => format!("checkout-{}", estafette_protocol::ids::new_cuid2()),
    }
}

fn form(
    ctx: &CallCtx,
    stripe: &Stripe,
    customer: &str,
    sold: &Sold,
    promo: Option<&PromoCode>,
) -> Result<Form, CallError> {
    let user = ctx.who.user.as_str();
    let coupon = promo.and_then(|promo| promo.stripe_coupon_id.as_deref());
    let form = Form::new()
        .set("customer", customer)
        .set("client_reference_id", user)
        .set("success_url", stripe.return_url(BACK))
        .set("cancel_url", stripe.return_url(BACK_UNPAID))
        .set("line_items[0][quantity]", 1)
        .set("metadata[user_id]", user)
        .set_some("discounts[0][coupon]", coupon);
    let described = |form: Form, name: &str, amount: f64, currency: &str| {
        let amount = price::parse("price", amount).map_err(CallError::internal)?;
        Ok::<_, CallError>(
            form.set("line_items[0][price_data][currency]", currency.to_lowercase())
                .set("line_items[0][price_data][unit_amount]", price::cents(amount))
                .set("line_items[0][price_data][product_data][name]", name),
        )
    };
    match sold {
        Sold::Plan(plan, period) => {
            let (id, amount, interval) = match period {
                BillingPeriod::Monthly => (&plan.stripe_price_id_monthly, plan.plan.price_monthly, "month"),
                BillingPeriod::Yearly => (&plan.stripe_price_id_yearly, plan.plan.price_yearly, "year"),
            };
            let form = form
                .set("mode", "subscription")
                .set("metadata[plan_id]", plan.plan.id)
                .set("subscription_data[metadata][user_id]", user)
                .set("subscription_data[metadata][plan_id]", plan.plan.id);
            match id {
                Some(id) => Ok(form.set("line_items[0][price]", id)),
                None => {
                    let form = described(form, &plan.plan.name, amount, plan.plan.price_currency.as_str())?;
                    Ok(form.set("line_items[0][price_data][recurring][interval]", interval))
                }
            }
        }
        Sold::Pack(pack) => {
            let form = form
                .set("mode", "payment")
                .set("metadata[credit_pack_id]", pack.id)
                .set("metadata[credits]", pack.credit_amount)
                .set("payment_intent_data[metadata][user_id]", user);
            match &pack.stripe_price_id {
                Some(id) => Ok(form.set("line_items[0][price]", id)),
                None => described(form, &pack.name, pack.price, pack.price_currency.as_str()),
            }
        }
    }
}
