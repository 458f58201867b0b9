//! Matches of CVs with offers: for each offer, the CVs of the same trade against the others; each CV before and after it is
//! adapted; each score twice.

use super::{Report, Row, files};
use crate::cv::brain::types::{JobOffer, Mode, ScoreInput, StepInput};
use crate::cv::brain::{outcome, rewrite, roles, score};
use crate::cv::rules::resume;
use serde_json::Value;
use std::path::Path;

/// A title is of the same trade from here on, and foreign below the other.
const SAME_TRADE: f64 = 0.7;
const FOREIGN: f64 = 0.1;
/// The day for which years are counted.
const TODAY: &str = "2026-11-21";

/// How a CV is adapted: the steps of a generation, by the rules.
pub fn adapted(cv: &Value, offer: &JobOffer) -> Value {
    let mut step = StepInput {
        cv: cv.clone(),
        offer: Some(offer.clone()),
        mode: Mode::Adapt,
        today: Some(TODAY.to_owned()),
        ..StepInput::default()
    };
    step.classification = Some(crate::cv::brain::classify(&step));
    let mut out = cv.clone();
    // The sections whose words a score reads: an experience and the skills in their new order, the summary.
    let experiences = cv.get("work").and_then(Value::as_array).map_or(0, Vec::len);
    for index in 0..experiences {
        let one = StepInput { index: u32::try_from(index).ok(), ..step.clone() };
        let made = outcome::experience(&one, &rewrite::experience(&one));
        if let Some(place) = out.get_mut("work").and_then(|work| work.get_mut(index)) {
            *place = made.after;
        }
    }
    let made = outcome::skills(&step, &rewrite::skills(&step));
    if let Some(place) = out.get_mut("skills") {
        *place = made.after;
    }
    out
}

fn total(cv: &Value, offer: &JobOffer) -> i32 {
    score(&ScoreInput { cv: cv.clone(), offer: offer.clone(), language: None, today: Some(TODAY.to_owned()) }).total
}

/// How close anything that somebody was is to a title.
fn closeness(cv: &Value, wanted: &str) -> f64 {
    let work = cv.get("work").and_then(Value::as_array).into_iter().flatten().filter_map(|one| one.get("position"));
    let all = work.chain(cv.pointer("/basics/label")).filter_map(Value::as_str);
    all.map(|title| roles::closeness(title, wanted)).fold(0.0, f64::max)
}

/// Compares the CVs of a folder (JSON Resume, and PDFs that are read first) with offers.
///
/// # Errors
/// A sentence: the folder cannot be read.
pub async fn folder(cvs: &Path, offers: &[(String, JobOffer)]) -> Result<Report, String> {
    let mut people: Vec<(String, Value)> = Vec::new();
    for (name, path) in files(cvs, ".json")? {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        let parsed = serde_json::from_str(&text).ok().and_then(|value| resume::parse(value).ok());
        if let Some(cv) = parsed {
            people.push((name, cv));
        }
    }
    for (name, path) in files(cvs, ".pdf")? {
        let bytes = std::fs::read(&path).map_err(|error| format!("{name}: {error}"))?;
        if let Ok(read) = crate::extract::pdf::text(bytes).await {
            people.push((name, crate::cv::brain::import::read(&read.text).to_resume()));
        }
    }
    Ok(compare(&people, offers))
}

/// Compares CVs with offers.
pub fn compare(people: &[(String, Value)], offers: &[(String, JobOffer)]) -> Report {
    let head = ["offer", "fitting CVs", "foreign CVs", "pairs in order", "adapted ≥ before", "same again"]
        .map(str::to_owned)
        .to_vec();
    let mut report = Report { head, ..Report::default() };
    for (name, offer) in offers {
        let wanted = offer.title.clone().unwrap_or_default();
        let scored: Vec<(&str, f64, i32, &Value)> =
            people.iter().map(|(person, cv)| (person.as_str(), closeness(cv, &wanted), total(cv, offer), cv)).collect();
        let fitting: Vec<_> = scored.iter().filter(|(_, close, ..)| *close >= SAME_TRADE).collect();
        let foreign: Vec<_> = scored.iter().filter(|(_, close, ..)| *close <= FOREIGN).collect();
        let mut in_order = 0;
        for (good, _, high, _) in &fitting {
            for (bad, _, low, _) in &foreign {
                in_order +=
                    usize::from(report.fact(high > low, || format!("{name}: {good} has {high}, {bad} has {low}")));
            }
        }
        let (mut raised, mut again) = (0, 0);
        for (person, _, before, cv) in &scored {
            let after = total(&adapted(cv, offer), offer);
            raised += usize::from(
                report.fact(after >= *before, || format!("{name}: {person} had {before}, adapted {after}")),
            );
            let second = total(cv, offer);
            again +=
                usize::from(report.fact(second == *before, || format!("{name}: {person} had {before}, then {second}")));
        }
        let told = |list: &[&(&str, f64, i32, &Value)]| {
            let (low, high) = (list.iter().map(|one| one.2).min(), list.iter().map(|one| one.2).max());
            low.zip(high).map_or_else(|| "–".to_owned(), |(low, high)| format!("{} ({low}–{high})", list.len()))
        };
        let pairs = super::mark(in_order, fitting.len() * foreign.len());
        let cells = vec![
            name.clone(),
            told(&fitting),
            told(&foreign),
            pairs,
            super::mark(raised, scored.len()),
            super::mark(again, scored.len()),
        ];
        report.rows.push(Row { cells });
    }
    report
}

/// The offers of a list of pages ([`super::offers`]) and of a folder of texts.
///
/// # Errors
/// A sentence: the folder cannot be read.
pub fn offers_of(texts: &Path) -> Result<Vec<(String, JobOffer)>, String> {
    let mut found = Vec::new();
    for (name, path) in files(texts, ".md")? {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        let parsed = crate::extract::markdown::parse(&text);
        let source =
            crate::cv::brain::types::OfferSource { text: parsed.text, meta: parsed.facts, ..Default::default() };
        if let Ok(draft) = crate::cv::brain::extract_offer(&source) {
            found.push((name, draft.offer));
        }
    }
    Ok(found)
}
