//! `estafette quality import`, `offers`, `scores`: what the offline model finds against what is expected, as tables.

use super::failure::Failure;
use super::say;
use crate::cv::quality::scores::Trades;
use crate::cv::quality::{Report, imports, offers, scores};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The command.
#[derive(Args)]
pub struct Quality {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// CVs out of PDFs: name, e-mail, employers, titles, periods, schools, skills
    Import {
        /// The PDFs. Beside `x.pdf`, `x.truth.json` has what is expected; `neg-*.pdf` must be refused.
        #[arg(long)]
        folder: PathBuf,
        /// Another folder with the expected facts.
        #[arg(long)]
        facts: Option<PathBuf>,
        /// One PDF of the folder: print what was read of it as JSON Resume instead.
        #[arg(long)]
        show: Option<String>,
    },
    /// Facts of job pages: title, company, location, contract, salary, skills
    Offers {
        /// A JSON list of `{file, facts}`; files are relative to its folder.
        #[arg(long)]
        list: PathBuf,
        /// Where the files are instead; what it does not have is left out.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// Matches: a fitting CV above a foreign one, adapting never lowers, the same input the same score
    Scores {
        /// CVs as JSON Resume or PDF.
        #[arg(long)]
        cvs: PathBuf,
        /// Job offers as Markdown, saved pages or PDFs.
        #[arg(long)]
        offers: PathBuf,
        /// A JSON file `{trades: {file: trade}, near: [[trade]]}` that says which trade each file is of; without it the
        /// titles say.
        #[arg(long)]
        trades: Option<PathBuf>,
        /// Only the order: neither adapted nor scored again.
        #[arg(long)]
        order_only: bool,
    },
}

/// Prints the table.
///
/// # Errors
/// [`Failure`]: a folder or a list cannot be read.
pub fn run(quality: Quality) -> Result<(), Failure> {
    let report: Result<Report, String> = actix_web::rt::System::new().block_on(async move {
        let reader = crate::documents::reader_here();
        let pdf = async |bytes: Vec<u8>| reader.text(bytes).await;
        match quality.what {
            What::Import { folder, show: Some(name), .. } => {
                say(imports::show(&pdf, &folder.join(name)).await?);
                Ok(Report::default())
            }
            What::Import { folder, facts, .. } => imports::folder(&pdf, &folder, facts.as_deref()).await,
            What::Offers { list, folder } => offers::list(&pdf, &list, folder.as_deref()).await,
            What::Scores { cvs, offers, trades, order_only } => {
                let trades = trades.as_deref().map(Trades::read).transpose()?;
                scores::folder(&pdf, &cvs, &scores::offers_of(&pdf, &offers).await?, trades.as_ref(), order_only).await
            }
        }
    });
    let report = report.map_err(Failure::work)?;
    if !report.head.is_empty() {
        say(report.show());
    }
    Ok(())
}
