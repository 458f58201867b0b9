//! What administrators do.

use super::{Shop, told};
use estafette_protocol::ErrorCode;
use serde_json::json;

#[actix::test]
async fn plans_and_packs_are_made_changed_and_paged() {
    let (shop, goods) = Shop::with_goods().await;
    let (root, ana) = (&goods.root, shop.world.person("ana").await);
    for method in
        ["admin.plans", "admin.credit_packs", "admin.promo_codes", "admin.stripe_webhooks", "admin.plan_create"]
    {
        assert_eq!(ana.refused(method, json!({})).await, ErrorCode::Forbidden, "{method}");
    }
    let plans = ana.ok("plan.list", json!({})).await;
    let names: Vec<_> = plans.as_array().unwrap().iter().map(|plan| plan["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["free", "basic", "pro"]);
    assert_eq!(plans[2]["price_yearly"], 144.0, "r55: 15 × 12 less 20 %");
    assert!(plans[2].get("stripe_price_id_monthly").is_none(), "nobody's business");
    assert!(plans[1]["limits"].as_array().unwrap().iter().any(|limit| limit["feature_name"] == "max_cvs"));

    let first = root.ok("admin.plans", json!({"limit": 2})).await;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let rest = root.ok("admin.plans", json!({"limit": "2", "after": first["next"]})).await;
    assert_eq!((&rest["items"][0]["name"], &rest["next"]), (&json!("pro"), &json!(null)));
    for bad in [
        json!({"name": "x", "price_monthly": -1}),
        json!({"name": "x", "price_monthly": 1.005}),
        json!({"name": " "}),
        json!({"name": "x", "tier": -1}),
        json!({"name": "x", "price_currency": "DOGE"}),
    ] {
        assert_eq!(root.refused("admin.plan_create", bad.clone()).await, ErrorCode::BadRequest, "{bad}");
    }
    assert_eq!(root.refused("admin.plan_create", json!({"name": "pro"})).await, ErrorCode::Conflict);
    assert_eq!(root.refused("admin.plan_update", json!({"id": 999, "tier": 1})).await, ErrorCode::NotFound);
    let taken = json!({"id": goods.basic, "stripe_price_id_monthly": "price_pro_month"});
    assert_eq!(root.refused("admin.plan_update", taken).await, ErrorCode::Conflict);
    let cleared = root.ok("admin.plan_update", json!({"id": goods.basic, "stripe_price_id_monthly": null})).await;
    assert_eq!(cleared["stripe_price_id_monthly"], json!(null));
    assert_eq!(cleared["stripe_price_id_yearly"], "price_basic_year", "what is missing stays");
    let wrong = json!({"id": goods.basic, "limits": [{"feature_name": "x", "is_enabled": true, "usage_limit": -2}]});
    assert_eq!(root.refused("admin.plan_limits_set", wrong).await, ErrorCode::BadRequest);

    assert_eq!(root.refused("admin.credit_pack_create", json!({"name": "x", "price": 1})).await, ErrorCode::BadRequest);
    let same = json!({"name": "Also twenty", "price": 1, "credit_amount": 20});
    assert_eq!(root.refused("admin.credit_pack_create", same).await, ErrorCode::Conflict);
    root.ok(
        "admin.credit_pack_create",
        json!({"name": "Hundred", "price": 39, "credit_amount": 100, "is_active": false}),
    )
    .await;
    let off = root.ok("admin.credit_packs", json!({"is_active": "false"})).await;
    assert_eq!((off["items"].as_array().unwrap().len(), &off["items"][0]["name"]), (1, &json!("Hundred")));
    let one = root.ok("admin.credit_packs", json!({"limit": 1})).await;
    let two = root.ok("admin.credit_packs", json!({"limit": 1, "after": one["next"]})).await;
    assert_ne!(one["items"][0]["id"], two["items"][0]["id"]);
    assert_eq!(root.refused("admin.credit_packs", json!({"after": "x"})).await, ErrorCode::BadRequest);
}

#[actix::test]
async fn a_plan_without_prices_at_stripe_is_sold_by_its_own_price() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let new = json!({"name": "solo", "tier": 3, "price_monthly": 7.5, "price_currency": "GBP"});
    let solo = goods.root.ok("admin.plan_create", new).await["id"].as_i64().unwrap();
    let events = shop.paid(&ana, json!({"plan_id": solo, "billing_period": "yearly"})).await;
    shop.deliver(&events).await;
    let view = ana.ok("subscription.get", json!({})).await;
    assert_eq!((&view["plan_name"], &view["billing_period"]), (&json!("solo"), &json!("yearly")));
    let seen = shop.stripe.seen();
    let form = &seen.iter().rfind(|seen| seen.path == "/v1/checkout/sessions").unwrap().form;
    assert_eq!(form.get("line_items[0][price_data][unit_amount]"), Some("9000"));
    assert_eq!(form.get("line_items[0][price_data][currency]"), Some("gbp"));
    let plan = goods.root.ok("admin.plans", json!({"limit": 100})).await;
    let plan = plan["items"].as_array().unwrap().iter().find(|plan| plan["name"] == "solo").unwrap().clone();
    assert_eq!(plan["subscribers"], 1);
}

#[actix::test]
async fn gifts_are_in_the_ledger_with_their_reason() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let id = ana.who.user.as_str();
    let balance = goods.root.ok("admin.gift", json!({"id": id, "credits": 30, "reason": "sorry"})).await;
    assert_eq!((&balance["balance"], &balance["total_gifted"]), (&json!(35), &json!(35)));
    let why = "SELECT count(*) FROM cv.credit_transactions WHERE metadata ->> 'reason' = 'sorry' AND type = 'gift'";
    assert_eq!(shop.world.number(why).await, 1);
    for (bad, code) in [
        (json!({"id": id, "credits": 0}), ErrorCode::BadRequest),
        (json!({"id": id, "credits": -5}), ErrorCode::BadRequest),
        (json!({"id": "nobody", "credits": 1}), ErrorCode::NotFound),
    ] {
        assert_eq!(goods.root.refused("admin.gift", bad).await, code);
    }
    assert!(
        told(&shop.world, &ana).await.iter().any(|(kind, data)| kind == "notice" && data["code"] == "credits_gifted")
    );
    shop.the_ledger_adds_up().await;
}

#[actix::test]
async fn r19_an_administrator_blocks_a_cv_and_sets_it_free() {
    let (shop, goods) = Shop::with_goods().await;
    let ana = shop.world.person("ana").await;
    let (cv, id) = (ana.cv().await, ana.who.user.as_str());
    let unsaid = json!({"id": id, "cv_id": cv, "blocked": true});
    assert_eq!(goods.root.refused("admin.block_cv", unsaid).await, ErrorCode::BadRequest);
    let block = json!({"id": id, "cv_id": cv, "blocked": true, "reason": "spam"});
    assert_eq!(ana.refused("admin.block_cv", block.clone()).await, ErrorCode::Forbidden);
    let row = goods.root.ok("admin.block_cv", block).await;
    assert_eq!((&row["blocked"], &row["blocked_reason"]), (&json!(true), &json!("spam")));
    assert_eq!(ana.refused("cv.rename", json!({"id": cv, "filename": "x"})).await, ErrorCode::Forbidden);
    let row = goods.root.ok("admin.block_cv", json!({"id": id, "cv_id": cv, "blocked": false})).await;
    assert_eq!((&row["blocked"], &row["blocked_at"]), (&json!(false), &json!(null)));
    let other = json!({"id": goods.root.who.user.as_str(), "cv_id": cv, "blocked": false});
    assert_eq!(goods.root.refused("admin.block_cv", other).await, ErrorCode::NotFound);
}
