//! What broke when, which tasks it met, and how long it took until each of them moved again.

use super::Stage;
use crate::check::Check;
use crate::report::{Span, Table};
use crate::scenario::Failure;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

/// Something that broke.
#[derive(Debug, Clone)]
pub struct Incident {
    /// For people.
    pub name: String,
    /// Its line in the timeline.
    pub lane: &'static str,
    /// Since the begin of the run.
    pub begin: Duration,
    /// Since the begin of the run; `None` while it lasts.
    pub end: Option<Duration>,
    /// The same begin as seconds of the calendar, as the log of events counts.
    pub calendar: f64,
    /// Running tasks that it met.
    pub met: Vec<String>,
}

/// Everything that broke.
#[derive(Default)]
pub struct Incidents(Mutex<Vec<Incident>>);

/// Seconds of the calendar.
pub fn calendar() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

impl Incidents {
    /// Something breaks now; its number.
    pub fn begin(&self, name: String, lane: &'static str, at: Duration, met: Vec<String>) -> usize {
        let mut all = self.0.lock();
        all.push(Incident { name, lane, begin: at, end: None, calendar: calendar(), met });
        all.len() - 1
    }
    /// It is well again.
    pub fn end(&self, number: usize, at: Duration) {
        if let Some(incident) = self.0.lock().get_mut(number) {
            incident.end = Some(at);
        }
    }
    /// All of them.
    pub fn all(&self) -> Vec<Incident> {
        self.0.lock().clone()
    }
    /// How many.
    pub fn count(&self) -> usize {
        self.0.lock().len()
    }

    /// For the report's timeline.
    pub fn spans(&self) -> Vec<Span> {
        let span = |incident: Incident| Span {
            lane: incident.lane.to_owned(),
            name: incident.name,
            from: incident.begin.as_secs_f64(),
            to: incident.end.unwrap_or(incident.begin).as_secs_f64(),
        };
        self.all().into_iter().map(span).collect()
    }

    /// For people, in the order of time, without the antics of clients.
    pub fn lines(&self) -> Vec<String> {
        let line = |incident: &Incident| {
            let lasted = incident.end.map_or_else(
                || "did not end".to_owned(),
                |end| format!("{:.1} s", end.saturating_sub(incident.begin).as_secs_f64()),
            );
            format!(
                "  {:7.2} s  {:<34} {lasted}, {} tasks",
                incident.begin.as_secs_f64(),
                incident.name,
                incident.met.len()
            )
        };
        self.all().iter().filter(|incident| incident.lane != "clients").map(line).collect()
    }
}

/// Times until tasks moved again.
#[derive(Debug, Clone, Default)]
pub struct Recovered {
    /// Seconds, sorted.
    pub times: Vec<f64>,
    /// Tasks that did not.
    pub stuck: Vec<String>,
}

impl Recovered {
    /// A percentile, seconds.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        let last = self.times.len().checked_sub(1)?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank"
        )]
        let rank = (percent / 100.0 * last as f64).round() as usize;
        self.times.get(rank.min(last)).copied()
    }
}

/// When each task did something. Being queued again is no movement.
#[derive(Debug, Default)]
pub struct Moves(HashMap<String, Trail>);

#[derive(Debug, Default)]
struct Trail {
    /// Seconds of the calendar, in the order of the log.
    at: Vec<f64>,
    ended: bool,
}

impl Moves {
    /// Reads them from the log.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn read(stage: &Stage) -> Result<Self, Failure> {
        let client = stage.cluster.postgres.connect().await?;
        let sql = "SELECT substr(t.topic, 6), extract(epoch FROM e.at)::float8, e.kind FROM runtime.events e
            JOIN runtime.topics t ON t.id = e.topic_id WHERE t.topic LIKE 'task:%' AND e.kind <> 'task.queued'
            ORDER BY e.topic_id, e.seq";
        let rows = client.query(sql, &[]).await.map_err(|error| Failure::Other(error.to_string()))?;
        let mut moves = Self::default();
        for row in &rows {
            let trail = moves.0.entry(row.get(0)).or_default();
            trail.at.push(row.get(1));
            trail.ended = ["task.completed", "task.failed", "task.cancelled"].contains(&row.get::<_, &str>(2));
        }
        Ok(moves)
    }

    /// How long the tasks that something met took to move again, from a time of the calendar on. One that ended in the
    /// same moment was not met.
    pub fn after(&self, from: f64, met: &[String]) -> Recovered {
        let mut recovered = Recovered::default();
        for task in met {
            let trail = self.0.get(task);
            match trail.and_then(|trail| trail.at.iter().copied().find(|at| *at > from)) {
                Some(at) => recovered.times.push(at - from),
                None if trail.is_some_and(|trail| trail.ended) => {}
                None => recovered.stuck.push(task.clone()),
            }
        }
        recovered.times.sort_by(f64::total_cmp);
        recovered
    }
}

/// What the faults of a run came to.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Tasks that faults met, and that moved again.
    pub met: usize,
    /// Those of them that did.
    pub recovered: usize,
    /// All times.
    pub all: Recovered,
    /// One row a fault.
    pub table: Option<Table>,
    /// (second of the run, seconds until the last task moved), one a fault.
    pub points: Vec<(f64, f64)>,
}

/// Sums up, and checks that everything moved again.
///
/// # Errors
/// [`Failure`].
pub async fn summary(stage: &Stage) -> Result<Summary, Failure> {
    let moves = Moves::read(stage).await?;
    let mut summary = Summary::default();
    let mut rows = Vec::new();
    for incident in stage.incidents.all().iter().filter(|incident| incident.lane != "clients") {
        let recovered = moves.after(incident.calendar, &incident.met);
        for task in &recovered.stuck {
            let what = format!(
                "{task} was met by \"{}\" at {:.1} s and never moved again",
                incident.name,
                incident.begin.as_secs_f64()
            );
            stage.shared.findings.broken(Check::MovesAgain, what);
        }
        stage.shared.findings.hold(Check::MovesAgain, u64::try_from(recovered.times.len()).unwrap_or(0));
        let met = recovered.times.len() + recovered.stuck.len();
        summary.met += met;
        summary.recovered += recovered.times.len();
        if let Some(slowest) = recovered.times.last() {
            summary.points.push((incident.begin.as_secs_f64(), *slowest));
        }
        let seconds = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
        let lasted = incident.end.unwrap_or(incident.begin).saturating_sub(incident.begin);
        rows.push(vec![
            format!("{:.1}", incident.begin.as_secs_f64()),
            incident.name.clone(),
            format!("{:.1}", lasted.as_secs_f64()),
            met.to_string(),
            recovered.times.len().to_string(),
            seconds(recovered.percentile(50.0)),
            seconds(recovered.times.last().copied()),
        ]);
        summary.all.times.extend(recovered.times);
    }
    summary.all.times.sort_by(f64::total_cmp);
    let columns = ["at, s", "fault", "lasted, s", "tasks met", "moved again", "p50, s", "last, s"];
    summary.table = Some(Table {
        title: "Faults, and the time until the tasks that they met moved again (from the fault's begin)".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    });
    Ok(summary)
}

impl Stage {
    /// Running tasks: all of them, or those of one node; without those that wait for another attempt of a step (as the
    /// model asked them to). Empty where Postgres does not answer at once.
    pub async fn running(&self, node: Option<&str>) -> Vec<String> {
        let sql = "SELECT id FROM runtime.tasks k WHERE status = 'running' AND ($1::text IS NULL OR node_id = $1)
            AND NOT EXISTS (SELECT 1 FROM runtime.steps s WHERE s.task_id = k.id AND s.run_after > now())";
        let ask = async {
            let client = self.cluster.postgres.connect().await.ok()?;
            let rows = client.query(sql, &[&node]).await.ok()?;
            Some(rows.iter().map(|row| row.get(0)).collect())
        };
        tokio::time::timeout(Duration::from_secs(1), ask).await.ok().flatten().unwrap_or_default()
    }
}
