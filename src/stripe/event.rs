//! What an event says, as far as a product is concerned. Fields stand where either the older or the newer versions of
//! Stripe's interface have them: a webhook comes in the version of its endpoint.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// Why a payload is not an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an event of Stripe: {0}")]
pub struct NotAnEvent(pub String);

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id (`evt_…`).
    pub id: String,
    /// Its type.
    pub kind: String,
    /// When it happened, Unix seconds.
    pub created: i64,
    /// What it says.
    pub what: What,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A subscription as it is.
    Subscription(Subscription),
    /// An invoice of a subscription was paid, or was not.
    Invoice {
        /// The subscription.
        subscription: String,
        /// The customer.
        customer: Option<String>,
        /// Paid, or failed.
        paid: bool,
    },
    /// A checkout ended well.
    Checkout(Checkout),
    /// A checkout will not be paid any more.
    CheckoutGone {
        /// Its id.
        id: String,
    },
    /// Money of a payment went back, in all.
    Refund {
        /// The payment intent.
        payment: String,
        /// What was paid, smallest units.
        amount: i64,
        /// What went back so far, smallest units.
        refunded: i64,
    },
    /// Nothing that concerns a product.
    Other,
}

/// A subscription as Stripe describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Its id (`sub_…`).
    pub id: String,
    /// The customer.
    pub customer: String,
    /// Stripe's word.
    pub status: String,
    /// The price of its first item.
    pub price: Option<String>,
    /// `month` or `year`, of that price.
    pub interval: Option<String>,
    /// What we said when it was made: whose it is.
    pub user: Option<String>,
    /// The plan that we sold.
    pub plan: Option<i32>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// The period that is paid.
    pub period_start: DateTime<Utc>,
    /// Its end.
    pub period_end: DateTime<Utc>,
    /// Whether it ends then.
    pub cancel_at_period_end: bool,
    /// When it was cancelled.
    pub canceled_at: Option<DateTime<Utc>>,
}

/// A checkout that ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Its id (`cs_…`).
    pub id: String,
    /// Whether money is there (or none was due); else it comes later, with an event of its own.
    pub paid: bool,
    /// The customer.
    pub customer: Option<String>,
    /// The payment intent; none for subscriptions, and where nothing was to be paid.
    pub payment: Option<String>,
    /// The invoice.
    pub invoice: Option<String>,
    /// What was paid, smallest units.
    pub amount_total: i64,
    /// Whose it is, as we said.
    pub user: Option<String>,
    /// The credits that we sold.
    pub credits: Option<i32>,
}

fn text(value: &Value, name: &str) -> Result<String, NotAnEvent> {
    let found = value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.map(str::to_owned).ok_or_else(|| NotAnEvent(format!("`{name}` is missing")))
}

/// An id, or an object that has one: fields may be expanded.
fn id(value: &Value) -> Option<String> {
    value.as_str().or_else(|| value.get("id").and_then(Value::as_str)).map(str::to_owned)
}

fn instant(value: &Value) -> Option<DateTime<Utc>> {
    value.as_i64().and_then(|seconds| DateTime::from_timestamp(seconds, 0))
}

impl Event {
    /// Reads an event.
    ///
    /// # Errors
    /// [`NotAnEvent`] that names the field.
    pub fn read(payload: &Value) -> Result<Self, NotAnEvent> {
        let (event_id, kind) = (text(payload, "id")?, text(payload, "type")?);
        let created = payload.get("created").and_then(Value::as_i64).filter(|at| (0..=99_999_999_999).contains(at));
        let created = created.ok_or_else(|| NotAnEvent("`created` is missing".to_owned()))?;
        let object =
            payload.pointer("/data/object").ok_or_else(|| NotAnEvent("`data.object` is missing".to_owned()))?;
        let what = match kind.as_str() {
            kind if kind.starts_with("customer.subscription.") && kind != "customer.subscription.trial_will_end" => {
                What::Subscription(Subscription::read(object)?)
            }
            "invoice.paid" | "invoice.payment_succeeded" => invoice(object, true),
            "invoice.payment_failed" => invoice(object, false),
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                What::Checkout(checkout(object)?)
            }
            "checkout.session.expired" | "checkout.session.async_payment_failed" => {
                What::CheckoutGone { id: text(object, "id")? }
            }
            "charge.refunded" => refund(object),
            _ => What::Other,
        };
        Ok(Self { id: event_id, kind, created, what })
    }
}

impl Subscription {
    /// Reads a subscription.
    ///
    /// # Errors
    /// [`NotAnEvent`] that names the field.
    pub fn read(object: &Value) -> Result<Self, NotAnEvent> {
        let item = object.pointer("/items/data/0").unwrap_or(&Value::Null);
        // Newer versions have the period at the item.
        let period = |name: &str| {
            let found = object.get(name).and_then(instant).or_else(|| item.get(name).and_then(instant));
            found.ok_or_else(|| NotAnEvent(format!("`{name}` is missing")))
        };
        let price = item.get("price").unwrap_or(&Value::Null);
        let metadata = object.get("metadata").unwrap_or(&Value::Null);
        Ok(Self {
            id: text(object, "id")?,
            customer: object
                .get("customer")
                .and_then(id)
                .ok_or_else(|| NotAnEvent("`customer` is missing".to_owned()))?,
            status: text(object, "status")?,
            price: id(price),
            interval: price.pointer("/recurring/interval").and_then(Value::as_str).map(str::to_owned),
            user: metadata.get("user_id").and_then(Value::as_str).map(str::to_owned),
            plan: metadata.get("plan_id").and_then(Value::as_str).and_then(|plan| plan.parse().ok()),
            started_at: object
                .get("created")
                .and_then(instant)
                .ok_or_else(|| NotAnEvent("`created` is missing".to_owned()))?,
            period_start: period("current_period_start")?,
            period_end: period("current_period_end")?,
            cancel_at_period_end: object.get("cancel_at_period_end").and_then(Value::as_bool).unwrap_or(false),
            canceled_at: object.get("canceled_at").and_then(instant),
        })
    }
}

/// An invoice that is not of a subscription concerns nobody here; nor does the failure of a subscription's first one,
/// which never was.
fn invoice(object: &Value, paid: bool) -> What {
    let subscription = object.get("subscription").and_then(id).or_else(|| {
        let newer = object.pointer("/parent/subscription_details/subscription");
        newer.and_then(id)
    });
    let first = object.get("billing_reason").and_then(Value::as_str) == Some("subscription_create");
    match subscription {
        Some(subscription) if paid || !first => {
            What::Invoice { subscription, customer: object.get("customer").and_then(id), paid }
        }
        _ => What::Other,
    }
}

fn checkout(object: &Value) -> Result<Checkout, NotAnEvent> {
    let metadata = object.get("metadata").unwrap_or(&Value::Null);
    let paid = object.get("payment_status").and_then(Value::as_str);
    Ok(Checkout {
        id: text(object, "id")?,
        paid: matches!(paid, Some("paid" | "no_payment_required")),
        customer: object.get("customer").and_then(id),
        payment: object.get("payment_intent").and_then(id),
        invoice: object.get("invoice").and_then(id),
        amount_total: object.get("amount_total").and_then(Value::as_i64).unwrap_or(0).max(0),
        user: metadata.get("user_id").and_then(Value::as_str).map(str::to_owned),
        credits: metadata.get("credits").and_then(Value::as_str).and_then(|credits| credits.parse().ok()),
    })
}

fn refund(object: &Value) -> What {
    let number = |name: &str| object.get(name).and_then(Value::as_i64).unwrap_or(0).max(0);
    match object.get("payment_intent").and_then(id) {
        Some(payment) => What::Refund { payment, amount: number("amount"), refunded: number("amount_refunded") },
        None => What::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(kind: &str, object: Value) -> Value {
        json!({"id": "evt_1", "object": "event", "type": kind, "created": 1_800_000_000, "data": {"object": object}})
    }

    #[test]
    fn a_subscription_has_its_period_where_either_version_puts_it() {
        let price = json!({"id": "price_1", "recurring": {"interval": "year"}});
        let older = json!({"id": "sub_1", "customer": "cus_1", "status": "active", "created": 10,
            "current_period_start": 20, "current_period_end": 30, "items": {"data": [{"price": price}]},
            "metadata": {"user_id": "u1", "plan_id": "3"}});
        let newer = json!({"id": "sub_1", "customer": {"id": "cus_1"}, "status": "active", "created": 10,
            "items": {"data": [{"price": price, "current_period_start": 20, "current_period_end": 30}]},
            "metadata": {"user_id": "u1", "plan_id": "3"}});
        let (older, newer) = (Subscription::read(&older).unwrap(), Subscription::read(&newer).unwrap());
        assert_eq!(older, newer);
        assert_eq!((older.plan, older.interval.as_deref(), older.period_end.timestamp()), (Some(3), Some("year"), 30));
    }

    #[test]
    fn an_invoice_names_its_subscription_where_either_version_puts_it() {
        for object in [
            json!({"subscription": "sub_1", "customer": "cus_1", "billing_reason": "subscription_cycle"}),
            json!({"parent": {"subscription_details": {"subscription": "sub_1"}}, "customer": "cus_1"}),
        ] {
            let read = Event::read(&event("invoice.payment_failed", object)).unwrap();
            let What::Invoice { subscription, paid, .. } = read.what else { panic!("{read:?}") };
            assert_eq!((subscription.as_str(), paid), ("sub_1", false));
        }
        let first = json!({"subscription": "sub_1", "billing_reason": "subscription_create"});
        assert_eq!(Event::read(&event("invoice.payment_failed", first)).unwrap().what, What::Other, "it never was");
        assert_eq!(Event::read(&event("invoice.paid", json!({"customer": "cus_1"}))).unwrap().what, What::Other);
    }

    #[test]
    fn what_is_no_event_is_named() {
        for (bad, what) in [
            (json!({}), "`id`"),
            (json!({"id": "e", "type": "t"}), "`created`"),
            (json!({"id": "e", "type": "t", "created": 1}), "`data.object`"),
            (
                event("customer.subscription.updated", json!({"id": "s", "status": "active", "created": 1})),
                "`current_period_start`",
            ),
            (event("checkout.session.completed", json!({})), "`id`"),
        ] {
            let error = Event::read(&bad).unwrap_err().to_string();
            assert!(error.contains(what) || error.contains("`customer`"), "{error}");
        }
        assert_eq!(Event::read(&event("payout.paid", json!({}))).unwrap().what, What::Other);
    }
}
