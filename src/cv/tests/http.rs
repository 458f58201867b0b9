//! The routes, over a real listener.

use super::harness::{World, eventually, offer_text, sample};
use crate::auth::{Auth, AuthOptions, TokenKey};
use crate::catalog::{Catalog, Entry};
use crate::cv::sweep::Expired;
use crate::http::server::no_upgrades;
use crate::http::{AppState, HttpServer, ServerOptions, openapi};
use estafette_actors::sweep::run_if_due;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Web {
    pub(super) world: World,
    pub(super) base: String,
    client: reqwest::Client,
    _console: tempfile::TempDir,
}

async fn web() -> Web {
    web_on(World::start().await, None).await
}

/// The routes of a world, at any port or at one.
pub(super) async fn web_on(world: World, port: Option<u16>) -> Web {
    web_with(world, port, AuthOptions::FAST).await
}

/// The same with other passwords.
pub(super) async fn web_with(world: World, port: Option<u16>, options: AuthOptions) -> Web {
    let db = world.database.db();
    let auth = Auth::new(db.clone(), &TokenKey::random(), options);
    let catalog = Catalog::new(vec![Entry {
        product: Arc::clone(&world.product) as _,
        routes: crate::cv::routes::with(Arc::clone(&world.services)),
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
        request_time: crate::http::app::REQUEST_TIME,
        max_body: 1024 * 1024,
        limits: crate::http::HttpLimits::default(),
        metrics: None,
    };
    let options = ServerOptions {
        listen: ([127, 0, 0, 1], port.unwrap_or(0)).into(),
        workers: 1,
        connections_per_worker: 100,
        shutdown: Duration::from_secs(1),
    };
    let server = HttpServer::bind(options).unwrap();
    let base = format!("http://{}", server.address());
    let (server, _handle) = server.start(state, no_upgrades).unwrap();
    actix_web::rt::spawn(server);
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    Web { world, base, client, _console: console }
}

impl Web {
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }
    pub(super) async fn sign_up(&self, email: &str) -> (String, Value) {
        let body = json!({"email": email, "password": "a good password", "name": "Ana"});
        let answer = send(self.request(Method::POST, "/v1/cv/auth/sign-up").json(&body), 200).await;
        (answer["access_token"].as_str().unwrap().to_owned(), answer)
    }
    pub(super) async fn get(&self, token: &str, path: &str) -> Value {
        send(self.request(Method::GET, path).bearer_auth(token), 200).await
    }
    pub(super) async fn post(&self, token: &str, path: &str, body: Value) -> Value {
        send(self.request(Method::POST, path).bearer_auth(token).json(&body), 200).await
    }
}

pub(super) async fn send(request: RequestBuilder, status: u16) -> Value {
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
async fn g8_a_device_without_a_person_has_tokens_of_its_own() {
    let web = web().await;
    let device = || web.request(Method::POST, "/v1/cv/auth/device");
    let first = send(device().json(&json!({})), 200).await;
    let token = first["access_token"].as_str().unwrap();
    let template = json!({"template": "student", "language": "en"});
    web.post(token, "/v1/cv/files/template", template).await;
    let tasks = web.get(token, "/v1/tasks").await;
    assert_eq!(tasks["items"][0]["device_id"], first["device"]);
    for path in ["/v1/cv/me", "/v1/cv/me/export", "/v1/cv/files", "/v1/cv/subscription", "/v1/cv/admin/users"] {
        send(web.request(Method::GET, path).bearer_auth(token), 403).await;
    }
    let next = send(device().json(&json!({"refresh_token": first["refresh_token"]})), 200).await;
    assert_eq!(next["device"], first["device"], "it stays the same device");
    assert_ne!(send(device(), 200).await["device"], first["device"]);
    let (_, person) = web.sign_up("ana@example.com").await;
    send(device().json(&json!({"refresh_token": person["refresh_token"]})), 400).await;
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
    let pdf = web.request(Method::GET, &format!("{path}/export?format=pdf&template=modern")).bearer_auth(&token);
    let pdf = pdf.send().await.unwrap();
    assert_eq!((pdf.status().as_u16(), &pdf.headers()["content-type"]), (200, &"application/pdf".parse().unwrap()));
    assert!(pdf.headers()["content-disposition"].to_str().unwrap().contains("Ana Gil.pdf"));
    assert!(pdf.bytes().await.unwrap().starts_with(b"%PDF-"));
    send(web.request(Method::GET, &format!("{path}/export?format=docx")).bearer_auth(&token), 400).await;
    send(web.request(Method::GET, &format!("{path}/export?format=pdf&template=none")).bearer_auth(&token), 404).await;
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
    send(post("/v1/cv/files/import").multipart(form(b"hello".to_vec())), 400).await;
    // A repeated request with its key starts no second task.
    let import =
        || post("/v1/cv/files/import").header("Idempotency-Key", "one").multipart(form(b"%PDF-1.7 broken".to_vec()));
    let first = send(import(), 200).await;
    assert_eq!(send(import(), 200).await, first);
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

/// `METHOD /path` of everything that a text puts between backticks, without queries.
fn routes_in(text: &str) -> BTreeSet<String> {
    let quoted = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let routes = quoted.filter_map(|quoted| {
        let (method, path) = quoted.split_once(' ')?;
        let known = ["GET", "POST", "PATCH", "PUT", "DELETE"].contains(&method) && path.starts_with('/');
        // One of every product stands for all of them.
        known.then(|| format!("{method} {}", path.split('?').next().unwrap_or(path).replace("{product}", "cv")))
    });
    routes.collect()
}

#[actix_web::test]
async fn every_route_is_documented_and_every_documented_route_is_there() {
    let web = web().await;
    let openapi = send(web.request(Method::GET, "/openapi.json"), 200).await;
    let mut described = BTreeSet::new();
    for (path, item) in openapi["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            described.insert(format!("{} {path}", method.to_uppercase()));
            if !path.starts_with("/v1/cv") && !path.starts_with("/v1/tasks") {
                continue;
            }
            let place = path.replace("{version}", "1").replace("{id}", "c1").replace("{filename}", "x.json");
            let answer =
                web.request(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), &place).send().await;
            let status = answer.unwrap().status().as_u16();
            // What everybody may read, and the tokens of a new device, need nothing at all.
            let expected = match operation.get("security") {
                Some(_) => 401,
                None if matches!(
                    path.as_str(),
                    "/v1/cv/auth/providers" | "/v1/cv/auth/device" | "/v1/cv/plans" | "/v1/cv/credit-packs"
                ) =>
                {
                    200
                }
                None => 400,
            };
            assert_eq!(status, expected, "{method} {path}");
        }
    }
    let readme = include_str!("../../../protocol/README.md");
    assert_eq!(routes_in(readme), described, "protocol/README.md and /openapi.json");
    for route in estafette_protocol::cv::catalog::ROUTES {
        assert!(described.contains(route.route), "{}", route.route);
    }
}

#[actix_web::test]
async fn g5_sign_out_works_with_an_access_token_that_has_expired() {
    let web = web().await;
    let (_, answer) = web.sign_up("ana@example.com").await;
    let out = |body: Value| web.request(Method::POST, "/v1/cv/auth/sign-out").bearer_auth("expired").json(&body);
    send(out(json!({})), 401).await;
    send(out(json!({"refresh_token": "nobody's"})), 401).await;
    let token = json!({"refresh_token": answer["refresh_token"]});
    send(out(token.clone()), 204).await;
    send(out(token.clone()), 204).await;
    let refused = send(web.request(Method::POST, "/v1/cv/auth/refresh").json(&token), 401).await;
    assert!(refused["detail"].as_str().unwrap().contains("ended"), "{refused}");
    send(web.request(Method::GET, "/v1/cv/me").bearer_auth(answer["access_token"].as_str().unwrap()), 401).await;
    let told = web.world.events(&format!("user:{}", answer["user"]["id"].as_str().unwrap())).await;
    assert_eq!(told.iter().filter(|(kind, _)| kind == "signed_out").count(), 1, "told once");
}

#[actix_web::test]
async fn p33_a_zero_character_is_refused_wherever_it_stands() {
    let web = web().await;
    let (token, _) = web.sign_up("ana@example.com").await;
    for (method, path, body) in [
        (Method::POST, "/v1/cv/job-offers", json!({"text": "a\u{0}b"})),
        (Method::POST, "/v1/cv/files", json!({"content": {"basics": {"name": ["x", {"a\u{0}": 1}]}}})),
        (Method::POST, "/v1/cv/auth/sign-in", json!({"email": "a\u{0}@example.com", "password": "a good password"})),
        (Method::GET, "/v1/tasks?device=a%00b", Value::Null),
        (Method::GET, "/v1/cv/files/by-name/a%00.json", Value::Null),
        (Method::DELETE, "/v1/cv/files/a%00", Value::Null),
    ] {
        let request = web.request(method.clone(), path).bearer_auth(&token);
        let request = if body.is_null() { request } else { request.json(&body) };
        let refused = send(request, 400).await;
        assert!(refused["detail"].as_str().unwrap().contains("U+0000"), "{method} {path}: {refused}");
    }
}

#[actix_web::test]
async fn p11_the_sweep_takes_what_is_over_once_an_hour() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let user = ana.who.user.as_str();
    for sql in [
        "INSERT INTO cv.email_verification_tokens (id, user_id, token, expires) VALUES ('a', $1, 'x', now() - interval '1 s'), ('b', $1, 'y', now() + interval '1 h')",
        "INSERT INTO cv.auto_sign_in_tokens (id, user_id, token, expires) VALUES ('a', $1, 'x', now() - interval '1 s')",
        "INSERT INTO cv.email_change_requests (id, user_id, new_email, token, expires) VALUES ('a', $1, 'b@example.com', 'x', now() - interval '1 s')",
        "INSERT INTO cv.feature_usage_counters (id, user_id, feature_name, count, period_start, period_end) VALUES ('a', $1, 'x', 3, now() - interval '1 month', now() - interval '1 s')",
        "INSERT INTO cv.uploads (id, user_id, kind, filename, mime_type, size_bytes, sha256, bytes, expires_at) SELECT id, $1, 'offer_pdf', 'f', 'application/pdf', 1, id, '\\x00', now() - interval '1 s' FROM unnest(ARRAY['used', 'free']) AS t (id)",
        "UPDATE cv.users SET reset_token = 'x', reset_token_expiry = now() - interval '1 s' WHERE id = $1",
        "INSERT INTO cv.background_tasks (id, title, type, device_id, user_id, payload) VALUES ('t1', 'T', 'generate-cv', 'd', $1, '{\"uploads\": [\"used\"]}')",
    ] {
        world.runtime.db().execute(sql, &[&user]).await.unwrap();
    }
    // Two nodes look at the same time: one runs it.
    let other = estafette_actors::Runtime::builder(world.database.db()).start().await.unwrap();
    let ran = futures_util::future::join(run_if_due(&world.runtime, &Expired), run_if_due(&other, &Expired)).await;
    let mut ran = [ran.0.unwrap(), ran.1.unwrap()];
    ran.sort_unstable();
    assert_eq!(ran, [None, Some(1)]);
    assert_eq!(run_if_due(&other, &Expired).await.unwrap(), None, "once an hour");
    let left =
        "SELECT (SELECT count(*) FROM cv.email_verification_tokens) + (SELECT count(*) FROM cv.auto_sign_in_tokens)
        + (SELECT count(*) FROM cv.email_change_requests) + (SELECT count(*) FROM cv.feature_usage_counters)
        + (SELECT count(*) FROM cv.users WHERE reset_token IS NOT NULL)";
    assert_eq!(world.number(left).await, 1, "what has not expired stays");
    let uploads = world.runtime.db().query("SELECT id FROM cv.uploads", &[]).await.unwrap();
    assert_eq!(uploads.iter().map(|row| row.get(0)).collect::<Vec<String>>(), ["used"], "g12: an open task reads it");
}

#[actix_web::test]
async fn r71_a_consent_over_http_keeps_who_chose_from_where() {
    let web = web().await;
    let (token, _) = web.sign_up("ana@example.com").await;
    let request = web.request(Method::POST, "/v1/cv/consents").bearer_auth(&token).header("user-agent", "A browser");
    // The tests come from the loopback, which is trusted as a proxy and named nobody so far.
    let request = request.header("x-forwarded-for", "203.0.113.7");
    let consent = send(request.json(&json!({"preferences": {"analytics": true}})), 200).await;
    assert_eq!(consent["action"], "created");
    let row = web.world.runtime.db().query_one("SELECT ip, user_agent FROM cv.consent_logs", &[]).await.unwrap();
    assert_eq!(row.get::<_, Option<String>>(0).as_deref(), Some("203.0.113.7"));
    assert_eq!(row.get::<_, Option<String>>(1).as_deref(), Some("A browser"));
    assert_eq!(web.get(&token, "/v1/cv/consents").await["items"][0]["id"], consent["id"]);
}
