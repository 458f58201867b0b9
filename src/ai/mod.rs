//! The model behind one trait.
