//! Job offers and their sources.

use super::harness::{World, offer_text};
use estafette_protocol::ErrorCode;
use serde_json::json;

#[actix::test]
async fn r16_a_pasted_text_is_one_offer_however_often() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let first = ana.ok("job_offer.create", json!({"text": offer_text("Cook")})).await;
    let second = ana.ok("job_offer.create", json!({"text": format!("  {}\r\n", offer_text("Cook"))})).await;
    assert_eq!(first["id"], second["id"]);
    assert_eq!((&first["source_type"], &first["extraction_model"]), (&json!("text"), &json!("offline")));
    assert!(first["source_value"].as_str().unwrap().starts_with("text:"));
    let list = ana.ok("job_offer.list", json!({"limit": "1"})).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["next"], json!(null));
    let ben = world.person("ben").await;
    assert_eq!(ben.refused("job_offer.get", json!({"id": first["id"]})).await, ErrorCode::NotFound);
}

#[actix::test]
async fn bad_sources_get_a_typed_error() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    for params in [
        json!({"text": "A recipe for a cake with many apples and some cinnamon on top."}),
        json!({"url": "http://127.0.0.1:9/"}),
        json!({"url": "not an address"}),
        json!({}),
    ] {
        assert_eq!(ana.refused("job_offer.create", params.clone()).await, ErrorCode::BadRequest, "{params}");
    }
    assert_eq!(ana.refused("job_offer.create", json!({"upload_id": "nope"})).await, ErrorCode::NotFound);
    assert_eq!(world.number("SELECT count(*) FROM cv.job_offers").await, 0);
}

#[actix::test]
async fn lists_are_paged_without_gap_or_repetition() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(ana.cv().await);
    }
    let (mut seen, mut after) = (Vec::new(), json!(null));
    loop {
        let page = ana.ok("cv.list", json!({"limit": 2, "after": after})).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|cv| cv["id"].as_str().unwrap().to_owned()));
        after = page["next"].clone();
        if after.is_null() {
            break;
        }
    }
    made.reverse();
    assert_eq!(seen, made);
    assert_eq!(ana.refused("cv.list", json!({"limit": 0})).await, ErrorCode::BadRequest);
    assert_eq!(ana.refused("cv.list", json!({"limit": 101})).await, ErrorCode::BadRequest);
}
