//! What is in the folder, and what `SOURCES.json` says about it.

use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Files of one kind that are taken.
const FILES: usize = 2_000;

/// How a file goes to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By its address on loopback.
    Url,
    /// As a text.
    Text,
    /// As an uploaded PDF.
    Pdf,
}

impl Way {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Text => "text",
            Self::Pdf => "pdf",
        }
    }
}

/// A salary that a page states.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct SalaryFact {
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) currency: Option<String>,
}

/// What is known about a job page. What is not stated is not compared.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Facts {
    pub(super) is_job: Option<bool>,
    pub(super) title: Option<String>,
    pub(super) company: Option<String>,
    pub(super) location: Option<String>,
    pub(super) contract: Option<String>,
    pub(super) salary: Option<SalaryFact>,
    pub(super) skills: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Source {
    file: String,
    #[serde(default)]
    facts: Option<Facts>,
}

/// A job offer, or what looks like one.
#[derive(Debug, Clone)]
pub(super) struct Material {
    /// Its path in the folder.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) way: Way,
    pub(super) facts: Facts,
    /// Its name says that it must be refused.
    pub(super) negative: bool,
}

/// A CV.
#[derive(Debug, Clone)]
pub(super) struct CvFile {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) negative: bool,
}

/// Reads the folder: job offers of `jobs-html`, `jobs-text`, `jobs-pdf`, refused PDFs of `cv-pdf`, CVs of `cv-json`.
///
/// # Errors
/// A sentence: not a folder, a `SOURCES.json` that is not its form.
pub(super) fn read(folder: &Path) -> Result<(Vec<Material>, Vec<CvFile>), String> {
    if !folder.is_dir() {
        return Err(format!("{} is not a folder", folder.display()));
    }
    let known = sources(&folder.join("SOURCES.json"))?;
    let mut offers = Vec::new();
    for (below, ending, way) in [
        ("jobs-html", "html", Way::Url),
        ("jobs-text", "md", Way::Text),
        ("jobs-pdf", "pdf", Way::Pdf),
        ("cv-pdf", "pdf", Way::Pdf),
    ] {
        for path in files(&folder.join(below), ending) {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let negative = is_negative(&file);
            // CVs as PDFs are no offers; those that are broken are refused by the same way.
            if below == "cv-pdf" && !negative {
                continue;
            }
            let name = format!("{below}/{file}");
            let facts = known.get(&name).cloned().unwrap_or_default();
            offers.push(Material { name, path, way, facts, negative });
        }
    }
    let mut cvs = Vec::new();
    for path in files(&folder.join("cv-json"), "json") {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        cvs.push(CvFile { negative: is_negative(&name), name, bytes });
    }
    if offers.is_empty() && cvs.is_empty() {
        return Err(format!("{} has none of jobs-html, jobs-text, jobs-pdf, cv-json", folder.display()));
    }
    Ok((offers, cvs))
}

fn is_negative(name: &str) -> bool {
    name.starts_with("neg-") || name.starts_with("bad-")
}

fn sources(path: &Path) -> Result<HashMap<String, Facts>, String> {
    let Ok(bytes) = std::fs::read(path) else { return Ok(HashMap::new()) };
    let sources: Vec<Source> =
        serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(sources.into_iter().filter_map(|source| source.facts.map(|facts| (source.file, facts))).collect())
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|found| found == ending)).take(FILES).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_with_its_facts() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("jobs-html/a.html", "x");
        write("jobs-html/neg-b.html", "x");
        write("cv-pdf/cv.pdf", "x");
        write("cv-pdf/neg-broken.pdf", "x");
        write("cv-json/bad-one.json", "{");
        write(
            "SOURCES.json",
            r#"[{"kind": "jobs-html", "file": "jobs-html/a.html", "facts": {"isJob": true, "title": "T"}}, {"file": "x"}]"#,
        );
        let (offers, cvs) = read(folder.path()).unwrap();
        let names: Vec<(&str, bool)> = offers.iter().map(|offer| (offer.name.as_str(), offer.negative)).collect();
        assert_eq!(
            names,
            vec![("jobs-html/a.html", false), ("jobs-html/neg-b.html", true), ("cv-pdf/neg-broken.pdf", true)]
        );
        assert_eq!((offers[0].facts.title.as_deref(), offers[0].facts.is_job), (Some("T"), Some(true)));
        assert!(cvs[0].negative);
        write("SOURCES.json", "{");
        assert!(read(folder.path()).is_err());
        assert!(read(&folder.path().join("nothing")).is_err());
    }
}
