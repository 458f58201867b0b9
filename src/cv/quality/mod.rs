//! How well the offline model reads: found against expected, as tables.
//!
//! | module | compares |
//! |---|---|
//! | [`imports`] | CVs read out of PDFs with the facts that a person wrote down |
//! | [`offers`] | facts of job pages |
//! | [`scores`] | matches: a fitting CV above a foreign one, adapting never lowers, the same again |

#[cfg(test)]
mod guard;
pub mod imports;
pub mod offers;
pub mod scores;

use crate::cv::brain::skills::lookup;
use crate::cv::brain::text::fold;
use crate::extract::pdf::{PdfError, PdfText};
use std::fmt::Write as _;
use std::path::Path;

/// What gives the text of a PDF.
pub trait ReadsPdfs: AsyncFn(Vec<u8>) -> Result<PdfText, PdfError> {}

impl<F: AsyncFn(Vec<u8>) -> Result<PdfText, PdfError>> ReadsPdfs for F {}

/// A row of a table: what it is about, then its cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// The cells.
    pub cells: Vec<String>,
}

/// A table with what it says in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Its head.
    pub head: Vec<String>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// What was not found, or is wrong, a line each.
    pub misses: Vec<String>,
    /// Facts found.
    pub found: usize,
    /// Facts expected.
    pub expected: usize,
}

impl Report {
    /// As Markdown.
    pub fn show(&self) -> String {
        let line = |cells: &[String]| {
            format!("| {} |\n", cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
        };
        let mut out = line(&self.head);
        out.push_str(&line(&vec!["---".to_owned(); self.head.len()]));
        for row in &self.rows {
            out.push_str(&line(&row.cells));
        }
        let _ = writeln!(out, "\nfound {} of {}", self.found, self.expected);
        for miss in &self.misses {
            let _ = writeln!(out, "- {miss}");
        }
        out
    }

    /// Counts a fact. Returns whether it was found, as a cell.
    fn fact(&mut self, found: bool, miss: impl FnOnce() -> String) -> bool {
        self.expected += 1;
        if found {
            self.found += 1;
        } else {
            self.misses.push(miss());
        }
        found
    }
}

/// The files of a folder that end so, by name.
///
/// # Errors
/// A sentence: the folder cannot be read.
pub fn files(folder: &Path, ending: &str) -> Result<Vec<(String, std::path::PathBuf)>, String> {
    let read = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut found: Vec<_> = read
        .filter_map(Result::ok)
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .filter(|(name, _)| name.ends_with(ending))
        .collect();
    found.sort();
    Ok(found)
}

fn words(text: &str) -> String {
    let plain: String =
        fold(text).chars().map(|c| if c.is_alphanumeric() || c == '+' || c == '#' { c } else { ' ' }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same words.
fn same(found: &str, expected: &str) -> bool {
    words(found) == words(expected)
}

/// The same, or one within the other with little more.
fn close(found: &str, expected: &str) -> bool {
    let (a, b) = (words(found), words(expected));
    a == b
        || !a.is_empty()
            && !b.is_empty()
            && (a.contains(&b) && a.len() < b.len() * 2 || b.contains(&a) && b.len() < a.len() * 2)
}

/// The same entry of the vocabulary.
fn same_skill(found: &str, expected: &str) -> bool {
    lookup(found).is_some_and(|skill| lookup(expected) == Some(skill))
}

fn mark(found: usize, expected: usize) -> String {
    if expected == 0 { "–".to_owned() } else { format!("{found}/{expected}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_and_not_their_signs() {
        assert!(same("ANNA WIŚNIEWSKA", "Anna Wiśniewska") && close("Acme Corp, Paris", "ACME Corp"));
        assert!(!close("", "Acme") && !close("A very long text that happens to name Acme", "Acme"));
    }
}
