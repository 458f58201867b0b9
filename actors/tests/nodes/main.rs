//! Several nodes on one Postgres and one Redis are one system.
//!
//! Nodes that only work side by side are runtimes in the test's own process; those that are killed or frozen are
//! processes: this program itself, told to be a node ([`process`]).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]
#![allow(missing_docs, unreachable_pub)]

mod delivery;
mod fairness;
mod process;
mod rescue;
#[path = "../support/mod.rs"]
mod support;
