//! Creating, editing, reviewing, restoring CVs.

use super::harness::{World, sample};
use estafette_protocol::ErrorCode;
use serde_json::{Value, json};

#[actix::test]
async fn r10_names_are_unique_and_generated_when_missing() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let file = ana.ok("cv.create", json!({"content": sample(), "filename": "Mon CV"})).await;
    assert_eq!(file["filename"], "Mon CV.json");
    assert_eq!(
        ana.refused("cv.create", json!({"content": sample(), "filename": "Mon CV.json"})).await,
        ErrorCode::Conflict
    );
    let (a, b) = (ana.cv().await, ana.cv().await);
    let (a, b) = (ana.get(&a).await, ana.get(&b).await);
    assert_ne!(a["file"]["filename"], b["file"]["filename"]);
    let found = ana.ok("cv.by_name", json!({"filename": "Mon CV.json"})).await;
    assert_eq!(found["file"]["id"], file["id"]);
}

#[actix::test]
async fn g1_what_is_no_resume_is_refused_with_its_path() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let error = ana.call("cv.create", json!({"content": {"basics": {"name": 3}}})).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::BadRequest);
    assert_eq!(error.details.unwrap()["path"], "/basics/name");
    assert_eq!(ana.refused("cv.create", json!({"content": "text"})).await, ErrorCode::BadRequest);
}

#[actix::test]
async fn r11_somebody_elses_cv_does_not_exist() {
    let world = World::start().await;
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let cv = ana.cv().await;
    for (method, params) in [
        ("cv.get", json!({"id": cv})),
        ("cv.delete", json!({"id": cv})),
        ("cv.update", json!({"id": cv, "rev": 0, "patch": []})),
        ("cv.export", json!({"id": cv, "format": "json"})),
        ("cv.generate", json!({"source_cv_id": cv, "mode": "optimize"})),
    ] {
        assert_eq!(ben.refused(method, params).await, ErrorCode::NotFound, "{method}");
    }
    let mut admin = ben.clone();
    admin.who.role = "ADMIN".to_owned();
    assert!(admin.call("cv.get", json!({"id": cv})).await.is_ok());
    assert_eq!(admin.refused("cv.delete", json!({"id": cv})).await, ErrorCode::NotFound);
}

#[actix::test]
async fn r12_an_edit_overwrites_makes_no_version_and_needs_the_rev() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let patch = json!([{"op": "replace", "path": "/basics/label", "value": "Engineer"}]);
    let updated = ana.ok("cv.update", json!({"id": cv, "rev": 0, "patch": patch})).await;
    assert_eq!(updated, json!({"rev": 1}));
    let state = ana.get(&cv).await;
    assert_eq!(state["file"]["content"]["basics"]["label"], "Engineer");
    assert_eq!(state["file"]["content"]["custom"], json!({"kept": true}));
    assert_eq!(state["versions"], json!([]));
    let events = world.events(&format!("cv:{cv}")).await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].0.as_str(), &events[0].1["rev"], &events[0].1["patch"]), ("cv.changed", &json!(1), &patch));
}

#[actix::test]
async fn g15_the_loser_gets_the_newer_patches() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let set = |rev: i64, label: &str| json!({"id": cv, "rev": rev, "patch": [{"op": "replace", "path": "/basics/label", "value": label}]});
    ana.ok("cv.update", set(0, "a")).await;
    ana.ok("cv.update", set(1, "b")).await;
    let error = ana.call("cv.update", set(0, "c")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Conflict);
    let details = error.details.unwrap();
    assert_eq!(details["rev"], 2);
    let revs: Vec<&Value> = details["patches"].as_array().unwrap().iter().map(|patch| &patch["rev"]).collect();
    assert_eq!(revs, [&json!(1), &json!(2)]);
    assert_eq!(ana.get(&cv).await["file"]["content"]["basics"]["label"], "b");
}

#[actix::test]
async fn r12_of_many_edits_of_one_rev_exactly_one_wins() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let edits = (0..10).map(|n| {
        let params =
            json!({"id": cv, "rev": 0, "patch": [{"op": "replace", "path": "/basics/label", "value": format!("{n}")}]});
        ana.call("cv.update", params)
    });
    let done = futures_util::future::join_all(edits).await;
    assert_eq!(done.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(done.iter().flat_map(|result| result.as_ref().err()).all(|error| error.code == ErrorCode::Conflict));
    assert_eq!(ana.get(&cv).await["file"]["content_rev"], 1);
}

#[actix::test]
async fn r19_a_blocked_cv_is_only_read_and_deleted() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    world.sql("UPDATE cv.cv_files SET blocked = true, blocked_at = now(), blocked_reason = 'plan_limit'").await;
    for (method, params) in [
        ("cv.update", json!({"id": cv, "rev": 0, "patch": [{"op": "remove", "path": "/custom"}]})),
        ("cv.export", json!({"id": cv, "format": "json"})),
        ("cv.score", json!({"id": cv, "job_offer_id": offer})),
        ("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]})),
        ("cv.generate", json!({"source_cv_id": cv, "mode": "optimize"})),
        ("cv.restore", json!({"id": cv, "version": 1})),
    ] {
        let error = ana.call(method, params).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Forbidden, "{method}");
        assert_eq!(error.details.unwrap()["blocked_reason"], "plan_limit");
    }
    assert_eq!(ana.get(&cv).await["file"]["blocked"], true);
    ana.ok("cv.delete", json!({"id": cv})).await;
    assert_eq!(ana.balance().await, 5);
}

#[actix::test]
async fn r31_a_restore_saves_the_present_and_brings_the_past_back() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let done =
        ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]})).await;
    let made = done["offers"][0]["generated_cv_file_id"].as_str().unwrap().to_owned();
    assert_eq!(ana.refused("cv.restore", json!({"id": made, "version": 2})).await, ErrorCode::Conflict, "r32");
    assert_eq!(ana.refused("cv.restore", json!({"id": made, "version": 7})).await, ErrorCode::NotFound, "r32");
    let rev = ana.get(&made).await["file"]["content_rev"].as_i64().unwrap();
    let edit = json!([{"op": "replace", "path": "/basics/label", "value": "by hand"}]);
    ana.ok("cv.update", json!({"id": made, "rev": rev, "patch": edit})).await;
    let file = ana.ok("cv.restore", json!({"id": made, "version": 1})).await;
    assert_eq!(file["content"], sample());
    assert_eq!(file["content_version"], 3);
    assert_eq!(file["pending_changes"], json!([]));
    let state = ana.get(&made).await;
    assert_eq!(state["versions"][0]["changelog"], "Restauration depuis v1");
    let saved = ana.ok("cv.version", json!({"id": made, "version": 2})).await;
    assert_eq!(saved["content"]["basics"]["label"], "by hand", "r25: manual edits are not lost");
    let decided = world.events(&format!("cv:{made}")).await;
    assert!(decided.iter().any(|(kind, data)| kind == "cv.change_decided" && data["decision"] == "superseded"));
}

#[actix::test]
async fn r29_r30_a_review_to_its_end_and_its_repetition() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    let done =
        ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]})).await;
    let made = done["offers"][0]["generated_cv_file_id"].as_str().unwrap().to_owned();
    let state = ana.get(&made).await;
    let changes = state["file"]["pending_changes"].as_array().unwrap().clone();
    assert_eq!(changes.len(), 4, "{changes:#?}");
    let mut replica = state["file"]["content"].clone();
    let start = world.events(&format!("cv:{made}")).await.len();
    for (n, change) in changes.iter().enumerate() {
        let decision = json!({"id": made, "decisions": [{"change_id": change["id"], "accept": n % 2 == 0}]});
        let file = ana.ok("cv.review", decision.clone()).await;
        assert_eq!(file["pending_count"], changes.len() - n - 1);
        let again = ana.ok("cv.review", decision).await;
        assert_eq!(again["content_rev"], file["content_rev"], "a repetition changes nothing");
    }
    let state = ana.get(&made).await;
    assert_eq!(state["file"]["pending_source_version"], Value::Null);
    assert_eq!(state["file"]["optimise_status"], "idle");
    let newest = ana.ok("cv.version", json!({"id": made, "version": 2})).await;
    assert_eq!(newest["content"], state["file"]["content"], "r30: the newest version gets the final content");
    let opposite = json!({"id": made, "decisions": [{"change_id": changes[3]["id"], "accept": true}]});
    assert_eq!(ana.refused("cv.review", opposite).await, ErrorCode::Conflict);
    let unknown = json!({"id": made, "decisions": [{"change_id": "nope", "accept": true}]});
    assert_eq!(ana.refused("cv.review", unknown).await, ErrorCode::BadRequest);
    // Whoever only follows the events ends up with the same document.
    let mut rev = 0;
    for (kind, data) in world.events(&format!("cv:{made}")).await.into_iter().skip(start) {
        if kind == "cv.changed" {
            let patch: json_patch::Patch = serde_json::from_value(data["patch"].clone()).unwrap();
            json_patch::patch(&mut replica, &patch).unwrap();
        }
        rev = data["rev"].as_i64().unwrap_or(rev);
    }
    assert_eq!(replica, state["file"]["content"]);
    assert_eq!(rev, state["file"]["content_rev"].as_i64().unwrap());
}

#[actix::test]
async fn r21_r17_deleting_an_offer_leaves_its_cvs_without_one() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    ana.ok("cv.set_offer", json!({"id": cv, "job_offer_id": offer})).await;
    assert_eq!(ana.get(&cv).await["file"]["job_offer_id"], json!(offer));
    ana.ok("job_offer.delete", json!({"id": offer})).await;
    assert_eq!(ana.get(&cv).await["file"]["job_offer_id"], Value::Null);
}

#[actix::test]
async fn r7_in_maintenance_only_administrators_get_through() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    world.sql("UPDATE cv.settings SET value = '1' WHERE setting_name = 'maintenance_mode'").await;
    let mut admin = ana.clone();
    admin.who.role = "ADMIN".to_owned();
    super::harness::eventually("the setting is seen within 2 s", async || {
        ana.call("cv.list", json!({})).await.is_err()
    })
    .await;
    assert_eq!(ana.refused("cv.list", json!({})).await, ErrorCode::Unavailable);
    assert!(admin.call("cv.list", json!({})).await.is_ok());
}
