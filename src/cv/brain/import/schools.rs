//! Schools and degrees.

use super::document::Line;
use super::entries::placed;
use super::is_place;
use super::period;
use crate::cv::brain::draft::DraftEducation;
use crate::cv::brain::text::fold;
use crate::cv::brain::text::pattern::patterns;

patterns! {
    DEGREE = r"\b(bachelors?|b\.? ?sc?\.?|b\.? ?a\.?|b\.? ?eng\.?|b\.? ?tech\.?|bba|masters?|m\.? ?sc?\.?|m\.? ?a\.?|m\.? ?eng\.?|m\.? ?phil|mba|emba|ph\.? ?d\.?|doctorate?s?|doctorat|doctor of|licence(?: pro\w*)?|bts|dut|but|deug|deust|dess|dea|diplom\w*|degree|associates?|ingenieure?|cycle ingenieur|classes? preparatoires?|prepa\w*|bac(?:calaureat|helor)?|cap|bep|certificat\w*|high school|ged|abitur|ausbildung|maitrise|magistere|titre professionnel|minor|major in|grado|graduado|licenciatura|maestria|doctorado|capes|agregation)(?:\W|$)";
    SCHOOL = r"\b(universit\w*|univ\.?|college|school|institut\w*|academy|academie|ecole|lycee|iut|iae|epfl|eth|eth zurich|mit|ucl|ens|insa|hec|essec|edhec|escp|polytech\w*|telecom|mines|centrale\w*|supelec|epita|epitech|esgi|42|supinfo|efrei|ece|faculte|faculty|hochschule|universidad|campus|cnam|afpa|openclassrooms|gymnasium|conservatoire|business school|sciences po|sorbonne|inalco|caltech|postech|gobelins|greta|cfa)\b";
    MARK = r"\b(?:gpa|cgpa|mention|grade|honou?rs|moyenne|note|magna cum laude|summa cum laude|cum laude|distinction|felicitations)\b";
    COURSES = r"^(?:relevant |incoming |main |selected )?(?:coursework|courses|cours|modules|matieres)(?: suivis| principaux)?\s*:\s*";
}

const ENTRIES_MAX: usize = 50;

fn is_degree(text: &str) -> bool {
    DEGREE.is_in(&fold(text))
}

fn is_school(text: &str) -> bool {
    SCHOOL.is_in(&fold(text))
}

/// The entries of a section about education.
pub(super) fn entries(lines: &[Line]) -> Vec<DraftEducation> {
    let mut found: Vec<DraftEducation> = Vec::new();
    let mut open: Option<Parts> = None;
    for line in lines {
        let has = Has::of(line);
        let new = match &open {
            None => has.any() || !line.bullet && !line.is_prose(),
            Some(parts) => !line.bullet && parts.clashes(&has, line),
        };
        if new {
            // A name right above a date that begins the entry is the school's.
            let adopted = (has.date && !has.school && !has.degree)
                .then(|| open.as_mut().and_then(|parts| parts.loose.pop_if(|text| is_name(text))))
                .flatten();
            found.extend(open.take().map(Parts::done));
            let mut parts = Parts::default();
            if let Some(name) = adopted {
                parts.school = Some(name);
            }
            open = Some(parts);
        }
        if let Some(parts) = &mut open {
            parts.add(line);
        }
        if found.len() >= ENTRIES_MAX {
            break;
        }
    }
    found.extend(open.map(Parts::done));
    found.retain(|entry| {
        entry.institution.is_some()
            && (entry.study_type.is_some()
                || entry.area.is_some()
                || entry.end_date.is_some()
                || entry.start_date.is_some())
            || entry.study_type.is_some()
            || entry.area.is_some() && entry.end_date.is_some()
    });
    found
}

fn is_name(text: &str) -> bool {
    !text.contains(':') && !text.chars().any(|c| c.is_ascii_digit()) && text.split_whitespace().count() <= 8
}

/// What a line tells.
#[derive(Clone, Copy)]
struct Has {
    school: bool,
    degree: bool,
    date: bool,
}

impl Has {
    fn of(line: &Line) -> Self {
        if line.bullet || line.is_prose() && line.text.chars().count() > 110 || COURSES.is_in(&fold(&line.text)) {
            return Self { school: false, degree: false, date: false };
        }
        let labelled = line.text.split_once(": ").is_some_and(|(label, _)| label.split_whitespace().count() <= 2)
            && period::find(&line.text).is_none();
        Self {
            school: !labelled && is_school(&line.text),
            degree: !labelled && is_degree(&line.text),
            date: period::find(&line.text).is_some() && !line.is_prose(),
        }
    }
    const fn any(self) -> bool {
        self.school || self.degree || self.date
    }
}

#[derive(Default)]
struct Parts {
    school: Option<String>,
    degree: Option<String>,
    start: Option<String>,
    end: Option<String>,
    dated: bool,
    score: Option<String>,
    courses: Vec<String>,
    loose: Vec<String>,
    lines: usize,
}

impl Parts {
    /// Whether a line tells again what is told already: then it begins another entry.
    fn clashes(&self, has: &Has, line: &Line) -> bool {
        let (school, degree) = (self.school.is_some(), self.degree.is_some());
        // `College of Engineering` below a university that has its degree and date is a part of it.
        let part = degree && self.dated && !has.degree && !has.date && is_part_of_school(&line.text);
        let another = line.apart || degree && self.dated && !part;
        has.school && has.degree && (school || degree)
            || has.school && school && another
            || has.degree && degree
            || has.date && self.dated
            || line.apart && school && degree && has.any()
    }

    fn add(&mut self, line: &Line) {
        self.lines += 1;
        let folded = fold(&line.text);
        if COURSES.is_in(&folded) {
            let rest = line.text.split_once(':').map_or("", |(_, rest)| rest);
            self.courses.extend(
                rest.split([',', ';'])
                    .map(|one| one.trim().trim_end_matches('.').to_owned())
                    .filter(|one| !one.is_empty()),
            );
            return;
        }
        if line.bullet || line.is_prose() && line.text.chars().count() > 110 {
            self.loose.push(line.text.clone());
            return;
        }
        let mut text = line.text.clone();
        if let Some(found) = period::find(&text)
            && !self.dated
        {
            let (before, after) = period::without(&text, &found);
            self.start = found.start;
            self.end = found.end;
            self.dated = true;
            text = [before, after].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
        }
        for unit in text
            .split("  ")
            .flat_map(|cell| cell.split(" | "))
            .flat_map(|cell| cell.split(" · "))
            .flat_map(|cell| cell.split('|'))
        {
            self.take(unit.trim());
        }
    }

    fn take(&mut self, unit: &str) {
        if unit.is_empty() || is_place(unit) {
            return;
        }
        if MARK.is_in(&fold(unit)) && !is_degree(unit) {
            self.score.get_or_insert_with(|| unit.split_once(':').map_or(unit, |(_, rest)| rest).trim().to_owned());
            return;
        }
        let (degree, school) = (is_degree(unit), is_school(unit));
        if degree && school || degree && unit.contains(", ") && self.school.is_none() && !is_field_list(unit) {
            // `B.S. in Computer Science, Ridgemont State University`.
            let (rest, _) = placed(unit);
            let parts: Vec<&str> = rest.split(", ").collect();
            let at = parts
                .iter()
                .position(|part| is_school(part) && !is_degree(part))
                .or_else(|| (parts.len() > 1 && !school).then(|| parts.len() - 1));
            if let Some(at) = at {
                let (head, tail) = (parts.get(..at).unwrap_or_default(), parts.get(at..).unwrap_or_default());
                if head.is_empty() {
                    self.school.get_or_insert_with(|| parts.first().copied().unwrap_or("").to_owned());
                    self.degree.get_or_insert_with(|| parts.get(1..).unwrap_or_default().join(", "));
                } else {
                    self.degree.get_or_insert_with(|| head.join(", "));
                    self.school.get_or_insert_with(|| tail.join(", "));
                }
                return;
            }
        }
        if degree && self.degree.is_none() {
            let (rest, mark) = marked(unit);
            self.degree = Some(rest);
            if let Some(mark) = mark {
                self.score.get_or_insert(mark);
            }
        } else if school && self.school.is_none() {
            self.school = Some(placed(unit).0);
        } else {
            self.loose.push(unit.to_owned());
        }
    }

    fn done(mut self) -> DraftEducation {
        if self.school.is_none() {
            let at = self.loose.iter().position(|text| is_name(text) && !MARK.is_in(&fold(text)));
            self.school = at.map(|at| placed(&self.loose.remove(at)).0);
        }
        let (study_type, area) = self.degree.as_deref().map_or((None, None), split_degree);
        let summary = self.loose.join(" ");
        DraftEducation {
            institution: self.school,
            area,
            study_type,
            start_date: self.start,
            end_date: self.end,
            score: self.score,
            courses: self.courses,
            summary: (!summary.is_empty()).then_some(summary),
        }
    }
}

/// `College of Engineering` below a university.
fn is_part_of_school(text: &str) -> bool {
    let folded = fold(text);
    ["college of", "school of", "faculty of", "department of", "faculte de", "departement"]
        .iter()
        .any(|start| folded.starts_with(start))
}

/// `Bachelor of Arts, Business Administration`: what follows the comma is the field, when it is no name of a school.
fn is_field_list(unit: &str) -> bool {
    let parts: Vec<&str> = unit.split(", ").collect();
    parts.len() == 2 && !parts.iter().any(|part| is_school(part))
}

/// `Bachelor of Science - 3.8 GPA`.
fn marked(text: &str) -> (String, Option<String>) {
    for separator in [" - ", " – ", " — ", ", ", " ("] {
        if let Some((before, after)) = text.rsplit_once(separator)
            && MARK.is_in(&fold(after))
        {
            return (before.to_owned(), Some(after.trim_end_matches(')').to_owned()));
        }
    }
    (text.to_owned(), None)
}

/// `B.S. in Computer Science`: the degree, and in what.
fn split_degree(text: &str) -> (Option<String>, Option<String>) {
    let text = text.trim_matches(|c: char| c.is_whitespace() || ",;:-–—".contains(c));
    if let Some(rest) = text.strip_prefix("Bachelor of ").or(text.strip_prefix("Master of ")) {
        // "Bachelor of Science in X", "Bachelor of Arts, X".
        let cut = rest.find(" in ").map(|at| (at, 4)).or_else(|| rest.find(", ").map(|at| (at, 2)));
        let head = text.len() - rest.len();
        return match cut {
            Some((at, len)) => (text.get(..head + at).map(str::to_owned), rest.get(at + len..).map(str::to_owned)),
            None => (Some(text.to_owned()), None),
        };
    }
    // "Master Data Science", "BS Computer Science": the first word is the degree.
    if let Some((first, rest)) = text.split_once(' ')
        && is_degree(first)
        && !first.ends_with(',')
    {
        let word = fold(rest.split(' ').next().unwrap_or("")).trim_matches(',').to_owned();
        let joins = ["in", "en", "of", "de", "du", "des", "pro", "professionnelle", "degree", "science", "arts"];
        if word.starts_with(char::is_alphabetic) && !joins.contains(&word.as_str()) && !word.starts_with("d'") {
            return (Some(first.to_owned()), Some(rest.to_owned()));
        }
    }
    for (separator, skip) in [
        (" in ", 4),
        (" en ", 4),
        (", ", 2),
        (" : ", 3),
        (" – ", 5),
        (" — ", 5),
        (" - ", 3),
        (" d'", 3),
        (" d’", 5),
        (" de ", 4),
    ] {
        if let Some(at) = text.find(separator)
            && text.get(..at).is_some_and(is_degree)
        {
            return (text.get(..at).map(str::to_owned), text.get(at + skip..).map(str::to_owned));
        }
    }
    (Some(text.to_owned()), None)
}
