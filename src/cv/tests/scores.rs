//! P7.

use super::harness::World;
use estafette_protocol::ErrorCode;
use serde_json::{Value, json};
use std::time::Duration;

#[actix::test]
async fn p7_r35_a_score_is_the_sum_of_its_parts_and_needs_an_offer() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    assert_eq!(ana.refused("cv.score", json!({"id": cv})).await, ErrorCode::BadRequest);
    let offer = ana.offer().await;
    let done = ana.run("cv.score", json!({"id": cv, "job_offer_id": offer})).await;
    assert_eq!(done["task"]["status"], "completed", "{done:#}");
    let file = ana.get(&cv).await["file"].clone();
    assert_eq!(
        (&file["match_score"], &file["match_score_status"], &file["job_offer_id"]),
        (&json!(70), &json!("done"), &json!(offer))
    );
    assert_eq!(file["score"]["missing_skills"], json!(["Go"]));
    assert_eq!(ana.balance().await, 4);
    let edit = json!([{"op": "replace", "path": "/basics/label", "value": "x"}]);
    ana.ok("cv.update", json!({"id": cv, "rev": 0, "patch": edit})).await;
    let file = ana.get(&cv).await["file"].clone();
    assert_eq!((&file["match_score"], &file["match_score_status"]), (&json!(70), &json!("idle")), "kept, and outdated");
}

#[actix::test]
async fn r36_a_second_call_returns_the_running_task() {
    let world = World::start_with(Duration::from_millis(150)).await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let params = json!({"id": cv, "job_offer_id": offer});
    let calls = futures_util::future::join_all((0..5).map(|_| ana.ok("cv.score", params.clone()))).await;
    assert!(calls.iter().all(|call| call == &calls[0]));
    ana.ended(calls[0]["task_id"].as_str().unwrap()).await;
    assert_eq!(ana.balance().await, 4);
}

#[actix::test]
async fn r36_a_score_for_another_offer_waits_for_the_first() {
    let world = World::start_with(Duration::from_millis(300)).await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let other = ana.ok("job_offer.create", json!({"text": super::harness::offer_text("Go developer")})).await;
    let first = ana.ok("cv.score", json!({"id": cv, "job_offer_id": offer})).await;
    let refused = ana.call("cv.score", json!({"id": cv, "job_offer_id": other["id"]})).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict);
    assert!(refused.message.contains("another job offer"), "{}", refused.message);
    assert_eq!(refused.details, Some(json!({"task_id": first["task_id"], "job_offer_id": offer})));
    assert_eq!(ana.ok("cv.score", json!({"id": cv})).await, first, "its own offer is the one that runs");
    let done = ana.ended(first["task_id"].as_str().unwrap()).await;
    assert_eq!(done["task"]["title"], "Score “Developer” against Rust developer at ACME");
    assert_eq!(ana.balance().await, 4, "only one was charged");
    ana.run("cv.score", json!({"id": cv, "job_offer_id": other["id"]})).await;
    assert_eq!(ana.get(&cv).await["file"]["job_offer_id"], other["id"]);
}

#[actix::test]
async fn a_failed_score_keeps_the_old_one_and_gives_the_unit_back_then_a_retry_pays_again() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    ana.run("cv.score", json!({"id": cv, "job_offer_id": offer})).await;
    world.faults.fail("match_score", 1);
    let done = ana.run("cv.score", json!({"id": cv})).await;
    assert_eq!((&done["task"]["status"], &done["task"]["credits_refunded"]), (&json!("failed"), &json!(1)));
    let file = ana.get(&cv).await["file"].clone();
    assert_eq!((&file["match_score"], &file["match_score_status"]), (&json!(70), &json!("failed")));
    assert_eq!(ana.balance().await, 4);
    ana.ok("task.retry", json!({"id": done["task"]["id"]})).await;
    let done = ana.ended(done["task"]["id"].as_str().unwrap()).await;
    assert_eq!(done["task"]["status"], "completed");
    assert_eq!(ana.balance().await, 3);
}

#[actix::test]
async fn a_cancelled_score_goes_back_to_the_state_before() {
    let world = World::start_with(Duration::from_millis(300)).await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let started = ana.ok("cv.score", json!({"id": cv, "job_offer_id": offer})).await;
    assert_eq!(ana.get(&cv).await["file"]["match_score_status"], "inprogress");
    ana.ok("task.cancel", json!({"id": started["task_id"]})).await;
    let file = ana.get(&cv).await["file"].clone();
    assert_eq!((&file["match_score_status"], &file["match_score"]), (&json!("idle"), &Value::Null));
    assert_eq!(ana.balance().await, 5);
}
