//! Logs, metrics and traces: field names, metric names and span names are fixed here.
//!
//! A log line reads alone: its message says what happened, its fields say to what. Fields are dotted and carry their
//! unit: `request.id`, `http.method`, `http.route`, `http.status`, `duration_ms`, `session.id`, `task.id`, `topic`,
//! `seq`, `node.id`. Tokens, passwords, query strings and bodies are never logged. A failure is logged once, where it is
//! handled.
//!
//! | module | holds |
//! |---|---|
//! | [`logs`] | what is written to standard error, and where spans go |
//! | [`meters`] | the table of all metrics, and their recorder |
//! | [`traces`] | the exporter of spans (OTLP) and the W3C trace context |

pub mod logs;
pub mod meters;
pub mod traces;

pub use logs::{Telemetry, start};
pub use meters::start_metrics;
