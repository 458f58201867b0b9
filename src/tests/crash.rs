//! SIGKILL to the server in the middle of a hundred running generations, and a start on the same folder.

use crate::support::census::{self, number};
use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use crate::support::{eventually, offer_text};
use estafette::db::embedded::Embedded;
use estafette::db::pool::{PoolBounds, pool};
use estafette_actors::Db;
use estafette_actors::testkit::ClusterFolder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const USERS: usize = 5;
const TASKS_PER_USER: usize = 20;
/// Credits of each person: more than their generations cost.
const CREDITS: i64 = 25;
/// Completed steps after which the server is killed: of about 1200 in all.
const KILL_AFTER: i64 = 350;

const SETTINGS: &[(&str, &str)] = &[
    ("ESTAFETTE_OFFLINE_LATENCY_MS", "60"),
    ("ESTAFETTE_TASKS_PER_USER", "20"),
    ("ESTAFETTE_STEPS_PER_USER", "8"),
    ("ESTAFETTE_STEPS_PER_NODE", "40"),
];

/// What a client holds of one topic.
struct Reader {
    epoch: i64,
    seq: i64,
    first: i64,
    events: Vec<(i64, String)>,
    /// A task that had ended before the snapshot.
    over: bool,
}

/// A person with a socket that survives the server.
struct Watcher {
    person: Person,
    socket: Option<Socket>,
    readers: BTreeMap<String, Reader>,
}

impl Watcher {
    /// Connects; topics that are known are resumed where they stand.
    async fn connect(&mut self, server: &Server) {
        let mut socket = Socket::hello(server, &self.person.token, "estafette.v1.msgpack").await;
        for (id, (topic, reader)) in self.readers.iter().enumerate() {
            let mut sub = json!({"t": "sub", "id": id, "topic": topic});
            if reader.epoch >= 0 {
                sub["since"] = json!({"epoch": reader.epoch, "seq": reader.seq});
            }
            socket.send(&json!([sub])).await;
        }
        self.socket = Some(socket);
    }

    fn watch(&mut self, topic: String) {
        self.readers.insert(topic, Reader { epoch: -1, seq: -1, first: 0, events: Vec::new(), over: false });
    }

    /// Reads until the server is gone, or all tasks have ended.
    async fn read(&mut self) {
        let Some(mut socket) = self.socket.take() else { return };
        while !self.is_over() {
            match socket.hear().await {
                Heard::Message(message) => self.take(&message),
                Heard::Closed(..) => return,
            }
        }
        self.socket = Some(socket);
    }

    /// Reads until every topic has its first snapshot.
    async fn catch_snapshots(&mut self) {
        let mut socket = self.socket.take().unwrap();
        while self.readers.values().any(|reader| reader.epoch < 0) {
            match socket.hear().await {
                Heard::Message(message) => self.take(&message),
                closed @ Heard::Closed(..) => panic!("{closed:?}"),
            }
        }
    }

    fn take(&mut self, message: &Value) {
        let topic = message["topic"].as_str().unwrap_or_default();
        let seq = message["seq"].as_i64().unwrap_or(-1);
        match message["t"].as_str() {
            Some("snap") => {
                let reader = self.readers.get_mut(topic).unwrap();
                assert_eq!(reader.epoch, -1, "a snapshot of {topic} where events were asked for");
                let over = message["state"]["task"]["completed_at"].is_string();
                let epoch = message["epoch"].as_i64().unwrap();
                *reader = Reader { epoch, seq, first: seq, events: Vec::new(), over };
            }
            Some("ev") => {
                let reader = self.readers.get_mut(topic).unwrap();
                assert_eq!(seq, reader.seq + 1, "{topic} has a gap, a duplicate or another order");
                reader.seq = seq;
                reader.events.push((seq, message["kind"].as_str().unwrap().to_owned()));
            }
            Some("err") => panic!("{message}"),
            _ => {}
        }
    }

    fn is_over(&self) -> bool {
        let feed = self.readers.iter().find(|(topic, _)| topic.starts_with("user:"));
        let finished =
            feed.map_or(0, |(_, reader)| reader.events.iter().filter(|(_, kind)| kind == "task.finished").count());
        let ended = |reader: &Reader| {
            reader.over
                || reader
                    .events
                    .iter()
                    .any(|(_, kind)| matches!(kind.as_str(), "task.completed" | "task.failed" | "task.cancelled"))
        };
        let mut tasks = self.readers.iter().filter(|(topic, _)| topic.starts_with("task:"));
        finished == TASKS_PER_USER && tasks.all(|(_, reader)| ended(reader))
    }
}

fn database(folder: &Path) -> Db {
    let config = Embedded::of_running_server(folder).expect("the private Postgres runs");
    let bound = Duration::from_secs(20);
    pool(config, PoolBounds { size: 2, wait: bound, statement: bound, idle_transaction: bound }).unwrap()
}

/// The log that the database keeps, against what a client heard.
async fn heard_all(db: &Db, watchers: &[Watcher]) {
    for (topic, reader) in watchers.iter().flat_map(|watcher| &watcher.readers) {
        let sql = "SELECT e.seq, e.kind FROM runtime.events e JOIN runtime.topics t ON t.id = e.topic_id
                   WHERE t.topic = $1 AND e.seq > $2 ORDER BY e.seq";
        let rows = db.query(sql, &[topic, &reader.first]).await.unwrap();
        let log: Vec<(i64, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        assert_eq!(reader.events, log[..reader.events.len()], "{topic}");
        // A feed may go on after the last end; a task may not.
        if topic.starts_with("task:") {
            assert_eq!(reader.events.len(), log.len(), "{topic}");
        }
    }
}

#[actix_web::test]
async fn a_killed_server_goes_on_where_it_was() {
    let folder = ClusterFolder::new();
    let server = Server::start(folder.path(), SETTINGS);
    let db = database(folder.path());
    let set = format!("UPDATE cv.settings SET value = '{CREDITS}' WHERE setting_name = 'default_token_limit'");
    db.execute(&set, &[]).await.unwrap();
    let mut watchers = Vec::new();
    for user in 0..USERS {
        let person = Person::sign_up(&server, &format!("user{user}")).await;
        let cv = person.cv().await;
        let mut watcher = Watcher { person, socket: None, readers: BTreeMap::new() };
        watcher.watch(format!("user:{}", watcher.person.id));
        watchers.push((watcher, cv));
    }
    for (watcher, cv) in &mut watchers {
        watcher.connect(&server).await;
        watcher.catch_snapshots().await;
        let person = watcher.person.clone();
        let starts = (0..TASKS_PER_USER).map(|n| {
            let params = json!({"source_cv_id": cv, "mode": "adapt", "offers": [{"text": offer_text(n)}]});
            let (person, key) = (person.clone(), format!("g{n}"));
            async move { person.keyed("/v1/cv/generations", params, &key).await.ok() }
        });
        for started in futures_util::future::join_all(starts).await {
            watcher.watch(format!("task:{}", started["task_id"].as_str().unwrap()));
        }
        // Again, for the new topics; the feed goes on where it stands.
        watcher.connect(&server).await;
    }
    let (mut watchers, cvs): (Vec<Watcher>, Vec<String>) = watchers.into_iter().unzip();
    let tasks = i64::try_from(USERS * TASKS_PER_USER).unwrap();

    // Everybody reads; in the middle of it the server is killed.
    let reading = futures_util::future::join_all(watchers.iter_mut().map(Watcher::read));
    let killing = async {
        eventually("the middle", async || {
            let n = number(&db, "SELECT count(*) FROM runtime.events WHERE kind = 'step.completed'").await;
            if n >= KILL_AFTER { Ok(()) } else { Err(format!("{n} steps")) }
        })
        .await;
        let running = number(&db, "SELECT count(*) FROM runtime.tasks WHERE status IN ('queued', 'running')").await;
        assert!(running > tasks / 2, "only {running} tasks are open when the server is killed");
        server.kill();
    };
    futures_util::future::join(reading, killing).await;
    db.pool().close();

    let server = Server::start(folder.path(), SETTINGS);
    let db = database(folder.path());
    let completed_before: i64 = number(&db, "SELECT count(*) FROM runtime.events WHERE kind = 'step.completed'").await;
    assert!(completed_before >= KILL_AFTER);
    for watcher in &mut watchers {
        watcher.person = watcher.person.at(&server);
        watcher.connect(&server).await;
    }
    futures_util::future::join_all(watchers.iter_mut().map(Watcher::read)).await;
    assert!(watchers.iter().all(Watcher::is_over), "a connection was lost again:\n{}", server.last_words());

    // Every task ended, and well.
    let completed = number(&db, "SELECT count(*) FROM runtime.tasks WHERE status = 'completed'").await;
    assert_eq!(completed, tasks, "{}", server.last_words());
    // No completed step ran twice: neither did it complete again, nor start after its completion.
    let twice = "SELECT count(*) FROM (SELECT topic_id, data->>'step' FROM runtime.events WHERE kind = 'step.completed'
                 GROUP BY 1, 2 HAVING count(*) > 1) AS twice";
    assert_eq!(number(&db, twice).await, 0, "steps that completed twice");
    let again = "SELECT count(*) FROM runtime.events c JOIN runtime.events s ON s.topic_id = c.topic_id
                 AND s.seq > c.seq AND s.kind = 'step.started' AND s.data->>'step' = c.data->>'step'
                 WHERE c.kind = 'step.completed'";
    assert_eq!(number(&db, again).await, 0, "steps that started after they had completed");
    // Product rows once: a CV per offer beside the sources, two versions and one score each, no offer read twice.
    let sources = i64::try_from(cvs.len()).unwrap();
    assert_eq!(number(&db, "SELECT count(*) FROM cv.cv_files").await, tasks + sources);
    assert_eq!(number(&db, "SELECT count(*) FROM cv.cv_versions").await, 2 * tasks);
    assert_eq!(number(&db, "SELECT count(*) FROM cv.job_offers").await, tasks);
    assert_eq!(number(&db, "SELECT count(*) FROM runtime.events WHERE kind = 'offer.completed'").await, tasks);
    assert_eq!(number(&db, "SELECT count(*) FROM cv.cv_generation_offers WHERE status = 'completed'").await, tasks);
    // Paid once each, nothing given back.
    assert_eq!(number(&db, "SELECT count(*) FROM cv.credit_transactions WHERE type = 'usage'").await, tasks);
    assert_eq!(number(&db, "SELECT count(*) FROM cv.credit_transactions WHERE type = 'refund'").await, 0);
    let left = CREDITS - i64::try_from(TASKS_PER_USER).unwrap();
    assert_eq!(number(&db, "SELECT sum(balance)::bigint FROM cv.credit_balances").await, left * sources);
    census::ledger_is_sound(&db).await;
    heard_all(&db, &watchers).await;

    // A start that was repeated with its key after the crash finds the first one.
    let params = json!({"source_cv_id": cvs[0], "mode": "adapt", "offers": [{"text": offer_text(0)}]});
    let again = watchers[0].person.keyed("/v1/cv/generations", params, "g0").await.ok();
    assert!(watchers[0].readers.contains_key(&format!("task:{}", again["task_id"].as_str().unwrap())));
    db.pool().close();
}
