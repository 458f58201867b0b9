//! What was made of a text before: the same CV and the same offer are read by every step of a generation.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Maps beside each other, so that rules that run at once seldom wait for each other.
const SHARDS: usize = 16;

/// Remembers what was made of texts, up to a bound. Of the texts themselves it keeps nothing but a fingerprint of 128 bits
/// under keys of this process, so that nobody's CV outlives its deletion here, and nobody can make two texts collide.
pub struct Memo<V> {
    hashers: (RandomState, RandomState),
    shards: [Mutex<Shard<V>>; SHARDS],
    room: usize,
    longest: usize,
}

/// Two halves: a full younger one becomes the older one, which is forgotten then.
struct Shard<V> {
    young: HashMap<(u64, u64), V>,
    old: HashMap<(u64, u64), V>,
}

impl<V: Clone> Memo<V> {
    /// Remembers at least the last `entries` (rounded up to a multiple of 16), and at most twice as many. What is made of a
    /// text of more than `longest` bytes is not remembered: it may be as large as its text.
    pub fn new(entries: usize, longest: usize) -> Self {
        let shard = || Mutex::new(Shard { young: HashMap::new(), old: HashMap::new() });
        Self {
            hashers: (RandomState::new(), RandomState::new()),
            shards: std::array::from_fn(|_| shard()),
            room: entries.div_ceil(SHARDS).max(1),
            longest,
        }
    }

    /// What `make` makes of a text, now or before. Two that ask at once may both make it.
    pub fn of(&self, text: &str, make: impl FnOnce(&str) -> V) -> V {
        if text.len() > self.longest {
            return make(text);
        }
        let key = (self.hashers.0.hash_one(text), self.hashers.1.hash_one(text));
        let place = usize::try_from(key.0 % SHARDS as u64).unwrap_or(0);
        let Some(shard) = self.shards.get(place) else { return make(text) };
        if let Some(made) = shard.lock().find(key, self.room) {
            return made;
        }
        let made = make(text);
        shard.lock().keep(key, made.clone(), self.room);
        made
    }
}

impl<V: Clone> Shard<V> {
    fn find(&mut self, key: (u64, u64), room: usize) -> Option<V> {
        if let Some(made) = self.young.get(&key) {
            return Some(made.clone());
        }
        let made = self.old.remove(&key)?;
        self.keep(key, made.clone(), room);
        Some(made)
    }

    fn keep(&mut self, key: (u64, u64), made: V, room: usize) {
        if self.young.len() >= room {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, made);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn what_is_used_is_remembered_and_the_rest_makes_room() {
        let memo: Memo<usize> = Memo::new(160, 20);
        let made = Cell::new(0);
        let ask = |text: &str| {
            memo.of(text, |text| {
                made.set(made.get() + 1);
                text.len()
            })
        };
        for round in 0..100 {
            assert_eq!((ask("Rust"), ask("Développeuse")), (4, 13));
            for other in 0..20 {
                assert_eq!(ask(&format!("{round}.{other}")), format!("{round}.{other}").len());
            }
        }
        assert_eq!(made.get(), 2 + 100 * 20, "those that are asked for again and again were made once");
        let kept = |shard: &Mutex<Shard<usize>>| {
            let shard = shard.lock();
            shard.young.len() + shard.old.len()
        };
        let kept: usize = memo.shards.iter().map(kept).sum();
        assert!(kept <= 320, "{kept}");
        ask("0.0");
        assert_eq!(made.get(), 2 + 100 * 20 + 1, "what nobody asked for was forgotten");
        let long = "x".repeat(21);
        assert_eq!((ask(&long), ask(&long)), (21, 21));
        assert_eq!(made.get(), 2 + 100 * 20 + 3, "what may be large is not kept");
    }
}
