//! Curves as SVG, without anything from elsewhere.

use super::html::escape;
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
/// Room beside the first and the last level, powers of ten.
const MARGIN: f64 = 0.12;
/// Title and legend of a plot in a file of its own.
const HEAD: f64 = 50.0;
/// Between two names of its legend, and one letter of them.
const LEGEND_GAP: f64 = 40.0;
const LETTER: f64 = 6.6;
const FILE_STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:14px}\
    .grid{stroke:#d0d7de;fill:none}.curve{fill:none;stroke-width:2;stroke-linejoin:round}";
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
pub(super) enum Axis<'a> {
    /// As it is, with a unit.
    Linear(&'static str),
    /// As it is, from 0 to a line of the grid above all values.
    FromZero(&'static str),
    /// Powers of ten, with a line of the grid at each of these values and nowhere else.
    Levels(&'static str, &'a [f64]),
    /// Powers of ten, with a unit.
    Log(&'static str),
    /// 0, 90, 99, 99.9 … at the same distance.
    Percentile,
}

impl Axis<'_> {
    fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear(_) | Self::FromZero(_) => value,
            Self::Log(_) | Self::Levels(..) => value.max(0.001).log10(),
            Self::Percentile => -(1.0 - (value / 100.0).min(0.9999)).log10(),
        }
    }
    fn label(self, place: f64) -> String {
        match self {
            Self::Linear(_) | Self::FromZero(_) => number(place),
            Self::Log(_) => number(10_f64.powf(place)),
            // As it was before its logarithm was taken, nearly: levels are whole numbers.
            Self::Levels(..) => grouped(10_f64.powf(place).round()),
            Self::Percentile => number(100.0 * (1.0 - 10_f64.powf(-place))),
        }
    }
    /// Where lines of the grid stand, between two places.
    fn ticks(self, low: f64, high: f64) -> Vec<f64> {
        match self {
            Self::Percentile => [0.0, 50.0, 90.0, 99.0, 99.9, 99.99].map(|value| self.place(value)).to_vec(),
            Self::Log(_) => steps(low, high, 1.0),
            Self::Levels(_, at) => {
                let mut places: Vec<f64> = at.iter().take(LINES).map(|value| self.place(*value)).collect();
                places.sort_by(f64::total_cmp);
                places.dedup();
                places
            }
            Self::Linear(_) | Self::FromZero(_) => steps(low, high, nice_step(low, high)),
        }
    }
    fn unit(self) -> &'static str {
        match self {
            Self::Linear(unit) | Self::FromZero(unit) | Self::Log(unit) | Self::Levels(unit, _) => unit,
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
            Self::FromZero(_) if high.is_finite() && high > 0.0 => {
                let step = nice_step(0.0, high);
                (0.0, (high / step - 1e-9).ceil() * step)
            }
            Self::FromZero(_) => (0.0, 1.0),
            Self::Log(_) => (low.floor(), high.ceil()),
            Self::Levels(_, at) => {
                let places = || at.iter().map(|value| self.place(*value));
                (places().fold(low, f64::min) - MARGIN, places().fold(high, f64::max) + MARGIN)
            }
            Self::Percentile => (0.0, 4.0),
        };
        if !low.is_finite() || !high.is_finite() {
            return (0.0, 1.0);
        }
        if high - low < 1e-9 { (low, low + 1.0) } else { (low, high) }
    }
}

/// A distance of grid lines that people like to read: 1, 2 or 5 times a power of ten.
fn nice_step(low: f64, high: f64) -> f64 {
    let rough = (high - low) / GRID;
    let power = 10_f64.powf(rough.log10().floor());
    let nice = [1.0, 2.0, 5.0, 10.0].into_iter().find(|nice| nice * power >= rough);
    nice.unwrap_or(10.0) * power
}

/// A whole number with its thousands apart.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = if value < 0.0 { "-".to_owned() } else { String::new() };
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Multiples of a step between two places.
fn steps(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step).ceil() * step;
    std::iter::successors(Some(first), |at| Some(at + step))
        .take_while(|at| *at <= high + step * 1e-6)
        .take(LINES)
        .collect()
}

/// A plot inside of a page, which has the styles; its legend below it.
pub(super) fn plot(x: Axis<'_>, y: Axis<'_>, curves: &[Curve<'_>]) -> String {
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">{}</svg>", draw(x, y, curves));
    svg.push_str("<p class=\"legend\">");
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        let _ = write!(svg, "<span><i style=\"background:{colour}\"></i>{}</span>", escape(curve.name));
    }
    svg.push_str("</p>");
    svg
}

/// A plot in a file of its own, with its title and legend: dark on white, so that it reads well on a page of either colour.
pub(super) fn file(title: &str, x: Axis<'_>, y: Axis<'_>, curves: &[Curve<'_>]) -> String {
    let (height, middle) = (HEIGHT + HEAD, WIDTH / 2.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\"><title>{0}</title><style>{FILE_STYLE}</style>\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"6\" fill=\"#ffffff\"/>\
         <text class=\"title\" x=\"{middle}\" y=\"22\" text-anchor=\"middle\">{0}</text>",
        escape(title)
    );
    let mut at = LEFT;
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        let _ = write!(
            svg,
            "<rect x=\"{at:.1}\" y=\"34\" width=\"10\" height=\"10\" rx=\"2\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"43\">{}</text>",
            at + 15.0,
            escape(curve.name)
        );
        at += LEGEND_GAP + LETTER * f64::from(u32::try_from(curve.name.chars().count()).unwrap_or(u32::MAX));
    }
    let _ = writeln!(svg, "<g transform=\"translate(0 {HEAD})\">{}</g></svg>", draw(x, y, curves));
    svg
}

/// What is drawn of it.
fn draw(x: Axis<'_>, y: Axis<'_>, curves: &[Curve<'_>]) -> String {
    let all = || curves.iter().flat_map(|curve| curve.points.iter().copied());
    let (x0, x1) = x.span(all().map(|point| point.0));
    let (y0, y1) = y.span(all().map(|point| point.1));
    let px = |place: f64| LEFT + (place - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT);
    let py = |place: f64| HEIGHT - BOTTOM - (place - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM);
    let mut svg = String::new();
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
        // Between levels nothing was measured: what was is marked.
        let measured = curve.points.iter().filter(|(at, value)| at.is_finite() && value.is_finite());
        for (at, value) in measured.filter(|_| matches!(x, Axis::Levels(..))) {
            let (cx, cy) = (px(x.place(*at)), py(y.place(*value)));
            let _ = write!(svg, "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3.2\" fill=\"{colour}\"/>");
        }
    }
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

    #[test]
    fn levels_are_the_ticks_and_stand_at_even_distances_of_their_powers() {
        let levels = [100.0, 1_000.0, 100_000.0];
        let axis = Axis::Levels("tasks", &levels);
        let (low, high) = axis.span(levels.into_iter());
        let ticks = axis.ticks(low, high);
        assert_eq!(ticks.iter().map(|place| axis.label(*place)).collect::<Vec<_>>(), ["100", "1,000", "100,000"]);
        assert!((ticks[2] - ticks[1] - 2.0 * (ticks[1] - ticks[0])).abs() < 1e-9, "{ticks:?}");
        assert!(low < ticks[0] && high > ticks[2], "they do not stick to the frame");
        // 15,000 is no power of ten and keeps its name.
        let levels = [15_000.0, 10.0, 10.0];
        let axis = Axis::Levels("connections", &levels);
        let labels: Vec<_> = axis.ticks(0.0, 5.0).into_iter().map(|place| axis.label(place)).collect();
        assert_eq!(labels, ["10", "15,000"]);
    }

    #[test]
    fn an_axis_from_zero_ends_above_all_values() {
        let span = |values: &[f64]| Axis::FromZero("s").span(values.iter().copied());
        assert_eq!(span(&[3.1, 4.2]), (0.0, 5.0));
        assert_eq!(span(&[5.0]), (0.0, 5.0));
        assert_eq!((span(&[0.0]), span(&[]), span(&[f64::NAN])), ((0.0, 1.0), (0.0, 1.0), (0.0, 1.0)));
    }

    #[test]
    fn a_plot_of_its_own_file_has_its_names_its_dots_and_a_background() {
        let levels = [10.0, 100.0];
        let points = [(10.0, 1.0), (100.0, 2.0), (1_000.0, f64::NAN)];
        let curves = [Curve { name: "a < b", points: &points }, Curve { name: "c", points: &points[..1] }];
        let svg = file("Cost & levels", Axis::Levels("tasks", &levels), Axis::FromZero("s"), &curves);
        assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"), "{svg}");
        assert!(svg.contains("fill=\"#ffffff\"") && svg.contains("Cost &amp; levels") && svg.contains("a &lt; b"));
        assert_eq!(svg.matches("<circle").count(), 3, "a value that is no number has no dot: {svg}");
        assert!(!svg.contains("inf") && !svg.contains("cy=\"NaN"), "{svg}");
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!(
            [0.0, 999.0, 1_000.0, 1_234_567.0, -15_000.0].map(grouped),
            ["0", "999", "1,000", "1,234,567", "-15,000"]
        );
    }
}
