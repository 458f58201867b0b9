//! Units: allowance, credits, refunds, under concurrency.

use super::harness::{World, eventually};
use estafette_protocol::ErrorCode;
use serde_json::json;
use std::time::Duration;

/// R48, for everybody.
async fn the_ledger_adds_up(world: &World) {
    let wrong = "SELECT count(*) FROM cv.credit_balances b WHERE balance <>
        (SELECT coalesce(sum(amount), 0) FROM cv.credit_transactions t WHERE t.user_id = b.user_id)
        OR balance <> total_purchased + total_gifted + total_refunded - total_used";
    assert_eq!(world.number(wrong).await, 0);
}

#[actix::test]
async fn r9_a_new_user_has_five_credits_as_one_gift() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    assert_eq!(ana.balance().await, 5);
    let ledger = ana.ok("credits.transactions", json!({})).await;
    assert_eq!(ledger["items"].as_array().unwrap().len(), 1);
    assert_eq!((&ledger["items"][0]["type"], &ledger["items"][0]["amount"]), (&json!("gift"), &json!(5)));
    the_ledger_adds_up(&world).await;
}

#[actix::test]
async fn r44_fifty_parallel_generations_spend_five_credits_once() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let params = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]});
    let starts = (0..50).map(|_| ana.call("cv.generate", params.clone()));
    let started = futures_util::future::join_all(starts).await;
    let refused: Vec<_> = started.iter().filter_map(|result| result.as_ref().err()).collect();
    assert_eq!(refused.len(), 45);
    assert!(refused.iter().all(|error| error.code == ErrorCode::InsufficientCredits), "{refused:?}");
    assert_eq!(ana.balance().await, 0);
    assert_eq!(world.number("SELECT count(*) FROM cv.background_tasks").await, 5, "nothing of the refused is left");
    for task in started.into_iter().flatten() {
        assert_eq!(ana.ended(task["task_id"].as_str().unwrap()).await["task"]["status"], "completed");
    }
    the_ledger_adds_up(&world).await;
}

#[actix::test]
async fn r42_r45_the_allowance_goes_first_then_credits() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    world
        .sql("UPDATE cv.subscription_plan_feature_limits SET usage_limit = 2 WHERE feature_name = 'generate_cv'")
        .await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let three: Vec<_> = (0..3).map(|_| json!({"job_offer_id": offer})).collect();
    let done = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": three})).await;
    assert_eq!((&done["task"]["credits_debited"], &done["task"]["completed_offers"]), (&json!(1), &json!(3)));
    assert_eq!(ana.balance().await, 4);
    let usage = ana.ok("usage.get", json!({})).await;
    let counter = usage.as_array().unwrap().iter().find(|c| c["feature_name"] == "generate_cv").unwrap();
    assert_eq!((&counter["count"], &counter["usage_limit"]), (&json!(2), &json!(2)));
    let with_credit = "SELECT count(*) FROM cv.cv_files WHERE created_with_credit AND credit_used_at IS NOT NULL";
    assert_eq!(world.number(with_credit).await, 1, "r47");
    the_ledger_adds_up(&world).await;
}

#[actix::test]
async fn r41_a_feature_that_is_off_is_forbidden_whatever_the_credits() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    world
        .sql("UPDATE cv.subscription_plan_feature_limits SET is_enabled = false WHERE feature_name = 'generate_cv'")
        .await;
    let params = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]});
    assert_eq!(ana.refused("cv.generate", params).await, ErrorCode::Forbidden);
    assert_eq!(ana.balance().await, 5);
}

#[actix::test]
async fn r46_each_failed_offer_is_given_back_once_and_retry_debits_it_again() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    world.faults.fail("batch_summary", 1);
    let two: Vec<_> = (0..2).map(|_| json!({"job_offer_id": offer})).collect();
    let done = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": two})).await;
    let task = done["task"]["id"].as_str().unwrap().to_owned();
    assert_eq!(done["task"]["status"], "completed", "one offer is enough: {:#}", done["task"]);
    assert_eq!((&done["task"]["credits_debited"], &done["task"]["credits_refunded"]), (&json!(2), &json!(1)));
    assert_eq!(ana.balance().await, 4);
    let failed: Vec<_> = done["offers"].as_array().unwrap().iter().filter(|o| o["status"] == "failed").collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["credits_refunded"], true);
    let classified = "SELECT count(*) FROM cv.openai_calls WHERE metadata ->> 'step' = 'classify'";
    world.usage.flush().await;
    let before = world.number(classified).await;
    ana.ok("task.retry", json!({"id": task})).await;
    let done = ana.ended(&task).await;
    assert_eq!(
        (&done["task"]["credits_debited"], &done["task"]["completed_offers"]),
        (&json!(3), &json!(2)),
        "{done:#}"
    );
    assert_eq!(done["task"]["attempt"], 2);
    assert_eq!(ana.balance().await, 3);
    world.usage.flush().await;
    assert_eq!(world.number(classified).await, before, "a completed step is never run again");
    assert_eq!(ana.refused("task.retry", json!({"id": task})).await, ErrorCode::Conflict);
    the_ledger_adds_up(&world).await;
}

#[actix::test]
async fn r46_a_cancelled_task_gives_all_open_units_back_once() {
    let world = World::start_with(Duration::from_millis(200)).await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let three: Vec<_> = (0..3).map(|_| json!({"job_offer_id": offer})).collect();
    let started = ana.ok("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": three})).await;
    let task = started["task_id"].as_str().unwrap();
    assert_eq!(ana.balance().await, 2);
    eventually("a step runs", async || {
        let state = ana.ok("task.get", json!({"id": task})).await;
        state["steps"].as_array().unwrap().iter().any(|step| step["status"] == "running")
    })
    .await;
    let cancels = futures_util::future::join_all((0..5).map(|_| ana.call("task.cancel", json!({"id": task})))).await;
    assert_eq!(cancels.iter().filter(|result| result.is_ok()).count(), 1);
    let state = ana.ended(task).await;
    assert_eq!(state["task"]["status"], "cancelled");
    assert!(state["offers"].as_array().unwrap().iter().all(|offer| offer["status"] == "cancelled"));
    assert_eq!(ana.balance().await, 5);
    let refunds = "SELECT count(*) FROM cv.credit_transactions WHERE type = 'refund'";
    assert_eq!(world.number(refunds).await, 3);
    the_ledger_adds_up(&world).await;
}

#[actix::test]
async fn r46_an_allowance_is_given_back_only_in_its_own_month() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    world
        .sql("UPDATE cv.subscription_plan_feature_limits SET usage_limit = 9 WHERE feature_name = 'generate_cv'")
        .await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let params = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]});
    let count = "SELECT count::bigint FROM cv.feature_usage_counters WHERE feature_name = 'generate_cv'";
    world.faults.fail("classify", 1);
    assert_eq!(ana.run("cv.generate", params.clone()).await["task"]["status"], "failed");
    assert_eq!(world.number(count).await, 0);
    ana.run("cv.generate", params.clone()).await;
    assert_eq!(world.number(count).await, 1);
    // The month turns while the next one runs: its unit belongs to a month that is over.
    world.faults.fail("classify", 1);
    world
        .sql(
            "CREATE FUNCTION cv.turn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE cv.feature_usage_counters SET period_start = period_end, period_end = period_end + interval '1 month';
        RETURN NEW; END $$",
        )
        .await;
    world
        .sql(
            "CREATE TRIGGER turn AFTER UPDATE ON cv.background_tasks FOR EACH ROW
        WHEN (NEW.status = 'running' AND OLD.status = 'queued') EXECUTE FUNCTION cv.turn()",
        )
        .await;
    assert_eq!(ana.run("cv.generate", params).await["task"]["status"], "failed");
    assert_eq!(world.number(count).await, 2, "not taken from the new month");
    assert_eq!(ana.balance().await, 5);
}

#[actix::test]
async fn a_call_with_a_key_takes_effect_once() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let params = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]});
    let same = futures_util::future::join_all((0..10).map(|_| ana.keyed("cv.generate", params.clone(), "k1"))).await;
    let first = same[0].as_ref().unwrap();
    assert!(same.iter().all(|result| result.as_ref().unwrap() == first));
    assert_eq!(ana.balance().await, 4);
    let other = json!({"source_cv_id": cv, "mode": "optimize"});
    assert_eq!(ana.keyed("cv.generate", other, "k1").await.unwrap_err().code, ErrorCode::Conflict);
}

#[actix::test]
async fn r65_the_sum_over_calls_is_the_usage_row() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]})).await;
    world.usage.flush().await;
    assert!(world.number("SELECT count(*) FROM cv.openai_calls").await >= 7);
    let differ =
        "SELECT count(*) FROM cv.openai_usage u WHERE (prompt_tokens, completion_tokens, calls_count::bigint) <>
        (SELECT sum(prompt_tokens), sum(completion_tokens), count(*) FROM cv.openai_calls c
         WHERE c.user_id = u.user_id AND c.feature_name = u.feature_name AND c.model = u.model)";
    assert_eq!(world.number(differ).await, 0);
    assert!(world.number("SELECT count(*) FROM cv.openai_usage").await >= 2);
}
