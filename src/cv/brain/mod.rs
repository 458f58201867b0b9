//! What makes the CV product useful without a model: reading an offer, ranking a CV against it, rewriting and scoring.
//!
//! Everything here is a pure function: no clock, no chance, no I/O; the same input gives the same output. Nothing panics
//! and nothing takes longer than linear time in its input, which is cut at named bounds.
//!
//! | module | holds |
//! |---|---|
//! | [`offer`] | reading an offer |
//! | `view`, `dates`, `wants`, `context` | the CV and the offer as the rules see them |
//! | `classify` | what each experience and project says to the offer |
//! | [`rewrite`] | the proposals of the batches |
//! | [`outcome`] | what becomes of a proposal, a rule's or a model's: nothing that the CV does not say (`truth`) |
//! | `score`, `education`, `suggest` | the match |
//! | [`draft`] | a CV as it is written from nothing |
//! | [`import`] | reading a CV out of a PDF's text (P3) |
//! | [`translate`] | texts in another language (P4) |
//! | [`templates`] | CVs to be filled in (P5) |
//! | [`job_title`] | a CV to start from, for a job's title (P6) |

mod classify;
mod context;
mod dates;
pub mod draft;
mod education;
pub mod import;
pub mod job_title;
pub mod offer;
pub mod outcome;
pub mod rewrite;
pub mod roles;
mod say;
mod score;
pub mod skills;
mod suggest;
pub mod templates;
#[cfg(test)]
mod tests;
pub mod text;
pub mod translate;
mod truth;
pub mod types;
mod view;
mod wants;

pub use classify::classify;
pub use offer::extract_offer;
pub use score::score;
