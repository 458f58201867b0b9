//! The side of the process that works.

use super::frame::{self, HELLO_BYTES_MAX, Hello, Reply};
use super::work::Work;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

/// Stack of the thread that works: what reads nested documents recurses, up to bounds of its own.
pub const STACK_BYTES: usize = 32 * 1024 * 1024;
/// Behind the server and its database when processor time is short, people's sockets first.
const NICENESS: i32 = 10;
/// Standard input, output and error: files that are open already. No further one can be opened.
const FILES: u64 = 3;

/// Takes jobs from standard input and writes what is made of them to standard output, until the input ends: also in the
/// middle of a job, so that nothing works on when the server is gone, however it went.
///
/// # Errors
/// The pipes cannot be used. A job that panics is answered, and the next one taken.
pub fn serve<W: Work>(work: impl FnMut(W::Job) -> W::Made + Send + 'static) -> io::Result<()> {
    confine(W::LIMITS.memory)?;
    let hello = frame::encode(&Hello { work: W::NAME.to_owned(), version: W::VERSION })?;
    debug_assert!(hello.len() <= HELLO_BYTES_MAX, "a greeting is short");
    frame::write(&mut io::stdout().lock(), &hello)?;
    let (jobs, taken) = mpsc::sync_channel(1);
    let worker = std::thread::Builder::new().name(W::NAME.to_owned()).stack_size(STACK_BYTES);
    worker.spawn(move || {
        // Nobody is left to answer to: the process has nothing else to do.
        let _end = answer::<W>(&taken, work);
        std::process::exit(1);
    })?;
    let mut input = io::stdin().lock();
    while let Some(job) = frame::read(&mut input, W::LIMITS.job_bytes)? {
        if jobs.send(job).is_err() {
            break;
        }
    }
    Ok(())
}

fn answer<W: Work>(jobs: &mpsc::Receiver<Vec<u8>>, mut work: impl FnMut(W::Job) -> W::Made) -> io::Result<()> {
    while let Ok(job) = jobs.recv() {
        let job = frame::decode(&job)?;
        // A job shares nothing with the next one but what the work itself keeps, which is the work's to keep whole.
        let reply = match catch_unwind(AssertUnwindSafe(|| work(job))) {
            Ok(made) => Reply::Made(made),
            Err(cause) => Reply::Panicked(said(cause.as_ref())),
        };
        let mut bytes = frame::encode(&reply)?;
        if bytes.len() > W::LIMITS.made_bytes {
            bytes = frame::encode(&Reply::<W::Made>::TooLarge(bytes.len()))?;
        }
        frame::write(&mut io::stdout().lock(), &bytes)?;
    }
    Ok(())
}

/// What a panic said, in a sentence.
fn said(cause: &(dyn std::any::Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().copied();
    let text = text.or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no word").chars().take(200).collect()
}

/// Gives up what the work does not need. Limits that are lower already stay.
fn confine(memory: u64) -> io::Result<()> {
    let limits = [(Resource::Data, memory), (Resource::Nofile, FILES), (Resource::Fsize, 0), (Resource::Core, 0)];
    for (resource, most) in limits {
        let most = getrlimit(resource).maximum.map_or(most, |given| given.min(most));
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|error| io::Error::new(ErrorKind::PermissionDenied, error))?;
    }
    rustix::process::nice(NICENESS)?;
    Ok(())
}
