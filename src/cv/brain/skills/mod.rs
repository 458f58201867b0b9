//! Skills: the vocabulary, and finding its entries in text.

mod finder;
mod vocabulary;

pub use finder::{Found, find, find_in_list, ids_in, recognise};
pub use vocabulary::{Kind, Skill, SkillId, get, lookup};

use std::collections::BTreeSet;

/// Texts whose skills are remembered.
pub(in crate::cv::brain) const MAX_REMEMBERED: usize = 8_192;
/// Bytes of a text up to which they are: an entry of a CV, a line of an offer.
pub(in crate::cv::brain) const LONGEST_REMEMBERED: usize = 1_024;

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
