//! Job offers and their sources.

use super::harness::{World, offer_text};
use crate::cv::pipeline::source::{self, Extracted};
use crate::cv::topics;
use actix_web::{App, HttpResponse, HttpServer, web};
use estafette_protocol::ErrorCode;
use estafette_protocol::cv::status::OfferSourceType;
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

/// Job pages on loopback; `/moved` redirects to the offer, `/inside` to a private place.
fn pages() -> (String, actix_web::dev::ServerHandle) {
    let page = |body: &'static str| {
        web::get().to(move || async move { HttpResponse::Ok().content_type("text/html; charset=utf-8").body(body) })
    };
    let to = |place: &'static str| {
        web::get().to(move || async move { HttpResponse::Found().insert_header(("location", place)).finish() })
    };
    let server = HttpServer::new(move || {
        App::new()
            .route("/job", page("<html><title>Job</title><body><main><h1>Rust developer</h1><p>We look for somebody who knows Rust.</p></main></body></html>"))
            .route("/moved", to("/job"))
            .route("/inside", to("http://169.254.169.254/latest"))
    })
    .workers(1)
    .bind("127.0.0.1:0")
    .unwrap();
    let address = server.addrs()[0].to_string();
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    (address, handle)
}

#[actix::test]
async fn r18_addresses_are_kept_once_and_the_last_used_is_on_top() {
    let (address, handle) = pages();
    let world = World::start_allowing(&address).await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let url = |path: &str| format!("http://{address}{path}");
    let offers = json!([{"url": url("/job")}, {"url": url("/moved")}]);
    let done = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": offers})).await;
    assert_eq!(done["task"]["completed_offers"], 2, "{done:#}");
    let again = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"url": url("/job#apply")}]});
    let done = ana.run("cv.generate", again).await;
    assert_eq!(done["task"]["status"], "completed");
    let history = ana.ok("link_history.list", json!({})).await;
    let urls: Vec<&str> =
        history["items"].as_array().unwrap().iter().map(|link| link["url"].as_str().unwrap()).collect();
    assert_eq!(urls, [url("/job"), url("/moved")]);
    let made = ana.get(done["offers"][0]["generated_cv_file_id"].as_str().unwrap()).await;
    assert_eq!(
        (&made["file"]["source_type"], &made["file"]["source_value"]),
        (&json!("link"), &json!(url("/job"))),
        "d6"
    );
    let first = history["items"][0]["id"].clone();
    ana.ok("link_history.delete", json!({"id": first})).await;
    assert_eq!(ana.refused("link_history.delete", json!({"id": first})).await, ErrorCode::NotFound);
    handle.stop(false).await;
}

#[actix::test]
async fn a_missing_page_and_a_redirect_inside_are_final_and_free() {
    let (address, handle) = pages();
    let world = World::start_allowing(&address).await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    for path in ["/nothing", "/inside"] {
        let offers = json!([{"url": format!("http://{address}{path}")}]);
        let done = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": offers})).await;
        assert_eq!(done["task"]["status"], "failed", "{path}");
        let extract = done["steps"].as_array().unwrap().iter().find(|step| step["step"] == "extract[0]").unwrap();
        assert_eq!(extract["attempt"], 1, "{path}: no second attempt");
        assert_eq!(ana.balance().await, 5);
    }
    handle.stop(false).await;
}

#[actix::test]
async fn d23_another_pdf_of_the_same_name_is_another_offer() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let read = |hash: &str| Extracted {
        stored: None,
        source_type: OfferSourceType::Pdf,
        source_value: "ad.pdf".to_owned(),
        content_hash: Some(hash.to_owned()),
        url: None,
        content: Default::default(),
        language: None,
        model: "offline".to_owned(),
        tokens: 0,
        report: serde_json::Map::new(),
    };
    let mut stored = Vec::new();
    for hash in ["a", "b", "a"] {
        let extracted = read(hash);
        let user = &ana.who.user;
        let (offer, _) = world
            .runtime
            .transaction(&topics::product(), async |tx| Ok(source::store(tx, user, &extracted).await?))
            .await
            .unwrap();
        stored.push((offer.source_value, offer.id));
    }
    assert_eq!((stored[0].0.as_str(), stored[1].0.as_str()), ("ad.pdf", "ad (2).pdf"));
    assert_eq!(stored[0], stored[2]);
}
