//! The bounds of the server as a process: upgrades, requests, sign-ins; each with when to come back.

use crate::support::person::{Answer, Person};
use crate::support::server::Server;
use crate::support::socket::Socket;
use estafette::testing;
use reqwest::Method;
use serde_json::json;

/// An answer with its Retry-After, seconds.
async fn sign_in(server: &Server, address: &str, email: &str, password: &str) -> (u16, Option<u64>, String) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http
        .post(server.url("/v1/cv/auth/sign-in"))
        .header("x-forwarded-for", address)
        .json(&json!({"email": email, "password": password}));
    let answer = request.send().await.unwrap();
    let after = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
    let status = answer.status().as_u16();
    if status == 429 {
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    let body: serde_json::Value = answer.json().await.unwrap();
    (status, after, body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn sign_ins_are_limited_by_address_and_by_account() {
    let database = testing::database().await;
    let settings = [("ESTAFETTE_SIGN_INS_PER_ADDRESS", "5"), ("ESTAFETTE_SIGN_INS_PER_ACCOUNT", "3")];
    let server = Server::on(&database.url(), &settings);
    Person::sign_up(&server, "ann").await;
    let (mail, right) = ("ann@example.org", "correct horse battery");
    for _ in 0..5 {
        assert_eq!(sign_in(&server, "192.0.2.1", mail, right).await.0, 200);
    }
    let (status, after, code) = sign_in(&server, "192.0.2.1", mail, right).await;
    assert_eq!((status, code.as_str()), (429, "rate_limited"));
    assert!(after.is_some_and(|after| (1..=60).contains(&after)), "{after:?}");
    assert_eq!(sign_in(&server, "192.0.2.2", mail, right).await.0, 200, "another address is not concerned");
    for n in 0..3 {
        assert_eq!(sign_in(&server, &format!("198.51.100.{n}"), mail, "wrong").await.0, 401);
    }
    let (status, after, code) = sign_in(&server, "198.51.100.9", mail, right).await;
    assert_eq!((status, code.as_str()), (429, "rate_limited"), "three failures, wherever they came from");
    assert!(after.is_some());
    assert_eq!(sign_in(&server, "198.51.100.9", "nobody@example.org", "x").await.0, 401);
}

#[tokio::test]
async fn connections_of_the_process_and_of_a_person_have_the_bounds_of_the_settings() {
    let database = testing::database().await;
    let settings = [("ESTAFETTE_CONNECTIONS", "3"), ("ESTAFETTE_CONNECTIONS_PER_USER", "2")];
    let server = Server::on(&database.url(), &settings);
    let (ann, bob) = (Person::sign_up(&server, "ann").await, Person::sign_up(&server, "bob").await);
    let _one = Socket::hello(&server, &ann.token, "estafette.v1.json").await;
    let _two = Socket::hello(&server, &ann.token, "estafette.v1.json").await;
    let refused = Socket::try_hello(server.address(), &ann.token).await.err().unwrap();
    assert!(refused.starts_with("1013") && refused.contains("2 connections"), "{refused}");
    let _three = loop {
        // The place of the refused one is free in a moment.
        match Socket::try_hello(server.address(), &bob.token).await {
            Ok(socket) => break socket,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    };
    let refused = Socket::try_hello(server.address(), &bob.token).await.err().unwrap();
    assert!(refused.contains("503"), "{refused}");
    let metrics = bob.send(bob.request(Method::GET, "/metrics")).await;
    let text = metrics.body.as_str().unwrap_or_default().to_owned();
    assert!(text.contains("estafette_sockets_refused_total{reason=\"user\"} 1"), "{text}");
}

#[tokio::test]
async fn requests_beyond_the_bound_get_503_and_health_always_answers() {
    let database = testing::database().await;
    // bcrypt of cost 12 keeps the one place busy for a while.
    let settings = [("ESTAFETTE_REQUESTS_IN_FLIGHT", "1"), ("ESTAFETTE_BCRYPT_COST", "12")];
    let server = Server::on(&database.url(), &settings);
    let form = json!({"email": "a@example.org", "password": "correct horse battery"});
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut refused: Option<Answer> = None;
    for n in 0..20 {
        let mut form = form.clone();
        form["email"] = json!(format!("a{n}@example.org"));
        let slow = http.post(server.url("/v1/cv/auth/sign-up")).json(&form).send();
        let quick = async {
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            let health = http.get(server.url("/health/live")).send().await.unwrap();
            assert_eq!(health.status(), 200);
            let ready = http.get(server.url("/health/ready")).send().await.unwrap();
            assert_eq!(ready.status(), 200);
            http.get(server.url("/openapi.json")).send().await.unwrap()
        };
        let (_, quick) = tokio::join!(slow, quick);
        if quick.status() == 503 {
            assert_eq!(quick.headers()["retry-after"], "1");
            let kind = quick.headers()["content-type"].to_str().unwrap().to_owned();
            refused = Some(Answer { status: 503, kind, body: quick.json().await.unwrap() });
            break;
        }
    }
    refused.expect("the one place was busy").refused(503, "unavailable", "too many requests");
}
