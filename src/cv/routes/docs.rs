//! The product's routes as the description of the interface has them: their forms are those of the protocol's catalogue
//! (`estafette_protocol::cv::catalog`), which also makes the SDK's types.

use super::{auth, billing, files, letters, me, oauth, table};
use crate::http::RouteDoc;
use crate::http::openapi::{Answer, Body, Shape};
use estafette_protocol::ErrorCode;
use estafette_protocol::cv::catalog::{CALLS, QUERIES, ROUTES};
use estafette_protocol::cv::http::PageQuery;
use estafette_protocol::typescript::TypeRef;
use serde_json::json;

/// Calls that take units: they may find too few credits, a limit of the plan, or a budget that is used up.
const UNITS: &[&str] = &[
    "cv.generate",
    "cv.score",
    "cv.import",
    "cv.translate",
    "cv.create_template",
    "cv.from_job_title",
    "cv.export",
    "task.retry",
];
/// Calls with a bound on how many of something there are.
const BOUNDED: &[&str] = &["cv.create", "job_offer.create", "feedback.send", "admin.alert_set"];

/// Describes the product's routes.
pub fn docs() -> Vec<RouteDoc> {
    let rows = table::ROWS.iter().map(|row| RouteDoc::new(row.method, row.path, "cv", row.summary).call(row.call));
    let own = [auth::docs(), letters::docs(), me::docs(), oauth::docs(), billing::docs(), files::docs()];
    own.into_iter().flatten().chain(rows).map(described).collect()
}

/// With what the catalogue knows of the route, unless the route says it itself.
fn described(mut route: RouteDoc) -> RouteDoc {
    let name = format!("{} {}", route.method.to_uppercase(), route.path);
    let listed = ROUTES.iter().find(|row| row.route == name);
    let call = route.call.and_then(|call| CALLS.iter().find(|row| row.method == call));
    let takes = listed.and_then(|row| row.body).or_else(|| call.map(|row| row.params));
    if route.body.is_none()
        && matches!(route.method, "post" | "put" | "patch")
        && let Some(of) = takes.filter(|of| !is_empty(of))
    {
        let file_too = route.path == files::JOB_OFFERS;
        let shape = Shape::Type(of);
        route.body = Some(if file_too { Body::JsonOrFile(shape) } else { Body::Json(shape) });
    }
    if matches!(route.answer, Answer::Unknown) {
        route.answer = match (listed.map(|row| row.answer), call) {
            (Some(Some(of)), _) => Answer::Json(Shape::Type(of)),
            // A call without a result answers null; a route that is no call says nothing.
            (Some(None), _) if route.call.is_some() => Answer::Json(Shape::Json(json!({"type": "null"}))),
            (Some(None), _) => Answer::Empty,
            (None, Some(call)) => Answer::Json(Shape::Type(call.result)),
            (None, None) => Answer::Unknown,
        };
    }
    if let Some((_, query)) = QUERIES.iter().find(|(of, _)| *of == name) {
        route.queries.push(Shape::Type(*query));
    }
    if matches!(&route.answer, Answer::Json(Shape::Type(of)) if of.name().starts_with("Page<")) && pages(&route) {
        route.queries.push(Shape::Type(TypeRef::of::<PageQuery>()));
    }
    let call = route.call.unwrap_or_default();
    if UNITS.contains(&call) {
        route = route.refuses(&[ErrorCode::InsufficientCredits, ErrorCode::LimitExceeded]);
    }
    if BOUNDED.contains(&call) {
        route = route.refuses(&[ErrorCode::LimitExceeded]);
    }
    if route.path.starts_with("/v1/cv/auth/") {
        route = route.refuses(&[ErrorCode::Unauthenticated, ErrorCode::Forbidden, ErrorCode::Conflict]);
    }
    // What works on something by a name in its body, or reads a thing of which there may be none.
    if route.call.is_some() {
        route = route.refuses(&[ErrorCode::NotFound]);
    }
    route
}

/// The type of calls without parameters.
fn is_empty(of: &TypeRef) -> bool {
    of.name() == TypeRef::of::<estafette_protocol::cv::admin::Nothing>().name()
}

/// The versions of a CV are a page by form only: there are never more than fit.
fn pages(route: &RouteDoc) -> bool {
    !route.path.ends_with("/versions")
}
