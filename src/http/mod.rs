//! The HTTP face: one listener for routes, WebSocket upgrades and the console.
//!
//! | module | holds |
//! |---|---|
//! | [`server`] | the listener and its limits; hands upgrades to the runtime |
//! | [`app`] | the actix-web application: routes, body limits, error forms |
//! | [`observe`] | around each request: id, log line, metrics, errors in one form |
//! | [`headers`] | what a browser may do with an answer: content security policy and the like |
//! | [`health`] | `/health/live`, `/health/ready`, `/metrics` |
//! | [`language`] | in which language a browser wants to be spoken to |
//! | [`limits`] | requests at once, attempts to sign in by address and account |
//! | [`origin`] | where a request came from, for who must be able to say so |
//! | [`openapi`] | `/openapi.json` out of the table of routes |
//! | [`capabilities`] | `/v1/capabilities`: the names of these routes, for clients that show only what is there |
//! | [`console`] | the web console at `/` |

pub mod app;
pub mod capabilities;
pub mod console;
pub mod headers;
pub mod health;
pub mod language;
pub mod limits;
pub mod observe;
pub mod openapi;
pub mod origin;
pub mod server;

pub use app::AppState;
pub use limits::{Door, HttpLimits};
pub use openapi::RouteDoc;
pub use server::{HttpServer, ServerOptions};

#[cfg(test)]
mod tests;
