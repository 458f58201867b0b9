//! Who a CV is of: name, headline, place, summary.

use super::document::{Document, Line};
use super::headings::{self, Section};
use super::{is_place, titles};
use crate::cv::brain::draft::{DraftBasics, DraftPlace};
use crate::cv::brain::text::fold;
use crate::cv::brain::text::pattern::patterns;

/// Lines in which a name is looked for.
const NAME_LINES: usize = 40;
/// Words of a name.
const NAME_WORDS: usize = 5;

patterns! {
    DOCUMENT = r"\b(curriculum|vitae|resume|cv|sample|template|lebenslauf|exemple|portfolio|page)\b";
    POSTAL = r"\b(\d{5}(?:-\d{4})?|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]{1,2}\d{1,2} ?\d[A-Z]{2})\b";
    STREET = r"(?i)^\d{1,5},? ?(?:bis|ter)?,? |\b(street|st\.|avenue|ave\.?|road|rd\.?|way|lane|drive|boulevard|bd|rue|allee|chemin|place|impasse|quai|strasse|str\.)\b";
}

/// What the lines tell about the person. `email`: the part before the @ of their address, where it is known.
pub(super) fn basics(document: &Document, email: Option<&str>) -> DraftBasics {
    let header = document.of(Section::Header);
    let mut basics = DraftBasics::default();
    let (name, after) = name(document, &header, email);
    basics.name = name;
    let rest = header.get(after..).unwrap_or_default();
    let contact = document.of(Section::Contact);
    for line in header.iter().chain(&contact) {
        for cell in line.text.split(['|', '•', '·']).flat_map(|part| part.split("  ")) {
            place(&mut basics.location, cell.trim());
        }
    }
    let is_label = |line: &&Line| {
        let text = line.text.trim();
        let words = text.split_whitespace().count();
        words <= 14
            && !is_place(text)
            && !STREET.is_in(text)
            && !text.starts_with(['“', '"', '«'])
            && (titles(text) > 0 || (2..=6).contains(&words) && !line.apart && super::companies(text) == 0)
            && !text.contains([':', '|'])
            && text.chars().filter(|c| c.is_ascii_digit()).count() < 3
    };
    basics.label = rest
        .iter()
        .take(4)
        .find(|line| titles(&line.text) > 0 && is_label(line))
        .or_else(|| rest.iter().take(1).find(is_label))
        .map(|line| line.text.split("  ").next().unwrap_or("").trim().to_owned());
    let summary: Vec<String> = document.of(Section::Summary).into_iter().map(|line| line.text).collect();
    let prose = || {
        rest.iter()
            .filter(|line| line.is_prose() && line.text.chars().count() > 60)
            .map(|line| line.text.clone())
            .collect::<Vec<_>>()
    };
    let summary = if summary.is_empty() { prose() } else { summary }.join(" ");
    basics.summary = (!summary.is_empty()).then(|| summary.split_whitespace().collect::<Vec<_>>().join(" "));
    basics
}

fn looks_like_a_name(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let capital = |word: &&str| {
        word.chars().next().is_some_and(|c| c.is_uppercase() || !c.is_alphabetic())
            || ["de", "du", "van", "von", "der", "la", "le", "da", "dos", "del", "bin", "el", "di"].contains(word)
    };
    !words.is_empty()
        && words.len() <= NAME_WORDS
        && text.chars().any(char::is_alphabetic)
        && text.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '’' | '.' | ',' | '·'))
        && words.iter().all(capital)
        && !DOCUMENT.is_in(&fold(text))
        && headings::section(text).is_none()
        && !is_place(text)
}

/// How much of a name an e-mail address repeats.
fn repeated(name: &str, email: &str) -> usize {
    let email = fold(email);
    fold(name).split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 2 && email.contains(word)).count()
}

/// The name, and how many lines of the header are read with it.
fn name(document: &Document, header: &[Line], email: Option<&str>) -> (Option<String>, usize) {
    let first = |line: &Line| {
        line.text
            .split("  ")
            .flat_map(|cell| cell.split('|'))
            .next()
            .unwrap_or("")
            .trim()
            .trim_end_matches(',')
            .to_owned()
    };
    if let Some(email) = email {
        let all = document.parts.iter().flat_map(|(_, lines)| lines).take(NAME_LINES);
        let best = all
            .map(first)
            .filter(|text| looks_like_a_name(text) && text.split(' ').count() > 1)
            .map(|text| (repeated(&text, email), text))
            .filter(|(count, _)| *count > 0)
            .reduce(|best, other| if other.0 > best.0 { other } else { best });
        if let Some((_, name)) = best {
            let at = header.iter().position(|line| first(line) == name).map_or(0, |at| at + 1);
            return (Some(name), at);
        }
    }
    for (at, line) in header.iter().enumerate().take(8) {
        let text = first(line);
        let words = text.split(' ').count();
        if line.bullet || !looks_like_a_name(&text) || titles(&text) * if at == 0 { 2 } else { words } > words {
            continue;
        }
        // First and last name on a line each.
        if !text.contains(' ')
            && let Some(next) = header.get(at + 1)
        {
            let more = first(next);
            if looks_like_a_name(&more) && !more.contains(' ') && titles(&more) == 0 && !next.apart {
                return (Some(format!("{text} {more}")), at + 2);
            }
        }
        return (Some(text), at + 1);
    }
    (None, 0)
}

fn place(location: &mut DraftPlace, cell: &str) {
    if cell.is_empty() || location.city.is_some() || cell.split_whitespace().count() > 9 {
        return;
    }
    let postal = POSTAL.find(cell);
    let street = STREET.is_in(cell);
    if !(is_place(cell) || postal.is_some() && cell.contains(char::is_alphabetic) || street && cell.contains(',')) {
        return;
    }
    let mut text = cell.to_owned();
    if let Some(at) = postal {
        location.postal_code = text.get(at.clone()).map(str::to_owned);
        text.replace_range(at, "");
    }
    let mut parts: Vec<String> =
        text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    if street && parts.len() > 1 {
        location.address = Some(parts.remove(0));
    }
    let mut parts = parts.into_iter();
    location.city = parts.next();
    location.region = parts.next();
}
