//! What is read first: finds columns and puts the segments of a page into blocks in reading order.

use super::lines::Segment;

/// A gutter is at least so wide, in font sizes.
const GUTTER: f64 = 0.9;
/// A column has at least so many lines.
const LINES_MIN: usize = 4;
/// Each column holds at least this share of the characters: dates beside jobs are no column.
const SHARE_MIN: f64 = 0.17;
/// Lines that begin within so many points of each other begin at one place, and this share of a column's lines does.
const ALIGNED: f64 = 4.0;
const ALIGNED_SHARE: f64 = 0.3;
/// Longest period of time, characters: `September 2019 – December 2021`.
const DATE_CHARS_MAX: usize = 32;
/// Baselines closer than this, in font sizes, are one row.
const SAME_ROW: f64 = 0.35;
/// Baselines further apart than this, in font sizes, have a blank line between them.
const BLANK_LINE: f64 = 1.75;
/// Splits inside splits; no page has more.
const DEPTH_MAX: usize = 6;
/// Places for a gutter that are tried per block.
const CANDIDATES_MAX: usize = 200;

/// A row: the segments on one baseline, from left to right.
pub(super) type Row = Vec<Segment>;

/// Rows that are read one after the other.
pub(super) type Block = Vec<Row>;

/// Puts segments into blocks in reading order.
pub(super) fn order(mut segments: Vec<Segment>) -> Vec<Block> {
    segments.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.left.total_cmp(&b.left)));
    let mut blocks = Vec::new();
    cut(segments, DEPTH_MAX, &mut blocks);
    blocks
}

fn cut(segments: Vec<Segment>, depth: usize, blocks: &mut Vec<Block>) {
    if segments.is_empty() {
        return;
    }
    let rows = rows(segments);
    let split = depth.checked_sub(1).and_then(|depth| Some((depth, gutter(&rows)?)));
    let Some((depth, Gutter { at, from, to })) = split else {
        blocks.push(rows);
        return;
    };
    let mut rows = rows.into_iter();
    let above: Vec<Segment> = rows.by_ref().take(from).flatten().collect();
    let (left, right): (Vec<Segment>, Vec<Segment>) =
        rows.by_ref().take(to - from).flatten().partition(|s| s.right <= at);
    let below: Vec<Segment> = rows.flatten().collect();
    for part in [above, left, right, below] {
        cut(part, depth, blocks);
    }
}

fn rows(segments: Vec<Segment>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for segment in segments {
        let same = |row: &Row| {
            row.first().is_some_and(|first| (segment.y - first.y).abs() <= SAME_ROW * first.size.min(segment.size))
        };
        match rows.last_mut() {
            Some(row) if same(row) => row.push(segment),
            _ => rows.push(vec![segment]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.left.total_cmp(&b.left));
    }
    rows
}

/// A vertical strip without text between rows `from` and `to` (exclusive).
struct Gutter {
    at: f64,
    from: usize,
    to: usize,
}

/// The gutter that the most rows leave free, if there is one with a real column on both sides.
fn gutter(rows: &[Row]) -> Option<Gutter> {
    let mut places: Vec<f64> = rows.iter().flatten().map(|segment| segment.left - 0.5).collect();
    places.sort_by(f64::total_cmp);
    places.dedup_by(|a, b| (*a - *b).abs() < 2.0);
    places.truncate(CANDIDATES_MAX);
    let mut best: Option<Gutter> = None;
    for at in places {
        let mut from = 0;
        while from < rows.len() {
            let run = rows[from..].iter().take_while(|row| leaves_free(row, at)).count();
            let end = from + run;
            let to = trimmed(rows, from, end, at);
            let longer = best.as_ref().is_none_or(|best| to - from > best.to - best.from);
            if longer && are_columns(&rows[from..to], at) {
                best = Some(Gutter { at, from, to });
            }
            from = end + 1;
        }
    }
    best
}

/// Where a run of rows ends as columns. If a row across both ends it, one-sided rows before that row and after a blank
/// line (a heading, say) belong to it rather than to a column.
fn trimmed(rows: &[Row], from: usize, end: usize, at: f64) -> usize {
    let two_sided =
        |row: &Row| row.iter().any(|segment| segment.right <= at) && row.iter().any(|segment| segment.left >= at);
    let Some(last) = rows[from..end].iter().rposition(two_sided).map(|index| from + index) else { return end };
    let gap = match (rows.get(last).and_then(|row| row.first()), rows.get(last + 1).and_then(|row| row.first())) {
        (Some(above), Some(below)) => below.y - above.y > BLANK_LINE * above.size.max(below.size),
        _ => false,
    };
    if end < rows.len() && gap { last + 1 } else { end }
}

/// Whether no segment of a row reaches into the strip left of `at`.
fn leaves_free(row: &Row, at: f64) -> bool {
    row.iter().all(|segment| segment.left >= at || segment.right <= at - GUTTER * segment.size.min(14.0))
}

/// Whether a run of rows has a column worth the name on both sides of a gutter.
fn are_columns(run: &[Row], at: f64) -> bool {
    let side = |left: bool| run.iter().flatten().filter(move |segment| (segment.right <= at) == left);
    let rows = |left: bool| run.iter().filter(|row| row.iter().any(|segment| (segment.right <= at) == left)).count();
    let chars = |left: bool| side(left).map(|segment| segment.text.chars().count()).sum::<usize>();
    let (left, right) = (chars(true), chars(false));
    rows(true) >= LINES_MIN
        && rows(false) >= LINES_MIN
        && share(left.min(right), left + right) >= SHARE_MIN
        && [true, false].into_iter().all(|left| is_aligned(side(left)) && !is_dates(side(left)))
}

/// Whether most of a column's parts are dates: they are read with the lines that they stand beside.
fn is_dates<'a>(column: impl Iterator<Item = &'a Segment>) -> bool {
    let (mut dates, mut all) = (0, 0);
    for segment in column {
        let digits = segment.text.chars().filter(char::is_ascii_digit).count();
        dates += usize::from(digits >= 2 && segment.text.chars().count() <= DATE_CHARS_MAX);
        all += 1;
    }
    share(dates, all) > 0.5
}

/// Whether enough lines of a column begin at one place. Dates that are set flush right do not.
fn is_aligned<'a>(column: impl Iterator<Item = &'a Segment>) -> bool {
    let mut lefts: Vec<f64> = column.map(|segment| segment.left).collect();
    lefts.sort_by(f64::total_cmp);
    let most =
        (0..lefts.len()).map(|from| lefts[from..].iter().take_while(|left| **left - lefts[from] <= ALIGNED).count());
    share(most.max().unwrap_or(0), lefts.len()) >= ALIGNED_SHARE
}

#[allow(clippy::cast_precision_loss)]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}
