//! The Estafette live protocol, version 1: what crosses the wire between a server node and its clients.
//!
//! Pure data: no I/O, no async, no database. `README.md` beside this crate states the protocol for people who write a
//! client in another language; the types here are its source, and the TypeScript types of the SDK are generated from
//! them (`tests/typescript.rs` fails when they are stale).
//!
//! | module | holds |
//! |---|---|
//! | [`ids`] | identifiers, parsed at the edge, with private insides |
//! | [`topic`] | topic names and positions in a topic's log |
//! | [`message`] | the closed sets of messages in both directions |
//! | [`codec`] | JSON and MessagePack, with bounds on size, depth and length |
//! | [`error`] | error codes of answers, with their HTTP status |
//! | [`close`] | WebSocket close codes, with what a client does next |
//! | [`limits`] | every bound of the wire, in one place |
//! | [`task`] | payloads of the task events that every product shares |
//! | [`time`] | instants on the wire |
//! | [`problem`] | the body of a refused HTTP request |
//! | [`typescript`] | the SDK's types, made from the types here |
//! | [`cv`] | the CV product: states, snapshots, events, calls, HTTP bodies |
#![deny(missing_docs)]

pub mod close;
pub mod codec;
pub mod cv;
pub mod error;
pub mod ids;
pub mod limits;
pub mod message;
pub mod problem;
pub mod task;
pub mod time;
pub mod topic;
pub mod typescript;
mod words;

pub use close::CloseCode;
pub use codec::Codec;
pub use error::ErrorCode;
pub use ids::{DeviceId, EventKind, IdempotencyKey, NodeId, ProductId, SessionId, StepKey, TaskId, UserId};
pub use message::{ClientMessage, Outage, OutageOf, RequestId, ServerMessage};
pub use time::Timestamp;
pub use topic::{Position, Topic};
