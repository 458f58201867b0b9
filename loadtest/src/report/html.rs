//! One HTML file with everything in it: no script, nothing from elsewhere.

use super::drawing::{self, Drawing};
use super::text::{number, verdict};
use super::{Report, Table};
use std::fmt::Write as _;

const STYLE: &str = "
:root{color-scheme:light dark;--line:#8885;--soft:#8883}
body{font:15px/1.5 system-ui,sans-serif;max-width:820px;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:0}h2{margin-top:2.2rem}
.verdict{font-weight:600;padding:.5rem .8rem;border-radius:6px;color:#fff}
.passed{background:#0a7d4b}.failed{background:#b3261e}
table{border-collapse:collapse;width:100%;font-size:13.5px;display:block;overflow-x:auto}
td,th{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:currentColor;opacity:.75}
.grid{stroke:var(--soft);fill:none}.curve{fill:none;stroke-width:1.8;stroke-linejoin:round}
.legend span{margin-right:1.2rem;white-space:nowrap}.legend i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em}
code{font-size:.92em}";

/// Text inside of HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The page.
pub(super) fn page(report: &Report) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>loadtest {0}</title><style>{STYLE}</style><h1>loadtest {0}</h1>",
        escape(report.scenario)
    );
    let machine = &report.machine;
    let _ = write!(
        page,
        "<p><code>loadtest {}</code><br>{:.1} s, {} cores, {}, {:.0} GiB</p><p class=\"verdict {}\">{}</p>",
        escape(&report.command),
        report.seconds,
        machine.cores,
        escape(&machine.processor),
        machine.memory_gib,
        if report.passed { "passed" } else { "failed" },
        escape(&verdict(report))
    );
    checks(&mut page, report);
    if !report.figures.is_empty() {
        page.push_str("<h2>Figures</h2><table>");
        for figure in &report.figures {
            let (name, value) = (escape(&figure.name), number(figure.value));
            let _ = write!(page, "<tr><td>{name}<td class=n>{value} {}", escape(figure.unit));
        }
        page.push_str("</table>");
    }
    if !report.timeline.is_empty() {
        page.push_str("<h2>Timeline</h2>");
        page.push_str(&super::timeline::draw(&report.timeline, &report.marks, report.seconds));
    }
    latencies(&mut page, report);
    for drawing in report.plots.iter().map(Drawing::levels).chain(report.series.iter().map(Drawing::series)) {
        let _ = write!(page, "<h2>{}</h2>{}", escape(drawing.title), drawing.inside());
    }
    for table in &report.tables {
        page.push_str(&rows(table));
    }
    page.push_str("</html>\n");
    page
}

fn checks(page: &mut String, report: &Report) {
    page.push_str("<h2>Checks</h2><table><tr><th>check<th><th class=n>looked at<th class=n>broken<th>promise");
    for check in &report.checks {
        let word = if check.passed { "ok" } else { "<strong>FAILED</strong>" };
        let _ = write!(
            page,
            "<tr><td><code>{}</code><td>{word}<td class=n>{}<td class=n>{}<td>{}",
            check.id,
            check.looked_at,
            check.failed,
            escape(check.promise)
        );
        for example in &check.examples {
            let _ = write!(page, "<br><small>{}</small>", escape(example));
        }
    }
    page.push_str("</table>");
}

fn latencies(page: &mut String, report: &Report) {
    if report.latencies.is_empty() {
        return;
    }
    page.push_str(
        "<h2>Latency</h2><table><tr><th>ms<th class=n>count<th class=n>mean<th class=n>p50<th class=n>p90<th class=n>p99<th class=n>p99.9<th class=n>max",
    );
    for row in &report.latencies {
        let _ = write!(page, "<tr><td>{}<td class=n>{}", escape(row.name), row.count);
        for ms in [row.mean_ms, row.p50_ms, row.p90_ms, row.p99_ms, row.p999_ms, row.max_ms] {
            let _ = write!(page, "<td class=n>{ms:.1}");
        }
    }
    page.push_str("</table>");
    page.push_str(&drawing::latencies(report).map(|drawing| drawing.inside()).unwrap_or_default());
}

fn rows(table: &Table) -> String {
    let mut text = format!("<h2>{}</h2><table><tr>", escape(&table.title));
    for column in &table.columns {
        text.push_str(&format!("<th>{}", escape(column)));
    }
    for row in &table.rows {
        text.push_str("<tr>");
        for cell in row {
            text.push_str(&format!("<td>{}", escape(cell)));
        }
    }
    text.push_str("</table>");
    text
}
