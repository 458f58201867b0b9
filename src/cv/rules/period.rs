//! The month an allowance counts in (R43).

use chrono::{DateTime, Months, Utc};

/// A month: from its start, up to but without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First instant.
    pub start: DateTime<Utc>,
    /// First instant of the next one.
    pub end: DateTime<Utc>,
}

/// The month, counted from `anchor`, in which `now` lies (R43). Each boundary is `anchor` plus whole months with the
/// day clamped to the month's last (31 January, 28 February, 31 March), never the clamped day carried on. Before the
/// anchor the first month holds: clocks differ by moments, and nobody has negative months.
pub fn period_at(anchor: DateTime<Utc>, now: DateTime<Utc>) -> Period {
    let at = |months: u32| anchor.checked_add_months(Months::new(months)).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let years = i64::from(chrono::Datelike::year(&now)) - i64::from(chrono::Datelike::year(&anchor));
    let months = i64::from(chrono::Datelike::month(&now)) - i64::from(chrono::Datelike::month(&anchor));
    // The calendar distance is the answer or one too many, when the day (or the hour) is not reached yet.
    let mut index = u32::try_from(years * 12 + months).unwrap_or(0);
    if index > 0 && at(index) > now {
        index -= 1;
    }
    Period { start: at(index), end: at(index.saturating_add(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Duration, TimeZone as _};
    use proptest::prelude::*;

    fn utc(y: i32, m: u32, d: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(y, m, d, 10, 30, 0).unwrap()
    }

    #[test]
    fn r43_the_last_day_is_clamped_and_comes_back() {
        let anchor = utc(2026, 1, 31);
        let period = |now| period_at(anchor, now);
        assert_eq!(period(utc(2026, 2, 10)), Period { start: anchor, end: utc(2026, 2, 28) });
        assert_eq!(period(utc(2026, 3, 1)), Period { start: utc(2026, 2, 28), end: utc(2026, 3, 31) });
        assert_eq!(period(utc(2026, 3, 31)), Period { start: utc(2026, 3, 31), end: utc(2026, 4, 30) });
        assert_eq!(period(utc(2028, 2, 29)), Period { start: utc(2028, 2, 29), end: utc(2028, 3, 31) });
    }

    #[test]
    fn r43_the_end_belongs_to_the_next_period() {
        let anchor = utc(2026, 5, 15);
        let end = period_at(anchor, anchor).end;
        assert_eq!(period_at(anchor, end).start, end);
        assert_eq!(period_at(anchor, end - Duration::milliseconds(1)).start, anchor);
    }

    #[test]
    fn r43_before_the_anchor_the_first_period_holds() {
        let anchor = utc(2026, 5, 15);
        assert_eq!(period_at(anchor, anchor - Duration::days(400)).start, anchor);
    }

    proptest! {
        #[test]
        fn r43_periods_tile_time(anchor in 0_i64..2_000_000_000, later in 0_i64..2_000_000_000) {
            let anchor = Utc.timestamp_opt(anchor, 0).unwrap();
            let now = anchor + Duration::seconds(later);
            let period = period_at(anchor, now);
            prop_assert!(period.start <= now && now < period.end);
            prop_assert_eq!(period_at(anchor, period.start), period);
            prop_assert_eq!(period_at(anchor, period.end).start, period.end);
            let days = (period.end - period.start).num_days();
            prop_assert!((28..=31).contains(&days));
        }
    }
}
