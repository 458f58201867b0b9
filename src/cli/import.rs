//! `estafette import`: the data of another server into this one's database.

use super::failure::Failure;
use super::{Sources, open, say};
use crate::config::{Secret, Settings};
use crate::cv::import::{self, Options};
use crate::telemetry;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The arguments of `estafette import`.
#[derive(Args)]
pub struct Import {
    #[command(subcommand)]
    from: From,
}

#[derive(Subcommand)]
enum From {
    #[command(about = "Import FitMyCV's database (Prisma on Postgres); goes on where an interrupted import stopped")]
    Fitmycv(Box<FitMyCv>),
}

#[derive(Args)]
struct FitMyCv {
    /// Address of the old database, as in Prisma's DATABASE_URL. It is only read.
    #[arg(
        long,
        value_name = "URL",
        env = "ESTAFETTE_IMPORT_FROM",
        hide_env_values = true,
        required_unless_present = "forget"
    )]
    from: Option<String>,
    /// File (PEM) with the authority of the old database's certificate.
    #[arg(long, value_name = "FILE")]
    from_ca: Option<PathBuf>,
    /// This server's database, instead of --database-url.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Do everything, report, and keep nothing.
    #[arg(long)]
    dry_run: bool,
    /// After a finished import: go over everything again, and take what is not here (what was deleted here since, too).
    #[arg(long)]
    again: bool,
    /// Write every row that was not taken as it was into this file, one JSON object a line. It holds personal data.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Write the report as JSON into this file.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Delete what earlier imports kept (progress, and old rows that were not taken), and do nothing else.
    #[arg(long, conflicts_with_all = ["dry_run", "again"])]
    forget: bool,
    #[command(flatten)]
    sources: Sources,
}

/// Runs it.
///
/// # Errors
/// [`Failure`]: an address, a database that does not answer, a check that does not hold.
pub fn run(import: Import) -> Result<(), Failure> {
    let From::Fitmycv(command) = import.from;
    let FitMyCv { from, from_ca, database, dry_run, again, rejects, report, forget, mut sources } = *command;
    if let Some(database) = database {
        sources.given.database.url = Some(Secret::new(database));
    }
    let options = Options {
        from: from.unwrap_or_default(),
        from_authority: from_ca.unwrap_or_default(),
        dry_run,
        again,
        rejects,
    };
    let settings = sources.load()?;
    let _telemetry = telemetry::start(&settings);
    actix_web::rt::System::new().block_on(work(&settings, &options, report, forget))
}

async fn work(settings: &Settings, options: &Options, file: Option<PathBuf>, forget: bool) -> Result<(), Failure> {
    let (address, embedded) = open::database(settings, open::Sharing::Together).await?;
    let outcome = async {
        open::bring_up_to_date(settings, &address, embedded.as_ref()).await?;
        if forget {
            import::forget(&address).await.map_err(Failure::work)?;
            say("what earlier imports kept is deleted");
            return Ok(());
        }
        let report = import::run(options, &address, |line| tracing::info!("{line}")).await.map_err(Failure::work)?;
        if let Some(file) = file {
            std::fs::write(file, serde_json::to_string_pretty(&report).map_err(Failure::work)?)?;
        }
        say(report.text());
        if report.is_complete() {
            Ok(())
        } else {
            Err(Failure::work("the import does not add up: see the checks above"))
        }
    }
    .await;
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    outcome
}
