//! The echo's end of a link: each message goes back as it came. Conformance suites talk to it, over the same transport
//! and frames as the live protocol.

use super::frames::{FrameHead, Incoming, Violation};
use super::link::{Course, End, Outgoing};
use estafette_protocol::CloseCode;
use std::task::{Context, Poll};

/// Where it is.
pub const ECHO_PATH: &str = "/v1/echo";

/// The echo. One message at a time: nothing is read while it waits to be sent.
#[derive(Debug, Default)]
pub(super) struct Echo(Option<Incoming>);

impl End for Echo {
    fn outgoing(&mut self) -> Option<Outgoing> {
        let (payload, binary) = match self.0.take()? {
            Incoming::Text(payload) => (payload, false),
            Incoming::Binary(payload) => (payload, true),
            Incoming::Ping(_) | Incoming::Pong | Incoming::Close(_) => return None,
        };
        Some(Outgoing { frame: FrameHead::frame(binary, &payload), ping: None })
    }

    fn closing(&self) -> Option<(CloseCode, String)> {
        None
    }

    fn incoming(&mut self, message: Incoming) -> Result<(), Violation> {
        self.0 = Some(message);
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.0.is_none()
    }

    fn poll_turn(&mut self, _: &mut Context<'_>, _writing: bool) -> Poll<Course> {
        // Only what comes in changes anything.
        Poll::Pending
    }
}
