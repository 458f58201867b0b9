//! Subscriptions: what Stripe says, what the plan allows, which CVs stay open.

use super::{Shop, eventually, told};
use crate::auth::{Auth, AuthOptions, TokenKey};
use crate::cv::people::erase;
use crate::cv::store::users;
use crate::cv::topics;
use crate::stripe::form::Form;
use estafette_protocol::ErrorCode;
use serde_json::json;

#[actix::test]
async fn section2_a_subscription_goes_through_its_states_and_every_device_hears_of_it() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let free = ana.ok("subscription.get", json!({})).await;
    assert_eq!((&free["plan_name"], &free["status"]), (&json!("free"), &json!(null)));
    let id = shop.subscribe(&ana, goods.pro).await;
    let view = ana.ok("subscription.get", json!({})).await;
    assert_eq!((&view["plan_name"], &view["status"], &view["tier"]), (&json!("pro"), &json!("active"), &json!(2)));
    assert_eq!(view["billing_period"], "monthly");

    // A second one beside it would be paid twice.
    assert_eq!(ana.refused("billing.checkout", json!({"plan_id": goods.basic})).await, ErrorCode::Conflict);
    assert!(ana.ok("billing.portal", json!({})).await["url"].as_str().unwrap().contains("/portal/cus_"));

    let step = async |events: Vec<serde_json::Value>| {
        shop.deliver(&events).await;
        let view = ana.ok("subscription.get", json!({})).await;
        (view["status"].as_str().unwrap().to_owned(), view["plan_name"].as_str().unwrap().to_owned())
    };
    let is = |status: &str, plan: &str| (status.to_owned(), plan.to_owned());
    let failed = shop.stripe.with(|book| book.renew(&id, false).unwrap()).1;
    assert_eq!(step(failed).await, is("past_due", "pro"), "r40: the plan stays while Stripe tries");
    let paid = shop.stripe.with(|book| book.renew(&id, true).unwrap()).1;
    assert_eq!(step(paid).await, is("active", "pro"));
    let year = Form::new().set("items[0][price]", "price_basic_year");
    let switched = shop.stripe.with(|book| book.update(&id, &year).unwrap()).1;
    assert_eq!(step(switched).await, is("active", "basic"), "by Stripe's price");
    assert_eq!(ana.ok("subscription.get", json!({})).await["billing_period"], "yearly");
    let ended = shop.stripe.with(|book| book.end(&id).unwrap()).1;
    assert_eq!(step(ended).await, is("canceled", "free"), "r51");
    let again = shop.paid(&ana, json!({"plan_id": goods.pro, "billing_period": "yearly"})).await;
    assert_eq!(step(again).await, is("active", "pro"), "canceled → active, the same row");
    assert_eq!(shop.world.number("SELECT count(*) FROM cv.subscriptions").await, 1);

    let changes: Vec<String> = told(&shop.world, &ana)
        .await
        .into_iter()
        .filter(|(kind, _)| kind == "subscription.changed")
        .map(|(_, data)| format!("{} {}", data["status"].as_str().unwrap(), data["plan_name"].as_str().unwrap()))
        .collect();
    let mut steps = changes.clone();
    steps.dedup();
    let all = ["active pro", "past_due pro", "active pro", "active basic", "canceled free", "active pro"];
    assert_eq!(steps, all, "{changes:?}");
}

#[actix::test]
async fn a_subscription_is_cancelled_with_its_period_and_goes_on_after_all() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    assert_eq!(ana.refused("billing.cancel", json!({})).await, ErrorCode::Conflict, "there is none");
    shop.subscribe(&ana, goods.basic).await;
    let seen = shop.stripe.with(|book| book.events().len()).0;
    let said = ana.ok("billing.cancel", json!({})).await;
    assert_eq!((&said["cancel_at_period_end"], &said["status"]), (&json!(true), &json!("active")));
    let events = shop.stripe.with(|book| book.events()[seen..].to_vec()).0;
    shop.deliver(&events).await;
    assert_eq!(ana.ok("subscription.get", json!({})).await["cancel_at_period_end"], true);
    let seen = shop.stripe.with(|book| book.events().len()).0;
    assert_eq!(ana.ok("billing.resume", json!({})).await["cancel_at_period_end"], false);
    let events = shop.stripe.with(|book| book.events()[seen..].to_vec()).0;
    shop.deliver(&events).await;
    let (_, last) =
        told(&shop.world, &ana).await.into_iter().rfind(|(kind, _)| kind == "subscription.changed").unwrap();
    assert_eq!(last["cancel_at_period_end"], false);
}

#[actix::test]
async fn r51_a_smaller_plan_counts_at_once_and_the_counters_stay() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let id = shop.subscribe(&ana, goods.pro).await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let adapt = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]});
    for _ in 0..3 {
        ana.run("cv.generate", adapt.clone()).await;
    }
    assert_eq!(ana.balance().await, 5, "the plan's allowance paid");
    let basic = Form::new().set("items[0][price]", "price_basic_month");
    let events = shop.stripe.with(|book| book.update(&id, &basic).unwrap()).1;
    shop.deliver(&events).await;
    let usage = ana.ok("usage.get", json!({})).await;
    let generate = usage.as_array().unwrap().iter().find(|row| row["feature_name"] == "generate_cv").unwrap();
    assert_eq!((&generate["count"], &generate["usage_limit"]), (&json!(3), &json!(3)));
    let counter = told(&shop.world, &ana).await.into_iter().rfind(|(kind, _)| kind == "counter.changed").unwrap().1;
    assert_eq!((&counter["feature_name"], &counter["usage_limit"]), (&json!("generate_cv"), &json!(3)));
    let unblocked = shop.world.number("SELECT count(*) FROM cv.cv_files WHERE NOT blocked").await;
    assert_eq!(unblocked, 2, "4 CVs, none paid with a credit: the plan keeps 2");
}

#[actix::test]
async fn r52_a_downgrade_blocks_what_the_plan_has_no_room_for_and_an_upgrade_frees_it() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let id = shop.subscribe(&ana, goods.pro).await;
    let mut cvs = Vec::new();
    for _ in 0..5 {
        cvs.push(ana.cv().await);
    }
    // The first was paid with a credit, the second is the most recently changed of the others.
    let paid = format!("UPDATE cv.cv_files SET created_with_credit = true WHERE id = '{}'", cvs[0]);
    shop.world.sql(&paid).await;
    let edit = json!({"id": cvs[1], "rev": 0, "patch": [{"op": "replace", "path": "/basics/name", "value": "Ana"}]});
    ana.ok("cv.update", edit).await;
    let switch = async |price: &str| {
        let form = Form::new().set("items[0][price]", price);
        let events = shop.stripe.with(|book| book.update(&id, &form).unwrap()).1;
        shop.deliver(&events).await;
    };
    switch("price_basic_month").await;
    let blocked = async |cvs: &[String]| {
        let mut blocked = Vec::new();
        for cv in cvs {
            let file = ana.get(cv).await["file"].clone();
            blocked.push((file["blocked"].as_bool().unwrap(), file["blocked_reason"].as_str().map(str::to_owned)));
        }
        blocked
    };
    let limit = || (true, Some("plan_limit".to_owned()));
    assert_eq!(blocked(&cvs).await, [(false, None), (false, None), limit(), limit(), limit()]);
    let refused = ana.refused("cv.export", json!({"id": cvs[2], "format": "json"})).await;
    assert_eq!(refused, ErrorCode::Forbidden, "r19");
    assert_eq!(
        ana.refused("cv.create", json!({"content": super::super::harness::sample()})).await,
        ErrorCode::LimitExceeded
    );

    // Room by deletion: one more comes back.
    ana.ok("cv.delete", json!({"id": cvs[1]})).await;
    cvs.remove(1);
    let open = "SELECT count(*) FROM cv.cv_files WHERE NOT blocked";
    assert_eq!(shop.world.number(open).await, 2);
    // An administrator's block is not the plan's to lift.
    let owner = ana.who.user.as_str();
    let block = json!({"id": owner, "cv_id": cvs[1], "blocked": true, "reason": "a complaint"});
    goods.root.ok("admin.block_cv", block).await;
    switch("price_pro_month").await;
    let reasons: Vec<_> = blocked(&cvs).await;
    assert_eq!(reasons.iter().filter(|(blocked, _)| *blocked).count(), 1, "{reasons:?}");
    assert_eq!(reasons[1], (true, Some("a complaint".to_owned())));
    let kinds: Vec<String> = told(&shop.world, &ana).await.into_iter().map(|(kind, _)| kind).collect();
    let count = |what: &str| kinds.iter().filter(|kind| *kind == what).count();
    assert_eq!((count("cv.blocked"), count("cv.unblocked")), (4, 2));
    let notices: Vec<_> = told(&shop.world, &ana).await.into_iter().filter(|(kind, _)| kind == "notice").collect();
    assert!(notices.iter().any(|(_, notice)| notice["code"] == "cvs_blocked" && notice["data"]["count"] == 3));
    assert!(notices.iter().all(|(_, notice)| notice["data"]["texts"]["fr"].is_string()), "in both languages");
}

#[actix::test]
async fn r8_a_deleted_account_is_not_charged_any_more() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let subscription = shop.subscribe(&ana, goods.basic).await;
    let seen = shop.stripe.with(|book| book.events().len()).0;
    let db = shop.world.database.db();
    let auth = Auth::new(db.clone(), &TokenKey::random(), AuthOptions::FAST);
    let user = users::by_id(&db, &ana.who.user).await.unwrap().unwrap().user;
    let post = shop.world.services.post.clone();
    let gone = async |tx: &mut estafette_actors::Tx<'_>| erase::erase(tx, &auth, &post, &user).await;
    shop.world.runtime.transaction(&topics::product(), gone).await.unwrap();
    eventually("Stripe knows that it ends", async || {
        shop.stripe.with(|book| book.get(&subscription).unwrap()["cancel_at_period_end"] == true).0
    })
    .await;
    // What Stripe says of it afterwards is about nobody, and fails nothing.
    let events = shop.stripe.with(|book| book.events()[seen..].to_vec()).0;
    assert!(!events.is_empty());
    shop.deliver(&events).await;
    assert_eq!(shop.world.number("SELECT count(*) FROM cv.stripe_subscriptions").await, 0);
}
