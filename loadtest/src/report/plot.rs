//! Curves as SVG, without anything from elsewhere.

use super::text::number;
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 252.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 34.0;
/// Lines of the grid in each direction, about.
const GRID: f64 = 5.0;
/// Lines of the grid at most.
const LINES: usize = 20;
/// Points of a curve; more are thinned out.
const POINTS: usize = 600;
const COLOURS: [&str; 6] = ["#2f6fde", "#d9822b", "#0f9960", "#c23030", "#8f398f", "#5c7080"];

/// A curve.
pub(super) struct Curve<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// (x, y).
    pub(super) points: &'a [(f64, f64)],
}

/// How an axis is written.
#[derive(Clone, Copy)]
pub(super) enum Axis {
    /// As it is, with a unit.
    Linear(&'static str),
    /// Powers of ten, with a unit.
    Log(&'static str),
    /// 0, 90, 99, 99.9 … at the same distance.
    Percentile,
}

impl Axis {
    fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear(_) => value,
            Self::Log(_) => value.max(0.001).log10(),
            Self::Percentile => -(1.0 - (value / 100.0).min(0.9999)).log10(),
        }
    }
    fn label(self, place: f64) -> String {
        match self {
            Self::Linear(_) => number(place),
            Self::Log(_) => number(10_f64.powf(place)),
            Self::Percentile => number(100.0 * (1.0 - 10_f64.powf(-place))),
        }
    }
    /// Where lines of the grid stand, between two places.
    fn ticks(self, low: f64, high: f64) -> Vec<f64> {
        match self {
            Self::Percentile => [0.0, 50.0, 90.0, 99.0, 99.9, 99.99].map(|value| self.place(value)).to_vec(),
            Self::Log(_) => steps(low, high, 1.0),
            Self::Linear(_) => {
                let rough = (high - low) / GRID;
                let power = 10_f64.powf(rough.log10().floor());
                let nice = [1.0, 2.0, 5.0, 10.0].into_iter().find(|nice| nice * power >= rough);
                steps(low, high, nice.unwrap_or(10.0) * power)
            }
        }
    }
    fn unit(self) -> &'static str {
        match self {
            Self::Linear(unit) | Self::Log(unit) => unit,
            Self::Percentile => "percentile",
        }
    }
    /// Where the axis begins and ends.
    fn span(self, values: impl Iterator<Item = f64>) -> (f64, f64) {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()) {
            low = low.min(self.place(value));
            high = high.max(self.place(value));
        }
        let (low, high) = match self {
            Self::Linear(_) => (low.min(0.0), high),
            Self::Log(_) => (low.floor(), high.ceil()),
            Self::Percentile => (0.0, 4.0),
        };
        if !low.is_finite() || !high.is_finite() {
            return (0.0, 1.0);
        }
        if high - low < 1e-9 { (low, low + 1.0) } else { (low, high) }
    }
}

/// Multiples of a step between two places.
fn steps(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step).ceil() * step;
    std::iter::successors(Some(first), |at| Some(at + step))
        .take_while(|at| *at <= high + step * 1e-6)
        .take(LINES)
        .collect()
}

/// A plot.
pub(super) fn plot(x: Axis, y: Axis, curves: &[Curve<'_>]) -> String {
    let all = || curves.iter().flat_map(|curve| curve.points.iter().copied());
    let (x0, x1) = x.span(all().map(|point| point.0));
    let (y0, y1) = y.span(all().map(|point| point.1));
    let px = |place: f64| LEFT + (place - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT);
    let py = |place: f64| HEIGHT - BOTTOM - (place - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">");
    for place in x.ticks(x0, x1) {
        let (at, end) = (px(place), HEIGHT - BOTTOM);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{at:.1} {TOP}V{end:.1}\"/><text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            end + 14.0,
            x.label(place),
        );
    }
    for place in y.ticks(y0, y1) {
        let at = py(place);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0,
            y.label(place),
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text><text x=\"4\" y=\"11\">{}</text>",
        WIDTH - RIGHT,
        HEIGHT - 4.0,
        x.unit(),
        y.unit()
    );
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        let every = curve.points.len().div_ceil(POINTS).max(1);
        let mut path = String::new();
        for (at, value) in curve.points.iter().step_by(every) {
            let letter = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{:.1} {:.1}", px(x.place(*at).min(x1)), py(y.place(*value)));
        }
        let _ = write!(svg, "<path class=\"curve\" stroke=\"{colour}\" d=\"{path}\"/>");
    }
    svg.push_str("</svg><p class=\"legend\">");
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        let _ = write!(svg, "<span><i style=\"background:{colour}\"></i>{}</span>", super::html::escape(curve.name));
    }
    svg.push_str("</p>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_lies_within_the_picture_whatever_its_points() {
        for points in [vec![], vec![(0.0, 0.0)], vec![(0.0, 1.0), (99.999, 1e9), (100.0, f64::NAN)]] {
            for y in [Axis::Linear("ms"), Axis::Log("ms")] {
                let svg = plot(Axis::Percentile, y, &[Curve { name: "a", points: &points }]);
                assert!(svg.starts_with("<svg") && !svg.contains("inf"), "{svg}");
            }
        }
    }
}
