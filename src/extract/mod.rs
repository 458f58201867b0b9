//! Text and structured data out of what people hand in.
//!
//! | module | holds |
//! |---|---|
//! | [`html`] | the readable text of a page, its facts, its JSON-LD, the job postings in it |
//! | [`pdf`] | the text of a PDF in reading order |
//! | [`markdown`] | pasted text: front matter apart, clean lines |
//!
//! Parsing takes processor time: the `async` functions do it on the blocking pool or, PDFs, in a process of its own; the
//! others belong there.

pub mod html;
pub mod markdown;
pub mod pdf;
