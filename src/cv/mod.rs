//! The CV product.
pub mod model;
pub mod rules;
pub mod store;
