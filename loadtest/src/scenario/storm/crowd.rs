//! A part of a storm's connections, in a process of its own: it does what its input says, and says what it saw.

use super::PATIENCE;
use crate::account::Account;
use crate::api::Api;
use crate::check::Findings;
use crate::client::{Client, ClientConfig, Handshake, Observer};
use crate::measure::Schedule;
use crate::scenario::Failure;
use estafette_protocol::{Codec, DeviceId, ServerMessage, Topic};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// Between two looks at who is complete.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Every connection is complete for the first time within this.
const READY_WITHIN: Duration = Duration::from_secs(900);

/// One person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member {
    /// Their id.
    pub user: String,
    /// Their token, good for the whole run.
    pub token: String,
    /// What they subscribe to.
    pub topics: Vec<String>,
}

/// What a crowd is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Orders {
    /// Addresses; everybody begins at the first.
    pub urls: Vec<String>,
    /// HTTP of the first.
    pub base: String,
    /// The run's tag.
    pub tag: String,
    /// Whose connections they are, in turn.
    pub people: Vec<Member>,
    /// The number of the first connection.
    pub from: u32,
    /// Connections.
    pub count: u32,
    /// Connections begun a second.
    pub rate: f64,
    /// How long they have to come back, seconds.
    pub within: f64,
}

/// What a crowd saw. Seconds since it was told that the node is killed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Returned {
    /// Connections that were lost.
    pub lost: u64,
    /// Attempts that did not lead to a connection.
    pub refused: u64,
    /// When each was connected again.
    pub connected: Vec<f64>,
    /// When each was complete again.
    pub complete: Vec<f64>,
    /// Broken promises.
    pub broken: Vec<String>,
}

impl Returned {
    /// Adds another crowd's.
    pub fn take(&mut self, other: Self) {
        self.lost += other.lost;
        self.refused += other.refused;
        self.connected.extend(other.connected);
        self.complete.extend(other.complete);
        self.broken.extend(other.broken);
    }
}

#[derive(Default)]
struct Seen {
    begin: Option<Instant>,
    losses: u64,
    connected: Vec<f64>,
}

/// What one connection saw; shared by all.
struct Watch {
    seen: Arc<Mutex<Seen>>,
}

impl Observer for Watch {
    fn message(&self, _: &ServerMessage, _: Instant) {}
    fn connected(&self, _: Handshake) {
        let mut seen = self.seen.lock();
        if let Some(begin) = seen.begin {
            seen.connected.push(begin.elapsed().as_secs_f64());
        }
    }
    fn lost(&self, _: &str) {
        let mut seen = self.seen.lock();
        if seen.begin.is_some() {
            seen.losses += 1;
        }
    }
}

/// Lives as its input says.
///
/// # Errors
/// [`Failure`].
pub async fn run() -> Result<(), Failure> {
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    let mut next = async || -> Result<String, Failure> {
        let line = tokio::time::timeout(PATIENCE, input.next_line()).await;
        line.ok()
            .and_then(|line| line.ok().flatten())
            .ok_or_else(|| Failure::Other("storm-crowd is a part of `loadtest storm`, which starts it".to_owned()))
    };
    let orders: Orders =
        serde_json::from_str(&next().await?).map_err(|error| Failure::Other(format!("bad orders: {error}")))?;
    super::super::sockets::allow_files(u64::from(orders.count) + 256)?;
    let (findings, seen) = (Arc::<Findings>::default(), Arc::<Mutex<Seen>>::default());
    let clients = open(&orders, &findings, &seen).await?;
    let until = Instant::now() + READY_WITHIN;
    let complete = || clients.iter().filter(|client| is_complete(client)).count();
    while complete() < clients.len() && Instant::now() < until {
        tokio::time::sleep(LOOK_EVERY * 5).await;
    }
    crate::out::line(json!({"ready": complete()}).to_string());
    next().await?;
    let begin = Instant::now();
    seen.lock().begin = Some(begin);
    let connects: Vec<u64> = clients.iter().map(|client| client.stats().connects).collect();
    let mut returned = Returned::default();
    let mut done = vec![false; clients.len()];
    let until = begin + Duration::from_secs_f64(orders.within);
    while returned.complete.len() < clients.len() && Instant::now() < until {
        tokio::time::sleep(LOOK_EVERY).await;
        for ((client, done), before) in clients.iter().zip(&mut done).zip(&connects) {
            if !*done && client.stats().connects > *before && is_complete(client) {
                *done = true;
                returned.complete.push(begin.elapsed().as_secs_f64());
            }
        }
    }
    {
        let mut seen = seen.lock();
        let losses = seen.losses;
        returned.connected = std::mem::take(&mut seen.connected);
        returned.lost = u64::try_from(clients.len()).unwrap_or(0).min(losses);
        returned.refused = losses.saturating_sub(returned.lost);
    }
    let broken = findings.results(&[]).into_iter().filter(|check| !check.passed);
    returned.broken = broken.flat_map(|check| check.examples).collect();
    let line = serde_json::to_string(&returned).map_err(|error| Failure::Other(error.to_string()))?;
    crate::out::line(line);
    let _ = next().await;
    Ok(())
}

fn is_complete(client: &Client) -> bool {
    client.topics() > 0 && client.stats().connects > 0 && client.incomplete().is_empty()
}

async fn open(orders: &Orders, findings: &Arc<Findings>, seen: &Arc<Mutex<Seen>>) -> Result<Vec<Client>, Failure> {
    let api = Api::new(&orders.base)?;
    let watch: Arc<Watch> = Arc::new(Watch { seen: Arc::clone(seen) });
    let first = orders.urls.first().cloned().unwrap_or_default();
    let rest: Vec<String> = orders.urls.iter().skip(1).cloned().collect();
    let schedule = Schedule::new(Instant::now(), orders.rate);
    let mut clients = Vec::new();
    for index in 0..orders.count {
        schedule.due(index.into()).await;
        let number = orders.from + index;
        let place = usize::try_from(number).unwrap_or(0);
        let member = orders.people.get(place % orders.people.len().max(1));
        let member = member.ok_or_else(|| Failure::Other("nobody to connect".to_owned()))?;
        let account = Account::holding(&api, &member.user, &member.token).map_err(Failure::Other)?;
        // Everybody begins at the first, and goes on at one of the others.
        let mut urls = vec![first.clone()];
        let turn = place % rest.len().max(1);
        urls.extend(rest.iter().cycle().skip(turn).take(rest.len()).cloned());
        let device = DeviceId::parse(format!("{}-storm-{number}", orders.tag));
        let client = Client::start(ClientConfig {
            urls: urls.into(),
            codec: if number.is_multiple_of(2) { Codec::MsgPack } else { Codec::Json },
            device: device.map_err(|error| Failure::Other(error.to_string()))?,
            account: Arc::new(account),
            findings: Arc::clone(findings),
            observer: Some(watch.clone()),
            receive_buffer: None,
            faults: true,
        });
        for topic in &member.topics {
            let topic: Topic = topic.parse().map_err(|_| Failure::Other(format!("a bad topic: {topic}")))?;
            client.subscribe(topic).await;
        }
        clients.push(client);
    }
    Ok(clients)
}
