//! A CV as a document to take away: JSON Resume, or a PDF.
//!
//! | module | holds |
//! |---|---|
//! | [`choice`] | which sections and fields a document has (export templates) |
//! | [`view`] | what a PDF shows: headings, entries, lines, in the language of the CV |
//! | [`typeset`] | the PDF, typeset by Typst with embedded fonts |
//! | [`press`] | the parts of Typst that takes |
//! | `cv.typ` | the designs; `fonts/` the letters |

pub mod choice;
mod press;
pub mod typeset;
pub mod view;

#[cfg(test)]
mod tests;

pub use typeset::{ExportError, pdf};
