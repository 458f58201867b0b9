//! Tokens that do not open the door (P23 to P25).

use super::Stage;
use crate::support::eventually;
use crate::support::person::Person;
use crate::support::socket::{Heard, Socket};
use serde_json::json;

/// The shortest life of an access token that the settings allow, seconds.
const LIFE: &str = "5";

#[actix_web::test]
async fn tokens_that_are_wrong() {
    let stage = Stage::set(&[]).await;
    let token = stage.ada.token.clone();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let flipped: String = signature.chars().rev().collect();
    let unsigned = format!("{}.{}.", "eyJhbGciOiJub25lIn0", token.split('.').nth(1).unwrap());
    for wrong in ["", "nonsense", "a.b.c", &format!("{signed}.{flipped}"), &unsigned, &"x".repeat(5000)] {
        let nobody = stage.ada.with_token(wrong);
        nobody.get("/v1/cv/files").await.refused(401, "unauthenticated", "");
        let offers = json!([{"text": crate::support::offer_text(1)}]);
        nobody.generate(&stage.cv, offers).await.refused(401, "unauthenticated", "");
        if wrong.len() <= 4096 && !wrong.is_empty() {
            let mut socket = Socket::open(&stage.server, "estafette.v1.json").await;
            socket.send(&json!([{"t": "hello", "token": wrong, "device": "it.1"}])).await;
            assert_eq!(socket.closed().await.0, 4401, "{wrong}");
        }
    }
    // Whoever says nothing, or anything else first, is not let in either.
    let mut socket = Socket::open(&stage.server, "estafette.v1.json").await;
    socket.send(&json!([{"t": "sub", "id": 1, "topic": "app"}])).await;
    assert_eq!(socket.closed().await.0, 4400);
    // A token of somebody else does not take over a connection (P25).
    let eve = Person::sign_up(&stage.server, "eve").await;
    let mut socket = Socket::hello(&stage.server, &eve.token, "estafette.v1.json").await;
    socket.refused(json!({"t": "auth", "token": token}), "forbidden", "connection").await;
    socket.refused(json!({"t": "auth", "token": "nonsense"}), "unauthenticated", "").await;
    assert_eq!(socket.call("cv.list", json!({})).await["result"]["items"], json!([]));
}

#[actix_web::test]
async fn tokens_that_have_expired() {
    let stage = Stage::set(&[("ESTAFETTE_ACCESS_TOKEN_SECS", LIFE)]).await;
    let mut socket = Socket::hello(&stage.server, &stage.ada.token, "estafette.v1.json").await;
    let mut reminded = false;
    let (code, reason) = loop {
        match socket.hear().await {
            Heard::Message(message) => reminded |= message["t"] == "expiring",
            Heard::Closed(code, reason) => break (code, reason),
        }
    };
    assert_eq!(code, 4401, "{reason}");
    assert!(reminded, "`expiring` comes before the end");
    let problem = eventually("the end of the token", async || {
        let answer = stage.ada.get("/v1/cv/me").await;
        if answer.status == 401 { Ok(answer) } else { Err(format!("{answer:?}")) }
    })
    .await;
    problem.refused(401, "unauthenticated", "expired");
    let offers = json!([{"text": crate::support::offer_text(1)}]);
    stage.ada.generate(&stage.cv, offers).await.refused(401, "unauthenticated", "expired");
    let mut again = Socket::open(&stage.server, "estafette.v1.json").await;
    again.send(&json!([{"t": "hello", "token": stage.ada.token, "device": "it.1"}])).await;
    assert_eq!(again.closed().await.0, 4401);
    stage.is_untouched("expired tokens").await;
}
