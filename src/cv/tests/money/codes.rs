//! Referrals and promo codes.

use super::{Shop, eventually, told};
use estafette_protocol::ErrorCode;
use serde_json::{Value, json};

async fn verify(shop: &Shop, person: &super::Person) {
    let sql = format!("UPDATE cv.users SET email_verified = now() WHERE id = '{}'", person.who.user);
    shop.world.sql(&sql).await;
}

#[actix::test]
async fn r56_both_sides_get_their_credits_once_at_the_first_use() {
    let (shop, _goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let mine = ana.ok("referral.get", json!({})).await;
    let code = mine["code"].as_str().unwrap().to_owned();
    assert_eq!(code.len(), 8);
    let codes = futures_util::future::join_all((0..5).map(|_| ana.ok("referral.get", json!({})))).await;
    assert!(codes.iter().all(|again| again["code"] == code.as_str()), "made once");
    assert_eq!((&mine["referrer_credits"], &mine["items"]), (&json!(5), &json!([])));

    let wrong = shop.world.person_by("eve", Some("NOBODYS1")).await.map(|_| ()).unwrap_err();
    assert_eq!(wrong.code, ErrorCode::BadRequest);
    assert_eq!(shop.world.number("SELECT count(*) FROM cv.users WHERE email = 'eve@example.com'").await, 0);
    let bob = shop.world.person_by("bob", Some(&format!(" {} ", code.to_lowercase()))).await.unwrap();
    let tied =
        format!("SELECT count(*) FROM cv.users WHERE id = '{}' AND referred_by = '{}'", bob.who.user, ana.who.user);
    assert_eq!(shop.world.number(&tied).await, 1);
    assert_eq!(ana.ok("referral.get", json!({})).await["items"][0]["status"], "pending");

    // Used, but not confirmed: nothing yet. Confirmed and used: both, once, however many uses there are at once.
    let (cv, offer) = (bob.cv().await, bob.offer().await);
    let adapt = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]});
    bob.run("cv.generate", adapt.clone()).await;
    assert_eq!((ana.balance().await, bob.balance().await), (5, 4));
    verify(&shop, &bob).await;
    let runs = futures_util::future::join_all((0..4).map(|_| bob.ok("cv.generate", adapt.clone()))).await;
    for run in runs {
        bob.ended(run["task_id"].as_str().unwrap()).await;
    }
    eventually("the reward", async || ana.balance().await == 10).await;
    let open = "SELECT count(*) FROM runtime.tasks WHERE kind = 'referral-reward' AND status IN ('queued', 'running')";
    eventually("all looks are done", async || shop.world.number(open).await == 0).await;
    assert_eq!((ana.balance().await, bob.balance().await), (10, 5), "4 - 4 + 5");
    let row = ana.ok("referral.get", json!({})).await["items"][0].clone();
    assert_eq!((&row["status"], &row["referrer_credits"]), (&json!("rewarded"), &json!(5)));
    assert!(row["rewarded_at"].is_string());
    let notice = told(&shop.world, &ana).await.into_iter().find(|(kind, _)| kind == "notice").unwrap().1;
    assert_eq!(notice["code"], "referral_rewarded");
    shop.the_ledger_adds_up().await;
}

#[actix::test]
async fn g13_a_first_use_before_the_address_is_confirmed_is_rewarded_then() {
    let (shop, _goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let code = ana.ok("referral.get", json!({})).await["code"].as_str().unwrap().to_owned();
    let bob = shop.world.person_by("bob", Some(&code)).await.unwrap();
    let (cv, offer) = (bob.cv().await, bob.offer().await);
    bob.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]})).await;
    verify(&shop, &bob).await;
    let user = bob.who.user.clone();
    shop.world
        .runtime
        .transaction(&crate::cv::topics::product(), async |tx| {
            Ok(crate::cv::billing::referral::verified(tx, &user).await?)
        })
        .await
        .unwrap();
    eventually("the reward", async || ana.balance().await == 10).await;
}

async fn promo(shop: &Shop, goods: &super::Goods, new: Value) -> String {
    let made = goods.root.ok("admin.promo_code_create", new).await;
    assert_eq!(shop.world.number("SELECT count(*) FROM cv.promo_codes WHERE code <> upper(code)").await, 0);
    made["id"].as_str().unwrap().to_owned()
}

#[actix::test]
async fn r57_a_code_is_never_used_more_often_than_it_may_be_however_many_try_at_once() {
    let (shop, goods) = Shop::with_goods().await;
    promo(&shop, &goods, json!({"code": "few", "type": "credits", "value": 7, "max_uses": 10})).await;
    let mut people = Vec::new();
    for n in 0..25 {
        people.push(shop.world.person(&format!("p{n}")).await);
    }
    // Everybody twice at once.
    let tries = people.iter().chain(&people).map(|person| person.call("billing.redeem", json!({"code": " Few "})));
    let outcomes = futures_util::future::join_all(tries).await;
    let good = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(good, 10);
    assert!(outcomes.iter().flat_map(|outcome| outcome.as_ref().err()).all(|error| error.code == ErrorCode::Conflict));
    assert_eq!(shop.world.number("SELECT current_uses::bigint FROM cv.promo_codes").await, 10);
    assert_eq!(shop.world.number("SELECT count(*) FROM cv.promo_code_redemptions").await, 10);
    assert_eq!(shop.world.number("SELECT count(DISTINCT user_id) FROM cv.promo_code_redemptions").await, 10);
    let given = "SELECT sum(amount)::bigint FROM cv.credit_transactions WHERE metadata ->> 'promo_code' = 'FEW'";
    assert_eq!(shop.world.number(given).await, 70);
    shop.the_ledger_adds_up().await;
}

#[actix::test]
async fn r57_a_code_works_inside_its_dates_for_what_it_is_and_so_often_for_one_person() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    assert_eq!(ana.refused("billing.redeem", json!({"code": "NONE"})).await, ErrorCode::NotFound);
    let twice =
        promo(&shop, &goods, json!({"code": "TWICE", "type": "credits", "value": 3, "max_uses_per_user": 2})).await;
    let redeemed = ana.ok("billing.redeem", json!({"code": "TWICE"})).await;
    assert_eq!((&redeemed["credits"], &redeemed["balance"]), (&json!(3), &json!(8)));
    ana.ok("billing.redeem", json!({"code": "TWICE"})).await;
    assert_eq!(ana.refused("billing.redeem", json!({"code": "TWICE"})).await, ErrorCode::Conflict);
    let other = shop.world.person("other").await;
    let until = json!({"id": twice, "valid_until": "2020-01-01T00:00:00.000Z"});
    goods.root.ok("admin.promo_code_update", until).await;
    assert_eq!(other.refused("billing.redeem", json!({"code": "TWICE"})).await, ErrorCode::Conflict);
    goods.root.ok("admin.promo_code_update", json!({"id": twice, "valid_until": null, "is_active": false})).await;
    assert_eq!(other.refused("billing.redeem", json!({"code": "TWICE"})).await, ErrorCode::Conflict);
    let fewer = goods.root.refused("admin.promo_code_update", json!({"id": twice, "max_uses": 1})).await;
    assert_eq!(fewer, ErrorCode::Conflict);
    for bad in [
        json!({"code": "a b", "type": "credits", "value": 1}),
        json!({"code": "A", "type": "credits", "value": 1.5}),
        json!({"code": "A", "type": "percent_off", "value": 101}),
        json!({"code": "A", "type": "amount_off", "value": 5}),
        json!({"code": "A", "type": "credits", "value": 0}),
        json!({"code": "A", "type": "credits", "value": 1, "max_uses": 0}),
        json!({"code": "A", "type": "gold", "value": 1}),
    ] {
        assert_eq!(goods.root.refused("admin.promo_code_create", bad.clone()).await, ErrorCode::BadRequest, "{bad}");
    }
    let same = json!({"code": "twice", "type": "credits", "value": 1});
    assert_eq!(goods.root.refused("admin.promo_code_create", same).await, ErrorCode::Conflict);
    let nowhere = json!({"code": "P", "type": "percent_off", "value": 10, "plan_id": 999});
    assert_eq!(goods.root.refused("admin.promo_code_create", nowhere).await, ErrorCode::NotFound);
}

#[actix::test]
async fn r57_a_code_makes_a_checkout_cheaper_and_comes_back_when_it_is_not_paid() {
    let (shop, goods) = Shop::with_goods().await;
    let (ana, bob) = (shop.world.person("ana").await, shop.world.person("bob").await);
    let new = json!({"code": "HALF", "type": "percent_off", "value": 50, "max_uses": 1, "credit_pack_id": goods.pack});
    promo(&shop, &goods, new).await;
    let what = json!({"credit_pack_id": goods.pack, "promo_code": "half"});
    assert_eq!(ana.refused("billing.redeem", json!({"code": "HALF"})).await, ErrorCode::Conflict);
    let plan = json!({"plan_id": goods.pro, "promo_code": "HALF"});
    assert_eq!(ana.refused("billing.checkout", plan).await, ErrorCode::Conflict);
    // Two at once: one gets it, and no page at its price stays open for the other.
    let both = futures_util::future::join(
        ana.call("billing.checkout", what.clone()),
        bob.call("billing.checkout", what.clone()),
    )
    .await;
    let (won, loser) = match both {
        (Ok(won), Err(_)) => (won, &bob),
        (Err(_), Ok(won)) => (won, &ana),
        other => panic!("{other:?}"),
    };
    assert_eq!(loser.refused("billing.checkout", what.clone()).await, ErrorCode::Conflict);
    let open: Vec<Value> = shop.stripe.with(|book| book.all("checkout.session")).0;
    let open: Vec<_> = open.iter().filter(|session| session["status"] == "open").collect();
    assert_eq!((open.len(), &open[0]["amount_total"]), (1, &json!(500)), "999 less a half, rounded");
    assert_eq!(open[0]["id"], won["id"]);

    let id = won["id"].as_str().unwrap().to_owned();
    let events = shop.stripe.with(|book| book.expire(&id).unwrap()).1;
    shop.deliver(&events).await;
    assert_eq!(shop.world.number("SELECT current_uses::bigint FROM cv.promo_codes").await, 0, "given back");
    let events = shop.paid(loser, what).await;
    shop.deliver(&events).await;
    assert_eq!(loser.balance().await, 25, "all credits for half the money");
    assert_eq!(shop.world.number("SELECT current_uses::bigint FROM cv.promo_codes").await, 1);
}
