//! `loadtest eval`.
use super::Failure;
use crate::cli::ServerArgs;
use crate::report::Report;
/// Options.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {}
/// Runs it.
///
/// # Errors
/// Always.
pub async fn run(_: &Options, _: &ServerArgs, _: u64) -> Result<Report, Failure> {
    Err(Failure::Other("not yet".to_owned()))
}
