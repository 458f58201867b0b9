//! The product on a real Postgres with the real runtime. The only stand-in is the offline model with rules of the tests.

mod brain;
mod credits;
mod edits;
mod generations;
mod harness;
mod http;
mod locks;
mod named;
mod offers;
mod scores;
mod shapes;
