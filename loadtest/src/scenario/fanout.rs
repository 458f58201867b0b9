//! `loadtest fanout`: one CV is edited at a rate, many readers follow it. How late each edit reaches each reader, and
//! what happens to readers that stop reading.

use super::{Failure, READY_WITHIN, Run};
use crate::account::Account;
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::client::{Client, ClientConfig, Observer};
use crate::measure::{Latencies, Schedule, Throughput};
use crate::report::Report;
use estafette_protocol::cv::snapshot::CvState;
use estafette_protocol::{Codec, IdempotencyKey, ServerMessage, Topic};
use parking_lot::RwLock;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Readers of one session: a browser has a few tabs, not a thousand.
const READERS_A_SESSION: u32 = 10;
/// Sessions at most: each costs the server a password's hash.
const SESSIONS: u32 = 100;
/// Receive buffer of a reader that will stall: what the kernel takes in its place must be small.
const STALLED_BUFFER: u32 = 32 * 1024;
/// How long marks may take to come after everything has arrived.
const SETTLE_WITHIN: Duration = Duration::from_secs(30);
/// A reader that catches up and gets nothing for this long has what it gets.
const CATCH_UP_STUCK: Duration = Duration::from_secs(20);
/// Memory that may be added while events flow, whatever their number, MiB.
const FLAT_MIB: f64 = 64.0;
/// And for each stalled reader: its outbox, and a page that is being read, MiB.
const FLAT_A_STALLED_MIB: f64 = 1.0;
/// Heartbeat of our own server.
const HEARTBEAT_MS: u64 = 2_000;

/// Options of the scenario.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Readers.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    readers: u32,
    /// Edits a second (open loop).
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
    /// How long, seconds.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Further readers that stop reading at the beginning and read again at the end.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=2_000))]
    stalled: u32,
    /// Bytes of each edit's text.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    payload: u32,
    /// Lean readers of volatile events that a task makes, instead of edits: what one server can deliver. `--readers 1000
    /// --rate 100 --payload 200` is 100,000 a second.
    #[arg(long)]
    live: bool,
}

/// When each edit was meant, by the revision that it makes.
#[derive(Default)]
struct Plan {
    first_rev: i64,
    meant: Vec<Instant>,
}

struct Reader {
    plan: Arc<RwLock<Plan>>,
    latencies: Arc<Latencies>,
    throughput: Arc<Throughput>,
    measures: bool,
}

impl Observer for Reader {
    fn message(&self, message: &ServerMessage, at: Instant) {
        let ServerMessage::Ev { kind, data, at: committed, .. } = message else { return };
        if kind.as_str() != "cv.changed" {
            return;
        }
        self.throughput.count("events delivered");
        if !self.measures {
            return;
        }
        let rev = data.get("rev").and_then(Value::as_i64).unwrap_or(0);
        let plan = self.plan.read();
        let index = usize::try_from(rev - plan.first_rev - 1).ok();
        if let Some(meant) = index.and_then(|index| plan.meant.get(index)) {
            self.latencies.record("meant to seen", at.saturating_duration_since(*meant));
        }
        // The same clock, where the server runs on this machine; to the millisecond.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_millis());
        let since = i64::try_from(now).unwrap_or(0) - committed.to_chrono().timestamp_millis();
        self.latencies.record("commit to seen", Duration::from_millis(u64::try_from(since).unwrap_or(0)));
    }
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(options: &Options, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    if options.live {
        let number = |value: u32| usize::try_from(value).unwrap_or(0);
        let load = super::live::fanout::Load {
            readers: number(options.readers),
            stalled: number(options.stalled),
            rate: options.rate,
            payload: options.payload,
            seconds: options.seconds,
        };
        return super::live::fanout::run(load, server, seed).await;
    }
    let run = Run::start(server, seed, &[("heartbeat-ms", HEARTBEAT_MS.to_string())]).await?;
    let people = run.people(1, 0).await?;
    let [account] = &people[..] else { return Err(Failure::Other("no user".to_owned())) };
    let content = crate::sample::cv(seed, 0);
    let token = account.token().await?;
    let file: Value = run.api.post("/v1/cv/files", &json!({"content": content}), Some(&token), None).await?;
    let cv = file.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let first_rev = file.get("content_rev").and_then(Value::as_i64);
    let topic = Topic::of("cv", &cv).map_err(|error| Failure::Other(error.to_string()))?;
    let first_rev = first_rev.ok_or_else(|| Failure::Other(format!("cv.create returned {file}")))?;
    let plan = Arc::new(RwLock::new(Plan { first_rev, meant: Vec::new() }));

    let sessions = sessions(&run, account, options).await?;
    let (readers, stalled) = connect(&run, options, &sessions, &plan, &topic).await?;
    let editor = run.client(account, Codec::MsgPack, "editor", None)?;
    editor.ready(READY_WITHIN).await.map_err(Failure::Other)?;
    for client in &stalled {
        client.stall(true).await;
    }
    let (began, before) = (run.memory.seconds(), run.memory.now());
    let edits = edit(&run, options, &editor, &cv, first_rev, &plan).await;
    let during = run.memory.now();
    for client in &stalled {
        client.stall(false).await;
    }
    catch_up(&run, &stalled, &topic, first_rev, edits).await;
    run.settle(readers.iter().chain(&stalled).chain([&editor]), SETTLE_WITHIN).await;
    everybody_has_everything(&run, &readers, &topic, edits);
    visible(&run, account, &cv, first_rev, edits, options).await?;
    let (after, settled) = (run.memory.now(), run.memory.seconds());
    flat(&run, before, run.memory.peak(began, settled), options);
    for client in readers.into_iter().chain(stalled).chain([editor]) {
        client.close().await;
    }
    let mut checks = vec![Check::Contiguous, Check::Complete, Check::AckVisible, Check::CallAnswered];
    if options.stalled > 0 {
        checks.push(Check::StalledReader);
        checks.push(Check::FlatMemory);
    }
    let mut report = run.finish("fanout", &checks).await;
    report.figure("readers", options.readers.into(), "");
    report.figure("stalled readers", options.stalled.into(), "");
    report.figure("edits meant", options.rate * options.seconds, "");
    #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
    report.figure("edits made", edits as f64, "");
    for (name, value) in
        [("before", before), ("at the end of the edits", during), ("after the stalled read again", after)]
    {
        if let Some(value) = value {
            report.figure(format!("server memory {name}"), value, "MiB");
        }
    }
    Ok(report)
}

/// Several sign-ins of one user, so that readers are spread over sessions as they are in life.
async fn sessions(run: &Run, account: &Arc<Account>, options: &Options) -> Result<Vec<Arc<Account>>, Failure> {
    let count = (options.readers + options.stalled).div_ceil(READERS_A_SESSION).clamp(1, SESSIONS);
    let mut sessions = Vec::new();
    for _ in 0..count {
        sessions.push(Arc::new(Account::sign_in(&run.api, account.email()).await?));
    }
    Ok(sessions)
}

async fn connect(
    run: &Run,
    options: &Options,
    sessions: &[Arc<Account>],
    plan: &Arc<RwLock<Plan>>,
    topic: &Topic,
) -> Result<(Vec<Client>, Vec<Client>), Failure> {
    let bar = crate::out::bar("readers", (options.readers + options.stalled).into());
    let (mut readers, mut stalled) = (Vec::new(), Vec::new());
    for index in 0..options.readers + options.stalled {
        let stalls = index >= options.readers;
        let place = usize::try_from(index).unwrap_or(0) % sessions.len().max(1);
        let Some(account) = sessions.get(place) else { break };
        let codec = if index % 2 == 0 { Codec::MsgPack } else { Codec::Json };
        let observer = Reader {
            plan: Arc::clone(plan),
            latencies: Arc::clone(&run.latencies),
            throughput: Arc::clone(&run.throughput),
            measures: !stalls,
        };
        let config = ClientConfig {
            observer: Some(Arc::new(observer)),
            receive_buffer: stalls.then_some(STALLED_BUFFER),
            ..run.config(account, codec, &format!("reader-{index}"))?
        };
        let client = Client::start(config);
        client.subscribe(topic.clone()).await;
        if stalls { &mut stalled } else { &mut readers }.push(client);
    }
    for client in readers.iter().chain(&stalled) {
        client.ready(READY_WITHIN).await.map_err(Failure::Other)?;
        let until = Instant::now() + READY_WITHIN;
        while client.position(topic).is_none() {
            if Instant::now() > until {
                return Err(Failure::Other(format!("no snapshot of {topic} within {READY_WITHIN:?}")));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((readers, stalled))
}

fn text(index: u64, options: &Options) -> String {
    let head = format!("Edit {index}. ");
    let rest = usize::try_from(options.payload).unwrap_or(0).saturating_sub(head.len());
    head + &"Delivers what was promised. ".chars().cycle().take(rest).collect::<String>()
}

/// Edits at the rate; returns how many were acknowledged.
async fn edit(
    run: &Run,
    options: &Options,
    editor: &Client,
    cv: &str,
    first_rev: i64,
    plan: &Arc<RwLock<Plan>>,
) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive count of a test run")]
    let wanted = (options.rate * options.seconds).max(1.0) as u64;
    let schedule = Schedule::new(Instant::now(), options.rate);
    plan.write().meant = (0..wanted).map(|index| schedule.at(index)).collect();
    let bar = crate::out::bar("edits", wanted);
    let mut rev = first_rev;
    for index in 0..wanted {
        let meant = schedule.due(index).await;
        let patch = json!([{"op": "replace", "path": "/basics/summary", "value": text(index, options)}]);
        let key = IdempotencyKey::parse(format!("{}-edit-{index}", run.tag)).ok();
        match editor.call("cv.update", json!({"id": cv, "rev": rev, "patch": patch}), key).await {
            Ok(answer) => {
                run.latencies.record("meant to acknowledged", meant.elapsed());
                run.findings.hold(Check::CallAnswered, 1);
                rev = answer.get("rev").and_then(Value::as_i64).unwrap_or(rev);
            }
            Err(error) => {
                run.findings.broken(Check::CallAnswered, format!("edit {index}: {error}"));
                break;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    u64::try_from(rev - first_rev).unwrap_or(0)
}

async fn catch_up(run: &Run, stalled: &[Client], topic: &Topic, first_rev: i64, edits: u64) {
    let begin = Instant::now();
    for (index, client) in stalled.iter().enumerate() {
        let (mut had, mut since) = (client.events(topic), Instant::now());
        while had < edits && since.elapsed() < CATCH_UP_STUCK {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let now = client.events(topic);
            if now > had {
                (had, since) = (now, Instant::now());
            }
        }
        let got = client.events(topic);
        let whole = if got == edits {
            Ok(())
        } else {
            Err(format!("stalled reader {index} got {got} of {edits} events from rev {first_rev} on"))
        };
        run.findings.see(Check::StalledReader, whole);
        run.latencies.record("stalled reader caught up", begin.elapsed());
    }
}

fn everybody_has_everything(run: &Run, readers: &[Client], topic: &Topic, edits: u64) {
    for (index, reader) in readers.iter().enumerate() {
        let got = reader.events(topic);
        let whole = if got == edits { Ok(()) } else { Err(format!("reader {index} got {got} of {edits} events")) };
        run.findings.see(Check::Complete, whole);
    }
}

/// The HTTP interface has the last acknowledged edit.
async fn visible(
    run: &Run,
    account: &Account,
    cv: &str,
    first_rev: i64,
    edits: u64,
    options: &Options,
) -> Result<(), Failure> {
    let state: CvState = run.api.get(&format!("/v1/cv/files/{cv}"), &account.token().await?).await?;
    let rev = state.file.summary.content_rev;
    let wanted = first_rev + i64::try_from(edits).unwrap_or(0);
    let same =
        if rev == wanted { Ok(()) } else { Err(format!("the revision is {rev}, the last answer said {wanted}")) };
    run.findings.see(Check::AckVisible, same);
    let summary = state.file.content.pointer("/basics/summary").and_then(Value::as_str).unwrap_or_default();
    let last = edits.checked_sub(1).map(|index| text(index, options));
    let same = if last.as_deref().is_none_or(|last| last == summary) {
        Ok(())
    } else {
        Err("the content is not the last acknowledged edit".to_owned())
    };
    run.findings.see(Check::AckVisible, same);
    Ok(())
}

fn flat(run: &Run, before: Option<f64>, peak: Option<f64>, options: &Options) {
    let (Some(before), Some(peak)) = (before, peak) else { return };
    let bound = FLAT_MIB + f64::from(options.stalled) * FLAT_A_STALLED_MIB;
    let grown = peak - before;
    let flat = if grown <= bound {
        Ok(())
    } else {
        Err(format!(
            "the server grew by {grown:.1} MiB while {} readers stalled; {bound:.0} MiB are allowed",
            options.stalled
        ))
    };
    run.findings.see(Check::FlatMemory, flat);
}
