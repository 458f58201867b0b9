//! Matches of CVs with offers: for each offer, the CVs of the same trade against those of a foreign one; each CV before and
//! after it is adapted; each score twice.
//!
//! Which trade a CV or an offer is of, a person says ([`Trades`]): the titles that the rules read cannot judge the rules.
//! Without it, titles are all there is to go by.

use super::offers::source_of;
use super::{ReadsPdfs, Report, Row, files};
use crate::cv::brain::types::{JobOffer, Mode, ScoreInput, StepInput};
use crate::cv::brain::{outcome, rewrite, roles, score};
use crate::cv::rules::resume;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A title is of the same trade from here on, and foreign below the other.
const SAME_TRADE: f64 = 0.7;
const FOREIGN: f64 = 0.1;
/// The day for which years are counted.
const TODAY: &str = "2026-11-21";

/// Which trades the files are of, as a person says.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Trades {
    /// File name → trade, of CVs and offers. A file that is not named is compared with none.
    pub trades: BTreeMap<String, String>,
    /// Trades that share so much that neither is foreign to the other.
    #[serde(default)]
    pub near: Vec<Vec<String>>,
}

/// What a CV is to an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// Of the same trade.
    Fitting,
    /// Of one that has nothing to do with it.
    Foreign,
    /// Something between, or nobody said.
    Between,
}

impl Trades {
    /// Reads a JSON file.
    ///
    /// # Errors
    /// A sentence: the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn fit(&self, cv: &str, offer: &str) -> Fit {
        match (self.trades.get(cv), self.trades.get(offer)) {
            (Some(a), Some(b)) if a == b => Fit::Fitting,
            (Some(a), Some(b)) if !self.near.iter().any(|group| group.contains(a) && group.contains(b)) => Fit::Foreign,
            _ => Fit::Between,
        }
    }
}

fn by_titles(cv: &Value, offer: &JobOffer) -> Fit {
    match closeness(cv, offer.title.as_deref().unwrap_or_default()) {
        close if close >= SAME_TRADE => Fit::Fitting,
        close if close <= FOREIGN => Fit::Foreign,
        _ => Fit::Between,
    }
}

/// How a CV is adapted: the steps of a generation, by the rules.
pub fn adapted(cv: &Value, offer: &JobOffer) -> Value {
    let mut step = StepInput {
        cv: cv.clone().into(),
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
    score(&ScoreInput { cv: cv.clone().into(), offer: offer.clone(), language: None, today: Some(TODAY.to_owned()) })
        .total
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
pub async fn folder(
    pdf: &impl ReadsPdfs,
    cvs: &Path,
    offers: &[(String, JobOffer)],
    trades: Option<&Trades>,
    order_only: bool,
) -> Result<Report, String> {
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
        if let Ok(read) = pdf(bytes).await {
            people.push((name, crate::cv::brain::import::read(&read.text).to_resume()));
        }
    }
    Ok(compare(&people, offers, trades, order_only))
}

/// Compares CVs with offers. `order_only`: neither adapted nor scored again.
pub fn compare(
    people: &[(String, Value)],
    offers: &[(String, JobOffer)],
    trades: Option<&Trades>,
    order_only: bool,
) -> Report {
    let head = ["offer", "fitting CVs", "foreign CVs", "pairs in order", "adapted ≥ before", "same again"]
        .map(str::to_owned)
        .to_vec();
    let mut report = Report { head, ..Report::default() };
    for (name, offer) in offers {
        let scored: Vec<(&str, Fit, i32, &Value)> = people
            .iter()
            .map(|(person, cv)| {
                let fit = trades.map_or_else(|| by_titles(cv, offer), |trades| trades.fit(person, name));
                (person.as_str(), fit, total(cv, offer), cv)
            })
            .collect();
        let of = |fit: Fit| -> Vec<_> { scored.iter().filter(|one| one.1 == fit).collect() };
        let (fitting, foreign) = (of(Fit::Fitting), of(Fit::Foreign));
        let mut in_order = 0;
        for (good, _, high, _) in &fitting {
            for (bad, _, low, _) in &foreign {
                in_order +=
                    usize::from(report.fact(high > low, || format!("{name}: {good} has {high}, {bad} has {low}")));
            }
        }
        let (mut raised, mut again) = (0, 0);
        for (person, _, before, cv) in scored.iter().filter(|_| !order_only) {
            let after = total(&adapted(cv, offer), offer);
            raised += usize::from(
                report.fact(after >= *before, || format!("{name}: {person} had {before}, adapted {after}")),
            );
            let second = total(cv, offer);
            again +=
                usize::from(report.fact(second == *before, || format!("{name}: {person} had {before}, then {second}")));
        }
        let told = |list: &[&(&str, Fit, i32, &Value)]| {
            let (low, high) = (list.iter().map(|one| one.2).min(), list.iter().map(|one| one.2).max());
            low.zip(high).map_or_else(|| "–".to_owned(), |(low, high)| format!("{} ({low}–{high})", list.len()))
        };
        let looked_at = if order_only { 0 } else { scored.len() };
        let cells = vec![
            name.clone(),
            told(&fitting),
            told(&foreign),
            super::mark(in_order, fitting.len() * foreign.len()),
            super::mark(raised, looked_at),
            super::mark(again, looked_at),
        ];
        report.rows.push(Row { cells });
    }
    report
}

/// The offers of a folder: Markdown texts, saved pages, PDFs. What is no offer is left out.
///
/// # Errors
/// A sentence: the folder or a file cannot be read.
pub async fn offers_of(pdf: &impl ReadsPdfs, folder: &Path) -> Result<Vec<(String, JobOffer)>, String> {
    let mut found = Vec::new();
    for ending in [".md", ".html", ".pdf"] {
        for (name, path) in files(folder, ending)? {
            if let Ok(draft) = crate::cv::brain::extract_offer(&source_of(pdf, &path).await?) {
                found.push((name, draft.offer));
            }
        }
    }
    Ok(found)
}
