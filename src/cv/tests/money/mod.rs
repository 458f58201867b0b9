//! Money: a scripted Stripe, real Postgres, the runtime's own tasks.
//!
//! | module | rules |
//! |---|---|
//! | [`packs`] | R49, R50, R54 |
//! | [`plans`] | R40, R51, R52, section 2 |
//! | [`events`] | R53, P8, whatever the order |
//! | [`codes`] | R56, R57 |
//! | [`admin`] | what administrators do |

mod admin;
mod codes;
mod events;
mod packs;
mod plans;

use super::harness::{Person, World, eventually};
use crate::cv::billing::webhook;
use crate::stripe::Stripe;
use crate::stripe::scripted::{Options, ScriptedStripe};
use crate::stripe::signature;
use chrono::Utc;
use estafette_actors::CallError;
use serde_json::{Value, json};
use std::time::Duration;

const SECRET: &str = "whsec_of_the_tests";
const KEY: &str = "sk_test_of_the_tests";

/// A product that sells, and where it is paid.
struct Shop {
    world: World,
    stripe: ScriptedStripe,
}

impl Shop {
    async fn open() -> Self {
        let stripe = ScriptedStripe::start(Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            key: KEY.to_owned(),
            webhook_secret: SECRET.to_owned(),
            webhook_url: None,
            unruly: false,
        })
        .unwrap();
        let back = "https://app.example.com/";
        let client = Stripe::new(&stripe.base_url(), KEY, SECRET, back, Duration::from_secs(10)).unwrap();
        Self { world: World::start_selling(client).await, stripe }
    }

    /// A pack, and two plans: basic keeps 2 CVs, pro as many as one likes.
    async fn with_goods() -> (Self, Goods) {
        let shop = Self::open().await;
        let root = shop.world.admin().await;
        let pack = json!({"name": "Twenty", "credit_amount": 20, "price": 9.99});
        let pack = root.ok("admin.credit_pack_create", pack).await["id"].as_i64().unwrap();
        let plan = async |name: &str, tier: i64, price: f64, max_cvs: i64, generations: i64| {
            let new = json!({
                "name": name, "tier": tier, "price_monthly": price, "yearly_discount_percent": 20,
                "stripe_price_id_monthly": format!("price_{name}_month"),
                "stripe_price_id_yearly": format!("price_{name}_year"),
            });
            let id = root.ok("admin.plan_create", new).await["id"].as_i64().unwrap();
            let limits = json!([
                {"feature_name": "max_cvs", "is_enabled": true, "usage_limit": max_cvs},
                {"feature_name": "generate_cv", "is_enabled": true, "usage_limit": generations},
            ]);
            root.ok("admin.plan_limits_set", json!({"id": id, "limits": limits})).await;
            id
        };
        let goods =
            Goods { pack, basic: plan("basic", 1, 5.0, 2, 3).await, pro: plan("pro", 2, 15.0, -1, 50).await, root };
        (shop, goods)
    }

    /// Sends an event as Stripe does. Whether it was new.
    async fn send(&self, event: &Value) -> Result<bool, CallError> {
        let body = event.to_string();
        let now = Utc::now().timestamp();
        let header = signature::sign(SECRET, body.as_bytes(), now);
        webhook::receive(&self.world.runtime, SECRET, &header, body.as_bytes(), now).await
    }

    /// Sends events in their order and waits until all took effect.
    async fn deliver(&self, events: &[Value]) {
        for event in events {
            self.send(event).await.unwrap();
        }
        self.settled().await;
    }

    async fn settled(&self) {
        let waiting = "SELECT count(*) FROM cv.stripe_webhook_logs WHERE NOT processed";
        eventually("all events take effect", async || self.world.number(waiting).await == 0).await;
    }

    /// Opens a checkout and pays it; what Stripe says of it.
    async fn paid(&self, person: &Person, what: Value) -> Vec<Value> {
        let started = person.ok("billing.checkout", what).await;
        let (session, events) = self.stripe.with(|book| book.pay(started["id"].as_str().unwrap()));
        session.unwrap();
        events
    }

    /// Subscribes; Stripe's id of the subscription.
    async fn subscribe(&self, person: &Person, plan: i64) -> String {
        let events = self.paid(person, json!({"plan_id": plan})).await;
        let id = events.iter().find(|event| event["type"] == "customer.subscription.created");
        let id = id.unwrap()["data"]["object"]["id"].as_str().unwrap().to_owned();
        self.deliver(&events).await;
        id
    }

    async fn the_ledger_adds_up(&self) {
        let wrong = "SELECT count(*) FROM cv.credit_balances b WHERE balance <>
            (SELECT coalesce(sum(amount), 0) FROM cv.credit_transactions t WHERE t.user_id = b.user_id)
            OR balance <> total_purchased + total_gifted + total_refunded - total_used";
        assert_eq!(self.world.number(wrong).await, 0, "r48");
    }
}

struct Goods {
    pack: i64,
    basic: i64,
    pro: i64,
    root: Person,
}

/// The kinds of events of a person.
async fn told(world: &World, person: &Person) -> Vec<(String, Value)> {
    world.events(&format!("user:{}", person.who.user)).await
}
