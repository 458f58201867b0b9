//! Glyphs with their Unicode values and places, page by page.

use super::{PDF_TEXT_CHARS_MAX, READ_TIME_MAX};
use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, SoftMask, TransformExt, interpret_page,
};
use std::time::Instant;

/// Glyph outlines and widths count in thousandths of the font size.
const UNITS: f64 = 1_000.0;
/// A glyph without a width is taken to be this wide, in font sizes.
const WIDTH_ASSUMED: f64 = 0.5;
/// Drawing steps between two looks at the clock.
const STEPS_PER_LOOK: u32 = 64;
/// Sizes outside of these are no text that somebody reads, points.
const SIZE_RANGE: std::ops::RangeInclusive<f64> = 1.0..=300.0;

/// The reader cannot be stopped from outside, so the device unwinds out of it with this. Not a panic: no hook runs, and
/// [`super::read`] catches it.
pub(super) struct OutOfTime;

/// A character at its place: points from the page's top left corner.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) text: String,
    pub(super) left: f64,
    pub(super) right: f64,
    /// Of the baseline, growing downwards.
    pub(super) y: f64,
    pub(super) size: f64,
}

/// The glyphs of each page.
pub(super) fn collect(pdf: &Pdf) -> Vec<Vec<Placed>> {
    let settings = InterpreterSettings::default();
    let cache = InterpreterCache::new();
    let started = Instant::now();
    let mut left = PDF_TEXT_CHARS_MAX;
    let mut pages = Vec::new();
    for page in pdf.pages().iter() {
        let (width, height) = page.render_dimensions();
        let area = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        let mut context =
            Context::new(page.initial_transform(true).to_kurbo(), area, &cache, pdf.xref(), settings.clone());
        let mut collector = Collector { glyphs: Vec::new(), left, started, steps: 0 };
        interpret_page(page, &mut context, &mut collector);
        left = collector.left;
        pages.push(collector.glyphs);
    }
    pages
}

struct Collector {
    glyphs: Vec<Placed>,
    /// Characters that are still taken.
    left: usize,
    started: Instant,
    steps: u32,
}

impl Collector {
    fn step(&mut self) {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(STEPS_PER_LOOK) && self.started.elapsed() > READ_TIME_MAX {
            std::panic::resume_unwind(Box::new(OutOfTime));
        }
    }

    fn place(&mut self, glyph: &Glyph<'_>, transform: Affine) {
        let text = match glyph.as_unicode() {
            Some(BfString::Char(c)) => plain(c),
            Some(BfString::String(text)) => string(&text),
            None => return,
        };
        if text.is_empty() {
            return;
        }
        let width = match glyph {
            Glyph::Outline(glyph) => glyph.advance_width(),
            Glyph::Type3(glyph) => glyph.advance_width(),
        };
        let width = width.map_or(WIDTH_ASSUMED * UNITS, f64::from);
        let origin = transform * Point::ZERO;
        let end = transform * Point::new(width, 0.0);
        let top = transform * Point::new(0.0, UNITS);
        let size = (top - origin).hypot();
        // Upright text only: watermarks and side notes would tear lines apart.
        let upright = (end.y - origin.y).abs() <= 0.1 * size && end.x >= origin.x;
        if upright && SIZE_RANGE.contains(&size) && origin.x.is_finite() && origin.y.is_finite() {
            self.left = self.left.saturating_sub(1);
            self.glyphs.push(Placed { text, left: origin.x, right: end.x, y: origin.y, size });
        }
    }
}

/// One glyph that stands for several characters: a ligature, or what some writers make of a tab or a hyphen.
fn string(text: &str) -> String {
    let text: String = text.chars().map(plain).collect();
    if !text.is_empty() && text.trim().is_empty() {
        return " ".to_owned();
    }
    if !text.is_empty() && text.chars().all(|c| c == '-') { "-".to_owned() } else { text }
}

/// A character without typography: ligatures apart, any space a space, nothing invisible.
fn plain(c: char) -> String {
    match c {
        'ﬀ' => "ff".to_owned(),
        'ﬁ' => "fi".to_owned(),
        'ﬂ' => "fl".to_owned(),
        'ﬃ' => "ffi".to_owned(),
        'ﬄ' => "ffl".to_owned(),
        'ﬅ' | 'ﬆ' => "st".to_owned(),
        // In a text layer this is what a printed hyphen is often called.
        '\u{ad}' | '\u{2010}' | '\u{2011}' => "-".to_owned(),
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fffd}' => String::new(),
        c if c.is_whitespace() => " ".to_owned(),
        c if c.is_control() => String::new(),
        // Private use: pictures made of fonts. They separate, as a space does.
        '\u{e000}'..='\u{f8ff}' => " ".to_owned(),
        c => c.to_string(),
    }
}

impl<'a> Device<'a> for Collector {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        for glyph in run.glyphs() {
            self.step();
            if self.left > 0 {
                self.place(glyph, props.transform * glyph.transform());
            }
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {
        self.step();
    }
    fn push_clip_path(&mut self, _: &ClipPath) {
        self.step();
    }
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.step();
    }
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {
        self.step();
    }
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
