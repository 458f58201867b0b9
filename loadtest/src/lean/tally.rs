//! What lean readers saw.

use crate::measure::process::Use;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::fmt;
use std::time::{Instant, SystemTime};

/// The longest time that is told apart, microseconds.
const LONGEST_US: u64 = 60_000_000;
/// Faults that are kept with their words.
const FAULTS: usize = 20;

/// Gaps and repetitions that are kept with their numbers.
const EXAMPLES: usize = 5;

/// Where one connection stands.
#[derive(Debug, Default)]
pub struct Progress {
    /// A number that the dialect may keep: how far the opening has come.
    pub stage: u32,
    /// It gets what it asked for.
    pub ready: bool,
    next_n: Option<u64>,
    next_seq: Option<u64>,
}

/// Numbers that did not follow one another, of one kind of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// Numbers that were left out.
    pub lost: u64,
    /// Events that came again, or after later ones.
    pub disordered: u64,
}

impl Broken {
    fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.disordered += other.disordered;
    }
}

/// What did not arrive, or not in order. A server may drop volatile events and say so, durable ones never: so they are told
/// apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Disorder {
    /// Of volatile events.
    pub live: Broken,
    /// Of durable events.
    pub durable: Broken,
    /// The first of them, with their numbers.
    pub examples: Vec<String>,
}

impl Disorder {
    /// Events that were lost, came again or out of order.
    pub fn events(&self) -> u64 {
        [self.live, self.durable].iter().map(|kind| kind.lost + kind.disordered).sum()
    }

    /// Counts what another one saw too.
    pub fn add(&mut self, other: &Self) {
        self.live.add(other.live);
        self.durable.add(other.durable);
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.iter().take(room).cloned());
    }
}

impl fmt::Display for Disorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { live, durable, examples } = self;
        write!(
            f,
            "{} volatile and {} durable events did not arrive, {} and {} came again or out of order",
            live.lost, durable.lost, live.disordered, durable.disordered
        )?;
        if examples.is_empty() { Ok(()) } else { write!(f, " ({})", examples.join("; ")) }
    }
}

/// What the readers of one thread saw.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) measuring: bool,
    begin: Instant,
    live: Histogram<u64>,
    durable: Histogram<u64>,
    others: u64,
    frames: u64,
    bytes: u64,
    seconds: Vec<u64>,
    disorder: Disorder,
    pub(super) faults: Vec<String>,
}

fn histogram() -> Result<Histogram<u64>, String> {
    Histogram::new_with_bounds(1, LONGEST_US, 3).map_err(|error| error.to_string())
}

impl Tally {
    pub(super) fn new() -> Result<Self, String> {
        Ok(Self {
            measuring: false,
            begin: Instant::now(),
            live: histogram()?,
            durable: histogram()?,
            others: 0,
            frames: 0,
            bytes: 0,
            seconds: Vec::new(),
            disorder: Disorder::default(),
            faults: Vec::new(),
        })
    }

    /// Counts from now on. What is lost or out of order stays: it must never be.
    pub(super) fn measure(&mut self) {
        (self.measuring, self.begin) = (true, Instant::now());
        self.live.reset();
        self.durable.reset();
        (self.others, self.frames, self.bytes) = (0, 0, 0);
        self.seconds.clear();
    }

    pub(super) fn fault(&mut self, why: String) {
        if self.faults.len() < FAULTS {
            self.faults.push(why);
        }
    }

    pub(super) fn read(&mut self, bytes: usize) {
        if self.measuring {
            self.bytes += u64::try_from(bytes).unwrap_or(0);
        }
    }
}

/// Now, Unix time in microseconds.
pub(super) fn now_us() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(0)
}

/// The two kinds of events that are numbered.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Live,
    Durable,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Live => "volatile",
            Self::Durable => "durable",
        })
    }
}

/// Is told what a message was.
pub struct Heard<'a> {
    pub(super) progress: &'a mut Progress,
    pub(super) tally: &'a mut Tally,
    pub(super) replies: &'a mut Vec<u8>,
    /// When it was read, Unix time in microseconds.
    pub now_us: u64,
    pub(super) second: usize,
}

impl<'a> Heard<'a> {
    pub(super) fn new(progress: &'a mut Progress, tally: &'a mut Tally, replies: &'a mut Vec<u8>) -> Self {
        let second = usize::try_from(tally.begin.elapsed().as_secs()).unwrap_or(0);
        Self { progress, tally, replies, now_us: now_us(), second }
    }

    /// Where the connection stands.
    pub fn progress(&mut self) -> &mut Progress {
        self.progress
    }

    /// Frames to be sent back.
    pub fn reply(&mut self, frames: &[u8]) {
        self.replies.extend_from_slice(frames);
    }

    /// A volatile event: number `n` of its connection (each one more than the one before), made at `at_us`.
    pub fn live(&mut self, n: u64, at_us: u64) {
        let expected = self.progress.next_n.replace(n + 1);
        self.follow(Kind::Live, expected, n);
        if self.count() {
            let late = self.now_us.saturating_sub(at_us).clamp(1, LONGEST_US);
            self.tally.live.saturating_record(late);
        }
    }

    /// A durable event: number `seq` of its connection's topic, committed at `at_us`.
    pub fn durable(&mut self, seq: u64, at_us: u64) {
        let expected = self.progress.next_seq.replace(seq + 1);
        self.follow(Kind::Durable, expected, seq);
        if self.count() {
            let late = self.now_us.saturating_sub(at_us).clamp(1, LONGEST_US);
            self.tally.durable.saturating_record(late);
        }
    }

    /// The history goes on after this number: a snapshot.
    pub fn position(&mut self, seq: u64) {
        self.progress.next_seq = Some(seq + 1);
    }

    /// An event without a number.
    pub fn other(&mut self) {
        if self.count() {
            self.tally.others += 1;
        }
    }

    /// Something that must not be.
    pub fn fault(&mut self, why: impl Into<String>) {
        self.tally.fault(why.into());
    }

    fn follow(&mut self, kind: Kind, expected: Option<u64>, got: u64) {
        let Some(expected) = expected.filter(|expected| *expected != got) else { return };
        let disorder = &mut self.tally.disorder;
        let broken = match kind {
            Kind::Live => &mut disorder.live,
            Kind::Durable => &mut disorder.durable,
        };
        match got.checked_sub(expected) {
            Some(lost) => broken.lost += lost,
            None => broken.disordered += 1,
        }
        if disorder.examples.len() < EXAMPLES {
            let when = if self.tally.measuring { format!("second {}", self.second) } else { "not measured".to_owned() };
            disorder.examples.push(format!("{kind} event {got} came where {expected} was due, {when}"));
        }
    }

    fn count(&mut self) -> bool {
        if self.tally.measuring {
            if self.tally.seconds.len() <= self.second {
                self.tally.seconds.resize(self.second + 1, 0);
            }
            if let Some(count) = self.tally.seconds.get_mut(self.second) {
                *count += 1;
            }
        }
        self.tally.measuring
    }

    pub(super) fn frame(&mut self) {
        if self.tally.measuring {
            self.tally.frames += 1;
        }
    }
}

/// Times, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Late {
    /// How many were timed.
    pub count: u64,
    /// The median.
    pub p50_ms: f64,
    /// 90 %.
    pub p90_ms: f64,
    /// 99 %.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Late {
    pub(super) fn of(histogram: &Histogram<u64>) -> Option<Self> {
        #[allow(clippy::cast_precision_loss, reason = "bounded by a minute")]
        let at = |percentile: f64| histogram.value_at_percentile(percentile) as f64 / 1_000.0;
        #[allow(clippy::cast_precision_loss, reason = "bounded by a minute")]
        let max_ms = histogram.max() as f64 / 1_000.0;
        let late = Self { count: histogram.len(), p50_ms: at(50.0), p90_ms: at(90.0), p99_ms: at(99.0), max_ms };
        (!histogram.is_empty()).then_some(late)
    }
}

/// What a crowd of readers saw while it was measured, and what that cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Readers.
    pub connections: usize,
    /// How long.
    pub seconds: f64,
    /// Events that reached readers, of all kinds.
    pub deliveries: u64,
    /// A second, on average.
    pub per_second: f64,
    /// In the best whole second.
    pub peak_per_second: u64,
    /// Frames that they came in.
    pub frames: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// From the making of volatile events to the reader.
    pub live: Option<Late>,
    /// From the commit of durable events to the reader; to the millisecond.
    pub durable: Option<Late>,
    /// What was left out, or did not come in order.
    pub disorder: Disorder,
    /// What else was wrong.
    pub faults: Vec<String>,
    /// What each part of the server used.
    pub processes: Vec<Use>,
}

impl Measured {
    /// CPU seconds of a part for a million deliveries.
    pub fn cpu_per_million(&self, part: &str) -> Option<f64> {
        #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
        let millions = self.deliveries as f64 / 1e6;
        let used = self.processes.iter().find(|used| used.name == part)?;
        (millions > 0.0).then(|| used.cpu_seconds / millions)
    }

    pub(super) fn of<'a>(
        connections: usize,
        seconds: f64,
        tallies: impl Iterator<Item = &'a Tally>,
        processes: Vec<Use>,
    ) -> Result<Self, String> {
        let (mut live, mut durable) = (histogram()?, histogram()?);
        let (mut others, mut frames, mut bytes, mut disorder) = (0, 0, 0, Disorder::default());
        let (mut by_second, mut faults): (Vec<u64>, Vec<String>) = (Vec::new(), Vec::new());
        for tally in tallies {
            let _wide_enough = (live.add(&tally.live), durable.add(&tally.durable));
            others += tally.others;
            frames += tally.frames;
            bytes += tally.bytes;
            disorder.add(&tally.disorder);
            faults.extend(tally.faults.iter().cloned());
            if by_second.len() < tally.seconds.len() {
                by_second.resize(tally.seconds.len(), 0);
            }
            by_second.iter_mut().zip(&tally.seconds).for_each(|(sum, count)| *sum += count);
        }
        let deliveries = live.len() + durable.len() + others;
        #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
        let per_second = deliveries as f64 / seconds.max(0.001);
        Ok(Self {
            connections,
            seconds,
            deliveries,
            per_second,
            peak_per_second: by_second.into_iter().max().unwrap_or(0),
            frames,
            bytes,
            live: Late::of(&live),
            durable: Late::of(&durable),
            disorder,
            faults,
            processes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_told_by_its_kind() {
        let (mut tally, mut progress, mut replies) = (Tally::new().unwrap(), Progress::default(), Vec::new());
        let mut heard = Heard::new(&mut progress, &mut tally, &mut replies);
        heard.position(4);
        [1, 2, 5, 4].into_iter().for_each(|n| heard.live(n, 1));
        [5, 8].into_iter().for_each(|seq| heard.durable(seq, 1));
        let measured = Measured::of(1, 1.0, [&tally].into_iter(), Vec::new()).unwrap();
        let disorder = measured.disorder;
        assert_eq!(disorder.live, Broken { lost: 2, disordered: 1 });
        assert_eq!(disorder.durable, Broken { lost: 2, disordered: 0 });
        assert_eq!(disorder.events(), 5);
        let said = disorder.to_string();
        assert!(said.starts_with("2 volatile and 2 durable events did not arrive, 1 and 0 came again"), "{said}");
        assert!(said.contains("durable event 8 came where 6 was due"), "{said}");
    }

    #[test]
    fn of_many_gaps_the_first_are_kept() {
        let mut sum = Disorder::default();
        for n in 0..10 {
            let live = Broken { lost: 1, disordered: 0 };
            sum.add(&Disorder { live, examples: vec![n.to_string()], ..Disorder::default() });
        }
        assert_eq!((sum.events(), sum.examples), (10, ["0", "1", "2", "3", "4"].map(str::to_owned).to_vec()));
    }
}
