//! P1 and P2, end to end.

use super::harness::{World, eventually, offer_text, sample};
use crate::cv::topics;
use estafette_actors::{CallError, Identity, Product as _};
use estafette_protocol::{ErrorCode, Topic};
use serde_json::{Value, json};
use std::time::Duration;

#[actix::test]
async fn p1_a_cv_is_adapted_to_each_offer() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let offers = json!([{"text": offer_text("Rust developer")}, {"text": offer_text("Data engineer")}]);
    let done = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": offers})).await;
    let task = &done["task"];
    assert_eq!(task["status"], "completed", "{done:#}");
    assert_eq!(
        (&task["total_offers"], &task["completed_offers"], &task["credits_debited"]),
        (&json!(2), &json!(2), &json!(2))
    );
    let offer = &done["offers"][0];
    assert_eq!(
        (&offer["status"], &offer["title"], &offer["company"]),
        (&json!("completed"), &json!("Rust developer"), &json!("ACME"))
    );
    let steps: Vec<&str> =
        done["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    for step in
        ["extract[0]", "classify[0]", "batch_experience[0,1]", "batch_extras[1]", "recompose[1]", "match_score[1]"]
    {
        assert!(steps.contains(&step), "{steps:?}");
    }
    let written =
        done["steps"].as_array().unwrap().iter().find(|step| step["step"] == "batch_experience[0,1]").unwrap();
    assert_eq!(written["report"]["model_used"], "offline");
    assert_eq!(written["report"]["modifications"][0]["after"], "a job told anew");

    let made = ana.get(offer["generated_cv_file_id"].as_str().unwrap()).await;
    let file = &made["file"];
    assert_eq!(file["content"]["work"][0]["summary"], "a job told anew");
    assert_eq!(file["content"]["projects"], json!([{"name": "A tool", "description": "Related."}]));
    assert_eq!(file["content"]["custom"], json!({"kept": true}));
    assert_eq!(
        (&file["created_by"], &file["match_score"], &file["match_score_status"]),
        (&json!("generate-cv"), &json!(70), &json!("done"))
    );
    assert_eq!(file["content_version"], 2);
    assert_eq!(file["pending_source_version"], 1);
    assert_eq!(file["pending_changes"].as_array().unwrap().len(), 4);
    let versions: Vec<(&Value, &Value)> =
        made["versions"].as_array().unwrap().iter().map(|v| (&v["version"], &v["change_type"])).collect();
    assert_eq!(versions, [(&json!(2), &json!("adaptation")), (&json!(1), &json!("adaptation"))], "r26");
    let first = ana.ok("cv.version", json!({"id": file["id"], "version": 1})).await;
    assert_eq!(first["content"], sample(), "r26: version 1 is the source");
    assert_eq!(ana.get(&cv).await["file"]["content"], sample(), "the source is untouched");

    assert_eq!(task["title"], "Adapt “Developer” to 2 job offers");
    let created = world.events(&format!("user:{}", ana.who.user)).await;
    let created: Vec<&Value> = created.iter().filter(|(kind, _)| kind == "cv.created").map(|(_, data)| data).collect();
    let new = created.iter().find(|data| data["id"] == file["id"]).unwrap();
    assert_eq!(
        (&new["title"], &new["pending_count"], &new["filename"]),
        (&json!("Ana Gil — Developer"), &json!(4), &file["filename"]),
        "a list needs no second request"
    );

    // D29: the product's rows say the same as the engine's.
    let differ =
        "SELECT count(*) FROM runtime.tasks r JOIN cv.background_tasks b USING (id) WHERE r.status <> b.status";
    assert_eq!(world.number(differ).await, 0);
    let open = "SELECT count(*) FROM cv.cv_generation_subtasks WHERE status <> 'completed'";
    assert_eq!(world.number(open).await, 0);
    let steps_n = "SELECT (SELECT count(*) FROM runtime.steps) - (SELECT count(*) FROM cv.cv_generation_subtasks)";
    assert_eq!(world.number(steps_n).await, 0);
    assert_eq!(world.number("SELECT count(*) FROM cv.telemetry_events WHERE type = 'CV_GENERATED'").await, 2);
    let uses = "SELECT usage_count::bigint FROM cv.feature_usage WHERE feature_name = 'generate_cv'";
    assert_eq!(world.number(uses).await, 2, "r72");
}

#[actix::test]
async fn section_4_2_the_events_tell_the_whole_story() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let offers = json!([{"text": offer_text("Rust developer")}]);
    let done = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": offers})).await;
    let events = world.events(&format!("task:{}", done["task"]["id"].as_str().unwrap())).await;
    let kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!((kinds[0], kinds[1], kinds[kinds.len() - 1]), ("task.queued", "task.started", "task.completed"));
    for kind in ["step.started", "step.completed", "offer.extracted", "offer.completed"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let user = world.events(&format!("user:{}", ana.who.user)).await;
    let kinds: Vec<&str> = user.iter().map(|(kind, _)| kind.as_str()).collect();
    for kind in ["task.queued", "credits.changed", "job_offer.created", "cv.created", "cv.listed", "task.finished"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let (_, queued) = user.iter().find(|(kind, _)| kind == "task.queued").unwrap();
    for field in
        ["id", "type", "title", "cv_file", "device_id", "credit_used", "feature_name", "total_offers", "created_at"]
    {
        assert!(queued.get(field).is_some(), "{field} in {queued}");
    }
    let made = done["offers"][0]["generated_cv_file_id"].as_str().unwrap();
    let kinds: Vec<String> = world.events(&format!("cv:{made}")).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["cv.version", "cv.version", "cv.changes_proposed", "cv.score", "cv.score"]);
}

#[actix::test]
async fn r16_the_same_offer_is_read_once() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let params = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"text": offer_text("Rust developer")}]});
    let first = ana.run("cv.generate", params.clone()).await;
    let second = ana.run("cv.generate", params).await;
    assert_eq!(first["offers"][0]["job_offer_id"], second["offers"][0]["job_offer_id"]);
    world.usage.flush().await;
    let reads = "SELECT count(*) FROM cv.openai_calls WHERE feature_name = 'job_extraction'";
    assert_eq!(world.number(reads).await, 1);
    let events = world.events(&format!("task:{}", second["task"]["id"].as_str().unwrap())).await;
    let (_, extracted) = events.iter().find(|(kind, _)| kind == "offer.extracted").unwrap();
    assert_eq!(extracted["reused"], true);
}

#[actix::test]
async fn what_is_no_job_offer_fails_its_offer_only_and_costs_nothing() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let offers = json!([{"text": "A recipe for a cake with many apples and some cinnamon on top."},
                        {"text": offer_text("Rust developer")}]);
    let done = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": offers})).await;
    assert_eq!(done["task"]["status"], "completed");
    assert_eq!(
        (&done["offers"][0]["status"], &done["offers"][0]["error"]),
        (&json!("failed"), &json!("this is a recipe"))
    );
    assert_eq!(done["offers"][1]["status"], "completed");
    assert_eq!(ana.balance().await, 4);
    let only = json!({"source_cv_id": cv, "mode": "adapt", "offers": [offers[0]]});
    let done = ana.run("cv.generate", only).await;
    assert_eq!((&done["task"]["status"], &done["task"]["error"]), (&json!("failed"), &json!("this is a recipe")));
    assert_eq!(ana.balance().await, 4);
}

#[actix::test]
async fn a_private_address_is_never_fetched_and_never_charged() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let done = ana
        .run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"url": "http://127.0.0.1:1/job"}]}))
        .await;
    assert_eq!(done["task"]["status"], "failed");
    assert!(done["task"]["error"].as_str().unwrap().contains("private network"), "{:#}", done["task"]);
    assert_eq!(ana.balance().await, 5);
}

#[actix::test]
async fn r37_a_failed_score_never_fails_the_generation() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    world.faults.fail("match_score", 1);
    let done =
        ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]})).await;
    assert_eq!((&done["task"]["status"], &done["offers"][0]["status"]), (&json!("completed"), &json!("completed")));
    let made = ana.get(done["offers"][0]["generated_cv_file_id"].as_str().unwrap()).await;
    assert_eq!((&made["file"]["match_score_status"], &made["file"]["match_score"]), (&json!("failed"), &Value::Null));
    assert_eq!(ana.balance().await, 4);
}

#[actix::test]
async fn p2_r25_r33_a_cv_is_optimised_in_place() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    ana.run("cv.score", json!({"id": cv, "job_offer_id": offer})).await;
    let done = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "optimize"})).await;
    assert_eq!(done["task"]["status"], "completed", "{done:#}");
    let state = ana.get(&cv).await;
    let file = &state["file"];
    assert_eq!(
        (&file["content_version"], &file["pending_source_version"], &file["optimise_status"]),
        (&json!(2), &json!(1), &json!("done"))
    );
    assert_eq!((&file["score_before"], &file["match_score"]), (&json!(70), &json!(70)), "r33");
    let before = ana.ok("cv.version", json!({"id": cv, "version": 1})).await;
    assert_eq!((&before["content"], &before["match_score"]), (&sample(), &json!(70)), "r25");
    let told = world.events(&format!("cv:{cv}")).await;
    let told: Vec<&Value> =
        told.iter().filter(|(kind, _)| kind == "cv.version").map(|(_, data)| &data["version"]).collect();
    assert_eq!(told, [&json!(1), &json!(2)], "r25: readers learn of the original as well");
    assert_eq!(ana.balance().await, 3);
    let again = json!({"source_cv_id": cv, "mode": "optimize"});
    assert_eq!(ana.refused("cv.generate", again).await, ErrorCode::Conflict, "changes await review");
}

#[actix::test]
async fn r25_an_edit_during_an_optimisation_is_not_lost() {
    let world = World::start_with(Duration::from_millis(150)).await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let started = ana.ok("cv.generate", json!({"source_cv_id": cv, "mode": "optimize"})).await;
    let second = json!({"source_cv_id": cv, "mode": "optimize"});
    assert_eq!(ana.refused("cv.generate", second).await, ErrorCode::Conflict, "one improve-cv per CV");
    let edit = json!([{"op": "replace", "path": "/basics/summary", "value": "by hand"}]);
    ana.ok("cv.update", json!({"id": cv, "rev": 0, "patch": edit})).await;
    ana.ended(started["task_id"].as_str().unwrap()).await;
    let file = ana.get(&cv).await["file"].clone();
    assert_eq!(file["content"]["basics"]["summary"], "by hand");
    assert_eq!(file["content"]["work"][0]["summary"], "a job told anew");
}

#[actix::test]
async fn p2_a_failed_or_cancelled_optimisation_gives_its_unit_back() {
    let world = World::start_with(Duration::from_millis(100)).await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    world.faults.fail("classify", 1);
    let params = json!({"source_cv_id": cv, "mode": "optimize"});
    assert_eq!(ana.run("cv.generate", params.clone()).await["task"]["status"], "failed");
    assert_eq!(ana.get(&cv).await["file"]["optimise_status"], "failed");
    assert_eq!(ana.balance().await, 5);
    let started = ana.ok("cv.generate", params).await;
    ana.ok("task.cancel", json!({"id": started["task_id"]})).await;
    assert_eq!(ana.get(&cv).await["file"]["optimise_status"], "idle");
    assert_eq!(ana.balance().await, 5);
}

#[actix::test]
async fn r20_a_cv_that_a_task_works_on_is_not_deleted() {
    let world = World::start_with(Duration::from_millis(150)).await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let params = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]});
    let started = ana.ok("cv.generate", params).await;
    assert_eq!(ana.refused("cv.delete", json!({"id": cv})).await, ErrorCode::Conflict);
    ana.ended(started["task_id"].as_str().unwrap()).await;
    ana.ok("cv.delete", json!({"id": cv})).await;
    let history = ana.ok("task.list", json!({})).await;
    assert_eq!(history["items"].as_array().unwrap().len(), 1, "d20: the history outlives the source");
}

#[actix::test]
async fn g7_offers_are_bounded_and_modes_checked() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let many: Vec<_> = (0..11).map(|_| json!({"job_offer_id": offer})).collect();
    for (params, code) in [
        (json!({"source_cv_id": cv, "mode": "adapt", "offers": many}), ErrorCode::LimitExceeded),
        (json!({"source_cv_id": cv, "mode": "adapt", "offers": []}), ErrorCode::BadRequest),
        (json!({"source_cv_id": cv, "mode": "optimize", "offers": many[..2]}), ErrorCode::BadRequest),
        (json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"url": "ftp://x.example/"}]}), ErrorCode::BadRequest),
        (json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"text": "short"}]}), ErrorCode::BadRequest),
        (json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"what": "x"}]}), ErrorCode::BadRequest),
        (json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": "nope"}]}), ErrorCode::NotFound),
        (json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"upload_id": "nope"}]}), ErrorCode::NotFound),
        (json!({"source_cv_id": "nope", "mode": "adapt", "offers": [{"job_offer_id": offer}]}), ErrorCode::NotFound),
    ] {
        assert_eq!(ana.refused("cv.generate", params.clone()).await, code, "{params}");
    }
    assert_eq!(ana.balance().await, 5);
    assert_eq!(world.number("SELECT count(*) FROM cv.background_tasks").await, 0);
}

#[actix::test]
async fn r27_versions_are_pruned_but_never_the_one_under_review() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    world.sql("UPDATE cv.settings SET value = '2' WHERE setting_name = 'cv_max_versions'").await;
    let cv = ana.cv().await;
    for _ in 0..3 {
        ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "optimize"})).await;
        let state = ana.get(&cv).await;
        let numbers: Vec<i64> =
            state["versions"].as_array().unwrap().iter().map(|v| v["version"].as_i64().unwrap()).collect();
        assert!(numbers.len() <= 2);
        if let Some(source) = state["file"]["pending_source_version"].as_i64() {
            assert!(numbers.contains(&source));
        }
        let decisions: Vec<_> = state["file"]["pending_changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| json!({"change_id": change["id"], "accept": false}))
            .collect();
        if !decisions.is_empty() {
            ana.ok("cv.review", json!({"id": cv, "decisions": decisions})).await;
        }
    }
}

#[actix::test]
async fn the_test_task_waits_fails_and_recovers() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let done = ana.run("task.test", json!({"steps": 3, "latency_ms": 1, "fail_at": 1})).await;
    assert_eq!(done["task"]["status"], "failed");
    let id = done["task"]["id"].as_str().unwrap();
    ana.ok("task.retry", json!({"id": id})).await;
    assert_eq!(ana.ended(id).await["task"]["status"], "completed");
    for bad in [
        json!({"steps": 0}),
        json!({"live_every_us": 499}),
        json!({"live_every_us": 1_000}), // more a second than this server allows
        json!({"live_every_us": 100_000, "live_bytes": 4_097}),
        json!({"live_every_us": 100_000, "live_keys": 0}),
    ] {
        assert_eq!(ana.refused("task.test", bad.clone()).await, ErrorCode::BadRequest, "{bad}");
    }
    let speaks = json!({"latency_ms": 300, "live_every_us": 50_000, "live_bytes": 10, "live_keys": 4});
    assert_eq!(ana.run("task.test", speaks).await["task"]["status"], "completed");
    let ben = world.person("ben").await;
    assert_eq!(ben.refused("task.get", json!({"id": id})).await, ErrorCode::NotFound);
    assert_eq!(ben.refused("task.cancel", json!({"id": id})).await, ErrorCode::NotFound);
    eventually("the list knows it", async || {
        ana.ok("task.list", json!({"type": "test", "status": "completed"})).await["items"].as_array().unwrap().len()
            == 2
    })
    .await;
}

#[actix::test]
async fn states_of_many_tasks_are_those_of_each() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let (one, two) = (json!([{"text": offer_text("Rust developer")}]), json!([{"text": offer_text("Data engineer")}]));
    let offers = json!([one[0], two[0]]);
    let adapted = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": offers})).await;
    world.faults.fail("classify", 9);
    let failed = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": one})).await;
    let of = |state: &Value| Topic::of("task", state["task"]["id"].as_str().unwrap()).unwrap();
    let topics = [of(&adapted), Topic::of("task", "nobody").unwrap(), of(&failed), topics::user(&ana.who.user)];
    let asked: Vec<(&Identity, &Topic)> = topics.iter().map(|topic| (&ana.who, topic)).collect();
    assert!(topics[..3].iter().all(|topic| world.product.reads_together(topic)));
    assert!(!world.product.reads_together(&topics[3]));
    let read = async |tx: &deadpool_postgres::Transaction<'_>| {
        let many = world.product.snapshots(tx, &asked).await?;
        let one = world.product.snapshot(tx, &ana.who, &topics[2]).await?;
        Ok::<_, CallError>((many, one))
    };
    let (many, one) = world.runtime.db().keys_at_one_moment(read).await.unwrap();
    assert_eq!(many, [Some(adapted), None, Some(failed.clone()), None]);
    assert_eq!(one, failed);
}
