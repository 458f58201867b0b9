//! Work on what strangers hand in, in processes of its own.
//!
//! A file of 1.4 KB can unfold to gigabytes, and code that is not ours can loop on it. In the server that would take memory
//! from, or end, every live socket; here it ends a process that holds nothing else. The memory of such a process is
//! bounded by the kernel, its time by the server, which kills it; it opens no file and no connection, and it has none of
//! the server's settings and secrets in its environment.
//!
//! | module | holds |
//! |---|---|
//! | [`work`] | what a kind of work is: its job, what is made of it, its bounds |
//! | [`frame`] | jobs and answers on the pipes between the two |
//! | [`pool`] | the server's side: processes that are started when needed, kept for a while, killed at a bound |
//! | [`mod@serve`] | the other side: limits for itself, then one job after the other |
//! | [`press`] | the work of the typesetter, `estafette-press`, which is a program of its own |

#![deny(missing_docs)]

mod frame;
pub mod pool;
pub mod press;
pub mod serve;
pub mod work;

pub use pool::{Program, Sandbox, SandboxError};
pub use serve::serve;
pub use work::{Limits, Work};
