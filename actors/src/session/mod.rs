//! Sockets and sessions.
//!
//! | module | holds |
//! |---|---|
//! | [`transport`] | the raw upgrade and the loop between the socket's bytes and its outbox |
//! | [`admission`] | who may come in, and how much a connection may send |
//! | [`frames`] | frames to messages: fragments joined, lengths guarded; the one file that uses the WebSocket crate |
//! | [`socket`] | the actor of one connection: hello, subscriptions, calls |
//! | [`user_session`] | the actor of one signed-in session: identity, expiry, its sockets |
//! | [`registry`] | the sessions and sockets of this node |
//! | [`outbox`] | what waits for one socket |
//! | [`pump`] | reads snapshots and pages of the log for an outbox that has room |

pub mod admission;
pub mod frames;
pub mod outbox;
pub mod pump;
pub mod registry;
pub mod socket;
pub mod transport;
pub mod user_session;

pub use transport::{OriginPolicy, UpgradeConfig, upgrade_service};
