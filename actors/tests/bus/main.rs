//! What every `Bus` must do, run against the one in the process and the one over Redis (each server of this machine, with
//! RESP3 and RESP2, alone and as a cluster), and what the one over Redis does when Redis dies, hangs or loses messages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub)]

mod conformance;
mod outage;
mod place;
mod shards;
#[path = "../support/mod.rs"]
mod support;
mod traces;
