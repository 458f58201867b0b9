//! What clients received against the log, and the states they made of it against fresh snapshots.

use super::{Totals, bad};
use crate::check::Check;
use crate::check::fold::{Fold, fingerprint};
use crate::client::{Client, ClientConfig};
use crate::scenario::stage::Stage;
use crate::scenario::stage::person::Person;
use crate::scenario::stage::record::{History, Recorder, What, break_in};
use crate::scenario::{Failure, READY_WITHIN};
use estafette_protocol::{Codec, Topic};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::Client as Db;

/// A fresh client's snapshots.
const FRESH_WITHIN: Duration = Duration::from_secs(60);
/// Topics of one fresh client: below the bound of a connection.
const TOPICS: usize = 200;

struct Logged {
    epoch: u64,
    head: u64,
    /// By number from 1: the kind, and what stands for the payload.
    events: HashMap<u64, (String, u64)>,
}

/// The log of topics; of those without an event there is none.
async fn logged(client: &Db, topics: &[String]) -> Result<HashMap<String, Logged>, Failure> {
    let mut found = HashMap::new();
    let sql = "SELECT id, topic, epoch, head_seq FROM runtime.topics WHERE product = 'cv' AND topic = ANY($1)";
    let events = "SELECT e.seq, e.kind, e.data::text FROM runtime.events e WHERE e.topic_id = $1";
    let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
    for topic in client.query(sql, &[&topics]).await.map_err(|error| bad(&error))? {
        let id: i64 = topic.get(0);
        let mut rows = HashMap::new();
        for event in client.query(events, &[&id]).await.map_err(|error| bad(&error))? {
            let (kind, data): (String, String) = (event.get(1), event.get(2));
            let data: Value = serde_json::from_str(&data).unwrap_or_default();
            let print = fingerprint(&kind, &data);
            rows.insert(unsigned(event.get(0)), (kind, print));
        }
        let logged = Logged { epoch: unsigned(topic.get(2)), head: unsigned(topic.get(3)), events: rows };
        found.insert(topic.get(1), logged);
    }
    Ok(found)
}

/// Each topic of each client: 1..n after its snapshot, row by row what the log holds, up to its head.
pub async fn histories(stage: &Stage, client: &Db, people: &[Arc<Person>], totals: &mut Totals) -> Result<(), Failure> {
    let recorders = || people.iter().flat_map(|person| &person.seats).map(|seat| &seat.recorder);
    let mut topics: Vec<String> =
        recorders().flat_map(|recorder| recorder.topics()).map(|topic| topic.to_string()).collect();
    topics.sort();
    topics.dedup();
    let logged = logged(client, &topics).await?;
    totals.events = logged.values().map(|topic| u64::try_from(topic.events.len()).unwrap_or(0)).sum();
    let findings = &stage.shared.findings;
    for (topic, log) in &logged {
        let whole = (1..=log.head).all(|seq| log.events.contains_key(&seq));
        let whole =
            if whole { Ok(()) } else { Err(format!("the log of {topic} has holes below its head {}", log.head)) };
        findings.see(Check::EqualsLog, whole);
    }
    for recorder in recorders() {
        for topic in recorder.topics() {
            let Some(history) = recorder.history(&topic) else { continue };
            let events = history.entries.iter().filter(|entry| matches!(entry.what, What::Event(..))).count();
            totals.received += u64::try_from(events).unwrap_or(0);
            let outcome = match logged.get(&topic.to_string()) {
                Some(log) => against(recorder, &topic, &history, log),
                // A topic without an event has no row.
                None if events == 0 => Ok(()),
                None => Err(format!("{}: {topic} delivered events, and the log has none", recorder.name())),
            };
            findings.see(Check::EqualsLog, outcome);
        }
    }
    Ok(())
}

fn against(recorder: &Recorder, topic: &Topic, history: &History, log: &Logged) -> Result<(), String> {
    let show = |at: usize, what: String| {
        Err(format!("{}: {topic}: {what}. Shortest history: {}", recorder.name(), recorder.around(topic, at)))
    };
    if let Some(at) = break_in(history) {
        return show(at, "the history is not 1..n".to_owned());
    }
    for (at, entry) in history.entries.iter().enumerate() {
        match &entry.what {
            What::Snapshot(epoch) if *epoch != log.epoch => {
                return show(at, format!("a snapshot of epoch {epoch}, and the log is of {}", log.epoch));
            }
            What::Snapshot(_) => {}
            What::Event(kind, print) => match log.events.get(&entry.seq) {
                Some((logged, held)) if logged == kind && held == print => {}
                Some((logged, _)) => {
                    return show(at, format!("event {} came as {kind}, the log holds another {logged}", entry.seq));
                }
                None => return show(at, format!("event {} came, and the log does not hold it", entry.seq)),
            },
        }
    }
    match history.entries.last() {
        Some(last) if last.seq == log.head => Ok(()),
        Some(last) => show(history.entries.len(), format!("the history ends at {}, the log at {}", last.seq, log.head)),
        None => Ok(()),
    }
}

/// Each client's state of each topic against the fresh snapshot of a new client, and against HTTP.
pub async fn states(stage: &Arc<Stage>, people: &[Arc<Person>]) -> Result<(), Failure> {
    for person in people {
        let mut topics: Vec<Topic> = person.seats.iter().flat_map(|seat| seat.recorder.topics()).collect();
        topics.sort();
        topics.dedup();
        for (part, topics) in topics.chunks(TOPICS).enumerate() {
            fresh(stage, person, part, topics).await?;
        }
        over_http(stage, person).await?;
    }
    Ok(())
}

async fn fresh(stage: &Arc<Stage>, person: &Person, part: usize, topics: &[Topic]) -> Result<(), Failure> {
    let name = format!("person {} fresh client", person.index);
    let recorder = Arc::new(Recorder::new(name, stage.shared.clone(), None));
    let device = format!("p{}-fresh-{part}", person.index);
    let config = stage.config(&person.account, person.index + 1, Codec::Json, &device)?;
    let client = Client::start(ClientConfig { observer: Some(recorder.clone()), ..config });
    if let Err(why) = client.ready(READY_WITHIN).await {
        let links: Vec<String> = recorder.links().into_iter().rev().take(5).map(|(_, what)| what).collect();
        let what = format!("{}: {why} (newest first: {})", recorder.name(), links.join("; "));
        stage.shared.findings.broken(Check::StateEqual, what);
        return Ok(());
    }
    for topic in topics {
        client.subscribe(topic.clone()).await;
    }
    let until = Instant::now() + FRESH_WITHIN;
    let findings = &stage.shared.findings;
    for topic in topics {
        while recorder.history(topic).is_none() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let fresh = recorder.fold(topic);
        for seat in &person.seats {
            let Some(history) = seat.recorder.history(topic) else { continue };
            let outcome = match history.fold.differs(&fresh) {
                None => Ok(()),
                Some(what) => {
                    let around = seat.recorder.around(topic, history.entries.len());
                    Err(format!("{}: {topic}: {what}. The end of its history: {around}", seat.recorder.name()))
                }
            };
            findings.see(Check::StateEqual, outcome);
        }
    }
    client.close().await;
    Ok(())
}

/// The states that HTTP tells: each task, and the person's CV.
async fn over_http(stage: &Stage, person: &Person) -> Result<(), Failure> {
    let api = stage.api_of_one(person.index + 2)?;
    let token = person.account.token().await?;
    let [first, _] = &person.seats;
    let mut paths: Vec<(Topic, String)> = Vec::new();
    for topic in first.recorder.topics() {
        match (topic.family(), topic.id()) {
            ("task", Some(id)) => paths.push((topic.clone(), format!("/v1/tasks/{id}"))),
            ("cv", Some(id)) => paths.push((topic.clone(), format!("/v1/cv/files/{id}"))),
            _ => {}
        }
    }
    for (topic, path) in paths {
        let state: Value = api.get(&path, &token).await?;
        let outcome = match first.recorder.fold(&topic).differs(&Fold::of(topic.family(), &state)) {
            None => Ok(()),
            Some(what) => Err(format!("{}: {topic}: {what} (over HTTP)", first.recorder.name())),
        };
        stage.shared.findings.see(Check::StateEqual, outcome);
    }
    Ok(())
}
