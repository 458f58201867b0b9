//! The rules of the CV product on published CVs and offers: edits, proposed changes and their review, reading an offer,
//! classifying, rewriting, scoring.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../protocol/benches/harness/mod.rs"]
mod harness;

use estafette_cv_benches::cv::brain::types::{JobOffer, OfferSource, ScoreInput, StepInput};
use estafette_cv_benches::cv::brain::{classify, extract_offer, outcome, rewrite, score};
use estafette_cv_benches::cv::rules::{change, patch, resume, review};
use estafette_protocol::cv::ChangeId;
use estafette_protocol::cv::change::{Change, ReviewDecision};
use harness::{Path, path};
use serde_json::{Value, json};
use std::hint::black_box;

/// The day for which years are counted.
const TODAY: &str = "2026-11-21";

fn read(text: &str) -> Value {
    resume::parse(serde_json::from_str(text).unwrap()).unwrap()
}

/// 6 KiB, three jobs, many projects.
fn source() -> Value {
    read(include_str!("../demo/cvs/en-jane-developer-complete.json"))
}

/// 16 jobs.
fn long_source() -> Value {
    read(include_str!("../demo/cvs/fr-charles-desneuf-16-jobs-redacted.json"))
}

/// What a generation makes of a CV, as far as a review can tell: a text of each job, the skills and the summary are
/// new, the first project was left out.
fn adapted(source: &Value) -> (Value, Vec<change::Kept>) {
    let mut result = source.clone();
    result["basics"]["summary"] = json!("Backend engineer who builds systems that stay up, in Rust and PostgreSQL.");
    for job in result["work"].as_array_mut().unwrap() {
        job["summary"] = json!(format!("{} Kept 40 services running.", job["summary"].as_str().unwrap_or_default()));
    }
    result["skills"].as_array_mut().unwrap().reverse();
    let kept = |section, from: usize, to: usize| change::Kept { section, indices: (from..to).collect() };
    let jobs = result["work"].as_array().map_or(0, Vec::len);
    let projects = result["projects"].as_array_mut().map_or(0, |projects| {
        projects.remove(0);
        projects.len()
    });
    (result, vec![kept("work", 0, jobs), kept("projects", 1, projects + 1)])
}

fn changes(source: &Value, result: &Value, kept: &[change::Kept]) -> Vec<Change> {
    let mut last = 0;
    let mut ids = || {
        last += 1;
        ChangeId::parse(format!("c{last}")).ok()
    };
    let reason = |_: &str, _: Option<usize>, _: Option<&str>| "the offer asks for it".to_owned();
    change::between(source, result, kept, &reason, &mut ids)
}

/// A person's edit: the patch is read and checked, the CV is copied, patched and checked.
fn edit() -> Box<dyn FnMut()> {
    let source = source();
    let operations = json!([
        {"op": "replace", "path": "/basics/summary", "value": "Builds systems that stay up."},
        {"op": "add", "path": "/work/0/highlights/-", "value": "Cut the p99 from 800 ms to 40 ms"},
        {"op": "move", "from": "/skills/0", "path": "/skills/1"},
        {"op": "remove", "path": "/projects/0"}]);
    Box::new(move || {
        let patch = patch::parse(black_box(&operations)).unwrap();
        black_box(patch::edit(&source, 7, 7, &patch).unwrap().unwrap());
    })
}

/// The patch that leads from one state of a CV to another, as every revision has one.
fn diff() -> Box<dyn FnMut()> {
    let source = long_source();
    let mut result = source.clone();
    for job in result["work"].as_array_mut().unwrap() {
        job["summary"] = json!("Développement et maintenance de services, en équipe.");
    }
    Box::new(move || {
        black_box(patch::between(black_box(&source), &result));
    })
}

fn propose() -> Box<dyn FnMut()> {
    let source = source();
    let (result, kept) = adapted(&source);
    Box::new(move || {
        black_box(changes(black_box(&source), &result, &kept));
    })
}

/// All changes are decided in one call, every second one put back.
fn decide() -> Box<dyn FnMut()> {
    let source = source();
    let (result, kept) = adapted(&source);
    let changes = changes(&source, &result, &kept);
    let decisions: Vec<ReviewDecision> = changes
        .iter()
        .enumerate()
        .map(|(at, change)| ReviewDecision { change_id: change.id.clone(), accept: at % 2 == 0 })
        .collect();
    let now = chrono::DateTime::from_timestamp(1_763_702_175, 0).unwrap();
    Box::new(move || {
        black_box(review::decide(black_box(&result), &changes, &decisions, now).unwrap());
    })
}

fn check() -> Box<dyn FnMut()> {
    let source = long_source();
    Box::new(move || {
        black_box(resume::parse(black_box(&source).clone()).unwrap());
    })
}

fn posting() -> OfferSource {
    let page = include_str!("../demo/jobs/en-cds-senior-python-developer.md");
    let text = page.splitn(3, "---").last().unwrap().to_owned();
    OfferSource { title: Some("Senior Python developer".to_owned()), text, ..OfferSource::default() }
}

fn offer() -> JobOffer {
    extract_offer(&posting()).unwrap().offer
}

fn read_offer() -> Box<dyn FnMut()> {
    let posting = posting();
    Box::new(move || {
        black_box(extract_offer(black_box(&posting)).unwrap());
    })
}

fn step() -> StepInput {
    StepInput { cv: source().into(), offer: Some(offer()), today: Some(TODAY.to_owned()), ..StepInput::default() }
}

fn classification() -> Box<dyn FnMut()> {
    let step = step();
    Box::new(move || {
        black_box(outcome::classification(&step, classify(black_box(&step))));
    })
}

/// The batch of the skills: what a rule proposes, and what of it may stand.
fn rewriting() -> Box<dyn FnMut()> {
    let mut step = step();
    step.classification = Some(outcome::classification(&step, classify(&step)));
    Box::new(move || {
        black_box(outcome::skills(&step, &rewrite::skills(black_box(&step))));
    })
}

/// As within a generation: the texts were read by another step before.
fn scoring() -> Box<dyn FnMut()> {
    let input = ScoreInput { cv: source().into(), offer: offer(), language: None, today: Some(TODAY.to_owned()) };
    Box::new(move || {
        black_box(score(black_box(&input)));
    })
}

/// Of a CV that nobody read before: each run's texts end in one space more.
fn scoring_at_first() -> Box<dyn FnMut()> {
    fn lengthen(value: &mut Value) {
        match value {
            Value::String(text) => text.push(' '),
            Value::Array(items) => items.iter_mut().for_each(lengthen),
            Value::Object(map) => map.values_mut().for_each(lengthen),
            _ => {}
        }
    }
    let mut cv = source();
    let mut input = ScoreInput { offer: offer(), today: Some(TODAY.to_owned()), ..ScoreInput::default() };
    Box::new(move || {
        lengthen(&mut cv);
        input.cv = cv.clone().into();
        black_box(score(black_box(&input)));
    })
}

const PATHS: &[Path] = &[
    path("merge/edit_4_operations", 50, edit),
    path("merge/patch_between_two_states", 50, diff),
    path("merge/propose_changes", 50, propose),
    path("merge/decide_all_changes", 20, decide),
    path("rules/check_resume", 50, check),
    path("rules/read_offer", 5, read_offer),
    path("rules/classify", 5, classification),
    path("rules/rewrite_skills", 5, rewriting),
    path("rules/score", 5, scoring),
    path("rules/score_at_first", 5, scoring_at_first),
];

fn main() {
    harness::main(PATHS);
}
