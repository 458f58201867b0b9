//! The table of all metrics: a name that is counted anywhere and does not stand here fails a test, and the other way
//! round. Served at `/metrics` in the form of Prometheus; durations are in seconds, sizes in bytes.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

/// Requests by method, route and status.
pub const HTTP_REQUESTS: &str = "http_requests_total";
/// How long they took, seconds.
pub const HTTP_SECONDS: &str = "http_request_duration_seconds";

/// Upper bounds of the histograms of durations, seconds.
const SECONDS: [f64; 14] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];
/// Upper bounds of the histogram of batches.
const SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meter {
    /// Grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counted by size.
    Histogram,
}

use Meter::{Counter, Gauge, Histogram};

/// All metrics: name, behaviour, labels, and the operator's question that it answers.
pub const METERS: &[(&str, Meter, &str, &str)] = &[
    (HTTP_REQUESTS, Counter, "method, route, status", "HTTP requests"),
    (HTTP_SECONDS, Histogram, "route", "time to answer an HTTP request"),
    ("db_pool_connections", Gauge, "", "connections to Postgres that are open"),
    ("db_pool_idle", Gauge, "", "connections to Postgres that nobody uses"),
    (
        "db_pool_waiting",
        Gauge,
        "",
        "callers that wait for a connection to Postgres: above 0 for long, the pool is too small",
    ),
    ("estafette_sockets", Gauge, "", "live connections"),
    ("estafette_sessions", Gauge, "", "user sessions of this node, those in their grace included"),
    ("estafette_subscriptions", Gauge, "", "subscriptions of all connections"),
    (
        "estafette_subscriptions_behind",
        Gauge,
        "",
        "subscriptions that read the log because their reader is slow or has just come",
    ),
    ("estafette_outbox_bytes", Gauge, "", "bytes that wait for readers, in all"),
    ("estafette_outbox_bytes_max", Gauge, "", "bytes that wait for the slowest reader"),
    (
        "estafette_live_coalesced_total",
        Counter,
        "",
        "volatile events that a newer one replaced before a slow reader took them",
    ),
    ("estafette_live_dropped_total", Counter, "", "volatile events that were dropped for readers that were behind"),
    ("estafette_database_up", Gauge, "", "1 while Postgres answers this node's probe, 0 while calls are refused"),
    ("estafette_sockets_refused_total", Counter, "reason", "connections that were sent away, and why"),
    (
        "estafette_requests_refused_total",
        Counter,
        "reason",
        "HTTP requests that were refused because they were too many",
    ),
    ("estafette_messages_refused_total", Counter, "", "messages above a connection's rate"),
    ("estafette_call_seconds", Histogram, "outcome", "time to answer a call"),
    ("estafette_events_total", Counter, "", "durable events committed by this node"),
    ("estafette_commit_batch_size", Histogram, "", "commits of tasks in one transaction"),
    ("estafette_add_batch_size", Histogram, "", "calls that only add in one transaction"),
    (
        "estafette_snapshot_group_size",
        Histogram,
        "",
        "states of topics that are read in one transaction, where a product reads them together",
    ),
    ("estafette_commit_seconds", Histogram, "", "time of such a transaction, waiting for Postgres included"),
    ("estafette_commit_splits_total", Counter, "", "group commits that failed and were tried one by one"),
    ("estafette_commits_fenced_total", Counter, "", "commits of a node that had lost the task's lease: refused"),
    ("estafette_tasks_running", Gauge, "", "tasks that this node works on"),
    ("estafette_tasks_queued", Gauge, "kind", "tasks that wait for a node, in the whole system"),
    ("estafette_tasks_oldest_seconds", Gauge, "kind", "how long the oldest of them has waited"),
    ("estafette_tasks_wait_seconds", Histogram, "kind", "how long a task waited before this node took it"),
    (
        "estafette_tasks_begun_at_once_total",
        Counter,
        "",
        "tasks that began with the call that queued them: nobody waited and a place was free",
    ),
    ("estafette_tasks_claimed_total", Counter, "", "tasks that this node took from the queue"),
    ("estafette_tasks_ended_total", Counter, "kind, status", "tasks that ended on this node"),
    ("estafette_step_seconds", Histogram, "kind, step", "time of an attempt of a step"),
    ("estafette_step_retries_total", Counter, "kind, step", "attempts that failed and are followed by another"),
    ("estafette_rescues_total", Counter, "", "tasks that this node took back from nodes that are gone"),
    (
        "estafette_gap_repairs_total",
        Counter,
        "",
        "topics whose head in the log was ahead of what the bus had delivered",
    ),
    (
        "estafette_hub_lagging_total",
        Counter,
        "",
        "deliveries that a hub missed because its mailbox was full; found in the log",
    ),
    ("estafette_bus_connected", Gauge, "", "1 while the bus to the other nodes works"),
    ("estafette_bus_connects_total", Counter, "", "times that it was connected: grows with each loss"),
    ("estafette_bus_topics", Gauge, "", "topics with local readers: what this node hears of"),
    ("estafette_bus_published_total", Counter, "", "messages told to the other nodes"),
    ("estafette_bus_received_total", Counter, "", "messages heard from them"),
    ("estafette_bus_round_trip_seconds", Gauge, "", "time of a question to Redis and its answer"),
    (
        "estafette_bus_dropped_total",
        Counter,
        "reason",
        "messages that were not told: readers find the events in the log",
    ),
    ("estafette_bus_unreadable_total", Counter, "", "messages that could not be read"),
    (
        "estafette_signals_dropped_total",
        Counter,
        "",
        "signals between actors that met a full mailbox; found in the database",
    ),
    ("estafette_bus_pipeline_size", Histogram, "", "messages sent to Redis at once"),
    (
        "estafette_canary_age_seconds",
        Gauge,
        "",
        "time since the last news of the node that was not heard of for the longest time; up to about 1 is normal, with Redis away up to 2",
    ),
    (
        "estafette_canary_behind_seconds",
        Gauge,
        "",
        "since when a committed event has not reached a reader of this node: 0 is normal, above 10 the node is not ready",
    ),
    (
        "estafette_canary_seconds",
        Histogram,
        "",
        "time from the commit of an event, on another node if there is one, to a reader here, by the nodes' clocks",
    ),
    ("estafette_mailbox_refused_total", Counter, "actor, reason", "messages that an actor's mailbox did not take"),
    (
        "estafette_records_dropped_total",
        Counter,
        "records",
        "observations (usage, telemetry) dropped because Postgres was too slow",
    ),
    (
        "estafette_sandbox_jobs_total",
        Counter,
        "work, outcome",
        "documents read and made in processes of their own; died, too_long: a file that unfolds to too much",
    ),
    ("estafette_sandbox_seconds", Histogram, "work", "time of one, waiting for a free process included"),
    ("estafette_model_calls_total", Counter, "feature, outcome", "calls of the model"),
    ("estafette_model_call_seconds", Histogram, "feature", "time of a call of the model"),
    ("estafette_model_tokens_total", Counter, "feature", "tokens used"),
    ("estafette_model_cost_micros_total", Counter, "feature", "what they cost, millionths of a US dollar"),
    ("process_resident_memory_bytes", Gauge, "", "memory of the process"),
    ("process_open_fds", Gauge, "", "file handles of the process"),
    ("process_max_fds", Gauge, "", "file handles that it may have"),
    ("process_threads", Gauge, "", "threads of the process"),
    ("process_cpu_seconds_total", Counter, "", "processor time used"),
    ("process_start_time_seconds", Gauge, "", "when the process began"),
    ("process_virtual_memory_bytes", Gauge, "", "address space of the process"),
    ("process_virtual_memory_max_bytes", Gauge, "", "address space that it may have"),
];

static METRICS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts the recorder of metrics, once a process. `None` when another one is installed.
pub fn start_metrics() -> Option<PrometheusHandle> {
    METRICS
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
                .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_size".into()), &SIZES));
            let handle = builder.ok()?.install_recorder().ok()?;
            describe();
            Some(handle)
        })
        .clone()
}

fn describe() {
    for (name, meter, _, text) in METERS {
        match meter {
            Counter => metrics::describe_counter!(*name, *text),
            Gauge => metrics::describe_gauge!(*name, *text),
            Histogram => metrics::describe_histogram!(*name, *text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn sources(folder: &std::path::Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, text);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("telemetry/meters.rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn every_metric_stands_in_the_table_and_nothing_else_does() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut text = String::new();
        sources(&root.join("src"), &mut text);
        sources(&root.join("actors/src"), &mut text);
        let pattern = regex::Regex::new(r#"(?:counter|gauge|histogram)!\(\s*"([a-z_]+)""#).unwrap();
        let counted: BTreeSet<&str> =
            pattern.captures_iter(&text).map(|found| found.get(1).unwrap().as_str()).collect();
        assert!(counted.len() > 20, "the pattern still finds them");
        let known: BTreeSet<&str> = METERS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(known.len(), METERS.len(), "each stands there once");
        let by_a_library = |name: &&&str| !name.starts_with("process_") && !name.starts_with("http_");
        let unknown: Vec<_> = counted.difference(&known).collect();
        let idle: Vec<_> = known.difference(&counted).filter(by_a_library).collect();
        assert!(unknown.is_empty() && idle.is_empty(), "not in the table: {unknown:?}; never counted: {idle:?}");
    }

    #[test]
    fn the_operators_page_has_the_same_table() {
        let mut table = "| metric | kind | labels | what it says |\n|---|---|---|---|\n".to_owned();
        for (name, meter, labels, text) in METERS {
            let kind = format!("{meter:?}").to_lowercase();
            table.push_str(&format!("| `{name}` | {kind} | {labels} | {text} |\n"));
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/README.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (before, rest) = page.split_once("<!-- metrics -->\n").unwrap();
        let (present, after) = rest.split_once("<!-- end of metrics -->").unwrap();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, format!("{before}<!-- metrics -->\n{table}<!-- end of metrics -->{after}")).unwrap();
            return;
        }
        assert_eq!(present, table, "run UPDATE=1 cargo test -p estafette --lib meters");
    }
}
