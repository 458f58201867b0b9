//! Pure decisions of the CV product: no I/O, no clock, no database. Each function names the rule it decides, each rule
//! has a test that names it.
//!
//! | module | decides |
//! |---|---|
//! | [`account`] | e-mail addresses and passwords (R1, R2) |
//! | [`period`] | the month an allowance counts in (R43) |
//! | [`units`] | what is paid by allowance, what by credits, what is given back (R41–R46) |
//! | [`filename`] | names of CV files (R10) |
//! | [`resume`] | whether a document is a JSON Resume (G1) |
//! | [`patch`] | manual edits: JSON patches against a revision (R12, G15) |
//! | [`change`] | one proposed change: how it is made, found and undone (R28) |
//! | [`review`] | decisions about proposed changes (R29, R30) |
//! | [`versions`] | numbers of versions, what is saved and pruned (R25–R27, R31, R32) |
//! | [`titles`] | what a task is called |
//! | [`offers`] | identity of a job offer's source (R16, D23) |

pub mod account;
pub mod change;
pub mod filename;
pub mod offers;
pub mod patch;
pub mod period;
pub mod resume;
pub mod review;
pub mod titles;
pub mod units;
pub mod versions;
