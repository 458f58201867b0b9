//! Money: what Stripe says becomes subscriptions and credits, plans block and unblock, referrals are rewarded. Everything
//! here happens inside the transaction of its cause, with its events.
//!
//! | module | holds |
//! |---|---|
//! | [`webhook`] | an event comes: verified, kept once, queued (P8, R53) |
//! | [`apply`] | an event takes effect |
//! | [`subscription`] | a person's one subscription, made from all that Stripe said |
//! | [`payment`] | packs that were paid, money that went back (R49, R50) |
//! | [`blocks`] | CVs that a plan has no room for (P9, R52) |
//! | [`referral`] | who brought whom, and what both get (R56) |
//! | [`rules`] | pure decisions |
//! | [`texts`] | sentences for people, in French and English |

pub mod apply;
pub mod blocks;
pub mod payment;
pub mod referral;
pub mod rules;
pub mod subscription;
pub mod texts;
pub mod webhook;
