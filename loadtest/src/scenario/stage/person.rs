//! A person with a CV, two or more clients, and a book of every call that was made.

use super::Stage;
use super::record::Recorder;
use crate::account::Account;
use crate::check::Check;
use crate::check::fold::{CvFold, Fold, UserFold};
use crate::client::{CallFailure, Client, ClientConfig};
use crate::scenario::{Failure, READY_WITHIN};
use estafette_protocol::{Codec, DeviceId, ErrorCode, IdempotencyKey, TaskId, Topic};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Topics that wait to be followed; more than a person ever has tasks.
const FOLLOW: usize = 1_024;
/// Subscriptions of one client, below the server's bound of 256 a connection.
const TOPICS: usize = 230;

/// What became of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// No answer yet.
    Open,
    /// `ok`.
    Done(Value),
    /// `err`, for good.
    Refused(ErrorCode, String),
    /// Its client gave up.
    Lost(String),
}

/// A call that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its key.
    pub key: IdempotencyKey,
    /// Its method.
    pub method: &'static str,
    /// Its parameters.
    pub params: Value,
    /// When it was made.
    pub at: Duration,
    /// What became of it.
    pub outcome: Outcome,
}

/// A client and what it received.
pub struct Seat {
    /// The client.
    pub client: Arc<Client>,
    /// What it received.
    pub recorder: Arc<Recorder>,
}

/// A person.
pub struct Person {
    /// Who.
    pub account: Arc<Account>,
    /// Their place among the people.
    pub index: usize,
    /// Their first CV.
    pub cv: String,
    /// Credits before anything was started.
    pub credits: i64,
    /// Their clients; the first one calls.
    pub seats: [Seat; 2],
    book: Mutex<Vec<Made>>,
    calls: AtomicU64,
    follower: tokio::task::JoinHandle<()>,
}

impl Person {
    /// Signs a person up, gives them credits, connects their clients and makes their CV.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn enter(stage: &Arc<Stage>, index: usize, credits: u32) -> Result<Arc<Self>, Failure> {
        let api = stage.api_of_one(index)?;
        let email = format!("loadtest-{}-{index}@example.com", stage.tag);
        let account = Arc::new(Account::sign_up(&api, &email).await?);
        stage.cluster.give_credits(&email, credits).await?;
        let (follow, mut topics) = mpsc::channel::<Topic>(FOLLOW);
        let seat = |number: u8, codec: Codec, follow| {
            let name =
                format!("person {index} client {number} ({})", if codec.is_binary() { "msgpack" } else { "json" });
            let recorder = Arc::new(Recorder::new(name, stage.shared.clone(), follow));
            let config = ClientConfig {
                observer: Some(recorder.clone()),
                ..stage.config(&account, index + usize::from(number), codec, &format!("p{index}-{number}"))?
            };
            Ok::<_, Failure>(Seat { client: Arc::new(Client::start(config)), recorder })
        };
        // The first client's tasks come from the answers of its calls, the second's from the user's feed.
        let seats = [seat(0, Codec::MsgPack, None)?, seat(1, Codec::Json, Some(follow))?];
        for seat in &seats {
            seat.client.ready(READY_WITHIN).await.map_err(|why| {
                let links: Vec<String> =
                    seat.recorder.links().into_iter().rev().take(5).map(|(_, what)| what).collect();
                Failure::Other(format!("{}: {why} (newest first: {})", seat.recorder.name(), links.join("; ")))
            })?;
            seat.client.subscribe(Topic::user(account.user())).await;
        }
        let [first, second] = &seats;
        let content = crate::sample::cv(stage.seed, u64::try_from(index).unwrap_or(0));
        let key = IdempotencyKey::parse(format!("{}-cv-{index}", stage.tag)).ok();
        let file = first.client.call("cv.create", json!({"content": content}), key).await?;
        let cv = file.get("id").and_then(Value::as_str);
        let cv = cv.ok_or_else(|| Failure::Other(format!("cv.create returned {file}")))?.to_owned();
        let topic: Topic = format!("cv:{cv}").parse().map_err(|_| Failure::Other(format!("a bad id: {cv}")))?;
        first.client.subscribe(topic.clone()).await;
        second.client.subscribe(topic).await;
        let balance: estafette_protocol::cv::credits::CreditBalance =
            api.get("/v1/cv/credits", &account.token().await?).await?;
        let followed = Arc::clone(&second.client);
        let follower = tokio::spawn(async move {
            while let Some(topic) = topics.recv().await {
                if followed.topics() < TOPICS {
                    followed.subscribe(topic).await;
                }
            }
        });
        let (book, calls) = (Mutex::default(), AtomicU64::new(0));
        let credits = balance.balance.into();
        Ok(Arc::new(Self { account, index, cv, credits, seats, book, calls, follower }))
    }

    /// The client that calls.
    pub fn caller(&self) -> &Arc<Client> {
        let [first, _] = &self.seats;
        &first.client
    }

    /// Makes a call with a key of its own, writes it into the book, and follows the task that it starts.
    pub async fn call(&self, stage: &Stage, method: &'static str, params: Value) -> Option<Value> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let key = IdempotencyKey::parse(format!("{}-{}-{number}", stage.tag, self.index)).ok()?;
        let index = {
            let mut book = self.book.lock();
            let at = stage.shared.begin.elapsed();
            book.push(Made { key: key.clone(), method, params: params.clone(), at, outcome: Outcome::Open });
            book.len() - 1
        };
        let begin = Instant::now();
        // Every second task is followed, the others are subscribed to when the answer is there.
        let answer = match number % 2 == 1 && self.caller().topics() < TOPICS {
            true => self.caller().follow(method, params, Some(key)).await,
            false => self.caller().call(method, params, Some(key)).await,
        };
        stage.shared.latencies.record("call to answer, faults included", begin.elapsed());
        let outcome = match answer {
            Ok(result) => Outcome::Done(result),
            Err(CallFailure::Refused { code, message, .. }) => Outcome::Refused(code, message),
            Err(other) => Outcome::Lost(other.to_string()),
        };
        if let Some(made) = self.book.lock().get_mut(index) {
            made.outcome = outcome.clone();
        }
        self.judge(stage, method, &outcome);
        let Outcome::Done(result) = outcome else { return None };
        if let Some(task) = task_id(&result)
            && self.caller().topics() < TOPICS
        {
            self.caller().subscribe(Topic::task(&task)).await;
        }
        Some(result)
    }

    fn judge(&self, stage: &Stage, method: &str, outcome: &Outcome) {
        let answered = match outcome {
            Outcome::Lost(why) => Err(format!("{method} of person {}: {why}", self.index)),
            Outcome::Refused(code @ (ErrorCode::Unavailable | ErrorCode::Internal), message) => {
                Err(format!("{method} of person {}: {code}: {message}", self.index))
            }
            _ => Ok(()),
        };
        stage.shared.findings.see(Check::CallAnswered, answered);
    }

    /// Repeats a call that was answered: the answer must be the same.
    pub async fn repeat(&self, stage: &Stage, made: Made) {
        let Outcome::Done(first) = made.outcome else { return };
        match self.caller().call(made.method, made.params, Some(made.key.clone())).await {
            Ok(again) => {
                let same = if again == first {
                    Ok(())
                } else {
                    Err(format!("{} with key {} returned {first}, and repeated {again}", made.method, made.key))
                };
                stage.shared.findings.see(Check::CallOnce, same);
            }
            Err(failure) => {
                let what = format!("{} with key {} was done, and repeated: {failure}", made.method, made.key);
                stage.shared.findings.broken(Check::CallOnce, what);
            }
        }
    }

    /// The calls so far.
    pub fn book(&self) -> Vec<Made> {
        self.book.lock().clone()
    }
    /// Calls without an answer.
    pub fn open_calls(&self) -> usize {
        self.book.lock().iter().filter(|made| made.outcome == Outcome::Open).count()
    }

    /// Tasks that calls were answered with.
    pub fn tasks(&self) -> Vec<TaskId> {
        let book = self.book.lock();
        let mut tasks: Vec<TaskId> = book
            .iter()
            .filter_map(|made| match &made.outcome {
                Outcome::Done(result) => task_id(result),
                _ => None,
            })
            .collect();
        tasks.sort();
        tasks.dedup();
        tasks
    }

    /// What the person's feed says.
    pub fn feed(&self) -> UserFold {
        let [first, _] = &self.seats;
        match first.recorder.fold(&Topic::user(self.account.user())) {
            Fold::User(fold) => fold,
            _ => UserFold::default(),
        }
    }
    /// What is known of their first CV.
    pub fn document(&self) -> Option<CvFold> {
        let topic: Topic = format!("cv:{}", self.cv).parse().ok()?;
        let [first, _] = &self.seats;
        match first.recorder.fold(&topic) {
            Fold::Cv(fold) => Some(*fold),
            _ => None,
        }
    }

    /// Ends their clients.
    pub async fn leave(&self) {
        self.follower.abort();
        for seat in &self.seats {
            seat.client.end().await;
        }
    }
}

/// `task_id` of an answer.
pub fn task_id(result: &Value) -> Option<TaskId> {
    result.get("task_id").and_then(Value::as_str).and_then(|id| TaskId::parse(id).ok())
}

impl Stage {
    /// How a client of this run connects: at first to the node of a number, after a loss to the next.
    ///
    /// # Errors
    /// [`Failure`] for a device name with characters that none may have.
    pub fn config(
        &self,
        account: &Arc<Account>,
        first: usize,
        codec: Codec,
        device: &str,
    ) -> Result<ClientConfig, Failure> {
        let device = DeviceId::parse(format!("{}-{device}", self.tag));
        Ok(ClientConfig {
            urls: self.api_of_one(first)?.live_urls(),
            codec,
            device: device.map_err(|error| Failure::Other(error.to_string()))?,
            account: Arc::clone(account),
            findings: Arc::clone(&self.shared.findings),
            observer: None,
            receive_buffer: None,
            faults: true,
        })
    }
}
