//! The CV product's payloads have the form on the wire that the README says.
#![allow(clippy::unwrap_used)]

use estafette_protocol::cv::call::{Generate, OfferSource};
use estafette_protocol::cv::catalog::{CALLS, EVENTS, TOPICS};
use estafette_protocol::cv::event::task::{StepCompleted, TaskEvent};
use estafette_protocol::cv::offer::JobOfferContent;
use estafette_protocol::cv::patch::PatchOperation;
use estafette_protocol::cv::resume::JsonResume;
use estafette_protocol::cv::status::{AiStatus, TaskType};
use estafette_protocol::{EventKind, Topic};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Reads a value and writes it again: nothing is lost, nothing is added.
fn same<T: DeserializeOwned + Serialize>(value: Value) -> T {
    let read: T = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), value);
    read
}

#[test]
fn keys_that_json_resume_does_not_know_are_kept() {
    let resume: JsonResume = same(json!({
        "basics": {"name": "Kitō", "x-pronouns": "they", "location": {"countryCode": "JP", "ward": 3}},
        "projects": [{"name": "n", "type": "application", "env": ["a"]}],
        "custom": {"deep": [1, null]},
    }));
    assert_eq!(resume.basics.unwrap().location.unwrap().country_code.as_deref(), Some("JP"));
    assert_eq!(resume.other.0["custom"]["deep"][1], Value::Null);
}

#[test]
fn an_offer_of_a_generation_is_an_object_with_one_key() {
    let generate: Generate = same(json!({
        "source_cv_id": "c1", "mode": "adapt",
        "offers": [{"url": "https://jobs.example/42"}, {"text": "t"}, {"upload_id": "u"}, {"job_offer_id": "j"}],
    }));
    assert_eq!(generate.offers[1], OfferSource::Text("t".to_owned()));
    for bad in [json!({}), json!({"url": "u", "text": "t"}), json!({"file": "f"}), json!("https://jobs.example")] {
        assert!(serde_json::from_value::<OfferSource>(bad.clone()).is_err(), "{bad}");
    }
    let optimize: Generate = serde_json::from_value(json!({"source_cv_id": "c1", "mode": "optimize"})).unwrap();
    assert!(optimize.offers.is_empty());
}

#[test]
fn r15_what_an_offer_does_not_say_is_null_or_empty() {
    let content: JobOfferContent = serde_json::from_value(json!({"title": "Dev", "contract": "CDI"})).unwrap();
    let written = serde_json::to_value(content).unwrap();
    assert_eq!(written["company"], Value::Null);
    assert_eq!(written["salary"], json!({"min": null, "max": null, "currency": null, "period": null}));
    assert_eq!(written["skills"], json!({"required": [], "nice_to_have": []}));
    assert!(serde_json::from_value::<JobOfferContent>(json!({"contract": "permanent"})).is_err());
}

#[test]
fn a_products_fields_stand_beside_those_of_every_product() {
    let step: StepCompleted = same(json!({
        "step": "batch_experience[0,3]", "type": "batch_experience", "attempt": 2, "duration_ms": 1200,
        "offer_index": 0, "item_index": 3, "model_used": "offline", "prompt_tokens": 10, "estimated_cost": 0.25,
    }));
    assert_eq!(step.step.duration_ms, 1200);
    assert_eq!(step.labels.item_index, Some(3));
    let started: TaskEvent = same(json!({
        "id": "t1", "type": "generate-cv", "status": "running", "attempt": 1, "node": "n1", "rescues": 0,
    }));
    assert_eq!(started.counts.total_offers, None);
}

#[test]
fn a_patch_is_rfc_6902() {
    let _: Vec<PatchOperation> = same(json!([
        {"op": "test", "path": "/basics/label", "value": null},
        {"op": "replace", "path": "/basics/label", "value": "Dev"},
        {"op": "add", "path": "/work/-", "value": {}},
        {"op": "move", "from": "/work/1", "path": "/work/0"},
        {"op": "copy", "from": "/work/1", "path": "/work/0"},
        {"op": "remove", "path": "/meta"},
    ]));
    assert!(serde_json::from_value::<PatchOperation>(json!({"op": "add", "path": "/a"})).is_err(), "no value");
    assert!(serde_json::from_value::<PatchOperation>(json!({"op": "merge", "path": "/a", "value": 1})).is_err());
}

#[test]
fn words_are_the_same_in_rust_on_the_wire_and_in_the_database() {
    for word in TaskType::ALL {
        assert_eq!(serde_json::to_value(word).unwrap(), word.as_str());
        assert_eq!(word.as_str().parse::<TaskType>().unwrap(), *word);
    }
    assert_eq!(TaskType::CalculateMatchScore.feature_name(), "calculate_match_score");
    let refusal = "loading".parse::<AiStatus>().unwrap_err().to_string();
    assert_eq!(refusal, "AiStatus must be one of idle, inprogress, done, failed");
}

#[test]
fn the_catalog_has_each_kind_once_and_only_valid_names() {
    let mut kinds: Vec<_> = EVENTS.iter().map(|event| (event.family, event.kind)).collect();
    for (family, kind) in &kinds {
        assert!(TOPICS.iter().any(|topic| topic.family == *family), "{family}");
        assert!(Topic::parse(family).is_ok() && EventKind::parse(kind).is_ok(), "{family} {kind}");
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), EVENTS.len());
    let mut methods: Vec<_> = CALLS.iter().map(|call| call.method).collect();
    methods.sort_unstable();
    methods.dedup();
    assert_eq!(methods.len(), CALLS.len());
}
