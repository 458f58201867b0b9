//! What the rules say, on CVs and offers that people can judge.

use super::material::{TODAY, cv, offer, step, to_score};
use super::{Generation, generate};
use crate::cv::brain::types::{Fate, StepInput};
use crate::cv::brain::{classify, score};
use crate::cv::rules::review;
use chrono::DateTime;
use estafette_protocol::cv::change::ReviewDecision;
use serde_json::json;

fn total(cv_name: &str, offer_name: &str) -> i32 {
    score(&to_score(&cv(cv_name), &offer(offer_name))).total
}

#[test]
fn r35_a_fitting_cv_beats_a_foreign_one_across_languages() {
    for (offer, fitting, foreign) in [
        ("react-en", &["jane", "richard", "samantha", "max"][..], &["office", "designer", "odd"][..]),
        ("symfony-fr", &["charles"], &["office", "designer"]),
        ("sre-en", &["richard", "jane"], &["office", "designer"]),
        ("sre-fr", &["richard", "jane"], &["office", "designer"]),
        ("office-fr", &["office"], &["jane", "charles", "designer", "maya"]),
        ("ux-en", &["designer"], &["jane", "charles", "office", "maya"]),
    ] {
        for good in fitting {
            for bad in foreign {
                let (a, b) = (total(good, offer), total(bad, offer));
                assert!(a >= b + 10, "{offer}: {good} {a}, {bad} {b}");
            }
        }
    }
}

#[test]
fn r35_scores_spread() {
    assert!(total("jane", "react-en") >= 80, "{}", total("jane", "react-en"));
    assert!(total("office", "react-en") <= 30, "{}", total("office", "react-en"));
    assert!(total("office", "office-fr") >= 60, "{}", total("office", "office-fr"));
}

#[test]
fn p1_the_summary_is_written_in_the_offers_language_from_facts() {
    let done = generate(&step(&cv("jane"), Some(&offer("symfony-fr"))));
    let summary = done.result.content["basics"]["summary"].as_str().unwrap();
    assert_eq!(done.classification.target_language, "fr");
    assert!(summary.contains("ans d'expérience"), "{summary}");
    assert!(!summary.contains("Maison Claire") && !summary.contains("Symfony"), "{summary}");
}

#[test]
fn p1_what_the_offer_asks_for_comes_first() {
    let done = generate(&step(&cv("jane"), Some(&offer("react-en"))));
    let skills = &done.result.content["skills"];
    assert_eq!(skills[0]["keywords"][0], "React");
    let label = done.result.content["basics"]["label"].as_str().unwrap();
    assert!(label.starts_with("Full Stack Software Engineer · ") && label.contains("React"), "{label}");
}

#[test]
fn p1_a_career_stays_whole() {
    for name in ["charles", "office", "max"] {
        let source = cv(name);
        let done = generate(&step(&source, Some(&offer("ux-en"))));
        let count = |content: &serde_json::Value| content["work"].as_array().unwrap().len();
        assert_eq!(count(&done.result.content), count(&source));
    }
}

#[test]
fn p1_unrelated_projects_leave_and_are_put_back_by_one_rejection() {
    let source = cv("samantha");
    let done = generate(&step(&source, Some(&offer("office-fr"))));
    let removed = done.classification.projects.iter().filter(|verdict| verdict.action == Fate::Remove).count();
    assert_eq!(removed, 1, "{:?}", done.classification.projects);
    let gone: Vec<_> = done.result.changes.iter().filter(|change| change.field == "projects").collect();
    let [change] = gone[..] else { panic!("{gone:?}") };
    let at = usize::try_from(change.item_index.unwrap()).unwrap();
    assert_eq!(change.before, source["projects"][at]);
    assert!(!change.reason.is_empty());
    let decision = ReviewDecision { change_id: change.id.clone(), accept: false };
    let reviewed =
        review::decide(&done.result.content, &done.result.changes, &[decision], DateTime::UNIX_EPOCH).unwrap();
    assert_eq!(reviewed.content["projects"][at], source["projects"][at]);
}

#[test]
fn classify_ranks_the_close_job_above_the_foreign_one() {
    let source = json!({"work": [
        {"name": "Bar", "position": "Barista", "startDate": "2024", "summary": "Coffee and customers."},
        {"name": "Web", "position": "Développeur PHP", "startDate": "2019", "endDate": "2023", "highlights": ["API REST avec Symfony"]}
    ]});
    let found = classify(&step(&source, Some(&offer("symfony-fr"))));
    assert!(found.experiences[1].relevance > found.experiences[0].relevance + 0.4, "{:?}", found.experiences);
    assert!(found.experiences[1].reason.contains("PHP"), "{}", found.experiences[1].reason);
    let php = found.wanted_skills.iter().find(|want| want.name == "PHP").unwrap();
    assert_eq!((php.proofs[0].section.as_str(), php.proofs[0].item_index), ("work", Some(1)));
}

#[test]
fn p2_without_an_offer_the_facts_of_the_cv_lead() {
    let mut source = cv("richard");
    source["basics"]["summary"] = json!("");
    let done = generate(&step(&source, None));
    let summary = done.result.content["basics"]["summary"].as_str().unwrap();
    assert!(summary.contains("12 years of experience") && summary.contains("Main skills: "), "{summary}");
    assert!(done.classification.experiences.iter().all(|verdict| verdict.action != Fate::Remove));
}

#[test]
fn p2_improving_twice_changes_nothing_more() {
    for name in ["jane", "richard", "maya", "charles", "samantha", "office"] {
        for offer in [None, Some(offer("react-en")), Some(offer("symfony-fr"))] {
            let first = generate(&step(&cv(name), offer.as_ref()));
            let second = generate(&step(&first.result.content, offer.as_ref()));
            let paths: Vec<_> =
                second.result.changes.iter().map(|change| (&change.path, &change.before, &change.after)).collect();
            assert!(paths.is_empty(), "{name}: {paths:#?}");
        }
    }
}

#[test]
fn p7_suggestions_name_what_is_missing_and_what_it_brings() {
    let found = score(&to_score(&cv("jane"), &offer("symfony-fr")));
    assert!(found.missing_skills.contains(&"Symfony".to_owned()), "{found:?}");
    assert!(
        found.suggestions.iter().any(|it| it.suggestion.contains("Symfony") && it.suggestion.contains("L'offre")),
        "{found:?}"
    );
    assert!(
        found
            .suggestions
            .iter()
            .all(|it| it.impact.strip_prefix('+').is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n > 0)))
    );
}

#[test]
fn the_same_input_gives_the_same_output() {
    let input = StepInput { today: Some(TODAY.into()), ..step(&cv("charles"), Some(&offer("react-en"))) };
    let (one, two) = (generate(&input), generate(&input));
    assert_eq!(one.result.content, two.result.content);
    // But for their ids.
    let told = |done: &Generation| -> Vec<_> {
        let changes = done.result.changes.iter();
        changes.map(|one| (one.path.clone(), one.before.clone(), one.after.clone(), one.reason.clone())).collect()
    };
    assert_eq!(told(&one), told(&two));
    assert_eq!(one.classification, two.classification);
}
