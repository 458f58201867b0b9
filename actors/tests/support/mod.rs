//! A toy product on a real database, and a real socket client.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use estafette_actors::bus::redis::Protocol;
use estafette_actors::migration::{self, Migration};
use estafette_actors::task::{
    GroupKey, NewTask, RetryPolicy, StepCtx, StepOutput, StepSpec, StepView, TaskInfo, TaskKind,
};
use estafette_actors::testkit::{TestDatabase, TestRedis};
use estafette_actors::{
    AuthError, Authenticator, BulkRow, CallCtx, CallError, Column, Db, DbError, DbResult, Identity, Product, Runtime,
    RuntimeConfig, StepError, Tx,
};
use estafette_protocol::{ProductId, SessionId, StepKey, TaskId, Topic, UserId};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

pub const TOY_SQL: &str = "CREATE SCHEMA toy;
CREATE TABLE toy.effects (task_id text NOT NULL, step text NOT NULL, PRIMARY KEY (task_id, step));
CREATE TABLE toy.runs (task_id text NOT NULL, step text NOT NULL, attempt integer NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE toy.gates (name text PRIMARY KEY);
CREATE TABLE toy.counter (id text PRIMARY KEY, n bigint NOT NULL DEFAULT 0);";

pub fn migrations() -> Vec<Migration> {
    let toy = Migration { schema: "toy".into(), name: "0001_create_toy".into(), sql: TOY_SQL.into() };
    [migration::RUNTIME, &[toy]].concat()
}

pub async fn database() -> TestDatabase {
    TestDatabase::fresh(&migrations()).await
}

/// What steps wait for, by name: a test opens it when it has looked.
#[derive(Default)]
pub struct Gates {
    pub open: parking_lot::Mutex<HashMap<String, Arc<tokio::sync::Semaphore>>>,
    pub waiting: AtomicUsize,
    /// How many permissions were asked for together, each time.
    pub asked: parking_lot::Mutex<Vec<usize>>,
    /// How many states were asked for together, each time.
    pub groups: parking_lot::Mutex<Vec<usize>>,
}

impl Gates {
    pub fn gate(&self, name: &str) -> Arc<tokio::sync::Semaphore> {
        Arc::clone(self.open.lock().entry(name.to_owned()).or_insert_with(|| Arc::new(tokio::sync::Semaphore::new(0))))
    }
}

/// Input: `{steps: [{key, needs?, group?, do: "ok"|"fail"|"flaky"|"hang"|"panic"|"gate"|"grow"|"reject"|"until"|"abort", on?: name, continue?}]}`.
pub struct Chain(pub Arc<Gates>);

#[async_trait::async_trait(?Send)]
impl TaskKind for Chain {
    fn name(&self) -> &'static str {
        "chain"
    }

    fn beside_others(&self) -> bool {
        true
    }

    fn plan(&self, task: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        let steps = task.input["steps"].as_array().cloned().ok_or_else(|| StepError::fatal("bad_input", "no steps"))?;
        Ok(steps.iter().map(spec).collect())
    }

    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        let attempt = i32::try_from(ctx.attempt).unwrap();
        if !ctx.step.pure {
            ctx.db
                .execute(
                    "INSERT INTO toy.runs (task_id, step, attempt) VALUES ($1, $2, $3)",
                    &[&ctx.task.id.as_str(), &ctx.step.key.as_str(), &attempt],
                )
                .await?;
        }
        let input = &ctx.step.input;
        match input["do"].as_str().unwrap_or("ok") {
            "fail" => Err(StepError::fatal("told", "told to fail")),
            "flaky" if ctx.attempt < 3 => Err(StepError::transient("told", "not yet")),
            "hang" => std::future::pending().await,
            "panic" if ctx.attempt < 2 => panic!("told to panic"),
            "gate" => {
                self.0.waiting.fetch_add(1, Ordering::SeqCst);
                let gate = self.0.gate(input["on"].as_str().unwrap());
                gate.acquire().await.unwrap().forget();
                Ok(StepOutput::of(json!("through")))
            }
            // A gate that several processes see.
            "until" => {
                let name = input["on"].as_str().unwrap();
                while ctx.db.query_opt("SELECT 1 FROM toy.gates WHERE name = $1", &[&name]).await?.is_none() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Ok(StepOutput::of(json!("through")))
            }
            // Kills its node.
            "abort" => std::process::abort(),
            "gate_then_read" => {
                self.0.waiting.fetch_add(1, Ordering::SeqCst);
                let gate = self.0.gate(input["on"].as_str().unwrap());
                gate.acquire().await.unwrap().forget();
                ctx.db.query("SELECT 1", &[]).await?;
                Ok(StepOutput::of(json!("read")))
            }
            "grow" => {
                let added: Vec<StepSpec> = (0..3)
                    .map(|i| spec(&json!({"key": format!("{}.{i}", ctx.step.key), "needs": [ctx.step.key]})))
                    .collect();
                let also_needs = added.iter().map(|step| (StepKey::parse("last").unwrap(), step.key.clone())).collect();
                Ok(StepOutput { output: json!("grown"), add: added, also_needs, report: Map::new() })
            }
            "delta" => {
                ctx.delta("some text");
                Ok(StepOutput::of(json!("told")))
            }
            _ => Ok(StepOutput::of(json!({"step": ctx.step.key}))),
        }
    }

    async fn on_step_completed(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        step: &StepView<'_>,
        output: &StepOutput,
    ) -> DbResult<()> {
        if step.spec.input["do"] == "reject" {
            tx.execute("INSERT INTO toy.effects VALUES ($1, NULL)", &[&task.id.as_str()]).await?;
        }
        let _ = output;
        // A primary key: an effect that happened twice would fail here.
        tx.execute("INSERT INTO toy.effects VALUES ($1, $2)", &[&task.id.as_str(), &step.spec.key.as_str()]).await?;
        Ok(())
    }

    async fn on_retried(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        _: &[StepSpec],
    ) -> Result<Map<String, Value>, CallError> {
        tx.execute("DELETE FROM toy.effects WHERE task_id = $1 AND step = 'never'", &[&task.id.as_str()]).await?;
        Ok(Map::new())
    }
}

pub fn spec(step: &Value) -> StepSpec {
    let key = StepKey::parse(step["key"].as_str().unwrap()).unwrap();
    let needs = step["needs"].as_array().cloned().unwrap_or_default();
    let retry = RetryPolicy { first_delay: Duration::from_millis(20), factor: 1, ..RetryPolicy::DEFAULT };
    let mut spec = StepSpec::new(key, "toy")
        .after(needs.iter().map(|need| StepKey::parse(need.as_str().unwrap()).unwrap()))
        .with_input(step.clone())
        .retrying(retry)
        .within(Duration::from_secs(30));
    if step["do"] == "hang" {
        spec = spec.within(Duration::from_secs(1));
    }
    if step["pure"] == true {
        spec = spec.pure();
    }
    if let Some(group) = step["group"].as_str() {
        spec = spec.in_group(GroupKey::new(group));
    }
    if step["continue"] == true {
        spec = spec.on_failure(estafette_actors::task::OnFailure::Continue);
    }
    spec
}

pub struct Toy(pub Arc<Gates>);

#[async_trait::async_trait(?Send)]
impl Product for Toy {
    fn id(&self) -> ProductId {
        product()
    }

    async fn authorize(&self, _: &Db, who: &Identity, topic: &Topic) -> Result<(), CallError> {
        match topic.family() {
            "user" if topic.id() != Some(who.user.as_str()) => Err(CallError::forbidden("not yours")),
            "room" if topic.id() == Some("secret") && who.user.as_str() != "u0" => {
                Err(CallError::forbidden("not yours"))
            }
            "user" | "task" | "room" => Ok(()),
            _ => Err(CallError::not_found("no such topic")),
        }
    }

    async fn snapshot(
        &self,
        snapshot: &deadpool_postgres::Transaction<'_>,
        _: &Identity,
        topic: &Topic,
    ) -> Result<Value, CallError> {
        let row = snapshot.query_opt("SELECT n FROM toy.counter WHERE id = $1", &[&topic.as_str()]).await?;
        Ok(json!({"n": row.map_or(0, |row| row.get::<_, i64>(0))}))
    }

    fn reads_together(&self, topic: &Topic) -> bool {
        topic.family() == "room"
    }

    /// `room:alone` is not told here, and nothing is where somebody asks for `room:bad`.
    async fn authorize_each(
        &self,
        db: &Db,
        asked: &[(&Identity, &Topic)],
    ) -> Result<Vec<Option<Result<(), CallError>>>, CallError> {
        self.0.asked.lock().push(asked.len());
        // Whoever locks this table holds everybody up.
        db.query("SELECT 1 FROM toy.gates", &[]).await?;
        let mut answers = Vec::new();
        for (who, topic) in asked {
            answers.push(match topic.id() {
                Some("bad") => return Err(CallError::not_found("told to fail")),
                Some("alone") => None,
                _ => Some(self.authorize(db, who, topic).await),
            });
        }
        Ok(answers)
    }

    /// `room:alone` is not told here, and nothing is where somebody asks for `room:bad`.
    async fn snapshots(
        &self,
        snapshot: &deadpool_postgres::Transaction<'_>,
        asked: &[(&Identity, &Topic)],
    ) -> Result<Vec<Option<Value>>, CallError> {
        self.0.groups.lock().push(asked.len());
        let ids: Vec<&str> = asked.iter().map(|(_, topic)| topic.as_str()).collect();
        let sql = "SELECT id, n / (CASE id WHEN 'room:bad' THEN 0 ELSE 1 END) FROM toy.counter WHERE id = ANY($1)";
        let rows = snapshot.query(sql, &[&ids]).await.map_err(DbError::from)?;
        let found: HashMap<String, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let state = |id: &str| json!({"n": found.get(id).copied().unwrap_or(0)});
        Ok(ids.into_iter().map(|id| (id != "room:alone").then(|| state(id))).collect())
    }

    async fn call(&self, ctx: CallCtx, method: &str, params: Value) -> Result<Value, CallError> {
        match method {
            "start" => {
                ctx.transaction(async |tx: &mut Tx<'_>| {
                    let task = tx
                        .enqueue(NewTask {
                            id: NewTask::new_id(),
                            kind: "chain".to_owned(),
                            owner: Some(ctx.who.user.clone()),
                            device: None,
                            input: params.clone(),
                            event: Map::new(),
                        })
                        .await?;
                    Ok(json!({"task_id": task.id}))
                })
                .await
            }
            // The same as a unit that only adds; with an id of the caller's.
            "begin" => {
                let user = ctx.who.user.clone();
                ctx.add(move |unit| {
                    if params["refuse"] == true {
                        return Err(CallError::bad_request("told to refuse"));
                    }
                    let id = params["id"].as_str().map_or_else(NewTask::new_id, |id| TaskId::parse(id).unwrap());
                    let task = NewTask {
                        id,
                        kind: "chain".to_owned(),
                        owner: Some(user.clone()),
                        device: None,
                        input: params.clone(),
                        event: Map::new(),
                    };
                    Ok(json!({"task_id": unit.enqueue(task)?.id}))
                })
                .await
            }
            // Counts at the end of the unit, and asks before and after that is settled; counts once more.
            "put_at_end" => {
                ctx.transaction(async |tx: &mut Tx<'_>| {
                    let id = params["id"].as_str().unwrap();
                    let counted = async |tx: &Tx<'_>| {
                        let row = tx.query_opt("SELECT n FROM toy.counter WHERE id = $1", &[&id]).await?;
                        Ok::<i64, CallError>(row.map_or(0, |row| row.get(0)))
                    };
                    tx.put(CountedAtEnd(id.to_owned()));
                    let before = counted(tx).await?;
                    tx.settle();
                    let settled = counted(tx).await?;
                    tx.put(CountedAtEnd(id.to_owned()));
                    Ok(json!([before, settled, counted(tx).await?]))
                })
                .await
            }
            // Adds to a counter and asks for it in the same unit; refuses afterwards when it is told to.
            "put" => {
                ctx.transaction(async |tx: &mut Tx<'_>| {
                    tx.put(Counted(params["id"].as_str().unwrap().to_owned()));
                    tx.put(Counted(params["id"].as_str().unwrap().to_owned()));
                    let row =
                        tx.query_one("SELECT n FROM toy.counter WHERE id = $1", &[&params["id"].as_str()]).await?;
                    if params["refuse"] == true {
                        return Err(CallError::bad_request("told to refuse"));
                    }
                    Ok(json!({"n": row.get::<_, i64>(0)}))
                })
                .await
            }
            "cancel" => {
                let id = TaskId::parse(params["id"].as_str().unwrap()).unwrap();
                ctx.transaction(async |tx: &mut Tx<'_>| tx.cancel_task(&id).await.map(|()| Value::Null)).await
            }
            "retry" => {
                let id = TaskId::parse(params["id"].as_str().unwrap()).unwrap();
                ctx.transaction(async |tx: &mut Tx<'_>| tx.retry_task(&id).await.map(|()| Value::Null)).await
            }
            // Adds to a counter and says so: the effect and the event belong together.
            "add" => {
                let topic = Topic::of("room", params["room"].as_str().unwrap()).unwrap();
                ctx.transaction(async |tx: &mut Tx<'_>| {
                    let row = tx
                        .query_one(
                            "INSERT INTO toy.counter AS c VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET n = c.n + 1 RETURNING n",
                            &[&topic.as_str()],
                        )
                        .await?;
                    let n: i64 = row.get(0);
                    tx.emit(&topic, "added", &json!({"n": n, "pad": params["pad"]}))?;
                    Ok(json!({"n": n}))
                })
                .await
            }
            "sign_out" => {
                ctx.transaction(async |tx: &mut Tx<'_>| {
                    tx.end_session(ctx.who.session.clone(), "signed out");
                    Ok(Value::Null)
                })
                .await
            }
            "panic" => panic!("told to panic"),
            _ => Err(CallError::not_found(format!("unknown method {method}"))),
        }
    }

    fn task_kinds(&self) -> Vec<Arc<dyn TaskKind>> {
        vec![Arc::new(Chain(Arc::clone(&self.0)))]
    }
}

/// One more of something, written together with others.
struct Counted(String);

impl BulkRow for Counted {
    const SQL: &'static str = "INSERT INTO toy.counter AS c SELECT id, 1 FROM unnest($1::text[]) AS x (id)
        ON CONFLICT (id) DO UPDATE SET n = c.n + 1";
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![Box::new(rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>())]
    }
    fn about(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// The same, which nobody asks for.
struct CountedAtEnd(String);

impl BulkRow for CountedAtEnd {
    const SQL: &'static str = Counted::SQL;
    const AT_END: bool = true;
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![Box::new(rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>())]
    }
}

/// Tokens are `user/session/seconds`.
pub struct Names;

#[async_trait::async_trait(?Send)]
impl Authenticator for Names {
    async fn authenticate(&self, token: &str) -> Result<Identity, AuthError> {
        let mut parts = token.split('/');
        let (Some(user), Some(session), Some(seconds)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(AuthError::Invalid);
        };
        let seconds: i64 = seconds.parse().map_err(|_| AuthError::Invalid)?;
        if seconds <= 0 {
            return Err(AuthError::Expired);
        }
        let mut identity = identity(user);
        identity.session = SessionId::parse(session).map_err(|_| AuthError::Invalid)?;
        identity.expires_at = chrono::Utc::now() + chrono::TimeDelta::seconds(seconds);
        Ok(identity)
    }
}

pub fn product() -> ProductId {
    ProductId::parse("toy").unwrap()
}

pub fn identity(user: &str) -> Identity {
    Identity {
        product: product(),
        user: UserId::parse(user).unwrap(),
        session: SessionId::parse(format!("s-{user}")).unwrap(),
        role: "USER".to_owned(),
        device: None,
        expires_at: chrono::Utc::now() + chrono::TimeDelta::hours(1),
    }
}

pub async fn runtime(db: Db, gates: Arc<Gates>, config: RuntimeConfig) -> Runtime {
    Runtime::builder(db)
        .product(Arc::new(Toy(gates)))
        .authenticator(Arc::new(Names))
        .config(config)
        .start()
        .await
        .unwrap()
}

/// A node that shares a Redis with others.
pub async fn node(db: Db, redis: &TestRedis, config: RuntimeConfig) -> Runtime {
    Runtime::builder(db)
        .product(Arc::new(Toy(Arc::default())))
        .authenticator(Arc::new(Names))
        .config(config)
        .redis(Some(redis.options(Protocol::Auto)))
        .start()
        .await
        .unwrap()
}

pub async fn open_gate(db: &Db, name: &str) {
    db.execute("INSERT INTO toy.gates VALUES ($1)", &[&name]).await.unwrap();
}

pub async fn start(runtime: &Runtime, user: &str, steps: Value) -> TaskId {
    called(runtime, user, "start", steps).await
}

async fn called(runtime: &Runtime, user: &str, method: &str, steps: Value) -> TaskId {
    let result = runtime.call(identity(user), method, json!({"steps": steps}), None).await.unwrap();
    TaskId::parse(result["task_id"].as_str().unwrap()).unwrap()
}

/// The same as a call that only adds.
pub async fn begin(runtime: &Runtime, user: &str, steps: Value) -> TaskId {
    called(runtime, user, "begin", steps).await
}

/// Waits until a condition holds; fails with what it saw last.
pub async fn eventually<T: std::fmt::Debug, F>(what: &str, look: F) -> T
where
    F: AsyncFn() -> Result<T, String>,
{
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        match look().await {
            Ok(value) => return value,
            Err(seen) if tokio::time::Instant::now() > deadline => panic!("{what} did not happen: {seen}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

pub async fn status(db: &Db, task: &TaskId) -> String {
    db.query_one("SELECT status FROM runtime.tasks WHERE id = $1", &[&task.as_str()]).await.unwrap().get(0)
}

pub async fn ended(db: &Db, task: &TaskId, expected: &str) {
    eventually("the end of the task", async || {
        let status = status(db, task).await;
        if status == expected { Ok(()) } else { Err(status) }
    })
    .await;
}

pub async fn kinds(db: &Db, topic: &str) -> Vec<String> {
    db.query(
        "SELECT e.kind FROM runtime.topics t JOIN runtime.events e ON e.topic_id = t.id WHERE t.topic = $1 ORDER BY e.seq",
        &[&topic],
    )
    .await
    .unwrap()
    .iter()
    .map(|row| row.get(0))
    .collect()
}

pub async fn count(db: &Db, sql: &str) -> i64 {
    db.query_one(sql, &[]).await.unwrap().get(0)
}

/// A listener on loopback that takes upgrades for a runtime, on a thread of its own like a real worker.
pub fn listen(runtime: &Runtime) -> std::net::SocketAddr {
    use actix_http::HttpService;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let runtime = runtime.clone();
    let server = actix_server::Server::build()
        .workers(1)
        .disable_signals()
        .listen("live", listener, move || {
            HttpService::build()
                .client_disconnect_timeout(Duration::ZERO)
                .upgrade(estafette_actors::session::upgrade_service(
                    runtime.clone(),
                    estafette_actors::session::UpgradeConfig::default(),
                ))
                .h1(actix_service::fn_service(|_: actix_http::Request| async {
                    Ok::<_, std::convert::Infallible>(actix_http::Response::ok())
                }))
                .tcp()
        })
        .unwrap()
        .run();
    actix_rt::spawn(server);
    address
}

pub type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A JSON client that keeps what it heard.
pub struct Client {
    pub socket: Socket,
    pub queue: std::collections::VecDeque<Value>,
    next: u32,
}

impl Client {
    pub async fn connect(address: std::net::SocketAddr) -> Self {
        let mut request = format!("ws://{address}/v1/live").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "estafette.v1.json".parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        Self { socket, queue: std::collections::VecDeque::new(), next: 0 }
    }

    pub async fn hello(address: std::net::SocketAddr, user: &str) -> Self {
        let mut client = Self::connect(address).await;
        client.send(json!([{"t": "hello", "token": format!("{user}/s-{user}/3600"), "device": "d1"}])).await;
        assert_eq!(client.next_of("welcome").await["user"], user);
        client
    }

    pub async fn send(&mut self, batch: Value) {
        self.socket.send(Message::text(batch.to_string())).await.unwrap();
    }

    /// The next message, marks left out.
    pub async fn next(&mut self) -> Value {
        loop {
            let message = self.next_with_marks().await;
            if message["t"] != "mark" {
                return message;
            }
        }
    }

    /// The next message.
    pub async fn next_with_marks(&mut self) -> Value {
        loop {
            if let Some(message) = self.queue.pop_front() {
                return message;
            }
            let frame =
                tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await.expect("a message in time");
            match frame.expect("the socket is open").unwrap() {
                Message::Text(text) => self.queue.extend(serde_json::from_str::<Vec<Value>>(&text).unwrap()),
                Message::Close(close) => panic!("closed: {close:?}"),
                _ => {}
            }
        }
    }

    /// The next message of a type; others before it are skipped.
    pub async fn next_of(&mut self, t: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["t"] == t {
                return message;
            }
        }
    }

    pub async fn request(&mut self, mut message: Value) -> Value {
        self.next += 1;
        message["id"] = json!(self.next);
        self.send(json!([message])).await;
        let mut kept = Vec::new();
        let answer = loop {
            let message = self.next().await;
            if message["id"] == self.next && (message["t"] == "ok" || message["t"] == "err" || message["t"] == "pong") {
                break message;
            }
            kept.push(message);
        };
        for message in kept.into_iter().rev() {
            self.queue.push_front(message);
        }
        answer
    }

    pub async fn sub(&mut self, topic: &str, since: Option<Value>) -> Value {
        let mut message = json!({"t": "sub", "topic": topic});
        if let Some(since) = since {
            message["since"] = since;
        }
        self.request(message).await
    }

    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.request(json!({"t": "call", "method": method, "params": params})).await
    }

    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            let frame =
                tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await.expect("a close in time");
            match frame {
                Some(Ok(Message::Close(Some(close)))) => return (close.code.into(), close.reason.to_string()),
                Some(Ok(_)) => {}
                other => panic!("ended without a close: {other:?}"),
            }
        }
    }
}

/// Waits until so many steps are in their middle.
pub async fn waiting(gates: &Gates, expected: usize) {
    eventually("the steps to be in their middle", async || {
        let waiting = gates.waiting.load(Ordering::SeqCst);
        if waiting == expected { Ok(()) } else { Err(waiting.to_string()) }
    })
    .await;
}

/// The next wait that a task tells.
pub async fn wait(client: &mut Client, topic: &str) -> Value {
    loop {
        let live = client.next_of("live").await;
        if live["topic"] == topic
            && let Some(wait) = live["data"]["waits"].get(0)
        {
            return wait.clone();
        }
    }
}
