//! What is open to everybody: the price list, and Stripe's webhook, which has its own proof.

use crate::cv::calls::billing::{pack_list, price_list};
use crate::cv::calls::{STRIPE_WEBHOOK, SYSTEM};
use crate::cv::topics;
use crate::error::ApiError;
use crate::http::{AppState, RouteDoc};
use crate::stripe::signature;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use estafette_actors::{CallError, Identity};
use estafette_protocol::{SessionId, UserId};
use serde_json::json;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/v1/cv/plans").route(web::get().to(plans)))
        .service(web::resource("/v1/cv/credit-packs").route(web::get().to(packs)))
        .service(web::resource("/v1/cv/stripe/webhook").route(web::post().to(webhook)));
}

/// Describes them.
pub fn docs() -> Vec<RouteDoc> {
    let event = json!({"type": "object", "required": ["id", "type", "data"]});
    let kept = json!({
        "type": "object", "required": ["received", "repeated"],
        "properties": {"received": {"type": "boolean"}, "repeated": {"type": "boolean"}},
    });
    vec![
        RouteDoc::new("get", "/v1/cv/plans", "cv", "The plans, by tier").open(),
        RouteDoc::new("get", "/v1/cv/credit-packs", "cv", "The packs of credits that are offered").open(),
        RouteDoc::new("post", "/v1/cv/stripe/webhook", "cv", "For Stripe: an event, signed")
            .open()
            .takes(event)
            .gives(kept),
    ]
}

async fn plans(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(price_list(&state.db).await?))
}

async fn packs(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(pack_list(&state.db).await?))
}

/// The server itself, on behalf of a provider that proved who it is by other means than a token.
fn system() -> Result<Identity, CallError> {
    let internal = |error: estafette_protocol::ids::InvalidId| CallError::internal(error);
    Ok(Identity {
        product: topics::product(),
        user: UserId::parse("stripe").map_err(internal)?,
        session: SessionId::parse("stripe").map_err(internal)?,
        role: SYSTEM.to_owned(),
        device: None,
        expires_at: Utc::now() + chrono::Duration::minutes(1),
    })
}

async fn webhook(state: web::Data<AppState>, request: HttpRequest, body: web::Bytes) -> Result<HttpResponse, ApiError> {
    let header = request.headers().get(signature::HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // The bytes are what is signed: they must come through as they are.
    let body = std::str::from_utf8(&body)
        .map_err(|_| CallError::bad_request("the body is not UTF-8, so it is no event of Stripe"))?;
    let params = json!({"signature": header, "body": body});
    Ok(HttpResponse::Ok().json(state.runtime.call(system()?, STRIPE_WEBHOOK, params, None).await?))
}
