//! Documents: what strangers hand in is read, and what they take away is made, in processes of their own
//! ([`estafette_sandbox`]).
//!
//! PDFs are read by this program itself, started anew (`estafette read-pdfs`); they are made by `estafette-press`, which is
//! installed beside it.

use crate::config::Settings;
use crate::extract::pdf::PdfReader;
use estafette_sandbox::press::Typeset;
use estafette_sandbox::{Program, Sandbox};
use std::path::{Path, PathBuf};

/// The hidden command by which this program reads PDFs.
pub const READ_PDFS: &str = "read-pdfs";
/// The typesetter's file.
pub const PRESS: &str = "estafette-press";

/// What reads and makes documents. Clones share its processes.
#[derive(Debug, Clone)]
pub struct Documents {
    /// Reads PDFs.
    pub reader: PdfReader,
    /// Makes PDFs.
    pub press: Sandbox<Typeset>,
}

impl Documents {
    /// With these programs, each in so many processes at once.
    pub fn new(server: PathBuf, press: PathBuf, at_once: usize) -> Self {
        let press = Program { path: press, args: Vec::new(), env: Vec::new() };
        Self { reader: PdfReader::new(reader(server), at_once), press: Sandbox::new(press, at_once) }
    }

    /// As the settings say. Where no typesetter is named and none is there, the log says so: JSON can be exported all the
    /// same.
    ///
    /// # Errors
    /// A sentence: there is nothing at the typesetter's path.
    pub fn from_settings(settings: &Settings) -> Result<Self, String> {
        let given = &settings.documents.press;
        let named = !given.as_os_str().is_empty();
        let press = if named { given.clone() } else { beside(PRESS) };
        if !press.is_file() {
            let said = format!("there is no typesetter at {}", press.display());
            if named {
                return Err(format!("documents.press: {said}; install {PRESS} there, or leave ESTAFETTE_PRESS empty"));
            }
            tracing::warn!("{said}: no PDFs are made; install {PRESS} there, or set ESTAFETTE_PRESS");
        }
        Ok(Self::new(itself(), press, settings.documents.processes))
    }
}

/// What reads PDFs where there is no server: for commands.
pub fn reader_here() -> PdfReader {
    PdfReader::new(reader(itself()), 1)
}

fn reader(server: PathBuf) -> Program {
    // The allocator would take a gigabyte of addresses beforehand, which the limit counts.
    let env = vec![("MIMALLOC_ARENA_EAGER_COMMIT".to_owned(), "0".to_owned())];
    Program { path: server, args: vec![READ_PDFS.to_owned()], env }
}

/// This program, also after another version has taken its place on disk.
fn itself() -> PathBuf {
    let running = Path::new("/proc/self/exe");
    if running.exists() { running.to_owned() } else { std::env::current_exe().unwrap_or_else(|_| "estafette".into()) }
}

/// A program in the folder of this one.
fn beside(name: &str) -> PathBuf {
    let here = std::env::current_exe().ok();
    here.as_deref().and_then(Path::parent).map_or_else(|| name.into(), |folder| folder.join(name))
}
