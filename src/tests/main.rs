//! Tests of the whole server, through its binary.

mod lifecycle;
