//! Secrets in logs: the server at its most talkative, through everything that touches a secret, well and badly; then the
//! whole log is searched for each of them.

use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use crate::support::{offer_text, resume};
use estafette::ai::scripted::{Act, Scripted};
use estafette_actors::Db;
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "pw-kestrel-under-the-eaves";
const WRONG_PASSWORD: &str = "pw-not-the-right-one-at-all";
const EMAIL: &str = "ana.of.the.account@example.org";
const CV_EMAIL: &str = "ana.of.the.cv@example.net";
const CV_PHONE: &str = "+33 6 98 76 54 32";
const API_KEY: &str = "sk-proj-falcon-9817263540";
const DATABASE_PASSWORD: &str = "dbpw-heron-5521";
const REDIS_PASSWORD: &str = "redispw-wren-8870";
const TOKEN_KEY: &str = "token-key-of-this-server-owl-3321";
const STRIPE_KEY: &str = "sk_live_x7Yq2kLmN";
const STRIPE_SECRET: &str = "whsec_9dKp3vTz";
const PASTED: &str = "offer-line-that-only-its-owner-knows";

/// What a model says that fails in every way, one after the other, and repeats its key as some do.
fn script() -> Vec<Act> {
    vec![
        Act::Status(401, Vec::new(), format!(r#"{{"error":{{"message":"Incorrect API key provided: {API_KEY}"}}}}"#)),
        Act::Garbage,
        Act::Cut(format!("{{\"title\": \"{CV_EMAIL}")),
        Act::ErrorInStream(json!({"error": {"message": format!("no quota for {API_KEY} and {CV_EMAIL}")}})),
        Act::Refuse(format!("I do not write to {CV_EMAIL}.")),
        Act::Status(500, Vec::new(), format!("key {API_KEY}")),
    ]
}

/// Passwords, tokens and keys are in no row of the database: of what lets somebody in there are only hashes.
async fn nothing_at_rest(db: &Db, secrets: &[(String, String)]) {
    let sql = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('cv', 'runtime')";
    let tables: Vec<String> = db.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(tables.len() > 20, "{tables:?}");
    for (what, secret) in
        secrets.iter().filter(|(what, _)| ["password", "token", "key"].iter().any(|kind| what.contains(kind)))
    {
        for table in &tables {
            let sql = format!("SELECT count(*) FROM {table} t WHERE strpos(t::text, $1) > 0");
            let rows: i64 = db.query_one(&sql, &[secret]).await.unwrap().get(0);
            assert_eq!(rows, 0, "{what} is in {table}");
        }
    }
}

async fn talk(format: &str) {
    let database = estafette::testing::database().await;
    let model = Scripted::start(script(), |_| Act::Text(format!("no JSON, but {CV_EMAIL}"))).unwrap();
    let mut server = Server::on(
        &format!("{}&password={DATABASE_PASSWORD}", database.url()),
        &[
            ("ESTAFETTE_LOG_FORMAT", format),
            ("ESTAFETTE_LOG_LEVEL", "debug,estafette=trace,estafette_actors=trace"),
            ("ESTAFETTE_AI_PROVIDER", "openai"),
            ("OPENAI_BASE_URL", &model.base_url()),
            ("OPENAI_API_KEY", API_KEY),
            ("ESTAFETTE_AI_REQUEST_TIMEOUT_MS", "1000"),
            ("ESTAFETTE_TOKEN_KEY", TOKEN_KEY),
            ("STRIPE_SECRET_KEY", STRIPE_KEY),
            ("STRIPE_WEBHOOK_SECRET", STRIPE_SECRET),
            ("STRIPE_BASE_URL", "http://127.0.0.1:1"),
            ("REDIS_URL", &format!("redis://:{REDIS_PASSWORD}@127.0.0.1:1/")),
        ],
    );
    let mut secrets: Vec<(String, String)> = [
        ("the password", PASSWORD),
        ("a password that was wrong", WRONG_PASSWORD),
        ("the account's e-mail", EMAIL),
        ("the CV's e-mail", CV_EMAIL),
        ("the CV's phone", CV_PHONE),
        ("the model's key", API_KEY),
        ("the database's password", DATABASE_PASSWORD),
        ("the password of Redis", REDIS_PASSWORD),
        ("the token key", TOKEN_KEY),
        ("Stripe's key", STRIPE_KEY),
        ("the secret of Stripe's webhooks", STRIPE_SECRET),
        ("a pasted offer", PASTED),
    ]
    .map(|(what, secret)| (what.to_owned(), secret.to_owned()))
    .to_vec();

    // Accounts, well and badly.
    let nobody = Person::nobody(&server);
    let form = |password: &str| json!({"email": EMAIL, "password": password, "device": "d.1"});
    let auth = |path: &str| format!("/v1/cv/auth/{path}");
    let signed = nobody.post(&auth("sign-up"), form(PASSWORD)).await.ok();
    nobody.post(&auth("sign-up"), form(PASSWORD)).await.refused(409, "conflict", "");
    nobody.post(&auth("sign-in"), form(WRONG_PASSWORD)).await.refused(401, "unauthenticated", "");
    nobody.post(&auth("sign-in"), json!({"email": EMAIL, "password": [PASSWORD]})).await.refused(
        400,
        "bad_request",
        "",
    );
    for broken in [format!("{{\"email\":\"{EMAIL}\",\"password\":\"{PASSWORD}"), format!("{PASSWORD} {EMAIL}")] {
        let request = nobody.request(Method::POST, &auth("sign-in")).header("content-type", "application/json");
        nobody.send(request.body(broken)).await.refused(400, "bad_request", "");
    }
    let in_the_query = format!("/v1/cv/files?password={PASSWORD}&email={EMAIL}");
    nobody.get(&in_the_query).await.refused(401, "unauthenticated", "");
    let again = nobody.post(&auth("sign-in"), form(PASSWORD)).await.ok();
    let refresh = json!({"refresh_token": again["refresh_token"]});
    let next = nobody.post(&auth("refresh"), refresh.clone()).await.ok();
    nobody.post(&auth("refresh"), refresh).await.refused(401, "unauthenticated", "used before");
    for (name, tokens) in [("sign-up", &signed), ("sign-in", &again), ("refresh", &next)] {
        for kind in ["access_token", "refresh_token"] {
            secrets.push((format!("the {kind} of {name}"), tokens[kind].as_str().unwrap().to_owned()));
        }
    }
    let token = signed["access_token"].as_str().unwrap();
    let ana = nobody.with_token(token);
    nobody.with_token(next["access_token"].as_str().unwrap()).get("/v1/cv/me").await;
    ana.get("/v1/cv/me").await.ok();

    // A CV with what is private, edits that break rules, and a generation that fails in every way.
    let mut content = resume();
    content["basics"]["email"] = json!(CV_EMAIL);
    content["basics"]["phone"] = json!(CV_PHONE);
    let file = ana.post("/v1/cv/files", json!({"content": content})).await.ok();
    let cv = file["id"].as_str().unwrap();
    let patch = json!({"rev": 99, "patch": [{"op": "replace", "path": "/basics/email", "value": CV_EMAIL}]});
    ana.send(ana.request(Method::PATCH, &format!("/v1/cv/files/{cv}")).json(&patch)).await;
    let wrong = json!({"content": {"basics": {"email": [CV_EMAIL], "phone": CV_PHONE}}});
    ana.post("/v1/cv/files", wrong).await;
    let offers =
        json!([{"text": format!("{}\n{PASTED}", offer_text(1))}, {"text": format!("{}\n{PASTED}", offer_text(2))}]);
    let task = ana.generate(cv, offers).await.ok();
    ana.ended(task["task_id"].as_str().unwrap()).await;

    // The socket, well and badly.
    let mut socket = Socket::hello(&server, token, "estafette.v1.json").await;
    socket.request(json!({"t": "sub", "topic": format!("cv:{cv}")})).await;
    socket.call("cv.create", json!({"content": {"basics": {"email": {"x": CV_EMAIL}}}})).await;
    socket.request(json!({"t": "auth", "token": next["access_token"]})).await;
    let mut broken = Socket::open(&server, "estafette.v1.json").await;
    broken.send(&json!([{"t": "hello", "token": token, "device": 7, "password": PASSWORD}])).await;
    assert!(matches!(broken.hear().await, Heard::Closed(..)));
    ana.post("/v1/cv/auth/sign-out", Value::Null).await;
    nothing_at_rest(&database.db(), &secrets).await;

    server.stop();
    let log = server.log();
    for witness in ["request", "listening", "/v1/cv/auth/sign-in", "a used refresh token came again"] {
        assert!(log.contains(witness), "the log has {witness:?}, so that the search means something:\n{log}");
    }
    assert!(log.lines().count() > 50, "the server was talkative");
    assert_eq!(log.trim_start().starts_with('{'), format == "json", "the form that was asked for");
    for (what, secret) in &secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert!(line.is_none(), "{what} is in the log: {}", line.unwrap_or_default());
    }
}

#[actix_web::test]
async fn no_secret_is_in_the_log_as_text() {
    talk("text").await;
}

#[actix_web::test]
async fn no_secret_is_in_the_log_as_json() {
    talk("json").await;
}
