//! CVs read out of PDFs. Beside `x.pdf`, `x.truth.json` has what a person read in it; `neg-*.pdf` must be refused.

use super::{ReadsPdfs, Report, Row, close, files, mark, same, same_skill};
use crate::cv::brain::draft::{CvDraft, DraftEducation, DraftWork};
use crate::cv::brain::import::{self, period};
use serde::Deserialize;
use std::path::Path;

/// What a person read in a PDF.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Truth {
    contact: TrueContact,
    experience: Vec<TrueWork>,
    education: Vec<TrueEducation>,
    skills: Vec<String>,
    languages: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct TrueContact {
    full_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct TrueWork {
    title: Option<String>,
    company: Option<String>,
    dates: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct TrueEducation {
    degree: Option<String>,
    institution: Option<String>,
}

fn head() -> Vec<String> {
    ["PDF", "name", "e-mail", "phone", "employers", "titles", "periods", "schools", "degrees", "skills", "languages"]
        .map(str::to_owned)
        .to_vec()
}

/// Reads every PDF of a folder. `facts`: another folder with the `.truth.json` files.
///
/// # Errors
/// A sentence: the folder or a file of facts cannot be read.
pub async fn folder(pdf: &impl ReadsPdfs, folder: &Path, facts: Option<&Path>) -> Result<Report, String> {
    let mut report = Report { head: head(), ..Report::default() };
    for (name, path) in files(folder, ".pdf")? {
        let bytes = std::fs::read(&path).map_err(|error| format!("{name}: {error}"))?;
        let read = pdf(bytes).await;
        if name.starts_with("neg-") {
            let told = match &read {
                Ok(_) => "read".to_owned(),
                Err(error) => error.code().to_owned(),
            };
            report.fact(read.is_err(), || format!("{name}: was read, and should be refused"));
            report.rows.push(Row { cells: vec![name, format!("refused: {told}")] });
            continue;
        }
        let truth = truth_of(&name, facts.unwrap_or(folder))?;
        match read {
            Ok(read) => compare(&mut report, &name, &import::read(&read.text), truth.as_ref()),
            Err(error) => {
                report.fact(false, || format!("{name}: {error}"));
            }
        }
    }
    Ok(report)
}

/// What is read of one PDF, as JSON.
///
/// # Errors
/// A sentence: the PDF cannot be read.
pub async fn show(pdf: &impl ReadsPdfs, path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let read = pdf(bytes).await.map_err(|error| error.to_string())?;
    serde_json::to_string_pretty(&import::read(&read.text).to_resume()).map_err(|error| error.to_string())
}

fn truth_of(name: &str, folder: &Path) -> Result<Option<Truth>, String> {
    let path = folder.join(name.replace(".pdf", ".truth.json"));
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| format!("{}: {error}", path.display()))
}

fn told(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}

/// The entry that an expected one is: by employer and title, else by one of them.
fn entry<'a>(work: &'a [DraftWork], wanted: &TrueWork) -> Option<&'a DraftWork> {
    let by = |entry: &&DraftWork| -> usize {
        let company = wanted.company.as_ref().is_some_and(|company| close(told(entry.name.as_ref()), company));
        let title = wanted.title.as_ref().is_some_and(|title| close(told(entry.position.as_ref()), title));
        let dates = wanted.dates.as_ref().is_some_and(|dates| same_period(entry, dates));
        2 * usize::from(company) + usize::from(title) + usize::from(dates)
    };
    work.iter().max_by_key(by).filter(|entry| by(entry) > 0)
}

fn same_period(entry: &DraftWork, dates: &str) -> bool {
    let Some(wanted) = period::find(dates) else { return false };
    let start = wanted.start.clone().or_else(|| wanted.end.clone());
    entry.start_date == start && (entry.end_date == wanted.end || wanted.ongoing && entry.end_date.is_none())
}

fn compare(report: &mut Report, name: &str, found: &CvDraft, truth: Option<&Truth>) {
    let Some(truth) = truth else {
        let yes = |there: bool| if there { "found" } else { "–" }.to_owned();
        let count = |n: usize| format!("({n})");
        let keywords: usize = found.skills.iter().map(|group| group.keywords.len()).sum();
        report.rows.push(Row {
            cells: vec![
                name.to_owned(),
                told(found.basics.name.as_ref()).to_owned(),
                yes(found.basics.email.is_some()),
                yes(found.basics.phone.is_some()),
                count(found.work.iter().filter(|work| work.name.is_some()).count()),
                count(found.work.iter().filter(|work| work.position.is_some()).count()),
                count(found.work.iter().filter(|work| work.start_date.is_some()).count()),
                count(found.education.iter().filter(|school| school.institution.is_some()).count()),
                count(
                    found
                        .education
                        .iter()
                        .filter(|school| school.study_type.is_some() || school.area.is_some())
                        .count(),
                ),
                count(keywords),
                count(found.languages.len()),
            ],
        });
        return;
    };
    let mut cells = vec![name.to_owned()];
    let contact = [
        ("name", &found.basics.name, &truth.contact.full_name),
        ("e-mail", &found.basics.email, &truth.contact.email),
        ("phone", &found.basics.phone, &truth.contact.phone),
    ];
    for (what, found, wanted) in contact {
        let Some(wanted) = wanted else {
            cells.push("–".to_owned());
            continue;
        };
        let is = same(told(found.as_ref()), wanted);
        report.fact(is, || format!("{name}: {what} `{wanted}`, found `{}`", told(found.as_ref())));
        cells.push(mark(usize::from(is), 1));
    }
    let (mut companies, mut titles, mut dates) = ((0, 0), (0, 0), (0, 0));
    for wanted in &truth.experience {
        let entry = entry(&found.work, wanted);
        let of = |field: fn(&DraftWork) -> Option<&String>| entry.and_then(field).map_or("", String::as_str);
        let mut check =
            |count: &mut (usize, usize), what: &str, wanted: &Option<String>, is: &dyn Fn(&str) -> bool, had: &str| {
                let Some(wanted) = wanted else { return };
                count.1 += 1;
                let is = is(wanted);
                count.0 += usize::from(is);
                report.fact(is, || format!("{name}: {what} `{wanted}`, found `{had}`"));
            };
        let (company, title) = (of(|entry| entry.name.as_ref()), of(|entry| entry.position.as_ref()));
        check(&mut companies, "employer", &wanted.company, &|wanted| close(company, wanted), company);
        check(&mut titles, "title", &wanted.title, &|wanted| close(title, wanted), title);
        let period = entry.map_or_else(String::new, |entry| {
            format!("{} – {}", told(entry.start_date.as_ref()), told(entry.end_date.as_ref()))
        });
        check(
            &mut dates,
            "period",
            &wanted.dates,
            &|wanted| entry.is_some_and(|entry| same_period(entry, wanted)),
            &period,
        );
    }
    cells.extend([mark(companies.0, companies.1), mark(titles.0, titles.1), mark(dates.0, dates.1)]);
    schools(report, name, &found.education, &truth.education, &mut cells);
    let listed: Vec<&str> = found
        .skills
        .iter()
        .flat_map(|group| group.keywords.iter().map(String::as_str).chain(group.name.as_deref()))
        .collect();
    let mut count = 0;
    for wanted in &truth.skills {
        let is = listed.iter().any(|had| same(had, wanted) || same_skill(had, wanted));
        count += usize::from(report.fact(is, || format!("{name}: skill `{wanted}`")));
    }
    cells.push(mark(count, truth.skills.len()));
    let mut count = 0;
    for wanted in &truth.languages {
        let is = found.languages.iter().any(|had| same(told(had.language.as_ref()), wanted));
        count += usize::from(report.fact(is, || format!("{name}: language `{wanted}`")));
    }
    cells.push(mark(count, truth.languages.len()));
    report.rows.push(Row { cells });
    // More entries than there are: something else was taken for one.
    if found.work.len() > truth.experience.len() {
        let more = found.work.len() - truth.experience.len();
        report.misses.push(format!("{name}: {more} experience(s) more than there are"));
    }
}

fn schools(
    report: &mut Report,
    name: &str,
    found: &[DraftEducation],
    truth: &[TrueEducation],
    cells: &mut Vec<String>,
) {
    let (mut institutions, mut degrees) = ((0, 0), (0, 0));
    for wanted in truth {
        if let Some(institution) = &wanted.institution {
            institutions.1 += 1;
            let is = found.iter().any(|school| close(told(school.institution.as_ref()), institution));
            institutions.0 += usize::from(report.fact(is, || format!("{name}: school `{institution}`")));
        }
        if let Some(degree) = &wanted.degree {
            degrees.1 += 1;
            let is = found.iter().any(|school| {
                let whole = format!("{} {}", told(school.study_type.as_ref()), told(school.area.as_ref()));
                let bare = |text: &str| super::words(text).replace(" in ", " ").replace(" en ", " ");
                bare(&whole) == bare(degree) || close(&whole, degree)
            });
            degrees.0 += usize::from(report.fact(is, || format!("{name}: degree `{degree}`")));
        }
    }
    cells.extend([mark(institutions.0, institutions.1), mark(degrees.0, degrees.1)]);
}
