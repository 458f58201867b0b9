//! What holds for every CV and every offer.

use super::material::{TODAY, cvs, offers, step, to_score};
use super::{Generation, generate};
use crate::cv::brain::skills::{self, Kind};
use crate::cv::brain::types::{Classification, JobOffer, ScoreInput, StepInput};
use crate::cv::brain::{context, score};
use crate::cv::pipeline::generation::compose;
use crate::cv::rules::change;
use crate::cv::rules::review::{self, Reviewed};
use chrono::DateTime;
use estafette_protocol::cv::change::ReviewDecision;
use estafette_protocol::cv::status::Decision;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn every_pair(mut check: impl FnMut(&str, &Value, &JobOffer)) {
    for (cv_name, cv) in cvs() {
        for (offer_name, offer) in offers() {
            check(&format!("{cv_name} for {offer_name}"), &cv, &offer);
        }
    }
}

/// R29: rejects changes in an order; nothing else may keep one from coming back.
fn rejected(done: &Generation, order: &[usize]) -> Reviewed {
    let changes = &done.result.changes;
    let decisions: Vec<ReviewDecision> =
        order.iter().map(|at| ReviewDecision { change_id: changes[*at].id.clone(), accept: false }).collect();
    let content = done.result.content.clone();
    if decisions.is_empty() {
        return Reviewed { content, changes: changes.clone(), decided: Vec::new() };
    }
    let reviewed = review::decide(&content, changes, &decisions, DateTime::UNIX_EPOCH).unwrap();
    for decided in &reviewed.decided {
        assert_eq!(decided.decision, Decision::Rejected, "{:?}", decided.change);
    }
    reviewed
}

/// The source as it comes back: a CV without basics keeps an empty one.
fn come_back(cv: &Value, done: &Generation) -> Value {
    let mut source = cv.clone();
    if source.get("basics").is_none() && done.result.content.get("basics").is_some() {
        source["basics"] = json!({});
    }
    source
}

fn check_changes(name: &str, cv: &Value, done: &Generation) {
    let changes = &done.result.changes;
    for one in changes {
        assert!(change::still_there(&done.result.content, one), "{name} {one:?}");
        assert!(one.reason.len() > 10 && one.before != one.after, "{name} {one:?}");
    }
    let all: Vec<usize> = (0..changes.len()).collect();
    let back: Vec<usize> = all.iter().rev().copied().collect();
    let source = come_back(cv, done);
    assert_eq!(rejected(done, &all).content, source, "{name}");
    assert_eq!(rejected(done, &back).content, source, "{name}");
}

#[test]
fn r28_changes_never_overlap_and_r29_all_can_be_undone() {
    every_pair(|name, cv, offer| check_changes(name, cv, &generate(&step(cv, Some(offer)))));
    for (name, cv) in cvs() {
        check_changes(name, &cv, &generate(&step(&cv, None)));
    }
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => map.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

fn texts_of(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    texts(value, &mut found);
    found
}

fn numbers(texts: &[String]) -> BTreeSet<String> {
    let digits = |text: &String| {
        text.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    texts.iter().flat_map(digits).collect()
}

fn skills_in(texts: &[String]) -> BTreeSet<skills::SkillId> {
    context::ids_of_all(texts.iter().map(|text| (&**text, true)))
}

#[test]
fn p1_nothing_is_invented() {
    every_pair(|name, cv, offer| {
        let done = generate(&step(cv, Some(offer)));
        let (before, after) = (texts_of(cv), texts_of(&done.result.content));
        let hard = |id: &skills::SkillId| {
            skills::get(*id).is_some_and(|skill| matches!(skill.kind, Kind::Technical | Kind::Certificate))
        };
        let invented: Vec<_> = skills_in(&after)
            .difference(&skills_in(&before))
            .filter(|id| hard(id))
            .filter_map(|id| skills::get(*id))
            .map(|skill| skill.name.clone())
            .collect();
        assert!(invented.is_empty(), "{name}: {invented:?}");
        let years = context::Context::of(&step(cv, Some(offer))).years().to_string();
        let known = numbers(&before);
        let new: Vec<_> = numbers(&after).into_iter().filter(|n| !known.contains(n) && *n != years).collect();
        assert!(new.is_empty(), "{name}: {new:?}");
        if let Some(company) = &offer.company {
            assert!(
                before.iter().any(|text| text.contains(company)) || !after.iter().any(|text| text.contains(company)),
                "{name}: {company}"
            );
        }
    });
}

#[test]
fn unknown_keys_stay() {
    for (name, mut cv) in cvs() {
        cv["x-own"] = json!({"deep": [1, {"a": null}]});
        if let Some(first) = cv["work"].get_mut(0).and_then(Value::as_object_mut) {
            first.insert("x-own".into(), json!("kept"));
        }
        let done = generate(&step(&cv, Some(&offers()[3].1)));
        assert_eq!(done.result.content["x-own"], cv["x-own"], "{name}");
        assert_eq!(done.result.content["work"][0].get("x-own"), cv["work"][0].get("x-own"), "{name}");
    }
}

#[test]
fn r35_the_parts_sum_to_the_score_and_adapting_never_lowers_it() {
    every_pair(|name, cv, offer| {
        let before = score(&to_score(cv, offer));
        let done = generate(&step(cv, Some(offer)));
        let after = score(&to_score(&done.result.content, offer));
        for found in [&before, &after] {
            let parts = found.breakdown;
            assert_eq!(found.total, parts.total());
            assert!((0..=100).contains(&found.total));
            assert!(
                [parts.technical_skills, parts.experience, parts.education, parts.projects, parts.soft_skills]
                    .iter()
                    .all(|part| *part >= 0)
            );
        }
        assert!(
            after.total >= before.total,
            "{name}: {} → {}\n{:?}\n{:?}",
            before.total,
            after.total,
            before.breakdown,
            after.breakdown
        );
    });
}

#[test]
fn p1_a_fitting_cv_gains_by_being_adapted() {
    let gains = |cv_name: &str, offer: usize| {
        let (cv, offer) = (super::material::cv(cv_name), &offers()[offer].1);
        score(&to_score(&generate(&step(&cv, Some(offer))).result.content, offer)).total
            - score(&to_score(&cv, offer)).total
    };
    assert!(gains("samantha", 3) > 0 || gains("charles", 4) > 0, "{} {}", gains("samantha", 3), gains("charles", 4));
}

/// Any JSON with the keys of a CV in any place.
fn any_value() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "basics",
        "work",
        "projects",
        "skills",
        "education",
        "languages",
        "certificates",
        "volunteer",
        "summary",
        "label",
        "highlights",
        "keywords",
        "courses",
        "position",
        "name",
        "startDate",
        "endDate",
        "description",
        "a/b~c",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![
            "PHP",
            "2020",
            "2019-13",
            "Développeur Symfony",
            "Python, Go. 30 % mehr",
            "日本語",
            ""
        ])
        .prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|pairs| pairs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_the_cv_is_nothing_panics_and_r29_holds(cv in any_value(), which in 0..8_usize, with_offer in any::<bool>()) {
        let offer = offers().swap_remove(which).1;
        let input = StepInput { cv: cv.clone().into(), offer: with_offer.then_some(offer.clone()), today: Some(TODAY.into()), index: Some(0), ..StepInput::default() };
        let done = generate(&input);
        check_changes("generated", &cv, &done);
        let before = score(&ScoreInput { cv: cv.into(), offer: offer.clone(), ..ScoreInput::default() });
        prop_assert_eq!(before.total, before.breakdown.total());
    }

    #[test]
    fn r29_any_subset_in_any_order(which in 0..9_usize, wanted in 0..8_usize, order in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let cv = cvs().swap_remove(which).1;
        let done = generate(&step(&cv, Some(&offers().swap_remove(wanted).1)));
        if !done.result.changes.is_empty() {
            let mut seen = BTreeSet::new();
            let mut order: Vec<usize> = order.iter().map(|at| at.index(done.result.changes.len())).filter(|at| seen.insert(*at)).collect();
            let some = rejected(&done, &order);
            // What was not rejected stands where its change says, wherever that has moved to.
            for (at, one) in some.changes.iter().enumerate().filter(|(at, _)| !seen.contains(at)) {
                prop_assert!(change::still_there(&some.content, one), "{} {:?}", at, one);
            }
            order.extend((0..done.result.changes.len()).filter(|at| !seen.contains(at)));
            prop_assert_eq!(rejected(&done, &order).content, come_back(&cv, &done));
        }
    }

    #[test]
    fn compose_takes_any_modifications(cv in any_value(), pointers in prop::collection::vec("(/[a-z0-9~]{0,8}){0,4}", 0..8)) {
        let modifications: Vec<_> = pointers.iter().map(|path| crate::cv::brain::types::Modification {
            section: "work".into(), field: "x".into(), item_index: None, path: path.clone(),
            before: cv.pointer(path).cloned().unwrap_or_default(), after: json!("new"), reason: "because it is".into(),
            action: crate::cv::brain::types::ChangeAction::Modify,
        }).collect();
        let result = compose::unchecked(&cv, &Classification::default(), &modifications);
        let done = Generation { classification: Classification::default(), result };
        let all: Vec<usize> = (0..done.result.changes.len()).collect();
        prop_assert_eq!(rejected(&done, &all).content, cv);
    }
}
