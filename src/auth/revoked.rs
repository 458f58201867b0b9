//! Which sessions have ended, remembered for seconds, so that not every request asks the database.

use estafette_protocol::SessionId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long an answer is believed: a session that another node ended lives at most this much longer here.
pub const MEMORY: Duration = Duration::from_secs(5);
/// Sessions remembered; above it the memory begins anew (each costs one more question).
const MAX_SESSIONS: usize = 20_000;

/// What is known of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// It goes on.
    Live,
    /// It was ended.
    Ended,
}

/// The memory.
#[derive(Debug, Default)]
pub struct SessionMemory(Mutex<HashMap<SessionId, (Instant, SessionState)>>);

impl SessionMemory {
    /// What is known and still believed at `now`.
    pub fn get(&self, session: &SessionId, now: Instant) -> Option<SessionState> {
        let known = self.0.lock().get(session).copied();
        known.filter(|(at, _)| now.duration_since(*at) < MEMORY).map(|(_, state)| state)
    }

    /// Remembers. An end that is still believed is not taken back by an answer that was on its way.
    pub fn put(&self, session: SessionId, state: SessionState, now: Instant) {
        let mut known = self.0.lock();
        if known.len() >= MAX_SESSIONS {
            known.retain(|_, (at, _)| now.duration_since(*at) < MEMORY);
            if known.len() >= MAX_SESSIONS {
                known.clear();
            }
        }
        let ended = known
            .get(&session)
            .is_some_and(|(at, old)| *old == SessionState::Ended && now.duration_since(*at) < MEMORY);
        if !ended {
            known.insert(session, (now, state));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_asked_again_after_seconds_and_an_end_is_not_taken_back_before() {
        let memory = SessionMemory::default();
        let session = SessionId::parse("s").unwrap();
        let now = Instant::now();
        assert_eq!(memory.get(&session, now), None);
        memory.put(session.clone(), SessionState::Live, now);
        assert_eq!(memory.get(&session, now + MEMORY / 2), Some(SessionState::Live));
        assert_eq!(memory.get(&session, now + MEMORY), None);
        memory.put(session.clone(), SessionState::Ended, now);
        memory.put(session.clone(), SessionState::Live, now);
        assert_eq!(memory.get(&session, now), Some(SessionState::Ended));
        assert_eq!(memory.get(&session, now + MEMORY), None);
        memory.put(session.clone(), SessionState::Live, now + MEMORY);
        assert_eq!(memory.get(&session, now + MEMORY), Some(SessionState::Live));
    }

    #[test]
    fn the_memory_is_bounded() {
        let memory = SessionMemory::default();
        for index in 0..MAX_SESSIONS * 2 {
            memory.put(SessionId::parse(format!("s{index}")).unwrap(), SessionState::Ended, Instant::now());
        }
        assert!(memory.0.lock().len() <= MAX_SESSIONS);
    }
}
