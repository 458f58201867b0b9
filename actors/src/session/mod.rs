//! Sockets and sessions.
//!
//! | module | holds |
//! |---|---|
//! | [`transport`] | the raw upgrade: path, origin, subprotocol, admission |
//! | [`link`] | the loop between a socket's bytes and what it carries messages for |
//! | [`live`] · [`echo`] | the two ends of a link: the live protocol, and the echo for conformance suites |
//! | [`frames`] | frames to messages and back (RFC 6455); the one file that uses the WebSocket crate |
//! | [`admission`] | who may come in, and how much a connection may send |
//! | [`socket`] | the actor of one connection: hello, subscriptions, calls |
//! | [`follow`] | a call whose task its connection follows from the first event on |
//! | [`user_session`] | the actor of one signed-in session: identity, expiry, its sockets |
//! | [`due`] | when a session wants to be woken |
//! | [`registry`] | the sessions and sockets of this node |
//! | [`outbox`] | what waits for one socket |
//! | [`pump`] | reads snapshots and pages of the log for an outbox that has room |
//! | [`reads`] | permissions and states of topics, read together where many ask |

pub mod admission;
mod due;
pub mod echo;
pub mod follow;
pub mod frames;
mod link;
mod live;
pub mod outbox;
pub mod pump;
pub(crate) mod reads;
pub mod registry;
pub mod socket;
pub mod transport;
pub mod user_session;

pub use echo::ECHO_PATH;
pub use transport::{OriginPolicy, UpgradeConfig, upgrade_service};
