//! Packs: bought once, given back once.

use super::{Shop, told};
use estafette_protocol::ErrorCode;
use serde_json::json;

#[actix::test]
async fn r50_a_purchase_is_credited_once_however_often_it_is_told() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let events = shop.paid(&ana, json!({"credit_pack_id": goods.pack})).await;
    assert_eq!(ana.balance().await, 5, "nothing before Stripe says so");
    shop.deliver(&events).await;
    for event in &events {
        assert!(!shop.send(event).await.unwrap(), "a repetition is known");
    }
    shop.settled().await;
    assert_eq!(ana.balance().await, 25);
    let balance = ana.ok("credits.get", json!({})).await;
    assert_eq!((&balance["total_purchased"], &balance["balance_after_last_purchase"]), (&json!(20), &json!(25)));
    // Another event about the same payment, as Stripe sends it for slow ways to pay.
    let mut other = events.iter().find(|event| event["type"] == "checkout.session.completed").unwrap().clone();
    other["id"] = json!("evt_other");
    other["type"] = json!("checkout.session.async_payment_succeeded");
    shop.deliver(&[other]).await;
    assert_eq!(ana.balance().await, 25);
    let bought: Vec<_> =
        told(&shop.world, &ana).await.into_iter().filter(|(kind, _)| kind == "credits.changed").collect();
    assert_eq!(bought.last().unwrap().1["type"], "purchase");
    assert_eq!(bought.last().unwrap().1["balance"], 25);
    shop.the_ledger_adds_up().await;
}

#[actix::test]
async fn r54_price_and_credits_come_from_the_pack_and_what_is_not_offered_is_not_there() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    ana.ok("billing.checkout", json!({"credit_pack_id": goods.pack, "price": 0.01, "credits": 9999})).await;
    let seen = shop.stripe.seen();
    let form = &seen.iter().find(|seen| seen.path == "/v1/checkout/sessions").unwrap().form;
    assert_eq!(form.get("line_items[0][price_data][unit_amount]"), Some("999"));
    assert_eq!(form.get("metadata[credits]"), Some("20"));
    assert_eq!(form.get("mode"), Some("payment"));
    assert_eq!(form.get("success_url"), Some("https://app.example.com/credits?checkout=done"));
    assert!(seen.iter().all(|seen| seen.key.is_some()), "each can be repeated");

    goods.root.ok("admin.credit_pack_update", json!({"id": goods.pack, "is_active": false})).await;
    assert_eq!(ana.refused("billing.checkout", json!({"credit_pack_id": goods.pack})).await, ErrorCode::NotFound);
    assert_eq!(ana.ok("credit_pack.list", json!({})).await, json!([]));
    for bad in [json!({}), json!({"plan_id": goods.pro, "credit_pack_id": goods.pack})] {
        assert_eq!(ana.refused("billing.checkout", bad).await, ErrorCode::BadRequest);
    }
}

#[actix::test]
async fn r49_a_refund_takes_at_most_the_balance_and_once() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let events = shop.paid(&ana, json!({"credit_pack_id": goods.pack})).await;
    shop.deliver(&events).await;
    let payment = events.last().unwrap()["data"]["object"]["payment_intent"].as_str().unwrap().to_owned();
    // She spends 10 of the 25.
    shop.world.sql("INSERT INTO cv.settings (id, setting_name, value, category) VALUES ('x', 'credit_cost_test', '1', 'features')").await;
    shop.world.sql("UPDATE cv.settings SET value = '10' WHERE setting_name = 'credit_cost_generate_cv'").await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]})).await;
    assert_eq!(ana.balance().await, 15);

    let (half, some) = shop.stripe.with(|book| book.refund(&payment, Some(500)));
    half.unwrap();
    shop.deliver(&some).await;
    assert_eq!(ana.balance().await, 5, "half of the money is half of the credits");
    let (rest, all) = shop.stripe.with(|book| book.refund(&payment, None));
    rest.unwrap();
    shop.deliver(&all).await;
    assert_eq!(ana.balance().await, 0, "10 more are due, 5 are there");
    let mut again = all[0].clone();
    again["id"] = json!("evt_again");
    shop.deliver(&[again]).await;
    assert_eq!(ana.balance().await, 0);
    let balance = ana.ok("credits.get", json!({})).await;
    assert_eq!(balance["total_purchased"], 5, "lowered by what was taken");
    let marked = "SELECT count(*) FROM cv.credit_transactions WHERE type = 'purchase' AND amount > 0 AND refunded";
    assert_eq!(shop.world.number(marked).await, 1);
    shop.the_ledger_adds_up().await;
}

#[actix::test]
async fn r49_a_refund_that_comes_before_its_purchase_waits_for_it() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let bought = shop.paid(&ana, json!({"credit_pack_id": goods.pack})).await;
    let payment = bought.last().unwrap()["data"]["object"]["payment_intent"].as_str().unwrap().to_owned();
    let (refund, back) = shop.stripe.with(|book| book.refund(&payment, None));
    refund.unwrap();
    shop.deliver(&back).await;
    assert_eq!(ana.balance().await, 5);
    shop.deliver(&bought).await;
    assert_eq!(ana.balance().await, 5, "bought and given back");
    assert_eq!(shop.world.number("SELECT count(*) FROM cv.credit_transactions WHERE type = 'purchase'").await, 2);
    shop.the_ledger_adds_up().await;
}

#[actix::test]
async fn without_stripe_nothing_is_sold_and_a_stripe_that_is_away_leaves_nothing_behind() {
    let world = super::World::start().await;
    let ana = world.person("ana").await;
    assert_eq!(ana.refused("billing.checkout", json!({"credit_pack_id": 1})).await, ErrorCode::BadRequest);

    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    for _ in 0..3 {
        shop.stripe.fail_next(503);
    }
    let error = ana.call("billing.checkout", json!({"credit_pack_id": goods.pack})).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(error.retry_after.is_some());
    // One answer that is lost is nobody's loss.
    shop.stripe.fail_next(500);
    ana.ok("billing.checkout", json!({"credit_pack_id": goods.pack})).await;
    shop.stripe.fail_next(401);
    let error = ana.call("billing.checkout", json!({"credit_pack_id": goods.pack})).await.unwrap_err();
    assert_eq!((error.code, error.message.contains(super::KEY)), (ErrorCode::Internal, false));
}

#[actix::test]
async fn a_checkout_with_a_key_is_opened_once() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let what = json!({"credit_pack_id": goods.pack});
    let one = ana.keyed("billing.checkout", what.clone(), "k1").await.unwrap();
    assert_eq!(ana.keyed("billing.checkout", what.clone(), "k1").await.unwrap(), one);
    assert_ne!(ana.keyed("billing.checkout", what, "k2").await.unwrap(), one);
    let customers = shop.stripe.with(|book| book.all("customer")).0;
    assert_eq!(customers.len(), 1, "one customer for one person");
}
