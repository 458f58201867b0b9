//! The text of a PDF as lines in sections: what every page repeats is taken away, what a page break tore apart is joined.

use super::headings::{self, Section};
use super::period;
use crate::cv::brain::text::fold;
use crate::cv::brain::text::pattern::patterns;
use std::collections::HashMap;

/// Lines that are read.
const LINES_MAX: usize = 4_000;
/// Longest line that may be a part of an entry's head, characters.
pub(super) const HEAD_CHARS_MAX: usize = 120;

patterns! {
    FURNITURE = r"^[(\[]?\s?(page|seite|pagina)?\s?\d{1,2}(\s?(/|of|sur|von|de|\|)\s?\d{1,2})?\s?[)\]]?$|^last updated|^derniere mise a jour|^(page|seite) \d";
}

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Its text; parts that stand apart have two spaces between them.
    pub(super) text: String,
    /// An item of a list.
    pub(super) bullet: bool,
    /// After a blank line.
    pub(super) apart: bool,
}

impl Line {
    /// Whether it reads like a sentence rather than like a name, a title or a place.
    pub(super) fn is_prose(&self) -> bool {
        let chars = self.text.chars().count();
        let words = self.text.split_whitespace().count();
        let ends = self.text.ends_with('.') && !ends_with_abbreviation(&self.text);
        let small = self.text.chars().next().is_some_and(char::is_lowercase);
        chars > HEAD_CHARS_MAX || ends && words > 4 || small && words > 2 || words > 14
    }
}

fn ends_with_abbreviation(text: &str) -> bool {
    let last = text.split_whitespace().next_back().unwrap_or("");
    [
        "Inc.", "Ltd.", "Corp.", "Co.", "Ltd.,", "S.A.", "S.A.S.", "Jr.", "Sr.", "Dept.", "Univ.", "etc.", "U.S.",
        "B.V.", "Bros.",
    ]
    .contains(&last)
}

/// The lines of each section, in the order of the text. A section may come more than once.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    pub(super) parts: Vec<(Section, Vec<Line>)>,
}

impl Document {
    /// Reads a text.
    pub(super) fn read(text: &str) -> Self {
        let mut parts: Vec<(Section, Vec<Line>)> = vec![(Section::Header, Vec::new())];
        let lines = joined(lines(text));
        // Where headings are written in capitals, another line that looks like one is none ("Leadership" of "STRENGTHS").
        let headings = lines.iter().filter(|line| !line.bullet && headings::section(&line.text).is_some());
        let (capital, small): (Vec<&Line>, Vec<&Line>) = headings.partition(|line| is_upper(&line.text));
        let capitals = capital.len() >= 3 && capital.len() > small.len();
        for line in lines {
            let now = parts.last().map_or(Section::Header, |(section, _)| *section);
            if !line.bullet {
                if let Some(section) = headings::section(&line.text)
                    .filter(|section| (!capitals || is_upper(&line.text)) && begins(*section, now, &line))
                {
                    parts.push((section, Vec::new()));
                    continue;
                }
                if !matches!(now, Section::Skills | Section::Education | Section::Work)
                    && let Some((section, rest)) = headings::inline(&line.text)
                {
                    let text = rest.to_owned();
                    parts.push((section, vec![Line { text, ..Line::default() }]));
                    continue;
                }
            }
            if let Some((_, lines)) = parts.last_mut() {
                lines.push(line);
            }
        }
        let mut document = Self { parts };
        document.give_back();
        document.find_career();
        document
    }

    /// All lines of a section.
    pub(super) fn of(&self, section: Section) -> Vec<Line> {
        let mut found: Vec<Line> = Vec::new();
        for (_, lines) in self.parts.iter().filter(|(own, _)| *own == section) {
            found.extend(lines.iter().cloned());
        }
        found
    }

    /// A column beside the career ends on a page, and the career goes on on the next: lines with periods in a section
    /// that has none belong to the career, from the first of them on.
    fn give_back(&mut self) {
        let has_work = self.parts.iter().any(|(section, lines)| *section == Section::Work && !lines.is_empty());
        if !has_work {
            return;
        }
        let mut moved: Vec<(usize, Vec<Line>)> = Vec::new();
        for (at, (section, lines)) in self.parts.iter_mut().enumerate() {
            if !matches!(
                section,
                Section::Other
                    | Section::Skills
                    | Section::Interests
                    | Section::Languages
                    | Section::Contact
                    | Section::Summary
            ) {
                continue;
            }
            let from = lines.iter().position(|line| !line.bullet && is_whole_period(&line.text));
            if let Some(from) = from {
                let head = (0..from).rev().take(2).take_while(|at| {
                    lines.get(*at).is_some_and(|line| !line.bullet && !line.is_prose())
                        && !lines.get(at + 1).is_some_and(|next| next.apart)
                });
                let from = head.last().unwrap_or(from);
                moved.push((at, lines.split_off(from)));
            }
        }
        for (at, lines) in moved.into_iter().rev() {
            self.parts.insert(at + 1, (Section::Work, lines));
        }
    }

    /// A CV without a heading above the career: it begins where the first period stands beside a job's title.
    fn find_career(&mut self) {
        if self.parts.iter().any(|(section, lines)| *section == Section::Work && !lines.is_empty()) {
            return;
        }
        for at in 0..self.parts.len() {
            let Some((section, lines)) = self.parts.get_mut(at) else { continue };
            if !matches!(section, Section::Header | Section::Summary | Section::Other) {
                continue;
            }
            let found = lines.iter().position(|line| {
                !line.bullet
                    && period::find(&line.text).is_some_and(|period| period.start.is_some())
                    && (super::titles(&line.text) > 0 || is_whole_period(&line.text))
            });
            let Some(mut from) = found else { continue };
            while from > 0
                && !lines.get(from).is_some_and(|line| line.apart)
                && lines.get(from - 1).is_some_and(|line| !line.bullet && !line.is_prose())
            {
                from -= 1;
            }
            let career = lines.split_off(from);
            self.parts.insert(at + 1, (Section::Work, career));
            return;
        }
    }
}

fn is_upper(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase)
}

/// Whether a heading begins its section here: a word like "Programming" within a list of skills does not.
fn begins(section: Section, now: Section, line: &Line) -> bool {
    let upper = is_upper(&line.text);
    let inner = match now {
        Section::Skills => section == Section::Skills && !line.apart,
        // "Research", "Teaching", "Training" are words of titles too.
        Section::Work | Section::Volunteer | Section::Education => {
            !line.apart && !upper && line.text.split_whitespace().count() == 1 && section == Section::Other
        }
        _ => false,
    };
    !inner
}

/// A line that is nothing but a period and, maybe, a place.
fn is_whole_period(text: &str) -> bool {
    period::find(text).is_some_and(|found| {
        let (before, after) = period::without(text, &found);
        (found.start.is_some()) && before.is_empty() && after.chars().count() < 40
    })
}

fn lines(text: &str) -> Vec<Line> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let bare = |line: &str| fold(line).chars().filter(|c| !c.is_ascii_digit()).collect::<String>().trim().to_owned();
    for line in text.lines().filter(|line| line.trim().len() > 3) {
        *counts.entry(bare(line)).or_default() += 1;
    }
    // What stands on every page: repeated, with a number that counts.
    let repeats = |line: &str| {
        let has_number = line.trim_end().ends_with(|c: char| c.is_ascii_digit());
        has_number
            && line.len() > 8
            && counts.get(&bare(line)).is_some_and(|count| *count > 1)
            && period::find(line).is_none_or(|found| found.start.is_none())
            && line.contains("  ")
    };
    let mut out: Vec<Line> = Vec::new();
    let mut apart = true;
    for line in text.lines().take(LINES_MAX) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            apart = true;
            continue;
        }
        if FURNITURE.is_in(fold(trimmed).trim()) || repeats(trimmed) {
            continue;
        }
        let (text, bullet) = trimmed.strip_prefix("- ").map_or((trimmed, false), |rest| (rest, true));
        let text = without_icons(text);
        if text.chars().any(char::is_alphanumeric) {
            out.push(Line { text, bullet, apart });
            apart = false;
        }
    }
    out
}

/// Signs of icon fonts and pictographs say nothing.
fn without_icons(text: &str) -> String {
    let kept =
        |c: &char| !matches!(u32::from(*c), 0xe000..=0xf8ff | 0x1f000..=0x1faff | 0x2600..=0x27bf | 0xfffd | 0xfe0f);
    text.chars().filter(kept).collect::<String>().trim().to_owned()
}

/// `Déc. 2023 — Développeur` above `Aujourd'hui  Mené …`: the period stands in a column of its own, on two lines.
fn joined(lines: Vec<Line>) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    for mut line in lines {
        if let Some(before) = out.last_mut()
            && let Some(open) = opened(&before.text)
            && let Some((end, rest)) = closing(&line.text)
        {
            let (head, tail) = before.text.split_at(open);
            let tail = tail.trim_start_matches(|c: char| c.is_whitespace() || "—–-".contains(c));
            before.text =
                format!("{} — {end}  {tail}", head.trim_end_matches(|c: char| c.is_whitespace() || "—–-".contains(c)));
            line.text = rest.to_owned();
            if line.text.is_empty() {
                continue;
            }
        }
        out.push(line);
    }
    out
}

/// Where a date ends that begins a line and has a dash after it.
fn opened(text: &str) -> Option<usize> {
    let found = period::find(text).filter(|found| found.at.start == 0 && found.start.is_none() && !found.ongoing)?;
    let rest = text.get(found.at.end..)?.trim_start();
    rest.starts_with(['—', '–', '-']).then_some(found.at.end)
}

/// The end of a period at the beginning of a line, and the rest.
fn closing(text: &str) -> Option<(&str, &str)> {
    let first = text.split("  ").next()?.trim();
    let folded = fold(first);
    if ["aujourd'hui", "present", "en cours", "ce jour", "now", "today", "heute", "current"].contains(&folded.as_str())
    {
        return Some((first, text.get(first.len()..)?.trim_start()));
    }
    let found = period::find(text).filter(|found| found.at.start == 0 && found.start.is_none())?;
    let rest = text.get(found.at.end..)?;
    // A period that begins here is another one.
    (!rest.trim_start().starts_with(['—', '–', '-']))
        .then(|| (text.get(..found.at.end).unwrap_or(""), rest.trim_start()))
}
