//! The routes, over a real listener.

use super::harness::{World, eventually, offer_text, sample};
use crate::auth::{Auth, AuthOptions, TokenKey};
use crate::catalog::{Catalog, Entry};
use crate::http::server::no_upgrades;
use crate::http::{AppState, HttpServer, ServerOptions, openapi};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

struct Web {
    world: World,
    base: String,
    client: reqwest::Client,
    _console: tempfile::TempDir,
}

async fn web() -> Web {
    let world = World::start().await;
    let db = world.database.db();
    let auth = Auth::new(db.clone(), &TokenKey::random(), AuthOptions::FAST);
    let catalog = Catalog::new(vec![Entry {
        product: Arc::clone(&world.product) as _,
        routes: crate::cv::routes::configure,
        docs: crate::cv::routes::docs,
        accounts: None,
        started: Box::new(|_| ()),
    }]);
    let console = tempfile::tempdir().unwrap();
    let state = AppState {
        db,
        runtime: world.runtime.clone(),
        auth,
        openapi: Arc::new(openapi::document(&catalog.docs())),
        catalog: Arc::new(catalog),
        console_dir: console.path().join("dist"),
        allowed_origins: Vec::new(),
        hsts_secs: 0,
        max_body: 1024 * 1024,
        limits: crate::http::HttpLimits::default(),
        metrics: None,
    };
    let options = ServerOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        workers: 1,
        connections_per_worker: 100,
        shutdown: Duration::from_secs(1),
    };
    let server = HttpServer::bind(options).unwrap();
    let base = format!("http://{}", server.address());
    let (server, _handle) = server.start(state, no_upgrades).unwrap();
    actix_web::rt::spawn(server);
    Web { world, base, client: reqwest::Client::new(), _console: console }
}

impl Web {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }
    async fn sign_up(&self, email: &str) -> (String, Value) {
        let body = json!({"email": email, "password": "a good password", "name": "Ana"});
        let answer = send(self.request(Method::POST, "/v1/cv/auth/sign-up").json(&body), 200).await;
        (answer["access_token"].as_str().unwrap().to_owned(), answer)
    }
    async fn get(&self, token: &str, path: &str) -> Value {
        send(self.request(Method::GET, path).bearer_auth(token), 200).await
    }
    async fn post(&self, token: &str, path: &str, body: Value) -> Value {
        send(self.request(Method::POST, path).bearer_auth(token).json(&body), 200).await
    }
}

async fn send(request: RequestBuilder, status: u16) -> Value {
    let answer = request.send().await.unwrap();
    let got = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

#[actix_web::test]
async fn r1_r2_r9_sign_up_sign_in_refresh_sign_out() {
    let web = web().await;
    let (token, answer) = web.sign_up("Ana@Example.com").await;
    assert_eq!(answer["user"]["email"], "ana@example.com", "r1");
    assert_eq!(web.get(&token, "/v1/cv/me").await["email"], "ana@example.com");
    assert_eq!(web.get(&token, "/v1/cv/credits").await["balance"], 5, "r9");
    let again = json!({"email": "ANA@example.com", "password": "another password"});
    let taken = send(web.request(Method::POST, "/v1/cv/auth/sign-up").json(&again), 409).await;
    assert_eq!(taken["code"], "conflict");
    for bad in [
        json!({"email": "x", "password": "a good password"}),
        json!({"email": "b@example.com", "password": "short"}),
        json!({}),
    ] {
        send(web.request(Method::POST, "/v1/cv/auth/sign-up").json(&bad), 400).await;
    }
    let wrong = json!({"email": "ana@example.com", "password": "not the password"});
    let refused = send(web.request(Method::POST, "/v1/cv/auth/sign-in").json(&wrong), 401).await;
    let nobody = json!({"email": "nobody@example.com", "password": "not the password"});
    let unknown = send(web.request(Method::POST, "/v1/cv/auth/sign-in").json(&nobody), 401).await;
    assert_eq!(refused["detail"], unknown["detail"], "nobody learns who has an account");
    let right = json!({"email": "ANA@example.com", "password": "a good password"});
    let signed = send(web.request(Method::POST, "/v1/cv/auth/sign-in").json(&right), 200).await;
    let next = json!({"refresh_token": signed["refresh_token"]});
    let next = send(web.request(Method::POST, "/v1/cv/auth/refresh").json(&next), 200).await;
    let token = next["access_token"].as_str().unwrap();
    web.get(token, "/v1/cv/me").await;
    send(web.request(Method::POST, "/v1/cv/auth/sign-out").bearer_auth(token), 204).await;
    send(web.request(Method::GET, "/v1/cv/me").bearer_auth(token), 401).await;
    send(web.request(Method::GET, "/v1/cv/me"), 401).await;
    let hash = "SELECT count(*) FROM cv.users WHERE password_hash LIKE '$2_$%'";
    assert_eq!(web.world.number(hash).await, 1, "r2");
}

#[actix_web::test]
async fn r1_no_sign_up_while_registration_is_closed() {
    let web = web().await;
    web.world.sql("UPDATE cv.settings SET value = 'false' WHERE setting_name = 'registration_enabled'").await;
    let body = json!({"email": "a@example.com", "password": "a good password"});
    let refused = send(web.request(Method::POST, "/v1/cv/auth/sign-up").json(&body), 403).await;
    assert_eq!(refused["code"], "forbidden");
}

#[actix_web::test]
async fn the_main_job_over_http() {
    let web = web().await;
    let (token, _) = web.sign_up("ana@example.com").await;
    let file = web.post(&token, "/v1/cv/files", json!({"content": sample()})).await;
    let id = file["id"].as_str().unwrap();
    let offer = web.post(&token, "/v1/cv/job-offers", json!({"text": offer_text("Rust developer")})).await;
    let body = json!({"source_cv_id": id, "mode": "adapt", "offers": [{"job_offer_id": offer["id"]}]});
    let start = || {
        let request = web.request(Method::POST, "/v1/cv/generations").bearer_auth(&token);
        request.header("Idempotency-Key", "g1").json(&body)
    };
    let (first, second) = (send(start(), 200).await, send(start(), 200).await);
    assert_eq!(first, second, "one key, one generation");
    let task = first["task_id"].as_str().unwrap();
    eventually("the task ends", async || {
        web.get(&token, &format!("/v1/tasks/{task}")).await["task"]["status"] == "completed"
    })
    .await;
    let generation = web.get(&token, &format!("/v1/cv/generations/{task}")).await;
    let made = generation["offers"][0]["generated_cv_file_id"].as_str().unwrap().to_owned();
    assert_eq!(web.get(&token, "/v1/cv/generations").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(web.get(&token, "/v1/tasks?status=pending").await["items"], json!([]), "d2");
    let state = web.get(&token, &format!("/v1/cv/files/{made}")).await;
    let change = &state["file"]["pending_changes"][0]["id"];
    let decisions = json!({"decisions": [{"change_id": change, "accept": true}]});
    let file = web.post(&token, &format!("/v1/cv/files/{made}/review"), decisions).await;
    assert_eq!(file["pending_count"], 3);
    let edit = json!({"rev": file["content_rev"], "patch": [{"op": "replace", "path": "/basics/label", "value": "x"}]});
    let path = format!("/v1/cv/files/{made}");
    send(web.request(Method::PATCH, &path).bearer_auth(&token).json(&edit), 200).await;
    let stale = send(web.request(Method::PATCH, &path).bearer_auth(&token).json(&edit), 409).await;
    assert_eq!(stale["details"]["patches"].as_array().unwrap().len(), 1, "{stale}");
    web.post(&token, &format!("{path}/restore"), json!({"version": 1})).await;
    let versions = web.get(&token, &format!("{path}/versions")).await;
    assert_eq!(versions["items"].as_array().unwrap().len(), 3);
    assert_eq!(web.get(&token, &format!("{path}/versions/1")).await["content"], sample());
    let export = web.request(Method::GET, &format!("{path}/export")).bearer_auth(&token).send().await.unwrap();
    assert!(export.headers()["content-disposition"].to_str().unwrap().contains("attachment"));
    assert_eq!(export.json::<Value>().await.unwrap(), sample());
    send(web.request(Method::GET, &format!("{path}/export?format=pdf")).bearer_auth(&token), 400).await;
    assert_eq!(web.get(&token, "/v1/cv/credits").await["balance"], 4);
    assert_eq!(web.get(&token, "/v1/cv/credits/transactions?limit=1").await["items"][0]["type"], "usage");
    let usage = web.get(&token, "/v1/cv/usage").await;
    assert!(usage.as_array().unwrap().iter().any(|counter| counter["feature_name"] == "generate_cv"), "{usage}");
    send(web.request(Method::DELETE, &path).bearer_auth(&token), 200).await;
    send(web.request(Method::GET, &path).bearer_auth(&token), 404).await;
}

#[actix_web::test]
async fn bad_bodies_get_a_typed_error() {
    let web = web().await;
    let (token, _) = web.sign_up("ana@example.com").await;
    let post = |path: &str| web.request(Method::POST, path).bearer_auth(&token);
    send(post("/v1/cv/files").body("not json"), 400).await;
    send(post("/v1/cv/files").json(&json!([1])), 400).await;
    let broken = send(post("/v1/cv/files").json(&json!({"content": {"work": 3}})), 400).await;
    assert_eq!(broken["details"]["path"], "/work");
    let form = |bytes: Vec<u8>| {
        let part = reqwest::multipart::Part::bytes(bytes).file_name("../../ad.pdf");
        reqwest::multipart::Form::new().part("file", part)
    };
    send(post("/v1/cv/uploads").multipart(form(b"hello".to_vec())), 400).await;
    let mut big = b"%PDF-1.7 ".to_vec();
    big.resize(11 * 1024 * 1024, b' ');
    send(post("/v1/cv/uploads").multipart(form(big)), 413).await;
    let upload = send(post("/v1/cv/uploads").multipart(form(b"%PDF-1.7 broken".to_vec())), 200).await;
    assert_eq!(upload["filename"], "ad.pdf");
    send(post("/v1/cv/job-offers").json(&json!({"upload_id": upload["id"]})), 400).await;
    send(post("/v1/cv/job-offers").multipart(form(b"%PDF-1.7 broken".to_vec())), 400).await;
    send(post("/v1/cv/files/import"), 400).await;
    assert_eq!(web.get(&token, "/v1/cv/job-offers").await["items"], json!([]));
    let long = "k".repeat(300);
    send(post("/v1/cv/files").header("Idempotency-Key", long).json(&json!({"content": sample()})), 400).await;
}

#[actix_web::test]
async fn every_route_is_described() {
    let web = web().await;
    let document = send(web.request(Method::GET, "/openapi.json"), 200).await;
    for row in crate::cv::routes::table::ROWS {
        assert!(document["paths"][row.path][row.method].is_object(), "{} {}", row.method, row.path);
    }
}
