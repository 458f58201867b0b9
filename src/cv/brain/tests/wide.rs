//! A table of all CVs against all offers of a folder: `ESTAFETTE_EVAL_DATA=DIR cargo test wide -- --ignored --nocapture`.

use super::generate;
use super::material::{page, step, to_score};
use crate::cv::brain::score;
use serde_json::Value;
use std::path::Path;

fn files(dir: &Path, ending: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().to_string_lossy().ends_with(ending))
        .filter_map(|entry| {
            Some((
                entry.path().file_stem()?.to_string_lossy().into_owned(),
                std::fs::read_to_string(entry.path()).ok()?,
            ))
        })
        .collect();
    found.sort();
    found
}

#[test]
#[ignore = "prints a table of a folder that is named by ESTAFETTE_EVAL_DATA"]
#[allow(clippy::print_stdout)]
fn wide_scores_and_changes() {
    let dir = std::env::var("ESTAFETTE_EVAL_DATA").unwrap();
    let dir = Path::new(&dir);
    let verbose = std::env::var("ESTAFETTE_EVAL_SHOW").unwrap_or_default();
    let mut cvs: Vec<(String, Value)> = files(&dir.join("cv-json"), ".json")
        .into_iter()
        .filter_map(|(name, text)| Some((name, serde_json::from_str(&text).ok()?)))
        .collect();
    cvs.push(("office-manager".into(), super::material::office_manager()));
    cvs.push(("designer".into(), super::material::designer()));
    let mut lowered = Vec::new();
    for (offer_name, text) in files(&dir.join("jobs-text"), ".md") {
        if !offer_name.contains(&std::env::var("ESTAFETTE_EVAL_OFFER").unwrap_or_default()) {
            continue;
        }
        let offer = page(&text);
        println!(
            "\n{offer_name}: {:?} required {:?} nice {:?}",
            offer.title, offer.skills.required, offer.skills.nice_to_have
        );
        for (cv_name, cv) in &cvs {
            let started = std::time::Instant::now();
            let before = score(&to_score(cv, &offer));
            let done = generate(&step(cv, Some(&offer)));
            let after = score(&to_score(&done.result.content, &offer));
            let (b, a) = (before.breakdown, after.breakdown);
            println!(
                "{cv_name:45} {:3} → {:3}  tech {}→{} exp {}→{} edu {} proj {}→{} soft {}→{}  {} changes, {:?}",
                before.total,
                after.total,
                b.technical_skills,
                a.technical_skills,
                b.experience,
                a.experience,
                a.education,
                b.projects,
                a.projects,
                b.soft_skills,
                a.soft_skills,
                done.result.changes.len(),
                started.elapsed()
            );
            if after.total < before.total {
                lowered.push(format!("{offer_name}/{cv_name}"));
            }
            if !verbose.is_empty() && format!("{offer_name}/{cv_name}").contains(&verbose) {
                for verdict in done.classification.experiences.iter().chain(&done.classification.projects) {
                    println!("    {:?} {} {}", verdict.action, verdict.relevance, verdict.reason);
                }
                for change in &done.result.changes {
                    println!("  {} — {}\n    - {}\n    + {}", change.path, change.reason, change.before, change.after);
                }
                println!("{:#?}", after.suggestions);
            }
        }
    }
    assert!(lowered.is_empty(), "adapting lowers {lowered:?}");
}
