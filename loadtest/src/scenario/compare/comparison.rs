//! What a comparison came to: every run with its figures, and from them medians, spreads and ratios.

use super::metric::{Better, Metric};
use super::side::Side;
use super::{Scenario, Size};
use crate::measure::{Spread, ratio};
use crate::report::{Machine, Outputs};
use serde::Serialize;
use std::collections::BTreeMap;

/// What one run measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// The figures.
    pub values: BTreeMap<Metric, f64>,
    /// CPU seconds of a unit by process, for the figures that are CPU seconds.
    pub cpu: BTreeMap<Metric, BTreeMap<String, f64>>,
    /// What else is to be known.
    pub notes: Vec<String>,
    /// Promises that did not hold: lost, repeated, out of order.
    pub broken: u64,
}

impl Outcome {
    /// One figure; what is no number is left out.
    pub fn set(&mut self, metric: Metric, value: f64) {
        if value.is_finite() {
            self.values.insert(metric, value);
        }
    }

    /// A figure of CPU seconds: the sum, and each process.
    pub fn cpu(&mut self, metric: Metric, by_process: BTreeMap<String, f64>) {
        if !by_process.is_empty() {
            self.set(metric, by_process.values().sum());
            self.cpu.insert(metric, by_process);
        }
    }

    /// Something to be known.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// What was done.
    pub scenario: Scenario,
    /// In which turn, from 0.
    pub round: usize,
    /// Who.
    pub side: Side,
    /// What came out, or why nothing did.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Why there is no outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// All runs.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The command line.
    pub command: String,
    /// What repeats it.
    pub seed: u64,
    /// The day, `YYYY-MM-DD`.
    pub day: String,
    /// How long it took, seconds.
    pub seconds: f64,
    /// The machine.
    pub machine: Machine,
    /// The kernel.
    pub kernel: String,
    /// Whether server and client had a core each.
    pub pinned: bool,
    /// How much was done.
    pub size: Size,
    /// Rounds.
    pub rounds: usize,
    /// Sides that are not on this machine, and why.
    pub absent: Vec<(Side, String)>,
    /// The runs in their order.
    pub runs: Vec<Record>,
}

impl Comparison {
    /// A side's figure in each round.
    pub fn values(&self, side: Side, metric: Metric) -> Vec<Option<f64>> {
        let of = |round: usize| {
            let mine = |run: &&Record| run.side == side && run.round == round;
            self.runs.iter().filter(mine).find_map(|run| run.outcome.values.get(&metric).copied())
        };
        (0..self.rounds).map(of).collect()
    }

    /// A side's figure.
    pub fn spread(&self, side: Side, metric: Metric) -> Option<Spread> {
        Spread::of(&self.values(side, metric).into_iter().flatten().collect::<Vec<_>>())
    }

    /// How many times better this server is than a peer, within each turn. Below 1: worse.
    pub fn ahead(&self, peer: Side, metric: Metric) -> Option<Spread> {
        let (ours, theirs) = (self.values(Side::Estafette, metric), self.values(peer, metric));
        match metric.better() {
            Better::Higher => ratio(&ours, &theirs),
            Better::Lower => ratio(&theirs, &ours),
        }
    }

    /// CPU seconds of a unit by process: the median of the rounds.
    pub fn processes(&self, side: Side, metric: Metric) -> BTreeMap<String, f64> {
        let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for run in self.runs.iter().filter(|run| run.side == side) {
            for (process, seconds) in run.outcome.cpu.get(&metric).into_iter().flatten() {
                all.entry(process.clone()).or_default().push(*seconds);
            }
        }
        all.into_iter().filter_map(|(process, runs)| Some((process, Spread::of(&runs)?.median))).collect()
    }

    /// Sides that were measured, in their order.
    pub fn sides(&self) -> Vec<Side> {
        Side::ALL.iter().copied().filter(|side| self.runs.iter().any(|run| run.side == *side)).collect()
    }

    /// Whether every run of this server could be made and kept its promises. What peers lose is reported, not judged; where
    /// this server does not take part, their runs must only have been made.
    pub fn passed(&self) -> bool {
        let ours = self.sides().into_iter().any(Side::is_ours);
        let judged = |run: &&Record| !ours || run.side.is_ours();
        let holds = |run: &Record| run.failure.is_none() && (!ours || run.outcome.broken == 0);
        !self.runs.is_empty() && self.runs.iter().filter(judged).all(holds)
    }

    /// Prints it, and writes the files that were asked for.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn publish(&self, outputs: &Outputs) -> Result<(), String> {
        crate::out::line(super::table::summary(self));
        if let Some(path) = &outputs.json {
            let json = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
            crate::report::write(path, &json)?;
        }
        if let Some(path) = &outputs.markdown {
            crate::report::write(path, &super::table::markdown(self))?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) fn example() -> Comparison {
    let run = |side: Side, round: usize, values: &[(Metric, f64)]| {
        let mut outcome = Outcome::default();
        values.iter().for_each(|(metric, value)| outcome.set(*metric, *value));
        Record { scenario: Scenario::Fanout, round, side, outcome, failure: None }
    };
    let mut runs = vec![
        run(Side::Estafette, 0, &[(Metric::FanCpu, 3.0), (Metric::FanMost, 1_500_000.0)]),
        run(Side::Ws, 0, &[(Metric::FanCpu, 9.0), (Metric::FanMost, 100_000.0)]),
        run(Side::Ws, 1, &[(Metric::FanCpu, 20.0), (Metric::FanMost, 100_000.0)]),
        run(Side::Estafette, 1, &[(Metric::FanCpu, 5.0), (Metric::FanMost, 1_200_000.0)]),
    ];
    if let Some(first) = runs.first_mut() {
        let by_process = [("estafette".to_owned(), 2.5), ("postgres".to_owned(), 0.5)];
        first.outcome.cpu(Metric::FanCpu, by_process.into_iter().collect());
    }
    Comparison {
        command: "compare".to_owned(),
        seed: 7,
        day: "2026-11-21".to_owned(),
        seconds: 12.0,
        machine: Machine { cores: 2, processor: "A processor".to_owned(), memory_gib: 24.0 },
        kernel: "6.1".to_owned(),
        pinned: true,
        size: Size::Quick,
        rounds: 2,
        absent: vec![(Side::Nats, "nats-server is not in PATH".to_owned())],
        runs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ahead_is_more_than_one_where_we_are_better_whichever_way_better_is() {
        let comparison = example();
        // CPU: 9/3 and 20/5; rate: 15 and 12.
        let cpu = comparison.ahead(Side::Ws, Metric::FanCpu).unwrap();
        assert_eq!((cpu.median, cpu.low, cpu.high), (3.5, 3.0, 4.0));
        assert_eq!(comparison.ahead(Side::Ws, Metric::FanMost).unwrap().median, 13.5);
        assert_eq!(comparison.ahead(Side::Nats, Metric::FanMost), None);
        assert_eq!(comparison.spread(Side::Estafette, Metric::FanCpu).unwrap().median, 4.0);
    }

    #[test]
    fn every_process_has_its_cpu() {
        let comparison = example();
        let by_process = comparison.processes(Side::Estafette, Metric::FanCpu);
        assert_eq!((by_process["estafette"], by_process["postgres"]), (2.5, 0.5));
        assert_eq!(comparison.spread(Side::Estafette, Metric::FanCpu).unwrap().low, 3.0, "their sum is the figure");
    }

    #[test]
    fn what_this_server_breaks_fails_the_comparison_and_what_peers_break_does_not() {
        let mut comparison = example();
        assert!(comparison.passed());
        comparison.runs[1].outcome.broken = 3;
        comparison.runs[2].failure = Some("gone".to_owned());
        assert!(comparison.passed());
        comparison.runs[0].outcome.broken = 1;
        assert!(!comparison.passed());
        comparison.runs.retain(|run| run.side != Side::Estafette);
        assert!(!comparison.passed(), "a run could not be made");
        comparison.runs[1].failure = None;
        assert!(comparison.passed());
        comparison.runs.clear();
        assert!(!comparison.passed(), "nothing was looked at");
    }
}
