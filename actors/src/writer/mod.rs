//! Writers: actors through which rows reach Postgres in groups.
//!
//! | module | holds |
//! |---|---|
//! | [`commit`] | the only writer of a running task's state: many step commits in one transaction |
//! | [`add`] | calls that only add (a task that is started): many in one transaction |
//! | `gather` | when the next group begins |
//! | [`batch`] | records that are observations (usage, telemetry): grouped by size and time |

pub mod add;
pub mod batch;
pub mod commit;
mod gather;

use crate::trace;
use tracing::Span;

/// One transaction for many: its span is a part of the first one's whose trace somebody keeps, and linked to the others.
fn group_span<'a>(spans: impl ExactSizeIterator<Item = &'a Span> + Clone) -> Span {
    // A part of a trace that nobody keeps would not be kept either, and with it the delivery's span.
    let kept = if trace::is_on() { spans.clone().position(trace::is_kept) } else { None };
    let place = kept.unwrap_or_default();
    let Some(parent) = spans.clone().nth(place) else { return Span::none() };
    let span = tracing::debug_span!(target: trace::TARGET, parent: parent, "transaction", commits = spans.len());
    for (_, other) in spans.enumerate().filter(|(other, _)| *other != place) {
        span.follows_from(other);
    }
    span
}
