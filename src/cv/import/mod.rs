//! The import from FitMyCV's own database (Prisma on Postgres) into this schema. README.md has the mapping, model by model.
//!
//! | module | holds |
//! |---|---|
//! | [`model`] | the words of the mapping |
//! | [`models`] | the mapping, as data |
//! | [`convert`] | an old row into a new one, pure |
//! | [`source`] | the old database, read only, page by page |
//! | [`target`] | this database: batches, notes, progress |
//! | [`stage`] | one model from the first page to the last |
//! | [`links`] | references between rows, once all rows are here |
//! | [`ledger`] | balances (R48), credits of unfinished tasks |
//! | [`check`] | counts and sums on both sides |
//! | [`report`] | what is said at the end |
//!
//! Each batch is one transaction with its notes and its progress: a process that is killed goes on after the last batch, and
//! nothing is written twice. Memory is bounded by [`stage::BATCH_ROWS`] and [`stage::BATCH_BYTES`], whatever the size of
//! the database.

pub mod check;
pub mod convert;
pub mod ledger;
pub mod links;
pub mod model;
pub mod models;
pub mod report;
pub mod source;
pub mod stage;
pub mod target;

#[cfg(any(test, feature = "testkit"))]
pub mod old;
#[cfg(test)]
mod tests;

use crate::db::address::Address;
use chrono::{DateTime, Utc};
use convert::Known;
use report::{ModelReport, Report};
use serde_json::Value;
use source::Source;
use std::path::PathBuf;
use std::time::Instant;
use target::{Counts, Target};

/// Why an import stopped. What was committed stays; the same command goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The old database.
    #[error("the old database: {0}")]
    Source(String),
    /// This one.
    #[error("this database: {0}")]
    Target(String),
    /// Another database was given.
    #[error(
        "there is no \"User\" table in the schema {0} of the old database: is it FitMyCV's? `?schema=NAME` names another schema"
    )]
    NotFitMyCv(String),
    /// Two at once.
    #[error("another import into this database is under way: wait for its end")]
    Busy,
    /// The run that is open reads another database.
    #[error("an import from {open} is not finished, this is {given}: finish that one, or begin again with --again")]
    OtherSource {
        /// The open run's.
        open: String,
        /// What was given now.
        given: String,
    },
    /// Too many addresses collide.
    #[error("more than {0} people share an address with somebody else: look at the old database first")]
    TooManyCollisions(i64),
    /// The file for the rows that were not taken.
    #[error("the file of rejects: {0}")]
    Rejects(#[from] std::io::Error),
}

fn sentence(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

impl ImportError {
    #[allow(clippy::needless_pass_by_value)]
    fn source(error: tokio_postgres::Error) -> Self {
        Self::Source(sentence(&error))
    }
    #[allow(clippy::needless_pass_by_value)]
    fn target(error: tokio_postgres::Error) -> Self {
        Self::Target(sentence(&error))
    }
}

/// What to import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Address of the old database, as Prisma has it.
    pub from: String,
    /// File (PEM) with the authority of its certificate; empty: those of this machine.
    pub from_authority: PathBuf,
    /// Write nothing: everything is done in one transaction that is rolled back.
    pub dry_run: bool,
    /// Go over everything again after a finished import: rows that are not here are taken.
    pub again: bool,
    /// File for the rows that were not taken as they were, one JSON object a line.
    pub rejects: Option<PathBuf>,
}

/// Imports. `said` hears of each stage that ends.
///
/// # Errors
/// [`ImportError`]; rows that cannot be taken are no error, they are in the report.
pub async fn run(options: &Options, to: &Address, said: impl Fn(&str)) -> Result<Report, ImportError> {
    let began = Instant::now();
    let source = Source::open(&options.from, &options.from_authority).await?;
    let target = Target::open(to, options.dry_run).await?;
    let opened = open_run(options, &source, &target).await?;
    let run = match opened {
        Opened::Finished(report) => {
            if let Some(file) = &options.rejects {
                report::write_rejects(&target, file).await?;
            }
            target.end().await?;
            return Ok(*report);
        }
        Opened::Run(run) => run,
    };
    let mut known =
        Known { without_address: source.without_address().await?.into_iter().collect(), ids: target.ids().await? };
    let mut report = Report::new(source.name(), options.dry_run, run.resumed);
    for model in models::all() {
        let one = stage::model(&source, &target, run.id, model, &mut known).await?;
        said(&report::line(&one));
        report.models.push(one);
    }
    for model in models::all() {
        links::model(&source, &target, run.id, model).await?;
    }
    let balances = ledger::balances(&source, &target, run.id).await?;
    said(&report::line(&balances));
    report.models.push(balances);
    report.ledger = ledger::finish(&target, run.id).await?;
    report.unknown_tables = unknown_tables(&source).await?;
    report.checks = check::all(&source, &target, &run.baseline, &report).await?;
    report.take_notes(&target).await?;
    report.seconds = began.elapsed().as_secs_f64();
    report.finished_at = Utc::now();
    let stored = serde_json::to_value(&report).unwrap_or(Value::Null);
    let sql = "UPDATE cv.import_runs SET finished_at = now(), report = $2 WHERE id = $1";
    target.execute(sql, &[&run.id, &stored]).await?;
    if let Some(file) = &options.rejects {
        report::write_rejects(&target, file).await?;
    }
    target.end().await?;
    Ok(report)
}

/// Forgets what the import kept of the old rows: notes, ids, progress. For the time after everything was looked at.
///
/// # Errors
/// [`ImportError`].
pub async fn forget(to: &Address) -> Result<(), ImportError> {
    let target = Target::open(to, false).await?;
    target.run("TRUNCATE cv.import_notes, cv.import_ids, cv.import_progress, cv.import_runs").await
}

struct Run {
    id: i32,
    resumed: bool,
    baseline: Value,
}

enum Opened {
    Run(Run),
    Finished(Box<Report>),
}

/// The open run, or a new one; a finished one is not repeated unless it is asked for.
async fn open_run(options: &Options, source: &Source, target: &Target) -> Result<Opened, ImportError> {
    let sql = "SELECT id, source, baseline, finished_at, report FROM cv.import_runs ORDER BY id DESC LIMIT 1";
    let last = target.client().query_opt(sql, &[]).await.map_err(ImportError::target)?;
    let mut baseline = None;
    if let Some(last) = last {
        let (id, open): (i32, String) = (last.get(0), last.get(1));
        let finished: Option<DateTime<Utc>> = last.get(3);
        baseline = Some(last.get::<_, Value>(2));
        if finished.is_none() && !options.again {
            if open != source.name() {
                return Err(ImportError::OtherSource { open, given: source.name().to_owned() });
            }
            return Ok(Opened::Run(Run { id, resumed: true, baseline: baseline.unwrap_or(Value::Null) }));
        }
        if finished.is_none() {
            target.execute("UPDATE cv.import_runs SET finished_at = now() WHERE id = $1", &[&id]).await?;
        } else if !options.again {
            let report: Option<Value> = last.get(4);
            if let Some(mut report) = report.and_then(|report| serde_json::from_value::<Report>(report).ok()) {
                report.already_done = true;
                return Ok(Opened::Finished(Box::new(report)));
            }
        }
    }
    let baseline = match baseline {
        Some(baseline) => baseline,
        None => check::baseline(target).await?,
    };
    let sql = "INSERT INTO cv.import_runs (source, baseline) VALUES ($1, $2) RETURNING id";
    let row = target.client().query_one(sql, &[&source.name(), &baseline]).await.map_err(ImportError::target)?;
    Ok(Opened::Run(Run { id: row.get(0), resumed: false, baseline }))
}

/// Tables of the old database that the mapping does not know, with their rows: nothing is left behind unsaid.
async fn unknown_tables(source: &Source) -> Result<Vec<(String, i64)>, ImportError> {
    let mut unknown = Vec::new();
    for table in source.tables() {
        let known =
            models::all().any(|model| model.name == table) || ["CreditBalance", "_prisma_migrations"].contains(&table);
        if !known {
            unknown.push((table.to_owned(), source.count(table).await?));
        }
    }
    Ok(unknown)
}

/// An empty report of a model.
fn blank(name: &str, table: &str) -> ModelReport {
    ModelReport {
        model: name.to_owned(),
        table: table.to_owned(),
        in_source: None,
        table_is_here: true,
        counts: Counts::default(),
        columns_left: Vec::new(),
    }
}
