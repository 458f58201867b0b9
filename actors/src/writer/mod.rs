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
