//! Types of the CV product: states with their moves, and rows.
pub mod status;
