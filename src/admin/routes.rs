//! The routes of administrators.

use super::queues;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::http::{AppState, RouteDoc};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use estafette_actors::{CallError, Identity, census, journal};
use estafette_protocol::limits::{MAX_ID_BYTES, MAX_TOPIC_BYTES};
use estafette_protocol::{SessionId, Topic, UserId};
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde_json::json;

/// The role that may.
const ADMIN: &str = "ADMIN";
/// Notes of a timeline unless asked otherwise.
const NOTES: i64 = 500;

/// An administrator.
struct Administrator(Identity);

impl FromRequest for Administrator {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        Box::pin(async move {
            let Caller(who) = caller.await?;
            if who.role == ADMIN {
                Ok(Self(who))
            } else {
                Err(CallError::forbidden("this is for administrators").into())
            }
        })
    }
}

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/v1/admin/nodes").route(web::get().to(nodes)))
        .service(web::resource("/v1/admin/queues").route(web::get().to(read_queues)))
        .service(web::resource("/v1/admin/sessions").route(web::get().to(sessions)))
        .service(web::resource("/v1/admin/sessions/{session}/timeline").route(web::get().to(timeline)));
}

/// Describes them.
pub fn docs() -> Vec<RouteDoc> {
    let route = |path, summary| RouteDoc::new("get", path, "admin", summary);
    let list = |name: &str| {
        let items = json!({"type": "array", "items": {"type": "object"}});
        json!({"type": "object", "required": [name], "properties": {name: items}})
    };
    let user = json!({"type": "string", "minLength": 1, "maxLength": MAX_ID_BYTES, "pattern": "^[A-Za-z0-9_-]+$"});
    vec![
        route("/v1/admin/nodes", "The nodes, what each said about itself, and its slowest readers")
            .gives(list("nodes")),
        route("/v1/admin/queues", "By kind of task: how many wait, run and ended").gives(list("queues")),
        route("/v1/admin/sessions", "The sessions of a user (`?user=`) that the journal remembers")
            .asks(json!({"type": "object", "required": ["user"], "properties": {"user": user}}))
            .gives(list("sessions")),
        route(
            "/v1/admin/sessions/{session}/timeline",
            "What a session's connections noted; with `topic` and `seq` why it saw that event, or did not",
        )
        .asks(json!({"type": "object", "properties": {
            "topic": {"type": "string", "maxLength": MAX_TOPIC_BYTES},
            "seq": {"type": "integer", "minimum": 0},
            "limit": {"type": "integer", "minimum": 1},
        }}))
        .gives(json!({"type": "object"})),
    ]
}

async fn nodes(state: web::Data<AppState>, _: Administrator) -> Result<HttpResponse, ApiError> {
    let nodes = census::nodes(&state.db).await.map_err(CallError::from)?;
    Ok(HttpResponse::Ok().json(json!({"asked": state.runtime.node_id(), "nodes": nodes})))
}

async fn read_queues(state: web::Data<AppState>, who: Administrator) -> Result<HttpResponse, ApiError> {
    let queues = queues::read(&state.db, &who.0.product).await.map_err(CallError::from)?;
    Ok(HttpResponse::Ok().json(json!({ "queues": queues })))
}

#[derive(Deserialize)]
struct OfUser {
    user: String,
}

async fn sessions(
    state: web::Data<AppState>,
    who: Administrator,
    query: web::Query<OfUser>,
) -> Result<HttpResponse, ApiError> {
    let user = UserId::parse(query.into_inner().user).map_err(|error| CallError::bad_request(error.to_string()))?;
    let sessions = journal::sessions(&state.db, &who.0.product, &user).await.map_err(CallError::from)?;
    Ok(HttpResponse::Ok().json(json!({ "sessions": sessions })))
}

#[derive(Deserialize)]
struct Asked {
    topic: Option<String>,
    seq: Option<u64>,
    limit: Option<i64>,
}

async fn timeline(
    state: web::Data<AppState>,
    who: Administrator,
    session: web::Path<String>,
    query: web::Query<Asked>,
) -> Result<HttpResponse, ApiError> {
    let wrong = |error: &dyn std::fmt::Display| CallError::bad_request(error.to_string());
    let session = SessionId::parse(session.into_inner()).map_err(|error| wrong(&error))?;
    let topic = query.topic.as_deref().map(Topic::parse).transpose().map_err(|error| wrong(&error))?;
    let product = &who.0.product;
    match (topic, query.seq) {
        (Some(topic), Some(seq)) => {
            let answer = journal::explain(&state.db, product, &session, &topic, seq).await.map_err(CallError::from)?;
            Ok(HttpResponse::Ok().json(answer))
        }
        (None, Some(_)) => Err(CallError::bad_request("`seq` needs a `topic`").into()),
        (topic, None) => {
            let limit = query.limit.unwrap_or(NOTES);
            let notes = journal::notes(&state.db, product, &session, topic.as_ref(), limit).await;
            Ok(HttpResponse::Ok().json(json!({"notes": notes.map_err(CallError::from)?})))
        }
    }
}
