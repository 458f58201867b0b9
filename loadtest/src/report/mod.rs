//! What a run came to: for people, as JSON, as HTML.
//!
//! | module | holds |
//! |---|---|
//! | [`text`] | the summary on the terminal, and Markdown |
//! | [`html`] | one file with everything in it |
//! | [`plot`] | curves as SVG |
//! | [`drawing`] | which curves a report has, on its page and as files of their own |
//! | [`timeline`] | what lasted how long, as SVG |

mod drawing;
mod html;
mod plot;
mod text;
mod timeline;

pub(crate) use plot::grouped;
pub(crate) use text::{aligned, number};

use crate::check::{Check, CheckResult, Findings};
use crate::measure::{Latencies, LatencySummary, Throughput};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A number with its name.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its unit; empty for a count.
    pub unit: &'static str,
}

/// Something over time.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// (second, value).
    pub points: Vec<(f64, f64)>,
}

/// Something that lasted, in the timeline.
#[derive(Debug, Clone, Serialize)]
pub struct Span {
    /// Its line.
    pub lane: String,
    /// Its name.
    pub name: String,
    /// Second of the run.
    pub from: f64,
    /// Second of the run.
    pub to: f64,
}

/// What something comes to at each of some levels, which are far apart: drawn over their logarithm.
#[derive(Debug, Clone, Serialize)]
pub struct Plot {
    /// A short name for its file, `a-z` and dashes.
    pub name: &'static str,
    /// Its title.
    pub title: String,
    /// What the levels count.
    pub x: &'static str,
    /// The unit of the values.
    pub y: &'static str,
    /// The lines.
    pub lines: Vec<Line>,
}

/// A line of a plot.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// (level, value).
    pub points: Vec<(f64, f64)>,
}

/// A table.
#[derive(Debug, Clone, Serialize)]
pub struct Table {
    /// Its title.
    pub title: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// The machine that it ran on.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Processors.
    pub cores: usize,
    /// The processor's name.
    pub processor: String,
    /// Memory, GiB.
    pub memory_gib: f64,
}

/// What a run came to.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The scenario.
    pub scenario: &'static str,
    /// What repeats it.
    pub seed: u64,
    /// The command line.
    pub command: String,
    /// How long it took, seconds.
    pub seconds: f64,
    /// The machine.
    pub machine: Machine,
    /// Whether every check holds.
    pub passed: bool,
    /// The checks.
    pub checks: Vec<CheckResult>,
    /// Numbers.
    pub figures: Vec<Figure>,
    /// Latencies.
    pub latencies: Vec<LatencySummary>,
    /// Curves.
    pub series: Vec<Series>,
    /// Values at levels.
    pub plots: Vec<Plot>,
    /// Tables.
    pub tables: Vec<Table>,
    /// What lasted how long.
    pub timeline: Vec<Span>,
    /// (second of the run, seconds): marks in the timeline, such as times of recovery.
    pub marks: Vec<(f64, f64)>,
}

/// Where a report goes beside the terminal.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Outputs {
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE", global = true)]
    pub json: Option<PathBuf>,
    /// Write the report as one HTML file with plots.
    #[arg(long, value_name = "FILE", global = true)]
    pub html: Option<PathBuf>,
    /// Write the report as Markdown.
    #[arg(long, value_name = "FILE", global = true)]
    pub markdown: Option<PathBuf>,
    /// Write each plot as an SVG file of its own into this folder.
    #[arg(long, value_name = "DIR", global = true)]
    pub plots: Option<PathBuf>,
}

/// What a scenario gathers while it runs.
pub struct Gathered<'a> {
    /// The scenario.
    pub scenario: &'static str,
    /// Its seed.
    pub seed: u64,
    /// When it began.
    pub begin: Instant,
    /// Its findings.
    pub findings: &'a Findings,
    /// The checks that must have looked at something.
    pub expected: &'a [Check],
    /// Its latencies.
    pub latencies: &'a Latencies,
    /// Its counts.
    pub throughput: &'a Throughput,
    /// The server's memory, (second, MiB).
    pub memory: Vec<(f64, f64)>,
}

impl Gathered<'_> {
    /// The report.
    pub fn report(self) -> Report {
        let checks = self.findings.results(self.expected);
        let mut series: Vec<Series> = Vec::new();
        for (name, points) in self.throughput.series() {
            series.push(Series { name: name.to_owned(), unit: "a second", points });
        }
        if !self.memory.is_empty() {
            series.push(Series { name: "server memory (RSS)".to_owned(), unit: "MiB", points: self.memory });
        }
        Report {
            scenario: self.scenario,
            seed: self.seed,
            command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
            seconds: self.begin.elapsed().as_secs_f64(),
            machine: machine(),
            passed: checks.iter().all(|check| check.passed),
            checks,
            figures: Vec::new(),
            latencies: self.latencies.summaries(),
            series,
            plots: Vec::new(),
            tables: Vec::new(),
            timeline: Vec::new(),
            marks: Vec::new(),
        }
    }
}

impl Report {
    /// One more number.
    pub fn figure(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.figures.push(Figure { name: name.into(), value, unit });
    }

    /// Prints it, and writes the files that were asked for.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn publish(&self, outputs: &Outputs) -> Result<(), String> {
        crate::out::line(text::summary(self));
        let json = || serde_json::to_string_pretty(self).map_err(|error| error.to_string());
        if let Some(path) = &outputs.json {
            write(path, &json()?)?;
        }
        if let Some(path) = &outputs.html {
            write(path, &html::page(self))?;
        }
        if let Some(path) = &outputs.markdown {
            write(path, &text::markdown(self))?;
        }
        if let Some(folder) = &outputs.plots {
            for (name, svg) in drawing::files(self) {
                write(&folder.join(name), &svg)?;
            }
        }
        Ok(())
    }
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
    }
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

pub(crate) fn machine() -> Machine {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let line = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let value = text.lines().find(|line| line.starts_with(name))?.split_once(':')?.1.trim().to_owned();
        Some(value)
    };
    let kib = line("/proc/meminfo", "MemTotal").and_then(|text| text.trim_end_matches(" kB").parse::<f64>().ok());
    Machine {
        cores,
        processor: line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
        memory_gib: kib.unwrap_or(0.0) / 1024.0 / 1024.0,
    }
}

#[cfg(test)]
pub(crate) fn example() -> Report {
    let (findings, latencies, throughput) = (Findings::default(), Latencies::default(), Throughput::default());
    findings.hold(Check::Contiguous, 1234);
    findings.broken(Check::EndedOnce, "task <t> ended & ended");
    (1..200).for_each(|n| latencies.record("enqueue to end", std::time::Duration::from_millis(n)));
    throughput.count("tasks completed");
    let gathered = Gathered {
        scenario: "example",
        seed: 7,
        begin: Instant::now(),
        findings: &findings,
        expected: &[Check::Ledger],
        latencies: &latencies,
        throughput: &throughput,
        memory: vec![(0.0, 50.0), (1.0, 60.0)],
    };
    let mut report = gathered.report();
    report.figure("tasks", 199.0, "");
    let line = Line { name: "server".to_owned(), points: vec![(10.0, 2.0), (1_000.0, 2.5)] };
    report.plots.push(Plot { name: "cost", title: "Cost".to_owned(), x: "tasks", y: "s", lines: vec![line] });
    report.tables.push(Table {
        title: "Facts".to_owned(),
        columns: vec!["file".to_owned(), "title".to_owned()],
        rows: vec![vec!["a.html".to_owned(), "C | C++ <b>".to_owned()]],
    });
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_check_fails_the_report_and_is_in_every_form() {
        let report = example();
        assert!(!report.passed);
        for text in [text::summary(&report), text::markdown(&report), html::page(&report)] {
            assert!(text.contains("task.ended-once") && text.contains("credits.ledger"), "{text}");
            assert!(text.contains("FAILED"), "{text}");
        }
    }

    #[test]
    fn the_page_stands_alone_and_escapes_what_it_shows() {
        let page = html::page(&example());
        assert!(page.contains("task &lt;t&gt; ended &amp; ended") && !page.contains("<b>"));
        assert!(
            page.contains("<svg")
                && !page.contains("http://")
                && !page.contains("https://")
                && !page.contains("<script")
        );
    }

    #[test]
    fn files_are_written_where_they_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| Some(folder.path().join("deep").join(name));
        let outputs =
            Outputs { json: path("a.json"), html: path("a.html"), markdown: path("a.md"), plots: path("plots") };
        example().publish(&outputs).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path("a.json").unwrap()).unwrap()).unwrap();
        assert_eq!(json["passed"], false);
        assert_eq!(json["latencies"][0]["count"], 199);
        assert_eq!(json["plots"][0]["lines"][0]["points"][1][1], 2.5);
        let mut plots: Vec<_> =
            std::fs::read_dir(path("plots").unwrap()).unwrap().flatten().map(|file| file.file_name()).collect();
        plots.sort();
        assert_eq!(plots, ["cost.svg", "latency.svg", "server-memory-rss.svg", "tasks-completed.svg"]);
    }
}
