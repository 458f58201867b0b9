//! The product on a real Postgres with the real runtime. The only stand-in is the offline model with rules of the tests.

mod brain;
mod costs;
mod credits;
mod devices;
mod edits;
mod generations;
mod harness;
mod http;
mod identity;
mod locks;
mod mails;
mod making;
mod money;
mod named;
mod oauth;
mod offers;
mod scores;
mod settings;
mod shapes;
mod voice;
