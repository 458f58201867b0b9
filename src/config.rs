//! Every setting, in one place.
