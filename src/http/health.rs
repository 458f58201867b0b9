//! Whether the process lives, whether it can serve, and what it counts.

use super::app::AppState;
use crate::error::ApiError;
use actix_web::{HttpResponse, web};
use estafette_actors::CallError;
use estafette_actors::bus::BusHealth;
use serde_json::json;
use std::time::Duration;

/// Bound of the question to Postgres.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// When a balancer asks again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// `GET /health/live`: the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(json!({"status": "live"}))
}

/// `GET /health/ready`: this node may be given work.
///
/// # Errors
/// `unavailable` with the reason: it drains, or Postgres does not answer in time.
pub async fn ready(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    // While the probe gets no answer this one is refused at once, with the probe's reason.
    let postgres = match tokio::time::timeout(PROBE_TIMEOUT, state.db.query_one("SELECT 1", &[])).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_elapsed) => Err(format!("no answer within {} s", PROBE_TIMEOUT.as_secs())),
    };
    let draining = state.runtime.is_draining();
    let bus = bus(&state.runtime.bus_health());
    let delivery = state.runtime.delivery();
    let behind = delivery.behind.unwrap_or_default().as_secs();
    let checks = json!({
        "postgres": postgres.as_ref().err().map_or("ok", String::as_str),
        "bus": bus,
        "delivery": match delivery.behind {
            None => "ok".to_owned(),
            Some(_) => format!("an event that was committed {behind} s ago has not reached the readers of this node"),
        },
        "canary_age_ms": delivery.age.map(|age| age.as_millis() as u64),
        "node": if draining { "draining" } else { "ok" },
    });
    let refuse = |sentence: String| {
        Err(CallError::unavailable(sentence, RETRY_AFTER).with_details(json!({ "checks": checks })).into())
    };
    match postgres {
        _ if draining => refuse("this node is going away: use another one".to_owned()),
        Err(reason) => refuse(format!("Postgres cannot be used: {reason}")),
        Ok(()) if delivery.is_broken() => refuse(format!(
            "events that were committed {behind} s ago do not reach the readers of this node: use another one"
        )),
        Ok(()) => Ok(HttpResponse::Ok()
            .insert_header(("cache-control", "no-store"))
            .json(json!({"status": "ready", "node": state.runtime.node_id(), "checks": checks}))),
    }
}

/// How this node hears of the others. A bus that is away makes a node slower to tell others, not unable to serve.
fn bus(health: &BusHealth) -> String {
    match health {
        BusHealth::InProcess => "ok".to_owned(),
        BusHealth::Redis(health) if health.connected => "ok".to_owned(),
        BusHealth::Redis(health) => format!(
            "degraded for {} s: Redis cannot be used ({}); events of other nodes come from the log, within a second or two",
            health.since.elapsed().as_secs(),
            health.error.as_deref().unwrap_or("not connected yet"),
        ),
    }
}

/// `GET /metrics`, for Prometheus.
pub async fn metrics(state: web::Data<AppState>) -> HttpResponse {
    let pool = state.db.pool().status();
    metrics::gauge!("db_pool_connections").set(pool.size as f64);
    metrics::gauge!("db_pool_idle").set(pool.available as f64);
    metrics::gauge!("db_pool_waiting").set(pool.waiting as f64);
    state.runtime.report();
    metrics_process::Collector::default().collect();
    let text = state.metrics.as_ref().map(|handle| {
        handle.run_upkeep();
        handle.render()
    });
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text.unwrap_or_default())
}
