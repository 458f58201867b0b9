//! Medians, spreads and ratios of a few runs of the same thing.

use serde::Serialize;

/// A few runs of the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Half of the runs were at or below it.
    pub median: f64,
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
    /// Runs.
    pub runs: usize,
}

impl Spread {
    /// Of these runs; none of no run. Values that are no numbers are left out.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        Some(Self { median: middle(&values)?, low: *values.first()?, high: *values.last()?, runs: values.len() })
    }
}

/// Of sorted values.
fn middle(values: &[f64]) -> Option<f64> {
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(*values.get(values.len() / 2 - 1)?, upper))
}

/// How `a` compares with `b`: the ratios of the runs that were made in the same turn, as what disturbed one turn
/// disturbed both. Turns in which one of the two is missing, or `b` is 0, are left out.
pub fn ratio(a: &[Option<f64>], b: &[Option<f64>]) -> Option<Spread> {
    let ratios = a.iter().zip(b).filter_map(|(a, b)| match (a, b) {
        (Some(a), Some(b)) if *b != 0.0 => Some(a / b),
        _ => None,
    });
    Spread::of(&ratios.collect::<Vec<f64>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_the_middle_and_the_ends() {
        let odd = Spread::of(&[3.0, 1.0, 2.0]).unwrap();
        assert_eq!((odd.median, odd.low, odd.high, odd.runs), (2.0, 1.0, 3.0, 3));
        assert_eq!(Spread::of(&[4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
        assert_eq!(Spread::of(&[f64::NAN, 7.0]).unwrap().runs, 1);
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[f64::INFINITY]), None);
    }

    #[test]
    fn a_ratio_is_made_within_each_turn() {
        // A slow second turn slows both: the ratio of medians would say 4/5 instead of 2.
        let (a, b) = ([Some(2.0), Some(8.0), Some(4.0)], [Some(1.0), Some(4.0), Some(2.0)]);
        let two = ratio(&a, &b).unwrap();
        assert_eq!((two.median, two.low, two.high, two.runs), (2.0, 2.0, 2.0, 3));
    }

    #[test]
    fn a_turn_without_one_of_the_two_makes_no_ratio() {
        let (a, b) = ([Some(2.0), None, Some(6.0)], [Some(1.0), Some(4.0), Some(0.0)]);
        assert_eq!(ratio(&a, &b).unwrap().runs, 1);
        assert_eq!(ratio(&[None], &[Some(1.0)]), None);
    }
}
