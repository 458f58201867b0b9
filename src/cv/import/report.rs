//! What is said at the end: for people, and as JSON.

use super::ImportError;
use super::target::{Counts, Target};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::pin::pin;

/// The outcome of an import.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Host, port, database and schema of the old one.
    pub source: String,
    /// Nothing was kept.
    pub dry_run: bool,
    /// An earlier start did a part.
    pub resumed: bool,
    /// The import was finished before; this is its report.
    pub already_done: bool,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// How long this start took.
    pub seconds: f64,
    /// Model by model, in the order of writing.
    pub models: Vec<ModelReport>,
    /// What was done to credits.
    pub ledger: Ledger,
    /// Old tables that the mapping does not know, with their rows.
    pub unknown_tables: Vec<(String, i64)>,
    /// Rows that were not taken, or not as they were, by reason.
    pub notes: Vec<NoteCount>,
    /// Counts and sums.
    pub checks: Vec<Check>,
}

/// What became of a model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModelReport {
    /// The old table.
    pub model: String,
    /// The new one.
    pub table: String,
    /// Rows of the old one; none: it is not there.
    pub in_source: Option<i64>,
    /// Whether this database has the table.
    pub table_is_here: bool,
    /// What was done.
    #[serde(flatten)]
    pub counts: Counts,
    /// Old columns that the mapping does not know.
    pub columns_left: Vec<String>,
}

/// What was done to credits (R48).
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// Transactions that make a ledger say what its balance says.
    pub corrections: i64,
    /// Their sum.
    pub corrections_sum: i64,
    /// Balances for people who had none.
    pub balances_opened: i64,
    /// Refunds of tasks that the old server left unfinished.
    pub refunds: i64,
    /// Their sum.
    pub refunds_sum: i64,
    /// Generations that got the task by which they are listed.
    pub generations_shown: i64,
}

/// Notes of one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteCount {
    /// rejected, changed, merged.
    pub kind: String,
    /// The old table.
    pub model: String,
    /// The reason's word.
    pub reason: String,
    /// How many.
    pub rows: i64,
    /// The key of one of them.
    pub example: String,
    /// What its note says.
    pub detail: String,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What is compared.
    pub what: String,
    /// What follows from the old database.
    pub expected: String,
    /// What is in this one.
    pub found: String,
    /// Whether they are the same.
    pub holds: bool,
}

impl Check {
    /// Compares.
    pub fn new(what: impl Into<String>, expected: impl Into<Decimal>, found: impl Into<Decimal>) -> Self {
        let (expected, found) = (expected.into().normalize(), found.into().normalize());
        Self { what: what.into(), expected: expected.to_string(), found: found.to_string(), holds: expected == found }
    }
}

impl Report {
    pub(super) fn new(source: &str, dry_run: bool, resumed: bool) -> Self {
        Self {
            source: source.to_owned(),
            dry_run,
            resumed,
            already_done: false,
            finished_at: Utc::now(),
            seconds: 0.0,
            models: Vec::new(),
            ledger: Ledger::default(),
            unknown_tables: Vec::new(),
            notes: Vec::new(),
            checks: Vec::new(),
        }
    }

    /// Whether every check holds and no table of the old database was left behind.
    pub fn is_complete(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
            && self.models.iter().all(|model| model.table_is_here || model.in_source.unwrap_or(0) == 0)
    }

    /// All counts together.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.models.iter().for_each(|model| total.add(model.counts));
        total
    }

    pub(super) async fn take_notes(&mut self, target: &Target) -> Result<(), ImportError> {
        let sql = "SELECT kind, model, reason, count(*), min(key), min(detail) FROM cv.import_notes
                   GROUP BY kind, model, reason ORDER BY kind = 'rejected' DESC, kind, model, reason";
        let rows = target.client().query(sql, &[]).await.map_err(ImportError::target)?;
        self.notes = rows
            .iter()
            .map(|row| NoteCount {
                kind: row.get(0),
                model: row.get(1),
                reason: row.get(2),
                rows: row.get(3),
                example: row.get(4),
                detail: row.get(5),
            })
            .collect();
        Ok(())
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        if self.already_done {
            writeln!(
                out,
                "This import was finished on {}: nothing was done. Its report:",
                self.finished_at.format("%F %T UTC")
            )?;
        }
        let how = if self.dry_run { " (dry run: nothing was kept)" } else { "" };
        writeln!(out, "Imported from {}{how}, {:.1} s\n", self.source, self.seconds)?;
        writeln!(out, "{}", HEAD)?;
        for model in &self.models {
            writeln!(out, "{}", line(model))?;
        }
        let mut total = super::blank("all", "");
        total.counts = self.total();
        total.in_source = Some(self.models.iter().filter_map(|model| model.in_source).sum());
        writeln!(out, "{}", line(&total))?;
        let Ledger { corrections, corrections_sum, balances_opened, refunds, refunds_sum, generations_shown } =
            self.ledger;
        writeln!(
            out,
            "\nCredits: {corrections} ledgers corrected to their balance ({corrections_sum:+}), {refunds} refunds of unfinished \
             tasks ({refunds_sum:+}), {balances_opened} balances opened; {generations_shown} generations listed"
        )?;
        for (kind, title) in [
            ("rejected", "Not taken"),
            ("changed", "Taken otherwise than they were"),
            ("merged", "Put together with a row that was here"),
        ] {
            let notes: Vec<&NoteCount> = self.notes.iter().filter(|note| note.kind == kind).collect();
            if !notes.is_empty() {
                writeln!(out, "\n{title}:")?;
            }
            for note in notes {
                let NoteCount { model, reason, rows, example, detail, .. } = note;
                writeln!(out, "  {rows:>8}  {model}: {reason}, e.g. {example}: {detail}")?;
            }
        }
        let left: Vec<String> = self
            .models
            .iter()
            .filter(|model| !model.columns_left.is_empty())
            .map(|model| format!("{} ({})", model.model, model.columns_left.join(", ")))
            .collect();
        if !left.is_empty() {
            writeln!(out, "\nOld columns that have no place here: {}", left.join("; "))?;
        }
        if !self.unknown_tables.is_empty() {
            let tables: Vec<String> =
                self.unknown_tables.iter().map(|(name, rows)| format!("{name} ({rows} rows)")).collect();
            writeln!(out, "\nOld tables that are not known here, and were left: {}", tables.join(", "))?;
        }
        let broken: Vec<&Check> = self.checks.iter().filter(|check| !check.holds).collect();
        writeln!(out, "\nChecks: {} of {} hold", self.checks.len() - broken.len(), self.checks.len())?;
        for check in broken {
            writeln!(out, "  BROKEN  {}: {} expected, {} found", check.what, check.expected, check.found)?;
        }
        Ok(())
    }
}

const HEAD: &str = "model                          in the old     taken  was here    merged not taken   changed";

/// A model in one line.
pub fn line(model: &ModelReport) -> String {
    let name = &model.model;
    let Counts { taken, there, merged, rejected, changed, .. } = model.counts;
    match model.in_source {
        None => format!("{name:<30} {:>10}", "no table"),
        Some(rows) if !model.table_is_here => {
            format!("{name:<30} {rows:>10}  NOT TAKEN: this server has no table for it")
        }
        Some(rows) => format!("{name:<30} {rows:>10} {taken:>9} {there:>9} {merged:>9} {rejected:>9} {changed:>9}"),
    }
}

/// Every row that was not taken as it was, one JSON object a line.
///
/// # Errors
/// [`ImportError`].
pub async fn write_rejects(target: &Target, file: &Path) -> Result<(), ImportError> {
    let mut out = BufWriter::new(std::fs::File::create(file)?);
    let sql = "SELECT jsonb_build_object('kind', kind, 'model', model, 'key', key, 'reason', reason, 'detail', detail, 'old', old)::text
               FROM cv.import_notes ORDER BY kind = 'rejected' DESC, kind, model, key, reason";
    let none: [&(dyn tokio_postgres::types::ToSql + Sync); 0] = [];
    let rows = target.client().query_raw(sql, none).await.map_err(ImportError::target)?;
    let mut rows = pin!(rows);
    while let Some(row) = rows.try_next().await.map_err(ImportError::target)? {
        writeln!(out, "{}", row.get::<_, &str>(0))?;
    }
    out.flush()?;
    Ok(())
}
