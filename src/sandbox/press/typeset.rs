//! PDFs, typeset by Typst: no file, no network, no package is reached from a document, and the same data gives the same
//! bytes.

use super::pages;
use ecow::EcoVec;
use estafette_sandbox::press::{CHARS_MAX, TypesetError};
use std::sync::LazyLock;
use typst_library::diag::{FileError, FileResult, SourceDiagnostic};
use typst_library::foundations::{Bytes, Datetime, Duration};
use typst_library::text::{Font, FontBook};
use typst_library::{Library, World};
use typst_pdf::PdfOptions;
use typst_syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst_utils::LazyHash;

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

struct Shelf {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
}

static SHELF: LazyLock<Shelf> = LazyLock::new(|| {
    let fonts: Vec<Font> = FACES.iter().filter_map(|face| Font::new(Bytes::new(*face), 0)).collect();
    Shelf { library: LazyHash::new(pages::library()), book: LazyHash::new(FontBook::from_fonts(&fonts)), fonts }
});

fn id(path: &str) -> Result<FileId, TypesetError> {
    let path = VirtualPath::new(path).map_err(|error| TypesetError::Defect(format!("{error:?}")))?;
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

/// What is shown, without signs that have no letter of their own (pictographs).
fn prepared(json: &[u8]) -> Result<Vec<u8>, TypesetError> {
    let mut value = serde_json::from_slice(json).map_err(|error| TypesetError::Defect(error.to_string()))?;
    let (mut chars, mut missing) = (0, String::new());
    clean(&mut value, &mut chars, &mut missing);
    if chars > CHARS_MAX {
        return Err(TypesetError::TooLong);
    }
    if !missing.is_empty() {
        return Err(TypesetError::NoLetters(missing));
    }
    serde_json::to_vec(&value).map_err(|error| TypesetError::Defect(error.to_string()))
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

/// The PDF of a design and the JSON that it shows.
///
/// # Errors
/// [`TypesetError`].
pub(super) fn pdf(design: &str, json: &[u8]) -> Result<bytes::Bytes, TypesetError> {
    let defect = |errors: EcoVec<SourceDiagnostic>| {
        TypesetError::Defect(errors.first().map_or_else(String::new, |error| error.message.to_string()))
    };
    let json = Bytes::new(prepared(json)?);
    let desk = Desk { main: Source::new(id("design.typ")?, design.to_owned()), data: id("data.json")?, json };
    let document = pages::pages(&desk).map_err(defect)?;
    let bytes = typst_pdf::pdf(&document, &PdfOptions::default()).map_err(defect);
    comemo::evict(MEMORY);
    bytes.map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(value: &serde_json::Value) -> Result<String, TypesetError> {
        prepared(value.to_string().as_bytes()).map(|json| String::from_utf8(json).unwrap())
    }

    #[test]
    fn letters_that_are_not_there_are_named_and_pictographs_left_out() {
        assert_eq!(shown(&json!(["黒猫"])), Err(TypesetError::NoLetters("黒猫".to_owned())));
        assert!(shown(&json!({"name": "Ana 🚀 Gil"})).unwrap().contains("Ana  Gil"));
        assert!(shown(&json!("Łukasz Ångström Ελένη Жанна")).is_ok());
    }

    #[test]
    fn the_bound_counts_the_characters_of_all_texts() {
        let half = "x".repeat(CHARS_MAX / 2);
        assert!(shown(&json!({"a": half, "b": [half]})).is_ok());
        assert_eq!(shown(&json!({"a": half, "b": [half, "x"]})), Err(TypesetError::TooLong));
    }

    #[test]
    fn a_design_reads_its_data_and_nothing_else() {
        assert!(pdf("#json(\"data.json\").at(0)", b"[\"one\"]").unwrap().starts_with(b"%PDF"));
        for design in
            ["#read(\"/etc/passwd\")", "#read(\"design.txt\")", "#import \"@preview/tablex:0.0.8\": *", "#let"]
        {
            assert!(matches!(pdf(design, b"[]"), Err(TypesetError::Defect(_))), "{design}");
        }
        assert!(matches!(pdf("", b"no JSON"), Err(TypesetError::Defect(_))));
    }
}
