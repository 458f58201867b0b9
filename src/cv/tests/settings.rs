//! Settings: in force everywhere, announced, checked.

use super::harness::{World, eventually};
use estafette_protocol::ErrorCode;
use serde_json::json;
use std::time::{Duration, Instant};

#[actix::test]
async fn r73_a_change_is_in_force_on_all_nodes_within_2_s_and_announced() {
    let world = World::start().await;
    let (ana, root) = (world.person("ana").await, world.admin().await);
    let other = world.second_node().await;
    let there = ana.on(&other);
    there.ok("me.get", json!({})).await;
    root.ok("admin.settings_set", json!({"values": {"maintenance_mode": "true"}})).await;
    let began = Instant::now();
    assert_eq!(ana.refused("me.get", json!({})).await, ErrorCode::Unavailable, "at once where it was changed");
    eventually("the other node hears of it", async || there.call("me.get", json!({})).await.is_err()).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let told = world.events("app").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, "settings.changed");
    assert_eq!(told[0].1, json!({"maintenance_mode": true, "registration_enabled": true}));
    root.on(&other).ok("admin.settings_set", json!({"values": {"maintenance_mode": "0"}})).await;
    let began = Instant::now();
    eventually("and of its end", async || ana.call("me.get", json!({})).await.is_ok()).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    // What is written again without a change is not told again.
    root.ok("admin.settings_set", json!({"values": {"maintenance_mode": "0"}})).await;
    assert_eq!(world.events("app").await.len(), 2);
}

#[actix::test]
async fn r7_in_maintenance_only_administrators_are_served_and_running_tasks_finish() {
    let world = World::start_with(Duration::from_millis(300)).await;
    let (ana, root) = (world.person("ana").await, world.admin().await);
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let one = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]});
    let task = ana.ok("cv.generate", one.clone()).await["task_id"].clone();
    root.ok("admin.settings_set", json!({"values": {"maintenance_mode": "1"}})).await;
    let refused = ana.call("cv.generate", one).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);
    assert!(refused.retry_after.is_some(), "says when to come again");
    assert_eq!(ana.refused("me.get", json!({})).await, ErrorCode::Unavailable);
    let status = format!("SELECT count(*) FROM cv.background_tasks WHERE id = {task} AND status = 'completed'")
        .replace('"', "'");
    eventually("the task finishes", async || world.number(&status).await == 1).await;
    root.ok("admin.settings", json!({})).await;
}

#[actix::test]
async fn every_setting_of_the_spec_is_there_and_can_be_changed() {
    let world = World::start().await;
    let root = world.admin().await;
    let listed = root.ok("admin.settings", json!({})).await;
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|setting| setting["setting_name"].as_str().unwrap()).collect();
    for (name, value) in [
        ("openai_default_model", "gpt-x"),
        ("model_cv_generation", "gpt-y"),
        ("openai_extraction_model", "gpt-z"),
        ("model_extract_job_offer", "gpt-w"),
        ("registration_enabled", "0"),
        ("maintenance_mode", "1"),
        ("default_token_limit", "7"),
        ("cv_max_versions", "9"),
        ("credit_cost_generate_cv", "2"),
        ("generation_max_offers", "3"),
        ("referral_referrer_credits", "6"),
        ("referral_referred_credits", "8"),
        ("budget_user_daily", "1.5"),
        ("budget_global_monthly", "150"),
    ] {
        assert!(names.contains(&name), "{name}");
        let all = root.ok("admin.settings_set", json!({"values": {name: value}})).await;
        let now = all.as_array().unwrap().iter().find(|setting| setting["setting_name"] == name).unwrap();
        assert_eq!(now["value"], value, "{name}");
    }
    let mixed = json!({"values": {"cv_max_versions": "4", "cv_max_version": "4"}});
    assert_eq!(root.refused("admin.settings_set", mixed).await, ErrorCode::BadRequest);
    let kept = "SELECT value::bigint FROM cv.settings WHERE setting_name = 'cv_max_versions'";
    assert_eq!(world.number(kept).await, 9, "all or none");
    assert_eq!(root.refused("admin.settings_set", json!({"values": {}})).await, ErrorCode::BadRequest);
}
