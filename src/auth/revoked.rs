//! Which sessions have ended, remembered for seconds, so that not every request asks the database.

use estafette_actors::Identity;
use estafette_protocol::{ProductId, SessionId, UserId};
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

/// Whose session it is said to be: an answer about one pair says nothing about another.
type Said = (SessionId, ProductId, UserId);

/// The memory.
#[derive(Debug, Default)]
pub struct SessionMemory(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    said: HashMap<Said, (Instant, SessionState)>,
    ended: HashMap<SessionId, Instant>,
}

impl SessionMemory {
    /// What is known and still believed at `now`.
    pub fn get(&self, who: &Identity, now: Instant) -> Option<SessionState> {
        let known = self.0.lock();
        if known.ended.get(&who.session).is_some_and(|at| now.duration_since(*at) < MEMORY) {
            return Some(SessionState::Ended);
        }
        let said = known.said.get(&said(who)).copied();
        said.filter(|(at, _)| now.duration_since(*at) < MEMORY).map(|(_, state)| state)
    }

    /// Remembers what the database said.
    pub fn put(&self, who: &Identity, state: SessionState, now: Instant) {
        let mut known = self.0.lock();
        bound(&mut known.said, |(at, _)| now.duration_since(*at) < MEMORY);
        known.said.insert(said(who), (now, state));
    }

    /// Remembers an end. While it is believed it is not taken back by an answer that was on its way.
    pub fn end(&self, session: SessionId, now: Instant) {
        let mut known = self.0.lock();
        bound(&mut known.ended, |at| now.duration_since(*at) < MEMORY);
        known.ended.insert(session, now);
    }
}

fn said(who: &Identity) -> Said {
    (who.session.clone(), who.product.clone(), who.user.clone())
}

fn bound<K: Eq + std::hash::Hash, V>(map: &mut HashMap<K, V>, fresh: impl Fn(&V) -> bool) {
    if map.len() >= MAX_SESSIONS {
        map.retain(|_, value| fresh(value));
        if map.len() >= MAX_SESSIONS {
            map.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(session: &str, user: &str) -> Identity {
        Identity {
            product: ProductId::parse("p").unwrap(),
            user: UserId::parse(user).unwrap(),
            session: SessionId::parse(session).unwrap(),
            role: "USER".into(),
            device: None,
            expires_at: chrono::Utc::now(),
        }
    }

    #[test]
    fn what_is_known_is_asked_again_after_seconds_and_an_end_is_not_taken_back_before() {
        let (memory, ann, now) = (SessionMemory::default(), who("s", "ann"), Instant::now());
        assert_eq!(memory.get(&ann, now), None);
        memory.put(&ann, SessionState::Live, now);
        assert_eq!(memory.get(&ann, now + MEMORY / 2), Some(SessionState::Live));
        assert_eq!(memory.get(&ann, now + MEMORY), None);
        memory.end(ann.session.clone(), now);
        memory.put(&ann, SessionState::Live, now);
        assert_eq!(memory.get(&ann, now), Some(SessionState::Ended));
        assert_eq!(memory.get(&ann, now + MEMORY), None);
        memory.put(&ann, SessionState::Live, now + MEMORY);
        assert_eq!(memory.get(&ann, now + MEMORY), Some(SessionState::Live));
    }

    #[test]
    fn what_is_known_of_a_session_holds_for_its_own_user_only() {
        let (memory, now) = (SessionMemory::default(), Instant::now());
        memory.put(&who("s", "ann"), SessionState::Live, now);
        assert_eq!(memory.get(&who("s", "bob"), now), None, "the database is asked, and says no");
        memory.put(&who("s", "bob"), SessionState::Ended, now);
        assert_eq!(memory.get(&who("s", "ann"), now), Some(SessionState::Live), "which is not the owner's loss");
    }

    #[test]
    fn the_memory_is_bounded() {
        let memory = SessionMemory::default();
        for index in 0..MAX_SESSIONS * 2 {
            let who = who(&format!("s{index}"), "ann");
            memory.put(&who, SessionState::Ended, Instant::now());
            memory.end(who.session, Instant::now());
        }
        let known = memory.0.lock();
        assert!(known.said.len() <= MAX_SESSIONS && known.ended.len() <= MAX_SESSIONS);
    }
}
