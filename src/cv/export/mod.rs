//! A CV as a document to take away: JSON Resume, or a PDF.
//!
//! | module | holds |
//! |---|---|
//! | [`choice`] | which sections and fields a document has (export templates) |
//! | [`view`] | what a PDF shows: headings, entries, lines, in the language of the CV |
//! | [`mod@pdf`] | the PDF, made by the typesetter |
//! | `cv.typ` | the designs |

pub mod choice;
pub mod pdf;
pub mod view;

#[cfg(test)]
mod tests;

pub use pdf::{ExportError, pdf};
