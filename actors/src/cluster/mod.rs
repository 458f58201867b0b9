//! A private Postgres cluster in a folder: found on the machine, started without a TCP port, adopted when a killed
//! process left it running, stopped at the end. Also works as root, where Postgres itself refuses to run.
//!
//! | module | holds |
//! |---|---|
//! | [`binaries`] | where `initdb` and `postgres` are |
//! | [`account`] | as which user they run, and where that user can reach |
//! | [`folder`] | what lies where in the cluster's folder |
//! | [`postmaster`] | the running server as its pid file tells it |
//! | [`server`] | start, adopt, watch, stop |
//!
//! Everything here blocks for as long as it takes (a second at the first start): async callers use a blocking thread.

pub mod account;
pub mod binaries;
pub mod error;
pub mod folder;
pub mod postmaster;
pub mod server;
#[cfg(test)]
mod tests;

pub use error::ClusterError;
pub use server::{Cluster, ClusterOptions, Durability};

/// The superuser of each private cluster, and the database that an application uses in it.
pub const ROLE: &str = "estafette";
