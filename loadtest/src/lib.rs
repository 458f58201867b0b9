//! Load and fault scenarios for Estafette. Speaks only the protocol and HTTP, shares no code with the server, and
//! checks every promise of the protocol while it measures. See `README.md`.
//!
//! | module | holds |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`scenario`] | what is done |
//! | [`client`], [`api`], [`account`] | a client of the socket and of HTTP |
//! | [`lean`] | readers that cost next to nothing, to find out what a server can do |
//! | [`cluster`] | several nodes with their stores, behind links that can break |
//! | [`server`] | the server under test, or one of our own that can be killed |
//! | [`check`] | the promises |
//! | [`measure`], [`report`] | what is measured, and what it came to |
//! | [`sample`] | CVs and job offers of our own |
//! | [`out`] | what people at a terminal see |

#![deny(missing_docs)]

pub mod account;
pub mod api;
pub mod check;
pub mod cli;
pub mod client;
pub mod cluster;
pub mod lean;
pub mod measure;
pub mod out;
pub mod report;
pub mod sample;
pub mod scenario;
pub mod server;
#[cfg(test)]
mod testing;
