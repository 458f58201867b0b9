//! Over a real listener, with a real database.

use super::server::no_upgrades;
use super::*;
use crate::auth::{Auth, AuthOptions, Caller, NewSession, TokenKey};
use crate::catalog::{Catalog, Entry};
use crate::testing::{self, TestDatabase};
use actix_web::web::{self, ServiceConfig};
use estafette_actors::task::TaskKind;
use estafette_actors::{CallCtx, CallError, Db, Identity, Product, Runtime};
use estafette_protocol::{ProductId, Topic, UserId};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A product with one route for each way in which a request can be wrong.
struct Sample;

#[async_trait::async_trait(?Send)]
impl Product for Sample {
    fn id(&self) -> ProductId {
        ProductId::parse("sample").unwrap()
    }
    async fn authorize(&self, _: &Db, _: &Identity, _: &Topic) -> Result<(), CallError> {
        Ok(())
    }
    async fn snapshot(
        &self,
        _: &deadpool_postgres::Transaction<'_>,
        _: &Identity,
        _: &Topic,
    ) -> Result<Value, CallError> {
        Ok(Value::Null)
    }
    async fn call(&self, _: CallCtx, method: &str, params: Value) -> Result<Value, CallError> {
        Ok(json!({"method": method, "params": params}))
    }
    fn task_kinds(&self) -> Vec<Arc<dyn TaskKind>> {
        Vec::new()
    }
}

#[derive(serde::Deserialize)]
struct Body {
    name: String,
}

#[derive(serde::Deserialize)]
struct Page {
    limit: u32,
}

fn routes(config: &mut ServiceConfig) {
    let echo = async |body: web::Json<Body>| web::Json(json!({"name": body.name}));
    config
        .service(web::resource("/v1/sample/echo").route(web::post().to(echo)))
        .service(
            web::resource("/v1/sample/list")
                .route(web::get().to(async |page: web::Query<Page>| web::Json(json!({"limit": page.limit})))),
        )
        .service(
            web::resource("/v1/sample/items/{number}")
                .route(web::get().to(async |number: web::Path<u32>| web::Json(json!({"number": *number})))),
        )
        .service(
            web::resource("/v1/sample/me").route(
                web::get().to(async |who: Caller| web::Json(json!({"user": who.0.user, "device": who.0.device}))),
            ),
        )
        .service(
            web::resource("/v1/sample/panic").route(web::get().to(async || -> &'static str { panic!("a defect") })),
        );
}

struct World {
    database: TestDatabase,
    state: AppState,
    base: String,
    client: reqwest::Client,
    handle: actix_server::ServerHandle,
    _console: tempfile::TempDir,
}

async fn world() -> World {
    let database = testing::database().await;
    let db = database.db();
    let auth = Auth::new(db.clone(), &TokenKey::random(), AuthOptions::FAST);
    let catalog = Catalog::new(vec![Entry {
        product: Arc::new(Sample),
        routes: Arc::new(routes),
        docs: || vec![RouteDoc::new("get", "/v1/sample/me", "sample", "Who I am")],
        accounts: None,
        started: Box::new(|_| ()),
    }]);
    let runtime = Runtime::builder(db.clone()).product(Arc::new(Sample)).start().await.unwrap();
    let console = tempfile::tempdir().unwrap();
    let state = AppState {
        db,
        runtime,
        auth,
        openapi: Arc::new(openapi::document(&catalog.docs())),
        catalog: Arc::new(catalog),
        console_dir: console.path().join("dist"),
        allowed_origins: vec!["https://app.example.com".to_owned()],
        hsts_secs: 600,
        request_time: Duration::from_secs(2),
        max_body: 64 * 1024,
        limits: crate::http::HttpLimits::default(),
        metrics: crate::telemetry::start_metrics(),
    };
    let options = ServerOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        workers: 1,
        connections_per_worker: 100,
        shutdown: Duration::from_secs(1),
    };
    let server = HttpServer::bind(options).unwrap();
    let base = format!("http://{}", server.address());
    let (server, handle) = server.start(state.clone(), no_upgrades).unwrap();
    actix_web::rt::spawn(server);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    World { database, state, base, client, handle, _console: console }
}

impl World {
    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("{}{path}", self.base))
    }
    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.post(format!("{}{path}", self.base))
    }
}

#[actix_web::test]
async fn every_answer_says_what_a_browser_may_do_with_it_and_sets_no_cookie() {
    let w = world().await;
    for (path, policy, cache) in [
        ("/", Some("default-src 'none'; script-src 'self'"), Some("no-store")),
        ("/health/live", Some("default-src 'none'; base-uri 'none'"), Some("no-store")),
        ("/metrics", Some("default-src 'none'; base-uri 'none'"), None),
        ("/v1/sample/list?limit=1", Some("default-src 'none'; base-uri 'none'"), Some("no-store")),
        ("/v1/sample/me", Some("default-src 'none'; base-uri 'none'"), Some("no-store")),
        ("/v1/sample/panic", Some("default-src 'none'; base-uri 'none'"), Some("no-store")),
        ("/nothing.js", Some("default-src 'none'; base-uri 'none'"), None),
    ] {
        let answer = w.get(path).send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(header("referrer-policy"), Some("same-origin"), "{path}");
        assert_eq!(header("strict-transport-security"), Some("max-age=600; includeSubDomains"), "{path}");
        assert!(
            header("content-security-policy").unwrap_or_default().starts_with(policy.unwrap_or_default()),
            "{path}"
        );
        assert!(cache.is_none() || header("cache-control") == cache, "{path}");
        assert_eq!(header("set-cookie"), None, "{path}");
        assert_eq!(header("server"), None, "{path}: nothing about what it is made of");
    }
}

#[actix_web::test]
async fn a_body_that_never_comes_does_not_hold_its_place_for_ever() {
    let w = world().await;
    let host = w.base.trim_start_matches("http://");
    let head =
        "POST /v1/sample/echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let answer = tokio::time::timeout(Duration::from_secs(20), raw(host, head)).await.expect("the connection ends");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("application/problem+json") && answer.contains("send it again"), "{answer}");
}

/// Checks the form of an error and returns it.
async fn problem(request: reqwest::RequestBuilder, status: u16, code: &str) -> Value {
    let response = request.send().await.unwrap();
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let http_status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    assert_eq!((http_status, &body["code"]), (status, &json!(code)), "{body}");
    assert_eq!(body["status"], status);
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
    assert_eq!(body["instance"], format!("urn:estafette:request:{id}"));
    body
}

#[actix_web::test]
async fn every_error_has_one_form_whoever_made_it() {
    let w = world().await;
    problem(w.get("/v1/nothing"), 404, "not_found").await;
    problem(w.get("/no/such/file.js"), 404, "not_found").await;
    problem(w.post("/"), 405, "bad_request").await;
    let wrong_method = problem(w.get("/v1/sample/echo"), 405, "bad_request").await;
    assert_eq!(wrong_method["detail"], "GET is not possible at /v1/sample/echo");
    problem(w.post("/v1/sample/echo").body("{}"), 415, "bad_request").await;
    let json = ("content-type", "application/json");
    let broken =
        problem(w.post("/v1/sample/echo").header(json.0, json.1).body("{\"name\": 1"), 400, "bad_request").await;
    assert!(broken["detail"].as_str().unwrap().contains("the body cannot be read"), "{broken}");
    let large = "x".repeat(65 * 1024);
    let too_large = problem(w.post("/v1/sample/echo").json(&json!({"name": large})), 413, "payload_too_large").await;
    assert_eq!(too_large["detail"], "the body is larger than 64 KiB");
    problem(w.get("/v1/sample/list?limit=-1"), 400, "bad_request").await;
    problem(w.get("/v1/sample/items/many"), 400, "bad_request").await;
    let defect = problem(w.get("/v1/sample/panic"), 500, "internal").await;
    assert!(!defect.to_string().contains("a defect"));
    let ok = w.post("/v1/sample/echo").json(&json!({"name": "x"})).send().await.unwrap();
    assert_eq!(ok.json::<Value>().await.unwrap(), json!({"name": "x"}));
}

#[actix_web::test]
async fn a_route_that_needs_a_token_says_what_is_wrong_with_it() {
    let w = world().await;
    let missing = problem(w.get("/v1/sample/me"), 401, "unauthenticated").await;
    assert!(missing["detail"].as_str().unwrap().contains("Bearer"));
    problem(w.get("/v1/sample/me").header("authorization", "Basic eDp5"), 401, "unauthenticated").await;
    problem(w.get("/v1/sample/me").bearer_auth("nonsense"), 401, "unauthenticated").await;

    let product = Sample.id();
    let new =
        NewSession { product: product.clone(), user: UserId::parse("ada").unwrap(), role: "USER".into(), device: None };
    let auth = &w.state.auth;
    let tokens = w.state.runtime.transaction(&product, async |tx| auth.issue(tx, &new).await).await.unwrap();
    let signed_in = || w.get("/v1/sample/me").bearer_auth(&tokens.access_token);
    let me: Value = signed_in().header("x-estafette-device", "laptop").send().await.unwrap().json().await.unwrap();
    assert_eq!(me, json!({"user": "ada", "device": "laptop"}));
    problem(signed_in().header("x-estafette-device", "not a device"), 400, "bad_request").await;
}

#[actix_web::test]
async fn readiness_follows_the_database_and_liveness_does_not() {
    let w = world().await;
    let ready: Value = w.get("/health/ready").send().await.unwrap().json().await.unwrap();
    for check in ["postgres", "bus", "delivery", "node"] {
        assert_eq!(ready["checks"][check], "ok", "{ready}");
    }
    let other = testing::database().await;
    let admin = other.connect().await;
    let name = w.database.name();
    admin.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    admin.execute(sql, &[&name]).await.unwrap();
    let down = problem(w.get("/health/ready"), 503, "unavailable").await;
    assert!(down["detail"].as_str().unwrap().contains("Postgres"), "{down}");
    assert_eq!(down["retry_after_ms"], 1000);
    assert_eq!(w.get("/health/live").send().await.unwrap().status(), 200);
    let head = w.client.head(format!("{}/health/live", w.base)).send().await.unwrap();
    assert_eq!(head.status(), 200);
}

#[actix_web::test]
async fn the_console_is_served_with_caching_that_fits_and_nothing_outside_its_folder() {
    let w = world().await;
    let page = w.get("/").send().await.unwrap();
    assert!(page.text().await.unwrap().contains("make console"), "not built yet");

    let dist = &w.state.console_dir;
    std::fs::create_dir_all(dist.join("assets")).unwrap();
    std::fs::write(dist.join("index.html"), "<!doctype html><title>console</title>").unwrap();
    std::fs::write(dist.join("assets/main-4f2a.js"), "export {}").unwrap();
    std::fs::write(dist.join("../secret.txt"), "secret").unwrap();

    for path in ["/", "/files/abc", "/index.html"] {
        let page = w.get(path).header("accept", "text/html").send().await.unwrap();
        assert_eq!(page.headers()["cache-control"], "no-cache", "{path}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
        let own = w.base.replace("http://", "ws://");
        assert!(policy.contains(&format!("connect-src 'self' {own} ")), "{policy}");
        assert!(page.text().await.unwrap().contains("<title>console"), "{path}");
    }
    let script = w.get("/assets/main-4f2a.js").send().await.unwrap();
    assert_eq!(script.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert!(script.headers()["content-type"].to_str().unwrap().contains("javascript"));
    problem(w.get("/assets/gone.js"), 404, "not_found").await;

    for path in
        ["/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/..%5c..%5csecret.txt", "//etc/passwd"]
    {
        let (host, request) = (
            w.base.trim_start_matches("http://"),
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
        );
        let answer = raw(host, &request).await;
        assert!(
            !answer.contains("secret\r\n") && !answer.ends_with("secret") && !answer.contains("root:"),
            "{path}: {answer}"
        );
    }
}

async fn raw(host: &str, request: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[actix_web::test]
async fn upgrades_and_requests_share_one_listener() {
    let w = world().await;
    let host = w.base.trim_start_matches("http://").to_owned();
    let upgrade = "GET /v1/live HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let answer = raw(&host, upgrade).await;
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("takes no upgrades"), "{answer}");
    assert_eq!(w.get("/health/live").send().await.unwrap().status(), 200);
    let other = HttpServer::bind(ServerOptions {
        listen: host.parse().unwrap(),
        workers: 1,
        connections_per_worker: 1,
        shutdown: Duration::from_secs(1),
    });
    assert!(other.err().unwrap().to_string().contains("is in use: stop the other program"));
}

#[actix_web::test]
async fn only_named_origins_may_call_from_other_sites() {
    let w = world().await;
    let ask = |origin: &'static str| {
        w.client
            .request(reqwest::Method::OPTIONS, format!("{}/v1/sample/echo", w.base))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,idempotency-key")
    };
    let allowed = ask("https://app.example.com").send().await.unwrap();
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://app.example.com");
    let other = ask("https://evil.example.com").send().await.unwrap();
    assert!(other.headers().get("access-control-allow-origin").is_none());
}

#[actix_web::test]
async fn what_happened_can_be_counted_and_read() {
    let w = world().await;
    w.get("/v1/sample/items/7").send().await.unwrap();
    w.get("/v1/anything?token=geheim").send().await.unwrap();
    let metrics = w.get("/metrics").send().await.unwrap().text().await.unwrap();
    assert!(
        metrics.contains("http_requests_total{") && metrics.contains("route=\"/v1/sample/items/{number}\""),
        "{metrics}"
    );
    assert!(metrics.contains("db_pool_connections") && !metrics.contains("geheim"));
    let openapi: Value = w.get("/openapi.json").send().await.unwrap().json().await.unwrap();
    assert_eq!(openapi["openapi"], "3.1.0");
    assert!(openapi["paths"]["/v1/sample/me"]["get"]["security"].is_array());
}

#[actix_web::test]
async fn a_request_keeps_its_callers_id_and_a_strange_one_is_replaced() {
    let w = world().await;
    let kept = w.get("/health/live").header("x-request-id", "trace-1").send().await.unwrap();
    assert_eq!(kept.headers()["x-request-id"], "trace-1");
    let long = "x".repeat(65);
    for strange in ["a b", long.as_str(), ""] {
        let response = w.get("/health/live").header("x-request-id", strange).send().await.unwrap();
        assert_ne!(response.headers()["x-request-id"], strange);
    }
    w.handle.stop(true).await;
}
