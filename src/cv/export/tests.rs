//! Documents that are read again.

use super::choice::{self, Choices};
use super::{ExportError, pdf, view};
use crate::documents::Documents;
use crate::testing::documents;
use bytes::Bytes;
use estafette_protocol::cv::status::ExportDesign;
use serde_json::{Value, json};

pub(crate) const DESIGNS: [ExportDesign; 4] =
    [ExportDesign::Classic, ExportDesign::Modern, ExportDesign::Sidebar, ExportDesign::Compact];

fn cv(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

async fn made(
    documents: &Documents,
    content: &Value,
    choices: &Choices,
    lang: &str,
    design: ExportDesign,
) -> Result<Bytes, ExportError> {
    let content = choice::apply(content.clone(), choices);
    pdf(documents, &view::of(&content, choices, Some(lang), design)).await
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text by another program, where it is installed.
fn by_another_reader(bytes: &[u8]) -> Option<String> {
    let file = tempfile::NamedTempFile::new().ok()?;
    std::fs::write(file.path(), bytes).ok()?;
    let out = std::process::Command::new("pdftotext").arg(file.path()).arg("-").output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

#[actix_rt::test]
async fn every_design_is_read_again_in_order() {
    let jane = cv(include_str!("../../demo/cvs/en-jane-developer-complete.json"));
    let charles = cv(include_str!("../../demo/cvs/fr-charles-desneuf-16-jobs-redacted.json"));
    let documents = documents();
    for (content, lang) in [(&jane, "en"), (&charles, "fr")] {
        for design in DESIGNS {
            let bytes = made(&documents, content, &Choices::new(), lang, design).await.unwrap();
            let text = documents.reader.text(bytes.clone()).await.unwrap().text;
            for text in [Some(text), by_another_reader(&bytes)].into_iter().flatten() {
                let text = plain(&text);
                let mut from = 0;
                for entry in content["work"].as_array().unwrap() {
                    for field in ["position", "name"] {
                        let wanted = plain(entry[field].as_str().unwrap_or_default());
                        let found = text.get(from..).and_then(|rest| rest.find(&wanted));
                        let at =
                            found.unwrap_or_else(|| panic!("{design:?}: `{wanted}` is not after {from} in {text}"));
                        if field == "position" {
                            from += at;
                        }
                    }
                }
                let name = content["basics"]["name"].as_str().unwrap();
                assert!(text.find(name).is_some_and(|at| at < 80), "{design:?}: {text}");
            }
        }
    }
}

#[actix_rt::test]
async fn the_same_cv_gives_the_same_bytes() {
    let documents = documents();
    let jane = cv(include_str!("../../demo/cvs/en-jane-developer-complete.json"));
    let one = made(&documents, &jane, &Choices::new(), "en", ExportDesign::Modern).await.unwrap();
    assert_eq!(one, made(&documents, &jane, &Choices::new(), "en", ExportDesign::Modern).await.unwrap());
    assert!(one.len() < 200_000, "{} bytes", one.len());
}

#[actix_rt::test]
async fn chosen_sections_fields_and_headings_are_in_the_document() {
    let content = json!({"basics": {"name": "Ana Gil", "phone": "0123456789", "email": "ana@example.org"},
        "work": [{"name": "One", "position": "Dev"}, {"name": "Two", "position": "Dev"}], "interests": [{"name": "Chess"}]});
    let choices: Choices = serde_json::from_value(json!({
        "basics": {"enabled": true, "options": {"hide": ["phone"]}},
        "work": {"enabled": true, "options": {"max_items": 1, "title": "Career so far"}},
        "interests": {"enabled": false}}))
    .unwrap();
    choice::check(&choices).unwrap();
    let documents = documents();
    let bytes = made(&documents, &content, &choices, "en", ExportDesign::Modern).await.unwrap();
    let text = documents.reader.text(bytes).await.unwrap().text;
    for (word, there) in [
        ("Ana Gil", true),
        ("ana@example.org", true),
        ("0123456789", false),
        ("Career so far", true),
        ("One", true),
        ("Two", false),
        ("Chess", false),
    ] {
        assert_eq!(text.contains(word), there, "{word} in {text}");
    }
}

#[test]
fn choices_that_mean_nothing_are_refused_with_the_place() {
    for (choices, word) in [
        (json!({"jobs": {"enabled": true}}), "`jobs` is no section"),
        (json!({"work": {"enabled": true, "options": {"max_items": 0}}}), "work.max_items"),
        (json!({"work": {"enabled": true, "options": {"colour": 1}}}), "no option `colour`"),
        (json!({"work": {"enabled": true, "options": []}}), "must be an object"),
    ] {
        let choices: Choices = serde_json::from_value(choices).unwrap();
        assert!(choice::check(&choices).unwrap_err().contains(word));
    }
}

#[actix_rt::test]
async fn letters_that_are_not_there_are_named_with_what_to_do() {
    let content = json!({"basics": {"name": "黒猫"}, "skills": [{"name": "x"}]});
    let told = made(&documents(), &content, &Choices::new(), "ja", ExportDesign::Classic).await;
    assert_eq!(told, Err(ExportError::NoLetters("黒猫".to_owned())));
    assert!(told.unwrap_err().to_string().contains("export JSON"));
}

#[actix_rt::test]
async fn what_is_too_long_to_be_printed_is_told_with_the_bound() {
    let content = json!({"basics": {"name": "Ana Gil", "summary": "word ".repeat(40_000)}});
    let told = made(&documents(), &content, &Choices::new(), "en", ExportDesign::Classic).await;
    assert_eq!(told, Err(ExportError::TooLong));
}

#[actix_rt::test]
async fn a_server_without_a_typesetter_says_so() {
    let documents = Documents::new("/nowhere/estafette".into(), "/nowhere/estafette-press".into(), 1);
    let told = made(&documents, &json!({"basics": {}}), &Choices::new(), "en", ExportDesign::Classic).await;
    assert_eq!(told, Err(ExportError::NoPress));
    let read = documents.reader.text(b"%PDF-1.7 1 0 obj startxref".to_vec()).await;
    assert_eq!(read, Err(crate::extract::pdf::PdfError::NoReader));
}

#[actix_rt::test]
async fn markup_in_a_cv_stays_text() {
    let content = json!({"basics": {"name": "#read(\"/etc/passwd\")", "summary": "$ x^2 $ *bold* \\ `raw` #panic()"},
        "work": [{"name": "</w>", "position": "= Heading", "url": "javascript:alert(1)"}]});
    let documents = documents();
    for design in DESIGNS {
        assert!(!made(&documents, &content, &Choices::new(), "en", design).await.unwrap().is_empty());
    }
}

#[actix_rt::test]
async fn an_empty_cv_is_a_document() {
    let documents = documents();
    for design in DESIGNS {
        let made = made(&documents, &json!({"basics": {}}), &Choices::new(), "en", design).await.unwrap();
        assert!(made.starts_with(b"%PDF"));
    }
}
