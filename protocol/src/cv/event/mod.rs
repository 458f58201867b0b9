//! The payload (`data`) of each event, by topic. The tables in [`super::catalog`] say which kind carries which.

pub mod cv;
pub mod task;
pub mod user;
