//! Dates and periods as CVs write them, in several languages.

use crate::cv::brain::text::Folded;
use crate::cv::brain::text::pattern::patterns;
use std::ops::Range;

/// Months by their beginnings, folded.
const MONTHS: &[(&str, u32)] = &[
    ("jan", 1),
    ("ene", 1),
    ("feb", 2),
    ("fev", 2),
    ("fevr", 2),
    ("mar", 3),
    ("mars", 3),
    ("mai", 5),
    ("marz", 3),
    ("apr", 4),
    ("avr", 4),
    ("abr", 4),
    ("may", 5),
    ("juin", 6),
    ("jun", 6),
    ("juil", 7),
    ("jul", 7),
    ("aug", 8),
    ("aou", 8),
    ("ago", 8),
    ("sep", 9),
    ("oct", 10),
    ("okt", 10),
    ("nov", 11),
    ("dec", 12),
    ("dez", 12),
    ("dic", 12),
];

patterns! {
    PERIOD = concat!(
        r"(?:\b(?:from|since|depuis|de|du|von|seit|desde|graduated|graduating|grad\.?|expected(?: graduation)?:?|obtenu en|started|promo(?:tion)?)\s+(?:le\s+|the\s+|in\s+)?)?",
        r"(?P<a>(?:(?:\d{1,2}(?:er|st|nd|rd|th)?\s+)?(?:jan|feb|fev|mar|apr|avr|abr|may|mai|juin|juil|jun|jul|aug|aou|ago|sep|oct|okt|nov|dec|dez|ene|dic)[a-z]*\.?,?\s*(?:\d{1,2},\s*)?'?|(?:summer|spring|fall|autumn|winter|ete|automne|hiver|printemps)\s+(?:of\s+)?|(?:(?:0?[1-9]|[12]\d|3[01])[/.-])?(?:0?[1-9]|1[0-2])(?:\s?[/.]\s?|-)|(?:q[1-4]|s[12]|t[1-4])\s+)?",
        r"(?:(?:19[5-9]|20[0-4])\d|20xx)(?:-(?:0[1-9]|1[0-2])\b)?)",
        r"(?P<rest>\s*(?:-|to\b|until\b|jusqu'(?:a|en)\b|a\b|au\b|bis\b|hasta\b|→|~|/|>)+\s*",
        r"(?P<b>(?:(?:\d{1,2}(?:er|st|nd|rd|th)?\s+)?(?:jan|feb|fev|mar|apr|avr|abr|may|mai|juin|juil|jun|jul|aug|aou|ago|sep|oct|okt|nov|dec|dez|ene|dic)[a-z]*\.?,?\s*(?:\d{1,2},\s*)?'?|(?:summer|spring|fall|autumn|winter|ete|automne|hiver|printemps)\s+(?:of\s+)?|(?:(?:0?[1-9]|[12]\d|3[01])[/.-])?(?:0?[1-9]|1[0-2])(?:\s?[/.]\s?|-))?",
        r"(?:(?:19[5-9]|20[0-4])\d|20xx)(?:-(?:0[1-9]|1[0-2])\b)?|(?:present|current|currently|now|today|ongoing|date|aujourd'?\s?hui|ce jour|maintenant|en cours|actuel(?:lement)?|heute|actualidad|actual|presente)\b)?)?",
    );
    SINCE = r"\b(since|depuis|seit|desde|started)\s";
    YEAR = r"(?:19[5-9]|20[0-4])\d";
    NUMBERED = r"(?:^|[/.-])(0?[1-9]|1[0-2])\s?[/.-]\s?(?:19|20)\d\d";
    ISO = r"^\d{4}-(0[1-9]|1[0-2])$";
    LASTED = r"(?i)\(?\s*\d+\+? ?(?:ans?|mois|years?|months?|yrs?|mos?|jahre?|monate?)\b(?:[, ]*(?:et |and )?\d+ ?(?:mois|months?|mos?|monate?))?\s*\)?";
}

/// A period of time; a date alone has only an end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Period {
    /// `2021`, `2021-03`, or the words themselves where they name no year (`May 20XX`).
    pub start: Option<String>,
    /// The same; none: until now.
    pub end: Option<String>,
    /// It has a beginning and goes on.
    pub ongoing: bool,
    /// Where in the text, in bytes.
    pub at: Range<usize>,
}

/// The first period of a text. Years before 1950 and after 2049 are none.
pub fn find(text: &str) -> Option<Period> {
    let folded = Folded::new(text);
    let groups = PERIOD.groups(&folded.text)?;
    let (whole, a) = (groups.get(0)?, groups.name("a")?);
    // `4.2019` within `1.4.2019`, `12345`: not a date of its own.
    let before = folded.text.get(..whole.start()).and_then(|before| before.chars().next_back());
    // A dash that no second date follows is not a part of the period: what stands after it may be anything.
    let end = if groups.name("b").is_some() { whole.end() } else { a.end() };
    let after = folded.text.get(end..).and_then(|after| after.chars().next());
    if before.is_some_and(|c| c.is_ascii_digit()) || after.is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let source = |range: Range<usize>| text.get(folded.source(range.start, range.end)).unwrap_or("").trim();
    let first = date(a.as_str(), source(a.range()));
    let (rest, b) = (groups.name("rest"), groups.name("b"));
    let since = SINCE.is_in(whole.as_str());
    let mut end = folded.source(whole.start(), whole.end());
    let mut period = match (rest, b) {
        (Some(_), Some(b)) if YEAR.is_in(b.as_str()) || b.as_str().contains("20xx") => {
            Period { start: first, end: date(b.as_str(), source(b.range())), ..Period::default() }
        }
        (Some(_), Some(_)) => Period { start: first, ongoing: true, ..Period::default() },
        // `2022 -` and nothing more; a dash before other words only separates.
        (Some(rest), None) => {
            let ends = folded.text.get(rest.end()..).unwrap_or("").trim().is_empty();
            end = folded.source(whole.start(), if ends { whole.end() } else { rest.start() });
            if ends && rest.as_str().contains('-') || since {
                Period { start: first, ongoing: true, ..Period::default() }
            } else {
                Period { end: first, ..Period::default() }
            }
        }
        _ if since => Period { start: first, ongoing: true, ..Period::default() },
        _ => Period { end: first, ..Period::default() },
    };
    period.at = end;
    Some(period)
}

/// A date's form in a JSON Resume.
fn date(folded: &str, source: &str) -> Option<String> {
    if folded.contains("20xx") {
        return Some(source.trim_matches(|c: char| c == '-' || c.is_whitespace()).to_owned());
    }
    let year = YEAR.find(folded).and_then(|at| folded.get(at))?;
    if ISO.is_in(folded.trim()) {
        return Some(folded.trim().to_owned());
    }
    let month = if let Some(groups) = NUMBERED.groups(folded) {
        groups.get(1).and_then(|month| month.as_str().parse().ok())
    } else {
        let words = folded.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 2);
        let month =
            |word: &str| MONTHS.iter().filter(|(name, _)| word.starts_with(name)).max_by_key(|(name, _)| name.len());
        words.filter_map(month).map(|(_, n)| *n).next()
    };
    Some(month.map_or_else(|| year.to_owned(), |month: u32| format!("{year}-{month:02}")))
}

/// The text without a period, and what parted it from the rest.
pub fn without(text: &str, period: &Period) -> (String, String) {
    let trim = |part: &str| {
        part.trim_matches(|c: char| {
            c.is_whitespace()
                || matches!(c, '|' | '·' | '•' | ',' | '-' | '–' | '—' | '(' | ')' | ':' | '[' | ']' | '●')
        })
        .to_owned()
    };
    // A bracket that the text opens itself is kept.
    let (before, after) = (text.get(..period.at.start).unwrap_or(""), text.get(period.at.end..).unwrap_or(""));
    let (mut head, mut tail) = (trim(before), trim(after));
    for part in [&mut head, &mut tail] {
        // `(3 years 2 months)`: the period says it already.
        if let Some(at) = LASTED.find(part) {
            part.replace_range(at, "");
            *part = trim(part);
        }
        if part.matches('(').count() > part.matches(')').count() {
            part.push(')');
        }
    }
    (head, tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (Option<String>, Option<String>, bool) {
        find(text).map_or((None, None, false), |p| (p.start, p.end, p.ongoing))
    }

    #[test]
    fn periods_of_many_forms() {
        assert!(PERIOD.works() && SINCE.works() && YEAR.works() && NUMBERED.works() && ISO.works());
        for (text, start, end, ongoing) in [
            ("Sep. 2023 - Mar. 2024", Some("2023-09"), Some("2024-03"), false),
            ("Mar 2021 - Present", Some("2021-03"), None, true),
            ("Déc. 2023 — Aujourd’hui", Some("2023-12"), None, true),
            ("Juil. 2023—Nov. 2023", Some("2023-07"), Some("2023-11"), false),
            ("04/2021 - Present Austin, TX", Some("2021-04"), None, true),
            ("2021—2022 Co-fondateur", Some("2021"), Some("2022"), false),
            ("de septembre 2018 à août 2020", Some("2018-09"), Some("2020-08"), false),
            ("Depuis mars 2021", Some("2021-03"), None, true),
            ("Summer 2022", None, Some("2022"), false),
            ("Graduated 1995", None, Some("1995"), false),
            ("2022 -", Some("2022"), None, true),
            ("Du 01/09/2019 au 31/08/2021", Some("2019-09"), Some("2021-08"), false),
            ("1er septembre 2019 - 15 mars 2020", Some("2019-09"), Some("2020-03"), false),
            ("[ 09/2019 – Current ]", Some("2019-09"), None, true),
            ("2019-2021", Some("2019"), Some("2021"), false),
            ("2022-03 – 2023-11", Some("2022-03"), Some("2023-11"), false),
            ("January 20XX - Current", Some("January 20XX"), None, true),
            ("Expected Graduation: June 2016", None, Some("2016-06"), false),
            ("handling 50M requests", None, None, false),
            ("US-0000000 and 120195 people", None, None, false),
        ] {
            let expected = (start.map(str::to_owned), end.map(str::to_owned), ongoing);
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
