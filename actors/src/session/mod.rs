//! Sockets and sessions.
pub mod outbox;
