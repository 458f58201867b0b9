//! Blocks of rows as text: paragraphs joined, items marked.

use super::columns::{Block, Row};
use super::lines::Segment;

/// A gap between baselines wider than this, in font sizes, separates paragraphs.
const PARAGRAPH_GAP: f64 = 1.75;
/// Lines of one paragraph differ in size by no more than this share.
const SAME_SIZE: f64 = 0.06;
/// Width of a character when the next word's length is estimated, in font sizes.
const CHAR_WIDTH: f64 = 0.5;
/// Lines that end within this share of a block's width from its right edge are full, and so many make an edge.
const FULL: f64 = 0.12;
const FULL_LINES_MIN: usize = 2;
/// A column narrower than this, in font sizes, is a list rather than prose: a capital begins another entry there.
const NARROW: f64 = 24.0;
/// What begins an item.
const BULLETS: [char; 14] = ['•', '▪', '●', '◦', '‣', '■', '▸', '►', '∙', '·', '○', '–', '*', '-'];
/// Between the parts of a row.
const BETWEEN: &str = "  ";

/// The text of a page.
pub(super) fn text(blocks: Vec<Block>) -> String {
    let blocks: Vec<String> = blocks.iter().map(block_text).filter(|text| !text.is_empty()).collect();
    blocks.join("\n\n")
}

struct Line {
    text: String,
    left: f64,
    right: f64,
    y: f64,
    size: f64,
    item: bool,
    /// Made of one segment, so that it may be a part of a paragraph.
    whole: bool,
}

fn block_text(block: &Block) -> String {
    let lines: Vec<Line> = block.iter().filter_map(line).collect();
    let edge = edge(&lines);
    let mut out = String::new();
    let mut before: Option<&Line> = None;
    let mut in_item = false;
    for line in &lines {
        let joined = before.is_some_and(|before| goes_on(before, line, edge, in_item));
        in_item = line.item || (joined && in_item);
        match before {
            // A hyphen at a line's end is kept: it more often belongs to a compound than to a broken word.
            Some(_) if joined => out.push_str(if out.ends_with('-') { "" } else { " " }),
            Some(before) if line.y - before.y > PARAGRAPH_GAP * line.size.max(before.size) => out.push_str("\n\n"),
            Some(_) => out.push('\n'),
            None => {}
        }
        out.push_str(&line.text);
        before = Some(line);
    }
    out
}

/// A row as a line, its bullet as `- `.
fn line(row: &Row) -> Option<Line> {
    let (first, last) = (row.first()?, row.last()?);
    let text = row.iter().map(|segment| segment.text.as_str()).collect::<Vec<_>>().join(BETWEEN);
    let rest = text.strip_prefix(BULLETS);
    // A dash or an asterisk is only a bullet with a space after it.
    let item =
        rest.filter(|rest| rest.starts_with(' ') || !text.starts_with(['–', '-', '*', '·', '○'])).map(str::trim_start);
    let whole = row.len() == usize::from(item.is_some() && is_bullet(first)) + 1;
    let marked = match item {
        Some("") => return None,
        Some(item) => format!("- {item}"),
        None => text.clone(),
    };
    let item = item.is_some();
    Some(Line { text: marked, left: first.left, right: last.right, y: first.y, size: last.size, item, whole })
}

fn is_bullet(segment: &Segment) -> bool {
    segment.text.chars().all(|c| BULLETS.contains(&c))
}

/// Where the lines of a block end at the right; nowhere if a single line reaches that far.
fn edge(lines: &[Line]) -> f64 {
    let right = lines.iter().map(|line| line.right).fold(f64::MIN, f64::max);
    let left = lines.iter().map(|line| line.left).fold(f64::MAX, f64::min);
    let full = lines.iter().filter(|line| right - line.right <= FULL * (right - left)).count();
    if full >= FULL_LINES_MIN { right } else { f64::MAX }
}

/// Whether a line only begins because the one before was full: its first word had no room there.
fn goes_on(before: &Line, line: &Line, edge: f64, in_item: bool) -> bool {
    let word = line.text.split(' ').next().map_or(0, |word| word.chars().count());
    let needed = f64::from(u32::try_from(word + 1).unwrap_or(u32::MAX)) * CHAR_WIDTH * line.size;
    let indent = line.left - before.left;
    let aligned =
        if before.item { (-1.0..=4.0 * line.size).contains(&indent) } else { indent.abs() <= 1.5 * line.size };
    // A full stop before a capital begins a new line of thought, or an item whose bullet is a drawing.
    let capital = line.text.starts_with(char::is_uppercase);
    let closed = before.text.ends_with(['.', '!', '?', ':', ';', ')']);
    let narrow = edge - before.left < NARROW * line.size;
    before.whole
        && line.whole
        && !(capital && !in_item && (closed || narrow))
        && !line.item
        && aligned
        && (line.size - before.size).abs() <= SAME_SIZE * line.size
        && line.y - before.y <= PARAGRAPH_GAP * line.size
        && before.right + needed > edge
}
