//! A rolling restart of two nodes on one Postgres, without Redis, under load: no task fails, no event is lost, no error
//! reaches a person; and a second signal ends a drain at once.

use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use crate::support::{census, offer_text};
use estafette::testing;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// People at once, and generations of each: as many as the credits of a new account.
const PEOPLE: usize = 6;
const TASKS: usize = 5;
/// Bound of one drain: the spread, the steps under way, and a busy machine.
const DRAIN: Duration = Duration::from_secs(30);
const SETTINGS: &[(&str, &str)] = &[
    ("ESTAFETTE_TOKEN_KEY", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
    ("ESTAFETTE_OFFLINE_LATENCY_MS", "250"),
    ("ESTAFETTE_RECONNECT_SPREAD_MS", "1500"),
    ("ESTAFETTE_STEPS_PER_USER", "8"),
];

/// The addresses that a balancer would know.
type Nodes = Arc<Mutex<Vec<String>>>;

/// What a person lived through.
#[derive(Debug, Default)]
struct Story {
    errors: Vec<String>,
    completed: usize,
    connections: usize,
    refused_for_now: usize,
    longest_pause: Duration,
}

/// A client as the SDK is: it resumes, repeats what was not answered, comes back when told to.
struct Life {
    token: String,
    user: String,
    cv: String,
    nodes: Nodes,
    turn: usize,
    started: usize,
    pending: Option<(usize, Instant)>,
    positions: BTreeMap<String, (i64, i64)>,
    story: Story,
}

enum Next {
    GoOn,
    Reconnect,
}

impl Life {
    async fn live(mut self) -> Story {
        let mut away = Instant::now();
        while self.story.completed < TASKS {
            let address = {
                let nodes = self.nodes.lock().unwrap();
                nodes[self.turn % nodes.len()].clone()
            };
            self.turn += 1;
            let Ok(mut socket) = Socket::try_hello(&address, &self.token).await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            self.story.connections += 1;
            self.story.longest_pause = self.story.longest_pause.max(away.elapsed());
            self.connected(&mut socket).await;
            away = Instant::now();
        }
        self.story
    }

    async fn connected(&mut self, socket: &mut Socket) {
        let topic = format!("user:{}", self.user);
        let mut sub = json!({"t": "sub", "id": 1, "topic": topic});
        if let Some((epoch, seq)) = self.positions.get(&topic) {
            sub["since"] = json!({"epoch": epoch, "seq": seq});
        }
        socket.send_quietly(&json!([sub])).await;
        // Asked again on the new connection, with the same key.
        if self.pending.is_some() {
            self.ask(socket).await;
        }
        let mut leave_at: Option<tokio::time::Instant> = None;
        while self.story.completed < TASKS {
            if self.pending.is_none() && self.started < TASKS {
                self.pending = Some((self.started, Instant::now()));
                self.ask(socket).await;
            }
            let leave = async {
                match leave_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let heard = tokio::select! {
                () = leave => return,
                heard = socket.hear() => heard,
            };
            match heard {
                Heard::Message(message) if message["t"] == "drain" => {
                    let after = message["reconnect_after_ms"].as_u64().unwrap();
                    leave_at.get_or_insert_with(|| tokio::time::Instant::now() + Duration::from_millis(after));
                }
                Heard::Message(message) => {
                    if matches!(self.take(&message, socket).await, Next::Reconnect) {
                        return;
                    }
                }
                Heard::Closed(code, reason) => {
                    if ![1001, 1005, 1006, 1012, 1013].contains(&code) {
                        self.story.errors.push(format!("closed {code} {reason}"));
                    }
                    return;
                }
            }
        }
    }

    async fn ask(&self, socket: &mut Socket) {
        let Some((n, _)) = self.pending else { return };
        let params = json!({"source_cv_id": self.cv, "mode": "adapt", "offers": [{"text": offer_text(n)}]});
        let key = format!("{}-{n}", self.user);
        let call = json!({"t": "call", "id": 100 + n, "method": "cv.generate", "params": params, "key": key});
        socket.send_quietly(&json!([call])).await;
    }

    async fn take(&mut self, message: &Value, socket: &mut Socket) -> Next {
        let topic = message["topic"].as_str().unwrap_or_default();
        match message["t"].as_str() {
            Some("ok") if message["id"].as_u64().is_some_and(|id| id >= 100) => {
                self.pending = None;
                self.started += 1;
            }
            Some("err") => {
                let after = message["retry_after_ms"].as_u64();
                match (message["code"].as_str(), after) {
                    (Some("unavailable" | "rate_limited"), Some(after)) => {
                        self.story.refused_for_now += 1;
                        tokio::time::sleep(Duration::from_millis(after.min(3_000))).await;
                        if message["id"] == 1 {
                            return Next::Reconnect;
                        }
                        self.ask(socket).await;
                    }
                    _ => self.story.errors.push(message.to_string()),
                }
            }
            Some("snap") => {
                let (epoch, seq) = (message["epoch"].as_i64().unwrap(), message["seq"].as_i64().unwrap());
                if self.positions.insert(topic.to_owned(), (epoch, seq)).is_some() {
                    self.story.errors.push(format!("a second snapshot of {topic}"));
                }
            }
            Some("ev") => {
                let seq = message["seq"].as_i64().unwrap();
                let position = self.positions.get_mut(topic).unwrap();
                if seq != position.1 + 1 {
                    self.story.errors.push(format!("{topic}: {seq} after {}", position.1));
                }
                position.1 = seq;
                if message["kind"] == "task.finished" {
                    match message["data"]["status"].as_str() {
                        Some("completed") => self.story.completed += 1,
                        _ => self.story.errors.push(message.to_string()),
                    }
                }
            }
            _ => {}
        }
        Next::GoOn
    }
}

/// Asks over HTTP all the time, of one node after the other: an answer, or a time to come back, or no connection.
async fn poll(person: Person, nodes: Nodes, stop: Arc<Mutex<bool>>) -> Vec<String> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let (mut errors, mut turn) = (Vec::new(), 0);
    while !*stop.lock().unwrap() {
        let address = {
            let nodes = nodes.lock().unwrap();
            nodes[turn % nodes.len()].clone()
        };
        turn += 1;
        match http.get(format!("http://{address}/v1/cv/credits")).bearer_auth(&person.token).send().await {
            Ok(answer) if answer.status() == 200 => {}
            Ok(answer) if answer.status() == 503 && answer.headers().contains_key("retry-after") => {}
            Ok(answer) => errors.push(format!("{}: {:?}", answer.status(), answer.text().await)),
            // The node is gone, or its socket was closed while it was idle: a balancer takes another one.
            Err(error) if error.is_connect() || error.is_request() => {}
            Err(error) => errors.push(error.to_string()),
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    errors
}

#[tokio::test]
async fn a_rolling_restart_under_load_fails_no_task_loses_no_event_and_shows_no_error() {
    let database = testing::database().await;
    let url = database.url();
    let start = || Server::on(&url, SETTINGS);
    let (mut one, mut two) = (start(), start());
    let nodes: Nodes = Arc::new(Mutex::new(vec![one.address().to_owned(), two.address().to_owned()]));
    let (mut lives, mut last) = (Vec::new(), None);
    for n in 0..PEOPLE {
        let person = Person::sign_up(&one, &format!("p{n}")).await;
        let cv = person.cv().await;
        last = Some(person.clone());
        let life = Life {
            token: person.token.clone(),
            user: person.id.clone(),
            cv,
            nodes: Arc::clone(&nodes),
            turn: n,
            started: 0,
            pending: None,
            positions: BTreeMap::new(),
            story: Story::default(),
        };
        lives.push(tokio::spawn(life.live()));
    }
    let stop = Arc::new(Mutex::new(false));
    let polling = tokio::spawn(poll(last.unwrap(), Arc::clone(&nodes), Arc::clone(&stop)));
    let db = database.db();
    let completed = || async {
        let sql = "SELECT count(*) FROM runtime.events WHERE kind = 'step.completed'";
        db.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    // In the middle of the work.
    while completed().await < 20 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (place, server) in [(0, &mut one), (1, &mut two)] {
        server.signal("-TERM");
        assert_eq!(server.ended(DRAIN).await, Some(0), "{}", server.last_words());
        *server = start();
        nodes.lock().unwrap()[place] = server.address().to_owned();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut stories = Vec::new();
    for life in lives {
        stories.push(tokio::time::timeout(Duration::from_secs(120), life).await.expect("the work ends").unwrap());
    }
    *stop.lock().unwrap() = true;
    let polled = polling.await.unwrap();
    eprintln!("{stories:#?}");
    for story in &stories {
        assert_eq!((story.errors.as_slice(), story.completed), ([].as_slice(), TASKS));
        assert!(story.longest_pause < Duration::from_secs(5), "{story:?}");
    }
    assert_eq!(polled, Vec::<String>::new());
    let number = async |sql: &str| db.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    let tasks = (PEOPLE * TASKS) as i64;
    assert_eq!(number(&format!("{} AND status = 'completed'", census::TASKS)).await, tasks);
    assert_eq!(number(census::TASKS).await, tasks, "each call took effect once");
    assert_eq!(number("SELECT count(*) FROM runtime.tasks WHERE rescues > 0").await, 0, "handed over, not rescued");
    let moved = number("SELECT count(*) FROM runtime.events WHERE data->'requeued'->>'cause' = 'drain'").await;
    assert!(moved > 0, "tasks were running when their node went away");
    let repeated = "SELECT count(*) FROM (SELECT topic_id, data->>'step' FROM runtime.events
        WHERE kind = 'step.completed' GROUP BY 1, 2 HAVING count(*) > 1) twice";
    assert_eq!(number(repeated).await, 0, "no completed step ran again");
}

#[tokio::test]
async fn a_second_signal_ends_a_drain_at_once() {
    let database = testing::database().await;
    let mut server = Server::on(&database.url(), &[("ESTAFETTE_RECONNECT_SPREAD_MS", "60000")]);
    let person = Person::sign_up(&server, "ann").await;
    let mut socket = Socket::hello(&server, &person.token, "estafette.v1.json").await;
    server.signal("-TERM");
    loop {
        match socket.hear().await {
            Heard::Message(message) if message["t"] == "drain" => break,
            Heard::Message(_) => {}
            closed @ Heard::Closed(..) => panic!("{closed:?}"),
        }
    }
    let began = Instant::now();
    assert_eq!(person.get("/v1/cv/credits").await.status, 200, "served while it drains");
    let ready = person.get("/health/ready").await;
    assert_eq!((ready.status, ready.body["code"].as_str()), (503, Some("unavailable")));
    server.signal("-TERM");
    assert_eq!(server.ended(Duration::from_secs(5)).await, Some(130));
    assert!(began.elapsed() < Duration::from_secs(5));
}
