//! Who may come in and how much: each bound at its bound, and what is told to those beyond it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use estafette_actors::RuntimeConfig;
use estafette_actors::session::admission::AdmissionLimits;
use estafette_protocol::limits::Limits;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use support::*;
use tokio_tungstenite::tungstenite::Error;

fn config(admission: AdmissionLimits) -> RuntimeConfig {
    RuntimeConfig { admission, ..RuntimeConfig::default() }
}

/// Status and Retry-After of a refused upgrade.
async fn refused(address: std::net::SocketAddr) -> (u16, u64) {
    match tokio_tungstenite::connect_async(format!("ws://{address}/v1/live")).await {
        Err(Error::Http(response)) => {
            let after = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            (response.status().as_u16(), after)
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[actix::test]
async fn a_full_node_refuses_upgrades_until_somebody_leaves() {
    let database = database().await;
    let limits = AdmissionLimits { connections: 3, ..AdmissionLimits::default() };
    let runtime = runtime(database.db(), Arc::default(), config(limits)).await;
    let address = listen(&runtime);
    let mut inside = Vec::new();
    for user in ["ann", "bob", "cid"] {
        inside.push(Client::hello(address, user).await);
    }
    let (status, after) = refused(address).await;
    assert_eq!(status, 503);
    assert!((5..15).contains(&after), "{after}");
    drop(inside.pop());
    eventually("the place to be free", async || {
        let open = runtime.admission().open();
        if open == 2 { Ok(()) } else { Err(open.to_string()) }
    })
    .await;
    Client::hello(address, "cid").await;
}

#[actix::test]
async fn a_storm_of_connections_becomes_a_queue() {
    let database = database().await;
    let limits = AdmissionLimits { accepts_per_second: 2, ..AdmissionLimits::default() };
    let runtime = runtime(database.db(), Arc::default(), config(limits)).await;
    let address = listen(&runtime);
    let _inside = (Client::connect(address).await, Client::connect(address).await);
    let mut waits = Vec::new();
    for _ in 0..6 {
        let (status, after) = refused(address).await;
        assert_eq!(status, 503);
        waits.push(after);
    }
    assert!(waits.is_sorted() && waits[0] == 1 && waits[5] >= 3, "two each second: {waits:?}");
}

#[actix::test]
async fn a_person_has_so_many_connections_and_the_next_one_is_told_to_wait() {
    let database = database().await;
    let limits = AdmissionLimits { connections_per_user: 2, ..AdmissionLimits::default() };
    let runtime = runtime(database.db(), Arc::default(), config(limits)).await;
    let address = listen(&runtime);
    let one = Client::hello(address, "ann").await;
    let _two = Client::hello(address, "ann").await;
    let mut three = Client::connect(address).await;
    three.send(json!([{"t": "hello", "token": "ann/s-ann/3600", "device": "d1"}])).await;
    let told = three.next_of("drain").await;
    assert!(told["reconnect_after_ms"].as_u64().unwrap() >= 20_000, "{told}");
    let (code, reason) = three.closed().await;
    assert_eq!(code, 1013);
    assert!(reason.contains("2 connections"), "{reason}");
    let _other = Client::hello(address, "bob").await;
    drop(one);
    eventually("the place to be free", async || {
        let open = runtime.admission().open();
        if open <= 2 { Ok(()) } else { Err(open.to_string()) }
    })
    .await;
    Client::hello(address, "ann").await;
}

#[actix::test]
async fn messages_subscriptions_and_calls_have_their_bounds() {
    let database = database().await;
    let limits = Limits { messages_per_second: 2, subscriptions: 3, calls_in_flight: 1, ..Limits::default() };
    let config = RuntimeConfig { limits, ..RuntimeConfig::default() };
    let runtime = runtime(database.db(), Arc::default(), config).await;
    let address = listen(&runtime);
    let mut client = Client::hello(address, "ann").await;
    for room in 0..3 {
        assert_eq!(client.sub(&format!("room:{room}"), None).await["t"], "ok");
    }
    assert_eq!(client.sub("room:3", None).await["code"], "limit_exceeded");
    client
        .send(json!([
            {"t": "call", "id": 101, "method": "add", "params": {"room": "r"}},
            {"t": "call", "id": 102, "method": "add", "params": {"room": "r"}},
        ]))
        .await;
    let refused = client.next_of("err").await;
    assert_eq!((&refused["id"], &refused["code"]), (&json!(102), &json!("rate_limited")));
    assert!(refused["retry_after_ms"].is_u64(), "{refused}");
    // Twenty in ten seconds; hello, four subscriptions and two calls were seven of them.
    let batch =
        |first: u32, n: u32| json!((first..first + n).map(|id| json!({"t": "ping", "id": id})).collect::<Vec<_>>());
    client.send(batch(200, 13)).await;
    for id in 200..213 {
        assert_eq!(client.next_of("pong").await["id"], id);
    }
    client.send(batch(300, 5)).await;
    for id in 300..305 {
        let refused = client.next_of("err").await;
        assert_eq!((&refused["id"], &refused["code"]), (&json!(id), &json!("rate_limited")));
        assert!(refused["retry_after_ms"].as_u64().is_some_and(|after| after >= 500), "{refused}");
    }
    client.send(batch(400, 20)).await;
    assert_eq!(client.closed().await.0, 4429);
}

#[actix::test]
async fn a_drain_spreads_the_return_of_many_evenly_and_serves_them_meanwhile() {
    const CLIENTS: usize = 60;
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        clients.push(Client::hello(address, &format!("u{n}")).await);
    }
    let draining = runtime.clone();
    let drain = actix_rt::spawn(async move { draining.drain(Duration::from_secs(3)).await });
    let mut told = Vec::new();
    for client in &mut clients {
        told.push(client.next_of("drain").await["reconnect_after_ms"].as_u64().unwrap());
    }
    told.sort_unstable();
    let slice = 3_000 / CLIENTS as u64;
    for (turn, after) in told.iter().enumerate() {
        let first = turn as u64 * slice;
        assert!((first..=first + slice).contains(after), "one in each slice of {slice} ms: {told:?}");
    }
    let added = clients[0].call("add", json!({"room": "r"})).await;
    assert_eq!(added["result"]["n"], 1, "calls are done until the end: {added}");
    assert_eq!(refused(address).await.0, 503);
    for client in &mut clients {
        assert_eq!(client.closed().await.0, 1012);
    }
    drain.await.unwrap();
}
