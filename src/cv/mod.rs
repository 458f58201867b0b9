//! The CV product: a person's CVs, adapted to job offers by durable tasks, reviewed live.
//!
//! | module | holds |
//! |---|---|
//! | [`model`] | states, and every legal move between them |
//! | [`rules`] | pure decisions |
//! | [`store`] | SQL |
//! | [`ledger`] | units: reserved, given back |
//! | [`history`] | versions of a CV |
//! | [`announce`] | events about a CV |
//! | [`accounts`] | sign-up, without HTTP |
//! | [`snapshot`] | the state of each topic |
//! | [`calls`] | what people may ask for |
//! | [`pipeline`] | the tasks |
//! | [`routes`] | the product over HTTP |
//! | [`brain`] | what works without a model |
//! | [`import`] | FitMyCV's own database, brought over |
//! | [`offline`] | the brain in the place of the model |
//! | [`prompts`] | what a model is told |
//! | [`product`] | [`CvProduct`], what the runtime knows of all this |
//! | [`mod@entry`] | the product's row in the catalogue |
//! | [`sweep`] | what is over is taken away |
//! | [`services`] | what the product works with |

pub mod accounts;
pub mod announce;
pub mod brain;
pub mod calls;
pub mod entry;
pub mod history;
pub mod import;
pub mod ledger;
pub mod model;
pub mod offline;
pub mod pipeline;
pub mod product;
pub mod prompts;
pub mod routes;
pub mod rules;
pub mod services;
pub mod snapshot;
pub mod store;
pub mod sweep;
pub mod topics;

pub use entry::entry;
pub use product::CvProduct;
pub use services::{Services, UsageRecorder};

#[cfg(test)]
mod tests;
