//! The fuzz targets without a fuzzer: each input of the corpus, and mutations of it from a fixed seed, through the same
//! functions. `.ci/fuzz.sh` looks further where cargo-fuzz is installed; what it finds is added to the corpus.

use estafette::extract;
use estafette_sandbox::serve::STACK_BYTES;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use std::path::Path;
use std::time::{Duration, Instant};

#[path = "../../protocol/fuzz/targets.rs"]
mod targets;

/// How long each target is run with mutations.
const TIME: Duration = Duration::from_secs(5);
/// Mutations of each input at most.
const MUTATIONS: u64 = 400;

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol/fuzz/corpus").join(target);
    let mut inputs: Vec<(String, Vec<u8>)> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        })
        .collect();
    inputs.sort();
    assert!(inputs.len() >= 5, "{target} has a corpus");
    inputs
}

fn mutated(rng: &mut SmallRng, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..rng.random_range(1..6) {
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(0..32)).min(bytes.len());
        match rng.random_range(0..6) {
            0 => bytes.insert(at, rng.random()),
            1 => drop(bytes.drain(at..end)),
            2 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            3 if at < bytes.len() => bytes[at] = *[0, 1, 0x7f, 0x80, 0xff].choose(rng).unwrap(),
            4 => {
                let part = bytes[at..end].repeat(rng.random_range(1..8));
                bytes.splice(at..at, part);
            }
            _ => {
                let from = rng.random_range(0..=other.len());
                let part = other[from..(from + 64).min(other.len())].to_vec();
                bytes.splice(at..end, part);
            }
        }
    }
    bytes
}

fn run(name: &'static str) {
    let target = targets::ALL.iter().find(|(known, _)| *known == name).unwrap().1;
    let work = move || {
        let inputs = corpus(name);
        let attempt = |what: &str, input: &[u8]| {
            let told = std::panic::catch_unwind(|| target(input));
            assert!(told.is_ok(), "{name}: {what} ({} bytes): {}", input.len(), hex::encode(input));
        };
        inputs.iter().for_each(|(file, input)| attempt(file, input));
        let (mut rng, began, mut tried) = (SmallRng::seed_from_u64(20_261_121), Instant::now(), 0);
        for round in 0..MUTATIONS {
            for (file, input) in &inputs {
                if began.elapsed() > TIME {
                    break;
                }
                let other = &inputs.choose(&mut rng).unwrap().1;
                attempt(&format!("{file}, mutation {round}"), &mutated(&mut rng, input, other));
                tried += 1;
            }
        }
        eprintln!("{name}: {} inputs, {tried} mutations", inputs.len());
        assert!(tried >= 50, "{name}: only {tried} mutations in {TIME:?}");
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap();
    thread.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause));
}

#[test]
fn frames() {
    run("frames");
}

#[test]
fn msgpack() {
    run("msgpack");
}

#[test]
fn json() {
    run("json");
}

#[test]
fn html() {
    run("html");
}

#[test]
fn pdf() {
    run("pdf");
}

#[test]
fn each_target_is_run_here() {
    let names: Vec<&str> = targets::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["frames", "msgpack", "json", "html", "pdf"], "a new target needs a test above");
}
