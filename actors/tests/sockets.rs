//! Sockets on a real listener: what a client may rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use estafette_actors::RuntimeConfig;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use support::*;
use tokio_tungstenite::tungstenite::Message;

async fn add(runtime: &estafette_actors::Runtime, room: &str, pad: &str) {
    runtime.call(identity("ann"), "add", json!({"room": room, "pad": pad}), None).await.unwrap();
}

#[actix::test]
async fn a_subscription_starts_with_the_state_and_goes_on_without_a_seam() {
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    for _ in 0..5 {
        add(&runtime, "r", "").await;
    }
    let mut client = Client::hello(address, "ann").await;
    // Writers go on while the client subscribes: the state at s, then s+1, s+2, …
    let writer = {
        let runtime = runtime.clone();
        actix_rt::spawn(async move {
            for _ in 0..200 {
                add(&runtime, "r", "").await;
            }
        })
    };
    assert_eq!(client.sub("room:r", None).await["t"], "ok");
    let snap = client.next().await;
    assert_eq!(snap["t"], "snap");
    let mut seen = snap["seq"].as_u64().unwrap();
    assert_eq!(snap["state"]["n"], seen, "state and position belong together");
    while seen < 205 {
        let event = client.next().await;
        assert_eq!(event["t"], "ev");
        seen += 1;
        assert_eq!(event["seq"], seen);
        assert_eq!(event["data"]["n"], seen);
    }
    writer.await.unwrap();
}

#[actix::test]
async fn states_that_many_ask_for_are_read_together_and_each_is_as_if_it_were_read_alone() {
    const CLIENTS: usize = 12;
    let database = database().await;
    let gates: Arc<Gates> = Arc::default();
    let runtime = runtime(database.db(), Arc::clone(&gates), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let rooms = [("one", 1), ("three", 3), ("alone", 2), ("none", 0), ("bad", 1)];
    for (room, events) in rooms {
        for _ in 0..events {
            add(&runtime, room, "").await;
        }
    }
    // With `bad` in the group it comes to nothing, and everybody reads alone.
    for rooms in [&rooms[..4], &rooms[..]] {
        gates.groups.lock().clear();
        let mut holder = database.db().connection().await.unwrap();
        let held = holder.transaction().await.unwrap();
        held.batch_execute("LOCK TABLE toy.counter").await.unwrap();
        let mut clients = Vec::new();
        for (n, (room, events)) in rooms.iter().cycle().take(CLIENTS).enumerate() {
            let mut client = Client::hello(address, &format!("u{n}")).await;
            assert_eq!(client.sub(&format!("room:{room}"), None).await["t"], "ok");
            // What comes after the answer to the subscription comes after its first look for something to read.
            assert_eq!(client.request(json!({"t": "ping"})).await["t"], "pong");
            clients.push((client, *events));
        }
        eventually("the first two to read, and the others to wait", async || {
            let groups = gates.groups.lock().clone();
            if groups == [1, 1] { Ok(()) } else { Err(format!("{groups:?}")) }
        })
        .await;
        held.rollback().await.unwrap();
        for (client, events) in &mut clients {
            let snap = client.next_of("snap").await;
            assert_eq!((&snap["seq"], &snap["state"]["n"]), (&json!(events), &json!(events)));
        }
        assert_eq!(*gates.groups.lock(), [1, 1, CLIENTS - 2]);
    }
}

#[actix::test]
async fn permissions_that_many_ask_for_are_read_together_and_each_gets_its_own() {
    const CLIENTS: usize = 12;
    let database = database().await;
    let gates: Arc<Gates> = Arc::default();
    let runtime = runtime(database.db(), Arc::clone(&gates), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    // `secret` is for the first client only.
    for rooms in [&["secret", "one", "alone"][..], &["secret", "one", "alone", "bad"]] {
        gates.asked.lock().clear();
        let mut holder = database.db().connection().await.unwrap();
        let held = holder.transaction().await.unwrap();
        held.batch_execute("LOCK TABLE toy.gates").await.unwrap();
        let mut clients = Vec::new();
        for (n, room) in rooms.iter().cycle().take(CLIENTS).enumerate() {
            let mut client = Client::hello(address, &format!("u{n}")).await;
            client.send(json!([{"t": "sub", "id": 100, "topic": format!("room:{room}")}])).await;
            // The second answer comes from a turn of the actor that begins after the subscription has asked.
            for _ in 0..2 {
                assert_eq!(client.request(json!({"t": "ping"})).await["t"], "pong");
            }
            clients.push((client, *room));
        }
        eventually("the first two to ask, and the others to wait", async || {
            let asked = gates.asked.lock().clone();
            if asked == [1, 1] { Ok(()) } else { Err(format!("{asked:?}")) }
        })
        .await;
        held.rollback().await.unwrap();
        for (n, (client, room)) in clients.iter_mut().enumerate() {
            let answer = client.next().await;
            assert_eq!(answer["id"], 100);
            let expected = if *room == "secret" && n != 0 { "err" } else { "ok" };
            assert_eq!(answer["t"], expected, "{room}: {answer}");
        }
        assert_eq!(*gates.asked.lock(), [1, 1, CLIENTS - 2]);
    }
}

#[actix::test]
async fn a_client_that_comes_back_gets_what_it_missed_and_nothing_twice() {
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let mut client = Client::hello(address, "ann").await;
    client.sub("room:r", None).await;
    let snap = client.next_of("snap").await;
    drop(client);
    // More than memory keeps: from the log. Then a little more: from memory.
    for missed in [600_u64, 3] {
        let before: u64 = if missed == 600 { 0 } else { 600 };
        for _ in 0..missed {
            add(&runtime, "r", "").await;
        }
        let mut client = Client::hello(address, "ann").await;
        assert_eq!(client.sub("room:r", Some(json!({"epoch": snap["epoch"], "seq": before}))).await["t"], "ok");
        for seq in before + 1..=before + missed {
            assert_eq!(client.next_of("ev").await["seq"], seq);
        }
    }
    // A position of another life of the log, and one that the log never had: the state.
    for since in [json!({"epoch": 1, "seq": 3}), json!({"epoch": snap["epoch"], "seq": 99_999})] {
        let mut client = Client::hello(address, "ann").await;
        client.sub("room:r", Some(since)).await;
        assert_eq!(client.next().await["state"]["n"], 603);
    }
}

#[actix::test]
async fn a_reader_that_stalls_costs_bounded_memory_and_misses_no_durable_event() {
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let mut slow = Client::hello(address, "ann").await;
    slow.sub("room:r", None).await;
    slow.next_of("snap").await;
    let mut fast = Client::hello(address, "bob").await;
    fast.sub("room:r", None).await;
    fast.next_of("snap").await;
    // 20 MB: far more than the kernel's buffers and the outbox hold together.
    let pad = "x".repeat(20_000);
    for seq in 1..=1_000_u64 {
        add(&runtime, "r", &pad).await;
        assert_eq!(fast.next_of("ev").await["seq"], seq, "a reader that reads is not held up");
    }
    for seq in 1..=1_000_u64 {
        assert_eq!(slow.next_of("ev").await["seq"], seq);
    }
    add(&runtime, "r", "").await;
    assert_eq!(slow.next_of("ev").await["seq"], 1_001, "and is live again");
}

#[actix::test]
async fn volatile_events_gather_and_what_comes_later_does_not_overtake_them() {
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let mut client = Client::hello(address, "ann").await;
    client.sub("room:r", None).await;
    client.next_of("snap").await;
    let topic = estafette_protocol::Topic::parse("room:r").unwrap();
    let product = identity("ann").product;
    for round in 1..=20_u64 {
        for (n, key) in ["first", "a", "b", "a"].into_iter().enumerate() {
            runtime.live(&product, topic.clone(), key, "typing", &json!({"round": round, "n": n}));
        }
        add(&runtime, "r", "").await;
        let mut live = Vec::new();
        loop {
            let message = client.next().await;
            match message["t"].as_str() {
                Some("live") => {
                    assert_eq!(message["data"]["round"], round, "not after the durable event: {message}");
                    live.push(message["data"]["n"].as_u64().unwrap());
                }
                Some("ev") => break assert_eq!(message["seq"], round),
                _ => {}
            }
        }
        // Of a key the newest; the first one left alone, unless the round before was a moment ago.
        assert!(live == [0, 2, 3] || live == [0, 1, 2, 3], "{live:?}");
    }
}

#[actix::test]
async fn marks_say_how_far_each_topic_goes() {
    let database = database().await;
    let config = RuntimeConfig { heartbeat: Duration::from_millis(100), ..RuntimeConfig::default() };
    let runtime = runtime(database.db(), Arc::default(), config).await;
    let address = listen(&runtime);
    add(&runtime, "r", "").await;
    let mut client = Client::hello(address, "ann").await;
    client.sub("room:r", None).await;
    client.sub("room:empty", None).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        assert!(tokio::time::Instant::now() < deadline, "no mark with both heads");
        let Some(Ok(Message::Text(text))) = client.socket.next().await else { continue };
        let batch: Vec<Value> = serde_json::from_str(&text).unwrap();
        if batch
            .iter()
            .any(|message| message["t"] == "mark" && message["heads"] == json!({"room:empty": 0, "room:r": 1}))
        {
            break;
        }
    }
}

#[actix::test]
async fn events_that_the_bus_lost_are_found_in_the_log() {
    let database = database().await;
    let db = database.db();
    let runtime = runtime(db.clone(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let mut client = Client::hello(address, "ann").await;
    client.sub("room:r", None).await;
    client.next_of("snap").await;
    // Another node commits, and its message never comes.
    let mut connection = db.connection().await.unwrap();
    let tx = connection.transaction().await.unwrap();
    let row = tx
        .query_one(
            "INSERT INTO runtime.topics (product, topic, epoch, head_seq) SELECT 'toy', 'room:r', epoch, 1 FROM runtime.meta RETURNING id",
            &[],
        )
        .await
        .unwrap();
    let id: i64 = row.get(0);
    tx.execute("INSERT INTO runtime.log VALUES ($1, 1, 'added', now(), '{}')", &[&id]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(client.next_of("ev").await["seq"], 1);
    // The hub knows the log's number of the topic from here on, and asks by it.
    for seq in 2_i64..4 {
        let tx = connection.transaction().await.unwrap();
        tx.execute("UPDATE runtime.topics SET head_seq = $2 WHERE id = $1", &[&id, &seq]).await.unwrap();
        tx.execute("INSERT INTO runtime.log VALUES ($1, $2, 'added', now(), '{}')", &[&id, &seq]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(client.next_of("ev").await["seq"], seq);
    }
}

#[actix::test]
async fn requests_get_one_answer_each_and_refusals_say_why() {
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let mut client = Client::hello(address, "ann").await;
    assert_eq!(client.request(json!({"t": "ping"})).await["t"], "pong");
    assert_eq!(client.sub("user:bob", None).await["code"], "forbidden");
    assert_eq!(client.sub("nothing:1", None).await["code"], "not_found");
    assert_eq!(client.sub("Not A Topic", None).await["code"], "bad_request");
    assert_eq!(client.call("nothing", json!({})).await["code"], "not_found");
    assert_eq!(client.call("panic", json!({})).await["code"], "internal");
    assert_eq!(client.request(json!({"t": "dance"})).await["code"], "bad_request");
    client.sub("room:r", None).await;
    assert_eq!(client.sub("room:r", None).await["code"], "conflict");
    assert_eq!(client.request(json!({"t": "unsub", "topic": "room:r"})).await["t"], "ok");
    assert_eq!(client.request(json!({"t": "unsub", "topic": "room:r"})).await["code"], "not_found");
    // Several messages in one batch, answered each.
    client
        .send(json!([{"t": "ping", "id": 100}, {"t": "call", "id": 101, "method": "add", "params": {"room": "q"}}]))
        .await;
    assert_eq!(client.next_of("pong").await["id"], 100);
    assert_eq!(client.next_of("ok").await["result"]["n"], 1);
}

#[actix::test]
async fn hello_and_what_follows_may_come_in_one_batch() {
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let mut client = Client::connect(address).await;
    client
        .send(json!([
            {"t": "hello", "token": "ann/s/3600", "device": "d"},
            {"t": "sub", "id": 1, "topic": "room:r"},
            {"t": "call", "id": 2, "method": "add", "params": {"room": "r"}},
        ]))
        .await;
    assert_eq!(client.next().await["t"], "welcome");
    client.next_of("snap").await;
}

#[actix::test]
async fn broken_clients_are_closed_with_the_right_code() {
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let cases: Vec<(Message, u16)> = vec![
        (Message::text("garbage"), 4400),
        (Message::text("{}"), 4400),
        (Message::text("[]"), 4400),
        (Message::text(r#"[{"t":"sub","id":1,"topic":"room:r"}]"#), 4400),
        (Message::text(r#"[{"t":"hello","token":"nobody","device":"d"}]"#), 4401),
        (Message::text(r#"[{"t":"hello","token":"ann/s/0","device":"d"}]"#), 4401),
        (Message::binary(vec![1, 2, 3]), 4400),
        (Message::text("x".repeat(300 * 1024)), 1009),
        (Message::text(format!("[{}]", "[".repeat(5000))), 4400),
    ];
    for (message, code) in cases {
        let mut client = Client::connect(address).await;
        client.socket.send(message.clone()).await.unwrap();
        let shown = message.to_string().chars().take(40).collect::<String>();
        assert_eq!(client.closed().await.0, code, "{shown}");
    }
}

#[actix::test]
async fn too_many_messages_close_the_connection() {
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let mut client = Client::hello(address, "ann").await;
    for _ in 0..40 {
        let batch: Vec<Value> = (0..60).map(|id| json!({"t": "ping", "id": id})).collect();
        if client.socket.send(Message::text(json!(batch).to_string())).await.is_err() {
            break;
        }
    }
    assert_eq!(client.closed().await.0, 4429);
}

#[actix::test]
async fn a_token_that_ends_is_announced_renewed_and_enforced() {
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let mut client = Client::connect(address).await;
    client.send(json!([{"t": "hello", "token": "ann/s/2", "device": "d"}])).await;
    client.next_of("welcome").await;
    client.next_of("expiring").await;
    let other = client.request(json!({"t": "auth", "token": "bob/s/3600"})).await;
    assert_eq!(other["code"], "forbidden");
    client.sub("room:r", None).await;
    client.next_of("snap").await;
    assert_eq!(client.request(json!({"t": "auth", "token": "ann/s/4"})).await["t"], "ok");
    add(&runtime, "r", "").await;
    assert_eq!(client.next_of("ev").await["seq"], 1, "the subscriptions stay");
    assert_eq!(client.closed().await.0, 4401);
}

#[actix::test]
async fn signing_out_closes_the_devices_socket_and_no_other() {
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let mut ann = Client::hello(address, "ann").await;
    let mut bob = Client::hello(address, "bob").await;
    ann.send(json!([{"t": "call", "id": 1, "method": "sign_out"}])).await;
    assert_eq!(ann.closed().await, (4401, "signed out".to_owned()));
    assert_eq!(bob.request(json!({"t": "ping"})).await["t"], "pong");
}

#[actix::test]
async fn a_draining_node_tells_its_clients_and_closes_with_1012() {
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let mut client = Client::hello(address, "ann").await;
    let draining = runtime.clone();
    let drain = actix_rt::spawn(async move { draining.drain(Duration::from_secs(5)).await });
    let told = client.next_of("drain").await;
    assert!(told["reconnect_after_ms"].as_u64().unwrap() < 5_000);
    assert_eq!(client.closed().await.0, 1012);
    drain.await.unwrap();
    let refused = tokio_tungstenite::connect_async(format!("ws://{address}/v1/live")).await;
    assert!(format!("{:?}", refused.unwrap_err()).contains("503"));
}

#[actix::test]
async fn upgrades_are_decided_by_path_origin_and_subprotocol() {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let address = listen(&runtime);
    let attempt = async |path: &str, name: &'static str, value: &str| {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        match tokio_tungstenite::connect_async(request).await {
            Ok((_, answer)) => {
                answer.headers().get("sec-websocket-protocol").map_or(String::new(), |v| v.to_str().unwrap().to_owned())
            }
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => answer.status().as_u16().to_string(),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(attempt("/elsewhere", "x-a", "b").await, "404");
    assert_eq!(attempt("/v1/live", "origin", "https://evil.example").await, "403");
    assert_eq!(attempt("/v1/live", "origin", &format!("http://{address}")).await, "");
    assert_eq!(attempt("/v1/live", "sec-websocket-protocol", "chat, graphql").await, "400");
    assert_eq!(attempt("/v1/live", "sec-websocket-protocol", "estafette.v1.msgpack").await, "estafette.v1.msgpack");
}

/// What a connection hears of a call that it follows, up to the answer and the task's end.
async fn followed(client: &mut Client, call: Value) -> (Value, Vec<Value>) {
    client.send(json!([call])).await;
    let (mut answer, mut heard) = (Value::Null, Vec::new());
    while answer.is_null() || heard.last().is_none_or(|last: &Value| last["kind"] != "task.completed") {
        let message = client.next().await;
        if message["t"] == "ok" && message["id"] == call["id"] {
            answer = message;
        } else if message["t"] != "live" {
            heard.push(message);
        }
    }
    (answer, heard)
}

#[actix::test]
async fn a_call_that_is_followed_brings_its_task_from_the_first_event_on() {
    let database = database().await;
    let runtime = runtime(database.db(), Arc::default(), RuntimeConfig::default()).await;
    let mut client = Client::hello(listen(&runtime), "ann").await;
    let steps = json!([{"key": "a"}, {"key": "b", "needs": ["a"]}]);
    // In a transaction of its own, and written with others.
    for (id, method) in [(50, "start"), (51, "begin")] {
        let call =
            json!({"t": "call", "id": id, "method": method, "params": {"steps": steps}, "key": method, "follow": true});
        let (answer, heard) = followed(&mut client, call.clone()).await;
        let topic = format!("task:{}", answer["result"]["task_id"].as_str().unwrap());
        let (first, events) = heard.split_first().unwrap();
        let told = json!({"t": "followed", "id": id, "topic": topic, "epoch": first["epoch"], "seq": 0});
        assert_eq!((first, first["epoch"].as_u64() > Some(0)), (&told, true));
        for (event, seq) in events.iter().zip(1..) {
            assert_eq!((&event["t"], &event["topic"], &event["seq"]), (&json!("ev"), &json!(topic), &json!(seq)));
        }
        let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
        assert_eq!((kinds[0], kinds[1], kinds.len()), ("task.queued", "task.started", 7));
        // It is a subscription like any other.
        assert_eq!(client.sub(&topic, None).await["code"], "conflict");
        // A repetition starts nothing.
        client.send(json!([call])).await;
        assert_eq!(client.next().await, answer);
        assert_eq!(client.request(json!({"t": "unsub", "topic": topic})).await["t"], "ok");
    }
    // Nothing to follow.
    let call = json!({"t": "call", "method": "add", "params": {"room": "r"}, "follow": true});
    assert_eq!(client.request(call).await["result"]["n"], 1);
    assert!(client.queue.is_empty(), "{:?}", client.queue);
    let call = json!({"t": "call", "method": "add", "params": {"room": "r"}, "follow": "yes"});
    assert_eq!(client.request(call).await["code"], "bad_request");
}

#[actix::test]
async fn what_is_followed_goes_on_after_a_reconnect_and_is_bounded_like_any_subscription() {
    let database = database().await;
    let gates: Arc<Gates> = Arc::default();
    let mut config = RuntimeConfig::default();
    config.limits.subscriptions = 1;
    let runtime = runtime(database.db(), Arc::clone(&gates), config).await;
    let address = listen(&runtime);
    let mut client = Client::hello(address, "ann").await;
    let steps = json!([{"key": "a", "do": "gate", "on": "g"}]);
    let call = json!({"t": "call", "method": "start", "params": {"steps": steps}, "follow": true});
    let first = client.request(call.clone()).await;
    let told = client.next().await;
    assert_eq!(told["t"], "followed");
    // There is no place for another one: that task is started all the same, and not followed.
    let second = client.request(call).await;
    waiting(&gates, 2).await;
    let task = |answer: &Value| format!("task:{}", answer["result"]["task_id"].as_str().unwrap());
    let mut last = 0;
    while last < 3 {
        let event = client.next_of("ev").await;
        assert_eq!((&event["topic"], event["seq"].as_u64()), (&json!(task(&first)), Some(last + 1)), "{event}");
        last += 1;
    }
    assert_eq!(client.request(json!({"t": "ping"})).await["t"], "pong");
    assert!(client.queue.iter().all(|message| message["topic"] == task(&first)), "{:?}", client.queue);
    drop(client);
    gates.gate("g").add_permits(2);
    for (answer, since) in [(&first, last), (&second, 0)] {
        let mut client = Client::hello(address, "ann").await;
        let position = json!({"epoch": told["epoch"], "seq": since});
        assert_eq!(client.sub(&task(answer), Some(position)).await["t"], "ok");
        let mut seq = since;
        loop {
            let event = client.next_of("ev").await;
            seq += 1;
            assert_eq!(event["seq"], seq);
            if event["kind"] == "task.completed" {
                break;
            }
        }
    }
}
