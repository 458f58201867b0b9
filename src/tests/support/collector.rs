//! A collector of traces: takes OTLP over HTTP and keeps the spans.

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use parking_lot::Mutex;
use prost::Message as _;
use std::sync::Arc;

/// The collector.
pub struct Collector {
    pub address: String,
    spans: Arc<Mutex<Vec<Span>>>,
    handle: ServerHandle,
}

impl Collector {
    pub fn start() -> Self {
        let spans: Arc<Mutex<Vec<Span>>> = Arc::default();
        let kept = Arc::clone(&spans);
        let server = HttpServer::new(move || {
            let kept = Arc::clone(&kept);
            App::new().route(
                "/v1/traces",
                web::post().to(move |body: web::Bytes| {
                    let request = ExportTraceServiceRequest::decode(body.as_ref()).unwrap();
                    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
                    kept.lock().extend(scopes.flat_map(|scope| scope.spans));
                    async { HttpResponse::Ok().content_type("application/x-protobuf").body("") }
                }),
            )
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let address = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, spans, handle }
    }

    /// The spans of one trace (its id in hexadecimal) that have ended and arrived.
    pub fn trace(&self, id: &str) -> Vec<Span> {
        self.spans.lock().iter().filter(|span| hex::encode(&span.trace_id) == id).cloned().collect()
    }

    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

/// A text attribute of a span.
pub fn attribute(span: &Span, name: &str) -> Option<String> {
    let value = span.attributes.iter().find(|attribute| attribute.key == name)?.value.as_ref()?.value.as_ref()?;
    match value {
        AnyValue::StringValue(text) => Some(text.clone()),
        AnyValue::IntValue(number) => Some(number.to_string()),
        _ => None,
    }
}
