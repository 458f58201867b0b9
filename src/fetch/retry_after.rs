//! When a server says to come back: `retry-after-ms`, `Retry-After` in seconds or as an HTTP date.

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::time::Duration;

/// Longest wait that is taken over: a task must not sleep for hours because a clock is wrong.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// The wait that the headers ask for, at most [`RETRY_AFTER_MAX`]; none when they ask for none that can be read.
pub fn parse(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let wait = text("retry-after-ms")
        .and_then(|ms| ms.parse::<f64>().ok())
        .and_then(|ms| Duration::try_from_secs_f64(ms / 1_000.0).ok())
        .or_else(|| {
            let after = text(RETRY_AFTER.as_str())?;
            if let Ok(seconds) = after.parse::<f64>() {
                return Duration::try_from_secs_f64(seconds).ok();
            }
            let date = DateTime::parse_from_rfc2822(after).ok()?.with_timezone(&Utc);
            // A date in the past means now.
            Some((date - now).to_std().unwrap_or(Duration::ZERO))
        })?;
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &'static str, value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let now = DateTime::parse_from_rfc3339("2026-11-21T10:00:00Z").unwrap().with_timezone(&Utc);
        parse(&headers, now)
    }

    #[test]
    fn every_form_is_read_and_nonsense_is_not() {
        assert_eq!(parsed("retry-after", "2"), Some(Duration::from_secs(2)));
        assert_eq!(parsed("retry-after", "Sat, 21 Nov 2026 10:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(parsed("retry-after", "Sat, 21 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(parsed("retry-after-ms", "1500"), Some(Duration::from_millis(1500)));
        assert_eq!(parsed("retry-after", "1e300"), None);
        assert_eq!(parsed("retry-after", "-3"), None);
        assert_eq!(parsed("retry-after", "soon"), None);
    }

    #[test]
    fn a_wait_of_days_is_cut() {
        assert_eq!(parsed("retry-after", "864000"), Some(RETRY_AFTER_MAX));
    }
}
