//! The journal of live connections: in outline, what each was sent, so that an administrator can say why a client did
//! not see an event.
//!
//! Connections note what happens to them ([`ConnectionLog`]); the notes are observations, written in batches and
//! trimmed by age. [`explain`] reads them and says in a sentence what became of one event for one session.
//!
//! | module | holds |
//! |---|---|
//! | [`note`] | what a connection notes |
//! | [`explain`] | what became of an event |

pub mod explain;
pub mod note;

pub use explain::{Explanation, Fate, Noted, Remembered, explain, notes, sessions};
pub use note::{ConnectionLog, Note, What};
