//! What goes out has the protocol's shape, and who may see it.

use super::harness::{World, identity};
use crate::cv::store::settings;
use crate::cv::{CvProduct, snapshot};
use estafette_protocol::cv::catalog;
use estafette_protocol::cv::event::{cv as cv_events, task as task_events, user as user_events};
use estafette_protocol::cv::snapshot::{CvState, TaskState};
use estafette_protocol::cv::{credits::UsageCounter, score::ScoreState};
use estafette_protocol::{Topic, UserId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn is<T: DeserializeOwned>(kind: &str, data: &Value) {
    if let Err(error) = serde_json::from_value::<T>(data.clone()) {
        panic!("{kind} is not of its shape: {error}\n{data:#}");
    }
}

#[actix::test]
async fn every_event_has_the_protocols_shape_and_is_in_its_catalogue() {
    let world = World::start().await;
    let ana = world.person("ana").await;
    world
        .sql("UPDATE cv.subscription_plan_feature_limits SET usage_limit = 1 WHERE feature_name = 'generate_cv'")
        .await;
    let (cv, offer) = (ana.cv().await, ana.offer().await);
    world.faults.fail("batch_summary", 1);
    let two = json!([{"job_offer_id": offer}, {"job_offer_id": offer}]);
    let done = ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "adapt", "offers": two})).await;
    ana.run("cv.generate", json!({"source_cv_id": cv, "mode": "optimize"})).await;
    let change = ana.get(&cv).await["file"]["pending_changes"][0]["id"].clone();
    ana.ok("cv.review", json!({"id": cv, "decisions": [{"change_id": change, "accept": false}]})).await;
    ana.ok("cv.rename", json!({"id": cv, "filename": "x"})).await;
    ana.ok("cv.restore", json!({"id": cv, "version": 1})).await;
    ana.ok("cv.delete", json!({"id": cv})).await;
    let rows = world
        .runtime
        .db()
        .query("SELECT t.topic, e.kind, e.data FROM runtime.events e JOIN runtime.topics t ON t.id = e.topic_id WHERE t.product = 'cv'", &[])
        .await
        .unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for row in &rows {
        let (topic, kind, data): (&str, &str, Value) = (row.get(0), row.get(1), row.get(2));
        let family = topic.split(':').next().unwrap();
        assert!(catalog::EVENTS.iter().any(|known| known.family == family && known.kind == kind), "{family} {kind}");
        match (family, kind) {
            ("user", "task.queued") => is::<user_events::TaskQueued>(kind, &data),
            ("user", "task.finished") => is::<user_events::TaskFinished>(kind, &data),
            (_, "credits.changed") => is::<user_events::CreditsChanged>(kind, &data),
            (_, "counter.changed") => is::<UsageCounter>(kind, &data),
            (_, "cv.created") => is::<user_events::CvCreated>(kind, &data),
            (_, "cv.deleted") => is::<user_events::CvDeleted>(kind, &data),
            (_, "cv.listed") => is::<user_events::CvListed>(kind, &data),
            (_, "job_offer.created" | "job_offer.deleted") => is::<user_events::JobOfferEvent>(kind, &data),
            ("task", kind) if kind.starts_with("task.") => is::<task_events::TaskEvent>(kind, &data),
            (_, "step.started") => is::<task_events::StepStarted>(kind, &data),
            (_, "step.completed") => is::<task_events::StepCompleted>(kind, &data),
            (_, "step.failed") => is::<task_events::StepFailed>(kind, &data),
            (_, "offer.completed") => is::<task_events::OfferCompleted>(kind, &data),
            (_, "offer.failed" | "offer.cancelled") => is::<task_events::OfferEnded>(kind, &data),
            (_, "cv.changed") => is::<cv_events::CvChanged>(kind, &data),
            (_, "cv.version") => is::<cv_events::CvVersionKept>(kind, &data),
            (_, "cv.score") => is::<ScoreState>(kind, &data),
            (_, "cv.optimise") => is::<cv_events::CvOptimise>(kind, &data),
            (_, "cv.changes_proposed") => is::<cv_events::ChangesProposed>(kind, &data),
            (_, "cv.change_decided") => is::<cv_events::ChangeDecided>(kind, &data),
            (_, "cv.state") => is::<cv_events::CvStateChanged>(kind, &data),
            other => panic!("nobody checks {other:?}"),
        }
        seen.insert(kind.to_owned());
    }
    for kind in
        ["counter.changed", "offer.failed", "step.failed", "cv.change_decided", "cv.optimise", "cv.state", "cv.deleted"]
    {
        assert!(seen.contains(kind), "{kind} never came: {seen:?}");
    }
    is::<TaskState>("task", &done);
}

#[actix::test]
async fn section_4_1_who_may_subscribe_to_what() {
    use estafette_actors::Product as _;
    let world = World::start().await;
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let cv = ana.cv().await;
    let task = ana.run("task.test", json!({})).await["task"]["id"].as_str().unwrap().to_owned();
    let fetcher = crate::fetch::Fetcher::new(crate::fetch::FetchPolicy::default()).unwrap();
    let models = crate::ai::Models::new(
        std::sync::Arc::new(crate::ai::offline::Offline::default()),
        std::sync::Arc::new(crate::ai::NoRecorder),
    );
    let post = crate::cv::mail::Post::nowhere().unwrap();
    let documents = crate::testing::documents();
    let services = crate::cv::Services::new(std::sync::Arc::new(models), std::sync::Arc::new(fetcher), documents, post);
    let product = CvProduct::new(std::sync::Arc::new(services));
    let db = world.runtime.db();
    let mut admin = identity(UserId::parse("root").unwrap(), "ADMIN");
    admin.device = Some(estafette_protocol::DeviceId::parse("d1").unwrap());
    for topic in ["app".to_owned(), format!("user:{}", ana.who.user), format!("cv:{cv}"), format!("task:{task}")] {
        let topic = Topic::parse(topic).unwrap();
        assert!(product.authorize(db, &ana.who, &topic).await.is_ok(), "{topic}");
        assert!(product.authorize(db, &admin, &topic).await.is_ok(), "{topic}");
        assert_eq!(product.authorize(db, &ben.who, &topic).await.is_ok(), topic.as_str() == "app", "{topic}");
    }
    for topic in ["cv:nope", "task:nope", "device:d2", "admin:costs", "what:ever"] {
        assert!(product.authorize(db, &ana.who, &Topic::parse(topic).unwrap()).await.is_err(), "{topic}");
    }
    assert!(product.authorize(db, &admin, &Topic::parse("device:d1").unwrap()).await.is_ok());
    let state = snapshot::user(db, &ana.who.user).await.unwrap().unwrap();
    assert_eq!((state.credits.balance, state.cvs.len(), state.plan.unwrap().name.as_str()), (5, 1, "free"));
    is::<CvState>("cv", &serde_json::to_value(snapshot::cv(db, &cv).await.unwrap().unwrap()).unwrap());
    assert!(snapshot::app(db).await.unwrap().registration_enabled);
    assert!(settings::read(db).await.unwrap().registration_enabled());
}
