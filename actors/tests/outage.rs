//! Postgres goes away under a running node: stopped, frozen, killed. Calls are refused in bounded time, sockets stay and
//! are told, outcomes are kept, and everything goes on by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use estafette_actors::cluster::{Cluster, ClusterOptions, Durability};
use estafette_actors::testkit::Halted;
use estafette_actors::{Db, Runtime, RuntimeConfig, migration};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::*;

/// A Postgres of one test, which may do with it what it wants.
struct Postgres {
    cluster: Option<Cluster>,
    folder: std::path::PathBuf,
    frozen: Option<Halted>,
}

impl Postgres {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        // Postgres, which does not run as root, can reach it: nothing is kept elsewhere.
        std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let options = ClusterOptions {
            folder: folder.join("cluster"),
            binaries: None,
            max_connections: 60,
            durability: Durability::Full,
            settings: Vec::new(),
        };
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(options).unwrap()).await.unwrap();
        cluster.ensure_database("app").await.unwrap();
        let (mut client, link) = cluster.config("app").connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(link);
        migration::apply(&mut client, &migrations()).await.unwrap();
        Self { cluster: Some(cluster), folder, frozen: None }
    }

    /// A pool as patient as the server's.
    fn db(&self) -> Db {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let config = self.cluster.as_ref().unwrap().config("app");
        let pool = Pool::builder(Manager::from_config(config, tokio_postgres::NoTls, recycling))
            .max_size(8)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .wait_timeout(Some(Duration::from_secs(10)))
            .create_timeout(Some(Duration::from_secs(10)))
            .build()
            .unwrap();
        Db::new(pool)
    }

    /// The server and all of its processes stop where they are.
    fn freeze(&mut self) {
        self.frozen = Some(Halted::halt(self.cluster.as_ref().unwrap().pid()));
    }

    fn thaw(&mut self) {
        self.frozen = None;
    }

    /// The server and all of its processes are gone, at once.
    fn kill(&self) {
        Halted::halt(self.cluster.as_ref().unwrap().pid()).kill();
    }

    /// Waits until its process has ended: one that is told to stop takes calls until it gets to it.
    async fn ended(&mut self) {
        while self.cluster.as_mut().unwrap().is_running() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn restart(&mut self) {
        self.ended().await;
        let mut cluster = self.cluster.take().unwrap();
        let cluster = tokio::task::spawn_blocking(move || {
            cluster.restart().unwrap();
            cluster
        });
        self.cluster = Some(cluster.await.unwrap());
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.thaw();
        drop(self.cluster.take());
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn config() -> RuntimeConfig {
    RuntimeConfig {
        heartbeat: Duration::from_millis(500),
        probe_limit: Duration::from_millis(700),
        ..RuntimeConfig::default()
    }
}

/// Calls go on being answered in this time, however the database is away: probe limit, probe interval, and a machine
/// that is busy with other tests.
const BOUND: Duration = Duration::from_secs(4);

async fn outage(away: impl AsyncFnOnce(&mut Postgres), back: impl AsyncFnOnce(&mut Postgres)) {
    let mut postgres = Postgres::start().await;
    let db = postgres.db();
    let gates = Arc::<Gates>::default();
    let runtime = runtime(db.clone(), Arc::clone(&gates), config()).await;
    let address = listen(&runtime);
    let mut watcher = Client::hello(address, "ann").await;
    watcher.sub("room:r", None).await;
    let added = watcher.call("add", json!({"room": "r"})).await;
    assert_eq!(added["result"]["n"], 1, "{added}");
    // A step that is in its middle, one after it, and one that needs the database as soon as it begins.
    let task = start(
        &runtime,
        "ann",
        json!([
            {"key": "a", "do": "gate", "on": "g"}, {"key": "b", "needs": ["a"]}, {"key": "c", "needs": ["b"]},
        ]),
    )
    .await;
    watcher.sub(&format!("task:{task}"), None).await;
    waiting(&gates, 1).await;

    away(&mut postgres).await;
    let began = Instant::now();
    // The first call may find out, all others are told at once.
    let refused = watcher.call("add", json!({"room": "r"})).await;
    assert_eq!(refused["code"], "unavailable", "{refused}");
    assert!(refused["retry_after_ms"].as_u64().is_some_and(|after| after >= 1_000), "{refused}");
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    eventually("the gate to shut", async || if db.gate().is_up() { Err("up".to_owned()) } else { Ok(()) }).await;
    for _ in 0..20 {
        let asked = Instant::now();
        assert_eq!(watcher.call("add", json!({"room": "r"})).await["code"], "unavailable");
        assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
    }
    let refused = watcher.sub("room:other", None).await;
    // The toy authorises by the name alone: its subscription is made, and its state waits for the database.
    assert_eq!(refused["t"], "ok", "{refused}");
    let health = watcher.next_of("health").await;
    assert_eq!(health["outages"][0]["what"], "database", "{health}");
    // The outcome of a step that ends meanwhile is kept.
    gates.gate("g").add_permits(1);
    // Heartbeats go on: two more reports of the outage come with them.
    for _ in 0..2 {
        assert_eq!(watcher.next_of("health").await["outages"][0]["what"], "database");
    }

    back(&mut postgres).await;
    let returned = Instant::now();
    loop {
        let health = watcher.next_of("health").await;
        if health["outages"] == json!([]) {
            break;
        }
    }
    ended(&db, &task, "completed").await;
    let added = watcher.call("add", json!({"room": "r"})).await;
    assert_eq!(added["result"]["n"], 2, "what was refused was not done, what was acknowledged is there: {added}");
    assert!(returned.elapsed() < Duration::from_secs(8), "{:?}", returned.elapsed());
    let snap = loop {
        let message = watcher.next_of("snap").await;
        if message["topic"] == "room:other" {
            break message;
        }
    };
    assert_eq!(snap["state"]["n"], 0, "{snap}");
    assert_eq!(count(&db, "SELECT count(*) FROM toy.effects").await, 3, "each step's effect once");
    assert_eq!(count(&db, "SELECT count(*) FROM toy.runs WHERE step = 'a'").await, 1, "the kept outcome was not lost");
    assert_eq!(count(&db, "SELECT coalesce(max(rescues), 0)::bigint FROM runtime.tasks").await, 0);
    leave(runtime).await;
}

async fn leave(runtime: Runtime) {
    runtime.drain(Duration::from_millis(1)).await;
}

#[actix::test]
async fn postgres_killed_and_started_again() {
    outage(async |postgres| postgres.kill(), async |postgres| postgres.restart().await).await;
}

#[actix::test]
async fn postgres_stopped_and_started_again() {
    outage(
        async |postgres| {
            postgres.cluster.as_ref().unwrap().order_stop();
            postgres.ended().await;
        },
        async |postgres| postgres.restart().await,
    )
    .await;
}

#[actix::test]
async fn postgres_frozen_and_thawed() {
    outage(async |postgres| postgres.freeze(), async |postgres| postgres.thaw()).await;
}

/// A step that meets the outage itself waits, says so, and loses no attempt.
#[actix::test]
async fn a_step_that_needs_the_database_waits_for_it() {
    let mut postgres = Postgres::start().await;
    let db = postgres.db();
    let gates = Arc::<Gates>::default();
    let runtime = runtime(db.clone(), Arc::clone(&gates), config()).await;
    let address = listen(&runtime);
    let mut watcher = Client::hello(address, "ann").await;
    let task = start(&runtime, "ann", json!([{"key": "a", "do": "gate_then_read", "on": "g"}])).await;
    let topic = format!("task:{task}");
    watcher.sub(&topic, None).await;
    waiting(&gates, 1).await;
    postgres.freeze();
    gates.gate("g").add_permits(2);
    let wait = wait(&mut watcher, &topic).await;
    assert_eq!((&wait["reason"], &wait["step"]), (&json!("storage"), &json!("a")), "{wait}");
    postgres.thaw();
    db.gate().up().await;
    ended(&db, &task, "completed").await;
    assert_eq!(count(&db, "SELECT max(attempt)::bigint FROM runtime.steps").await, 1, "no attempt was lost");
    leave(runtime).await;
}

/// A step that ends during the outage: its result is kept, those who watch are told so, and it is stored once.
#[actix::test]
async fn a_result_that_waits_to_be_stored_says_so() {
    let mut postgres = Postgres::start().await;
    let db = postgres.db();
    let gates = Arc::<Gates>::default();
    let runtime = runtime(db.clone(), Arc::clone(&gates), config()).await;
    let mut watcher = Client::hello(listen(&runtime), "ann").await;
    let task = start(&runtime, "ann", json!([{"key": "a", "do": "gate", "on": "g"}])).await;
    let topic = format!("task:{task}");
    watcher.sub(&topic, None).await;
    // From then on it is live, and nothing has to be read for it.
    watcher.next_of("snap").await;
    waiting(&gates, 1).await;
    postgres.freeze();
    db.gate().down().await;
    gates.gate("g").add_permits(1);
    let wait = wait(&mut watcher, &topic).await;
    assert_eq!((&wait["reason"], &wait["step"]), (&json!("storage"), &json!("a")), "{wait}");
    postgres.thaw();
    db.gate().up().await;
    ended(&db, &task, "completed").await;
    assert_eq!(count(&db, "SELECT max(attempt)::bigint FROM runtime.steps").await, 1, "the step did not run again");
    leave(runtime).await;
}

/// Two nodes lose the database together: when it is back, neither takes the other for dead.
#[actix::test]
async fn after_an_outage_living_nodes_are_not_taken_for_dead() {
    let mut postgres = Postgres::start().await;
    let gates = Arc::<Gates>::default();
    let one = runtime(postgres.db(), Arc::clone(&gates), config()).await;
    let task = start(&one, "ann", json!([{"key": "a", "do": "gate", "on": "g"}, {"key": "b", "needs": ["a"]}])).await;
    waiting(&gates, 1).await;
    let db = postgres.db();
    let two = runtime(db.clone(), Arc::default(), config()).await;
    postgres.kill();
    // Longer than a heartbeat may be old.
    tokio::time::sleep(Duration::from_secs(11)).await;
    postgres.restart().await;
    eventually("both nodes to be back", async || {
        let row = db
            .query_one(
                "SELECT count(*) FROM runtime.nodes n JOIN pg_locks l ON l.locktype = 'advisory'
                 AND ((l.classid::bigint << 32) | l.objid::bigint) = n.lock_key",
                &[],
            )
            .await
            .map_err(|error| error.to_string())?;
        if row.get::<_, i64>(0) == 2 { Ok(()) } else { Err(row.get::<_, i64>(0).to_string()) }
    })
    .await;
    // Several looks of each at the other.
    tokio::time::sleep(Duration::from_secs(4)).await;
    gates.gate("g").add_permits(1);
    ended(&db, &task, "completed").await;
    assert_eq!(count(&db, "SELECT max(rescues)::bigint FROM runtime.tasks").await, 0);
    assert_eq!(count(&db, "SELECT count(*) FROM toy.runs WHERE step = 'a'").await, 1);
    leave(one).await;
    leave(two).await;
}

/// A token that ends while the database is away cannot be renewed: nobody is sent away for that.
#[actix::test]
async fn a_token_that_ends_during_an_outage_closes_nothing_until_it_can_be_renewed() {
    let mut postgres = Postgres::start().await;
    let db = postgres.db();
    let runtime = runtime(db.clone(), Arc::default(), config()).await;
    let mut client = Client::connect(listen(&runtime)).await;
    postgres.freeze();
    // However long that takes here, the token ends afterwards.
    db.gate().down().await;
    client.send(json!([{"t": "hello", "token": "ann/s-ann/1", "device": "d1"}])).await;
    client.next_of("welcome").await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        // Heartbeats of the outage: the socket is open beyond its token's end.
        client.next_of("health").await;
    }
    postgres.thaw();
    db.gate().up().await;
    let renewed = client.request(json!({"t": "auth", "token": "ann/s-ann/3600"})).await;
    assert_eq!(renewed["t"], "ok", "{renewed}");
    assert_eq!(client.call("add", json!({"room": "r"})).await["t"], "ok");
    leave(runtime).await;
}

/// The claim's answer was lost with the database, but the claim was committed: the task is this node's and nobody works
/// on it. The node finds it.
#[actix::test]
async fn a_claim_whose_answer_was_lost_leaves_no_orphan() {
    let mut postgres = Postgres::start().await;
    let db = postgres.db();
    let gates = Arc::<Gates>::default();
    let config = RuntimeConfig { tasks_per_owner: 1, ..config() };
    let runtime = runtime(db.clone(), Arc::clone(&gates), config).await;
    let first = start(&runtime, "ann", json!([{"key": "a", "do": "gate", "on": "g"}])).await;
    waiting(&gates, 1).await;
    let second = start(&runtime, "ann", json!([{"key": "a"}])).await;
    // Calls of which nobody knows what became: what they began is not forgotten either.
    let cut =
        (0..20).map(|n| runtime.call(identity(&format!("bob{n}")), "begin", json!({"steps": [{"key": "a"}]}), None));
    postgres.cluster.as_ref().unwrap().order_stop();
    let mut down = db.gate().subscribe();
    let down = down.wait_for(|standing| *standing != estafette_actors::gate::Standing::Up);
    let (cut, down) = tokio::join!(futures_util::future::join_all(cut), down);
    down.unwrap();
    postgres.restart().await;
    db.gate().up().await;
    let node = runtime.node_id().as_str();
    let claimed =
        "UPDATE runtime.tasks SET status = 'running', node_id = $2, lease_epoch = lease_epoch + 1 WHERE id = $1";
    db.execute(claimed, &[&second.as_str(), &node]).await.unwrap();
    eventually("the orphan to be found", async || {
        let status = status(&db, &second).await;
        if status == "queued" { Ok(()) } else { Err(status) }
    })
    .await;
    gates.gate("g").add_permits(1);
    ended(&db, &first, "completed").await;
    ended(&db, &second, "completed").await;
    let answered = cut.iter().filter(|call| call.is_ok()).count();
    eventually("all that was accepted to end", async || {
        let open = "SELECT count(*) FROM runtime.tasks WHERE status <> 'completed'";
        match count(&db, open).await {
            0 => Ok(()),
            n => Err(n.to_string()),
        }
    })
    .await;
    let accepted = count(&db, "SELECT count(*) FROM runtime.tasks WHERE owner LIKE 'bob%'").await;
    assert!(accepted >= i64::try_from(answered).unwrap(), "{accepted} {answered}");
    leave(runtime).await;
}
