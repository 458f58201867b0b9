use crate::check::{Check, Findings};
use crate::client::CallFailure;
use crate::testing::{Scripted, event, eventually, snap};
use estafette_protocol::{Codec, ErrorCode, IdempotencyKey, Topic};
use serde_json::{Value, json};
use std::sync::Arc;

fn topic() -> Topic {
    "task:t1".parse().unwrap()
}
fn key() -> Option<IdempotencyKey> {
    Some(IdempotencyKey::parse("k1").unwrap())
}
fn failed(findings: &Findings, check: Check) -> bool {
    findings.results(&[]).iter().any(|result| result.id == check.id() && !result.passed)
}

#[tokio::test]
async fn subscriptions_resume_where_the_history_ends_in_both_codecs() {
    for codec in Codec::ALL {
        let (server, findings) = (Scripted::listen().await, Arc::new(Findings::default()));
        let client = server.client(codec, &findings, None);
        client.subscribe(topic()).await;
        let mut peer = server.welcome().await;
        assert_eq!(peer.subscribed(&topic()).await, None);
        peer.send(&[snap(&topic(), 4), event(&topic(), 5)]).await;
        eventually(|| client.events(&topic()) == 1).await;
        peer.close(1012).await;

        let mut peer = server.welcome().await;
        assert_eq!(peer.subscribed(&topic()).await, Some(5));
        peer.send(&[event(&topic(), 6), json!({"t": "mark", "heads": {"task:t1": 6}})]).await;
        eventually(|| client.incomplete().is_empty()).await;
        assert!(findings.results(&[Check::Contiguous]).iter().all(|result| result.passed));
        assert_eq!(client.stats().connects, 2);
    }
}

#[tokio::test]
async fn a_gap_a_duplicate_and_an_event_too_early_are_found() {
    for broken in [
        vec![snap(&topic(), 4), event(&topic(), 6)],
        vec![snap(&topic(), 4), event(&topic(), 4)],
        vec![event(&topic(), 1)],
    ] {
        let (server, findings) = (Scripted::listen().await, Arc::new(Findings::default()));
        let client = server.client(Codec::MsgPack, &findings, None);
        client.subscribe(topic()).await;
        let mut peer = server.welcome().await;
        peer.subscribed(&topic()).await;
        peer.send(&broken).await;
        eventually(|| failed(&findings, Check::Contiguous)).await;
        drop(client);
    }
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_is_repeated_with_its_key() {
    let (server, findings) = (Scripted::listen().await, Arc::new(Findings::default()));
    let client = Arc::new(server.client(Codec::Json, &findings, None));
    let caller = Arc::clone(&client);
    let call = tokio::spawn(async move { caller.call("cv.generate", json!({}), key()).await });
    let mut peer = server.welcome().await;
    assert_eq!(peer.called("cv.generate").await.1.as_deref(), Some("k1"));
    drop(peer);
    let mut peer = server.welcome().await;
    let (id, again) = peer.called("cv.generate").await;
    assert_eq!(again.as_deref(), Some("k1"));
    peer.send(&[json!({"t": "err", "id": id, "code": "unavailable", "message": "wait", "retry_after_ms": 1})]).await;
    let (id, _) = peer.called("cv.generate").await;
    peer.send(&[json!({"t": "ok", "id": id, "result": {"task_id": "t1"}})]).await;
    assert_eq!(call.await.unwrap(), Ok(json!({"task_id": "t1"})));
    assert_eq!(client.stats().repeats, 2);
}

#[tokio::test]
async fn a_task_that_is_followed_begins_before_the_answer_and_resumes_like_a_subscription() {
    let (server, findings) = (Scripted::listen().await, Arc::new(Findings::default()));
    let client = Arc::new(server.client(Codec::MsgPack, &findings, None));
    let caller = Arc::clone(&client);
    let call = tokio::spawn(async move { caller.follow("cv.generate", json!({}), key()).await });
    let mut peer = server.welcome().await;
    let (id, _) = peer.called("cv.generate").await;
    let followed = json!({"t": "followed", "id": id, "topic": "task:t1", "epoch": 1, "seq": 0});
    peer.send(&[followed.clone(), event(&topic(), 1), event(&topic(), 2)]).await;
    eventually(|| client.events(&topic()) == 2).await;
    drop(peer);
    let mut peer = server.welcome().await;
    assert_eq!(peer.subscribed(&topic()).await, Some(2));
    peer.send(&[event(&topic(), 3)]).await;
    let (id, _) = peer.called("cv.generate").await;
    peer.send(&[json!({"t": "ok", "id": id, "result": {"task_id": "t1"}})]).await;
    assert_eq!(call.await.unwrap(), Ok(json!({"task_id": "t1"})));
    client.subscribe(topic()).await;
    eventually(|| client.events(&topic()) == 3).await;
    assert!(findings.results(&[Check::Contiguous]).iter().all(|result| result.passed));
    // What nobody asked for.
    peer.send(&[followed]).await;
    eventually(|| failed(&findings, Check::WellFormed)).await;
}

#[tokio::test]
async fn a_call_without_a_key_is_not_repeated_and_a_refusal_is_told() {
    let (server, findings) = (Scripted::listen().await, Arc::new(Findings::default()));
    let client = Arc::new(server.client(Codec::MsgPack, &findings, None));
    let call = |key: Option<IdempotencyKey>| {
        let caller = Arc::clone(&client);
        tokio::spawn(async move { caller.call("x", Value::Null, key).await })
    };
    let lost = call(None);
    let mut peer = server.welcome().await;
    peer.called("x").await;
    drop(peer);
    assert_eq!(lost.await.unwrap(), Err(CallFailure::Lost));
    let refused = call(key());
    let mut peer = server.welcome().await;
    let (id, _) = peer.called("x").await;
    peer.send(&[json!({"t": "err", "id": id, "code": "insufficient_credits", "message": "none left"})]).await;
    let refusal = refused.await.unwrap().unwrap_err();
    assert!(matches!(refusal, CallFailure::Refused { code: ErrorCode::InsufficientCredits, .. }), "{refusal}");
}

#[tokio::test]
async fn a_stalled_client_reads_nothing_and_has_everything_afterwards() {
    let (server, findings) = (Scripted::listen().await, Arc::new(Findings::default()));
    let client = server.client(Codec::MsgPack, &findings, None);
    client.subscribe(topic()).await;
    let mut peer = server.welcome().await;
    peer.subscribed(&topic()).await;
    peer.send(&[snap(&topic(), 0)]).await;
    eventually(|| client.position(&topic()).is_some()).await;
    client.stall(true).await;
    // The command has been taken once a call behind it is on its way.
    let caller = client.call("x", Value::Null, None);
    let script = async {
        peer.called("x").await;
        peer.send(&(1..=50).map(|seq| event(&topic(), seq)).collect::<Vec<_>>()).await;
        tokio::task::yield_now().await;
        assert_eq!(client.events(&topic()), 0);
        client.stall(false).await;
        eventually(|| client.events(&topic()) == 50).await;
        drop(peer);
    };
    let (answer, ()) = tokio::join!(caller, script);
    assert_eq!(answer, Err(CallFailure::Lost));
    assert!(!failed(&findings, Check::Contiguous));
}

#[tokio::test]
async fn garbage_is_found_and_a_final_close_is_not_tried_again() {
    let (server, findings) = (Scripted::listen().await, Arc::new(Findings::default()));
    let client = server.client(Codec::MsgPack, &findings, None);
    let mut peer = server.welcome().await;
    peer.send_garbage().await;
    eventually(|| failed(&findings, Check::WellFormed)).await;
    drop(client);
    let (server, findings) = (Scripted::listen().await, Arc::new(Findings::default()));
    let _client = server.client(Codec::MsgPack, &findings, None);
    server.welcome().await.close(4403).await;
    eventually(|| failed(&findings, Check::StaysOpen)).await;
}
