//! Offers that fail inside a running task: refunded exactly once, and the task ends as its offers do (R46, section 2).

use crate::support::census;
use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::site::Site;
use crate::support::{eventually, offer_text, pdf};
use estafette::testing;
use estafette_actors::Db;
use serde_json::{Value, json};

/// The events of a topic: `(kind, data)`.
async fn events(db: &Db, topic: &str) -> Vec<(String, Value)> {
    let sql = "SELECT e.kind, e.data FROM runtime.events e JOIN runtime.topics t ON t.id = e.topic_id
               WHERE t.topic = $1 ORDER BY e.seq";
    let rows = db.query(sql, &[&topic]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn statuses(state: &Value) -> Vec<&str> {
    state["offers"].as_array().unwrap().iter().map(|offer| offer["status"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn r46_failed_offers_are_refunded_once_and_the_others_delivered() {
    let site = Site::start();
    let database = testing::database().await;
    let db = database.db();
    let server = Server::on(&database.url(), &[("ESTAFETTE_FETCH_ALLOW", &site.host_port)]);
    let ada = Person::sign_up(&server, "ada").await;
    let cv = ada.cv().await;
    let locked = ada.upload("locked.pdf", pdf::encrypted()).await.ok();
    let offers = json!([
        {"url": site.url("/job")}, {"url": site.url("/gone")}, {"url": site.url("/redirect")}, {"url": site.url("/huge")},
        {"upload_id": locked["id"]},
    ]);
    let task = ada.generation(&cv, offers).await;
    let state = ada.ended(&task).await;
    // One offer was delivered, so the task is completed.
    assert_eq!(state["task"]["status"], "completed", "{state:#}");
    assert_eq!(statuses(&state), ["completed", "failed", "failed", "failed", "failed"]);
    assert_eq!((&state["task"]["credits_debited"], &state["task"]["credits_refunded"]), (&json!(5), &json!(4)));
    assert_eq!(ada.balance().await, 4);
    census::ledger_is_sound(&db).await;
    let told = events(&db, &format!("task:{task}")).await;
    for (index, says) in [(1, "check the address"), (2, "private network"), (3, "larger than"), (4, "password")] {
        let failed: Vec<_> =
            told.iter().filter(|(kind, data)| kind == "offer.failed" && data["offer_index"] == index).collect();
        assert_eq!(failed.len(), 1, "offer {index}: {failed:?}");
        assert_eq!(failed[0].1["refunded"], true, "{failed:?}");
        assert!(failed[0].1["error"].as_str().unwrap().contains(says), "{failed:?}");
        let offer = &state["offers"][index];
        assert_eq!(offer["credits_refunded"], true, "{offer:#}");
        // What cannot get better is not tried again.
        let attempts = told.iter().filter(|(kind, data)| kind == "step.failed" && data["offer_index"] == index).count();
        assert_eq!(attempts, 1, "offer {index}");
    }
    let refunds = events(&db, &format!("user:{}", ada.id)).await;
    let refunds = refunds.iter().filter(|(kind, data)| kind == "credits.changed" && data["type"] == "refund").count();
    assert_eq!(refunds, 4);
    assert_eq!(census::number(&db, "SELECT count(*) FROM cv.cv_files").await, 2, "the source and one more");

    // A retry pays for the failed ones again, and gets the same back again.
    assert_eq!(ada.post(&format!("/v1/tasks/{task}/retry"), json!({})).await.ok()["attempt"], 2);
    let state = eventually("the end of the second run", async || {
        let state = ada.get(&format!("/v1/tasks/{task}")).await.ok();
        let over = state["task"]["status"] == "completed" || state["task"]["status"] == "failed";
        if over { Ok(state) } else { Err(format!("{state:#}")) }
    })
    .await;
    assert_eq!(statuses(&state), ["completed", "failed", "failed", "failed", "failed"]);
    assert_eq!((&state["task"]["credits_debited"], &state["task"]["credits_refunded"]), (&json!(9), &json!(8)));
    assert_eq!(ada.balance().await, 4);
    assert_eq!(
        census::number(&db, "SELECT count(*) FROM cv.cv_files").await,
        2,
        "the delivered one was not made again"
    );
    census::ledger_is_sound(&db).await;
    assert_eq!(site.visits_behind(), 0);
    site.stop().await;
}

#[actix_web::test]
async fn a_task_whose_offers_all_fail_has_failed_and_cost_nothing() {
    let site = Site::start();
    let database = testing::database().await;
    let db = database.db();
    let server = Server::on(&database.url(), &[("ESTAFETTE_FETCH_ALLOW", &site.host_port)]);
    let ada = Person::sign_up(&server, "ada").await;
    let cv = ada.cv().await;
    let offers = json!([{"url": site.url("/gone")}, {"url": site.url("/recipe")}, {"url": "http://192.168.1.1/"}]);
    let task = ada.generation(&cv, offers).await;
    let state = ada.ended(&task).await;
    assert_eq!(state["task"]["status"], "failed", "{state:#}");
    assert_eq!(statuses(&state), ["failed"; 3]);
    assert!(!state["task"]["error"].as_str().unwrap_or_default().is_empty(), "{state:#}");
    assert_eq!(ada.balance().await, 5);
    assert_eq!(census::number(&db, "SELECT count(*) FROM cv.cv_files").await, 1);
    assert_eq!(census::number(&db, "SELECT count(*) FROM cv.job_offers").await, 0);
    census::ledger_is_sound(&db).await;
    site.stop().await;
}

#[actix_web::test]
async fn a_cancelled_task_gives_back_what_it_did_not_deliver() {
    let database = testing::database().await;
    let db = database.db();
    let server = Server::on(&database.url(), &[("ESTAFETTE_OFFLINE_LATENCY_MS", "400")]);
    let ada = Person::sign_up(&server, "ada").await;
    let cv = ada.cv().await;
    let offers = json!([{"text": offer_text(1)}, {"text": offer_text(2)}]);
    let task = ada.generation(&cv, offers).await;
    eventually("a completed step", async || {
        let sql = "SELECT count(*) FROM runtime.events WHERE kind = 'step.completed'";
        let n = census::number(&db, sql).await;
        if n >= 2 { Ok(()) } else { Err(n.to_string()) }
    })
    .await;
    let path = format!("/v1/tasks/{task}/cancel");
    let answers = futures_util::future::join_all((0..4).map(|_| ada.post(&path, json!({})))).await;
    assert!(answers.iter().any(|answer| answer.status == 200), "{answers:#?}");
    let state = ada.ended(&task).await;
    assert_eq!(state["task"]["status"], "cancelled");
    assert_eq!(statuses(&state), ["cancelled"; 2]);
    assert_eq!(ada.balance().await, 5);
    census::ledger_is_sound(&db).await;
    let told = events(&db, &format!("task:{task}")).await;
    assert_eq!(told.last().map(|(kind, _)| kind.as_str()), Some("task.cancelled"), "nothing comes after the end");
    ada.post(&format!("/v1/tasks/{task}/retry"), json!({})).await.refused(409, "conflict", "");
    ada.post(&format!("/v1/tasks/{task}/cancel"), json!({})).await.refused(409, "conflict", "");
}
