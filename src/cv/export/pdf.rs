//! The PDF of a view, made by the typesetter ([`crate::documents`]). The same view gives the same bytes.

use super::view::View;
use crate::documents::Documents;
use bytes::Bytes;
use estafette_sandbox::SandboxError;
use estafette_sandbox::press::{CHARS_MAX, TypesetError, TypesetJob};

/// The designs.
const DESIGN: &str = include_str!("cv.typ");

/// Why there is no PDF.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// There are no letters for a part of the text.
    #[error(
        "the PDF has letters for the Latin, Greek and Cyrillic alphabets, and none for “{0}”: export JSON, or leave that section out with an export template"
    )]
    NoLetters(String),
    /// More than [`CHARS_MAX`], or more than the typesetter may take of time or memory.
    #[error(
        "this CV is too long for a PDF ({CHARS_MAX} characters at most): leave sections out with an export template"
    )]
    TooLong,
    /// Others are made.
    #[error("too many PDFs are made on this server right now; try again in a few seconds")]
    Busy,
    /// There is no typesetter.
    #[error("this server makes no PDFs: whoever runs it installs estafette-press beside it; export JSON meanwhile")]
    NoPress,
    /// A defect of the design.
    #[error("the PDF could not be made: {0}")]
    Defect(String),
}

impl From<TypesetError> for ExportError {
    fn from(error: TypesetError) -> Self {
        match error {
            TypesetError::NoLetters(missing) => Self::NoLetters(missing),
            TypesetError::TooLong => Self::TooLong,
            TypesetError::Defect(said) => Self::Defect(said),
        }
    }
}

impl From<SandboxError> for ExportError {
    fn from(error: SandboxError) -> Self {
        match error {
            SandboxError::TooLong(_) | SandboxError::Died(_) | SandboxError::TooLarge { .. } => Self::TooLong,
            SandboxError::Busy => Self::Busy,
            SandboxError::Panicked(said) => Self::Defect(said),
            SandboxError::NoProgram { .. } => {
                tracing::error!(%error, "no PDF can be made");
                Self::NoPress
            }
        }
    }
}

/// The PDF's bytes.
///
/// # Errors
/// [`ExportError`].
pub async fn pdf(documents: &Documents, view: &View) -> Result<Bytes, ExportError> {
    let data = serde_json::to_vec(view).map_err(|error| ExportError::Defect(error.to_string()))?;
    let job = TypesetJob { design: DESIGN.to_owned(), data: data.into() };
    Ok(documents.press.run(job).await??)
}
