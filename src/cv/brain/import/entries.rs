//! Experiences: where each begins, which part of its head is the title, the employer, the place, the period.

use super::document::Line;
use super::period::{self, Period};
use super::{companies, is_place, titles};
use crate::cv::brain::draft::DraftWork;

/// Entries of a section.
const ENTRIES_MAX: usize = 100;
/// Lines above a period that belong to the same head.
const HEAD_LINES: usize = 2;

/// Where an entry's head is.
struct Anchor {
    /// The first line of the head.
    from: usize,
    /// The line with the period.
    at: usize,
    /// The line after the head.
    to: usize,
    period: Period,
}

/// The entries of lines that are about work of any kind.
pub(super) fn entries(lines: &[Line]) -> Vec<DraftWork> {
    let anchors = anchors(lines);
    let mut found = Vec::new();
    for (index, anchor) in anchors.iter().take(ENTRIES_MAX).enumerate() {
        let end = anchors.get(index + 1).map_or(lines.len(), |next| next.from);
        let (head, said) = head(lines, anchor);
        let mut entry = assigned(&head, &anchor.period);
        let body = lines.get(anchor.to..end).unwrap_or_default();
        (entry.summary, entry.highlights) = texts(said, body);
        found.push(entry);
    }
    found
}

/// The period of a line that may be an entry's head.
fn head_period(line: &Line) -> Option<Period> {
    if line.bullet {
        return None;
    }
    let found = period::find(&line.text)?;
    let (before, after) = period::without(&line.text, &found);
    let bracket = line.text.get(..found.at.start).is_some_and(|text| text.trim_end().ends_with('('));
    // A sentence that happens to name a year is none; what follows a bracket may be the first sentence of the body.
    let short =
        |text: &str| text.chars().count() <= 110 && !(text.ends_with('.') && text.split_whitespace().count() > 9);
    let is = if found.start.is_some() {
        short(&before) && (bracket || short(&after))
    } else {
        // A lone date: at the end or the beginning of a line, beside little else.
        let edge = before.is_empty() || after.is_empty();
        edge && before.split_whitespace().count() <= 9 && after.split_whitespace().count() <= 12 && !line.is_prose()
    };
    is.then_some(found)
}

fn anchors(lines: &[Line]) -> Vec<Anchor> {
    let mut found: Vec<Anchor> = Vec::new();
    let mut free = 0;
    for (at, line) in lines.iter().enumerate() {
        if at < free {
            continue;
        }
        let Some(period) = head_period(line) else { continue };
        let (before, after) = period::without(&line.text, &period);
        let mut from = at;
        let rest = if before.is_empty() { &after } else { &before };
        // A head that names title and employer with its period needs no line above.
        let whole = rest.contains([',', '|']) && titles(rest) > 0 && !is_place(rest);
        let most = if whole && period.at.start == 0 { 0 } else { HEAD_LINES };
        while from > free && at - from < most && !lines.get(from).is_some_and(|line| line.apart && from < at) {
            let Some(above) = lines.get(from - 1) else { break };
            // The line right above may stand apart from its period (two columns); a sentence or an item never is a head.
            if above.bullet || above.is_prose() || above.text.ends_with([':', ';']) || head_period(above).is_some() {
                break;
            }
            if lines.get(from).is_some_and(|line| line.apart) && !(before.is_empty() && from == at) {
                break;
            }
            from -= 1;
        }
        let mut to = at + 1;
        // `Employer  period` with the title below it.
        if from == at
            && !whole
            && !before.is_empty()
            && lines.get(to).is_some_and(|next| {
                !next.bullet
                    && !next.apart
                    && !next.is_prose()
                    && head_period(next).is_none()
                    && next.text.chars().count() <= 90
            })
        {
            to += 1;
        }
        if from == at && before.is_empty() && after.is_empty() {
            // A period above its head (`Sep 2020 - May 2022` / `Title, Employer`).
            while to < lines.len()
                && to - at <= HEAD_LINES
                && lines.get(to).is_some_and(|next| {
                    let parted = next.apart && to > at + 1;
                    !(next.bullet || parted || next.is_prose() || head_period(next).is_some())
                })
            {
                to += 1;
            }
        }
        // The place on a line of its own below the period.
        if lines.get(to).is_some_and(|next| !next.bullet && !next.apart && is_place(&next.text)) {
            to += 1;
        }
        free = to;
        found.push(Anchor { from, at, to, period });
    }
    // A lone date within somebody's list of results is no head of its own when periods are the rule.
    let ranged = found.iter().filter(|anchor| anchor.period.start.is_some()).count();
    if ranged * 2 > found.len() {
        found.retain(|anchor| {
            anchor.period.start.is_some()
                || anchor.from < anchor.at
                || anchor.to > anchor.at + 1
                || titles(&lines[anchor.at].text) > 0
        });
    }
    found
}

/// The parts of a head, line by line, and the sentence that began on the line of the period.
fn head(lines: &[Line], anchor: &Anchor) -> (Vec<Vec<String>>, Option<String>) {
    let mut said = None;
    let mut head = Vec::new();
    for at in anchor.from..anchor.to {
        let Some(line) = lines.get(at) else { continue };
        let mut parts: Vec<String> = Vec::new();
        if at == anchor.at {
            let (before, after) = period::without(&line.text, &anchor.period);
            for part in [before, after] {
                if part.split_whitespace().count() > 3 && part.ends_with('.') && !parts.is_empty() {
                    said = Some(part);
                } else {
                    parts.extend(units(&part));
                }
            }
        } else {
            parts.extend(units(&line.text));
        }
        if !parts.is_empty() {
            head.push(parts);
        }
    }
    (head, said)
}

/// A line's parts between its strong separators.
fn units(text: &str) -> Vec<String> {
    let mut marked = text.to_owned();
    for separator in ["  ", " | ", "| ", " |", " · ", " • ", " – ", " — ", " - ", " @ ", " chez ", " at "] {
        marked = marked.replace(separator, "\u{1}");
    }
    let clean = |part: &str| part.trim_matches(|c: char| c.is_whitespace() || ",;:|·•–—-".contains(c)).to_owned();
    marked.split('\u{1}').map(clean).filter(|part| part.chars().any(char::is_alphanumeric)).collect()
}

/// How much of a title a text is, against how much of an employer.
fn title_share(text: &str) -> f64 {
    let words = text.split_whitespace().count().max(1);
    #[allow(clippy::cast_precision_loss)]
    let share = (titles(text) as f64 - 1.5 * companies(text) as f64) / words as f64;
    share
}

fn some(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || ",;|·•".contains(c));
    (!text.is_empty()).then(|| text.to_owned())
}

/// `…, Portland, OR`: the place at the end of a part, and what is before it.
pub(super) fn placed(text: &str) -> (String, Option<String>) {
    let text = text.trim();
    let without_mode = text.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    if let Some((before, inner)) = without_mode
        && is_place(inner)
    {
        let (rest, place) = placed(before);
        return (rest, Some(place.map_or_else(|| inner.to_owned(), |place| format!("{place} ({inner})"))));
    }
    // The last two parts, then the last one.
    for separator in [", ", ". "] {
        let mut cuts: Vec<usize> = text.match_indices(separator).map(|(at, _)| at).collect();
        cuts.reverse();
        for at in cuts.iter().take(2).rev() {
            let (before, after) = (text.get(..*at).unwrap_or(""), text.get(at + separator.len()..).unwrap_or(""));
            if !before.is_empty() && is_place(after) {
                return (before.to_owned(), Some(after.to_owned()));
            }
        }
    }
    (text.to_owned(), None)
}

fn assigned(head: &[Vec<String>], period: &Period) -> DraftWork {
    let mut entry =
        DraftWork { start_date: period.start.clone(), end_date: period.end.clone(), ..DraftWork::default() };
    if period.start.is_none() && period.end.is_some() && !period.ongoing {
        // A date alone: the work is known to have been then.
        entry.start_date.clone_from(&period.end);
    }
    let mut units: Vec<(usize, String)> = Vec::new();
    for (line, parts) in head.iter().enumerate() {
        for part in parts {
            if is_place(part) {
                entry.location.get_or_insert_with(|| part.clone());
                continue;
            }
            units.push((line, part.clone()));
        }
    }
    match &units[..] {
        [] => {}
        [(_, one)] => alone(&mut entry, one),
        _ => several(&mut entry, &units, head.len()),
    }
    entry
}

/// Title and employer in one part, by commas.
fn alone(entry: &mut DraftWork, text: &str) {
    let (rest, place) = placed(text);
    entry.location = entry.location.take().or(place);
    let parts: Vec<&str> = split_commas(&rest);
    if let [one] = parts[..] {
        let field = if titles(one) > 0 && companies(one) == 0 { &mut entry.position } else { &mut entry.name };
        *field = some(one);
        return;
    }
    let best = parts
        .iter()
        .enumerate()
        .max_by(|a, b| title_share(a.1).total_cmp(&title_share(b.1)).then(b.0.cmp(&a.0)))
        .map_or(0, |(at, _)| at);
    entry.position = parts.get(best).and_then(|part| some(part));
    let others: Vec<&str> = parts.iter().enumerate().filter(|(at, _)| *at != best).map(|(_, part)| *part).collect();
    let (first, more) = others.split_first().map_or(("", &[][..]), |(first, more)| (*first, more));
    // A suffix of a name is no part of its own (`Omnious, Co., Ltd.`), nor is a group's house (`Zero Emission, EPFL`).
    entry.name = some(&if more.is_empty() { first.to_owned() } else { format!("{first}, {}", more.join(", ")) });
}

fn split_commas(text: &str) -> Vec<&str> {
    text.split(", ").flat_map(|part| part.split(" , ")).map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn several(entry: &mut DraftWork, units: &[(usize, String)], lines: usize) {
    let mut share: Vec<f64> = units.iter().map(|(_, unit)| title_share(unit)).collect();
    // Where nothing tells, the first line of two is the employer when the place stands beside it or the period does not.
    if share.iter().all(|share| *share <= 0.0) && lines >= 2 {
        let last = units.last().map_or(0, |(line, _)| *line);
        for (share, (line, _)) in share.iter_mut().zip(units) {
            *share += if *line == last && entry.location.is_some() { 0.1 } else { 0.0 };
        }
    }
    let best = share.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0))).map_or(0, |(at, _)| at);
    let (title, place) = placed(units.get(best).map_or("", |(_, unit)| unit));
    entry.position = some(&title);
    entry.location = entry.location.take().or(place);
    let title_line = units.get(best).map_or(0, |(line, _)| *line);
    // The employer: on another line first, then on the same.
    let mut others: Vec<&(usize, String)> =
        units.iter().enumerate().filter(|(at, _)| *at != best).map(|(_, unit)| unit).collect();
    others.sort_by_key(|(line, _)| usize::from(*line == title_line));
    if let Some((line, name)) = others.first() {
        let (name, place) = placed(name);
        entry.location = entry.location.take().or(place);
        entry.name = some(&name);
        // What stands beside the title is a part of it (`Engineer - Payments`), unless it is the employer.
        let beside: Vec<&str> = others
            .iter()
            .skip(1)
            .filter(|(other, _)| *other == title_line && *line != title_line)
            .map(|(_, unit)| unit.as_str())
            .collect();
        if let (Some(position), false) = (&mut entry.position, beside.is_empty()) {
            *position = format!("{position} - {}", beside.join(" - "));
        }
    }
}

/// The body of an entry: items are highlights; prose above them is the summary; prose alone in several lines is items.
pub(super) fn texts(said: Option<String>, body: &[Line]) -> (Option<String>, Vec<String>) {
    let mut prose: Vec<String> = said.into_iter().collect();
    let mut items: Vec<String> = Vec::new();
    for line in body {
        let text = line.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let goes_on = text.starts_with(char::is_lowercase) && !line.apart && !line.bullet;
        if line.bullet {
            items.push(text);
        } else if let (true, Some(last)) = (goes_on, items.last_mut().or(prose.last_mut())) {
            last.push(' ');
            last.push_str(&text);
        } else if items.is_empty() || line.is_prose() && line.apart {
            prose.push(text);
        } else {
            items.push(text);
        }
    }
    if items.is_empty() && prose.len() > 1 {
        return (None, prose);
    }
    let summary = prose.join(" ");
    ((!summary.is_empty()).then_some(summary), items)
}
