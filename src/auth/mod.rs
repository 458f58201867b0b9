//! Passwords, access tokens, refresh tokens: shared by the products, each of which has users of its own.
//!
//! | module | holds |
//! |---|---|
//! | [`password`] | bcrypt on blocking threads, with a bound, and the same work for users that do not exist |
//! | [`key`] | the key that signs access tokens |
//! | [`token`] | access tokens: signed, 15 minutes |
//! | [`session`] | [`Auth`]: sessions, refresh tokens with rotation and reuse detection, sign-out |
//! | [`seal`] | texts that are kept encrypted |
//! | [`revoked`] | which sessions have ended, remembered for seconds |
//! | [`sweep`] | sessions that are over are taken away |
//! | [`caller`] | the actix extractor [`Caller`] |

pub mod caller;
pub mod key;
pub mod password;
pub mod revoked;
pub mod seal;
pub mod session;
pub mod sweep;
pub mod token;

pub use caller::Caller;
pub use key::TokenKey;
pub use password::Passwords;
pub use seal::Sealer;
pub use session::{Auth, AuthOptions, NewSession, Refreshed, SessionRow, Tokens};
pub use sweep::SessionSweep;

#[cfg(test)]
mod tests;
