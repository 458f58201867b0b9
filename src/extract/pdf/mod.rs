//! The text of a PDF in reading order.
//!
//! A PDF holds glyphs at places, not text. `glyphs` collects them with their Unicode values, `lines` makes words and
//! lines of them, `columns` finds out what is read first, `flow` joins the lines of a paragraph.

mod columns;
mod flow;
mod glyphs;
mod lines;

use estafette_actors::error::StepError;
use hayro_interpret::hayro_syntax::DecryptionError;
use hayro_interpret::hayro_syntax::{LoadPdfError, Pdf};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Largest file, bytes.
pub const PDF_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most pages; a CV or an offer has a few.
pub const PDF_PAGES_MAX: usize = 30;
/// Longest text that is kept, characters.
pub const PDF_TEXT_CHARS_MAX: usize = 200_000;
/// Longest time for a file, waiting for a free reader included.
pub const PDF_TIME_MAX: Duration = Duration::from_secs(15);
/// Longest time of reading itself; after it the reader is unwound and its thread is free.
const READ_TIME_MAX: Duration = Duration::from_secs(6);
/// Files that are read at once on this node.
pub const PDF_CONCURRENCY: usize = 4;
/// Fewer letters and digits than this are the stamp of a scanner, not a text.
const LETTERS_MIN: usize = 30;
/// The file's first part, where its mark stands, and its declared length if it has one.
const HEAD_BYTES: usize = 2_048;
/// Stack of the thread that reads: its depth is bounded by the reader's own limits, which this covers amply.
const STACK_BYTES: usize = 32 * 1024 * 1024;

/// The text of a PDF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PdfText {
    /// All pages, a blank line between paragraphs and pages, `- ` before items.
    pub text: String,
    /// The number of pages.
    pub pages: usize,
}

/// Why a PDF gives no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PdfError {
    /// Something else, whatever its name says.
    #[error("the file is not a PDF; upload a PDF or paste the text")]
    NotPdf,
    /// It needs a password.
    #[error("the PDF is encrypted; remove its password and upload it again")]
    Encrypted,
    /// Cut off or damaged.
    #[error("the PDF is incomplete or damaged; export it again and upload the new file")]
    Broken,
    /// Pictures only.
    #[error("the PDF holds no text, only pictures (a scan?); upload one with text or paste the text")]
    NoText,
    /// More than [`PDF_PAGES_MAX`].
    #[error("the PDF has {pages} pages, more than {PDF_PAGES_MAX}; upload only the pages that matter")]
    TooManyPages {
        /// Its pages.
        pages: usize,
    },
    /// More than [`PDF_BYTES_MAX`].
    #[error("the PDF has {bytes} bytes, more than {PDF_BYTES_MAX}; export it with smaller pictures")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Longer than [`PDF_TIME_MAX`].
    #[error("the PDF takes too long to read; export it again or paste the text")]
    TooComplex,
}

impl PdfError {
    /// The word in events and tasks.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotPdf => "not_a_pdf",
            Self::Encrypted => "pdf_encrypted",
            Self::Broken => "pdf_broken",
            Self::NoText => "pdf_no_text",
            Self::TooManyPages { .. } => "pdf_too_many_pages",
            Self::TooLarge { .. } => "pdf_too_large",
            Self::TooComplex => "pdf_too_complex",
        }
    }
}

impl From<PdfError> for StepError {
    /// Final: the same file gives the same error, and its owner must act.
    fn from(error: PdfError) -> Self {
        Self::fatal(error.code(), error.to_string())
    }
}

static SLOTS: std::sync::LazyLock<Arc<Semaphore>> =
    std::sync::LazyLock::new(|| Arc::new(Semaphore::new(PDF_CONCURRENCY)));

/// Reads a PDF in a thread of its own, within [`PDF_TIME_MAX`], at most [`PDF_CONCURRENCY`] at once.
///
/// # Errors
/// See [`PdfError`].
pub async fn text(bytes: Vec<u8>) -> Result<PdfText, PdfError> {
    if bytes.len() > PDF_BYTES_MAX {
        return Err(PdfError::TooLarge { bytes: bytes.len() });
    }
    let work = async {
        let slot = Arc::clone(&SLOTS).acquire_owned().await.map_err(|_| PdfError::TooComplex)?;
        let (tell, told) = tokio::sync::oneshot::channel();
        let read = move || {
            let _slot = slot;
            let _ = tell.send(read(bytes));
        };
        let thread = std::thread::Builder::new().name("pdf".to_owned()).stack_size(STACK_BYTES).spawn(read);
        if let Err(error) = thread {
            tracing::error!(%error, "no thread to read a PDF");
            return Err(PdfError::TooComplex);
        }
        told.await.unwrap_or(Err(PdfError::Broken))
    };
    tokio::time::timeout(PDF_TIME_MAX, work).await.unwrap_or(Err(PdfError::TooComplex))
}

/// Reads a PDF here and now. Needs a roomy stack; [`text`] gives it one.
///
/// # Errors
/// See [`PdfError`].
pub fn read(bytes: Vec<u8>) -> Result<PdfText, PdfError> {
    looks_whole(&bytes)?;
    // The reader is not ours, and what it reads comes from anywhere: a panic in it is a broken file.
    let outcome = std::panic::catch_unwind(move || read_unguarded(bytes));
    outcome.unwrap_or_else(|cause| {
        if cause.is::<glyphs::OutOfTime>() {
            return Err(PdfError::TooComplex);
        }
        tracing::warn!("the PDF reader panicked");
        Err(PdfError::Broken)
    })
}

fn read_unguarded(bytes: Vec<u8>) -> Result<PdfText, PdfError> {
    let pdf = Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected | DecryptionError::UnsupportedAlgorithm) => {
            PdfError::Encrypted
        }
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => PdfError::Broken,
    })?;
    let pages = pdf.pages().len();
    match pages {
        0 => return Err(PdfError::Broken),
        pages if pages > PDF_PAGES_MAX => return Err(PdfError::TooManyPages { pages }),
        _ => {}
    }
    let mut text = String::new();
    for page in glyphs::collect(&pdf) {
        let page = flow::text(columns::order(lines::segments(page)));
        if !page.is_empty() && !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&page);
    }
    if text.chars().filter(|c| c.is_alphanumeric()).count() < LETTERS_MIN {
        return Err(PdfError::NoText);
    }
    if let Some((end, _)) = text.char_indices().nth(PDF_TEXT_CHARS_MAX) {
        text.truncate(end);
    }
    Ok(PdfText { text, pages })
}

/// Tells what is no PDF, and what was cut off: the reader would make the best of the part that is there, which is not
/// what its owner sees.
fn looks_whole(bytes: &[u8]) -> Result<(), PdfError> {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    if find(head, b"%PDF-").is_none() || find(bytes, b" obj").is_none() {
        return Err(PdfError::NotPdf);
    }
    if rfind(bytes, b"startxref").is_none() {
        return Err(PdfError::Broken);
    }
    // A linearized file has such a mark near its beginning too, but it says how long it is.
    let declared = find(head, b"/Linearized").and_then(|_| {
        let at = find(head, b"/L ")? + 3;
        let digits = head[at..].iter().copied().skip_while(|b| *b == b' ').take_while(u8::is_ascii_digit);
        String::from_utf8(digits.collect()).ok()?.parse::<usize>().ok()
    });
    if declared.is_some_and(|declared| bytes.len() < declared) { Err(PdfError::Broken) } else { Ok(()) }
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

fn rfind(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).rposition(|window| window == word)
}

#[cfg(test)]
mod tests;
