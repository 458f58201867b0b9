//! The only list of products.
