//! What CVs list: skills, languages, projects, certificates, awards, publications, interests.

use super::document::Line;
use super::entries::texts;
use super::headings;
use super::period;
use crate::cv::brain::draft::{
    DraftAward, DraftCertificate, DraftGroup, DraftLanguage, DraftProject, DraftPublication,
};
use crate::cv::brain::offer::language_code;
use crate::cv::brain::skills::{self, Kind};
use crate::cv::brain::text::pattern::patterns;
use crate::cv::brain::text::{Lang, fold};
use std::collections::BTreeSet;

/// Entries of one list.
const MAX: usize = 200;
/// Longest name of a skill, characters.
const SKILL_CHARS: usize = 70;
/// Skills that are looked for in the whole text where no section lists any.
const FOUND_MAX: usize = 40;

patterns! {
    LEVEL = r"\b([abc][12]\b|native|natif|native speaker|langue maternelle|maternelle|mother tongue|bilingu\w*|fluent\w*|courant\w*|proficient|professional\w*|professionnel\w*|advanced|avance\w*|intermedia\w*|intermediaire|conversational|basic\w*|basique|elementary|elementaire|beginner|debutant\w*|notions|scolaire|lu,? ecrit,? parle|working|limited|full|muttersprach\w*|fliessend|verhandlungssicher|toeic\D{0,3}\d*|toefl\D{0,3}\d*|ielts\D{0,3}[\d.]*)";
}

/// Splits a list by its separators; what stands in brackets stays together.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let (mut depth, mut from) = (0_i32, 0);
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' | ';' | '•' | '·' | '|' | '●' | '▪' if depth <= 0 => {
                out.push(text.get(from..at));
                from = at + c.len_utf8();
            }
            ' ' if depth <= 0 && bytes.get(at + 1) == Some(&b' ') => {
                out.push(text.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(text.get(from..));
    let clean = |part: &str| {
        let part = part.trim().trim_end_matches('.').trim_start_matches("and ").trim_start_matches("et ").trim();
        KNOWN_BY.iter().find_map(|words| part.strip_prefix(words)).unwrap_or(part).trim().to_owned()
    };
    out.into_iter()
        .flatten()
        .map(clean)
        .flat_map(both)
        .filter(|part| part.chars().any(char::is_alphanumeric))
        .take(MAX)
        .collect()
}

/// How people say that they know what follows.
const KNOWN_BY: &[&str] = &[
    "Proficient in ",
    "Proficient with ",
    "Knowledge of ",
    "Familiar with ",
    "Experience with ",
    "Experienced in ",
    "Maîtrise de ",
    "Maîtrise d’",
    "Maîtrise d'",
    "Connaissance de ",
    "Connaissances en ",
    "Pratique de ",
];

/// "Windows and Mac OS" are two, where the vocabulary knows both.
fn both(part: String) -> Vec<String> {
    for word in [" and ", " et ", " und ", " & "] {
        if let Some((one, other)) = part.split_once(word)
            && skills::lookup(one).is_some()
            && skills::lookup(other).is_some()
            && skills::lookup(&part).is_none()
        {
            return vec![one.trim().to_owned(), other.trim().to_owned()];
        }
    }
    vec![part]
}

/// A language with its level.
fn language(text: &str) -> Option<DraftLanguage> {
    let folded = fold(text);
    let level = LEVEL.find(&folded);
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        if word.chars().next().is_some_and(char::is_alphabetic) && language_code(word).is_some() {
            let named = text.find(word).unwrap_or(0);
            let rest = format!("{} {}", text.get(..named).unwrap_or(""), text.get(named + word.len()..).unwrap_or(""));
            let rest = rest.trim_matches(|c: char| c.is_whitespace() || "()[]:-–—,/|".contains(c)).trim();
            let rest = rest.trim_end_matches(" in").trim_end_matches(" en").trim();
            let fluency =
                (level.is_some() || rest.split_whitespace().count() <= 5 && !rest.is_empty()).then(|| rest.to_owned());
            let mut name = word.to_owned();
            if let Some(first) = name.get(..1).map(str::to_uppercase) {
                name.replace_range(..1, &first);
            }
            return Some(DraftLanguage { language: Some(name), fluency: fluency.filter(|text| !text.is_empty()) });
        }
    }
    None
}

/// The languages of a section about them.
pub(super) fn languages(lines: &[Line]) -> Vec<DraftLanguage> {
    let mut found: Vec<DraftLanguage> = Vec::new();
    for line in lines {
        // A line with one language and its level in another column is one entry.
        let whole = line.text.split("  ").filter(|cell| language(cell).is_some()).count() <= 1
            && !line.text.contains([',', ';']);
        let parts = if whole { vec![line.text.replace("  ", " ")] } else { split(&line.text) };
        for one in parts.iter().filter_map(|part| language(part)) {
            if !found.iter().any(|other| other.language == one.language) {
                found.push(one);
            }
        }
    }
    found.truncate(MAX);
    found
}

/// What a section about skills lists.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) groups: Vec<DraftGroup>,
    pub(super) languages: Vec<DraftLanguage>,
    pub(super) interests: Vec<String>,
}

fn label_of(line: &str) -> Option<(&str, &str)> {
    let (label, rest) = line.split_once(':')?;
    let words = label.split_whitespace().count();
    (words > 0 && words <= 5 && !label.contains(',') && !rest.starts_with("//")).then(|| (label.trim(), rest.trim()))
}

/// Reads the lines of a section about skills. `name`: what a group without a name is called.
pub(super) fn skills(lines: &[Line], name: &str) -> Listed {
    let mut listed = Listed::default();
    let mut group: Option<String> = None;
    for line in lines {
        // A heading within the section ("PROGRAMMING") is no skill.
        if !line.bullet && headings::section(&line.text).is_some() {
            continue;
        }
        if let Some((label, rest)) = label_of(&line.text) {
            let folded = fold(label);
            let people: Vec<DraftLanguage> = split(rest).iter().filter_map(|part| language(part)).collect();
            let is_languages =
                (folded.starts_with("lang") || folded.starts_with("sprach") || folded.starts_with("idiom"))
                    && !people.is_empty()
                    && people.len() * 2 >= split(rest).len();
            if is_languages {
                listed.languages.extend(people);
            } else if folded.starts_with("interest")
                || folded.starts_with("hobb")
                || folded.starts_with("loisir")
                || folded.starts_with("centres d'int")
            {
                listed.interests.extend(split(rest));
            } else if rest.is_empty() {
                group = Some(label.to_owned());
            } else {
                let keywords = split(rest).into_iter().filter(|one| is_skill(one)).collect();
                listed.groups.push(DraftGroup { name: Some(label.to_owned()), keywords });
            }
            continue;
        }
        let parts: Vec<String> =
            if line.bullet && line.text.contains('(') { vec![line.text.clone()] } else { split(&line.text) };
        let mut parts: Vec<String> =
            parts.into_iter().flat_map(|part| unlabelled(&part)).filter(|part| is_skill(part)).collect();
        if parts.is_empty() {
            continue;
        }
        let wanted = group.clone().unwrap_or_else(|| name.to_owned());
        match listed.groups.iter_mut().find(|group| group.name.as_deref() == Some(&wanted)) {
            Some(group) => group.keywords.append(&mut parts),
            None => listed.groups.push(DraftGroup { name: Some(wanted), keywords: parts }),
        }
    }
    for group in &mut listed.groups {
        let mut seen = BTreeSet::new();
        group.keywords.retain(|keyword| seen.insert(fold(keyword)));
    }
    listed.groups.retain(|group| !group.keywords.is_empty());
    listed.groups.truncate(MAX);
    listed
}

fn is_skill(text: &str) -> bool {
    text.chars().count() <= SKILL_CHARS && text.split_whitespace().count() <= 9
}

/// `Big data Spark`, `Programmation Haskell`: a label without a colon before a skill that is known.
fn unlabelled(part: &str) -> Vec<String> {
    let words = part.split_whitespace().count();
    if !(2..=4).contains(&words) || skills::lookup(part).is_some() {
        return vec![part.to_owned()];
    }
    let label = fold(part.split(' ').next().unwrap_or(""));
    if [
        "programmation",
        "developpement",
        "programming",
        "development",
        "langage",
        "langages",
        "outils",
        "tools",
        "web",
        "bases",
        "big",
        "data",
        "ml",
    ]
    .contains(&label.as_str())
        && let Some((_, name)) = part.rsplit_once(' ')
        && skills::lookup(name).is_some()
    {
        return vec![name.to_owned()];
    }
    vec![part.to_owned()]
}

/// The skills that a text names, where no section lists them.
pub(super) fn named(text: &str, lang: Lang, name: &str) -> Vec<DraftGroup> {
    let mut seen = BTreeSet::new();
    let mut keywords = Vec::new();
    for found in skills::find(text) {
        let Some(skill) = skills::get(found.skill) else { continue };
        if matches!(skill.kind, Kind::Technical) && seen.insert(found.skill) {
            keywords.push(skill.name_in(lang).to_owned());
        }
    }
    keywords.truncate(FOUND_MAX);
    if keywords.is_empty() { Vec::new() } else { vec![DraftGroup { name: Some(name.to_owned()), keywords }] }
}

/// The projects of a section.
pub(super) fn projects(lines: &[Line]) -> Vec<DraftProject> {
    let mut found: Vec<DraftProject> = Vec::new();
    let mut bodies: Vec<Vec<Line>> = Vec::new();
    for line in lines {
        let dated = period::find(&line.text).is_some_and(|found| {
            found.at.start == 0
                || found.start.is_some()
                || line.text.get(found.at.end..).is_some_and(|rest| rest.trim().is_empty())
        });
        let empty = bodies.last().is_none_or(Vec::is_empty);
        let items = bodies.last().is_some_and(|body| body.iter().any(|line| line.bullet));
        let head = !line.bullet && (!line.is_prose() || dated && line.text.chars().count() < 160);
        let new = found.is_empty() || head && (line.apart || items || dated && !empty);
        if !new {
            // `Personal project, 2025`, below the name.
            if let (Some(project), true, Some(period)) = (found.last_mut(), empty, period::find(&line.text))
                && head
                && project.start_date.is_none()
                && project.end_date.is_none()
            {
                (project.start_date, project.end_date) = (period.start.clone(), period.end.clone());
                let (before, after) = period::without(&line.text, &period);
                let rest = [before, after].join(" ").trim().to_owned();
                if !rest.is_empty() {
                    project.description = Some(rest);
                }
                continue;
            }
            if let Some(body) = bodies.last_mut() {
                body.push(line.clone());
            }
            continue;
        }
        let mut project = DraftProject::default();
        let mut text = line.text.clone();
        if let Some(period) = period::find(&text).filter(|_| dated) {
            let (before, after) = period::without(&text, &period);
            (project.start_date, project.end_date) = (period.start, period.end);
            text = [before, after].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        }
        let text = text.trim_end_matches("Link").trim_matches(|c: char| c.is_whitespace() || "|,;:".contains(c));
        let (name, about) =
            [" — ", " – ", "  ", " | "].iter().find_map(|separator| text.split_once(separator)).unwrap_or((text, ""));
        project.name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        project.description = Some(about.trim().to_owned()).filter(|about| !about.is_empty());
        found.push(project);
        bodies.push(Vec::new());
    }
    for (project, body) in found.iter_mut().zip(&bodies) {
        let (summary, highlights) = texts(None, body);
        project.highlights = highlights;
        project.description = project.description.take().or(summary);
    }
    found.retain(|project| project.name.is_some());
    found.truncate(MAX);
    found
}

/// A line without its date, and the date.
fn dated(line: &Line) -> (String, Option<String>) {
    match period::find(&line.text) {
        Some(found)
            if found.at.start == 0 || line.text.get(found.at.end..).is_some_and(|rest| rest.trim().len() < 3) =>
        {
            let (before, after) = period::without(&line.text, &found);
            let text = [before, after].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
            (text, found.end.or(found.start))
        }
        _ => (line.text.clone(), None),
    }
}

fn worth(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).count() >= 4
}

/// Certificates, one a line.
pub(super) fn certificates(lines: &[Line]) -> Vec<DraftCertificate> {
    let of = |line: &Line| {
        let (text, date) = dated(line);
        let text = text.replace("  ", ", ");
        let (name, issuer) =
            text.rsplit_once(", ").map_or((text.as_str(), None), |(name, issuer)| (name, Some(issuer.to_owned())));
        worth(name).then(|| DraftCertificate { name: Some(name.to_owned()), date, issuer })
    };
    lines.iter().filter_map(of).take(MAX).collect()
}

/// Awards, one a line.
pub(super) fn awards(lines: &[Line]) -> Vec<DraftAward> {
    let of = |line: &Line| {
        let (text, date) = dated(line);
        let (title, awarder) = text
            .split_once("  ")
            .map_or((text.as_str(), None), |(title, awarder)| (title, Some(awarder.trim().to_owned())));
        worth(title).then(|| DraftAward { title: Some(title.to_owned()), date, awarder })
    };
    lines.iter().filter_map(of).take(MAX).collect()
}

/// Publications: a paragraph each.
pub(super) fn publications(lines: &[Line]) -> Vec<DraftPublication> {
    let mut found: Vec<String> = Vec::new();
    for line in lines {
        match found.last_mut() {
            Some(last) if !line.apart && !line.bullet => {
                last.push(' ');
                last.push_str(&line.text);
            }
            _ => found.push(line.text.clone()),
        }
    }
    let of = |text: String| {
        let date = period::find(&text).and_then(|found| found.end.or(found.start));
        worth(&text).then_some(DraftPublication { name: Some(text), publisher: None, release_date: date })
    };
    found.into_iter().filter_map(of).take(MAX).collect()
}

/// Interests, by name.
pub(super) fn interests(lines: &[Line], more: &[String]) -> Vec<DraftGroup> {
    let listed =
        lines.iter().flat_map(|line| if line.is_prose() { vec![line.text.clone()] } else { split(&line.text) });
    let group = |name: String| DraftGroup { name: Some(name), keywords: Vec::new() };
    listed.chain(more.iter().cloned()).filter(|name| worth(name)).take(MAX).map(group).collect()
}
