//! Who is measured when: the sides in turn (A B A B …), so that what the machine does meanwhile meets all of them.

use super::Scenario;
use super::side::Side;

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// What is done.
    pub scenario: Scenario,
    /// Its number, from 0.
    pub round: usize,
    /// Who.
    pub side: Side,
}

/// All measurements in their order: scenario by scenario, round by round, side by side. Every second round goes through
/// the sides backwards, so that nobody always comes after the same one.
pub fn turns(scenarios: &[Scenario], sides: &[Side], rounds: usize) -> Vec<Turn> {
    let mut turns = Vec::new();
    for scenario in scenarios {
        for round in 0..rounds {
            let mut of_round: Vec<Turn> = sides
                .iter()
                .filter(|side| side.plays(*scenario))
                .map(|side| Turn { scenario: *scenario, round, side: *side })
                .collect();
            if round % 2 == 1 {
                of_round.reverse();
            }
            turns.extend(of_round);
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_measured_in_turn_and_each_as_often_as_the_others() {
        let all = turns(&[Scenario::Own, Scenario::Tasks], &[Side::Estafette, Side::Ws, Side::BullMq], 3);
        let own: Vec<(usize, Side)> =
            all.iter().filter(|turn| turn.scenario == Scenario::Own).map(|turn| (turn.round, turn.side)).collect();
        assert_eq!(
            own,
            [
                (0, Side::Estafette),
                (0, Side::Ws),
                (1, Side::Ws),
                (1, Side::Estafette),
                (2, Side::Estafette),
                (2, Side::Ws),
            ]
        );
        assert_eq!(all.len(), 12);
        assert!(all.iter().all(|turn| turn.side.plays(turn.scenario)));
    }
}
