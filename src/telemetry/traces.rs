//! Traces: spans are sent to a collector by OTLP over HTTP, and hang together by the W3C trace context.
//!
//! One trace goes from the request or the socket's call (`request`, `call`) through the task and its steps (`task`,
//! `step`, `model`) to the commit (`commit`, `transaction`) and the delivery to the sockets (`deliver`), on other nodes
//! after it came over the bus (`receive`).

use crate::config::Settings;
use estafette_actors::trace::{Propagator, TARGET, TraceParent};
use opentelemetry::KeyValue;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::collections::HashMap;
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// Where a collector takes traces, when its address names no path.
const TRACES_PATH: &str = "/v1/traces";
/// Bound of sending one batch, and of sending the rest at the end.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// The header of the W3C trace context.
pub const TRACEPARENT: &str = "traceparent";

/// The exporter of spans: a thread of its own, a bounded queue; what does not fit is dropped and counted by it.
pub struct Exporter(SdkTracerProvider);

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(EXPORT_TIMEOUT) {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }
}

/// The layer that makes spans, and their exporter; `None` when no collector is configured.
///
/// # Errors
/// A sentence, when the exporter cannot be built.
pub fn exporter<S>(settings: &Settings) -> Result<Option<(impl Layer<S> + use<S>, Exporter)>, String>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let endpoint = &settings.traces.endpoint;
    if endpoint.is_empty() {
        return Ok(None);
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(with_path(endpoint))
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .map_err(|error| error.to_string())?;
    let ratio = f64::from(settings.traces.sample_percent) / 100.0;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))))
        .with_resource(
            Resource::builder()
                .with_service_name("estafette")
                .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
                .build(),
        )
        .build();
    estafette_actors::trace::install(Box::new(W3c));
    let wanted = Targets::new()
        .with_target("estafette", LevelFilter::INFO)
        .with_target("estafette_actors", LevelFilter::INFO)
        .with_target(TARGET, LevelFilter::DEBUG);
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("estafette"))
        .with_location(false)
        .with_threads(false)
        .with_filter(wanted);
    Ok(Some((layer, Exporter(provider))))
}

fn with_path(endpoint: &str) -> String {
    let bare = endpoint.trim_end_matches('/');
    let has_path = bare.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    if has_path { bare.to_owned() } else { format!("{bare}{TRACES_PATH}") }
}

/// The W3C trace context.
struct W3c;

impl Propagator for W3c {
    fn context(&self, span: &Span) -> Option<TraceParent> {
        let context = span.context();
        if !context.span().span_context().is_valid() {
            return None;
        }
        let mut carrier = HashMap::new();
        TraceContextPropagator::new().inject_context(&context, &mut carrier);
        carrier.get(TRACEPARENT).and_then(|text| TraceParent::parse(text))
    }

    fn adopt(&self, span: &Span, parent: &TraceParent) {
        let carrier = HashMap::from([(TRACEPARENT.to_owned(), parent.as_str().to_owned())]);
        // Refused only for a span that nobody traces.
        let _untraced = span.set_parent(TraceContextPropagator::new().extract(&carrier));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_named_with_or_without_its_path() {
        for (given, used) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
            ("https://collector/otlp/v1/traces", "https://collector/otlp/v1/traces"),
        ] {
            assert_eq!(with_path(given), used);
        }
    }
}
