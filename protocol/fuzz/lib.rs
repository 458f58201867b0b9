//! The targets, and the extractors of the server: they are taken in as files, because building the whole server for
//! fuzzing would take many minutes.

#[path = "../../src/extract/mod.rs"]
#[allow(missing_docs)]
pub mod extract;
pub mod targets;
