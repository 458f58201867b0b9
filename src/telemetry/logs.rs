//! Logs to standard error; spans to the exporter, when one is configured.

use super::traces::{self, Exporter};
use crate::config::{LogFormat, Settings};
use std::io::IsTerminal as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

/// Libraries that tell at `info` what we tell ourselves; the setting may ask for more of them by name.
const QUIET: &str =
    "tokio_postgres=warn,actix_server=warn,opentelemetry=warn,opentelemetry_sdk=warn,opentelemetry-otlp=warn";

/// Held while the process works; when it is dropped, spans that wait are sent, for a bounded time.
#[must_use = "spans are lost unless it is held to the end"]
pub struct Telemetry {
    _exporter: Option<Exporter>,
}

/// Starts logs and traces. A second call in the same process does nothing (tests).
pub fn start(settings: &Settings) -> Telemetry {
    let level = &settings.log.level;
    let filter = EnvFilter::try_new(format!("{QUIET},{level}")).unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = std::io::stderr().is_terminal();
    let text = match settings.log.format {
        LogFormat::Auto => terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if text {
        lines.with_ansi(terminal).with_target(false).with_filter(filter).boxed()
    } else {
        // The innermost span names the request, the call or the step; spans repeat what makes a line read alone.
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).with_filter(filter).boxed()
    };
    let (spans, exporter, problem) = match traces::exporter(settings) {
        Ok(Some((spans, exporter))) => (Some(spans), Some(exporter), None),
        Ok(None) => (None, None, None),
        Err(problem) => (None, None, Some(problem)),
    };
    // Ignored: a subscriber is there already.
    let _ = tracing_subscriber::registry().with(lines).with(spans).try_init();
    if let Some(problem) = problem {
        tracing::warn!(problem, "traces are not exported");
    }
    Telemetry { _exporter: exporter }
}
