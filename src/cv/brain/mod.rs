//! What makes the CV product useful without a model: reading an offer, ranking a CV against it, rewriting and scoring.
//!
//! Everything here is a pure function: no clock, no chance, no I/O; the same input gives the same output. Nothing panics
//! and nothing takes longer than linear time in its input, which is cut at named bounds.

pub mod offer;
pub mod roles;
pub mod skills;
pub mod text;
pub mod types;

pub use offer::extract_offer;
