//! The CV product.

pub mod brain;
pub mod prompts;
