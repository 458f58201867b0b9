//! What administrators change and watch, on two servers with one Postgres and one Redis.

use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use crate::support::{eventually, offer_text};
use estafette::testing;
use estafette_actors::testkit::TestRedis;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const KEY: (&str, &str) = ("ESTAFETTE_TOKEN_KEY", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
/// R73.
const IN_FORCE: Duration = Duration::from_secs(2);

/// The next message of this kind, in time.
async fn told(socket: &mut Socket, kind: &str) -> Value {
    loop {
        match socket.hear().await {
            Heard::Message(message) if message["kind"] == kind => return message,
            Heard::Message(_) => {}
            closed @ Heard::Closed(..) => panic!("no {kind}: {closed:?}"),
        }
    }
}

async fn subscribed(server: &Server, who: &Person, topic: &str) -> (Socket, Value) {
    let mut socket = Socket::hello_as(server, &who.token, "estafette.v1.json", "it.watch").await;
    let state = socket.follow(topic).await;
    (socket, state)
}

async fn set(who: &Person, name: &str, value: &str) {
    let request = who.request(Method::PATCH, "/v1/cv/admin/settings").json(&json!({"values": {name: value}}));
    who.send(request).await.ok();
}

#[actix_web::test]
async fn r73_a_setting_changed_at_one_server_is_in_force_and_announced_at_the_other_within_2_s() {
    let (database, redis) = (testing::database().await, TestRedis::start());
    let url = redis.url();
    let settings = [("REDIS_URL", url.as_str()), KEY];
    let (first, second) = (Server::on(&database.url(), &settings), Server::on(&database.url(), &settings));
    let ada = Person::sign_up(&second, "ada").await;
    Person::sign_up(&first, "root").await;
    database.db().execute("UPDATE cv.users SET role = 'ADMIN' WHERE email = 'root@example.org'", &[]).await.unwrap();
    let root = Person::sign_in(&first, "root").await;
    let (mut app, state) = subscribed(&second, &ada, "app").await;
    assert_eq!(state["maintenance_mode"], false);

    let began = Instant::now();
    set(&root, "maintenance_mode", "1").await;
    let event = told(&mut app, "settings.changed").await;
    assert_eq!(event["data"]["maintenance_mode"], true);
    assert!(began.elapsed() < IN_FORCE, "announced after {:?}", began.elapsed());
    eventually("it is in force at the other server", async || {
        let answer = ada.get("/v1/cv/me").await;
        if answer.status == 503 { Ok(()) } else { Err(format!("{}", answer.status)) }
    })
    .await;
    assert!(began.elapsed() < IN_FORCE, "in force after {:?}", began.elapsed());
    root.at(&second).get("/v1/cv/me").await.ok();
    set(&root, "maintenance_mode", "0").await;
    told(&mut app, "settings.changed").await;
    set(&root, "registration_enabled", "0").await;
    told(&mut app, "settings.changed").await;
    let form = json!({"email": "late@example.org", "password": "correct horse battery"});
    let late = Person::nobody(&second).post("/v1/cv/auth/sign-up", form).await;
    assert_eq!(late.status, 403, "{late:#?}");
}

#[actix_web::test]
async fn administrators_watch_costs_queues_and_feedback_live() {
    let database = testing::database().await;
    let server = Server::on(&database.url(), &[KEY, ("ESTAFETTE_OFFLINE_LATENCY_MS", "200")]);
    let ada = Person::sign_up(&server, "ada").await;
    Person::sign_up(&server, "root").await;
    database.db().execute("UPDATE cv.users SET role = 'ADMIN' WHERE email = 'root@example.org'", &[]).await.unwrap();
    let root = Person::sign_in(&server, "root").await;
    let (mut costs, state) = subscribed(&server, &root, "admin:costs").await;
    assert_eq!(state["today"]["calls"], 0);
    let (mut tasks, _) = subscribed(&server, &root, "admin:tasks").await;
    let (mut feedback, _) = subscribed(&server, &root, "admin:feedback").await;
    let cv = ada.cv().await;
    ada.generation(&cv, json!([{"text": offer_text(1)}, {"text": offer_text(2)}])).await;
    let depth = told(&mut tasks, "queue.depth").await;
    assert!(depth["data"]["kinds"].is_array() && depth["data"]["node"].is_string(), "{depth}");
    // The first tells of the day as it was.
    let began = Instant::now();
    let tick = loop {
        let tick = told(&mut costs, "cost.tick").await;
        if tick["data"]["calls"].as_i64().unwrap() > 0 {
            break tick;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "no calls: {tick}");
    };
    assert_eq!(tick["key"], tick["data"]["date"], "one key a day");
    ada.post("/v1/cv/feedback", json!({"rating": 4, "comment": "good"})).await.ok();
    assert_eq!(told(&mut feedback, "feedback.created").await["data"]["email"], "ada@example.org");
    // P12, within its minute: a day that costs more than its threshold.
    let dear = "INSERT INTO cv.openai_usage (id, user_id, feature_name, model, date, estimated_cost, calls_count)
                VALUES ('u', $1, 'cv_generation', 'm', (now() AT TIME ZONE 'UTC')::date, 51, 1)";
    database.db().execute(dear, &[&ada.id]).await.unwrap();
    let began = Instant::now();
    loop {
        // The socket waits half a minute for a word; the look comes within two.
        assert!(began.elapsed() < Duration::from_secs(150), "no alert");
        let waited = tokio::time::timeout(Duration::from_secs(5), told(&mut costs, "cost.alert")).await;
        if let Ok(alert) = waited {
            assert!(alert["seq"].is_u64(), "durable: {alert}");
            break;
        }
    }
}
