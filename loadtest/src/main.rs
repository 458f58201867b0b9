//! `loadtest`: the command. Everything is in the library beside it.

use clap::Parser as _;
use estafette_loadtest::{cli, out};
use std::process::ExitCode;

/// A run whose checks do not all hold.
const FAILED: u8 = 1;
/// A run that could not be made.
const BROKEN_OFF: u8 = 2;

// One thread is enough for 20,000 connections, and leaves the other cores to the server.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match cli.run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(failure) => {
            out::note(format!("loadtest: {failure}"));
            ExitCode::from(BROKEN_OFF)
        }
    }
}
