//! The commands.
//!
//! | module | holds |
//! |---|---|
//! | [`open`] | database, migrations, sessions, products: what every command needs |
//! | [`serve`] | `estafette serve`, and the order of a stop |
//! | [`migrate`] | `estafette migrate` |
//! | [`user`] | `estafette user add`, `list`, `credits` |
//! | [`import`] | `estafette import fitmycv`: another server's data into this one's database |
//! | [`demo`] | `estafette demo`: a server with an example user, CVs and job pages |
//! | [`quality`] | `estafette quality`: what the offline model finds against what is expected |
//! | [`scripted_stripe`] | `estafette scripted-stripe` (hidden): an endpoint like Stripe's |
//! | [`failure`] | how a command fails: one sentence and an exit code |

pub mod demo;
pub mod failure;
pub mod import;
pub mod migrate;
pub mod open;
pub mod quality;
pub mod scripted_stripe;
pub mod serve;
pub mod user;

pub use failure::Failure;

use crate::config::{EXAMPLE, Layer, Settings};
use crate::documents::READ_PDFS;
use crate::extract::pdf::ReadPdf;
use clap::{Args, Parser, Subcommand};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// A realtime server for live, durable AI work.
#[derive(Parser)]
#[command(name = "estafette", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where the settings come from: flags, variables, a file. `--help` lists all; `-h` does not.
#[derive(Args)]
#[command(next_help_heading = "Settings")]
pub struct Sources {
    /// The settings file. Without: `estafette.toml` in the working folder, if it is there.
    #[arg(long, env = "ESTAFETTE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    given: Layer,
}

impl Sources {
    fn load(self) -> Result<Settings, Failure> {
        Settings::load(self.given, self.config.as_deref()).map_err(Failure::settings)
    }
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until it is told to stop (Ctrl-C or SIGTERM; a second time: at once)
    #[command(about = "Run the server until it is told to stop (Ctrl-C or SIGTERM; a second time: at once)")]
    Serve(Box<serve::Serve>),
    #[command(about = "Bring the database up to date and exit")]
    Migrate(Box<Sources>),
    #[command(about = "Run a server with an example user, CVs and job pages, in a folder of its own")]
    Demo(Box<Sources>),
    #[command(about = "Add and list users, give credits")]
    User(Box<user::User>),
    #[command(about = "Print what the offline model reads out of CVs and job pages, against what is expected")]
    Quality(quality::Quality),
    #[command(about = "Import the data of another server")]
    Import(Box<import::Import>),
    #[command(about = "Print the settings in force (secrets are not shown), or the annotated example")]
    Config(Box<Print>),
    #[command(name = READ_PDFS, hide = true, about = "Read PDFs for a server, which starts this itself")]
    ReadPdfs,
    #[command(hide = true, about = "An endpoint like Stripe's, with a page to pay on: for tests. No money moves")]
    ScriptedStripe(scripted_stripe::Scripted),
}

#[derive(Args)]
struct Print {
    /// The example file, with each setting, its default, range and unit.
    #[arg(long)]
    example: bool,
    #[command(flatten)]
    sources: Sources,
}

/// Runs a command line.
pub fn run() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Serve(command) => serve::run(*command),
            Self::Migrate(sources) => migrate::run(&sources.load()?),
            Self::Demo(sources) => demo::run(sources.config.as_deref(), sources.given),
            Self::User(user) => user::run(*user),
            Self::Quality(quality) => quality::run(quality),
            Self::ScriptedStripe(command) => scripted_stripe::run(command),
            Self::ReadPdfs => read_pdfs(),
            Self::Import(import) => import::run(*import),
            Self::Config(print) if print.example => {
                say(EXAMPLE);
                Ok(())
            }
            Self::Config(print) => {
                say(print.sources.load()?.show());
                Ok(())
            }
        }
    }
}

/// The other side of [`crate::documents`].
fn read_pdfs() -> Result<(), Failure> {
    let served = estafette_sandbox::serve::<ReadPdf>(|bytes| crate::extract::pdf::read(bytes.into()));
    served.map_err(|error| Failure::work(error.to_string()))
}

/// Prints for the person at the terminal. A closed pipe is no error.
pub(crate) fn say(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let text = text.as_ref();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(out, "{text}{end}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests;
