//! The actix-web application: the same on each worker thread.

use super::limits::HttpLimits;
use super::{capabilities, console, health, observe, openapi};
use crate::auth::Auth;
use crate::catalog::Catalog;
use crate::error::ApiError;
use actix_cors::Cors;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use actix_web::middleware::{Compress, Next, from_fn};
use actix_web::{App, Error, error, guard, web};
use estafette_actors::{Db, Runtime};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a browser remembers what another site may do here, seconds.
const CORS_MAX_AGE: usize = 3600;

/// How long a request may take, from its head to its answer's head: a document of 10 MB over half a megabit a second.
pub const REQUEST_TIME: Duration = Duration::from_secs(180);

/// What all handlers share. Products reach it as `web::Data<AppState>`.
#[derive(Clone)]
pub struct AppState {
    /// For reading.
    pub db: Db,
    /// The runtime: `Runtime::call` is the way in for every call.
    pub runtime: Runtime,
    /// Sessions and tokens.
    pub auth: Auth,
    /// The products with their routes.
    pub catalog: Arc<Catalog>,
    /// The folder of the built console.
    pub console_dir: PathBuf,
    /// Origins of other sites that may use this server.
    pub allowed_origins: Vec<String>,
    /// Seconds of `Strict-Transport-Security`; 0: it is not sent.
    pub hsts_secs: u64,
    /// How long a request may take, its body included: [`REQUEST_TIME`].
    pub request_time: Duration,
    /// Largest body, bytes, except where a route sets its own limit.
    pub max_body: usize,
    /// What may be asked for.
    pub limits: HttpLimits,
    /// Renders `/metrics`.
    pub metrics: Option<PrometheusHandle>,
    /// `/openapi.json`, made once.
    pub openapi: Arc<Value>,
}

/// The application of one worker thread.
pub fn app(
    state: AppState,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>,
> {
    let catalog = Arc::clone(&state.catalog);
    App::new()
        .app_data(web::Data::new(state.auth.clone()))
        .app_data(web::PayloadConfig::new(state.max_body))
        .app_data(json_config(state.max_body))
        .app_data(web::QueryConfig::default().error_handler(|error, _| refuse("the query", &error)))
        .app_data(web::PathConfig::default().error_handler(|error, _| refuse("the path", &error)))
        .app_data(web::FormConfig::default().error_handler(|error, _| refuse("the form", &error)))
        .service(reading("/health/live").to(health::live))
        .service(reading("/health/ready").to(health::ready))
        .service(reading("/metrics").to(health::metrics))
        .service(reading("/openapi.json").to(openapi::serve))
        .service(reading("/v1/capabilities").to(capabilities::serve))
        .configure(crate::admin::configure)
        .configure(move |config| catalog.routes(config))
        .default_service(web::to(console::serve))
        .wrap(from_fn(admit))
        .wrap(Compress::default())
        .wrap(cors(&state.allowed_origins))
        .app_data(web::Data::new(state))
        // actix-web runs the last one first: everything above is observed.
        .wrap(from_fn(observe::observe))
}

/// Bounds the requests under way. Who looks after the server is always let in.
async fn admit(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let path = request.path();
    let minds = path.starts_with("/health/") || path == "/metrics";
    let limits = request.app_data::<web::Data<AppState>>().filter(|_| !minds).map(|state| state.limits.clone());
    let _under = limits.map(|limits| limits.begin()).transpose().map_err(ApiError::from)?;
    // Its body included: who sends one byte a minute would hold a place for ever.
    let bound = request.app_data::<web::Data<AppState>>().map_or(REQUEST_TIME, |state| state.request_time);
    tokio::time::timeout(bound, next.call(request)).await.unwrap_or_else(|_elapsed| {
        let sentence = format!("the request was not there and answered within {} s: send it again", bound.as_secs());
        Err(ApiError::with_status(StatusCode::REQUEST_TIMEOUT, sentence).into())
    })
}

struct Reading(&'static str);

const fn reading(path: &'static str) -> Reading {
    Reading(path)
}

impl Reading {
    /// Answers GET and HEAD; other methods get a 405.
    fn to<F, Args>(self, handler: F) -> actix_web::Resource
    where
        F: actix_web::Handler<Args>,
        Args: actix_web::FromRequest + 'static,
        F::Output: actix_web::Responder + 'static,
    {
        let method = guard::Any(guard::Get()).or(guard::Head());
        web::resource(self.0).route(web::route().guard(method).to(handler))
    }
}

fn cors(origins: &[String]) -> Cors {
    let start = Cors::default()
        .allowed_methods(["GET", "POST", "PATCH", "PUT", "DELETE"])
        .allowed_headers([AUTHORIZATION, CONTENT_TYPE])
        .allowed_headers(["idempotency-key", observe::REQUEST_ID_HEADER, crate::auth::caller::DEVICE_HEADER])
        .expose_headers([RETRY_AFTER.as_str(), observe::REQUEST_ID_HEADER])
        .block_on_origin_mismatch(false)
        .max_age(CORS_MAX_AGE);
    origins.iter().fold(start, |cors, origin| cors.allowed_origin(origin))
}

fn json_config(limit: usize) -> web::JsonConfig {
    web::JsonConfig::default().limit(limit).error_handler(move |error, _| match &error {
        error::JsonPayloadError::Overflow { .. } | error::JsonPayloadError::OverflowKnownLength { .. } => {
            let sentence = format!("the body is larger than {} KiB", limit / 1024);
            ApiError::with_status(StatusCode::PAYLOAD_TOO_LARGE, sentence).into()
        }
        error::JsonPayloadError::ContentType => {
            ApiError::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the body as application/json").into()
        }
        other => refuse("the body", other),
    })
}

fn refuse(what: &str, error: &dyn std::fmt::Display) -> Error {
    ApiError::with_status(StatusCode::BAD_REQUEST, format!("{what} cannot be read: {error}")).into()
}
