//! Levels that are far apart, and what grows between them. Nothing here measures.

use crate::measure::Spread;

/// A cost at the largest level is at most this many times the cost at the smallest one: then it is flat.
pub const FLAT: f64 = 1.25;
/// What a server takes at rest is so little that it is judged coarser.
pub const FLAT_AT_REST: f64 = 2.0;
/// Two nodes do at least this share of what one does on the same processors.
pub const TWO_NODES: f64 = 0.85;
/// What one of many connections costs is told from this many on: below, what the server does anyway hides it.
pub const MANY: u32 = 1_000;

/// The share of the bytes that rows have of which a task has several.
const SEVERAL: f64 = 0.85;
/// At least so many of them are copied, percent.
const LEAST_SHARE: u32 = 5;

/// Levels in their order, each once, none above `most`: what would be above becomes `most`.
pub fn levels(asked: &[u32], most: u32) -> Vec<u32> {
    let mut levels: Vec<u32> = asked.iter().map(|level| (*level).min(most)).filter(|level| *level > 0).collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

/// How many times the value at the smallest level the value at the largest one is; none of one level, of values that are no
/// numbers, and of nothing.
pub fn growth(points: &[(f64, f64)]) -> Option<f64> {
    let by_level = |a: &&(f64, f64), b: &&(f64, f64)| a.0.total_cmp(&b.0);
    let (first, last) = (points.iter().min_by(by_level)?, points.iter().max_by(by_level)?);
    let ratio = last.1 / first.1;
    (last.0 > first.0 && first.1 > 0.0 && ratio.is_finite()).then_some(ratio)
}

/// Whether a cost is flat; a sentence when it is not, or when nothing can be said.
///
/// # Errors
/// The sentence.
pub fn flat(name: &str, points: &[(f64, f64)]) -> Result<(), String> {
    flat_within(name, points, FLAT)
}

/// As [`flat`], with another bound.
///
/// # Errors
/// The sentence.
pub fn flat_within(name: &str, points: &[(f64, f64)], most: f64) -> Result<(), String> {
    match growth(points) {
        Some(ratio) if ratio <= most => Ok(()),
        Some(ratio) => {
            Err(format!("{name}: ×{ratio:.2} from the smallest to the largest level, at most ×{most} is flat"))
        }
        None => Err(format!("{name}: it needs two levels with a cost that can be measured, and there are {points:?}")),
    }
}

/// Whether two nodes do as much as one, within [`TWO_NODES`].
///
/// # Errors
/// A sentence when they do not, or when there is no pair of runs.
pub fn two_nodes(ratio: Option<Spread>) -> Result<(), String> {
    match ratio {
        Some(ratio) if ratio.median >= TWO_NODES => Ok(()),
        Some(ratio) => Err(format!(
            "two nodes do {:.2} of what one does (median of {} pairs, {:.2} to {:.2}), and at least {TWO_NODES} is promised",
            ratio.median, ratio.runs, ratio.low, ratio.high
        )),
        None => Err("no pair of runs was measured".to_owned()),
    }
}

/// Which share of the rows of which a task has several (its steps, its events) a copy may have, percent, so that a database
/// that is foreseen to have so many bytes has no more than some; 100: all.
pub fn share(most: u64, foreseen: u64) -> u32 {
    if foreseen <= most {
        return 100;
    }
    #[allow(clippy::cast_precision_loss, reason = "bytes of a disk")]
    let over = (foreseen - most) as f64 / foreseen as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage")]
    let share = (100.0 * (1.0 - over / SEVERAL)).clamp(f64::from(LEAST_SHARE), 100.0) as u32;
    share
}

/// The median of what some rounds measured; 0 of nothing.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    Spread::of(&values.collect::<Vec<_>>()).map_or(0.0, |spread| spread.median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_rise_and_end_at_what_is_allowed() {
        assert_eq!(levels(&[5_000, 10, 15_000, 0, 10, 30_000], 12_000), [10, 5_000, 12_000]);
        assert!(levels(&[], 5).is_empty());
    }

    #[test]
    fn growth_is_from_the_smallest_to_the_largest_level_whatever_is_between() {
        assert_eq!(growth(&[(1_000.0, 3.0), (10.0, 2.0), (100.0, 9.0)]), Some(1.5));
        for nothing in [&[][..], &[(10.0, 1.0)], &[(10.0, 0.0), (100.0, 1.0)], &[(10.0, 1.0), (100.0, f64::NAN)]] {
            assert_eq!(growth(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn flat_ends_at_its_bound() {
        assert_eq!(flat("a", &[(1.0, 4.0), (2.0, 4.0 * FLAT)]), Ok(()));
        assert!(flat("a", &[(1.0, 4.0), (2.0, 4.0 * FLAT + 0.01)]).unwrap_err().contains("×1.25"));
        assert!(flat("a", &[(1.0, 4.0)]).is_err(), "one level proves nothing");
    }

    #[test]
    fn copies_have_all_their_rows_where_there_is_room() {
        assert_eq!([share(10, 0), share(10, 9), share(10, 10)], [100, 100, 100]);
        // A third too large: of the 85 % that may be left out, 39 % are.
        assert_eq!(share(10, 15), 60);
        assert_eq!([share(0, 15), share(1, 1_000)], [LEAST_SHARE, LEAST_SHARE]);
    }

    #[test]
    fn two_nodes_must_do_their_share() {
        let spread = |median| Some(Spread { median, low: 0.5, high: 1.5, runs: 3 });
        assert_eq!(two_nodes(spread(TWO_NODES)), Ok(()));
        assert!(two_nodes(spread(0.84)).unwrap_err().contains("0.84"));
        assert!(two_nodes(None).is_err());
    }
}
