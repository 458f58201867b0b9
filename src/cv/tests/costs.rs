//! AI cost: what calls add up to, alerts, budgets.

use super::harness::{Person, World};
use crate::ai::{AiCallRecord, AiErrorCode, AiRequest, CallGuard as _, CallOrigin, CallOutcome, Decimal, Usage};
use crate::cv::budget::BudgetGuard;
use crate::cv::retention::Retention;
use crate::cv::store::usage;
use crate::cv::watch::CostAlerts;
use chrono::Utc;
use estafette_actors::sweep::run_if_due;
use estafette_protocol::cv::costs::{AdminCosts, AiCall, CostAlert, CostAlertRule, ModelPricing, UsageSum};
use estafette_protocol::{ErrorCode, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::str::FromStr as _;

fn as_a<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value:#}"))
}

/// A call that was made on somebody's behalf.
fn record(who: &Person, feature: &str, model: &str, cost: &str, priced: bool) -> AiCallRecord {
    AiCallRecord {
        feature: feature.to_owned(),
        step: "classify".to_owned(),
        model_asked: model.to_owned(),
        usage: Usage {
            model_used: model.to_owned(),
            prompt_tokens: 1_000,
            cached_tokens: 400,
            completion_tokens: 200,
            duration_ms: 50,
            ..Usage::default()
        },
        cost: Decimal::from_str(cost).unwrap(),
        priced,
        outcome: CallOutcome::Answered,
        origin: CallOrigin { user: Some(who.who.user.clone()), ..CallOrigin::default() },
        at: Utc::now(),
    }
}

async fn spend(world: &World, who: &Person, cost: &str) {
    usage::record(world.runtime.db(), &[record(who, "cv_generation", "gpt-4o", cost, true)]).await.unwrap();
}

/// P12, whatever the minute.
async fn look(world: &World) {
    world.sql("DELETE FROM runtime.calls WHERE user_id = 'sweep'").await;
    run_if_due(&world.runtime, &CostAlerts).await.unwrap().unwrap();
}

async fn alerts(world: &World) -> Vec<CostAlert> {
    world
        .events("admin:costs")
        .await
        .into_iter()
        .filter(|(kind, _)| kind == "cost.alert")
        .map(|(_, data)| as_a(&data))
        .collect()
}

#[actix::test]
async fn r65_sums_over_calls_equal_the_usage_row_and_failed_calls_count() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let mut calls = vec![
        record(&ana, "cv_generation", "gpt-4o", "0.004", true),
        record(&ana, "cv_generation", "gpt-4o", "0.000003", true),
        record(&ana, "match_score", "gpt-4o", "0.1", true),
    ];
    calls[1].outcome = CallOutcome::Failed(AiErrorCode::Timeout);
    usage::record(world.runtime.db(), &calls).await.unwrap();
    let differs = "SELECT count(*) FROM cv.openai_usage u CROSS JOIN LATERAL (
            SELECT sum(estimated_cost) AS cost, sum(prompt_tokens) AS prompt, count(*) AS calls FROM cv.openai_calls c
            WHERE c.user_id = u.user_id AND c.feature_name = u.feature_name AND c.model = u.model
                AND (c.created_at AT TIME ZONE 'UTC')::date = u.date) c
        WHERE u.estimated_cost <> c.cost OR u.prompt_tokens <> c.prompt OR u.calls_count <> c.calls";
    assert_eq!(world.number(differs).await, 0);
    assert_eq!(world.number("SELECT count(*) FROM cv.openai_usage").await, 2);
    let root = world.admin().await;
    let by_feature = root.ok("admin.ai_usage", json!({"by": "feature"})).await;
    let sums: Vec<UsageSum> = as_a(&by_feature["items"]);
    assert_eq!(sums[0].feature_name.as_deref(), Some("cv_generation"));
    assert!((sums[0].estimated_cost - 0.004_003).abs() < 1e-9, "{sums:?}");
    assert_eq!((sums[0].calls_count, sums[0].user_id.clone(), sums[1].calls_count), (2, None, 1));
    for by in ["row", "day", "user", "model"] {
        let page = root.ok("admin.ai_usage", json!({"by": by, "user_id": ana.who.user})).await;
        let sums: Vec<UsageSum> = as_a(&page["items"]);
        assert_eq!(sums.iter().map(|sum| sum.calls_count).sum::<i64>(), 3, "{by}");
    }
    let first = root.ok("admin.ai_usage", json!({"limit": 1})).await;
    let second = root.ok("admin.ai_usage", json!({"limit": "1", "after": first["next"]})).await;
    assert_ne!(first["items"][0]["feature_name"], second["items"][0]["feature_name"], "pages go on");
    assert_eq!(second["next"], Value::Null);
    let listed = root.ok("admin.ai_calls", json!({"feature_name": "cv_generation", "limit": 1})).await;
    let listed_calls: Vec<AiCall> = as_a(&listed["items"]);
    assert_eq!(listed_calls[0].email.as_deref(), Some("ana@example.com"));
    assert!(listed["next"].is_string());
    for bad in [json!({"by": "moon"}), json!({"from": "yesterday"}), json!({"limit": 0})] {
        assert_eq!(root.refused("admin.ai_usage", bad).await, ErrorCode::BadRequest);
    }
}

#[actix::test]
async fn r66_an_unknown_model_costs_nothing_and_raises_an_alert() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    usage::record(world.runtime.db(), &[record(&ana, "cv_generation", "gpt-99", "0", false)]).await.unwrap();
    look(&world).await;
    look(&world).await;
    let fired = alerts(&world).await;
    assert_eq!(fired.len(), 1, "once a day and model: {fired:?}");
    assert_eq!((fired[0].kind.as_str(), fired[0].scope.as_str()), ("unknown_model", "gpt-99"));
}

#[actix::test]
async fn r67_an_alert_fires_once_per_scope_and_period_when_the_sum_passes_the_threshold() {
    let world = World::start().await;
    let (ana, ben, root) = (world.person("ana").await, world.person("ben").await, world.admin().await);
    world.sql("DELETE FROM cv.openai_alerts").await;
    let alert: CostAlertRule = as_a(
        &root.ok("admin.alert_set", json!({"type": "user_daily", "threshold": 1, "name": "a person's day"})).await,
    );
    spend(&world, &ana, "1").await;
    look(&world).await;
    assert!(alerts(&world).await.is_empty(), "reached is not passed");
    spend(&world, &ana, "0.01").await;
    spend(&world, &ben, "5").await;
    for _ in 0..3 {
        look(&world).await;
    }
    let fired = alerts(&world).await;
    assert_eq!(fired.len(), 2, "each person once, however often it is looked: {fired:?}");
    assert!(fired.iter().any(|firing| firing.scope == ana.who.user.as_str() && firing.value == 1.01));
    // Another period, and another scope.
    world.sql("UPDATE cv.openai_alert_firings SET period = '2026-01-01'").await;
    root.ok("admin.alert_set", json!({"type": "global_daily", "threshold": 6, "name": "a day"})).await;
    root.ok("admin.alert_set", json!({"type": "feature_daily", "threshold": 0, "name": "off", "enabled": false})).await;
    root.ok("admin.alert_set", json!({"type": "of_tomorrow", "threshold": 0, "name": "not known here"})).await;
    look(&world).await;
    look(&world).await;
    let fired = alerts(&world).await;
    assert_eq!(fired.len(), 5, "{fired:?}");
    assert_eq!(fired.iter().filter(|firing| firing.kind == "global_daily" && firing.scope == "global").count(), 1);
    let kept: Value = root.ok("admin.alerts", json!({})).await;
    assert!(kept["items"][0]["last_fired_key"].as_str().unwrap().contains(':'), "{kept}");
    root.ok("admin.alert_delete", json!({"id": alert.id})).await;
    assert_eq!(root.refused("admin.alert_delete", json!({"id": alert.id})).await, ErrorCode::NotFound);
    let bad = json!({"type": "user_daily", "threshold": -1, "name": "x"});
    assert_eq!(root.refused("admin.alert_set", bad).await, ErrorCode::BadRequest);
}

#[actix::test]
async fn the_state_of_admin_costs_has_the_day_the_month_the_budgets_and_the_alerts() {
    let world = World::start().await;
    let (ana, root) = (world.person("ana").await, world.admin().await);
    spend(&world, &ana, "60").await;
    look(&world).await;
    root.ok("admin.settings_set", json!({"values": {"budget_user_daily": "100"}})).await;
    let state: AdminCosts = crate::cv::snapshot::admin_costs(world.runtime.db()).await.unwrap();
    assert_eq!((state.today.cost, state.today.calls, state.month_cost), (60.0, 1, 60.0));
    assert_eq!(state.budgets.len(), 1);
    assert_eq!((state.budgets[0].limit, state.budgets[0].spent), (100.0, 60.0));
    let kinds: Vec<&str> = state.alerts.iter().map(|alert| alert.kind.as_str()).collect();
    assert!(kinds.contains(&"global_daily") && kinds.contains(&"user_daily"), "{kinds:?}");
    let tasks = crate::cv::snapshot::admin_tasks(world.runtime.db()).await.unwrap();
    assert_eq!((tasks.depth.queued, tasks.items.len()), (0, 0));
}

#[actix::test]
async fn a_price_is_set_and_used_and_listed() {
    let world = World::start().await;
    let (ana, root) = (world.person("ana").await, world.admin().await);
    let price = json!({"model_name": "gpt-99", "input_price_per_m_token": 0.15, "output_price_per_m_token": 0.6,
        "cache_price_per_m_token": 0.075, "input_price_per_m_token_priority": 0.3});
    let set: ModelPricing = as_a(&root.ok("admin.pricing_set", price.clone()).await);
    assert!(set.is_active && set.input_price_per_m_token_priority == Some(0.3));
    let book = usage::prices(world.runtime.db()).await.unwrap();
    assert_eq!(book.find("gpt-99", "").unwrap().input, Decimal::from_str("0.15").unwrap(), "to the last decimal");
    let page = root.ok("admin.pricing", json!({"limit": 2})).await;
    assert!(page["next"].is_string());
    let all: Vec<ModelPricing> = as_a(&root.ok("admin.pricing", json!({"limit": 100})).await["items"]);
    assert!(all.iter().any(|row| row.model_name == "gpt-99"));
    let mut off = price.clone();
    off["is_active"] = json!(false);
    root.ok("admin.pricing_set", off).await;
    assert!(usage::prices(world.runtime.db()).await.unwrap().find("gpt-99", "").is_none());
    let mut wrong = price.clone();
    wrong["input_price_per_m_token"] = json!(-1);
    assert_eq!(root.refused("admin.pricing_set", wrong).await, ErrorCode::BadRequest);
    assert_eq!(ana.refused("admin.pricing_set", price).await, ErrorCode::Forbidden);
}

#[actix::test]
async fn a_task_that_would_pass_a_budget_is_refused_before_it_begins() {
    let world = World::start().await;
    let (ana, ben, root) = (world.person("ana").await, world.person("ben").await, world.admin().await);
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let one = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]});
    // What a unit costs is known from the tasks that were: 0.50 a unit.
    let done = ana.run("cv.generate", one.clone()).await;
    let task = done["task"]["id"].as_str().unwrap().to_owned();
    let mut call = record(&ana, "cv_generation", "gpt-4o", "0.5", true);
    call.origin.task = Some(task.parse().unwrap());
    usage::record(world.runtime.db(), &[call]).await.unwrap();
    root.ok("admin.settings_set", json!({"values": {"budget_user_daily": "1.00"}})).await;
    let (balance, tasks) = (ana.balance().await, world.number("SELECT count(*) FROM cv.background_tasks").await);
    let two = json!({"source_cv_id": cv, "mode": "adapt",
        "offers": [{"job_offer_id": offer}, {"job_offer_id": offer}]});
    let refused = ana.call("cv.generate", two.clone()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::LimitExceeded, "0.50 spent, 2 × 0.50 expected");
    let details = refused.details.unwrap();
    assert_eq!((&details["budget"], &details["limit"]), (&json!("budget_user_daily"), &json!(1.0)));
    assert!(as_a::<Timestamp>(&details["resets_at"]).to_chrono() > Utc::now());
    assert_eq!(ana.balance().await, balance, "nothing was taken");
    assert_eq!(world.number("SELECT count(*) FROM cv.background_tasks").await, tasks, "nothing was created");
    ana.run("cv.generate", one.clone()).await;
    // Everybody together: amounts of others are nobody's business.
    spend(&world, &ben, "9").await;
    let budgets = json!({"values": {"budget_user_daily": "", "budget_global_monthly": "9.6"}});
    root.ok("admin.settings_set", budgets).await;
    let refused = ana.call("cv.generate", one.clone()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::LimitExceeded);
    let details = refused.details.unwrap();
    assert_eq!(details["budget"], "budget_global_monthly");
    assert!(details.get("spent").is_none(), "{details}");
    // Features without AI go on, and no budget is no bound.
    ana.ok("cv.export", json!({"id": cv, "format": "json"})).await;
    root.ok("admin.settings_set", json!({"values": {"budget_global_monthly": ""}})).await;
    ana.run("cv.generate", one).await;
}

#[actix::test]
async fn a_call_that_would_pass_a_budget_is_never_sent() {
    let world = World::start().await;
    let (ana, root) = (world.person("ana").await, world.admin().await);
    spend(&world, &ana, "0.99").await;
    root.ok("admin.settings_set", json!({"values": {"budget_user_monthly": "1"}})).await;
    let guard = BudgetGuard::default();
    guard.start(world.runtime.db().clone());
    let request = AiRequest::new("cv_generation", "classify")
        .on_behalf_of(CallOrigin { user: Some(ana.who.user.clone()), ..CallOrigin::default() });
    let usd = |text: &str| Decimal::from_str(text).unwrap();
    assert!(guard.admit(&request, usd("0.01")).await.is_ok());
    let refused = guard.admit(&request, usd("0.02")).await.unwrap_err();
    assert_eq!((refused.code, refused.sent), (AiErrorCode::OverBudget, false));
    assert!(!refused.code.is_retryable(), "over budget is not tried again");
    assert!(guard.admit(&request, Decimal::ZERO).await.is_ok(), "what costs nothing passes");
}

#[actix::test]
async fn g10_what_is_past_13_months_goes_and_leaves_daily_sums() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    spend(&world, &ana, "1").await;
    spend(&world, &ana, "1").await;
    world
        .sql(
            "UPDATE cv.openai_calls SET created_at = now() - interval '14 months'
             WHERE id = (SELECT min(id) FROM cv.openai_calls)",
        )
        .await;
    world
        .sql(
            "INSERT INTO cv.telemetry_events (id, type, category, duration, status, timestamp, created_at)
             SELECT 't' || n, 'CV_EXPORTED', 'cv_management', 10, 'success', t, t
             FROM generate_series(1, 5) n, LATERAL (SELECT CASE WHEN n < 4 THEN now() - interval '14 months' ELSE now() END AS t) x",
        )
        .await;
    world
        .sql(
            "INSERT INTO cv.notices (id, user_id, level, code, text, created_at, read_at)
             SELECT 'n' || n, id, 'info', 'x', 'x', now() - interval '100 days',
                CASE WHEN n = 1 THEN now() - interval '91 days' END
             FROM cv.users, generate_series(1, 2) n",
        )
        .await;
    run_if_due(&world.runtime, &Retention).await.unwrap().unwrap();
    assert_eq!(world.number("SELECT count(*) FROM cv.openai_calls").await, 1);
    assert_eq!(world.number("SELECT sum(calls_count)::bigint FROM cv.openai_usage").await, 2, "the daily sums stay");
    assert_eq!(world.number("SELECT count(*) FROM cv.telemetry_events").await, 2);
    let kept = "SELECT (events_count * 1000 + total_duration)::bigint FROM cv.telemetry_daily";
    assert_eq!(world.number(kept).await, 3_030);
    assert_eq!(world.number("SELECT count(*) FROM cv.notices").await, 1, "what was not read stays longer");
}
