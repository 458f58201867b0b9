//! PDFs, typeset by Typst inside the process: no file, no network, no package is reached from a document, and the same CV
//! gives the same bytes.

use super::press;
use super::view::{self, View};
use ecow::EcoVec;
use std::sync::LazyLock;
use typst_library::diag::{FileError, FileResult, SourceDiagnostic};
use typst_library::foundations::{Bytes, Datetime, Duration};
use typst_library::text::{Font, FontBook};
use typst_library::{Library, World};
use typst_pdf::PdfOptions;
use typst_syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst_utils::LazyHash;

/// The designs.
const TEMPLATE: &str = include_str!("cv.typ");
/// The letters: Latin, Greek and Cyrillic, three faces of two families.
const FACES: [&[u8]; 6] = [
    include_bytes!("fonts/NotoSans-Regular.ttf"),
    include_bytes!("fonts/NotoSans-Bold.ttf"),
    include_bytes!("fonts/NotoSans-Italic.ttf"),
    include_bytes!("fonts/NotoSerif-Regular.ttf"),
    include_bytes!("fonts/NotoSerif-Bold.ttf"),
    include_bytes!("fonts/NotoSerif-Italic.ttf"),
];
/// How many documents a result of the typesetter's memory is kept for.
const MEMORY: usize = 8;
/// Characters that are named when there is no letter for them.
const NAMED_MAX: usize = 12;

/// Why there is no PDF.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// There are no letters for a part of the text.
    #[error(
        "the PDF has letters for the Latin, Greek and Cyrillic alphabets, and none for “{0}”: export JSON, or leave that section out with an export template"
    )]
    NoLetters(String),
    /// More than [`view::MAX_CHARS`].
    #[error(
        "this CV is too long for a PDF ({} characters at most): leave sections out with an export template",
        view::MAX_CHARS
    )]
    TooLong,
    /// A defect of the design.
    #[error("the PDF could not be made: {0}")]
    Defect(String),
}

struct Shelf {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
}

static SHELF: LazyLock<Shelf> = LazyLock::new(|| {
    let fonts: Vec<Font> = FACES.iter().filter_map(|face| Font::new(Bytes::new(*face), 0)).collect();
    Shelf { library: LazyHash::new(press::library()), book: LazyHash::new(FontBook::from_fonts(&fonts)), fonts }
});

fn id(path: &str) -> Result<FileId, ExportError> {
    let path = VirtualPath::new(path).map_err(|error| ExportError::Defect(format!("{error:?}")))?;
    Ok(FileId::new(RootedPath::new(VirtualRoot::Project, path)))
}

/// What one document may read: the designs and its own data.
struct Desk {
    main: Source,
    data: FileId,
    json: Bytes,
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &SHELF.library
    }
    fn book(&self) -> &LazyHash<FontBook> {
        &SHELF.book
    }
    fn main(&self) -> FileId {
        self.main.id()
    }
    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(FileError::AccessDenied) }
    }
    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data { Ok(self.json.clone()) } else { Err(FileError::AccessDenied) }
    }
    fn font(&self, index: usize) -> Option<Font> {
        SHELF.fonts.get(index).cloned()
    }
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn has_letter(c: char) -> bool {
    let font = SHELF.fonts.first();
    c.is_whitespace() || font.is_some_and(|font| font.info().coverage.contains(u32::from(c)))
}

/// Whether the view can be set; signs without a letter of their own (pictographs) are left out.
///
/// # Errors
/// [`ExportError::TooLong`], [`ExportError::NoLetters`].
pub fn prepared(view: &View) -> Result<Vec<u8>, ExportError> {
    let mut value = serde_json::to_value(view).map_err(|error| ExportError::Defect(error.to_string()))?;
    let (mut chars, mut missing) = (0, String::new());
    clean(&mut value, &mut chars, &mut missing);
    if chars > view::MAX_CHARS {
        return Err(ExportError::TooLong);
    }
    if !missing.is_empty() {
        return Err(ExportError::NoLetters(missing));
    }
    serde_json::to_vec(&value).map_err(|error| ExportError::Defect(error.to_string()))
}

fn clean(value: &mut serde_json::Value, chars: &mut usize, missing: &mut String) {
    match value {
        serde_json::Value::String(text) => {
            *chars += text.chars().count();
            if text.chars().all(has_letter) {
                return;
            }
            for c in text.chars().filter(|c| !has_letter(*c) && c.is_alphabetic()) {
                if missing.chars().count() < NAMED_MAX && !missing.contains(c) {
                    missing.push(c);
                }
            }
            *text = text.chars().filter(|c| has_letter(*c)).collect::<String>().trim().to_owned();
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| clean(item, chars, missing)),
        serde_json::Value::Object(map) => map.values_mut().for_each(|item| clean(item, chars, missing)),
        _ => {}
    }
}

/// The PDF of what [`prepared`] gave. Takes processor time: not on an arbiter.
///
/// # Errors
/// [`ExportError::Defect`].
pub fn pdf(json: Vec<u8>) -> Result<Vec<u8>, ExportError> {
    let defect = |errors: EcoVec<SourceDiagnostic>| {
        ExportError::Defect(errors.first().map_or_else(String::new, |error| error.message.to_string()))
    };
    let desk =
        Desk { main: Source::new(id("cv.typ")?, TEMPLATE.to_owned()), data: id("cv.json")?, json: Bytes::new(json) };
    let document = press::pages(&desk).map_err(defect)?;
    let bytes = typst_pdf::pdf(&document, &PdfOptions::default()).map_err(defect);
    comemo::evict(MEMORY);
    bytes
}
