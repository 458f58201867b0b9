//! PDFs are read and made in processes of their own: a file that unfolds to gigabytes ends one of them and takes nothing
//! from the server, and none outlives it.

use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::{eventually, offer_text, pdf};
use serde_json::json;

/// What a server may grow by while it has bombs read: their uploads, and the allocator's own reserves.
const GROWTH_KIB: u64 = 32 * 1024;

/// The processes that read or make PDFs for any server of this build, and whose children they are.
fn helpers() -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let of = |file: &str| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        let command = of("cmdline");
        let parent = of("stat").rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        if let (true, Some(parent)) = (command.contains("read-pdfs") || command.contains("estafette-press"), parent) {
            found.push((pid, parent));
        }
    }
    found
}

fn helpers_of(server: &Server) -> Vec<u32> {
    helpers().into_iter().filter(|(_, parent)| *parent == server.pid()).map(|(pid, _)| pid).collect()
}

#[actix_web::test]
async fn bombs_end_their_reader_and_the_server_does_not_notice() {
    let database = estafette::testing::database().await;
    let server = Server::on(&database.url(), &[]);
    let ada = Person::sign_up(&server, "ada").await;
    let bomb = ada.upload("bomb.pdf", pdf::bomb()).await.ok();
    let good = ada.upload("offer.pdf", pdf::with_text(&offer_text(2))).await.ok();
    let before = server.memory_kib();
    let tries = (0..6).map(|_| ada.post("/v1/cv/job-offers", json!({"upload_id": bomb["id"]})));
    for answer in futures_util::future::join_all(tries).await {
        let problem = answer.refused(400, "bad_request", "too much time or memory");
        assert_eq!(problem["details"]["reason"], "pdf_too_complex");
    }
    let grown = server.memory_kib().saturating_sub(before);
    assert!(grown < GROWTH_KIB, "{grown} KiB more");
    ada.post("/v1/cv/job-offers", json!({"upload_id": good["id"]})).await.ok();
    let metrics = reqwest::get(server.url("/metrics")).await.unwrap().text().await.unwrap();
    let count = |outcome: &str| {
        let line =
            metrics.lines().find(|line| line.starts_with("estafette_sandbox_jobs_total") && line.contains(outcome));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).unwrap_or_default()
    };
    assert_eq!((count("\"died\""), count("\"made\"")), (6, 1), "{metrics}");
}

#[actix_web::test]
async fn readers_and_typesetters_end_with_their_server_however_it_ends() {
    for end in ["-KILL", "-TERM"] {
        let database = estafette::testing::database().await;
        let mut server = Server::on(&database.url(), &[]);
        let ada = Person::sign_up(&server, "ada").await;
        assert!(helpers_of(&server).is_empty(), "none before there is work");
        let offer = ada.upload("offer.pdf", pdf::with_text(&offer_text(2))).await.ok();
        ada.post("/v1/cv/job-offers", json!({"upload_id": offer["id"]})).await.ok();
        let cv = ada.cv().await;
        let made = ada.send(ada.request(reqwest::Method::GET, &format!("/v1/cv/files/{cv}/export?format=pdf"))).await;
        assert_eq!(made.status, 200);
        let helpers_before = helpers_of(&server);
        assert_eq!(helpers_before.len(), 2, "a reader and a typesetter wait for more");
        server.signal(end);
        eventually("the end of its processes", async || {
            let alive = helpers().into_iter().filter(|(pid, _)| helpers_before.contains(pid)).count();
            if alive == 0 { Ok(()) } else { Err(format!("{alive} are still there")) }
        })
        .await;
        server.ended(crate::support::PATIENCE).await;
    }
}
