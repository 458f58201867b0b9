//! Logs and metrics: field names are fixed here.
//!
//! A log line reads alone: its message says what happened, its fields say to what. Fields are dotted and carry their
//! unit: `request.id`, `http.method`, `http.route`, `http.status`, `duration_ms`, `session.id`, `task.id`, `topic`,
//! `seq`, `node.id`. Tokens, passwords, query strings and bodies are never logged. A failure is logged once, where it is
//! handled.

use crate::config::{LogFormat, Settings};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal as _;
use std::sync::OnceLock;
use tracing_subscriber::EnvFilter;

/// Requests by method, route and status.
pub const HTTP_REQUESTS: &str = "http_requests_total";
/// How long they took, seconds.
pub const HTTP_SECONDS: &str = "http_request_duration_seconds";

/// Upper bounds of the histograms of durations, seconds.
const SECONDS: [f64; 14] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

/// Libraries that tell at `info` what we tell ourselves; the setting may ask for more of them by name.
const QUIET: &str = "tokio_postgres=warn,actix_server=warn";

/// Starts logging, to standard error. A second call in the same process does nothing (tests).
pub fn start_logs(settings: &Settings) {
    let filter =
        EnvFilter::try_new(format!("{QUIET},{}", settings.log.level)).unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = std::io::stderr().is_terminal();
    let text = match settings.log.format {
        LogFormat::Auto => terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Ignored: a subscriber is there already.
    let _ = if text {
        logs.with_ansi(terminal).with_target(false).try_init()
    } else {
        logs.json().flatten_event(true).with_current_span(false).try_init()
    };
}

static METRICS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts the recorder of metrics, once a process. `None` when another one is installed.
pub fn start_metrics() -> Option<PrometheusHandle> {
    METRICS
        .get_or_init(|| {
            let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS);
            let handle = builder.ok()?.install_recorder().ok()?;
            metrics::describe_counter!(HTTP_REQUESTS, "HTTP requests by method, route and status");
            metrics::describe_histogram!(HTTP_SECONDS, metrics::Unit::Seconds, "time to answer an HTTP request");
            Some(handle)
        })
        .clone()
}
