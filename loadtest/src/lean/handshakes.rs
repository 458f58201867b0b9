//! Connections that only come and go: TCP, upgrade, and whatever the dialect needs until it is ready.

use super::Dialect;
use super::crowd::{Connection, connect};
use super::tally::{Late, Tally};
use crate::measure::process::{Meter, Part, Use};
use hdrhistogram::Histogram;
use serde::Serialize;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;

/// What one connection reads at once.
const SCRATCH: usize = 8 * 1024;
/// One handshake.
const WITHIN: Duration = Duration::from_secs(30);
/// Faults that are kept with their words.
const FAULTS: usize = 20;

/// What coming and going came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Handshakes {
    /// Handshakes.
    pub count: u64,
    /// How long.
    pub seconds: f64,
    /// A second.
    pub per_second: f64,
    /// Until ready.
    pub late: Option<Late>,
    /// Handshakes that failed.
    pub failed: u64,
    /// How the first of them failed.
    pub faults: Vec<String>,
    /// What each part of the server used.
    pub processes: Vec<Use>,
}

struct Board {
    late: Histogram<u64>,
    count: u64,
    failed: u64,
    faults: Vec<String>,
}

/// Comes and goes for so long, `at_once` at the same time, on one thread.
///
/// # Errors
/// A thread or a histogram that cannot be made.
pub async fn handshakes(
    dialect: Arc<dyn Dialect>,
    address: SocketAddr,
    at_once: usize,
    time: Duration,
    parts: Vec<Part>,
) -> Result<Handshakes, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let (done, result) = tokio::sync::oneshot::channel();
    let work = move || {
        let local = tokio::task::LocalSet::new();
        let _gone = done.send(local.block_on(&runtime, all(dialect, address, at_once, time, parts)));
    };
    let thread = std::thread::Builder::new().name("handshakes".to_owned()).spawn(work);
    thread.map_err(|error| error.to_string())?;
    result.await.map_err(|_| "the thread failed".to_owned())?
}

async fn all(
    dialect: Arc<dyn Dialect>,
    address: SocketAddr,
    at_once: usize,
    time: Duration,
    parts: Vec<Part>,
) -> Result<Handshakes, String> {
    let late = Histogram::new_with_bounds(1, 60_000_000, 3).map_err(|error| error.to_string())?;
    let board = Rc::new(RefCell::new(Board { late, count: 0, failed: 0, faults: Vec::new() }));
    let (meter, begin) = (Meter::start(parts), Instant::now());
    let until = begin + time;
    let workers: Vec<_> = (0..at_once)
        .map(|worker| {
            let (dialect, board) = (Arc::clone(&dialect), Rc::clone(&board));
            tokio::task::spawn_local(async move {
                let mut tally = Tally::new()?;
                let mut index = worker;
                while Instant::now() < until {
                    let began = Instant::now();
                    let outcome = tokio::time::timeout(WITHIN, one(&*dialect, address, index, &mut tally)).await;
                    let mut board = board.borrow_mut();
                    match outcome.unwrap_or_else(|_| Err("it took too long".to_owned())) {
                        Ok(()) => {
                            board.count += 1;
                            let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                            board.late.saturating_record(took.max(1));
                        }
                        Err(why) => {
                            board.failed += 1;
                            if board.faults.len() < FAULTS {
                                board.faults.push(why);
                            }
                        }
                    }
                    index += at_once;
                }
                Ok::<_, String>(())
            })
        })
        .collect();
    for worker in workers {
        worker.await.map_err(|error| error.to_string())??;
    }
    let (processes, seconds) = (meter.read(), begin.elapsed().as_secs_f64());
    let board = board.borrow();
    #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
    let per_second = board.count as f64 / seconds;
    let (late, faults) = (Late::of(&board.late), board.faults.clone());
    Ok(Handshakes { count: board.count, seconds, per_second, late, failed: board.failed, faults, processes })
}

async fn one(dialect: &dyn Dialect, address: SocketAddr, index: usize, tally: &mut Tally) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let mut stream = connect(address, 0, None).await.map_err(text)?;
    // A reset at the end instead of a port that waits for minutes: there are thousands a second.
    stream.set_zero_linger().map_err(text)?;
    stream.write_all(&dialect.request(index)).await.map_err(text)?;
    let (mut connection, mut replies) = (Connection::default(), Vec::new());
    let mut scratch = [0; SCRATCH];
    while !connection.progress.ready {
        stream.readable().await.map_err(text)?;
        let count = match stream.try_read(&mut scratch) {
            Ok(0) => return Err("the server ended it".to_owned()),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error.to_string()),
        };
        connection.look(dialect, index, scratch.get(..count).unwrap_or_default(), tally, &mut replies)?;
        if !replies.is_empty() {
            stream.write_all(&replies).await.map_err(text)?;
            replies.clear();
        }
        if let Some(fault) = tally.faults.pop() {
            return Err(fault);
        }
    }
    Ok(())
}
