//! A user with a CV and two clients: one starts tasks and watches them, the other learns of them by the user's topic. In a
//! lean run there is only the first.

use super::board::Board;
use super::watcher::Watcher;
use crate::account::Account;
use crate::client::{CallFailure, Client};
use crate::scenario::{Failure, READY_WITHIN, Run};
use estafette_protocol::cv::credits::CreditBalance;
use estafette_protocol::{Codec, IdempotencyKey, TaskId, Topic};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Tasks that wait for their subscription.
const FOLLOW: usize = 1024;

/// A user with a CV and two clients.
pub(super) struct Person {
    pub(super) account: Arc<Account>,
    pub(super) cv: String,
    /// Credits before anything was started.
    pub(super) credits: i64,
    first: Arc<Client>,
    second: Option<Arc<Client>>,
    /// One a client.
    pub(super) watchers: Vec<Arc<Watcher>>,
    follower: Option<tokio::task::JoinHandle<()>>,
}

impl Person {
    /// Makes the CV and connects both clients.
    ///
    /// # Errors
    /// [`Failure`].
    pub(super) async fn enter(
        run: &Run,
        board: &Arc<Board>,
        account: Arc<Account>,
        index: u64,
        lean: bool,
    ) -> Result<Self, Failure> {
        let watching = Arc::new(Watcher::new(&run.findings, Some(Arc::clone(board)), None, lean));
        let mut watchers = vec![Arc::clone(&watching)];
        let first = Arc::new(run.client(&account, Codec::MsgPack, &format!("a{index}"), Some(watching))?);
        let (mut second, mut follower) = (None, None);
        if !lean {
            let (follow, mut topics) = mpsc::channel::<Topic>(FOLLOW);
            let following = Arc::new(Watcher::new(&run.findings, None, Some(follow), false));
            watchers.push(Arc::clone(&following));
            let client = Arc::new(run.client(&account, Codec::Json, &format!("b{index}"), Some(following))?);
            let followed = Arc::clone(&client);
            follower = Some(tokio::spawn(async move {
                while let Some(topic) = topics.recv().await {
                    followed.subscribe(topic).await;
                }
            }));
            second = Some(client);
        }
        for client in std::iter::once(&first).chain(&second) {
            client.ready(READY_WITHIN).await.map_err(Failure::Other)?;
            client.subscribe(Topic::user(account.user())).await;
        }
        let content = crate::sample::cv(run.seed, index);
        let key = IdempotencyKey::parse(format!("{}-cv-{index}", run.tag)).ok();
        let file = first.call("cv.create", json!({"content": content}), key).await?;
        let cv = file.get("id").and_then(Value::as_str);
        let cv = cv.ok_or_else(|| Failure::Other(format!("cv.create returned {file}")))?.to_owned();
        let balance: CreditBalance = run.api.get("/v1/cv/credits", &account.token().await?).await?;
        Ok(Self { account, cv, credits: balance.balance.into(), first, second, watchers, follower })
    }

    /// Starts a task; follows it at once, where there is no state to be checked.
    ///
    /// # Errors
    /// What the server or the connection said.
    pub(super) async fn start(&self, method: &str, params: Value, key: &IdempotencyKey) -> Result<TaskId, String> {
        let result = match self.second {
            Some(_) => self.first.call(method, params, Some(key.clone())).await,
            None => self.first.follow(method, params, Some(key.clone())).await,
        };
        let result = result.map_err(|error: CallFailure| error.to_string())?;
        let id = result.get("task_id").and_then(Value::as_str).and_then(|id| TaskId::parse(id).ok());
        id.ok_or_else(|| format!("an answer without a task id: {result}"))
    }

    /// Watches a task by the client that started it.
    pub(super) async fn watch(&self, task: &TaskId) {
        self.first.subscribe(Topic::task(task)).await;
    }

    /// The clients.
    pub(super) fn clients(&self) -> impl Iterator<Item = &Client> + Clone {
        std::iter::once(&self.first).chain(&self.second).map(|client| &**client)
    }

    /// Closes them.
    pub(super) async fn leave(self) {
        if let Some(follower) = self.follower {
            follower.abort();
            let _ = follower.await;
        }
        for client in std::iter::once(self.first).chain(self.second) {
            if let Some(client) = Arc::into_inner(client) {
                client.close().await;
            }
        }
    }
}
