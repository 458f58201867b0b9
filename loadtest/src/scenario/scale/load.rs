//! The same load whatever is measured: browsers that start a plain task, watch it to its end and start the next.

use super::super::compare::browser::{Ask, Browser, Site, Story};
use crate::measure::process::{Meter, Part, cpu_seconds};
use crate::scenario::Failure;
use futures_util::{StreamExt as _, TryStreamExt as _};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Steps of a task, none of which takes time.
pub(super) const STEPS: u32 = 10;
/// Browsers of one person.
pub(super) const OF_A_PERSON: u32 = 4;
/// Browsers that connect at the same time.
const OPENING: usize = 16;
/// All tasks of one load have ended within this time.
const WITHIN: Duration = Duration::from_secs(1_800);
/// The longest time that is told apart, microseconds.
const LONGEST_US: u64 = 600_000_000;

/// What some tasks came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Done {
    /// Tasks that ended as they should.
    pub(super) tasks: u64,
    /// A second.
    pub(super) per_second: f64,
    /// From the request to `completed` in the browser, ms.
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// CPU seconds of 1,000 tasks, by process.
    pub(super) cpu: BTreeMap<String, f64>,
    /// And of this program, which is nobody's cost.
    pub(super) client_cpu: f64,
    /// What was not as promised.
    pub(super) broken: Vec<String>,
}

impl Done {
    /// CPU seconds of 1,000 tasks, of all processes that serve.
    pub(super) fn cpu_all(&self) -> f64 {
        self.cpu.values().sum()
    }
}

struct Tally {
    late: Histogram<u64>,
    tasks: u64,
    broken: Vec<String>,
}

impl Tally {
    fn take(&mut self, story: &Story) {
        let Some(ended) = story.ended else {
            self.broken.push("a task did not end".to_owned());
            return;
        };
        let (missing, twice) = (story.missing(STEPS), story.twice());
        if missing + twice > 0 {
            self.broken.push(format!("of a task {missing} steps were not told, {twice} twice"));
        }
        self.tasks += 1;
        let us = u64::try_from((ended - story.began).as_micros()).unwrap_or(LONGEST_US);
        self.late.saturating_record(us.clamp(1, LONGEST_US));
    }
}

/// Runs `warm` tasks, and then `tasks` that are measured: as many at a time as there are sites.
pub(super) async fn plain(sites: Vec<Site>, warm: u32, tasks: u32, parts: Vec<Part>) -> Result<Done, Failure> {
    let opened = futures_util::stream::iter(sites).map(Browser::open).buffer_unordered(OPENING);
    let browsers: Vec<Browser> = opened.try_collect().await.map_err(Failure::Other)?;
    let (browsers, warmed) = some(browsers, warm).await?;
    let (meter, begin, me) = (Meter::start(parts), Instant::now(), std::process::id());
    let client = cpu_seconds(me).unwrap_or(0.0);
    let (browsers, tally) = some(browsers, tasks).await?;
    let (used, seconds) = (meter.read(), begin.elapsed().as_secs_f64());
    let client = cpu_seconds(me).unwrap_or(0.0) - client;
    for browser in browsers {
        browser.close().await;
    }
    #[allow(clippy::cast_precision_loss, reason = "counts of a test run")]
    let (count, thousands) = (tally.tasks as f64, tally.tasks.max(1) as f64 / 1e3);
    let mut cpu: BTreeMap<String, f64> = BTreeMap::new();
    used.into_iter().for_each(|used| *cpu.entry(used.name).or_default() += used.cpu_seconds / thousands);
    #[allow(clippy::cast_precision_loss, reason = "bounded by ten minutes")]
    let ms = |percentile: f64| tally.late.value_at_percentile(percentile) as f64 / 1e3;
    let mut broken = warmed.broken;
    let (p50_ms, p99_ms) = (ms(50.0), ms(99.0));
    broken.extend(tally.broken);
    Ok(Done {
        tasks: tally.tasks,
        per_second: count / seconds.max(0.001),
        p50_ms,
        p99_ms,
        cpu,
        client_cpu: client / thousands,
        broken,
    })
}

/// So many tasks by these browsers, each with one at a time.
async fn some(browsers: Vec<Browser>, tasks: u32) -> Result<(Vec<Browser>, Tally), Failure> {
    let (left, until) = (Arc::new(AtomicU32::new(tasks)), Instant::now() + WITHIN);
    let take = |left: &AtomicU32| left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    let work: Vec<_> = browsers
        .into_iter()
        .map(|mut browser| {
            let left = Arc::clone(&left);
            tokio::spawn(async move {
                let ask = Ask { steps: STEPS, latency_ms: 0, pure: false };
                let mut stories = Vec::new();
                while Instant::now() < until && take(&left).is_ok() {
                    let story = browser.task(ask, until).await;
                    let over = story.is_err();
                    stories.push(story);
                    if over {
                        break;
                    }
                }
                (browser, stories)
            })
        })
        .collect();
    let late = Histogram::new_with_bounds(1, LONGEST_US, 3).map_err(|error| Failure::Other(error.to_string()))?;
    let (mut tally, mut browsers) = (Tally { late, tasks: 0, broken: Vec::new() }, Vec::new());
    for one in work {
        let (browser, stories) = one.await.map_err(|error| Failure::Other(error.to_string()))?;
        browsers.push(browser);
        for story in stories {
            match story {
                Ok(story) => tally.take(&story),
                Err(why) => tally.broken.push(format!("refused: {why}")),
            }
        }
    }
    Ok((browsers, tally))
}
