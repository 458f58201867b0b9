//! Job pages, with the facts of a list beside their folder (`SOURCES.json`: `file`, `facts {isJob, title, company,
//! location}`). Contract, salary and skills are shown; the list has no facts about them.

use super::{Report, Row, close};
use crate::cv::brain::types::OfferSource;
use crate::cv::offline;
use crate::extract::{html, markdown};
use serde::Deserialize;
use std::path::Path;

/// Characters of a cell.
const CELL_CHARS: usize = 48;

#[derive(Debug, Clone, Deserialize)]
struct Source {
    file: String,
    facts: Option<Facts>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    is_job: bool,
    title: Option<String>,
    company: Option<String>,
    location: Option<String>,
}

/// Reads the pages that the list names. `list`: a JSON file; its `file`s are relative to its folder.
///
/// # Errors
/// A sentence: the list or a page cannot be read.
pub async fn list(list: &Path) -> Result<Report, String> {
    let text = std::fs::read_to_string(list).map_err(|error| format!("{}: {error}", list.display()))?;
    let sources: Vec<Source> = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", list.display()))?;
    let folder = list.parent().unwrap_or(Path::new("."));
    let head = ["page", "title", "company", "location", "contract", "salary", "skills"].map(str::to_owned).to_vec();
    let mut report = Report { head, ..Report::default() };
    for source in sources {
        let Some(facts) = source.facts else { continue };
        let page =
            std::fs::read_to_string(folder.join(&source.file)).map_err(|error| format!("{}: {error}", source.file))?;
        let read = of_page(page, source.file.ends_with(".md")).await?;
        let found = offline::extraction(&read);
        let name = source.file.rsplit('/').next().unwrap_or_default().to_owned();
        if !facts.is_job {
            report.fact(!found.is_job_offer, || format!("{name}: was read as an offer, and is none"));
            report
                .rows
                .push(Row { cells: vec![name, format!("refused: {}", cut(found.refusal.as_deref().unwrap_or("no")))] });
            continue;
        }
        report
            .fact(found.is_job_offer, || format!("{name}: was refused: {}", found.refusal.clone().unwrap_or_default()));
        let offer = found.offer;
        let place = [offer.location.city.clone(), offer.location.country.clone()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", ");
        let remote = offer.location.remote.map_or_else(String::new, |remote| format!("{remote:?}").to_lowercase());
        let mut cells = vec![name.clone()];
        let checks = [
            ("title", &facts.title, offer.title.clone().unwrap_or_default()),
            ("company", &facts.company, offer.company.clone().unwrap_or_default()),
            ("location", &facts.location, format!("{place} {remote}").trim().to_owned()),
        ];
        for (what, wanted, had) in checks {
            let Some(wanted) = wanted else {
                cells.push(format!("({})", cut(&had)));
                continue;
            };
            let is = if what == "location" { same_place(&had, wanted) } else { close(&had, wanted) };
            report.fact(is, || format!("{name}: {what} `{wanted}`, found `{had}`"));
            cells.push(format!("{} {}", if is { "✓" } else { "✗" }, cut(&had)));
        }
        cells.push(offer.contract.map_or_else(|| "–".to_owned(), |contract| format!("{contract:?}")));
        let salary = &offer.salary;
        let sum = |amount: Option<f64>| amount.map_or_else(String::new, |amount| amount.to_string());
        let range = format!("{}–{} {}", sum(salary.min), sum(salary.max), salary.currency.clone().unwrap_or_default());
        cells.push(if salary.min.is_some() || salary.max.is_some() { range } else { "–".to_owned() });
        cells.push(cut(&offer.skills.required.join(", ")));
        report.rows.push(Row { cells });
    }
    Ok(report)
}

async fn of_page(page: String, is_markdown: bool) -> Result<OfferSource, String> {
    if is_markdown {
        let parsed = markdown::parse(&page);
        return Ok(OfferSource { text: parsed.text, meta: parsed.facts, ..OfferSource::default() });
    }
    let page = html::page(page).await.map_err(|error| error.to_string())?;
    Ok(OfferSource {
        url: None,
        title: page.title,
        lang: page.lang,
        text: page.text,
        job_posting: page.job_postings.into_iter().next(),
        meta: page.meta,
    })
}

/// One word of the place is enough: "Prague and Brno", "remote, USA only".
fn same_place(found: &str, wanted: &str) -> bool {
    let found = super::words(found).replace("full", "remote").replace("czechia", "czech republic");
    super::words(wanted).split(' ').any(|word| word.len() > 3 && found.contains(word))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(CELL_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
