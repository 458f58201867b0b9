//! What happens to a person's account after sign-up, without HTTP.
//!
//! | module | holds |
//! |---|---|
//! | [`letters`] | the e-mails about an account, with their tokens (R3 – R5) |
//! | [`export`] | everything about a person (GDPR) |
//! | [`erase`] | erasure (R8) |

pub mod erase;
pub mod export;
pub mod letters;
