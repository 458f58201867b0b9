//! The example data: CVs, job texts and job pages, with their sources in `SOURCES.md`.

pub mod pages;

/// A file of the example data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// Its name.
    pub name: &'static str,
    /// Its content.
    pub content: &'static str,
}

macro_rules! examples {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(Example { name: $name, content: include_str!(concat!($folder, "/", $name)) },)*]
    };
}

/// CVs in JSON Resume form.
pub const CVS: &[Example] = examples!("cvs":
    "en-jane-developer-complete.json",
    "en-richard-hendriks-3-jobs.json",
    "en-maya-okonkwo-new-grad.json",
    "en-samantha-jones-story.json",
    "fr-charles-desneuf-16-jobs-redacted.json",
    "de-max-mueller.json",
);

/// Job offers as text, to be pasted.
pub const JOB_TEXTS: &[Example] = examples!("jobs":
    "en-cds-platform-sre.md",
    "en-cds-senior-python-developer.md",
    "fr-cds-platform-sre.md",
);

/// Job offers as web pages: with JSON-LD, without, in French.
pub const JOB_PAGES: &[Example] = examples!("jobs":
    "backend-engineer.html",
    "platform-engineer.html",
    "developpeur-backend.html",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_named_with_its_source() {
        let sources = include_str!("SOURCES.md");
        for example in [CVS, JOB_TEXTS, JOB_PAGES].concat() {
            assert!(sources.contains(example.name), "{} is not in SOURCES.md", example.name);
        }
        for folder in ["cvs", "jobs"] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo").join(folder);
            for file in std::fs::read_dir(path).unwrap().flatten() {
                let name = file.file_name().to_string_lossy().into_owned();
                assert!(
                    [CVS, JOB_TEXTS, JOB_PAGES].concat().iter().any(|example| example.name == name),
                    "{name} is not used"
                );
            }
        }
    }

    #[test]
    fn the_cvs_are_json_and_the_pages_hold_what_they_say() {
        for cv in CVS {
            let value: serde_json::Value = serde_json::from_str(cv.content).unwrap();
            assert!(value["basics"]["name"].is_string(), "{}", cv.name);
        }
        let has_posting: Vec<bool> = JOB_PAGES.iter().map(|page| page.content.contains("\"JobPosting\"")).collect();
        assert_eq!(has_posting, [true, false, true]);
    }
}
