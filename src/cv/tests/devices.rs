//! R74: whose tasks a client sees.

use super::harness::World;
use crate::auth::caller::ANONYMOUS;
use crate::cv::calls::ADMIN;
use crate::cv::snapshot;
use estafette_actors::Product as _;
use estafette_protocol::{DeviceId, ErrorCode, Topic, UserId};
use serde_json::json;

#[actix::test]
async fn r74_a_client_sees_the_tasks_of_its_user_and_without_user_of_its_device_only() {
    let world = World::start().await;
    let (mut phone, ben) = (world.person("ana").await, world.person("ben").await);
    let mut laptop = phone.clone();
    phone.who.device = Some(DeviceId::parse("ana.phone").unwrap());
    laptop.who.device = Some(DeviceId::parse("ana.laptop").unwrap());
    phone.run("task.test", json!({})).await;
    laptop.run("task.test", json!({})).await;
    let count = |list: &serde_json::Value| list["items"].as_array().unwrap().len();
    assert_eq!(count(&phone.ok("task.list", json!({})).await), 2, "all of the user's, on each device");
    let of_phone = laptop.ok("task.list", json!({"device": "ana.phone"})).await;
    assert_eq!((count(&of_phone), &of_phone["items"][0]["device_id"]), (1, &json!("ana.phone")));
    assert_eq!(count(&ben.ok("task.list", json!({"device": "ana.phone"})).await), 0, "a filter opens nothing");
    // A task of nobody, on a device.
    world
        .sql(
            "INSERT INTO cv.background_tasks (id, title, type, device_id, user_id)
             VALUES ('t-of-kiosk', 'Test', 'test', 'kiosk', NULL)",
        )
        .await;
    let state = snapshot::device(world.runtime.db(), "kiosk").await.unwrap();
    assert_eq!(state.tasks.len(), 1);
    assert!(snapshot::device(world.runtime.db(), "ana.phone").await.unwrap().tasks.is_empty(), "those are a user's");
    assert_eq!(count(&phone.ok("task.list", json!({"device": "kiosk"})).await), 0);
    let task = Topic::parse("task:t-of-kiosk").unwrap();
    let refused = world.product.authorize(world.runtime.db(), &phone.who, &task).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotFound);
    let mut kiosk = ben.who.clone();
    kiosk.device = Some(DeviceId::parse("kiosk").unwrap());
    world.product.authorize(world.runtime.db(), &kiosk, &task).await.unwrap();
}

#[actix::test]
async fn whoever_asks_with_others_may_what_they_may_alone() {
    let world = World::start().await;
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let done = ana.run("task.test", json!({})).await;
    let sql =
        "INSERT INTO cv.background_tasks (id, title, type, device_id) VALUES ('t-of-kiosk', 'Test', 'test', 'kiosk')";
    world.sql(sql).await;
    let mut admin = ben.who.clone();
    admin.role = ADMIN.to_owned();
    let mut at_kiosk = ben.who.clone();
    at_kiosk.device = Some(DeviceId::parse("kiosk").unwrap());
    let nobody = |device: &str| {
        let mut who = ben.who.clone();
        who.role = ANONYMOUS.to_owned();
        who.user = UserId::parse(device).unwrap();
        who
    };
    let people = [ana.who.clone(), ben.who.clone(), admin, at_kiosk, nobody("kiosk"), nobody("kiosk2")];
    let topics = [done["task"]["id"].as_str().unwrap(), "t-of-kiosk", "nope"].map(|id| Topic::of("task", id).unwrap());
    let app = Topic::parse("app").unwrap();
    let mut asked: Vec<_> = people.iter().flat_map(|who| topics.iter().map(move |topic| (who, topic))).collect();
    asked.push((&ana.who, &app));
    let mut answers = world.product.authorize_each(world.runtime.db(), &asked).await.unwrap();
    assert_eq!(answers.pop(), Some(None), "only tasks are asked for together");
    asked.pop();
    let mut allowed = Vec::new();
    for ((who, topic), answer) in asked.into_iter().zip(answers) {
        let answer = answer.expect("a task's topic is told");
        assert_eq!(answer, world.product.authorize(world.runtime.db(), who, topic).await, "{} {topic}", who.user);
        allowed.push(answer.is_ok());
    }
    let expected = [[true, false], [false, false], [true, true], [false, true], [false, true], [false, false]];
    assert_eq!(allowed, expected.map(|[of_ana, of_kiosk]| [of_ana, of_kiosk, false]).concat());
}

#[actix::test]
async fn g8_a_device_without_a_person_does_what_costs_nothing_and_nothing_else() {
    let world = World::start().await;
    let mut kiosk = world.person("ana").await;
    kiosk.who.role = ANONYMOUS.to_owned();
    kiosk.who.user = UserId::parse("kiosk1").unwrap();
    // It says to be another device: that of its token counts.
    kiosk.who.device = Some(DeviceId::parse("somebody.elses").unwrap());
    let made = kiosk.run("cv.create_template", json!({"template": "developer", "language": "fr"})).await;
    let task = &made["task"];
    assert_eq!((&task["status"], &task["device_id"]), (&json!("completed"), &json!("kiosk1")), "{made}");
    assert!(task["result"]["content"]["basics"].is_object(), "the CV is the result: {task}");
    assert_eq!(world.number("SELECT count(*) FROM cv.cv_files").await, 0);
    assert_eq!(world.number("SELECT count(*) FROM cv.background_tasks WHERE user_id IS NULL").await, 1);
    kiosk.run("task.test", json!({})).await;
    assert_eq!(kiosk.ok("task.list", json!({})).await["items"].as_array().unwrap().len(), 2);
    for method in
        ["cv.list", "cv.create", "cv.generate", "cv.from_job_title", "job_offer.create", "credits.get", "me.get"]
    {
        assert_eq!(kiosk.refused(method, json!({})).await, ErrorCode::Forbidden, "{method}");
    }
    let who = kiosk.who.clone();
    let may = async |topic: &str| {
        let topic = Topic::parse(topic).unwrap();
        world.product.authorize(world.runtime.db(), &who, &topic).await.is_ok()
    };
    let own = format!("task:{}", task["id"].as_str().unwrap());
    assert!(may("device:kiosk1").await && may("app").await && may(&own).await);
    assert!(!may("device:somebody.elses").await && !may("user:kiosk1").await && !may("admin:tasks").await);
    kiosk.who.user = UserId::parse("kiosk2").unwrap();
    assert_eq!(kiosk.refused("task.get", json!({"id": task["id"]})).await, ErrorCode::NotFound, "another device's");
}
