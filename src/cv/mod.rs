//! The CV product.
