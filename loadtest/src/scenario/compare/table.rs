//! The comparison as tables: for the terminal, and as the Markdown of the README.

use super::comparison::Comparison;
use super::metric::Metric;
use super::side::Side;
use super::{Scenario, Size};
use crate::measure::Spread;
use crate::report::Table;
use crate::report::aligned;
use std::fmt::Write as _;

/// The README's tables: a title, what it compares, and the head of each column.
type Columns = &'static [(Metric, &'static str)];

const SOCKETS: Columns = &[
    (Metric::FanCpu, "fan-out 1 × 1,000 readers: CPU s per million at 100,000/s"),
    (Metric::FanP99, "p99 there, ms"),
    (Metric::FanMost, "most delivered a second by one core"),
    (Metric::FanBest, "highest rate with p99 ≤ 100 ms"),
    (Metric::OwnCpu, "own events: CPU s per million"),
    (Metric::OwnP99, "p99 there, ms"),
    (Metric::IdleKib, "KiB per idle connection"),
    (Metric::Handshakes, "handshakes/s"),
    (Metric::StallMib, "a stalled reader costs, MiB"),
    (Metric::StallOthers, "the others' p99 meanwhile, ms"),
];
const TASKS: Columns = &[
    (Metric::Tasks50, "tasks/s, 50 in flight"),
    (Metric::Tasks500, "tasks/s, 500 in flight"),
    (Metric::TaskP99, "p99 enqueue → completed in the browser, 50 in flight, ms"),
    (Metric::TaskCpu50, "CPU s per 1,000 tasks, 50 in flight"),
    (Metric::TaskCpu500, "CPU s per 1,000 tasks, 500 in flight"),
];
const KILLS: Columns = &[
    (Metric::KillGoesOn, "its last task goes on after, s"),
    (Metric::KillUnfinished, "tasks not finished"),
    (Metric::KillSteps, "steps begun twice"),
    (Metric::KillRows, "rows twice"),
    (Metric::KillTwice, "events twice"),
    (Metric::KillMissing, "events missing"),
];
const TABLES: [(&str, Columns); 3] = [
    ("200-byte messages", SOCKETS),
    ("1 task = 10 steps, each a row in Postgres and a progress event in its browser; 0 ms steps", TASKS),
    ("SIGKILL of the worker, 50 tasks of 10 × 20 ms in flight", KILLS),
];

/// A number with three digits that count, and marks between thousands.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 1_000.0 {
        return thousands(value);
    }
    if value.fract() == 0.0 || size >= 100.0 {
        return format!("{value:.0}");
    }
    if size >= 10.0 { format!("{value:.1}") } else { format!("{value:.2}") }
}

fn thousands(value: f64) -> String {
    // Four digits that count are more than such a measurement has.
    let round = if value.abs() >= 10_000.0 { 10_f64.powf(value.abs().log10().floor() - 2.0) } else { 1.0 };
    let digits = format!("{:.0}", (value / round).round() * round);
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |rest| ("-", rest));
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{sign}{text}")
}

/// `median (low – high)`; the median alone where there is one run, or nothing between them.
pub(super) fn spread(spread: &Spread) -> String {
    let (low, high) = (number(spread.low), number(spread.high));
    let median = number(spread.median);
    if spread.runs < 2 || low == high { median } else { format!("{median} ({low}–{high})") }
}

/// How many times better, with a word that says which way.
fn ahead(ratio: f64) -> String {
    if ratio >= 1.0 || ratio <= 0.0 { format!("×{}", number(ratio)) } else { format!("×{ratio:.2}") }
}

fn cell(comparison: &Comparison, side: Side, metric: Metric) -> String {
    let Some(found) = comparison.spread(side, metric) else { return "–".to_owned() };
    let mut text = spread(&found);
    let unfinished = comparison.spread(side, Metric::KillUnfinished).is_some_and(|tasks| tasks.median > 0.0);
    if metric == Metric::KillGoesOn && unfinished {
        text.insert_str(0, "> ");
    }
    if side.is_ours() {
        return format!("**{text}**");
    }
    match comparison.ahead(side, metric) {
        // How often something happened has no ratio that would say anything.
        Some(ratio) if !metric.unit().is_empty() => format!("{text} · {}", ahead(ratio.median)),
        _ => text,
    }
}

fn tables(comparison: &Comparison) -> Vec<Table> {
    let mut tables = Vec::new();
    for (title, columns) in TABLES {
        let used: Vec<_> = columns
            .iter()
            .filter(|(metric, _)| comparison.sides().iter().any(|side| comparison.spread(*side, *metric).is_some()))
            .collect();
        if used.is_empty() {
            continue;
        }
        let has = |side: &Side| used.iter().any(|(metric, _)| comparison.spread(*side, *metric).is_some());
        let mut rows: Vec<Vec<String>> = comparison
            .sides()
            .into_iter()
            .filter(has)
            .map(|side| {
                let cells = used.iter().map(|(metric, _)| cell(comparison, side, *metric));
                std::iter::once(side.title().to_owned()).chain(cells).collect()
            })
            .collect();
        for (side, _) in &comparison.absent {
            if Scenario::ALL.iter().any(|scenario| side.plays(*scenario) && scenario.fills(columns[0].0)) {
                let mut row = vec![side.title().to_owned(), "not on this machine".to_owned()];
                row.resize(used.len() + 1, String::new());
                rows.push(row);
            }
        }
        let heads = std::iter::once(String::new()).chain(used.iter().map(|(_, head)| (*head).to_owned()));
        tables.push(Table { title: title.to_owned(), columns: heads.collect(), rows });
    }
    tables
}

/// CPU seconds of every process.
fn processes(comparison: &Comparison) -> Option<Table> {
    const CPU: [(Metric, &str); 4] = [
        (Metric::FanCpu, "fan-out at 100,000/s, per million"),
        (Metric::OwnCpu, "own events, per million"),
        (Metric::TaskCpu50, "1,000 tasks, 50 in flight"),
        (Metric::TaskCpu500, "1,000 tasks, 500 in flight"),
    ];
    let mut rows = Vec::new();
    for side in comparison.sides() {
        let cells: Vec<String> = CPU
            .iter()
            .map(|(metric, _)| {
                let parts = comparison.processes(side, *metric);
                let parts = parts.iter().map(|(process, seconds)| format!("{process} {}", number(*seconds)));
                parts.collect::<Vec<_>>().join(", ")
            })
            .collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            rows.push(std::iter::once(side.title().to_owned()).chain(cells).collect());
        }
    }
    let heads = std::iter::once(String::new()).chain(CPU.iter().map(|(_, head)| (*head).to_owned()));
    (!rows.is_empty()).then(|| Table { title: "CPU seconds by process".to_owned(), columns: heads.collect(), rows })
}

fn conditions(comparison: &Comparison) -> String {
    let machine = &comparison.machine;
    let pinned = if comparison.pinned {
        "all processes of a side on one core and the load client on the other, but for tasks, where everybody may use both"
    } else {
        "nothing pinned, as there is one core"
    };
    let size = match comparison.size {
        Size::Quick => "quick sizes",
        Size::Full => "full sizes",
    };
    let rounds = match comparison.rounds {
        1 => "one run each".to_owned(),
        rounds => format!("medians of {rounds} runs made in turn (lowest–highest)"),
    };
    format!(
        "`loadtest {}`, {}, {} cores ({}, {:.0} GiB), Linux {}: {size}, {rounds}; {pinned}. ×n after a figure: this \
         server is n times better, in runs of the same turn.",
        comparison.command, comparison.day, machine.cores, machine.processor, machine.memory_gib, comparison.kernel
    )
}

fn remarks(comparison: &Comparison) -> Vec<String> {
    let mut remarks: Vec<String> =
        comparison.absent.iter().map(|(side, why)| format!("{}: {why}", side.title())).collect();
    for run in &comparison.runs {
        let place = format!("{}, {}, run {}", run.side.title(), run.scenario.name(), run.round + 1);
        remarks.extend(run.failure.iter().map(|why| format!("{place}: could not be measured: {why}")));
        remarks.extend(run.outcome.notes.iter().map(|note| format!("{place}: {note}")));
        if run.outcome.broken > 0 {
            remarks.push(format!("{place}: {} lost, repeated or out of order", run.outcome.broken));
        }
    }
    remarks
}

/// For the terminal; the verdict last.
pub fn summary(comparison: &Comparison) -> String {
    let mut text = format!("\n{}\n", conditions(comparison));
    // A side is a column here: ten columns of figures do not fit a terminal.
    let sides = comparison.sides();
    let rows: Vec<Vec<String>> = Metric::ALL
        .iter()
        .filter(|metric| sides.iter().any(|side| comparison.spread(*side, **metric).is_some()))
        .map(|metric| {
            let name = [metric.name(), metric.unit()].into_iter().filter(|part| !part.is_empty());
            let name = name.collect::<Vec<_>>().join(", ");
            let cells = sides.iter().map(|side| cell(comparison, *side, *metric).replace("**", ""));
            std::iter::once(name).chain(cells).collect()
        })
        .collect();
    let columns = std::iter::once(String::new()).chain(sides.iter().map(|side| side.title().to_owned()));
    let table = Table { title: String::new(), columns: columns.collect(), rows };
    let _ = write!(text, "{}", aligned(&table));
    if let Some(table) = processes(comparison) {
        let _ = write!(text, "\n{}", aligned(&table));
    }
    for remark in remarks(comparison) {
        let _ = writeln!(text, "  {remark}");
    }
    let verdict = if comparison.passed() {
        "PASSED: every run of this server was complete and in order"
    } else {
        "FAILED: a run of this server was not complete and in order, or could not be made"
    };
    let _ = write!(text, "\n{verdict} (seed {})", comparison.seed);
    text
}

/// The README's tables.
pub fn markdown(comparison: &Comparison) -> String {
    let mut text = format!("{}\n\n", conditions(comparison));
    for table in tables(comparison) {
        let mut columns = table.columns.clone();
        if let Some(first) = columns.first_mut() {
            *first = table.title.clone();
        }
        rows(&mut text, &columns, &table.rows);
    }
    if let Some(table) = processes(comparison) {
        let mut columns = table.columns.clone();
        if let Some(first) = columns.first_mut() {
            *first = table.title.clone();
        }
        rows(&mut text, &columns, &table.rows);
    }
    let remarks = remarks(comparison);
    if !remarks.is_empty() {
        let _ = writeln!(text, "Remarks of the run:\n");
        for remark in remarks {
            let _ = writeln!(text, "- {remark}");
        }
    }
    text
}

fn rows(text: &mut String, columns: &[String], rows: &[Vec<String>]) {
    let _ = writeln!(text, "| {} |", columns.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(columns.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::comparison::example;
    use super::*;

    #[test]
    fn numbers_have_three_digits_that_count() {
        let cases = [
            (0.0, "0"),
            (2.345, "2.35"),
            (23.45, "23.4"),
            (234.5, "234"),
            (1_450.0, "1,450"),
            (111_456.0, "111,000"),
            (1_461_999.0, "1,460,000"),
            (-12.34, "-12.3"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn the_markdown_has_medians_spreads_ratios_and_who_is_absent() {
        let text = markdown(&example());
        assert!(text.contains("| Estafette | **4 (3–5)** | **1,350,000 (1,200,000–1,500,000)** |"), "{text}");
        assert!(text.contains("| `ws` (Node) | 14.5 (9–20) · ×3.50 | 100,000 · ×13.5 |"), "{text}");
        assert!(text.contains("| NATS over WebSocket | not on this machine |"), "{text}");
        assert!(text.contains("estafette 2.50, postgres 0.50"), "{text}");
        assert!(text.contains("2 cores (A processor, 24 GiB)"), "{text}");
        assert!(!text.contains("SIGKILL"), "a table without figures is left out: {text}");
    }

    #[test]
    fn every_row_has_as_many_cells_as_the_head() {
        for table in tables(&example()) {
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{table:?}");
        }
    }

    #[test]
    fn what_broke_is_said() {
        let mut comparison = example();
        comparison.runs[0].outcome.broken = 2;
        comparison.runs[0].outcome.note("cut off");
        comparison.runs[1].failure = Some("no port".to_owned());
        for text in [summary(&comparison), markdown(&comparison)] {
            assert!(text.contains("Estafette, fan-out, run 1: 2 lost"), "{text}");
            assert!(text.contains("cut off") && text.contains("could not be measured: no port"), "{text}");
        }
        assert!(summary(&comparison).contains("FAILED"));
    }
}
