//! Job pages, with what a person read in them: a JSON list of `{file, facts {isJob, title, company, location, contract,
//! salary {min, max, currency}, skills}}`. What is not stated is shown and not compared. Files named `neg-` must be refused.
//! [`pages.json`](pages.json) has the facts of public pages; those of them that this repository may carry are in `src/demo`.

use super::{ReadsPdfs, Report, Row, close};
use crate::cv::brain::types::{JobOffer, JobSalary, OfferSource};
use crate::cv::offline;
use crate::extract::{html, markdown};
use serde::Deserialize;
use std::path::Path;

/// Characters of a cell.
const CELL_CHARS: usize = 48;

/// A page and what a person read in it.
#[derive(Debug, Clone, Deserialize)]
pub struct Page {
    /// The file, relative to the folder.
    pub file: String,
    facts: Option<Facts>,
    /// This repository has it, in `src/demo/jobs`.
    #[serde(default)]
    pub carried: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    is_job: bool,
    title: Option<String>,
    company: Option<String>,
    location: Option<String>,
    contract: Option<String>,
    salary: Option<Sum>,
    #[serde(default)]
    skills: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Sum {
    min: Option<f64>,
    max: Option<f64>,
    currency: Option<String>,
}

/// The pages of a list.
///
/// # Errors
/// A sentence: it is not such a list.
pub fn pages(text: &str) -> Result<Vec<Page>, String> {
    serde_json::from_str(text).map_err(|error| format!("the list of pages: {error}"))
}

/// Reads the pages that the list names. `list`: a JSON file; its `file`s are relative to `folder`, else to its own.
///
/// # Errors
/// A sentence: the list or a page cannot be read.
pub async fn list(pdf: &impl ReadsPdfs, list: &Path, folder: Option<&Path>) -> Result<Report, String> {
    let text = std::fs::read_to_string(list).map_err(|error| format!("{}: {error}", list.display()))?;
    let own = list.parent().unwrap_or(Path::new("."));
    let here = folder.unwrap_or(own);
    let mut pages = pages(&text)?;
    // A list may tell of more than a folder of pages has.
    if folder.is_some() {
        pages.retain(|page| here.join(&page.file).exists());
    }
    read(pdf, &pages, here).await
}

/// Compares what is read of pages with what a person read.
///
/// # Errors
/// A sentence: a page cannot be read.
pub async fn read(pdf: &impl ReadsPdfs, pages: &[Page], folder: &Path) -> Result<Report, String> {
    let head = ["page", "title", "company", "location", "contract", "salary", "skills"].map(str::to_owned).to_vec();
    let mut report = Report { head, ..Report::default() };
    for page in pages {
        let Some(facts) = &page.facts else { continue };
        let found = offline::extraction(&source_of(pdf, &folder.join(&page.file)).await?);
        let name = page.file.rsplit('/').next().unwrap_or_default().to_owned();
        if !facts.is_job || name.starts_with("neg-") {
            report.fact(!found.is_job_offer, || format!("{name}: was read as an offer, and should be refused"));
            let why = found.refusal.as_deref().unwrap_or("no");
            report.rows.push(Row { cells: vec![name, format!("refused: {}", cut(why))] });
            continue;
        }
        report
            .fact(found.is_job_offer, || format!("{name}: was refused: {}", found.refusal.clone().unwrap_or_default()));
        let cells = compare(&mut report, &name, facts, &found.offer);
        report.rows.push(Row { cells });
    }
    Ok(report)
}

fn compare(report: &mut Report, name: &str, facts: &Facts, offer: &JobOffer) -> Vec<String> {
    let place = [offer.location.city.clone(), offer.location.country.clone()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ");
    let remote = offer.location.remote.map_or_else(String::new, |remote| format!("{remote:?}").to_lowercase());
    let mut cells = vec![name.to_owned()];
    let contract = offer.contract.map_or_else(String::new, |contract| format!("{contract:?}"));
    let salary = told(&offer.salary);
    let wanted_salary = facts.salary.as_ref().map(|sum| {
        let all = JobSalary { min: sum.min, max: sum.max, currency: sum.currency.clone(), ..JobSalary::default() };
        told(&all)
    });
    let checks = [
        ("title", &facts.title, offer.title.clone().unwrap_or_default()),
        ("company", &facts.company, offer.company.clone().unwrap_or_default()),
        ("location", &facts.location, format!("{place} {remote}").trim().to_owned()),
        ("contract", &facts.contract, contract),
        ("salary", &wanted_salary, salary),
    ];
    for (what, wanted, had) in checks {
        let Some(wanted) = wanted else {
            cells.push(if had.is_empty() { "–".to_owned() } else { format!("({})", cut(&had)) });
            continue;
        };
        let is = match what {
            "location" => same_place(&had, wanted),
            "contract" | "salary" => super::same(&had, wanted),
            _ => close(&had, wanted),
        };
        report.fact(is, || format!("{name}: {what} `{wanted}`, found `{had}`"));
        cells.push(format!("{} {}", if is { "✓" } else { "✗" }, cut(&had)));
    }
    let had: Vec<&String> = offer.skills.required.iter().chain(&offer.skills.nice_to_have).collect();
    let mut there = 0;
    for wanted in &facts.skills {
        let is = had.iter().any(|had| close(had, wanted) || super::same_skill(had, wanted));
        there += usize::from(report.fact(is, || format!("{name}: skill `{wanted}` among {had:?}")));
    }
    cells.push(format!("{} of {} named", super::mark(there, facts.skills.len()), had.len()));
    cells
}

fn told(salary: &JobSalary) -> String {
    let sum = |amount: Option<f64>| amount.map_or_else(String::new, |amount| amount.to_string());
    if salary.min.is_none() && salary.max.is_none() {
        return String::new();
    }
    format!("{}–{} {}", sum(salary.min), sum(salary.max), salary.currency.clone().unwrap_or_default())
}

/// An offer's file as the server would read it: a Markdown text, a saved page, a PDF.
///
/// # Errors
/// A sentence: the file cannot be read.
pub async fn source_of(pdf: &impl ReadsPdfs, path: &Path) -> Result<OfferSource, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    if name.ends_with(".pdf") {
        let read = pdf(std::fs::read(path).map_err(told)?).await;
        let text = read.map_err(|error| format!("{name}: {error}"))?.text;
        return Ok(OfferSource { text, ..OfferSource::default() });
    }
    let page = std::fs::read_to_string(path).map_err(told)?;
    if name.ends_with(".md") {
        let parsed = markdown::parse(&page);
        return Ok(OfferSource { text: parsed.text, meta: parsed.facts, ..OfferSource::default() });
    }
    let page = html::page(page).await.map_err(|error| format!("{name}: {error}"))?;
    Ok(OfferSource {
        url: None,
        title: page.title,
        lang: page.lang,
        text: page.text,
        job_posting: page.job_postings.into_iter().next(),
        meta: page.meta,
    })
}

/// Cities that English calls otherwise than their country does.
const EXONYMS: &[(&str, &str)] = &[
    ("praha", "prague"),
    ("plzen", "pilsen"),
    ("wien", "vienna"),
    ("munchen", "munich"),
    ("koln", "cologne"),
    ("geneve", "geneva"),
    ("bruxelles", "brussels"),
    ("warszawa", "warsaw"),
    ("krakow", "cracow"),
    ("roma", "rome"),
    ("milano", "milan"),
    ("lisboa", "lisbon"),
    ("kobenhavn", "copenhagen"),
];

/// One word of the place is enough: "Prague and Brno", "remote, USA only".
fn same_place(found: &str, wanted: &str) -> bool {
    let plain = |text: &str| -> Vec<String> {
        let text = super::words(text).replace("full", "remote").replace("czechia", "czech republic");
        let english =
            |word: &str| EXONYMS.iter().find(|(own, _)| *own == word).map_or(word, |(_, english)| english).to_owned();
        text.split(' ').map(english).collect()
    };
    let found = plain(found);
    plain(wanted).iter().any(|word| word.len() > 3 && found.contains(word))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(CELL_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
