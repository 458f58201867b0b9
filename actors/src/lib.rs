//! The Estafette runtime: live, durable work as supervised actors. It knows topics, tasks, leases and bytes; it knows
//! no product and no HTTP route. `README.md` beside this crate is the page of guarantees.
#![deny(missing_docs)]

pub mod bus;
pub mod canary;
pub mod census;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod config;
pub mod db;
pub mod error;
pub mod event;
pub mod gate;
pub mod hub;
pub mod identity;
pub mod journal;
pub mod limits;
pub mod mailbox;
pub mod migration;
pub mod node;
pub mod notices;
pub mod probe;
pub mod product;
pub mod registry;
pub mod runtime;
pub mod session;
mod statistics;
mod stats;
pub mod sweep;
pub mod task;
#[cfg(feature = "testkit")]
pub mod testkit;
mod together;
pub mod trace;
mod unit;
pub mod writer;

pub use config::RuntimeConfig;
pub use db::{Additions, BulkRow, Column, Db, DbResult, Param, Tx, column};
pub use error::{CallError, DbError, StepError, StepRetry};
pub use identity::{AuthError, Authenticator, Identity};
pub use product::{CallCtx, Product};
pub use runtime::{Runtime, RuntimeBuilder};
