//! The skills that an offer asks for, and those that it only welcomes.

use super::parts::{Part, Said, is_welcome};
use super::posting::Posting;
use crate::cv::brain::skills::{Kind, SkillId, find, find_in_list, get, ids_in, recognise};
use crate::cv::brain::text::{Lang, squeeze};
use crate::cv::brain::types::JobSkills;
use std::collections::HashSet;

/// Skills of each list.
const MAX_REQUIRED: usize = 40;
const MAX_NICE: usize = 25;

pub(super) fn read(title: &str, posting: &Posting, said: &[Said], lang: Option<Lang>) -> JobSkills {
    let mut lists =
        Lists { seen: HashSet::new(), required: Vec::new(), nice: Vec::new(), lang: lang.unwrap_or(Lang::En) };
    for found in find_in_list(title) {
        if get(found.skill).is_some_and(|skill| !matches!(skill.kind, Kind::Soft | Kind::Field)) {
            lists.add(found.skill, true);
        }
    }
    for entry in &posting.skills {
        match recognise(entry) {
            Some(skill) => lists.add(skill, true),
            None if entry.chars().count() <= 40 => lists.add_unknown(squeeze(entry)),
            None => {
                for skill in ids_in(entry) {
                    lists.add(skill, true);
                }
            }
        }
    }
    // What the profile and the techniques name comes before what the tasks mention.
    let rank = |part: Part| match part {
        Part::Required => 0,
        Part::Technologies => 1,
        Part::Tasks => 2,
        Part::Intro | Part::Other => 3,
        Part::Nice => 4,
        _ => 9,
    };
    let mut ordered: Vec<&Said> = said.iter().filter(|said| rank(said.part) < 9).collect();
    ordered.sort_by_key(|said| rank(said.part));
    for said in ordered {
        let required = said.part != Part::Nice && !is_welcome(&said.line.folded);
        let firm = matches!(said.part, Part::Required | Part::Nice | Part::Technologies);
        let short = said.line.text.chars().count() <= 40 && (said.line.bullet || firm);
        // A heading announces; what stands after its colon ("Stack: PHP, Symfony") is asked for.
        let text = match said.line.text.split_once(':') {
            Some((_, after)) if said.is_heading => after,
            None if said.is_heading && said.part != Part::Other => continue,
            _ => said.line.text.as_str(),
        };
        let mut found = if short || said.is_heading { find_in_list(text) } else { find(text) };
        if short {
            // A short line may be a sentence all the same: "Automate in Python or Go".
            found.extend(find(text));
        }
        for found in found {
            let fits = match get(found.skill).map(|skill| skill.kind) {
                Some(Kind::Technical | Kind::Certificate) => true,
                Some(Kind::Trade) => firm || said.part == Part::Tasks || said.line.bullet,
                Some(Kind::Soft) => matches!(said.part, Part::Required | Part::Nice),
                Some(Kind::Field) => firm && said.line.bullet,
                None => false,
            };
            if fits {
                lists.add(found.skill, required);
            }
        }
    }
    JobSkills { required: lists.required, nice_to_have: lists.nice }
}

struct Lists {
    seen: HashSet<SkillId>,
    required: Vec<String>,
    nice: Vec<String>,
    lang: Lang,
}

impl Lists {
    fn add(&mut self, skill: SkillId, required: bool) {
        let Some(entry) = get(skill) else { return };
        let full = if required { self.required.len() >= MAX_REQUIRED } else { self.nice.len() >= MAX_NICE };
        if full || !self.seen.insert(skill) {
            return;
        }
        let name = entry.name_in(self.lang).to_owned();
        if required { self.required.push(name) } else { self.nice.push(name) }
    }

    fn add_unknown(&mut self, name: String) {
        if self.required.len() < MAX_REQUIRED && !name.is_empty() && !self.required.contains(&name) {
            self.required.push(name);
        }
    }
}
