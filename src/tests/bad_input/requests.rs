//! Requests and messages of the wrong form.

use super::Stage;
use crate::support::socket::{Heard, Socket};
use reqwest::Method;
use serde_json::json;

#[actix_web::test]
async fn requests_of_the_wrong_form() {
    let stage = Stage::set(&[]).await;
    let ada = &stage.ada;
    let body = async |method: Method, path: &str, kind: &str, body: Vec<u8>| {
        ada.send(ada.request(method, path).header("content-type", kind).body(body)).await
    };
    let json = "application/json";
    for (text, says) in [
        ("{", "JSON"),
        ("nonsense", "JSON"),
        ("[]", "object"),
        ("\"x\"", "object"),
        ("7", "object"),
        ("\u{ff}", "JSON"),
    ] {
        body(Method::POST, "/v1/cv/files", json, text.into()).await.refused(400, "bad_request", says);
        body(Method::POST, "/v1/cv/auth/sign-in", json, text.into()).await.refused(400, "bad_request", says);
    }
    body(Method::POST, "/v1/cv/files", json, vec![0xff, 0xfe]).await.refused(400, "bad_request", "JSON");
    let bomb = "[".repeat(100_000);
    body(Method::POST, "/v1/cv/files", json, format!("{{\"content\":{bomb}").into()).await.refused(
        400,
        "bad_request",
        "",
    );
    let large = format!("{{\"content\": {{\"basics\": {{\"summary\": \"{}\"}}}}}}", "x".repeat(2 * 1024 * 1024));
    body(Method::POST, "/v1/cv/files", json, large.into()).await.refused(413, "payload_too_large", "KiB");
    stage.is_untouched("bodies that are no JSON object").await;

    for path in ["/v1/nothing", "/v1/cv/nothing", "/v1/cv/files/x/nothing", "/v1/tasks/x/nothing"] {
        ada.get(path).await.refused(404, "not_found", "");
        ada.post(path, json!({})).await.refused(404, "not_found", "");
    }
    for (method, path) in [
        (Method::DELETE, "/v1/cv/files"),
        (Method::PUT, "/v1/cv/generations"),
        (Method::GET, "/v1/cv/auth/sign-in"),
        (Method::GET, "/v1/cv/uploads"),
        (Method::POST, "/v1/cv/credits"),
        (Method::POST, "/health/live"),
    ] {
        ada.send(ada.request(method, path)).await.refused(405, "bad_request", "");
    }
    for query in ["limit=0", "limit=101", "limit=many", "limit=-1"] {
        ada.get(&format!("/v1/cv/files?{query}")).await.refused(400, "bad_request", "limit");
    }
    for query in ["status=sleeping", "type=nonsense"] {
        ada.get(&format!("/v1/tasks?{query}")).await.refused(400, "bad_request", "");
    }
    for id in ["nothing", "czzzzzzzzzzzzzzzzzzzzzzz", "%00", "a%2Fb", "..%2f..%2fetc"] {
        let status = ada.get(&format!("/v1/cv/files/{id}")).await.status;
        assert!(status == 404 || status == 400, "{id}: {status}");
        let status = ada.get(&format!("/v1/tasks/{id}")).await.status;
        assert!(status == 404 || status == 400, "{id}: {status}");
    }
    let long = "k".repeat(129);
    ada.keyed("/v1/cv/files", json!({}), &long).await.refused(400, "bad_request", "key");
    stage.is_untouched("routes that are none").await;
}

#[actix_web::test]
async fn sign_up_with_bad_data_makes_no_account() {
    let stage = Stage::set(&[]).await;
    for (form, status, code, says) in [
        (json!({"email": "nobody", "password": "correct horse"}), 400, "bad_request", "address"),
        (json!({"email": "x@example.org", "password": "short"}), 400, "bad_request", "8"),
        (json!({"email": "x@example.org", "password": "p".repeat(73)}), 400, "bad_request", "72"),
        (json!({"email": "x@example.org"}), 400, "bad_request", "password"),
        (json!({"email": "ADA@Example.org", "password": "correct horse"}), 409, "conflict", "account"),
        (json!({"email": "x@example.org", "password": "correct horse", "device": "a b"}), 400, "bad_request", ""),
    ] {
        stage.ada.post("/v1/cv/auth/sign-up", form.clone()).await.refused(status, code, says);
        stage.is_untouched(&form.to_string()).await;
    }
    for form in [
        json!({"email": "ada@example.org", "password": "wrong horse battery"}),
        json!({"email": "nobody@example.org", "password": "correct horse battery"}),
        json!({"email": "nonsense", "password": "correct horse battery"}),
    ] {
        stage.ada.post("/v1/cv/auth/sign-in", form).await.refused(401, "unauthenticated", "wrong");
    }
    let unknown = json!({"refresh_token": "nonsense"});
    stage.ada.post("/v1/cv/auth/refresh", unknown).await.refused(401, "unauthenticated", "sign in");
}

#[actix_web::test]
async fn messages_that_are_refused_on_the_socket() {
    let stage = Stage::set(&[]).await;
    let mut socket = Socket::hello(&stage.server, &stage.ada.token, "estafette.v1.json").await;
    for (topic, code) in [
        ("nothing", "not_found"),
        ("nothing:x", "not_found"),
        ("booking:x", "not_found"),
        ("cv:czzzzzzzzzzzzzzzzzzzzzzz", "not_found"),
        ("task:nothing", "not_found"),
        ("user:nobody", "forbidden"),
        ("device:another", "forbidden"),
        ("admin:tasks", "forbidden"),
    ] {
        socket.refused(json!({"t": "sub", "topic": topic}), code, "topic").await;
    }
    let mine = format!("user:{}", stage.ada.id);
    assert_eq!(socket.request(json!({"t": "sub", "topic": mine})).await["t"], "ok");
    socket.refused(json!({"t": "sub", "topic": mine}), "conflict", "").await;
    for (method, params, code, says) in [
        ("cv.fly", json!({}), "not_found", "cv.fly"),
        ("nothing", json!({}), "not_found", "nothing"),
        ("cv.create", json!({"content": "a CV"}), "bad_request", "JSON Resume"),
        ("cv.create", json!({"content": {"basics": {"name": "a\u{0}b"}}}), "bad_request", ""),
        ("cv.generate", json!({"source_cv_id": 7}), "bad_request", ""),
        ("cv.generate", json!({"source_cv_id": stage.cv, "mode": "adore", "offers": []}), "bad_request", "adapt"),
        ("cv.generate", json!({"source_cv_id": stage.cv, "mode": "adapt", "offers": []}), "bad_request", "offer"),
        ("cv.import", json!({"upload_id": "x"}), "not_found", "upload it"),
        ("cv.translate", json!({"id": stage.cv, "language": "klingon"}), "bad_request", "language"),
        ("cv.from_job_title", json!({"title": "", "language": "en"}), "bad_request", "title"),
        ("cv.create_template", json!({"template": "x", "language": "en"}), "bad_request", "template"),
        ("export_template.create", json!({"name": " "}), "bad_request", "name"),
        ("cv.export", json!({"id": stage.cv, "format": "docx"}), "bad_request", ""),
        ("task.cancel", json!({"id": "nothing"}), "not_found", ""),
        ("task.retry", json!({"id": "nothing"}), "not_found", ""),
    ] {
        socket.refused(json!({"t": "call", "method": method, "params": params}), code, says).await;
    }
    // The connection has survived all of it.
    assert_eq!(socket.request(json!({"t": "ping"})).await["t"], "pong");
    stage.is_untouched("refused messages").await;

    let mut crowded = Socket::hello(&stage.server, &stage.ada.token, "estafette.v1.json").await;
    // More messages than P29 allows: the connection closes, and the server goes on.
    let batch: Vec<_> = (0..64).map(|n| json!({"t": "ping", "id": n})).collect();
    let mut heard = Vec::new();
    for _ in 0..40 {
        crowded.send_quietly(&json!(batch)).await;
    }
    let end = loop {
        match crowded.hear().await {
            Heard::Message(message) => heard.push(message),
            Heard::Closed(code, reason) => break (code, reason),
        }
    };
    assert_eq!(end.0, 4429, "{} after {} pongs", end.1, heard.len());
    assert_eq!(socket.request(json!({"t": "ping"})).await["t"], "pong");
}
