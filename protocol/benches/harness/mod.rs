//! What every bench program of the workspace is: a list of hot paths that criterion times, and that callgrind counts.
//!
//! Without arguments (`cargo bench`) criterion measures each path. With `--count` each path runs a fixed number of times
//! between [`count_begin`] and [`count_end`], which is where `.ci/bench.sh` has callgrind reset and note its counters: one
//! start of valgrind counts all paths of a program, and what a path needs once (its material, the first use of a table)
//! is not in the figure.
//!
//! `BENCH_SLOW=<name>` makes every fifth run of that path happen twice: a fifth slower, by which `.ci/bench.sh selftest`
//! shows that the guard sees it.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

use criterion::Criterion;
use std::hint::black_box;

/// Runs before the count: tables are built, caches are warm, buffers have their size.
const WARM_UP: u32 = 3;
/// One of so many runs happens twice when a path is slowed.
const SLOWED: u32 = 5;
/// How often a path is counted that waits for another process; the lowest count is its figure.
const COUNTS: u32 = 7;

/// A hot path.
pub struct Path {
    /// `group/what`, the name in the baseline.
    pub name: &'static str,
    /// Runs that are counted: enough that what happens now and then (a buffer grows) is in all figures alike.
    pub runs: u32,
    /// How often it is counted.
    pub counts: u32,
    /// Makes the material; what it returns is one run.
    pub prepare: fn() -> Box<dyn FnMut()>,
}

/// A hot path.
#[allow(dead_code, reason = "one program has none but those that wait")]
pub const fn path(name: &'static str, runs: u32, prepare: fn() -> Box<dyn FnMut()>) -> Path {
    Path { name, runs, counts: 1, prepare }
}

/// A hot path that waits for another process (Postgres). How long that takes, and so how often this process looks at its
/// clocks and wakes for nothing meanwhile, depends on how busy the machine is; it only ever adds. So the path is counted
/// several times, and the lowest count is its own work.
#[allow(dead_code, reason = "most programs have none")]
pub const fn path_that_waits(name: &'static str, runs: u32, prepare: fn() -> Box<dyn FnMut()>) -> Path {
    Path { name, runs, counts: COUNTS, prepare }
}

/// The main function of a bench program.
pub fn main(paths: &[Path]) {
    if std::env::args().any(|argument| argument == "--count") { count(paths) } else { time(paths) }
}

fn time(paths: &[Path]) {
    let mut criterion = Criterion::default().configure_from_args();
    for path in paths {
        let mut run = (path.prepare)();
        criterion.bench_function(path.name, |bencher| bencher.iter(&mut run));
    }
    criterion.final_summary();
}

fn count(paths: &[Path]) {
    let slow = std::env::var("BENCH_SLOW").unwrap_or_default();
    for path in paths {
        let mut run = (path.prepare)();
        for _ in 0..WARM_UP {
            run();
        }
        for _ in 0..path.counts {
            count_begin(path.name);
            for at in 0..path.runs {
                run();
                if path.name == slow && at % SLOWED == 0 {
                    run();
                }
            }
            count_end(path.runs);
            println!("{}\t{}", path.name, path.runs);
        }
    }
}

/// Callgrind's counters begin at zero here. The two functions differ, so that no compiler makes them one.
#[inline(never)]
pub fn count_begin(name: &str) {
    black_box(name);
}

/// Callgrind notes its counters here.
#[inline(never)]
pub fn count_end(runs: u32) {
    black_box(runs);
}
