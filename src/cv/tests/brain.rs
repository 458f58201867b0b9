//! The product with its own offline model, on the example data.

use super::harness::World;
use crate::demo::{CVS, JOB_PAGES, JOB_TEXTS};
use crate::extract::html;
use serde_json::{Value, json};

#[actix::test]
async fn every_example_cv_is_adapted_to_every_example_offer_and_can_be_taken_back() {
    let world = World::start_with_brain().await;
    let ana = world.person("ana").await;
    world.sql("UPDATE cv.subscription_plan_feature_limits SET usage_limit = -1").await;
    let mut offers: Vec<String> = JOB_TEXTS.iter().map(|text| text.content.to_owned()).collect();
    offers.extend(JOB_PAGES.iter().map(|page| html::parse(page.content).unwrap().text));
    let sources: Vec<Value> = offers.iter().map(|text| json!({"text": text})).collect();
    for example in CVS {
        let content: Value = serde_json::from_str(example.content).unwrap();
        let file = ana.ok("cv.create", json!({"content": content, "filename": example.name})).await;
        let done =
            ana.run("cv.generate", json!({"source_cv_id": file["id"], "mode": "adapt", "offers": sources})).await;
        assert_eq!(done["task"]["completed_offers"], offers.len(), "{}: {:#}", example.name, done["offers"]);
        for offer in done["offers"].as_array().unwrap() {
            let id = offer["generated_cv_file_id"].as_str().unwrap();
            let made = ana.get(id).await["file"].clone();
            assert_eq!(made["match_score_status"], "done", "{}", example.name);
            let names = |document: &Value| -> Vec<Value> {
                document["work"].as_array().into_iter().flatten().map(|job| job["name"].clone()).collect()
            };
            assert_eq!(names(&made["content"]), names(&file["content"]), "the career stays whole");
            let changes = made["pending_changes"].as_array().unwrap();
            assert!(changes.iter().all(|change| !change["reason"].as_str().unwrap().is_empty()), "{changes:#?}");
            let reject: Vec<Value> =
                changes.iter().map(|change| json!({"change_id": change["id"], "accept": false})).collect();
            if !reject.is_empty() {
                let back = ana.ok("cv.review", json!({"id": id, "decisions": reject})).await;
                assert_eq!(
                    back["content"], file["content"],
                    "{}: rejecting all leads back to the source",
                    example.name
                );
            }
        }
        let done = ana.run("cv.generate", json!({"source_cv_id": file["id"], "mode": "optimize"})).await;
        assert_eq!(done["task"]["status"], "completed", "{}", example.name);
    }
}
