//! Skills: the vocabulary, and finding its entries in text.

mod finder;
mod vocabulary;

pub use finder::{Found, find, find_in_list, ids_in, recognise};
pub use vocabulary::{Kind, Skill, SkillId, get, lookup};

use std::collections::BTreeSet;

/// The skill and everything that it implies (Symfony implies PHP).
pub fn with_implied(id: SkillId) -> BTreeSet<SkillId> {
    let mut all = BTreeSet::from([id]);
    let mut open = vec![id];
    while let Some(next) = open.pop() {
        for implied in get(next).map(|skill| skill.implies.as_slice()).unwrap_or_default() {
            if all.insert(*implied) {
                open.push(*implied);
            }
        }
    }
    all
}
