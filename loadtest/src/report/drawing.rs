//! Which curves a report has: on its page, and as files of their own.

use super::plot::{Axis, Curve, file, plot};
use super::{Plot, Report, Series};

/// One picture.
pub(super) struct Drawing<'a> {
    /// Its file's name without the ending.
    name: String,
    /// Its title.
    pub(super) title: &'a str,
    x: &'static str,
    y: &'static str,
    form: Form,
    curves: Vec<Curve<'a>>,
    levels: Vec<f64>,
}

#[derive(Clone, Copy)]
enum Form {
    Time,
    Percentiles,
    Levels,
}

impl<'a> Drawing<'a> {
    /// Values at levels.
    pub(super) fn levels(plot: &'a Plot) -> Self {
        let curves = plot.lines.iter().map(|line| Curve { name: &line.name, points: &line.points }).collect();
        let mut levels: Vec<f64> = plot.lines.iter().flat_map(|line| &line.points).map(|point| point.0).collect();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let (name, title) = (plot.name.to_owned(), plot.title.as_str());
        Self { name, title, x: plot.x, y: plot.y, form: Form::Levels, curves, levels }
    }

    /// Values over time.
    pub(super) fn series(series: &'a Series) -> Self {
        let (name, title) = (slug(&series.name), series.name.as_str());
        let curves = vec![Curve { name: title, points: &series.points }];
        Self { name, title, x: "seconds", y: series.unit, form: Form::Time, curves, levels: Vec::new() }
    }

    fn axes(&self) -> (Axis<'_>, Axis<'_>) {
        match self.form {
            Form::Time => (Axis::Linear(self.x), Axis::Linear(self.y)),
            Form::Percentiles => (Axis::Percentile, Axis::Log(self.y)),
            Form::Levels => (Axis::Levels(self.x, &self.levels), Axis::FromZero(self.y)),
        }
    }

    /// As a part of the page.
    pub(super) fn inside(&self) -> String {
        let (x, y) = self.axes();
        plot(x, y, &self.curves)
    }
}

/// The latencies in one picture, where there are any.
pub(super) fn latencies(report: &Report) -> Option<Drawing<'_>> {
    let curves: Vec<_> = report.latencies.iter().map(|row| Curve { name: row.name, points: &row.curve }).collect();
    let (name, title, levels) = ("latency".to_owned(), "Latency", Vec::new());
    let there = !curves.is_empty();
    there.then_some(Drawing { name, title, x: "", y: "ms", form: Form::Percentiles, curves, levels })
}

/// Every picture of a report as a file: its name and what it holds.
pub(super) fn files(report: &Report) -> Vec<(String, String)> {
    let plots = report.plots.iter().map(Drawing::levels);
    let all = plots.chain(latencies(report)).chain(report.series.iter().map(Drawing::series));
    let one = |drawing: Drawing<'_>| {
        let (x, y) = drawing.axes();
        (format!("{}.svg", drawing.name), file(drawing.title, x, y, &drawing.curves))
    };
    all.map(one).collect()
}

/// A title as the name of a file.
fn slug(title: &str) -> String {
    let words = title.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_make_names_of_files() {
        assert_eq!(slug("server memory (RSS)"), "server-memory-rss");
        assert_eq!(slug("a / b"), "a-b");
    }
}
