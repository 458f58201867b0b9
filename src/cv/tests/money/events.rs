//! Stripe's events: believed only when signed, taken once, in any order.

use super::{SECRET, Shop, told};
use crate::cv::billing::webhook;
use crate::stripe::form::Form;
use crate::stripe::signature;
use chrono::Utc;
use estafette_protocol::ErrorCode;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

#[actix::test]
async fn r53_a_webhook_is_believed_by_its_signature_and_stored_once() {
    let (shop, _goods) = Shop::with_goods().await;
    let event = json!({"id": "evt_1", "type": "payout.paid", "created": 1, "data": {"object": {}}});
    let body = event.to_string();
    let now = Utc::now().timestamp();
    let receive = async |header: &str, body: &str| {
        webhook::receive(&shop.world.runtime, SECRET, header, body.as_bytes(), now).await.map_err(|error| error.code)
    };
    let signed = |body: &str, at| signature::sign(SECRET, body.as_bytes(), at);
    for bad in [
        String::new(),
        "t=1,v1=00".to_owned(),
        signed("{}", now),
        signed(&body, now - 301),
        signature::sign("whsec_x", body.as_bytes(), now),
    ] {
        assert_eq!(receive(&bad, &body).await, Err(ErrorCode::BadRequest), "{bad}");
    }
    for bad in ["", "[]", "{}", r#"{"id": "", "type": "x"}"#, "{\"id\":\"e\",\"type\":\"t\",\"x\":\"\\u0000\"}"] {
        assert_eq!(receive(&signed(bad, now), bad).await, Err(ErrorCode::BadRequest), "{bad}");
    }
    assert_eq!(shop.world.number("SELECT count(*) FROM cv.stripe_webhook_logs").await, 0);
    // The same event, many times at once: one row, one task.
    let header = signed(&body, now);
    let same = futures_util::future::join_all((0..20).map(|_| receive(&header, &body))).await;
    assert_eq!(same.iter().filter(|outcome| **outcome == Ok(true)).count(), 1);
    assert_eq!(
        same.iter().filter(|outcome| **outcome == Ok(false)).count(),
        19,
        "r53_a_repeat_answers_and_does_nothing"
    );
    shop.settled().await;
    assert_eq!(shop.world.number("SELECT count(*) FROM cv.stripe_webhook_logs").await, 1);
    assert_eq!(shop.world.number("SELECT count(*) FROM runtime.tasks WHERE kind = 'stripe-webhook'").await, 1);
    let logged = shop.world.events("admin:webhooks").await;
    assert_eq!(logged.len(), 2, "it came, it took effect: {logged:?}");
}

/// Everything that may differ.
async fn outcome(shop: &Shop, person: &super::Person) -> (Value, i64, i64, i64) {
    let mut view = person.ok("subscription.get", json!({})).await;
    // The ids of the plans differ from world to world, their names do not.
    view["plan_id"] = Value::Null;
    let id = person.who.user.as_str();
    let purchases =
        "SELECT coalesce(sum(amount), 0)::bigint FROM cv.credit_transactions WHERE type = 'purchase' AND user_id";
    let rows = "SELECT count(*) FROM cv.credit_transactions WHERE type = 'purchase' AND user_id";
    (
        view,
        person.balance().await,
        shop.world.number(&format!("{purchases} = '{id}'")).await,
        shop.world.number(&format!("{rows} = '{id}'")).await,
    )
}

/// A life at Stripe: packs, a refund, a subscription with all its turns, another one.
async fn life(shop: &Shop, goods: &super::Goods, person: &super::Person) -> Vec<Value> {
    let pack = shop.paid(person, json!({"credit_pack_id": goods.pack})).await;
    let payment = pack.last().unwrap()["data"]["object"]["payment_intent"].as_str().unwrap().to_owned();
    let first = person.ok("billing.checkout", json!({"plan_id": goods.pro})).await["id"].as_str().unwrap().to_owned();
    let second = person.ok("billing.checkout", json!({"plan_id": goods.pro})).await["id"].as_str().unwrap().to_owned();
    let other = shop.paid(person, json!({"credit_pack_id": goods.pack})).await;
    let (_, rest) = shop.stripe.with(|book| {
        let subscription = |book: &mut crate::stripe::scripted::book::Book, session: &str| {
            book.pay(session).unwrap()["subscription"].as_str().unwrap().to_owned()
        };
        let one = subscription(book, &first);
        book.renew(&one, false).unwrap();
        book.renew(&one, true).unwrap();
        book.refund(&payment, Some(300)).unwrap();
        book.refund(&payment, None).unwrap();
        book.update(&one, &Form::new().set("items[0][price]", "price_basic_month")).unwrap();
        book.end(&one).unwrap();
        let two = subscription(book, &second);
        book.update(&two, &Form::new().set("cancel_at_period_end", "true")).unwrap();
        book.renew(&two, false).unwrap();
    });
    [pack, other, rest].concat()
}

#[actix::test]
async fn r53_whatever_the_order_and_the_repetitions_the_state_is_the_same_and_credits_are_conserved() {
    let (shop, goods) = Shop::with_goods().await;
    let ordered = shop.world.person("ordered").await;
    let events = life(&shop, &goods, &ordered).await;
    assert!(events.len() > 18, "{}", events.len());
    shop.deliver(&events).await;
    let (view, balance, bought, rows) = outcome(&shop, &ordered).await;
    assert_eq!((balance, bought, rows), (25, 20, 4), "two packs, one given back in two parts");
    assert_eq!((&view["status"], &view["plan_name"]), (&json!("past_due"), &json!("pro")));
    assert_eq!(view["cancel_at_period_end"], true);

    let seed: u64 = rand::rng().random();
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    for round in 0..12 {
        let person = shop.world.person(&format!("p{round}")).await;
        let mut events = life(&shop, &goods, &person).await;
        let twice: Vec<Value> = events.iter().filter(|_| rng.random_bool(0.3)).cloned().collect();
        events.extend(twice);
        // The first rounds in order and backwards, then as it comes; in the last ones many at once.
        match round {
            0 => {}
            1 => events.reverse(),
            _ => events.shuffle(&mut rng),
        }
        if round < 8 {
            for event in &events {
                shop.send(event).await.unwrap();
            }
        } else {
            let sent = futures_util::future::join_all(events.iter().map(|event| shop.send(event))).await;
            assert!(sent.iter().all(Result::is_ok), "{sent:?}");
        }
        shop.settled().await;
        let (mut got, balance, bought, _) = outcome(&shop, &person).await;
        // Each life happens at its own time.
        got["current_period_end"] = view["current_period_end"].clone();
        assert_eq!(got, view, "round {round} of seed {seed}");
        assert_eq!((balance, bought), (25, 20), "round {round} of seed {seed}");
    }
    shop.the_ledger_adds_up().await;
}

#[actix::test]
async fn p8_what_cannot_take_effect_says_why_and_an_administrator_replays_it() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let id = shop.subscribe(&ana, goods.basic).await;
    // A price that no plan has yet.
    let form = Form::new().set("items[0][price]", "price_new_month");
    let events = shop.stripe.with(|book| book.update(&id, &form).unwrap()).1;
    for event in &events {
        shop.send(event).await.unwrap();
    }
    let failed = "SELECT count(*) FROM cv.stripe_webhook_logs WHERE NOT processed AND error LIKE '%price_new_month%'";
    super::eventually("the failure is noted", async || shop.world.number(failed).await == 1).await;
    assert_eq!(ana.ok("subscription.get", json!({})).await["plan_name"], "basic", "what was stays");
    let list = goods.root.ok("admin.stripe_webhooks", json!({"processed": false})).await;
    let row = list["items"][0].clone();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert!(row["error"].as_str().unwrap().contains("enter it at the plan"), "{row}");

    let new = json!({"id": goods.pro, "stripe_price_id_monthly": "price_new_month"});
    goods.root.ok("admin.plan_update", new).await;
    goods.root.ok("admin.stripe_webhook_replay", json!({"id": row["id"]})).await;
    shop.settled().await;
    assert_eq!(ana.ok("subscription.get", json!({})).await["plan_name"], "pro");
    let again = goods.root.refused("admin.stripe_webhook_replay", json!({"id": row["id"]})).await;
    assert_eq!(again, ErrorCode::Conflict, "processed is final");
    assert_eq!(ana.refused("admin.stripe_webhook_replay", json!({"id": row["id"]})).await, ErrorCode::Forbidden);
    assert!(told(&shop.world, &ana).await.iter().any(|(kind, _)| kind == "subscription.changed"));
}

#[actix::test]
async fn an_event_about_somebody_who_left_takes_effect_on_nobody() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let events = [
        shop.paid(&ana, json!({"credit_pack_id": goods.pack})).await,
        shop.paid(&ana, json!({"plan_id": goods.pro})).await,
    ]
    .concat();
    shop.world.sql(&format!("DELETE FROM cv.users WHERE id = '{}'", ana.who.user)).await;
    let about_subscription = |event: &Value| event["type"].as_str().unwrap().starts_with("customer.subscription");
    let events: Vec<Value> = events
        .into_iter()
        .filter(|event| about_subscription(event) || event["type"] == "checkout.session.completed")
        .collect();
    shop.deliver(&events).await;
    assert_eq!(shop.world.number("SELECT count(*) FROM cv.stripe_webhook_logs").await, 4, "r8: the log stays");
}
