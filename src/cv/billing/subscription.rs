//! A person's one subscription, made from all that Stripe said (section 2): the only place that writes `subscriptions`.

use super::blocks;
use super::texts::Told;
use crate::cv::billing::rules::subscription::current;
use crate::cv::model::status::SubscriptionState;
use crate::cv::rules::period::period_at;
use crate::cv::store::{billing, plans, stripe};
use crate::cv::topics;
use chrono::Utc;
use estafette_actors::{CallError, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::billing::SubscriptionView;
use serde_json::json;

/// Brings a person's subscription up to date with what Stripe said, and tells every device. The person is locked.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn settle(tx: &mut Tx<'_>, user: &UserId) -> Result<(), CallError> {
    let id = user.as_str();
    let before = billing::view(tx, id).await?;
    let registers = stripe::registers(tx, id).await?;
    let Some((stripe_id, status, state)) = current(&registers) else { return Ok(()) };
    if let Some(was) = billing::subscription(tx, id).await? {
        for step in was.status.path(status) {
            tracing::debug!(user = id, from = %was.status, to = %step, "a subscription moves");
        }
    }
    billing::store_subscription(tx, id, stripe_id, status, state).await?;
    let after = billing::view(tx, id).await?;
    if before == after {
        return Ok(());
    }
    let Some(after) = after else { return Ok(()) };
    tx.emit(&topics::user(user), "subscription.changed", &after)?;
    let failed = |view: &SubscriptionView| view.status.map(|status| status.as_str()) == Some("past_due");
    if status == SubscriptionState::PastDue && !before.as_ref().is_some_and(failed) {
        Told::PaymentFailed.tell(tx, user, json!({}))?;
    }
    if before.is_none_or(|before| before.plan_id != after.plan_id) {
        changed_plan(tx, user).await?;
    }
    Ok(())
}

/// R51: other limits count at once, the counters stay. P9: CVs are blocked or set free.
async fn changed_plan(tx: &mut Tx<'_>, user: &UserId) -> Result<(), CallError> {
    let Some(plan) = plans::of_user(tx, user.as_str()).await? else { return Ok(()) };
    let period = period_at(plan.anchor, Utc::now());
    for counter in plans::counters(tx, user.as_str(), plan.plan.id, period).await? {
        tx.emit(&topics::user(user), "counter.changed", &counter)?;
    }
    blocks::settle(tx, user).await
}
