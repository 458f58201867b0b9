//! Rules that every generation and every unit keeps, shown one by one.

use super::harness::{World, offer_text, sample};
use crate::cv::store::plans;
use serde_json::{Value, json};

#[actix::test]
async fn r13_r26_an_adapted_cv_is_a_row_of_its_own_that_starts_with_the_source() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let source = ana.get(&cv).await["file"].clone();
    let offers = json!([{"text": offer_text("Rust developer")}]);
    let done = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": offers})).await;
    let made = ana.get(done["offers"][0]["generated_cv_file_id"].as_str().unwrap()).await;
    assert_ne!(made["file"]["id"], source["id"]);
    let first = ana.ok("cv.version", json!({"id": made["file"]["id"], "version": 1})).await;
    assert_eq!((&first["content"], &first["change_type"]), (&sample(), &json!("adaptation")));
    assert_eq!(first["source_file"], source["filename"]);
    let second = ana.ok("cv.version", json!({"id": made["file"]["id"], "version": 2})).await;
    assert_eq!((&second["content"], &second["change_type"]), (&made["file"]["content"], &json!("adaptation")));
    assert_eq!(made["file"]["pending_source_version"], 1, "its changes compare to version 1");
    let after = ana.get(&cv).await;
    assert_eq!((&after["file"]["content"], &after["file"]["content_version"]), (&source["content"], &json!(1)));
}

#[actix::test]
async fn r40_the_plan_is_that_of_a_subscription_in_force_else_the_free_one() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let id = ana.who.user.as_str().to_owned();
    let plan = async || plans::of_user(world.runtime.db(), &id).await.unwrap().unwrap().plan.name;
    assert_eq!(plan().await, "free", "without a subscription");
    world.sql("INSERT INTO cv.subscription_plans (name, tier) VALUES ('gold', 9)").await;
    world
        .sql(&format!(
            "INSERT INTO cv.subscriptions (id, user_id, stripe_customer_id, plan_id, current_period_start, current_period_end)
             SELECT 's1', '{id}', 'cus_1', p.id, now(), now() + interval '1 month' FROM cv.subscription_plans p WHERE name = 'gold'"
        ))
        .await;
    for (status, expected) in [("active", "gold"), ("past_due", "gold"), ("canceled", "free"), ("active", "gold")] {
        world.sql(&format!("UPDATE cv.subscriptions SET status = '{status}'")).await;
        assert_eq!(plan().await, expected, "{status}");
    }
}

#[actix::test]
async fn r47_a_cv_made_with_a_credit_names_its_transaction() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    world
        .sql("UPDATE cv.subscription_plan_feature_limits SET usage_limit = 1 WHERE feature_name = 'generate_cv'")
        .await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let two = json!([{"job_offer_id": offer}, {"job_offer_id": offer}]);
    let done = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": two})).await;
    let mut made = Vec::new();
    for index in 0..2 {
        made.push(ana.get(done["offers"][index]["generated_cv_file_id"].as_str().unwrap()).await["file"].clone());
    }
    let paid: Vec<&Value> = made.iter().filter(|file| file["created_with_credit"] == true).collect();
    assert_eq!(paid.len(), 1, "the other one was the allowance's");
    assert!(paid[0]["credit_used_at"].is_string());
    let ledger = ana.ok("credits.transactions", json!({})).await;
    let usage = ledger["items"].as_array().unwrap().iter().find(|row| row["type"] == "usage").unwrap();
    assert_eq!(paid[0]["credit_transaction_id"], usage["id"]);
    let free = made.iter().find(|file| file["created_with_credit"] == false).unwrap();
    assert!(free["credit_transaction_id"].is_null() && free["credit_used_at"].is_null());
}

#[actix::test]
async fn section_1_10_a_task_is_written_once_with_how_it_was_paid() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    world
        .sql("CREATE FUNCTION cv.again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'written again'; END $$")
        .await;
    world
        .sql(
            "CREATE TRIGGER again BEFORE UPDATE ON cv.background_tasks FOR EACH ROW
             WHEN (NEW.status = OLD.status) EXECUTE FUNCTION cv.again()",
        )
        .await;
    let offers = json!([{"job_offer_id": offer}]);
    let done = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": offers})).await;
    assert_eq!((&done["task"]["status"], &done["task"]["credits_debited"]), (&json!("completed"), &json!(1)));
    let paid =
        "SELECT count(*) FROM cv.background_tasks b JOIN cv.credit_transactions t ON t.id = b.credit_transaction_id
        WHERE t.task_id = b.id AND t.amount = -1 AND b.credit_used AND b.payload ->> 'credits_debited' = '1'
            AND b.feature_name = 'generate_cv' AND b.cv_file IS NOT NULL AND b.feature_counter_period_start IS NULL";
    assert_eq!(world.number(paid).await, 1);
    let counted = "SELECT count(*) FROM cv.feature_usage_counters WHERE feature_name = 'generate_cv'";
    assert_eq!(world.number(counted).await, 0, "a plan without an allowance has nothing to count");
}

#[actix::test]
async fn r48_the_ledger_is_only_added_to_and_its_sum_is_the_balance() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let rows = async || -> Vec<Value> {
        let ledger = ana.ok("credits.transactions", json!({})).await;
        ledger["items"].as_array().unwrap().clone()
    };
    let mut known: Vec<Value> = rows().await;
    for fails in [0, 1, 0] {
        world.faults.fail("batch_summary", fails);
        ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]})).await;
        let now = rows().await;
        for before in &known {
            let after = now.iter().find(|row| row["id"] == before["id"]).expect("no row is taken away");
            let same = |key: &str| after[key] == before[key];
            assert!(before.as_object().unwrap().keys().all(|key| key == "refunded" || same(key)), "{before} {after}");
        }
        let sum: i64 = now.iter().map(|row| row["amount"].as_i64().unwrap()).sum();
        assert_eq!(sum, ana.balance().await);
        known = now;
    }
    assert_eq!(ana.balance().await, 3, "two were used, one came back");
    let totals = "SELECT count(*) FROM cv.credit_balances
                  WHERE balance <> total_purchased + total_gifted + total_refunded - total_used";
    assert_eq!(world.number(totals).await, 0);
}
