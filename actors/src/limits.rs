//! Every bound of the runtime, with its reason.

/// Times a unit of work is run before a lost race is told to the caller.
pub const TX_ATTEMPTS: u32 = 5;
