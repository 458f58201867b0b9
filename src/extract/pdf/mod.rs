//! The text of a PDF in reading order.
//!
//! A PDF holds glyphs at places, not text. `glyphs` collects them with their Unicode values, `lines` makes words and
//! lines of them, `columns` finds out what is read first, `flow` joins the lines of a paragraph.

mod columns;
mod flow;
mod glyphs;
mod lines;

use bytes::Bytes;
use estafette_actors::error::StepError;
use estafette_sandbox::{Limits, Program, Sandbox, SandboxError, Work};
use hayro_interpret::hayro_syntax::DecryptionError;
use hayro_interpret::hayro_syntax::{LoadPdfError, Pdf};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Largest file, bytes.
pub const PDF_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most pages; a CV or an offer has a few.
pub const PDF_PAGES_MAX: usize = 30;
/// Longest text that is kept, characters.
pub const PDF_TEXT_CHARS_MAX: usize = 200_000;
/// Longest time of reading a file that draws and draws: the reader is unwound.
const READ_TIME_MAX: Duration = Duration::from_secs(6);
/// When to come back after all readers were busy, or none was there.
const NOT_BEFORE: Duration = Duration::from_secs(5);
/// Fewer letters and digits than this are the stamp of a scanner, not a text.
const LETTERS_MIN: usize = 30;
/// The file's first part, where its mark stands, and its declared length if it has one.
const HEAD_BYTES: usize = 2_048;

/// The text of a PDF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PdfText {
    /// All pages, a blank line between paragraphs and pages, `- ` before items.
    pub text: String,
    /// The number of pages.
    pub pages: usize,
}

/// Why a PDF gives no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
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
    /// It unfolds to more than a reader may take of time or memory ([`ReadPdf`]).
    #[error("the PDF takes too much time or memory to read; export it again or paste the text")]
    TooComplex,
    /// Others are read. It is no fault of the file.
    #[error("too many PDFs are read on this server right now; try again in a minute")]
    Busy,
    /// There is no process that reads. It is no fault of the file.
    #[error("this server cannot read PDFs right now, and its log says why; try again later or paste the text")]
    NoReader,
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
            Self::Busy => "pdf_busy",
            Self::NoReader => "pdf_no_reader",
        }
    }
}

impl From<PdfError> for StepError {
    /// Final where the same file gives the same error, and its owner must act.
    fn from(error: PdfError) -> Self {
        match error {
            PdfError::Busy | PdfError::NoReader => {
                Self::transient(error.code(), error.to_string()).not_before(NOT_BEFORE)
            }
            _ => Self::fatal(error.code(), error.to_string()),
        }
    }
}

/// Reading a PDF, as the work of a process.
#[derive(Debug)]
pub struct ReadPdf;

impl Work for ReadPdf {
    type Job = Bytes;
    type Made = Result<PdfText, PdfError>;
    const NAME: &'static str = "estafette read-pdfs";
    const VERSION: u32 = 1;
    const LIMITS: Limits = Limits {
        time: Duration::from_secs(10),
        wait: Duration::from_secs(15),
        // Thirty pages of scans with their text take 54 MiB: pictures are not unfolded.
        memory: 512 * 1024 * 1024,
        job_bytes: PDF_BYTES_MAX + 64,
        // Four bytes a character, and the frame.
        made_bytes: 4 * PDF_TEXT_CHARS_MAX + 1024,
    };
}

/// Reads PDFs, each in a process that it cannot leave ([`ReadPdf`]). Clones share the processes.
#[derive(Debug, Clone)]
pub struct PdfReader(Sandbox<ReadPdf>);

impl PdfReader {
    /// By a program that serves [`ReadPdf`], in so many processes at once.
    pub fn new(program: Program, at_once: usize) -> Self {
        Self(Sandbox::new(program, at_once))
    }

    /// The text of a PDF.
    ///
    /// # Errors
    /// See [`PdfError`].
    pub async fn text(&self, bytes: impl Into<Bytes>) -> Result<PdfText, PdfError> {
        let bytes = bytes.into();
        not_too_large(&bytes)?;
        self.0.run(bytes).await.unwrap_or_else(|error| match error {
            SandboxError::TooLong(_) | SandboxError::Died(_) | SandboxError::TooLarge { .. } => {
                Err(PdfError::TooComplex)
            }
            SandboxError::Panicked(_) => Err(PdfError::Broken),
            SandboxError::Busy => Err(PdfError::Busy),
            SandboxError::NoProgram { .. } => {
                tracing::error!(%error, "no PDF can be read");
                Err(PdfError::NoReader)
            }
        })
    }
}

/// Reads a PDF here and now. Needs a roomy stack, and may take a lot of memory and time: [`PdfReader`] has it read where
/// that does no harm.
///
/// # Errors
/// See [`PdfError`].
pub fn read(bytes: Vec<u8>) -> Result<PdfText, PdfError> {
    not_too_large(&bytes)?;
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

fn not_too_large(bytes: &[u8]) -> Result<(), PdfError> {
    if bytes.len() > PDF_BYTES_MAX { Err(PdfError::TooLarge { bytes: bytes.len() }) } else { Ok(()) }
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
pub(crate) mod tests;
