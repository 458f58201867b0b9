//! The journal of live connections: in outline, what each was sent, so that an administrator can say why a client did
//! not see an event.
//!
//! Connections note what happens to them ([`ConnectionLog`]); the notes are observations, written in batches and
//! trimmed by age. [`explain`] reads them and says in a sentence what became of one event for one session.
//!
//! | module | holds |
//! |---|---|
//! | [`note`] | what a connection notes |
//! | [`verdict`] | what became of an event |

pub mod note;
pub mod verdict;

pub use note::{ConnectionLog, Note, What};
pub use verdict::{Explanation, Fate, Noted, Remembered, explain, notes, sessions};
