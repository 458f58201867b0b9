//! Words and segments out of glyphs. A segment is a part of a line without a wide gap in it.

use super::glyphs::Placed;

/// Baselines closer than this, in font sizes, are one line (sub- and superscripts are).
const SAME_LINE: f64 = 0.35;
/// A gap wider than this, in font sizes, is a space between words.
const WORD_GAP: f64 = 0.12;
/// A gap wider than this ends a segment.
const SEGMENT_GAP: f64 = 1.6;
/// A copy of a glyph closer than this, in font sizes, was printed to look bold.
const COPY: f64 = 0.12;
/// A line of so many single characters is letter-spaced.
const SPACED_LETTERS_MIN: usize = 4;

/// A part of a line.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) text: String,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) y: f64,
    pub(super) size: f64,
}

/// Makes segments of the glyphs of a page, from top to bottom and left to right.
pub(super) fn segments(mut glyphs: Vec<Placed>) -> Vec<Segment> {
    glyphs.sort_by(|a, b| a.y.total_cmp(&b.y));
    let mut segments = Vec::new();
    let mut line: Vec<Placed> = Vec::new();
    let mut base = (0.0, 0.0); // baseline and size of the line
    for glyph in glyphs {
        let near = (glyph.y - base.0).abs() <= SAME_LINE * glyph.size.min(base.1).max(base.1 * 0.5);
        if !line.is_empty() && !near {
            split(std::mem::take(&mut line), &mut segments);
        }
        if line.is_empty() {
            base = (glyph.y, glyph.size);
        } else if glyph.size > base.1 {
            // Where sizes mix on a line, the larger one rules its baseline.
            base = (glyph.y, glyph.size);
        }
        line.push(glyph);
    }
    split(line, &mut segments);
    segments
}

fn split(mut line: Vec<Placed>, segments: &mut Vec<Segment>) {
    line.sort_by(|a, b| a.left.total_cmp(&b.left));
    let mut part: Vec<Placed> = Vec::new();
    let mut reach = f64::MIN;
    for glyph in line {
        if glyph.text == " " {
            // Spaces that are printed are not trusted for their width, only as words' ends.
            part.push(glyph);
            continue;
        }
        let copy = part.iter().rev().take(4).any(|other| {
            other.text == glyph.text && (other.left - glyph.left).abs() < COPY * glyph.size && other.text != " "
        });
        if copy {
            continue;
        }
        if glyph.left - reach > SEGMENT_GAP * glyph.size && part.iter().any(|glyph| glyph.text != " ") {
            segments.extend(segment(&std::mem::take(&mut part)));
        }
        reach = reach.max(glyph.right);
        part.push(glyph);
    }
    segments.extend(segment(&part));
}

fn segment(glyphs: &[Placed]) -> Option<Segment> {
    let solid: Vec<&Placed> = glyphs.iter().filter(|glyph| glyph.text != " ").collect();
    let (first, last) = (solid.first()?, solid.last()?);
    let mut text = words(glyphs, WORD_GAP);
    if letter_spaced(&text) {
        text = words_by_widest_gaps(&solid);
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return None;
    }
    let mut sizes: Vec<f64> = solid.iter().map(|glyph| glyph.size).collect();
    sizes.sort_by(f64::total_cmp);
    let mut baselines: Vec<f64> = solid.iter().map(|glyph| glyph.y).collect();
    baselines.sort_by(f64::total_cmp);
    Some(Segment {
        text,
        left: first.left,
        right: solid.iter().map(|glyph| glyph.right).fold(last.right, f64::max),
        y: baselines[baselines.len() / 2],
        size: sizes[sizes.len() / 2],
    })
}

/// Words end at printed spaces and at gaps.
fn words(glyphs: &[Placed], gap: f64) -> String {
    let mut text = String::new();
    let mut reach = f64::NAN;
    for glyph in glyphs {
        if glyph.text == " " || glyph.left - reach > gap * glyph.size {
            if !text.ends_with(' ') {
                text.push(' ');
            }
            if glyph.text == " " {
                continue;
            }
        }
        text.push_str(&glyph.text);
        reach = if reach.is_nan() { glyph.right } else { reach.max(glyph.right) };
    }
    text
}

fn letter_spaced(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let single = words.iter().filter(|word| word.chars().count() == 1 && word.chars().all(char::is_alphabetic)).count();
    single >= SPACED_LETTERS_MIN && single * 10 >= words.len() * 9
}

/// `J O R D A N   R E Y E S`: the gaps between words are clearly wider than those between letters.
fn words_by_widest_gaps(solid: &[&Placed]) -> String {
    let gaps: Vec<f64> = solid.windows(2).map(|pair| pair[1].left - pair[0].right).collect();
    let mut sorted = gaps.clone();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let mut text = String::new();
    for (index, glyph) in solid.iter().enumerate() {
        if index > 0 && gaps.get(index - 1).is_some_and(|gap| *gap > usual * 1.5) {
            text.push(' ');
        }
        text.push_str(&glyph.text);
    }
    text
}
