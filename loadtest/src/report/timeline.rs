//! What lasted how long, as SVG: one line a lane, and dots for how long things took to come back.

use super::Span;
use super::html::escape;
use super::text::number;
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 12.0;
const LANE: f64 = 22.0;
const TOP: f64 = 8.0;
/// Height of the part with the dots.
const DOTS: f64 = 90.0;
/// A span is drawn at least so wide.
const THIN: f64 = 2.0;
const COLOURS: [&str; 6] = ["#c23030", "#d9822b", "#8f398f", "#2f6fde", "#0f9960", "#5c7080"];

/// The drawing.
pub(super) fn draw(spans: &[Span], marks: &[(f64, f64)], seconds: f64) -> String {
    let last = spans.iter().map(|span| span.to).fold(seconds.max(1.0), f64::max);
    let x = |at: f64| LEFT + at / last * (WIDTH - LEFT - RIGHT);
    let mut lanes: Vec<&str> = Vec::new();
    for span in spans {
        if !lanes.contains(&span.lane.as_str()) {
            lanes.push(&span.lane);
        }
    }
    let count = f64::from(u32::try_from(lanes.len()).unwrap_or(u32::MAX));
    let dots = if marks.is_empty() { 0.0 } else { DOTS };
    let (bottom, height) = (TOP + count * LANE + dots, TOP + count * LANE + dots + 24.0);
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Timeline\">");
    for part in 0..=6 {
        let at = last * f64::from(part) / 6.0;
        let _ = write!(
            svg,
            "<line class=grid x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/><text x=\"{0:.1}\" y=\"{1}\" text-anchor=middle>{2} s</text>",
            x(at),
            bottom + 16.0,
            number(at.round())
        );
    }
    for (index, lane) in lanes.iter().enumerate() {
        let y = TOP + LANE * f64::from(u32::try_from(index).unwrap_or(0));
        let colour = COLOURS.get(index % COLOURS.len()).copied().unwrap_or("#888");
        let _ = write!(svg, "<text x=4 y=\"{:.1}\">{}</text>", y + LANE * 0.7, escape(lane));
        for span in spans.iter().filter(|span| span.lane == *lane) {
            let (from, width) = (x(span.from), (x(span.to) - x(span.from)).max(THIN));
            let title = format!("{} ({:.1} s to {:.1} s)", span.name, span.from, span.to);
            let _ = write!(
                svg,
                "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\" rx=2 fill=\"{colour}\" fill-opacity=.75><title>{}</title></rect>",
                y + 3.0,
                LANE - 6.0,
                escape(&title)
            );
        }
    }
    if !marks.is_empty() {
        let most = marks.iter().map(|mark| mark.1).fold(1.0, f64::max);
        let top = TOP + count * LANE;
        let _ = write!(
            svg,
            "<text x=4 y=\"{:.1}\">recovery</text><text x=4 y=\"{:.1}\">≤ {} s</text>",
            top + 14.0,
            top + 28.0,
            number(most)
        );
        for (at, value) in marks {
            let y = bottom - 6.0 - value / most * (dots - 16.0);
            let _ = write!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=3 fill=\"#2f6fde\"><title>{value:.2} s</title></circle>",
                x(*at)
            );
        }
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_and_mark_is_drawn_inside() {
        let span = |lane: &str, from, to| Span { lane: lane.to_owned(), name: "a <b>".to_owned(), from, to };
        let svg = draw(&[span("x", 1.0, 2.0), span("y", 5.0, 5.0)], &[(1.0, 3.0)], 10.0);
        assert_eq!((svg.matches("<rect").count(), svg.matches("<circle").count()), (2, 1));
        assert!(svg.contains("a &lt;b&gt;") && !svg.contains("NaN"), "{svg}");
    }
}
