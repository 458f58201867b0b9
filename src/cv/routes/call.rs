//! How a request becomes a call.

use super::table::Row;
use crate::auth::Caller;
use crate::cv::topics;
use crate::error::ApiError;
use crate::http::AppState;
use crate::http::origin::Origin;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use estafette_actors::{CallError, Identity};
use estafette_protocol::IdempotencyKey;
use estafette_protocol::message::check_params;
use serde_json::{Map, Value, json};

/// The header that makes a repeated request take effect once.
pub const KEY_HEADER: &str = "idempotency-key";

/// The idempotency key of a request, if it has one.
///
/// # Errors
/// `bad_request` for one that is too long or not printable.
pub fn key_of(request: &HttpRequest) -> Result<Option<IdempotencyKey>, CallError> {
    let Some(value) = request.headers().get(KEY_HEADER) else { return Ok(None) };
    let text = value.to_str().map_err(|_| CallError::bad_request("Idempotency-Key must be printable ASCII"))?;
    IdempotencyKey::parse(text).map(Some).map_err(|error| CallError::bad_request(error.to_string()))
}

/// Makes a call for a request.
///
/// # Errors
/// What the call refuses.
pub async fn call(
    state: &AppState,
    who: Identity,
    request: &HttpRequest,
    method: &str,
    params: Value,
) -> Result<Value, ApiError> {
    let key = if *request.method() == Method::GET { None } else { key_of(request)? };
    let origin = Origin::of(request, &state.limits);
    Ok(origin.scope(state.runtime.call(who, method, params, key)).await?)
}

/// Serves a route that is a call.
///
/// # Errors
/// What the call refuses.
pub async fn serve(
    row: &Row,
    state: web::Data<AppState>,
    caller: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    let who = caller.or_device(&topics::product())?;
    let mut params = if matches!(row.method, "get" | "delete") {
        let query = web::Query::<Map<String, Value>>::from_query(request.query_string());
        query.map_err(|error| CallError::bad_request(format!("the query cannot be read: {error}")))?.into_inner()
    } else {
        body_of(&body)?
    };
    params.iter().try_for_each(|(name, value)| storable(name, value))?;
    for (name, value) in request.match_info().iter() {
        let value = match name {
            "version" => value.parse::<i32>().map_or(Value::Null, |version| json!(version)),
            _ => json!(value),
        };
        storable(name, &value)?;
        params.insert(name.to_owned(), value);
    }
    let result = call(&state, who, &request, row.call, Value::Object(params)).await?;
    Ok(HttpResponse::Ok().json(result))
}

/// P33: the same rule as on the socket.
fn storable(name: &str, value: &Value) -> Result<(), CallError> {
    if name.contains('\0') || check_params(value).is_err() {
        return Err(CallError::bad_request("a parameter must not contain the character U+0000"));
    }
    Ok(())
}

/// The JSON object in a body; an empty body is an empty object.
///
/// # Errors
/// `bad_request`.
pub fn body_of(body: &[u8]) -> Result<Map<String, Value>, CallError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => {
            map.iter().try_for_each(|(name, value)| storable(name, value))?;
            Ok(map)
        }
        Ok(_) => Err(CallError::bad_request("the body must be a JSON object")),
        Err(error) => Err(CallError::bad_request(format!("the body is not JSON: {error}"))),
    }
}
