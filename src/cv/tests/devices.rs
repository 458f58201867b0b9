//! R74: whose tasks a client sees.

use super::harness::World;
use crate::cv::snapshot;
use estafette_actors::Product as _;
use estafette_protocol::{DeviceId, ErrorCode, Topic};
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
