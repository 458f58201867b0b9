//! Customers, checkouts, subscriptions, payments, and the events that their changes make.

use crate::stripe::form::Form;
use chrono::{DateTime, Months, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a price costs that was never described, smallest units.
const PLAIN_PRICE: i64 = 1_000;

/// What Stripe refuses, in its form.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The word.
    pub code: &'static str,
    /// The sentence.
    pub message: String,
}

impl Refusal {
    fn missing(what: &str, id: &str) -> Self {
        Self { status: 404, code: "resource_missing", message: format!("No such {what}: '{id}'") }
    }
    fn invalid(message: impl Into<String>) -> Self {
        Self { status: 400, code: "parameter_invalid", message: message.into() }
    }
}

type Done = Result<Value, Refusal>;

/// All there is.
#[derive(Debug, Default)]
pub struct Book {
    objects: BTreeMap<String, Value>,
    events: Vec<Value>,
    answers: BTreeMap<String, Value>,
    last: u64,
    clock: i64,
}

fn at(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn metadata(form: &Form, prefix: &str) -> Value {
    Value::Object(form.below(prefix).map(|(name, value)| (name.to_owned(), json!(value))).collect())
}

fn set(object: &mut Value, fields: Value) {
    if let (Value::Object(object), Value::Object(fields)) = (object, fields) {
        object.extend(fields);
    }
}

/// The interval of a price: as it was described, else as its id says.
fn interval(price: &Value) -> &'static str {
    let said = price.pointer("/recurring/interval").and_then(Value::as_str);
    match said {
        Some("year") => "year",
        Some(_) => "month",
        None if at(price, "id").contains("year") => "year",
        None => "month",
    }
}

fn period_after(start: i64, interval: &str) -> i64 {
    let months = Months::new(if interval == "year" { 12 } else { 1 });
    let start = DateTime::from_timestamp(start, 0).unwrap_or_default();
    start.checked_add_months(months).unwrap_or(start).timestamp()
}

impl Book {
    /// The events so far, in the order in which they happened.
    pub fn events(&self) -> &[Value] {
        &self.events
    }

    /// An object by its id.
    pub fn get(&self, id: &str) -> Option<&Value> {
        self.objects.get(id)
    }

    /// All objects of a kind (`subscription`).
    pub fn all(&self, kind: &str) -> Vec<Value> {
        self.objects.values().filter(|object| object["object"] == kind).cloned().collect()
    }

    /// The answer that a request with this idempotency key got.
    pub fn answered(&self, key: &str) -> Option<&Value> {
        self.answers.get(key)
    }

    /// Keeps the answer for a repetition.
    pub fn keep(&mut self, key: &str, answer: &Value) {
        self.answers.insert(key.to_owned(), answer.clone());
    }

    fn id(&mut self, prefix: &str) -> String {
        self.last += 1;
        format!("{prefix}_{:06}{}", self.last, estafette_protocol::ids::new_cuid2())
    }

    /// A new instant: each change happens in a second of its own, what it makes in the same.
    fn tick(&mut self) -> i64 {
        self.clock = Utc::now().timestamp().max(self.clock + 1);
        self.clock
    }

    fn event(&mut self, kind: &str, object: &Value) {
        let event = json!({
            "id": self.id("evt"), "object": "event", "api_version": super::super::client::VERSION, "created": self.clock,
            "livemode": false, "pending_webhooks": 1, "type": kind, "data": {"object": object},
        });
        self.events.push(event);
    }

    fn put(&mut self, object: Value) -> Value {
        self.objects.insert(at(&object, "id"), object.clone());
        object
    }

    fn of(&self, what: &str, id: &str) -> Done {
        let found = self.objects.get(id).filter(|object| object["object"] == what);
        found.cloned().ok_or_else(|| Refusal::missing(what, id))
    }

    /// `POST /v1/customers`.
    pub fn customer(&mut self, form: &Form) -> Value {
        let created = self.tick();
        let customer = json!({
            "id": self.id("cus"), "object": "customer", "created": created, "email": form.get("email"),
            "name": form.get("name"), "metadata": metadata(form, "metadata"),
        });
        self.put(customer)
    }

    /// `POST /v1/coupons`.
    ///
    /// # Errors
    /// [`Refusal`] as Stripe's.
    pub fn coupon(&mut self, form: &Form) -> Done {
        let id = form.get("id").map_or_else(|| self.id("co"), str::to_owned);
        if self.objects.contains_key(&id) {
            let message = format!("Coupon already exists: '{id}'");
            return Err(Refusal { status: 400, code: "resource_already_exists", message });
        }
        if form.get("percent_off").is_none() && (form.get("amount_off").is_none() || form.get("currency").is_none()) {
            return Err(Refusal::invalid("Must provide percent_off, or amount_off and currency."));
        }
        let number = |name: &str| form.get(name).and_then(|value| value.parse::<f64>().ok());
        let coupon = json!({
            "id": id, "object": "coupon", "duration": form.get("duration").unwrap_or("once"),
            "percent_off": number("percent_off"), "amount_off": number("amount_off"), "currency": form.get("currency"),
        });
        Ok(self.put(coupon))
    }

    /// The price of a checkout's one line: named, or described in place.
    fn price(&mut self, form: &Form) -> Done {
        let line = |name: &str| form.get(&format!("line_items[0]{name}")).map(str::to_owned);
        if let Some(id) = line("[price]") {
            return Ok(match self.objects.get(&id) {
                Some(price) => price.clone(),
                None => self.put(json!({"id": id, "object": "price", "unit_amount": PLAIN_PRICE, "currency": "eur"})),
            });
        }
        let amount = line("[price_data][unit_amount]").and_then(|amount| amount.parse::<i64>().ok());
        let (Some(amount), Some(currency), Some(name)) =
            (amount, line("[price_data][currency]"), line("[price_data][product_data][name]"))
        else {
            return Err(Refusal::invalid(
                "line_items[0] needs price, or price_data with unit_amount, currency and product",
            ));
        };
        let recurring = line("[price_data][recurring][interval]").map(|interval| json!({"interval": interval}));
        let price = json!({
            "id": self.id("price"), "object": "price", "unit_amount": amount, "currency": currency, "nickname": name,
            "recurring": recurring,
        });
        Ok(self.put(price))
    }

    /// `POST /v1/checkout/sessions`.
    ///
    /// # Errors
    /// [`Refusal`] as Stripe's.
    pub fn checkout(&mut self, form: &Form, base: &str) -> Done {
        let customer = form.get("customer").unwrap_or_default().to_owned();
        self.of("customer", &customer)?;
        let mode = form.get("mode").unwrap_or_default();
        if !matches!(mode, "payment" | "subscription") {
            return Err(Refusal::invalid("mode must be payment or subscription"));
        }
        let success =
            form.get("success_url").ok_or_else(|| Refusal::invalid("Missing required param: success_url."))?;
        let created = self.tick();
        let price = self.price(form)?;
        let recurring = price.get("recurring").is_some_and(Value::is_object);
        let described = price.get("recurring").is_some();
        if described && recurring != (mode == "subscription") {
            return Err(Refusal::invalid("You must provide at least one recurring price in `subscription` mode"));
        }
        let mut amount = price["unit_amount"].as_i64().unwrap_or(0);
        if let Some(coupon) = form.get("discounts[0][coupon]") {
            let coupon = self.of("coupon", coupon)?;
            #[allow(clippy::cast_possible_truncation)]
            let off = |value: &Value| value.as_f64().map(|value| value.round() as i64);
            amount = match (off(&coupon["percent_off"]), off(&coupon["amount_off"])) {
                (Some(percent), _) => amount - amount * percent / 100,
                (_, Some(less)) => amount - less,
                _ => amount,
            }
            .max(0);
        }
        let id = self.id("cs_test");
        let session = json!({
            "id": id, "object": "checkout.session", "created": created, "expires_at": created + 86_400,
            "mode": mode, "status": "open", "payment_status": "unpaid", "customer": customer,
            "client_reference_id": form.get("client_reference_id"), "metadata": metadata(form, "metadata"),
            "success_url": success, "cancel_url": form.get("cancel_url"), "amount_total": amount,
            "currency": price["currency"], "payment_intent": null, "subscription": null, "invoice": null,
            "url": format!("{base}/pay/{id}"),
            "x_price": price["id"], "x_name": price["nickname"],
            "x_subscription_metadata": metadata(form, "subscription_data[metadata]"),
        });
        Ok(self.put(session))
    }

    /// `POST /v1/checkout/sessions/{id}/expire`.
    ///
    /// # Errors
    /// [`Refusal`] as Stripe's.
    pub fn expire(&mut self, id: &str) -> Done {
        let mut session = self.of("checkout.session", id)?;
        if session["status"] != "open" {
            return Err(Refusal::invalid("Only Checkout Sessions with a status in [\"open\"] can be expired."));
        }
        self.tick();
        set(&mut session, json!({"status": "expired", "url": null}));
        let session = self.put(session);
        self.event("checkout.session.expired", &session);
        Ok(session)
    }

    /// Somebody pays a checkout.
    ///
    /// # Errors
    /// [`Refusal`] when there is none, or it was paid.
    pub fn pay(&mut self, id: &str) -> Done {
        let mut session = self.of("checkout.session", id)?;
        if session["status"] != "open" {
            return Err(Refusal::invalid("This checkout is over."));
        }
        let now = self.tick();
        let (customer, amount) = (session["customer"].clone(), session["amount_total"].as_i64().unwrap_or(0));
        let paid = if amount == 0 { "no_payment_required" } else { "paid" };
        set(&mut session, json!({"status": "complete", "payment_status": paid, "url": null}));
        if session["mode"] == "payment" {
            if amount > 0 {
                let payment = self.id("pi");
                let charge = json!({
                    "id": self.id("ch"), "object": "charge", "created": now, "customer": customer, "amount": amount,
                    "amount_refunded": 0, "refunded": false, "payment_intent": payment, "currency": session["currency"],
                });
                let charge = self.put(charge);
                set(&mut session, json!({"payment_intent": payment}));
                self.event("charge.succeeded", &charge);
            }
        } else {
            let price = self.objects.get(&at(&session, "x_price")).cloned().unwrap_or_default();
            let mut subscription = json!({
                "id": self.id("sub"), "object": "subscription", "created": now, "customer": customer,
                "status": "incomplete", "cancel_at_period_end": false, "canceled_at": null,
                "current_period_start": now, "current_period_end": period_after(now, interval(&price)),
                "metadata": session["x_subscription_metadata"], "items": items(&price),
            });
            self.event("customer.subscription.created", &subscription);
            set(&mut subscription, json!({"status": "active"}));
            let subscription = self.put(subscription);
            self.event("customer.subscription.updated", &subscription);
            let invoice = self.invoice(&subscription, "subscription_create", amount);
            self.event("invoice.paid", &invoice);
            set(&mut session, json!({"subscription": subscription["id"], "invoice": invoice["id"]}));
        }
        let session = self.put(session);
        self.event("checkout.session.completed", &session);
        Ok(session)
    }

    fn invoice(&mut self, subscription: &Value, reason: &str, amount: i64) -> Value {
        let invoice = json!({
            "id": self.id("in"), "object": "invoice", "subscription": subscription["id"],
            "customer": subscription["customer"], "billing_reason": reason, "amount_due": amount,
        });
        self.put(invoice)
    }

    /// `POST /v1/subscriptions/{id}`: whether it ends with its period, and its price.
    ///
    /// # Errors
    /// [`Refusal`] as Stripe's.
    pub fn update(&mut self, id: &str, form: &Form) -> Done {
        let mut subscription = self.live(id)?;
        self.tick();
        if let Some(word) = form.get("cancel_at_period_end") {
            let cancel = word == "true";
            let canceled_at = if cancel { json!(self.clock) } else { Value::Null };
            set(&mut subscription, json!({"cancel_at_period_end": cancel, "canceled_at": canceled_at}));
        }
        if let Some(price) = form.get("items[0][price]") {
            let known = self.objects.get(price).cloned();
            let price = known.unwrap_or_else(|| json!({"id": price, "object": "price", "unit_amount": PLAIN_PRICE}));
            set(&mut subscription, json!({"items": items(&price)}));
        }
        let subscription = self.put(subscription);
        self.event("customer.subscription.updated", &subscription);
        Ok(subscription)
    }

    fn live(&self, id: &str) -> Done {
        let subscription = self.of("subscription", id)?;
        if subscription["status"] == "canceled" { Err(Refusal::missing("subscription", id)) } else { Ok(subscription) }
    }

    /// A subscription ends now.
    ///
    /// # Errors
    /// [`Refusal`] when there is none that lives.
    pub fn end(&mut self, id: &str) -> Done {
        let mut subscription = self.live(id)?;
        let now = self.tick();
        set(&mut subscription, json!({"status": "canceled", "canceled_at": now, "ended_at": now}));
        let subscription = self.put(subscription);
        self.event("customer.subscription.deleted", &subscription);
        Ok(subscription)
    }

    /// The next period's payment works, or does not.
    ///
    /// # Errors
    /// [`Refusal`] when there is none that lives.
    pub fn renew(&mut self, id: &str, paid: bool) -> Done {
        let mut subscription = self.live(id)?;
        self.tick();
        let invoice = self.invoice(&subscription, "subscription_cycle", PLAIN_PRICE);
        if paid {
            let start = subscription["current_period_end"].as_i64().unwrap_or(self.clock);
            let price = subscription.pointer("/items/data/0/price").cloned().unwrap_or_default();
            let end = period_after(start, interval(&price));
            let fields = json!({"status": "active", "current_period_start": start, "current_period_end": end});
            set(&mut subscription, fields);
        } else {
            set(&mut subscription, json!({"status": "past_due"}));
        }
        self.event(if paid { "invoice.paid" } else { "invoice.payment_failed" }, &invoice);
        let subscription = self.put(subscription);
        self.event("customer.subscription.updated", &subscription);
        Ok(subscription)
    }

    /// Money of a payment goes back: all, or this much.
    ///
    /// # Errors
    /// [`Refusal`] when there is no such payment, or not so much of it.
    pub fn refund(&mut self, payment: &str, amount: Option<i64>) -> Done {
        let charge =
            self.objects.values().find(|object| object["payment_intent"] == payment && object["object"] == "charge");
        let mut charge = charge.cloned().ok_or_else(|| Refusal::missing("payment_intent", payment))?;
        let (all, gone) = (charge["amount"].as_i64().unwrap_or(0), charge["amount_refunded"].as_i64().unwrap_or(0));
        let amount = amount.unwrap_or(all - gone);
        if amount <= 0 || gone + amount > all {
            return Err(Refusal::invalid("Refund amount is greater than unrefunded amount on charge"));
        }
        self.tick();
        set(&mut charge, json!({"amount_refunded": gone + amount, "refunded": gone + amount == all}));
        let charge = self.put(charge);
        self.event("charge.refunded", &charge);
        Ok(charge)
    }
}

fn items(price: &Value) -> Value {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), price["id"].clone());
    shown.insert("object".to_owned(), json!("price"));
    shown.insert("recurring".to_owned(), json!({"interval": interval(price)}));
    json!({"object": "list", "data": [{"id": "si_1", "object": "subscription_item", "price": shown}]})
}
