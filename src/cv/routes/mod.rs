//! The product over HTTP. Every call has a route, and both go through `Runtime::call`; [`table`] says which.
//!
//! | module | holds |
//! |---|---|
//! | [`table`] | routes that are calls |
//! | [`billing`] | the price list, Stripe's webhook |
//! | [`call`] | how a request becomes a call |
//! | [`auth`] | sign-up, sign-in, refresh, sign-out |
//! | [`mod@docs`] | the routes as the description of the interface has them |
//! | [`letters`] | what the links in e-mails lead to: verification, reset; Resend's webhook |
//! | [`me`] | the own account: profile, sessions, change of address, export, erasure |
//! | [`oauth`] | sign-in at other providers, linked accounts |
//! | [`files`] | bodies that are not JSON: uploads, documents |

pub mod auth;
pub mod billing;
pub mod call;
pub mod docs;
pub mod files;
pub mod letters;
pub mod me;
pub mod oauth;
pub mod table;

pub use docs::docs;

use super::services::Services;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Route, guard, http::Method};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Adds the product's routes; what they work with is `web::Data<Services>`.
pub fn with(services: Arc<Services>) -> Arc<dyn Fn(&mut ServiceConfig) + Send + Sync> {
    let services = web::Data::from(services);
    Arc::new(move |config| {
        config.app_data(services.clone());
        configure(config);
    })
}

fn configure(config: &mut ServiceConfig) {
    auth::configure(config);
    letters::configure(config);
    me::configure(config);
    oauth::configure(config);
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
        if path == me::PATH {
            resource = me::profile(resource);
        }
        config.service(resource);
    }
}

fn route_of(row: &'static table::Row) -> Route {
    let method = match row.method {
        "get" => Method::GET,
        "patch" => Method::PATCH,
        "delete" => Method::DELETE,
        "put" => Method::PUT,
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
