//! `estafette-press`: the typesetter of an Estafette server. The server starts it, and speaks to it through pipes; no
//! person calls it.
//!
//! | module | holds |
//! |---|---|
//! | [`typeset`] | a PDF out of a design and what it shows, with embedded fonts |
//! | [`pages`] | the parts of Typst that takes |

mod pages;
mod typeset;

use estafette_sandbox::press::{Typeset, TypesetJob};
use std::io::IsTerminal as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().len() > 1 || std::io::stdin().is_terminal() {
        let version = env!("CARGO_PKG_VERSION");
        eprintln!("estafette-press {version} makes PDFs for an Estafette server, which starts it itself.");
        return ExitCode::from(2);
    }
    let served = estafette_sandbox::serve::<Typeset>(|TypesetJob { design, data }| typeset::pdf(&design, &data));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("estafette-press: {error}");
            ExitCode::FAILURE
        }
    }
}
