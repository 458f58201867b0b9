//! Readers that cost next to nothing, to find out what a server can do: thousands of connections on a thread, messages
//! looked at where they lie, a counter checked and a time read out of each. What a server says is told by a
//! [`Dialect`], so that other servers can be measured by the same readers.
//!
//! | module | holds |
//! |---|---|
//! | [`crowd`] | connections that stay: how many events reach them, how late, in which order |
//! | [`mod@handshakes`] | connections that only come and go |
//! | [`estafette`] | this project's own protocol |
//! | [`peers`] | those of other servers |
//! | [`tally`] | what was seen |
//! | [`wire`], [`msgpack`] | frames and batches, without copying |

pub mod crowd;
pub mod estafette;
pub mod handshakes;
pub mod msgpack;
pub mod peers;
pub mod tally;
pub mod wire;

pub use crowd::{Crowd, CrowdOptions};
pub use handshakes::{Handshakes, handshakes};
pub use tally::{Heard, Measured};

/// What a server expects to hear, and what it says.
pub trait Dialect: Send + Sync + 'static {
    /// The request that opens connection `index`.
    fn request(&self, index: usize) -> Vec<u8>;

    /// What is sent once it is open: whole frames ([`wire::client_frame`]).
    fn begin(&self, index: usize) -> Vec<u8>;

    /// Whether nothing more is waited for once it is open.
    fn ready_at_once(&self) -> bool {
        false
    }

    /// Looks at a whole message of connection `index`, and says what it was.
    fn message(&self, index: usize, binary: bool, payload: &[u8], heard: &mut Heard<'_>);
}
