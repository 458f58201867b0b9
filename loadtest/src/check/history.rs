//! One topic as one client sees it. Fed with what crosses the wire, nothing is repaired or hidden on the way.

use estafette_protocol::{Position, Topic};

/// How the history was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Something arrived before the subscription was answered.
    #[error("{topic}: {what} arrived before the answer to the subscription")]
    BeforeAnswer {
        /// The topic.
        topic: Topic,
        /// What.
        what: String,
    },
    /// An event before the snapshot that a first subscription begins with.
    #[error("{topic}: event {seq} arrived before the first snapshot")]
    BeforeSnapshot {
        /// The topic.
        topic: Topic,
        /// Its number.
        seq: u64,
    },
    /// Events are missing.
    #[error("{topic}: event {got} arrived after {last}: {missing} missing")]
    Gap {
        /// The topic.
        topic: Topic,
        /// The last one.
        last: u64,
        /// The next one.
        got: u64,
        /// How many are missing.
        missing: u64,
    },
    /// An event came again, or late.
    #[error("{topic}: event {got} arrived after {last}: a duplicate, or out of order")]
    Again {
        /// The topic.
        topic: Topic,
        /// The last one.
        last: u64,
        /// The next one.
        got: u64,
    },
    /// A snapshot that is older than what the client has.
    #[error("{topic}: a snapshot at {got} arrived after event {last} of the same epoch")]
    SnapshotBack {
        /// The topic.
        topic: Topic,
        /// The last one.
        last: u64,
        /// The snapshot's.
        got: u64,
    },
    /// A snapshot that nobody asked for: the client held a position.
    #[error("{topic}: a snapshot at {got} of epoch {epoch} replaced the events after {last} of epoch {held}")]
    Reset {
        /// The topic.
        topic: Topic,
        /// The client's epoch.
        held: u64,
        /// The last one.
        last: u64,
        /// The snapshot's epoch.
        epoch: u64,
        /// The snapshot's number.
        got: u64,
    },
    /// The server's head is behind what it sent.
    #[error("{topic}: the mark says {head} after event {last} had arrived")]
    MarkBehind {
        /// The topic.
        topic: Topic,
        /// The last one.
        last: u64,
        /// The mark's.
        head: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// `sub` was sent.
    Asked,
    /// `ok` came for a subscription without position: a snapshot must follow.
    SnapshotNext,
    /// Events follow each other.
    Flowing,
    /// No connection, or unsubscribed.
    Idle,
}

/// One topic as one client sees it.
#[derive(Debug, Clone)]
pub struct Track {
    topic: Topic,
    phase: Phase,
    position: Option<Position>,
    head: Option<u64>,
    events: u64,
    snapshots: u64,
}

impl Track {
    /// Nothing was asked for yet.
    pub fn new(topic: Topic) -> Self {
        Self { topic, phase: Phase::Idle, position: None, head: None, events: 0, snapshots: 0 }
    }

    /// A call that was followed has started it: events come after this position.
    pub fn followed(topic: Topic, position: Position) -> Self {
        Self { phase: Phase::Flowing, position: Some(position), ..Self::new(topic) }
    }

    /// `sub` is sent with [`Track::position`] as `since`.
    pub fn asked(&mut self) {
        self.phase = Phase::Asked;
        self.head = None;
    }

    /// `ok` came for it.
    pub fn answered(&mut self) {
        self.phase = if self.position.is_some() { Phase::Flowing } else { Phase::SnapshotNext };
    }

    /// The connection was lost, or the subscription ended.
    pub fn interrupted(&mut self) {
        self.phase = Phase::Idle;
        self.head = None;
    }

    /// A snapshot arrived.
    ///
    /// # Errors
    /// [`Broken`]; the position moves all the same, so that one fault is told once.
    pub fn snapshot(&mut self, epoch: u64, seq: u64) -> Result<(), Broken> {
        let (held, phase, topic) = (self.position, self.phase, self.topic.clone());
        self.position = Some(Position { epoch, seq });
        self.phase = Phase::Flowing;
        self.snapshots += 1;
        match (phase, held) {
            (Phase::Asked | Phase::Idle, _) => {
                Err(Broken::BeforeAnswer { topic, what: format!("a snapshot at {seq}") })
            }
            (_, Some(held)) if held.epoch == epoch && seq < held.seq => {
                Err(Broken::SnapshotBack { topic, last: held.seq, got: seq })
            }
            (_, Some(held)) => Err(Broken::Reset { topic, held: held.epoch, last: held.seq, epoch, got: seq }),
            (_, None) => Ok(()),
        }
    }

    /// A durable event arrived.
    ///
    /// # Errors
    /// [`Broken`]; the position moves all the same.
    pub fn event(&mut self, seq: u64) -> Result<(), Broken> {
        let (phase, topic) = (self.phase, self.topic.clone());
        self.events += 1;
        let Some(held) = self.position.as_mut() else {
            return match phase {
                Phase::Asked | Phase::Idle => Err(Broken::BeforeAnswer { topic, what: format!("event {seq}") }),
                Phase::SnapshotNext | Phase::Flowing => Err(Broken::BeforeSnapshot { topic, seq }),
            };
        };
        let last = held.seq;
        held.seq = held.seq.max(seq);
        match phase {
            Phase::Asked | Phase::Idle => Err(Broken::BeforeAnswer { topic, what: format!("event {seq}") }),
            _ if seq <= last => Err(Broken::Again { topic, last, got: seq }),
            _ if seq > last + 1 => Err(Broken::Gap { topic, last, got: seq, missing: seq - last - 1 }),
            _ => Ok(()),
        }
    }

    /// A mark told the topic's head.
    ///
    /// # Errors
    /// [`Broken::MarkBehind`].
    pub fn mark(&mut self, head: u64) -> Result<(), Broken> {
        self.head = Some(head);
        match self.position {
            Some(held) if head < held.seq => {
                Err(Broken::MarkBehind { topic: self.topic.clone(), last: held.seq, head })
            }
            _ => Ok(()),
        }
    }

    /// Where the client's history ends: `since` of the next subscription.
    pub fn position(&self) -> Option<Position> {
        self.position
    }
    /// The head that the last mark told on this connection.
    pub fn head(&self) -> Option<u64> {
        self.head
    }
    /// Durable events that arrived.
    pub fn events(&self) -> u64 {
        self.events
    }
    /// Whether the last mark says that nothing is missing.
    pub fn is_complete(&self) -> bool {
        matches!((self.position, self.head), (Some(held), Some(head)) if held.seq == head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(at: u64) -> Track {
        let mut track = Track::new("task:t".parse().unwrap());
        track.asked();
        track.answered();
        track.snapshot(1, at).unwrap();
        track
    }

    #[test]
    fn events_in_order_across_a_reconnect_hold() {
        let mut track = live(3);
        track.event(4).unwrap();
        track.interrupted();
        track.asked();
        assert_eq!(track.position(), Some(Position { epoch: 1, seq: 4 }));
        track.answered();
        track.event(5).unwrap();
        track.mark(6).unwrap();
        assert!(!track.is_complete());
        track.event(6).unwrap();
        assert!(track.is_complete());
    }

    #[test]
    fn a_gap_is_found() {
        assert!(matches!(live(3).event(6), Err(Broken::Gap { last: 3, got: 6, missing: 2, .. })));
    }

    #[test]
    fn a_duplicate_and_a_reordering_are_found() {
        let mut track = live(3);
        track.event(4).unwrap();
        assert!(matches!(track.event(4), Err(Broken::Again { .. })));
        assert!(matches!(track.event(2), Err(Broken::Again { last: 4, got: 2, .. })));
        track.event(5).unwrap();
    }

    #[test]
    fn what_comes_before_the_answer_is_found() {
        let mut track = Track::new("task:t".parse().unwrap());
        track.asked();
        assert!(matches!(track.event(1), Err(Broken::BeforeAnswer { .. })));
        track.answered();
        assert!(matches!(track.event(1), Err(Broken::BeforeSnapshot { .. })));
        let mut track = live(3);
        track.interrupted();
        track.asked();
        assert!(matches!(track.event(4), Err(Broken::BeforeAnswer { .. })));
    }

    #[test]
    fn a_snapshot_in_the_place_of_events_is_found() {
        let mut track = live(3);
        assert!(matches!(track.snapshot(1, 2), Err(Broken::SnapshotBack { last: 3, got: 2, .. })));
        assert!(matches!(track.snapshot(2, 9), Err(Broken::Reset { held: 1, epoch: 2, .. })));
    }

    #[test]
    fn a_mark_behind_what_was_sent_is_found() {
        let mut track = live(3);
        assert!(matches!(track.mark(2), Err(Broken::MarkBehind { last: 3, head: 2, .. })));
    }
}
