//! What belongs to somebody else does not exist (R11).

use super::Stage;
use crate::support::person::Person;
use crate::support::socket::Socket;
use crate::support::{offer_text, pdf};
use reqwest::Method;
use serde_json::json;

#[actix_web::test]
async fn r11_what_belongs_to_somebody_else() {
    let mut stage = Stage::set(&[]).await;
    let ada = stage.ada.clone();
    let offer = ada.post("/v1/cv/job-offers", json!({"text": offer_text(1)})).await.ok();
    let offer = offer["id"].as_str().unwrap();
    let upload = ada.upload("offer.pdf", pdf::with_text(&offer_text(2))).await.ok();
    let task = ada.post("/v1/cv/tasks/test", json!({"steps": 1})).await.ok();
    let task = task["task_id"].as_str().unwrap();
    ada.ended(task).await;
    let eve = Person::sign_up(&stage.server, "eve").await;
    let hers = eve.cv().await;
    stage.count_again().await;

    let cv = format!("/v1/cv/files/{}", stage.cv);
    let edit = json!({"rev": 0, "patch": [{"op": "remove", "path": "/work"}]});
    for (method, path, body) in [
        (Method::GET, cv.clone(), json!({})),
        (Method::PATCH, cv.clone(), edit),
        (Method::DELETE, cv.clone(), json!({})),
        (Method::GET, format!("{cv}/versions"), json!({})),
        (Method::GET, format!("{cv}/versions/1"), json!({})),
        (Method::GET, format!("{cv}/export?format=json"), json!({})),
        (Method::POST, format!("{cv}/rename"), json!({"filename": "mine.json"})),
        (Method::POST, format!("{cv}/offer"), json!({"job_offer_id": null})),
        (Method::POST, format!("{cv}/score"), json!({"job_offer_id": offer})),
        (Method::POST, format!("{cv}/review"), json!({"decisions": [{"change_id": "x", "accept": true}]})),
        (Method::POST, format!("{cv}/restore"), json!({"version": 1})),
        (Method::GET, format!("/v1/cv/job-offers/{offer}"), json!({})),
        (Method::DELETE, format!("/v1/cv/job-offers/{offer}"), json!({})),
        (Method::GET, format!("/v1/tasks/{task}"), json!({})),
        (Method::GET, format!("/v1/cv/generations/{task}"), json!({})),
        (Method::POST, format!("/v1/tasks/{task}/cancel"), json!({})),
        (Method::POST, format!("/v1/tasks/{task}/retry"), json!({})),
    ] {
        let what = format!("{method} {path}");
        let request = eve.request(method, &path);
        let request = if body == json!({}) { request } else { request.json(&body) };
        eve.send(request).await.refused(404, "not_found", "");
        stage.is_untouched(&what).await;
    }
    // Nor can it be used for something of one's own.
    eve.generate(&stage.cv, json!([{"text": offer_text(3)}])).await.refused(404, "not_found", "no CV");
    for source in [json!({"job_offer_id": offer}), json!({"upload_id": upload["id"]})] {
        eve.generate(&hers, json!([source])).await.refused(404, "not_found", "");
    }
    eve.post("/v1/cv/job-offers", json!({"upload_id": upload["id"]})).await.refused(404, "not_found", "");
    eve.post(&format!("/v1/cv/files/{hers}/score"), json!({"job_offer_id": offer})).await.refused(404, "not_found", "");
    eve.post(&format!("/v1/cv/files/{hers}/offer"), json!({"job_offer_id": offer})).await.refused(404, "not_found", "");
    for (list, mine) in [("/v1/cv/files", 1), ("/v1/cv/job-offers", 0), ("/v1/tasks", 0), ("/v1/cv/generations", 0)] {
        assert_eq!(eve.get(list).await.ok()["items"].as_array().unwrap().len(), mine, "{list}");
    }
    let mut socket = Socket::hello(&stage.server, &eve.token, "estafette.v1.json").await;
    for (topic, code) in [
        (format!("cv:{}", stage.cv), "not_found"),
        (format!("task:{task}"), "not_found"),
        (format!("user:{}", ada.id), "forbidden"),
    ] {
        socket.refused(json!({"t": "sub", "topic": topic}), code, "").await;
    }
    let params = json!({"source_cv_id": stage.cv, "mode": "adapt", "offers": [{"text": offer_text(3)}]});
    socket.refused(json!({"t": "call", "method": "cv.generate", "params": params}), "not_found", "no CV").await;
    stage.is_untouched("a stranger's attempts").await;
}
