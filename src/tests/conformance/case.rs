//! What a case is, and how it is played.

use crate::support::wire::{Client, Event, Frame};
use std::time::Duration;

/// How long a server that should stay silent is listened to.
const QUIET: Duration = Duration::from_millis(60);

/// One thing that the client does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends bytes, in chops of a size.
    Send(Vec<u8>, Option<usize>),
    /// Sends a message, and waits until it has come back; so many times.
    RoundTrips(Frame, Event, usize),
    /// Waits for one more of the expected events.
    Hear,
    /// Nothing may come for a moment.
    Quiet,
}

/// How it has to end.
#[derive(Debug, Clone)]
pub enum End {
    /// The client closes with 1000 after the expected events, and the server answers with the same.
    Clean,
    /// The server closes by itself with this code.
    Fails(u16),
    /// The case closes; the server answers with one of these.
    Answers(Vec<u16>),
    /// What comes before is not defined; the server closes the stream.
    Anything,
}

#[derive(Debug, Clone)]
pub struct Case {
    /// Its number in the public suite.
    pub id: String,
    steps: Vec<Step>,
    expected: Vec<Event>,
    end: End,
}

impl Case {
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), steps: Vec::new(), expected: Vec::new(), end: End::Clean }
    }

    /// `6.22` of `6.22.17`, `5` of `5.12`.
    pub fn section(&self) -> &str {
        match self.id.rsplit_once('.') {
            Some((section, _)) => section,
            None => &self.id,
        }
    }

    /// Frames in one write.
    pub fn send(mut self, frames: &[Frame]) -> Self {
        let bytes = frames.iter().map(Frame::bytes).collect::<Vec<_>>().concat();
        self.steps.push(Step::Send(bytes, None));
        self
    }

    /// Each frame in a write of its own.
    pub fn send_each(mut self, frames: &[Frame]) -> Self {
        self.steps.extend(frames.iter().map(|frame| Step::Send(frame.bytes(), None)));
        self
    }

    /// Frames in chops of a size.
    pub fn send_chopped(mut self, frames: &[Frame], chop: usize) -> Self {
        let bytes = frames.iter().map(Frame::bytes).collect::<Vec<_>>().concat();
        self.steps.push(Step::Send(bytes, Some(chop)));
        self
    }

    pub fn send_bytes(self, bytes: Vec<u8>) -> Self {
        self.step(Step::Send(bytes, None))
    }

    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub fn expect(mut self, event: Event) -> Self {
        self.expected.push(event);
        self
    }

    pub fn text(self, text: impl AsRef<[u8]>) -> Self {
        self.expect(Event::Text(text.as_ref().to_vec()))
    }

    pub fn binary(self, bytes: impl AsRef<[u8]>) -> Self {
        self.expect(Event::Binary(bytes.as_ref().to_vec()))
    }

    pub fn pong(self, payload: impl AsRef<[u8]>) -> Self {
        self.expect(Event::Pong(payload.as_ref().to_vec()))
    }

    pub fn fails(mut self, code: u16) -> Self {
        self.end = End::Fails(code);
        self
    }

    pub fn answers(mut self, codes: &[u16]) -> Self {
        self.end = End::Answers(codes.to_vec());
        self
    }

    pub fn anything(mut self) -> Self {
        self.end = End::Anything;
        self
    }

    /// Plays it; what was wrong.
    pub async fn play(&self, address: &str) -> Result<(), String> {
        let mut client = Client::open(address, "/v1/echo").await;
        let mut expected = self.expected.iter();
        for step in &self.steps {
            match step {
                Step::Send(bytes, chop) => client.write(bytes, *chop).await,
                Step::RoundTrips(frame, back, times) => {
                    let bytes = frame.bytes();
                    for round in 0..*times {
                        client.write(&bytes, None).await;
                        let event = client.event().await;
                        if event != *back {
                            return Err(format!("{event:?} in round {round}"));
                        }
                    }
                }
                Step::Hear => {
                    let Some(next) = expected.next() else { return Err("more is heard than expected".to_owned()) };
                    hears(&mut client, next).await?;
                }
                Step::Quiet => {
                    if let Some(event) = client.event_within(QUIET).await {
                        return Err(format!("{event:?} too early"));
                    }
                }
            }
        }
        if matches!(self.end, End::Anything) {
            while !matches!(client.event().await, Event::End(_)) {}
            return Ok(());
        }
        for next in expected {
            hears(&mut client, next).await?;
        }
        let codes = match &self.end {
            End::Clean => {
                client.write(&Frame::close(1000, "").bytes(), None).await;
                vec![1000]
            }
            End::Fails(code) => vec![*code],
            End::Answers(codes) => codes.clone(),
            End::Anything => Vec::new(),
        };
        match client.event().await {
            Event::Close(Some(code)) if codes.contains(&code) => {}
            event => return Err(format!("{event:?} instead of a close with {codes:?}")),
        }
        if matches!(self.end, End::Fails(_)) {
            client.write(&Frame::close(codes[0], "").bytes(), None).await;
        }
        match client.event().await {
            Event::End(true) => Ok(()),
            event => Err(format!("{event:?} instead of the end of the stream")),
        }
    }
}

async fn hears(client: &mut Client, expected: &Event) -> Result<(), String> {
    let event = client.event().await;
    if event == *expected { Ok(()) } else { Err(format!("{event:?} instead of {expected:?}")) }
}
