//! The product over HTTP. Every call has a route, and both go through `Runtime::call`; [`table`] says which.
//!
//! | module | holds |
//! |---|---|
//! | [`table`] | routes that are calls |
//! | [`call`] | how a request becomes a call |
//! | [`auth`] | sign-up, sign-in, refresh, sign-out |
//! | [`billing`] | the price list, Stripe's webhook |
//! | [`files`] | bodies that are not JSON: uploads, documents |

pub mod auth;
pub mod billing;
pub mod call;
pub mod files;
pub mod table;

use crate::http::RouteDoc;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Route, guard, http::Method};
use std::collections::BTreeMap;

/// Adds the product's routes.
pub fn configure(config: &mut ServiceConfig) {
    auth::configure(config);
    billing::configure(config);
    files::configure(config);
    let mut by_path: BTreeMap<&str, Vec<&'static table::Row>> = BTreeMap::new();
    for row in table::ROWS {
        by_path.entry(row.path).or_default().push(row);
    }
    // Fixed paths before those with a place for an id: the first that fits is taken.
    let mut paths: Vec<_> = by_path.into_iter().collect();
    paths.sort_by_key(|(path, _)| path.contains('{'));
    for (path, rows) in paths {
        let mut resource = web::resource(path);
        for row in rows {
            resource = resource.route(route_of(row));
        }
        if path == files::JOB_OFFERS {
            resource = resource.route(files::offer_upload());
        }
        config.service(resource);
    }
}

fn route_of(row: &'static table::Row) -> Route {
    let method = match row.method {
        "get" => Method::GET,
        "patch" => Method::PATCH,
        "delete" => Method::DELETE,
        _ => Method::POST,
    };
    let route = web::route().method(method);
    let route = if row.path == files::JOB_OFFERS && row.method == "post" {
        route.guard(guard::Not(guard::fn_guard(files::is_multipart)))
    } else {
        route
    };
    route.to(move |state, caller, request, body| call::serve(row, state, caller, request, body))
}

/// Describes the product's routes.
pub fn docs() -> Vec<RouteDoc> {
    let rows = table::ROWS.iter().map(|row| RouteDoc::new(row.method, row.path, "cv", row.summary).call(row.call));
    auth::docs().into_iter().chain(billing::docs()).chain(files::docs()).chain(rows).collect()
}
