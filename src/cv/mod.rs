//! The CV product: a person's CVs, adapted to job offers by durable tasks, reviewed live.
//!
//! | module | holds |
//! |---|---|
//! | [`model`] | states, and every legal move between them |
//! | [`rules`] | pure decisions |
//! | [`store`] | SQL |
//! | [`ledger`] | units: reserved, given back |
//! | [`billing`] | what Stripe says, blocks by plans, referrals |
//! | [`history`] | versions of a CV |
//! | [`announce`] | events about a CV |
//! | [`accounts`] | sign-up, without HTTP |
//! | [`mail`] | e-mail: queued in a unit of work, sent by a task |
//! | [`oauth`] | signing in with accounts of other providers |
//! | [`people`] | verification, passwords, change of address, erasure, export |
//! | [`snapshot`] | the state of each topic |
//! | [`calls`] | what people may ask for |
//! | [`pipeline`] | the tasks |
//! | [`routes`] | the product over HTTP |
//! | [`brain`] | what works without a model |
//! | [`import`] | FitMyCV's own database, brought over |
//! | [`offline`] | the brain in the place of the model |
//! | [`prompts`] | what a model is told |
//! | [`export`](mod@export) | a CV as a document: sections chosen, PDF typeset |
//! | [`quality`] | how well the offline model reads, as tables |
//! | [`product`] | [`CvProduct`], what the runtime knows of all this |
//! | [`mod@entry`] | the product's row in the catalogue |
//! | [`budget`] | AI work that would pass a budget is refused |
//! | [`watch`] | what administrators see without asking |
//! | [`retention`] | what is past its time goes (G10) |
//! | [`sweep`] | what is over is taken away |
//! | [`services`] | what the product works with |

pub mod accounts;
pub mod announce;
pub mod billing;
pub mod brain;
pub mod budget;
pub mod calls;
pub mod entry;
pub mod export;
pub mod history;
pub mod import;
pub mod ledger;
pub mod mail;
pub mod model;
pub mod oauth;
pub mod offline;
pub mod people;
pub mod pipeline;
pub mod product;
pub mod prompts;
pub mod quality;
pub mod retention;
pub mod routes;
pub mod rules;
pub mod services;
pub mod snapshot;
pub mod store;
pub mod sweep;
pub mod topics;
pub mod watch;

pub use entry::entry;
pub use product::CvProduct;
pub use services::{Services, UsageRecorder};

#[cfg(test)]
mod tests;
