//! The pure modules of the CV product, under the paths that they know themselves by.
#![allow(dead_code)]

/// The product, as far as it is pure.
#[path = "../cv"]
pub mod cv {
    pub mod brain;
    pub mod rules;
}
