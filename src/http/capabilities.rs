//! `/v1/capabilities`: which routes this server has, so that a client shows only what is there.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

/// The routes of an OpenAPI document, as `GET /v1/cv/files`, sorted.
fn routes_of(document: &Value) -> Vec<String> {
    let paths = document.get("paths").and_then(Value::as_object);
    let mut routes: Vec<String> = paths
        .into_iter()
        .flatten()
        .filter_map(|(path, item)| item.as_object().map(|item| (path, item)))
        .flat_map(|(path, item)| item.keys().map(move |method| format!("{} {path}", method.to_uppercase())))
        .collect();
    routes.sort_unstable();
    routes
}

/// `GET /v1/capabilities`.
pub async fn serve(state: web::Data<super::AppState>) -> HttpResponse {
    let routes = routes_of(&state.openapi);
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-cache")).json(json!({"routes": routes}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{RouteDoc, openapi};

    #[test]
    fn each_described_route_is_named_with_its_method() {
        let docs = [
            RouteDoc::new("post", "/v1/cv/files/{id}/review", "cv", "Decide"),
            RouteDoc::new("get", "/v1/cv/files", "cv", "List"),
            RouteDoc::new("post", "/v1/cv/files", "cv", "Create"),
        ];
        let routes = routes_of(&openapi::document(&docs));
        assert_eq!(routes, ["GET /v1/cv/files", "POST /v1/cv/files", "POST /v1/cv/files/{id}/review"]);
    }

    #[test]
    fn a_document_without_paths_has_no_route() {
        assert_eq!(routes_of(&json!({})), Vec::<String>::new());
    }
}
