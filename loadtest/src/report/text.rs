//! The summary on the terminal, and Markdown.

use super::{Report, Table};
use std::fmt::Write as _;

/// The word at the end.
pub(super) fn verdict(report: &Report) -> String {
    let failed = report.checks.iter().filter(|check| !check.passed).count();
    match failed {
        0 => format!("PASSED: {} checks hold (seed {})", report.checks.len(), report.seed),
        _ => format!("FAILED: {failed} of {} checks do not hold (seed {})", report.checks.len(), report.seed),
    }
}

/// A number as people read it.
pub(crate) fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value:.0}")
    } else if value.abs() >= 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// The summary on the terminal; the verdict last.
pub(super) fn summary(report: &Report) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "\n{} in {:.1} s", report.scenario, report.seconds);
    for figure in &report.figures {
        let _ = writeln!(text, "  {:<44} {:>12} {}", figure.name, number(figure.value), figure.unit);
    }
    if !report.latencies.is_empty() {
        let _ = writeln!(
            text,
            "\n  {:<36} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "latency, ms", "count", "p50", "p90", "p99", "p99.9", "max"
        );
        for row in &report.latencies {
            let _ = writeln!(
                text,
                "  {:<36} {:>8} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>9.1}",
                row.name, row.count, row.p50_ms, row.p90_ms, row.p99_ms, row.p999_ms, row.max_ms
            );
        }
    }
    for table in &report.tables {
        let _ = write!(text, "\n{}", aligned(table));
    }
    let _ = writeln!(text);
    for check in &report.checks {
        let word = if check.passed { "ok    " } else { "FAILED" };
        let _ = writeln!(text, "  {word} {:<28} {:>9} looked at, {} broken", check.id, check.looked_at, check.failed);
        for example in &check.examples {
            let _ = writeln!(text, "           {example}");
        }
    }
    let _ = write!(text, "\n{}", verdict(report));
    text
}

pub(crate) fn aligned(table: &Table) -> String {
    let width = |column: usize| {
        let cells = table.rows.iter().filter_map(|row| row.get(column)).chain(table.columns.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("  {}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    let mut text = format!("{}\n{}", table.title, line(&table.columns));
    table.rows.iter().for_each(|row| text.push_str(&line(row)));
    text
}

/// The report as Markdown.
pub(super) fn markdown(report: &Report) -> String {
    let mut text = format!("# {}\n\n**{}**\n\n", report.scenario, verdict(report));
    let machine = &report.machine;
    let _ = writeln!(
        text,
        "`loadtest {}` took {:.1} s on {} cores ({}, {:.0} GiB).\n",
        report.command, report.seconds, machine.cores, machine.processor, machine.memory_gib
    );
    let figures = report.figures.iter();
    let rows = figures.map(|figure| vec![figure.name.clone(), format!("{} {}", number(figure.value), figure.unit)]);
    table(&mut text, &["figure", "value"], rows);
    let rows = report.latencies.iter().map(|row| {
        let mut cells = vec![row.name.to_owned(), row.count.to_string()];
        cells.extend([row.p50_ms, row.p90_ms, row.p99_ms, row.p999_ms, row.max_ms].map(|ms| format!("{ms:.1}")));
        cells
    });
    table(&mut text, &["latency, ms", "count", "p50", "p90", "p99", "p99.9", "max"], rows);
    for one in &report.tables {
        let _ = writeln!(text, "## {}\n", one.title);
        let columns: Vec<&str> = one.columns.iter().map(String::as_str).collect();
        table(&mut text, &columns, one.rows.iter().cloned());
    }
    let _ = writeln!(text, "## Checks\n");
    let rows = report.checks.iter().map(|check| {
        let word = if check.passed { "ok" } else { "FAILED" };
        vec![
            check.id.to_owned(),
            word.to_owned(),
            check.looked_at.to_string(),
            check.failed.to_string(),
            check.promise.to_owned(),
        ]
    });
    table(&mut text, &["check", "", "looked at", "broken", "promise"], rows);
    for check in report.checks.iter().filter(|check| !check.passed) {
        let _ = writeln!(text, "`{}`:\n", check.id);
        for example in &check.examples {
            let _ = writeln!(text, "- {example}");
        }
    }
    text
}

fn table(text: &mut String, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "| {} |", columns.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(columns.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
}
