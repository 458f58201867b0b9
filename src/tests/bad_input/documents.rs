//! Documents and edits that are wrong.

use super::Stage;
use crate::support::resume;
use serde_json::{Value, json};

#[actix_web::test]
async fn documents_that_are_no_json_resume() {
    let stage = Stage::set(&[]).await;
    let mut deep = json!("end");
    for _ in 0..40 {
        deep = json!([deep]);
    }
    for (content, path) in [
        (json!(null), ""),
        (json!([]), ""),
        (json!("a CV"), ""),
        (json!({"work": "ten years"}), "/work"),
        (json!({"work": ["ten years"]}), "/work/0"),
        (json!({"work": [{"position": ["Developer"]}]}), "/work/0/position"),
        (json!({"basics": []}), "/basics"),
        (json!({"basics": {"name": {"first": "Ada"}}}), "/basics/name"),
        (json!({"skills": {"rust": true}}), "/skills"),
        (json!({"basics": {"summary": "x".repeat(70_000)}}), "/basics/summary"),
        (json!({"work": vec![json!({}); 600]}), "/work"),
        (json!({"custom": deep}), ""),
    ] {
        let answer = stage.ada.post("/v1/cv/files", json!({"content": content})).await;
        let problem = answer.refused(400, "bad_request", "");
        if !path.is_empty() {
            assert_eq!(problem["details"]["path"], path, "{problem:#}");
        }
        stage.is_untouched(&format!("a document with a fault at {path:?}")).await;
    }
    for (params, says) in [
        (json!({}), "content"),
        (json!({"filename": "x.json"}), "content"),
        (json!({"filename": "../../etc/passwd", "content": resume()}), "name"),
        (json!({"filename": "", "content": resume()}), "name"),
        (json!({"filename": "a\u{0}b", "content": resume()}), ""),
    ] {
        stage.ada.post("/v1/cv/files", params.clone()).await.refused(400, "bad_request", says);
        stage.is_untouched(&params.to_string()).await;
    }
}

#[actix_web::test]
async fn r12_edits_that_do_not_apply() {
    let mut stage = Stage::set(&[]).await;
    let ada = stage.ada.clone();
    let path = format!("/v1/cv/files/{}", stage.cv);
    let edit = async |rev: Value, patch: Value| {
        ada.send(ada.request(reqwest::Method::PATCH, &path).json(&json!({"rev": rev, "patch": patch}))).await
    };
    let to_label = |label: &str| json!([{"op": "replace", "path": "/basics/label", "value": label}]);
    let rev = ada.get(&path).await.ok()["file"]["content_rev"].as_i64().unwrap();
    edit(json!(rev), to_label("First")).await.ok();
    stage.count_again().await;

    let stale = edit(json!(rev), to_label("Second")).await.refused(409, "conflict", "rebase");
    assert_eq!(stale["details"]["rev"], rev + 1, "{stale:#}");
    assert_eq!(stale["details"]["patches"][0]["patch"], to_label("First"), "{stale:#}");
    stage.is_untouched("a stale rev").await;

    let now = json!(rev + 1);
    for (rev, patch, status, code) in [
        (json!(rev + 7), to_label("Third"), 409, "conflict"),
        (json!("1"), to_label("Third"), 400, "bad_request"),
        (json!(null), to_label("Third"), 400, "bad_request"),
        (now.clone(), json!("replace"), 400, "bad_request"),
        (now.clone(), json!([{"op": "invent", "path": "/basics"}]), 400, "bad_request"),
        (now.clone(), json!([{"op": "replace", "path": "basics", "value": 1}]), 400, "bad_request"),
        (now.clone(), json!([{"op": "replace", "path": "/work/9/name", "value": "Z"}]), 409, "conflict"),
        (now.clone(), json!([{"op": "test", "path": "/basics/name", "value": "Eve"}]), 409, "conflict"),
        (now.clone(), json!([{"op": "replace", "path": "/work", "value": "gone"}]), 400, "bad_request"),
        (now.clone(), json!([{"op": "remove", "path": ""}]), 400, "bad_request"),
    ] {
        let what = format!("rev {rev}, patch {patch}");
        edit(rev, patch).await.refused(status, code, "");
        stage.is_untouched(&what).await;
    }
    for (route, params, status, code) in [
        ("restore", json!({"version": 1}), 409, "conflict"),
        ("restore", json!({"version": 99}), 404, "not_found"),
        ("restore", json!({"version": "one"}), 400, "bad_request"),
        ("review", json!({"decisions": []}), 400, "bad_request"),
        ("review", json!({"decisions": [{"change_id": "nothing", "accept": true}]}), 400, "bad_request"),
        ("rename", json!({"filename": ""}), 400, "bad_request"),
        ("score", json!({}), 400, "bad_request"),
        ("score", json!({"job_offer_id": "czzzzzzzzzzzzzzzzzzzzzzz"}), 404, "not_found"),
    ] {
        ada.post(&format!("{path}/{route}"), params.clone()).await.refused(status, code, "");
        stage.is_untouched(&format!("{route} {params}")).await;
    }
}
