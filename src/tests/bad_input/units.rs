//! What cannot be paid, and what is too much (R42, R44).

use super::Stage;
use crate::support::person::Person;
use crate::support::{census, offer_text, resume};
use serde_json::{Value, json};

fn offers(n: usize) -> Value {
    (0..n).map(|n| json!({"text": offer_text(n)})).collect()
}

#[actix_web::test]
async fn r42_no_credits_left() {
    let mut stage = Stage::set(&[]).await;
    // Six offers, five credits: all or none (R44).
    let problem = stage.ada.generate(&stage.cv, offers(6)).await.refused(402, "insufficient_credits", "credits");
    assert_eq!((&problem["details"]["needed"], &problem["details"]["balance"]), (&json!(6), &json!(5)), "{problem:#}");
    stage.is_untouched("six offers for five credits").await;

    stage
        .db
        .execute("UPDATE cv.settings SET value = '0' WHERE setting_name = 'default_token_limit'", &[])
        .await
        .unwrap();
    let poor = Person::sign_up(&stage.server, "poor").await;
    let cv = poor.cv().await;
    let offer = poor.post("/v1/cv/job-offers", json!({"text": offer_text(1)})).await.ok();
    assert_eq!(poor.balance().await, 0);
    stage.count_again().await;
    poor.generate(&cv, offers(1)).await.refused(402, "insufficient_credits", "credits");
    let optimise = json!({"source_cv_id": cv, "mode": "optimize", "offers": [{"job_offer_id": offer["id"]}]});
    poor.post("/v1/cv/generations", optimise).await.refused(402, "insufficient_credits", "credits");
    let score = json!({"job_offer_id": offer["id"]});
    poor.post(&format!("/v1/cv/files/{cv}/score"), score).await.refused(402, "insufficient_credits", "credits");
    // With a key as well: the refusal is not remembered as a result that cost something.
    let params = json!({"source_cv_id": cv, "mode": "adapt", "offers": offers(1)});
    for _ in 0..2 {
        poor.keyed("/v1/cv/generations", params.clone(), "k").await.refused(402, "insufficient_credits", "credits");
    }
    stage.is_untouched("somebody without credits").await;
    let status = poor.get(&format!("/v1/cv/files/{cv}")).await.ok();
    assert_eq!(status["file"]["match_score_status"], "idle");
    assert_eq!(status["file"]["optimise_status"], "idle");
}

#[actix_web::test]
async fn more_offers_than_a_generation_takes() {
    let stage = Stage::set(&[]).await;
    let problem = stage.ada.generate(&stage.cv, offers(11)).await.refused(422, "limit_exceeded", "at most 10");
    assert_eq!(problem["details"]["limit"], 10, "{problem:#}");
    let two = json!({"source_cv_id": stage.cv, "mode": "optimize", "offers": offers(2)});
    stage.ada.post("/v1/cv/generations", two).await.refused(400, "bad_request", "one job offer");
    stage.ada.generate("czzzzzzzzzzzzzzzzzzzzzzz", offers(1)).await.refused(404, "not_found", "no CV");
    stage.is_untouched("too many offers").await;
}

#[actix_web::test]
async fn r44_together_nobody_spends_more_than_there_is() {
    let stage = Stage::set(&[]).await;
    let tries = (0..8).map(|n| stage.ada.generate(&stage.cv, json!([{"text": offer_text(n)}])));
    let answers = futures_util::future::join_all(tries).await;
    let taken: Vec<String> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| answer.body["task_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(taken.len(), 5, "{answers:#?}");
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.refused(402, "insufficient_credits", "credits");
    }
    for task in &taken {
        assert_eq!(stage.ada.ended(task).await["task"]["status"], "completed");
    }
    assert_eq!(stage.ada.balance().await, 0);
    assert_eq!(census::number(&stage.db, census::TASKS).await, 5);
    census::ledger_is_sound(&stage.db).await;
}

#[actix_web::test]
async fn p10_the_same_key_twice() {
    let mut stage = Stage::set(&[]).await;
    let ada = stage.ada.clone();
    let params = json!({"source_cv_id": stage.cv, "mode": "adapt", "offers": offers(1)});
    let first = ada.keyed("/v1/cv/generations", params.clone(), "g1").await.ok();
    ada.ended(first["task_id"].as_str().unwrap()).await;
    stage.count_again().await;
    assert_eq!(ada.keyed("/v1/cv/generations", params, "g1").await.ok(), first);
    let other = json!({"source_cv_id": stage.cv, "mode": "adapt", "offers": offers(2)});
    ada.keyed("/v1/cv/generations", other, "g1").await.refused(409, "conflict", "key");
    ada.keyed("/v1/cv/files", json!({"content": resume()}), "g1").await.refused(409, "conflict", "key");
    stage.is_untouched("a key that was used").await;
}
