//! `loadtest storm`: many connections on one node, which is killed or drained; they come back to the others. When does
//! each arrive, and when is each complete again?
//!
//! A process may hold only so many connections, so that they are held by several: `loadtest storm-crowd` ([`crowd`]).

pub mod crowd;

use super::stage::{Size, Stage};
use super::{Failure, sockets};
use crate::account::Account;
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::report::{Report, Series};
use clap::Args;
use crowd::{Orders, Returned};
use estafette_protocol::Topic;
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Connections of one user.
const CONNECTIONS_A_USER: u32 = 50;
/// Connections that one process holds.
const A_CROWD: u32 = 8_000;
/// Open files of a node beside its connections.
const OTHER_FILES: u64 = 256;
/// People who sign up at the same time.
const SIGN_UPS: usize = 4;
/// A node that drains exits within this.
const DRAINED_WITHIN: Duration = Duration::from_secs(120);
/// The begin of the curve, seconds, that is counted as arriving.
const FINEST_S: f64 = 1.0;

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Connections on the node that is killed.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections: u32,
    /// Nodes; they come back to all but one.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(2..=16))]
    nodes: u32,
    /// Connections begun a second at first (open loop).
    #[arg(long, default_value_t = 300.0)]
    rate: f64,
    /// All are complete again within this time, seconds.
    #[arg(long, default_value_t = 180.0)]
    within: f64,
    /// The node is stopped in good order (SIGTERM) and tells everybody when to come back.
    #[arg(long)]
    drain: bool,
    /// No Redis between the nodes.
    #[arg(long)]
    no_redis: bool,
    /// Keep the logs of all processes in this folder.
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
}

struct Crowd {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(options: &Options, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    sockets::allow_files(u64::from(options.connections) + OTHER_FILES)?;
    let nodes = usize::try_from(options.nodes).unwrap_or(2);
    let settings = [("access-token-secs", "86400".to_owned()), ("heartbeat-ms", "5000".to_owned())];
    let size = Size { nodes, redis: !options.no_redis, model: false };
    let stage = Stage::start(server, seed, size, &settings).await?;
    let people = people(&stage, options.connections.div_ceil(CONNECTIONS_A_USER)).await?;
    // Past the links: they would hold two more files a connection.
    let urls: Vec<String> =
        stage.cluster.nodes.iter().map(|node| format!("{}/v1/live", node.direct().replacen("http", "ws", 1))).collect();
    let mut crowds = Vec::new();
    let count = options.connections.div_ceil(A_CROWD);
    for number in 0..count {
        let from = number * A_CROWD;
        let orders = Orders {
            urls: urls.clone(),
            base: stage.cluster.nodes.first().map(|node| node.direct()).unwrap_or_default(),
            tag: stage.tag.clone(),
            people: people.clone(),
            from,
            count: (options.connections - from).min(A_CROWD),
            rate: options.rate / f64::from(count),
            within: options.within,
        };
        crowds.push(Crowd::start(&orders).await?);
    }
    let mut held = 0;
    for crowd in &mut crowds {
        let ready: Value = crowd.hear().await?;
        held += ready.get("ready").and_then(Value::as_u64).unwrap_or(0);
    }
    let memory = |index: usize| stage.vitals.looks().get(index).and_then(|looks| looks.last().map(|look| look.memory));
    let before: Vec<Option<f64>> = (0..nodes).map(memory).collect();
    let killed = stage.cluster.nodes.first().ok_or_else(|| Failure::Other("there is no node to kill".to_owned()))?;
    let fault = if options.drain { "SIGTERM of node 0" } else { "SIGKILL of node 0" };
    let number = stage.incidents.begin(fault.to_owned(), "nodes", stage.shared.begin.elapsed(), Vec::new());
    for crowd in &mut crowds {
        crowd.say("go").await?;
    }
    let mut drained = None;
    if options.drain {
        let begin = Instant::now();
        let exit = killed.stop(DRAINED_WITHIN).await;
        drained = Some(begin.elapsed().as_secs_f64());
        let clean = match exit {
            Some(status) if status.success() => Ok(()),
            other => Err(format!("the drained node ended with {other:?}")),
        };
        stage.shared.findings.see(Check::StaysUp, clean);
    } else {
        killed.kill().await;
    }
    let mut returned = Returned::default();
    for crowd in &mut crowds {
        let part: Returned = crowd.hear().await?;
        returned.take(part);
    }
    let after: Vec<Option<f64>> = (0..nodes).map(memory).collect();
    for crowd in &mut crowds {
        crowd.say("end").await?;
    }
    drop(crowds);
    killed.start()?;
    killed.ready().await?;
    stage.incidents.end(number, stage.shared.begin.elapsed());
    let all = if returned.complete.len() == usize::try_from(held).unwrap_or(0) && held == u64::from(options.connections)
    {
        Ok(())
    } else {
        Err(format!(
            "{held} of {} connections were there, {} lost theirs, {} are complete again within {} s",
            options.connections,
            returned.lost,
            returned.complete.len(),
            options.within
        ))
    };
    stage.shared.findings.see(Check::Returns, all);
    stage.shared.findings.hold(Check::Returns, held);
    for what in &returned.broken {
        stage.shared.findings.broken(Check::Contiguous, what.clone());
    }
    stage.shared.findings.hold(Check::Contiguous, held);
    super::stage::audit::rest::all(&stage).await?;
    let expected = [Check::Returns, Check::Contiguous, Check::NoPanic, Check::StaysUp, Check::NoLeak];
    let mut report = stage.finish("storm", &expected, options.logs.clone()).await?;
    figures(&mut report, options, &mut returned);
    if let Some(seconds) = drained {
        report.figure("until the node had drained and exited", seconds, "s");
    }
    for (index, (before, after)) in before.iter().zip(&after).enumerate().skip(1) {
        if let (Some(before), Some(after)) = (before, after) {
            report.figure(format!("node {index}: memory before the storm"), *before, "MiB");
            report.figure(format!("node {index}: memory after it"), *after, "MiB");
        }
    }
    Ok(report)
}

fn figures(report: &mut Report, options: &Options, returned: &mut Returned) {
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    returned.connected.sort_by(f64::total_cmp);
    returned.complete.sort_by(f64::total_cmp);
    let at = |times: &[f64], share: f64| {
        let last = times.len().checked_sub(1)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
        let rank = (share * count(last)).round() as usize;
        times.get(rank.min(last)).copied()
    };
    report.figure("connections", f64::from(options.connections), "");
    report.figure("connections complete again", count(returned.complete.len()), "");
    report.figure("attempts that were refused", f64::from(u32::try_from(returned.refused).unwrap_or(u32::MAX)), "");
    for (name, share) in [("50 %", 0.5), ("90 %", 0.9), ("99 %", 0.99), ("all", 1.0)] {
        report.figure(format!("until {name} are connected"), at(&returned.connected, share).unwrap_or(0.0), "s");
        report.figure(format!("until {name} are complete again"), at(&returned.complete, share).unwrap_or(0.0), "s");
    }
    let seconds = arrivals(&returned.connected);
    let peak = seconds.iter().map(|second| second.1).fold(0.0, f64::max);
    // Between the first and the last 5 %: how even the middle is.
    let (from, to) = (at(&returned.connected, 0.05).unwrap_or(0.0), at(&returned.connected, 0.95).unwrap_or(0.0));
    let mean = 0.9 * count(returned.connected.len()) / (to - from).max(FINEST_S);
    report.figure("arrivals in the busiest second", peak, "a second");
    report.figure("arrivals a second between 5 % and 95 %", mean, "a second");
    report.figure("busiest second against that", peak / mean.max(1.0), "times");
    let share = |(index, at): (usize, &f64)| (*at, 100.0 * count(index + 1) / f64::from(options.connections));
    let curve = |times: &[f64]| times.iter().enumerate().map(share).collect::<Vec<_>>();
    let series = [
        ("arrivals a second, after the kill", "a second", seconds),
        ("connected again, after the kill", "%", curve(&returned.connected)),
        ("complete again, after the kill", "%", curve(&returned.complete)),
    ];
    for (place, (name, unit, points)) in series.into_iter().enumerate() {
        report.series.insert(place, Series { name: name.to_owned(), unit, points });
    }
}

/// Arrivals by second.
fn arrivals(times: &[f64]) -> Vec<(f64, f64)> {
    let mut seconds: Vec<f64> = Vec::new();
    for at in times {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a run")]
        let second = at.max(0.0) as usize;
        if seconds.len() <= second {
            seconds.resize(second + 1, 0.0);
        }
        if let Some(count) = seconds.get_mut(second) {
            *count += 1.0;
        }
    }
    seconds.into_iter().enumerate().map(|(at, n)| (f64::from(u32::try_from(at).unwrap_or(0)), n)).collect()
}

/// People with a CV each: (id, token, topics).
async fn people(stage: &Arc<Stage>, count: u32) -> Result<Vec<crowd::Member>, Failure> {
    let api = stage.api_of_one(1)?;
    let made = futures_util::stream::iter(0..count).map(|index| {
        let api = api.clone();
        async move {
            let email = format!("loadtest-{}-{index}@example.com", stage.tag);
            let account = Account::sign_up(&api, &email).await?;
            let token = account.token().await?;
            let content = crate::sample::cv(stage.seed, u64::from(index));
            let file: Value = api.post("/v1/cv/files", &json!({"content": content}), Some(&token), None).await?;
            let cv = file.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            let topics = vec![Topic::user(account.user()).to_string(), format!("cv:{cv}"), "app".to_owned()];
            Ok::<_, Failure>(crowd::Member { user: account.user().to_string(), token, topics })
        }
    });
    made.buffered(SIGN_UPS).try_collect().await
}

impl Crowd {
    async fn start(orders: &Orders) -> Result<Self, Failure> {
        let odd = |error: std::io::Error| Failure::Other(format!("a crowd's process: {error}"));
        let program = std::env::current_exe().map_err(odd)?;
        let mut command = Command::new(program);
        command.arg("storm-crowd").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(odd)?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::Other("a crowd's process has no pipes".to_owned()));
        };
        let mut line = serde_json::to_string(orders).map_err(|error| Failure::Other(error.to_string()))?;
        line.push('\n');
        input.write_all(line.as_bytes()).await.map_err(odd)?;
        Ok(Self { _child: child, input, output: BufReader::new(output).lines() })
    }

    async fn say(&mut self, what: &str) -> Result<(), Failure> {
        let sent = self.input.write_all(format!("{what}\n").as_bytes()).await;
        sent.map_err(|error| Failure::Other(format!("a crowd's process is gone: {error}")))
    }

    async fn hear<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Failure> {
        loop {
            let line = self.output.next_line().await.map_err(|error| Failure::Other(error.to_string()))?;
            let line = line.ok_or_else(|| Failure::Other("a crowd's process ended".to_owned()))?;
            if line.starts_with('{') {
                return serde_json::from_str(&line).map_err(|error| Failure::Other(error.to_string()));
            }
        }
    }
}

/// How long a crowd waits for a word of its parent before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_counted_by_second() {
        assert_eq!(arrivals(&[0.1, 0.9, 2.5]), vec![(0.0, 2.0), (1.0, 0.0), (2.0, 1.0)]);
    }
}
