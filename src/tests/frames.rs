//! Every malformed frame of the protocol's fixtures, sent to the running server (P31, P32).

use crate::support::census;
use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

/// The protocol's own list.
const FIXTURES: &str = include_str!("../../protocol/fixtures/malformed.json");

#[derive(Deserialize)]
struct Fixture {
    name: String,
    codec: String,
    bytes: String,
    close: Option<u16>,
    id: Option<u32>,
}

impl Fixture {
    fn frame(&self) -> Message {
        let bytes = hex::decode(&self.bytes).unwrap();
        if self.codec == "msgpack" {
            return Message::binary(bytes);
        }
        Message::text(String::from_utf8(bytes).unwrap())
    }
}

#[actix_web::test]
async fn p31_p32_every_malformed_frame_has_its_answer() {
    let database = estafette::testing::database().await;
    let server = Server::on(&database.url(), &[]);
    let ada = Person::sign_up(&server, "ada").await;
    let before = census::take(&database.db()).await;
    let fixtures: Vec<Fixture> = serde_json::from_str(FIXTURES).unwrap();
    assert!(fixtures.len() > 50, "the fixtures are there");
    for fixture in &fixtures {
        let mut socket = Socket::hello(&server, &ada.token, &format!("estafette.v1.{}", fixture.codec)).await;
        socket.send_raw(fixture.frame()).await;
        match (fixture.close, socket.hear().await) {
            (Some(expected), Heard::Closed(code, reason)) => {
                assert_eq!(code, expected, "{}: {reason}", fixture.name);
                assert!(!reason.is_empty(), "{}: the reason says what was wrong", fixture.name);
            }
            (None, Heard::Message(answer)) => {
                let told = (&answer["t"], &answer["id"], &answer["code"]);
                assert_eq!(told, (&json!("err"), &json!(fixture.id), &json!("bad_request")), "{}", fixture.name);
                assert_eq!(socket.request(json!({"t": "ping"})).await["t"], "pong", "{}: it goes on", fixture.name);
            }
            (expected, heard) => panic!("{}: {expected:?}, but {heard:?}", fixture.name),
        }
    }
    // Frames that no fixture can hold.
    let codec = "estafette.v1.json";
    for (name, frame, expected) in [
        ("a message above the bound", Message::text("x".repeat(300_000)), 1009),
        ("a frame of the other codec", Message::binary(vec![0x90]), 4400),
        (
            "a second hello",
            Message::text(format!("[{{\"t\":\"hello\",\"token\":\"{}\",\"device\":\"d\"}}]", ada.token)),
            4400,
        ),
    ] {
        let mut socket = Socket::hello(&server, &ada.token, codec).await;
        socket.send_raw(frame).await;
        assert_eq!(socket.closed().await.0, expected, "{name}");
    }
    let mut socket = Socket::hello(&server, &ada.token, "estafette.v1.msgpack").await;
    let random: Bytes = (0..4096_u32).map(|n| u8::try_from((n * 193 + 71) % 256).unwrap()).collect();
    socket.send_raw(Message::binary(random)).await;
    assert_eq!(socket.closed().await.0, 4400);
    assert_eq!(census::take(&database.db()).await, before);
    assert_eq!(ada.get("/health/ready").await.status, 200);
}
