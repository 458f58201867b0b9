//! `billing.portal`, `billing.cancel`, `billing.resume`, `subscription.get`.

use super::checkout::customer;
use crate::cv::calls::encode;
use crate::cv::model::status::SubscriptionState;
use crate::cv::services::Services;
use crate::cv::store::billing;
use crate::stripe::event::Subscription;
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::cv::billing::{PortalOpened, SubscriptionView};
use serde_json::Value;

/// Where people come back to from the portal.
const BACK: &str = "/credits";

async fn view(ctx: &CallCtx) -> Result<SubscriptionView, CallError> {
    let none = || CallError::not_found("there is no plan for you: ask an administrator");
    billing::view(ctx.db(), ctx.who.user.as_str()).await?.ok_or_else(none)
}

/// `subscription.get`.
///
/// # Errors
/// `not_found` where no plan is set up.
pub async fn get(ctx: &CallCtx) -> Result<Value, CallError> {
    encode(&view(ctx).await?)
}

/// `billing.portal`: a page of Stripe's where plan, card and address are changed.
///
/// # Errors
/// `bad_request` where no payments are taken; `unavailable` when Stripe does not answer.
pub async fn portal(services: &Services, ctx: &CallCtx) -> Result<Value, CallError> {
    let stripe = services.stripe()?;
    let customer = customer(ctx, stripe).await?;
    let url = stripe.portal(&customer, &stripe.return_url(BACK)).await?;
    encode(&PortalOpened { url })
}

/// `billing.cancel` and `billing.resume`: whether the subscription ends with its period. The answer is what Stripe says
/// now; the row and every device follow with Stripe's event.
///
/// # Errors
/// `conflict` without a living subscription, and for going on with one that does not end.
pub async fn cancel(services: &Services, ctx: &CallCtx, cancel: bool) -> Result<Value, CallError> {
    let stripe = services.stripe()?;
    let row = billing::subscription(ctx.db(), ctx.who.user.as_str()).await?;
    let none = || CallError::conflict("you have no subscription that goes on");
    let row = row.filter(|row| row.status != SubscriptionState::Canceled).ok_or_else(none)?;
    let id = row.stripe_id.ok_or_else(none)?;
    let said = stripe.cancel_at_period_end(&id, cancel).await?;
    let said = Subscription::read(&said).map_err(CallError::internal)?;
    let mut view = view(ctx).await?;
    view.cancel_at_period_end = said.cancel_at_period_end;
    view.current_period_end = Some(said.period_end.into());
    encode(&view)
}
