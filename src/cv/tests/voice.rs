//! What people tell us: feedback, consents, telemetry, their introduction, notices; and what administrators do with it.

use super::harness::World;
use crate::cv::snapshot;
use crate::cv::store::voice as store;
use crate::cv::topics;
use estafette_protocol::ErrorCode;
use estafette_protocol::cv::admin::AdminUser;
use estafette_protocol::cv::event::user::Notice;
use estafette_protocol::cv::status::NoticeLevel;
use estafette_protocol::cv::voice::{AdminFeedback, Consent, Feedback, OnboardingState};
use serde_json::{Value, json};

#[actix::test]
async fn r70_feedback_has_a_rating_of_1_to_5_and_at_most_500_characters() {
    let world = World::start().await;
    let (ana, root) = (world.person("ana").await, world.admin().await);
    for bad in [
        json!({"rating": 0, "comment": "x"}),
        json!({"rating": 6, "comment": "x"}),
        json!({"rating": 3, "comment": "x".repeat(501)}),
        json!({"rating": 3}),
    ] {
        assert_eq!(ana.refused("feedback.send", bad).await, ErrorCode::BadRequest);
    }
    let sent: Feedback = serde_json::from_value(
        ana.ok("feedback.send", json!({"rating": 2, "comment": "it broke", "is_bug_report": true})).await,
    )
    .unwrap();
    let events = world.events("admin:feedback").await;
    assert_eq!((events[0].0.as_str(), &events[0].1["id"]), ("feedback.created", &json!(sent.id)));
    let listed = root.ok("admin.feedback", json!({"status": "new", "is_bug_report": "true"})).await;
    assert_eq!(listed["items"][0]["email"], "ana@example.com");
    assert_eq!(root.ok("admin.feedback", json!({"is_bug_report": "false"})).await["items"], json!([]));
    // new → reviewed → resolved → reviewed; never back to new.
    for (status, allowed) in [
        ("new", false),
        ("reviewed", true),
        ("reviewed", false),
        ("resolved", true),
        ("new", false),
        ("reviewed", true),
    ] {
        let moved = root.call("admin.feedback_set", json!({"id": sent.id, "status": status})).await;
        assert_eq!(moved.is_ok(), allowed, "{status}: {moved:?}");
        if let Err(error) = moved {
            assert_eq!(error.code, ErrorCode::Conflict);
        }
    }
    assert_eq!(world.events("admin:feedback").await.len(), 4, "one created, three changed");
    let state: AdminFeedback = snapshot::admin_feedback(world.runtime.db()).await.unwrap();
    assert_eq!((state.new, state.reviewed, state.items.len()), (0, 1, 1));
    let missing = json!({"id": "nope", "status": "reviewed"});
    assert_eq!(root.refused("admin.feedback_set", missing).await, ErrorCode::NotFound);
    assert_eq!(ana.refused("admin.feedback", json!({})).await, ErrorCode::Forbidden);
    for _ in 1..crate::cv::rules::voice::FEEDBACK_PER_DAY {
        ana.ok("feedback.send", json!({"rating": 5, "comment": ""})).await;
    }
    let more = json!({"rating": 5, "comment": ""});
    assert_eq!(ana.refused("feedback.send", more).await, ErrorCode::LimitExceeded);
}

#[actix::test]
async fn r71_consents_are_only_ever_added() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let choose = async |functional: bool, analytics: bool| -> Consent {
        let choice = json!({"preferences": {"functional": functional, "analytics": analytics}});
        serde_json::from_value(ana.ok("consent.set", choice).await).unwrap()
    };
    let words = [
        choose(true, true).await.action.as_str(),
        choose(false, true).await.action.as_str(),
        choose(false, false).await.action.as_str(),
    ];
    assert_eq!(words, ["created", "updated", "revoked"], "D11");
    let page = ana.ok("consent.list", json!({"limit": 2})).await;
    assert_eq!((&page["items"][0]["action"], page["items"].as_array().unwrap().len()), (&json!("revoked"), 2));
    let rest = ana.ok("consent.list", json!({"after": page["next"]})).await;
    assert_eq!(rest["items"][0]["action"], "created");
    assert_eq!(
        world
            .events(&format!("user:{}", ana.who.user))
            .await
            .iter()
            .filter(|(kind, _)| kind == "consent.changed")
            .count(),
        3
    );
    let change = "UPDATE cv.consent_logs SET action = 'accept'";
    assert!(world.runtime.db().execute(change, &[]).await.is_err(), "the database refuses as well");
    let none = json!({"preferences": {"necessary": false}});
    assert_eq!(ana.refused("consent.set", none).await, ErrorCode::BadRequest);
    let ben = world.person("ben").await;
    assert_eq!(ben.ok("consent.set", json!({"preferences": {}})).await["action"], "reject", "D11: a first refusal");
    world.sql(&format!("DELETE FROM cv.users WHERE id = '{}'", ana.who.user)).await;
    assert_eq!(world.number("SELECT count(*) FROM cv.consent_logs").await, 1, "but erasure takes them");
}

#[actix::test]
async fn r71_without_consent_telemetry_says_nothing_of_the_person() {
    let world = World::start().await;
    let (ana, root) = (world.person("ana").await, world.admin().await);
    let event = json!({"type": "CV_OPENED", "category": "cv_management", "metadata": {"cv": "secret"}, "duration": 3,
        "status": "error", "error": "secret"});
    let batch = json!({"events": [event, event]});
    assert_eq!(ana.ok("telemetry.push", batch.clone()).await, json!({"stored": 2, "with_user": false}));
    let cv = ana.cv().await;
    ana.ok("cv.export", json!({"id": cv, "format": "json"})).await;
    let tells = "SELECT count(*) FROM cv.telemetry_events WHERE user_id IS NOT NULL OR device_id IS NOT NULL
        OR metadata IS NOT NULL OR error IS NOT NULL";
    assert_eq!(world.number("SELECT count(*) FROM cv.telemetry_events").await, 3, "it counts");
    assert_eq!(world.number(tells).await, 0, "the server's own events neither");
    ana.ok("consent.set", json!({"preferences": {"analytics": true}})).await;
    assert_eq!(ana.ok("telemetry.push", batch.clone()).await, json!({"stored": 2, "with_user": true}));
    let mine = root.ok("admin.telemetry", json!({"user_id": ana.who.user, "type": "CV_OPENED"})).await;
    assert_eq!((mine["items"].as_array().unwrap().len(), &mine["items"][0]["metadata"]["cv"]), (2, &json!("secret")));
    ana.ok("consent.set", json!({"preferences": {}})).await;
    assert_eq!(ana.ok("telemetry.push", batch).await["with_user"], false, "taken back");
    let too_many: Vec<Value> = (0..101).map(|_| event.clone()).collect();
    for bad in [
        json!({"events": []}),
        json!({"events": too_many}),
        json!({"events": [{"type": "a b", "category": "c"}]}),
        json!({"events": [{"type": "a", "category": "c", "metadata": {"x": "y".repeat(5000)}}]}),
        json!({"events": [{"type": "a", "category": "c", "duration": -1}]}),
    ] {
        assert_eq!(ana.refused("telemetry.push", bad).await, ErrorCode::BadRequest);
    }
}

#[actix::test]
async fn r72_feature_usage_counts_each_completed_use() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    ana.ok("cv.export", json!({"id": cv, "format": "json"})).await;
    ana.ok("cv.export", json!({"id": cv, "format": "json"})).await;
    let one = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"job_offer_id": offer}]});
    ana.run("cv.generate", one.clone()).await;
    world.faults.fail("classify", 3);
    assert_eq!(ana.run("cv.generate", one).await["task"]["status"], "failed");
    let used =
        |feature: &str| format!("SELECT usage_count::bigint FROM cv.feature_usage WHERE feature_name = '{feature}'");
    assert_eq!(world.number(&used("export_cv")).await, 2);
    assert_eq!(world.number(&used("generate_cv")).await, 1, "what failed was not used");
    let fresh =
        "SELECT count(*) FROM cv.feature_usage WHERE last_used_at < now() - interval '1 minute' OR total_duration < 0";
    assert_eq!(world.number(fresh).await, 0);
}

#[actix::test]
async fn an_introduction_goes_on_on_all_devices() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    assert_eq!(ana.ok("onboarding.get", json!({})).await["currentStep"], 0);
    let at =
        |step: u32, done: bool| json!({"state": {"currentStep": step, "hasCompleted": done, "timestamps": {"a": 1}}});
    ana.ok("onboarding.set", at(2, false)).await;
    assert_eq!(ana.refused("onboarding.set", at(1, false)).await, ErrorCode::Conflict);
    ana.ok("onboarding.set", at(5, true)).await;
    assert_eq!(ana.refused("onboarding.set", at(6, false)).await, ErrorCode::Conflict, "its end is final");
    let state = snapshot::user(world.runtime.db(), &ana.who.user).await.unwrap().unwrap();
    let onboarding: OnboardingState = state.onboarding.unwrap();
    assert!(onboarding.has_completed && onboarding.other.0["timestamps"]["a"] == 1, "unknown keys are kept");
    let mut again = at(0, false);
    again["restart"] = json!(true);
    ana.ok("onboarding.set", again).await;
    let told = world.events(&format!("user:{}", ana.who.user)).await;
    assert_eq!(told.iter().filter(|(kind, _)| kind == "onboarding.changed").count(), 3);
}

#[actix::test]
async fn a_notice_is_in_the_snapshot_until_it_is_read() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    let notice = Notice { level: NoticeLevel::Info, code: "x".to_owned(), text: "y".to_owned(), data: json!({"a": 1}) };
    world
        .runtime
        .transaction(&topics::product(), async |tx| {
            crate::cv::announce::notice(tx, &ana.who.user, &notice).await?;
            Ok(())
        })
        .await
        .unwrap();
    let db = world.runtime.db();
    assert_eq!(snapshot::user(db, &ana.who.user).await.unwrap().unwrap().notices, [notice]);
    assert_eq!(world.events(&format!("user:{}", ana.who.user)).await.last().unwrap().0, "notice");
    ana.ok("notice.read", json!({})).await;
    assert!(store::unread(db, ana.who.user.as_str()).await.unwrap().is_empty());
    assert_eq!(world.events(&format!("user:{}", ana.who.user)).await.last().unwrap().0, "notices.read");
}

#[actix::test]
async fn administrators_find_people_and_change_their_role() {
    let world = World::start().await;
    let (ana, _ben, root) = (world.person("ana").await, world.person("ben").await, world.admin().await);
    let all = root.ok("admin.users", json!({"limit": 2})).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    let rest = root.ok("admin.users", json!({"limit": 2, "after": all["next"]})).await;
    assert_eq!((rest["items"][0]["email"].clone(), &rest["next"]), (json!("ana@example.com"), &Value::Null));
    let found = root.ok("admin.users", json!({"email": "BEN@", "role": "USER", "plan": "free"})).await;
    let found: Vec<AdminUser> = serde_json::from_value(found["items"].clone()).unwrap();
    assert_eq!((found.len(), found[0].balance, found[0].plan_name.as_deref()), (1, 5, Some("free")));
    assert_eq!(root.ok("admin.users", json!({"email": "%"})).await["items"], json!([]), "a text, no pattern");
    let id = &ana.who.user;
    let set =
        root.ok("admin.user_set", json!({"id": id, "role": "ADMIN", "name": "Ana", "email_verified": true})).await;
    assert_eq!((&set["role"], &set["name"]), (&json!("ADMIN"), &json!("Ana")));
    assert!(set["email_verified"].is_string());
    assert_eq!(world.events(&format!("user:{id}")).await.last().unwrap().0, "account.changed");
    root.ok("admin.user_set", json!({"id": id, "role": "USER"})).await;
    let last = json!({"id": root.who.user, "role": "USER"});
    assert_eq!(root.refused("admin.user_set", last).await, ErrorCode::Conflict, "the last administrator");
    assert_eq!(root.refused("admin.user_set", json!({"id": "nobody", "role": "USER"})).await, ErrorCode::NotFound);
    for method in crate::cv::calls::admin::METHODS {
        assert_eq!(ana.refused(method, json!({})).await, ErrorCode::Forbidden, "{method}");
    }
}
