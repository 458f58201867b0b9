//! The HTTP interface, as far as a shop needs it. A field that Stripe does not know is refused, as Stripe does.

use super::book::Refusal;
use super::{Seen, State};
use crate::stripe::form::Form;
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/v1/customers", web::post().to(serve))
        .route("/v1/coupons", web::post().to(serve))
        .route("/v1/checkout/sessions", web::post().to(serve))
        .route("/v1/checkout/sessions/{id}/expire", web::post().to(serve))
        .route("/v1/billing_portal/sessions", web::post().to(serve))
        .route("/v1/subscriptions/{id}", web::post().to(serve))
        .default_service(web::to(missing));
}

/// The fields of each path, numbers as `#`, `metadata` left out.
fn known(path: &str) -> &'static [&'static str] {
    match path {
        "/v1/customers" => &["email", "name"],
        "/v1/coupons" => &["id", "percent_off", "amount_off", "currency", "duration", "name"],
        "/v1/checkout/sessions" => &[
            "mode",
            "customer",
            "client_reference_id",
            "success_url",
            "cancel_url",
            "locale",
            "line_items[#][price]",
            "line_items[#][quantity]",
            "line_items[#][price_data][currency]",
            "line_items[#][price_data][unit_amount]",
            "line_items[#][price_data][product_data][name]",
            "line_items[#][price_data][recurring][interval]",
            "discounts[#][coupon]",
        ],
        "/v1/billing_portal/sessions" => &["customer", "return_url"],
        _ => &["cancel_at_period_end", "items[#][id]", "items[#][price]", "proration_behavior"],
    }
}

fn unknown(path: &str, form: &Form) -> Option<String> {
    let plain = |name: &str| name.replace(|c: char| c.is_ascii_digit(), "#");
    let about = |name: &str| {
        ["metadata[", "subscription_data[metadata][", "payment_intent_data[metadata]["]
            .iter()
            .any(|p| name.starts_with(p))
    };
    let mut names = form.fields().map(|(name, _)| name);
    names.find(|name| !about(name) && !known(path).contains(&plain(name).as_str())).map(str::to_owned)
}

pub(super) fn refuse(refusal: &Refusal) -> HttpResponse {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    HttpResponse::build(status).json(json!({
        "error": {"type": "invalid_request_error", "code": refusal.code, "message": refusal.message}
    }))
}

async fn missing(request: HttpRequest) -> HttpResponse {
    let message = format!("Unrecognized request URL ({}: {})", request.method(), request.path());
    refuse(&Refusal { status: 404, code: "resource_missing", message })
}

async fn serve(request: HttpRequest, body: web::Bytes, state: web::Data<State>) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let path = request.path().to_owned();
    let form = Form::decode(&body);
    let key = header("idempotency-key");
    state.seen.lock().push(Seen { path: path.clone(), form: form.clone(), key: key.clone() });
    let failure = state.failures.lock().pop_front();
    if let Some(status) = failure {
        return refuse(&Refusal { status, code: "api_error", message: "An unknown error occurred".to_owned() });
    }
    if header("authorization") != Some(format!("Bearer {}", state.key)) {
        let message = "Invalid API Key provided".to_owned();
        return refuse(&Refusal { status: 401, code: "api_key_invalid", message });
    }
    if let Some(field) = unknown(&path, &form) {
        let message = format!("Received unknown parameter: {field}");
        return refuse(&Refusal { status: 400, code: "parameter_unknown", message });
    }
    let (outcome, events) = {
        let mut book = state.book.lock();
        if let Some(answer) = key.as_deref().and_then(|key| book.answered(key)) {
            return HttpResponse::Ok().json(shown(answer));
        }
        let before = book.events().len();
        let base = state.base.lock().clone();
        let id = request.match_info().get("id").unwrap_or_default();
        let outcome = match path.as_str() {
            "/v1/customers" => Ok(book.customer(&form)),
            "/v1/coupons" => book.coupon(&form),
            "/v1/checkout/sessions" => book.checkout(&form, &base),
            "/v1/billing_portal/sessions" => portal(&book, &form, &base),
            path if path.ends_with("/expire") => book.expire(id),
            _ => book.update(id, &form),
        };
        if let (Some(key), Ok(answer)) = (&key, &outcome) {
            book.keep(key, answer);
        }
        (outcome, book.events().get(before..).unwrap_or_default().to_vec())
    };
    state.delivery.send_later(events);
    match outcome {
        Ok(answer) => HttpResponse::Ok().json(shown(&answer)),
        Err(refusal) => refuse(&refusal),
    }
}

fn portal(book: &super::book::Book, form: &Form, base: &str) -> Result<Value, Refusal> {
    let customer = form.get("customer").unwrap_or_default();
    if book.get(customer).is_none() {
        let message = format!("No such customer: '{customer}'");
        return Err(Refusal { status: 404, code: "resource_missing", message });
    }
    let back: String = url::form_urlencoded::byte_serialize(form.get("return_url").unwrap_or("/").as_bytes()).collect();
    Ok(json!({
        "id": format!("bps_{customer}"), "object": "billing_portal.session", "customer": customer,
        "url": format!("{base}/portal/{customer}?back={back}"),
    }))
}

/// Without what only this endpoint knows.
fn shown(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|name, _| !name.starts_with("x_"));
    }
    object
}
