//! Job offers that cannot be read: files and pages.

use super::Stage;
use crate::support::pdf;
use crate::support::site::Site;
use serde_json::json;

#[actix_web::test]
async fn files_that_are_no_readable_pdf() {
    let mut stage = Stage::set(&[]).await;
    let ada = stage.ada.clone();
    ada.upload("cv.pdf", b"PK\x03\x04 this is an archive".to_vec()).await.refused(400, "bad_request", "not a PDF");
    ada.upload("empty.pdf", Vec::new()).await.refused(400, "bad_request", "not a PDF");
    let mut large = pdf::with_text("large");
    large.resize(11 * 1024 * 1024, b' ');
    ada.upload("large.pdf", large).await.refused(413, "payload_too_large", "10 MB");
    let form = reqwest::multipart::Form::new().text("other", "field");
    let request = ada.request(reqwest::Method::POST, "/v1/cv/uploads").multipart(form);
    ada.send(request).await.refused(400, "bad_request", "`file`");
    let request = ada.request(reqwest::Method::POST, "/v1/cv/uploads").json(&json!({"file": "x"}));
    ada.send(request).await.refused(400, "bad_request", "multipart");
    let missing = json!({"upload_id": "czzzzzzzzzzzzzzzzzzzzzzz"});
    ada.post("/v1/cv/job-offers", missing).await.refused(404, "not_found", "no uploaded");
    stage.is_untouched("files that are refused at the door").await;

    // These look like PDFs until they are read.
    for (bytes, reason, says) in [
        (pdf::noise(), "not_a_pdf", "upload a PDF"),
        (pdf::cut_off(), "pdf_broken", "export it again"),
        (pdf::encrypted(), "pdf_encrypted", "remove its password"),
        (pdf::image_only(), "pdf_no_text", "only pictures"),
        (pdf::bomb(), "pdf_too_complex", "too much time or memory"),
    ] {
        let upload = ada.upload(&format!("{reason}.pdf"), bytes.clone()).await.ok();
        stage.count_again().await;
        let problem =
            ada.post("/v1/cv/job-offers", json!({"upload_id": upload["id"]})).await.refused(400, "bad_request", says);
        assert_eq!(problem["details"]["reason"], reason, "{problem:#}");
        stage.is_untouched(reason).await;
        // The same in one request: the file does not stay behind.
        let part = reqwest::multipart::Part::bytes(bytes).file_name("one.pdf");
        let form = reqwest::multipart::Form::new().part("file", part);
        let request = ada.request(reqwest::Method::POST, "/v1/cv/job-offers").multipart(form);
        ada.send(request).await.refused(400, "bad_request", says);
        stage.is_untouched(&format!("{reason}, sent as an offer")).await;
    }
}

#[actix_web::test]
async fn pages_that_are_no_readable_offer() {
    let site = Site::start();
    let stage = Stage::set(&[("ESTAFETTE_FETCH_ALLOW", &site.host_port)]).await;
    let ada = &stage.ada;
    for (url, reason, says) in [
        (site.url("/gone"), "not_found", "check the address"),
        (site.url("/huge"), "page_too_large", "paste the offer's text"),
        (site.url("/redirect"), "private_address", "private network"),
        (site.url("/loop"), "too_many_redirects", "redirects more than"),
        (site.url("/image"), "unsupported_type", "use the address of the offer"),
        (site.url("/broken.pdf"), "pdf_broken", "export it again"),
        (site.url("/recipe"), "not_a_job_offer", ""),
        ("http://127.0.0.1:9/job".to_owned(), "private_address", "private network"),
        ("http://localhost:9/job".to_owned(), "private_address", "private network"),
        ("http://[::1]:9/job".to_owned(), "private_address", "private network"),
        ("http://10.1.2.3/job".to_owned(), "private_address", "private network"),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), "private_address", "private network"),
        ("http://2130706433/job".to_owned(), "private_address", "private network"),
        ("http://[::ffff:127.0.0.1]/job".to_owned(), "private_address", "private network"),
    ] {
        let problem = ada.post("/v1/cv/job-offers", json!({"url": url})).await.refused(400, "bad_request", says);
        assert_eq!(problem["details"]["reason"], reason, "{url}: {problem:#}");
        stage.is_untouched(&url).await;
    }
    for (source, says) in [
        (json!({"url": "not an address"}), "not an address"),
        (json!({"url": "ftp://example.org/job"}), "http"),
        (json!({"url": "file:///etc/passwd"}), "http"),
        (json!({"url": "https://ada:secret@example.org/job"}), "password"),
        (json!({"text": "too short"}), "too short"),
        (json!({"text": "x".repeat(70_000)}), "64 KiB"),
        (json!({}), ""),
        (json!({"link": "https://example.org"}), "link"),
    ] {
        ada.post("/v1/cv/job-offers", source.clone()).await.refused(400, "bad_request", says);
        // A generation refuses the same before it charges.
        ada.generate(&stage.cv, json!([source])).await.refused(400, "bad_request", says);
        stage.is_untouched(&source.to_string()).await;
    }
    assert_eq!(site.visits_behind(), 0, "nobody got behind the site");
    // What the buffers on the way took before the connection was closed counts as sent: never the whole of its 50 MiB.
    assert!(site.huge_sent() < 40 * 1024 * 1024, "{} bytes of a page that is too large", site.huge_sent());
    site.stop().await;
}
