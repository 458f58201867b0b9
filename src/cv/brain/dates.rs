//! Dates of CVs: years, months or days, in the order of ISO or of a form; spans that end before they begin count nothing.

use super::view::Entry;

/// A month, counted from the year 0.
pub(super) type Month = i32;

/// `2021`, `2021-03`, `2021-03-14`, `03/2021`; `None` for what names no year between 1900 and 2199.
pub(super) fn month(text: &str, end: bool) -> Option<Month> {
    let numbers: Vec<(usize, i32)> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty() && part.len() <= 4)
        .filter_map(|part| Some((part.len(), part.parse().ok()?)))
        .take(3)
        .collect();
    let at = numbers.iter().position(|(len, number)| *len == 4 && (1900..2200).contains(number))?;
    let (_, year) = *numbers.get(at)?;
    // ISO: what follows the year; else what stands right before it.
    let beside = if at == 0 { numbers.get(1) } else { numbers.get(at - 1) };
    let month = beside.map(|(_, number)| *number).filter(|number| (1..=12).contains(number));
    Some(year * 12 + month.map_or(if end { 11 } else { 0 }, |month| month - 1))
}

/// A span of months, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The first month.
    pub(super) from: Month,
    /// The last month.
    pub(super) to: Month,
    /// It has no end.
    pub(super) ongoing: bool,
}

/// The span of an entry; `None` where it has no beginning, or ends before it begins, or lies ahead.
pub(super) fn span(entry: Entry<'_>, today: Month) -> Option<Span> {
    let from = month(entry.text(&["startDate", "start"]), false)?;
    let written = entry.text(&["endDate", "end"]);
    let end = month(written, true);
    let to = end.unwrap_or(today).min(today);
    (from <= to).then_some(Span { from, to, ongoing: end.is_none() })
}

/// The months that spans cover together: what overlaps counts once.
pub(super) fn months(spans: impl IntoIterator<Item = Span>) -> i32 {
    let mut spans: Vec<Span> = spans.into_iter().collect();
    spans.sort_by_key(|span| (span.from, span.to));
    let (mut total, mut covered) = (0, i32::MIN);
    for span in spans {
        let from = span.from.max(covered.saturating_add(1));
        if span.to >= from {
            total += span.to - from + 1;
            covered = span.to;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dates_of_many_forms() {
        for (text, expected) in [
            ("2021", Some(2021 * 12)),
            ("2021-03", Some(2021 * 12 + 2)),
            ("2021-03-14", Some(2021 * 12 + 2)),
            ("03/2021", Some(2021 * 12 + 2)),
            ("14.03.2021", Some(2021 * 12 + 2)),
            ("mars 2021", Some(2021 * 12)),
            ("Present", None),
            ("", None),
            ("99999999999999", None),
        ] {
            assert_eq!(month(text, false), expected, "{text}");
        }
    }

    #[test]
    fn overlapping_and_reversed_spans() {
        let today = 2026 * 12;
        let of = |start: &str, end: &str| {
            span(Entry { index: 0, value: &json!({"startDate": start, "endDate": end}) }, today)
        };
        assert_eq!(of("2025-05", "2024-10"), None);
        let spans = [of("2020-01", "2020-12"), of("2020-06", "2021-06"), of("2022", "2022")];
        assert_eq!(months(spans.into_iter().flatten()), 18 + 12);
    }
}
