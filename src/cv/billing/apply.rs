//! An event of Stripe takes effect, once, in one transaction with the mark that it did.

use super::{payment, subscription, webhook};
use crate::cv::billing::rules::subscription::{Register, mark};
use crate::cv::store::{promos, stripe, users};
use crate::stripe::event::{Checkout, Event, Subscription, What};
use estafette_actors::{CallError, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::billing::BillingPeriod;

/// Whom an event is about.
enum Whom {
    /// This person.
    Person(UserId),
    /// Somebody whose account does not exist any more: nothing is left to be done.
    Gone,
}

/// Applies the event of a row of the log. What took effect before is left alone.
///
/// # Errors
/// What keeps it from taking effect now: it is tried again, and in the end it waits for an administrator.
pub async fn apply(tx: &mut Tx<'_>, log: &str) -> Result<(), CallError> {
    let Some(row) = stripe::lock_log(tx, log).await? else { return Ok(()) };
    if row.webhook.processed {
        return Ok(());
    }
    let event = Event::read(&row.payload).map_err(|error| CallError::bad_request(error.to_string()))?;
    match &event.what {
        What::Subscription(said) => of_subscription(tx, &event, said).await?,
        What::Invoice { subscription, customer, paid } => {
            of_invoice(tx, &event, subscription, customer.as_deref(), *paid).await?;
        }
        What::Checkout(checkout) => of_checkout(tx, checkout).await?,
        What::CheckoutGone { id } => {
            promos::release(tx, id).await?;
        }
        What::Refund { payment, amount, refunded } => payment::refunded(tx, payment, *amount, *refunded).await?,
        What::Other => {}
    }
    if let Some(done) = stripe::note(tx, log, None).await? {
        webhook::tell(tx, &done)?;
    }
    Ok(())
}

/// Whom a subscription belongs to: as we said when it was made, as we know it, or by its customer.
async fn whom(tx: &Tx<'_>, said: Option<&str>, subscription: &str, customer: &str) -> Result<Whom, CallError> {
    if let Some(said) = said
        && let Ok(user) = said.parse::<UserId>()
    {
        return Ok(if stripe::user_exists(tx, said).await? { Whom::Person(user) } else { Whom::Gone });
    }
    if let Some(user) = stripe::user_of_subscription(tx, subscription).await? {
        return Ok(Whom::Person(user));
    }
    match stripe::user_of_customer(tx, customer).await? {
        Some(user) => Ok(Whom::Person(user)),
        None => Err(CallError::not_found(format!("nobody here is Stripe's customer {customer}"))),
    }
}

async fn of_subscription(tx: &mut Tx<'_>, event: &Event, said: &Subscription) -> Result<(), CallError> {
    let Whom::Person(user) = whom(tx, said.user.as_deref(), &said.id, &said.customer).await? else { return Ok(()) };
    users::lock(tx, user.as_str()).await?;
    let (plan, period) = plan_of(tx, said).await?;
    let mut register = known(tx, &user, &said.id).await?;
    register.take(&mark(event.created, &event.kind, &event.id), said, plan, period);
    stripe::keep_register(tx, user.as_str(), &said.customer, &register).await?;
    stripe::tie_customer(tx, user.as_str(), &said.customer).await?;
    subscription::settle(tx, &user).await
}

async fn of_invoice(
    tx: &mut Tx<'_>,
    event: &Event,
    id: &str,
    customer: Option<&str>,
    paid: bool,
) -> Result<(), CallError> {
    let customer = customer.unwrap_or_default();
    let Whom::Person(user) = whom(tx, None, id, customer).await? else { return Ok(()) };
    users::lock(tx, user.as_str()).await?;
    let mut register = known(tx, &user, id).await?;
    register.take_invoice(&mark(event.created, &event.kind, &event.id), paid);
    stripe::keep_register(tx, user.as_str(), customer, &register).await?;
    subscription::settle(tx, &user).await
}

async fn known(tx: &Tx<'_>, user: &UserId, id: &str) -> Result<Register, CallError> {
    let all = stripe::registers(tx, user.as_str()).await?;
    let known = all.into_iter().find(|register| register.id == id);
    Ok(known.unwrap_or_else(|| Register { id: id.to_owned(), ..Register::default() }))
}

/// The plan by Stripe's price; by what we said where the price was made at the checkout.
async fn plan_of(tx: &Tx<'_>, said: &Subscription) -> Result<(i32, BillingPeriod), CallError> {
    if let Some(price) = &said.price
        && let Some(found) = stripe::plan_of_price(tx, price).await?
    {
        return Ok(found);
    }
    let period = if said.interval.as_deref() == Some("year") { BillingPeriod::Yearly } else { BillingPeriod::Monthly };
    let sold = match said.plan {
        Some(plan) => crate::cv::store::billing::plan(tx, plan).await?,
        None => None,
    };
    match (sold, &said.price) {
        // A plan whose prices are known to Stripe is not meant by another price: that one belongs to no plan yet.
        (Some(plan), Some(price))
            if plan.stripe_price_id_monthly.is_some() && plan.stripe_price_id_yearly.is_some() =>
        {
            Err(no_plan(price))
        }
        (Some(plan), _) => Ok((plan.plan.id, period)),
        (None, price) => Err(no_plan(price.as_deref().unwrap_or("none"))),
    }
}

fn no_plan(price: &str) -> CallError {
    CallError::not_found(format!("no plan has Stripe's price {price}: enter it at the plan it belongs to, then replay"))
}

async fn of_checkout(tx: &mut Tx<'_>, checkout: &Checkout) -> Result<(), CallError> {
    let Some(user) = checkout.user.as_deref().and_then(|user| user.parse::<UserId>().ok()) else { return Ok(()) };
    if !stripe::user_exists(tx, user.as_str()).await? {
        return Ok(());
    }
    if let Some(credits) = checkout.credits
        && checkout.paid
    {
        payment::paid(tx, &user, checkout, credits).await?;
    }
    if let Some(customer) = &checkout.customer {
        stripe::tie_customer(tx, user.as_str(), customer).await?;
    }
    Ok(())
}
