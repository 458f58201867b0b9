//! `loadtest soak`: the mix for as long as told; what grows meanwhile: the nodes' memory and file handles, the tables,
//! the dead rows in them.

use super::Failure;
use super::stage::act::Mix;
use super::stage::audit::{self, CHECKS};
use super::stage::vitals::{Look, slope_a_minute};
use super::stage::{Size, Stage, going, halt};
use crate::cli::ServerArgs;
use crate::report::{Report, Series, Table};
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often tables are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Everything is at rest this long after a shift.
const REST_WITHIN: Duration = Duration::from_secs(180);
/// Tables that are shown.
const SHOWN: usize = 12;

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How long, minutes.
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    /// Nodes.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=16))]
    nodes: u32,
    /// People at the same time, each with two clients.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=500))]
    people: u32,
    /// What they do a second, all together.
    #[arg(long, default_value_t = 5.0)]
    rate: f64,
    /// After so many minutes other people take their place, and what these received is proved.
    #[arg(long, default_value_t = 10.0)]
    shift: f64,
    /// No Redis between the nodes.
    #[arg(long)]
    no_redis: bool,
    /// Keep the logs of all processes in this folder.
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct TableSeries {
    /// (second, MiB).
    size: Vec<(f64, f64)>,
    live: i64,
    dead: i64,
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(options: &Options, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    let nodes = usize::try_from(options.nodes).unwrap_or(1);
    let size = Size { nodes, redis: !options.no_redis, model: true };
    let stage = Stage::start(server, seed, size, &[("offline-latency-ms", "50".to_owned())]).await?;
    let length = Duration::from_secs_f64(options.minutes.clamp(0.1, 1_000_000.0) * 60.0);
    let shift = Duration::from_secs_f64(options.shift.clamp(0.1, 600.0) * 60.0);
    let (begin, mut tables) = (Instant::now(), BTreeMap::<String, TableSeries>::new());
    let (mut number, mut shifts, mut received, mut events) = (0, 0_u32, 0_u64, 0_u64);
    let mut totals = audit::Totals::default();
    let mut begun = Vec::new();
    while begin.elapsed() < length {
        let mut people = Vec::new();
        for _ in 0..options.people {
            people.push(super::stage::person::Person::enter(&stage, number, 2_000).await?);
            number += 1;
        }
        begun.push(stage.shared.begin.elapsed().as_secs_f64());
        let going = going();
        let acting = stage.act(&people, Mix::Full, options.rate, &going);
        let until = begin + length.min(begin.elapsed() + shift);
        while Instant::now() < until {
            tokio::time::sleep(LOOK_EVERY.min(until.saturating_duration_since(Instant::now()))).await;
            sizes(&stage, &mut tables).await?;
        }
        halt(&going);
        stage.rest(&people, acting, REST_WITHIN).await;
        totals = audit::all(&stage, &people).await?;
        received += totals.received;
        events += totals.events;
        for person in &people {
            person.leave().await;
        }
        shifts += 1;
    }
    audit::rest::all(&stage).await?;
    let looks = stage.vitals.looks();
    // The first minute fills pools and caches.
    let from = begun.get(1).or_else(|| begun.first()).copied().unwrap_or(0.0) + if shifts > 1 { 0.0 } else { 30.0 };
    let mut report = stage.finish("soak", CHECKS, options.logs.clone()).await?;
    let total = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    report.figure("shifts of people", f64::from(shifts), "");
    report.figure("tasks", total(totals.completed + totals.failed + totals.cancelled), "");
    report.figure("steps completed", total(totals.steps), "");
    report.figure("events in the log", total(events), "");
    report.figure("events received by clients", total(received), "");
    growth(&mut report, &looks, from);
    sized(&mut report, tables, from);
    Ok(report)
}

fn growth(report: &mut Report, looks: &[Vec<Look>], from: f64) {
    for (index, looks) in looks.iter().enumerate() {
        let of = |value: fn(&Look) -> f64| -> Vec<(f64, f64)> {
            looks.iter().filter(|look| look.at >= from).map(|look| (look.at, value(look))).collect()
        };
        let (memory, handles) = (of(|look| look.memory), of(|look| look.handles));
        let last = |points: &[(f64, f64)]| points.last().map_or(0.0, |point| point.1);
        report.figure(format!("node {index}: memory at the end"), last(&memory), "MiB");
        report.figure(format!("node {index}: memory grows by"), slope_a_minute(&memory).unwrap_or(0.0), "MiB a minute");
        report.figure(format!("node {index}: file handles at the end"), last(&handles), "");
        report.figure(
            format!("node {index}: file handles grow by"),
            slope_a_minute(&handles).unwrap_or(0.0),
            "a minute",
        );
    }
}

fn sized(report: &mut Report, tables: BTreeMap<String, TableSeries>, from: f64) {
    let mut rows: Vec<(String, TableSeries)> = tables.into_iter().collect();
    let last = |table: &TableSeries| table.size.last().map_or(0.0, |point| point.1);
    rows.sort_by(|a, b| last(&b.1).total_cmp(&last(&a.1)));
    rows.truncate(SHOWN);
    let mut shown = Vec::new();
    for (name, table) in rows {
        let recent: Vec<(f64, f64)> = table.size.iter().copied().filter(|point| point.0 >= from).collect();
        #[allow(clippy::cast_precision_loss, reason = "rows of a test run")]
        let dead = 100.0 * table.dead as f64 / (table.live + table.dead).max(1) as f64;
        shown.push(vec![
            name.clone(),
            format!("{:.2}", last(&table)),
            format!("{:.3}", slope_a_minute(&recent).unwrap_or(0.0)),
            table.live.to_string(),
            table.dead.to_string(),
            format!("{dead:.0} %"),
        ]);
        report.series.push(Series { name: format!("table {name}"), unit: "MiB", points: table.size });
    }
    let columns = ["table", "MiB", "MiB a minute", "rows", "dead rows", "bloat"];
    report.tables.push(Table {
        title: "Tables, the largest first (with their indexes)".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: shown,
    });
}

async fn sizes(stage: &Arc<Stage>, tables: &mut BTreeMap<String, TableSeries>) -> Result<(), Failure> {
    let client = stage.cluster.postgres.connect().await?;
    let sql = "SELECT schemaname || '.' || relname, pg_total_relation_size(relid), n_live_tup, n_dead_tup
        FROM pg_stat_user_tables";
    let rows = client.query(sql, &[]).await.map_err(|error| Failure::Other(error.to_string()))?;
    let at = stage.shared.begin.elapsed().as_secs_f64();
    for row in &rows {
        let (name, bytes): (String, i64) = (row.get(0), row.get(1));
        let table = tables.entry(name).or_default();
        #[allow(clippy::cast_precision_loss, reason = "bytes of a test run")]
        table.size.push((at, bytes as f64 / 1024.0 / 1024.0));
        (table.live, table.dead) = (row.get(2), row.get(3));
    }
    Ok(())
}
