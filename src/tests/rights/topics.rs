//! Every kind of topic for everybody.

use super::World;
use crate::support::person::Person;
use crate::support::socket::Socket;
use estafette::cv::topics::Family;
use serde_json::json;

/// What somebody is told who asks for a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Yes,
    Forbidden,
    NotThere,
}
use Told::{Forbidden, NotThere, Yes};

impl Told {
    async fn to(socket: &mut Socket, topic: &str) -> Self {
        let answer = socket.request(json!({"t": "sub", "topic": topic})).await;
        match (answer["t"].as_str(), answer["code"].as_str()) {
            (Some("ok"), _) => Yes,
            (_, Some("forbidden")) => Forbidden,
            (_, Some("not_found")) => NotThere,
            _ => panic!("{topic}: {answer}"),
        }
    }
}

/// A kind of topic, one of Ada's (`{}` is her id), and what Ada, Eve and an administrator are told.
const ROWS: &[(Family, Told, Told, Told)] = &[
    (Family::App, Yes, Yes, Yes),
    (Family::User, Yes, Forbidden, Yes),
    // A device is known by the connection's own hello; nobody may look at another's.
    (Family::Device, Yes, Forbidden, Forbidden),
    (Family::Task, Yes, NotThere, Yes),
    (Family::Cv, Yes, NotThere, Yes),
    (Family::Admin, Forbidden, Forbidden, Yes),
];

#[test]
fn every_kind_of_topic_has_a_row() {
    let mut rows: Vec<Family> = ROWS.iter().map(|row| row.0).collect();
    rows.sort_unstable();
    assert_eq!(rows, Family::ALL, "a new kind of topic needs a row here: who may read it?");
}

async fn hello(world: &World, who: &Person, device: &str) -> Socket {
    Socket::hello_as(&world.server, &who.token, "estafette.v1.json", device).await
}

#[actix_web::test]
async fn every_topic_for_every_role() {
    let world = World::new().await;
    let topic = |family: Family| match family {
        Family::App => "app".to_owned(),
        Family::User => format!("user:{}", world.ada.id),
        Family::Device => "device:ada.phone".to_owned(),
        Family::Task => format!("task:{}", world.task),
        Family::Cv => format!("cv:{}", world.cv),
        Family::Admin => "admin:webhooks".to_owned(),
    };
    let mut ada = hello(&world, &world.ada, "ada.phone").await;
    let mut eve = hello(&world, &world.eve, "eve.phone").await;
    let mut root = hello(&world, &world.root, "root.phone").await;
    for (family, to_ada, to_eve, to_root) in ROWS {
        let topic = topic(*family);
        assert_eq!(Told::to(&mut ada, &topic).await, *to_ada, "{topic} for Ada");
        assert_eq!(Told::to(&mut eve, &topic).await, *to_eve, "{topic} for Eve");
        assert_eq!(Told::to(&mut root, &topic).await, *to_root, "{topic} for an administrator");
        // What is not there is told as what may not be seen: nobody learns which ids exist.
        let strange = topic.split_once(':').map(|(word, _)| format!("{word}:nobody-has-this"));
        if let Some(strange) = strange {
            assert_eq!(Told::to(&mut eve, &strange).await, *to_eve, "{strange} for Eve");
        }
        // Nobody without a valid token gets as far as asking.
        let mut nobody = Socket::open(&world.server, "estafette.v1.json").await;
        nobody.send(&json!([{"t": "sub", "id": 1, "topic": topic}])).await;
        assert_eq!(nobody.closed().await.0, 4400, "{topic} for nobody");
    }
    for strange in ["app:1", "user", "cv", "admin:nodes", "apps", "cvs:1"] {
        assert_ne!(Told::to(&mut root, strange).await, Yes, "{strange} is no topic, whoever asks");
    }
    for (what, token) in world.bad_tokens().await {
        let mut nobody = Socket::open(&world.server, "estafette.v1.json").await;
        let hello = json!({"t": "hello", "token": token, "device": "d"});
        nobody.send(&json!([hello, {"t": "sub", "id": 1, "topic": "app"}])).await;
        let (code, _) = nobody.closed().await;
        // An empty token is no token at all.
        assert!(code == 4401 || code == 4400 && token.is_empty(), "{what}: {code}");
    }
}
