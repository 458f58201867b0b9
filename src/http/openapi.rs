//! `/openapi.json`: a description of all routes, made from the table that each product gives with its routes.

use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

/// One route, for the description.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteDoc {
    /// `get`, `post`, `patch`, `put`, `delete`.
    pub method: &'static str,
    /// As actix writes it: `/v1/cv/files/{id}`.
    pub path: &'static str,
    /// What it does, a few words.
    pub summary: &'static str,
    /// Its group: the product.
    pub tag: &'static str,
    /// Whether it needs an access token.
    pub signed_in: bool,
    /// The call that is the same over a socket.
    pub call: Option<&'static str>,
    /// JSON Schema of the body, if it takes one.
    pub request: Option<Value>,
    /// JSON Schema of the answer, if it is JSON and described.
    pub response: Option<Value>,
}

impl RouteDoc {
    /// A route that needs a token and whose bodies are not described.
    pub const fn new(method: &'static str, path: &'static str, tag: &'static str, summary: &'static str) -> Self {
        Self { method, path, summary, tag, signed_in: true, call: None, request: None, response: None }
    }
    /// Open to everybody.
    #[must_use]
    pub const fn open(mut self) -> Self {
        self.signed_in = false;
        self
    }
    /// The call that is the same over a socket.
    #[must_use]
    pub const fn call(mut self, call: &'static str) -> Self {
        self.call = Some(call);
        self
    }
    /// With a body of this schema.
    #[must_use]
    pub fn takes(mut self, schema: Value) -> Self {
        self.request = Some(schema);
        self
    }
    /// Answers with this schema.
    #[must_use]
    pub fn gives(mut self, schema: Value) -> Self {
        self.response = Some(schema);
        self
    }
}

/// The routes of the server itself.
pub fn own_routes() -> Vec<RouteDoc> {
    vec![
        RouteDoc::new("get", "/health/live", "server", "The process answers").open(),
        RouteDoc::new("get", "/health/ready", "server", "This node may be given work").open(),
        RouteDoc::new("get", "/metrics", "server", "Metrics for Prometheus").open(),
        RouteDoc::new("get", "/openapi.json", "server", "This description").open(),
        RouteDoc::new("get", "/v1/capabilities", "server", "The names of these routes").open(),
        RouteDoc::new("get", "/v1/live", "server", "WebSocket of the live protocol, version 1").open(),
    ]
}

/// The OpenAPI 3.1 document.
pub fn document(routes: &[RouteDoc]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let item = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(route.method.to_owned(), operation(route));
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
            "responses": {"Problem": {
                "description": "A refusal",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
            "schemas": {"Problem": {
                "type": "object",
                "required": ["type", "title", "status", "code", "detail"],
                "properties": {
                    "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
                    "code": {"type": "string", "enum": estafette_protocol::ErrorCode::ALL},
                    "detail": {"type": "string"}, "details": {}, "retry_after_ms": {"type": "integer"},
                    "instance": {"type": "string"},
                },
            }},
        },
    })
}

fn operation(route: &RouteDoc) -> Value {
    let words = route.path.split(['/', '{', '}', '.']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
    let parameters: Vec<Value> = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({"name": name.split(':').next(), "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    let schema = route.response.clone().unwrap_or_else(|| json!({}));
    let mut operation = json!({
        "operationId": format!("{}_{words}", route.method),
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": parameters,
        "responses": {
            "200": {"description": "Done", "content": {"application/json": {"schema": schema}}},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    });
    if let Some(fields) = operation.as_object_mut() {
        if route.signed_in {
            fields.insert("security".to_owned(), json!([{"token": []}]));
        }
        if let Some(call) = route.call {
            fields.insert("description".to_owned(), json!(format!("The same as the call `{call}` over a socket.")));
        }
        if let Some(schema) = &route.request {
            let body = json!({"required": true, "content": {"application/json": {"schema": schema}}});
            fields.insert("requestBody".to_owned(), body);
        }
    }
    operation
}

/// `GET /openapi.json`.
pub async fn serve(state: web::Data<super::AppState>) -> HttpResponse {
    HttpResponse::Ok().json(&*state.openapi)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_describes_each_route_with_its_parameters_and_its_security() {
        let mut routes = own_routes();
        routes.push(
            RouteDoc::new("post", "/v1/cv/files/{id}/review", "cv", "Decide")
                .call("cv.review")
                .takes(json!({"type": "object"})),
        );
        let document = document(&routes);
        let review = &document["paths"]["/v1/cv/files/{id}/review"]["post"];
        assert_eq!(review["operationId"], "post_v1_cv_files_id_review");
        assert_eq!(review["parameters"][0]["name"], "id");
        assert_eq!(review["security"][0]["token"], json!([]));
        assert_eq!(review["requestBody"]["content"]["application/json"]["schema"]["type"], "object");
        assert!(document["paths"]["/health/live"]["get"].get("security").is_none());
        assert_eq!(document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"][0], "bad_request");
    }
}
