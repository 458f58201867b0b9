//! The Estafette server: composition of the runtime (`estafette-actors`), the products and their face to the world.
//!
//! | module | holds |
//! |---|---|
//! | [`config`] | every setting with default, unit and range; a wrong one refuses to start |
//! | [`cli`] | the commands `serve`, `migrate`, `demo`, `user` |
//! | [`db`] | the pool, the migrations, the embedded Postgres |
//! | [`auth`] | passwords, access tokens, refresh tokens |
//! | [`http`] | the actix-web application, problem+json, health, metrics, the console |
//! | [`ai`] | the model behind one trait: `openai` and `offline` |
//! | [`fetch`] | the safe HTTP fetcher for addresses that users give |
//! | [`extract`] | text and structured data out of HTML and PDF |
//! | [`catalog`] | the only list of products |
//! | [`documents`] | PDFs are read and made in processes of their own |
//! | [`demo`] | the example CVs, job texts and job pages |
//! | [`scripted`] | what the scripted endpoints of a model and of Stripe share |
//! | [`stripe`] | payments: Stripe's interface, webhooks, and an endpoint like it for tests |
//! | [`cv`] | the CV product |
//! | [`admin`] | what administrators see: nodes, queues, slow readers, one client's timeline |

pub mod admin;
pub mod ai;
pub mod auth;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod cv;
pub mod db;
pub mod demo;
pub mod documents;
pub mod error;
pub mod extract;
pub mod fetch;
pub mod http;
mod scripted;
pub mod stripe;
pub mod telemetry;
#[cfg(any(test, feature = "testkit"))]
pub mod testing;
