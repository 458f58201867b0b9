//! The work of the typesetter, `estafette-press`. It is a program of its own because it is as large as half the server, and
//! a server that makes no PDFs does without.

use super::work::{Limits, Work};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Characters of one document that are set; what is longer nobody prints.
pub const CHARS_MAX: usize = 150_000;

/// Makes a PDF of a design and what it shows.
#[derive(Debug)]
pub struct Typeset;

impl Work for Typeset {
    type Job = TypesetJob;
    /// The PDF's bytes.
    type Made = Result<Bytes, TypesetError>;
    const NAME: &'static str = "estafette-press";
    const VERSION: u32 = 1;
    const LIMITS: Limits = Limits {
        time: Duration::from_secs(20),
        wait: Duration::from_secs(15),
        // The longest document takes 95 MiB.
        memory: 512 * 1024 * 1024,
        job_bytes: 16 * 1024 * 1024,
        made_bytes: 32 * 1024 * 1024,
    };
}

/// A design and what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypesetJob {
    /// The design, in Typst's language. It finds what it shows by `json("data.json")`.
    pub design: String,
    /// What it shows, as JSON.
    pub data: Bytes,
}

/// Why there is no PDF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum TypesetError {
    /// There are no letters for a part of the text: up to a dozen of those that are missing.
    #[error("there are letters for the Latin, Greek and Cyrillic alphabets, and none for “{0}”")]
    NoLetters(String),
    /// More than [`CHARS_MAX`].
    #[error("the text is too long for a PDF ({CHARS_MAX} characters at most)")]
    TooLong,
    /// A defect of the design.
    #[error("the design cannot be set: {0}")]
    Defect(String),
}
