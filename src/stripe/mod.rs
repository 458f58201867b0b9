//! Stripe: its HTTP interface, the signature of its webhooks, and the events that concern a product.
//!
//! | module | holds |
//! |---|---|
//! | [`client`] | requests: customers, checkouts, the portal, subscriptions, coupons |
//! | [`form`] | the form encoding that Stripe reads |
//! | [`signature`] | who sent a webhook, and when |
//! | [`event`] | what an event says |
//! | [`scripted`] | an endpoint like Stripe's, with pages to pay on, for tests and for trying things out |

pub mod client;
pub mod event;
pub mod form;
pub mod scripted;
pub mod signature;

pub use client::{Stripe, StripeError};
pub use event::Event;
