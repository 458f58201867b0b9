//! `/openapi.json`: a description of all routes, made from the code: the tables that each product gives with its routes,
//! and the JSON Schemas of the protocol's types.
//!
//! | module | holds |
//! |---|---|
//! | [`route`] | what a route tells of itself |
//! | [`schemas`] | the forms of bodies and answers |

pub mod route;
pub mod schemas;

pub use route::{Answer, Body, RouteDoc, Shape};

use actix_web::{HttpResponse, web};
use estafette_protocol::ErrorCode;
use estafette_protocol::limits::MAX_KEY_BYTES;
use estafette_protocol::problem::Problem;
use estafette_protocol::typescript::TypeRef;
use schemas::Schemas;
use serde_json::{Map, Value, json};

/// The routes of the server itself.
pub fn own_routes() -> Vec<RouteDoc> {
    let route = |path, summary| RouteDoc::new("get", path, "server", summary).open();
    let health = json!({
        "type": "object", "required": ["status"],
        "properties": {"status": {"type": "string"}, "checks": {"type": "object"}},
    });
    let names = json!({
        "type": "object", "required": ["routes"],
        "properties": {"routes": {"type": "array", "items": {"type": "string"}}},
    });
    vec![
        route("/health/live", "The process answers").gives(health.clone()),
        route("/health/ready", "This node may be given work").gives(health).refuses(&[ErrorCode::Unavailable]),
        route("/metrics", "Metrics for Prometheus").gives_media(&["text/plain"]),
        route("/openapi.json", "This description").gives(json!({"type": "object", "required": ["openapi", "paths"]})),
        route("/v1/capabilities", "The names of these routes").gives(names),
        RouteDoc { answer: Answer::Upgrade, ..route("/v1/live", "WebSocket of the live protocol, version 1") }
            .refuses(&[ErrorCode::BadRequest, ErrorCode::RateLimited, ErrorCode::Unavailable]),
    ]
}

/// The OpenAPI 3.1 document.
pub fn document(routes: &[RouteDoc]) -> Value {
    let mut schemas = Schemas::default();
    let problem = schemas.answered(&Shape::Type(TypeRef::of::<Problem>()));
    let mut operations: Vec<(&RouteDoc, Value, Value)> =
        routes.iter().map(|route| (route, operation(route, &mut schemas), given(route, &mut schemas))).collect();
    let mut sent: Vec<&mut Value> = operations.iter_mut().map(|(_, _, given)| given).collect();
    let definitions = schemas.finish(&mut sent);
    let mut paths: Map<String, Value> = Map::new();
    for (route, mut operation, given) in operations {
        if let (Some(fields), Value::Object(given)) = (operation.as_object_mut(), given) {
            fields.extend(given);
        }
        let item = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(route.method.to_owned(), operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Estafette",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Live, durable AI work. Errors are application/problem+json with the codes of the live protocol.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "responses": refusals(&problem),
            "schemas": definitions,
        },
    })
}

/// A refusal of each status, by its number.
fn refusals(problem: &Value) -> Value {
    let mut all = Map::new();
    for code in ErrorCode::ALL {
        let mut response = json!({
            "description": code.meaning(),
            "content": {"application/problem+json": {"schema": problem}},
        });
        if let (true, Some(fields)) = (code.is_retryable(), response.as_object_mut()) {
            let schema = json!({"type": "integer", "minimum": 1});
            let header = json!({"description": "Seconds to wait", "schema": schema});
            fields.insert("headers".to_owned(), json!({"Retry-After": header}));
        }
        all.insert(format!("Refused{}", code.http_status()), response);
    }
    Value::Object(all)
}

/// What is answered, and what the route is about.
fn operation(route: &RouteDoc, schemas: &mut Schemas) -> Value {
    let words = route.path.split(['/', '{', '}', '.']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
    let mut responses = Map::new();
    let (status, done) = match &route.answer {
        Answer::Json(shape) => (
            "200",
            json!({"description": "Done", "content": {"application/json": {"schema": schemas.answered(shape)}}}),
        ),
        Answer::Unknown => ("200", json!({"description": "Done", "content": {"application/json": {"schema": {}}}})),
        Answer::Media(media) => {
            let content: Map<String, Value> = media.iter().map(|kind| ((*kind).to_owned(), json!({}))).collect();
            ("200", json!({"description": "Done", "content": content}))
        }
        Answer::Empty => ("204", json!({"description": "Done"})),
        Answer::Redirect => {
            let location = json!({"description": "Where to go", "schema": {"type": "string", "format": "uri"}});
            ("303", json!({"description": "Leads to another page", "headers": {"Location": location}}))
        }
        Answer::Upgrade => ("101", json!({"description": "The connection speaks WebSocket from here on"})),
    };
    let status = route.status.map_or_else(|| status.to_owned(), |status| status.to_string());
    responses.insert(status, done);
    for status in route.refusals() {
        let reference = format!("#/components/responses/Refused{status}");
        responses.insert(status.to_string(), json!({"$ref": reference}));
    }
    let mut operation = json!({
        "operationId": format!("{}_{words}", route.method),
        "summary": route.summary,
        "tags": [route.tag],
        "responses": responses,
    });
    if let Some(fields) = operation.as_object_mut() {
        if route.signed_in {
            fields.insert("security".to_owned(), json!([{"token": []}]));
        }
        if let Some(call) = route.call {
            fields.insert("description".to_owned(), json!(format!("The same as the call `{call}` over a socket.")));
        }
    }
    operation
}

/// What is sent: parameters and body.
fn given(route: &RouteDoc, schemas: &mut Schemas) -> Value {
    let mut parameters: Vec<Value> = route
        .path_names()
        .map(|name| {
            let schema = if name == "version" {
                json!({"type": "integer", "minimum": 1, "maximum": i32::MAX})
            } else {
                json!({"type": "string", "minLength": 1})
            };
            json!({"name": name, "in": "path", "required": true, "schema": schema})
        })
        .collect();
    for query in &route.queries {
        for (name, schema, required) in schemas.properties(query) {
            let described = schema.get("description").cloned();
            let mut parameter = json!({"name": name, "in": "query", "required": required, "schema": not_null(schema)});
            if let (Some(fields), Some(text)) = (parameter.as_object_mut(), described) {
                fields.insert("description".to_owned(), text);
            }
            parameters.push(parameter);
        }
    }
    if route.writes() && route.call.is_some() {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Makes a repeated request take effect once, for 24 hours.",
            "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_BYTES, "pattern": "^[!-~]+$"},
        }));
    }
    let mut given = json!({"parameters": parameters});
    let names: Vec<&str> = route.path_names().collect();
    let file = || {
        json!({"schema": {
            "type": "object", "required": ["file"],
            "properties": {"file": {"type": "string", "contentMediaType": "application/pdf"}},
        }})
    };
    let content = match &route.body {
        None => return given,
        Some(Body::Json(shape)) => json!({"application/json": {"schema": schemas.given_without(shape, &names)}}),
        Some(Body::Form(shape)) => {
            json!({"application/x-www-form-urlencoded": {"schema": schemas.given_without(shape, &names)}})
        }
        Some(Body::File) => json!({"multipart/form-data": file()}),
        Some(Body::JsonOrFile(shape)) => json!({
            "application/json": {"schema": schemas.given_without(shape, &names)},
            "multipart/form-data": file(),
        }),
    };
    if let Some(fields) = given.as_object_mut() {
        fields.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
    }
    given
}

/// A parameter that may be missing is not null: a query has no null.
fn not_null(schema: Value) -> Value {
    let Value::Object(mut map) = schema else { return schema };
    map.remove("description");
    map.remove("default");
    if let Some(kinds) = map.get("type").and_then(Value::as_array) {
        let kinds: Vec<Value> = kinds.iter().filter(|kind| *kind != "null").cloned().collect();
        let kind = if let [only] = kinds.as_slice() { only.clone() } else { Value::Array(kinds) };
        map.insert("type".to_owned(), kind);
    }
    if let Some(Value::Array(options)) = map.get("anyOf") {
        let options: Vec<Value> = options.iter().filter(|option| option["type"] != "null").cloned().collect();
        if let [only] = options.as_slice() {
            return only.clone();
        }
    }
    Value::Object(map)
}

/// `GET /openapi.json`.
pub async fn serve(state: web::Data<super::AppState>) -> HttpResponse {
    HttpResponse::Ok().json(&*state.openapi)
}

#[cfg(test)]
mod tests;
