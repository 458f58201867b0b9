//! The vocabulary: read once from the texts beside this module.

use crate::cv::brain::text::{Lang, fold};
use std::collections::HashMap;
use std::sync::LazyLock;

const TEXTS: [&str; 4] = [
    include_str!("../data/skills-tech.txt"),
    include_str!("../data/skills-other.txt"),
    include_str!("../data/languages.txt"),
    include_str!("../data/esco.txt"),
];

/// A skill of the vocabulary. Ids are only valid within this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SkillId(u16);

/// What kind of skill it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A technique, tool or platform.
    Technical,
    /// A method of work or a trade.
    Trade,
    /// A field of knowledge (ESCO): found in many texts by chance, so it counts less.
    Field,
    /// How a person works with others.
    Soft,
    /// A certificate.
    Certificate,
}

/// An entry of the vocabulary.
#[derive(Debug, Clone)]
pub struct Skill {
    /// Its usual name.
    pub name: String,
    /// Its French name, where that differs.
    pub french: Option<String>,
    /// What kind it is.
    pub kind: Kind,
    /// Skills that whoever has it has too.
    pub implies: Vec<SkillId>,
}

impl Skill {
    /// Its name in a language.
    pub fn name_in(&self, lang: Lang) -> &str {
        match (lang, &self.french) {
            (Lang::Fr, Some(french)) => french,
            _ => &self.name,
        }
    }
}

/// A way to write a skill.
#[derive(Debug, Clone)]
pub(super) struct Term {
    /// Folded.
    pub(super) text: String,
    /// As the vocabulary writes it: ambiguous terms want its case.
    pub(super) written: String,
    /// The skill.
    pub(super) skill: SkillId,
    /// An everyday word too: only in a technical context.
    pub(super) ambiguous: bool,
}

pub(super) struct Vocabulary {
    pub(super) skills: Vec<Skill>,
    pub(super) terms: Vec<Term>,
    by_term: HashMap<String, SkillId>,
}

pub(super) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::read);

/// The entry.
pub fn get(id: SkillId) -> Option<&'static Skill> {
    VOCABULARY.skills.get(usize::from(id.0))
}

/// The skill that is written exactly so (case, accents and plural aside).
pub fn lookup(text: &str) -> Option<SkillId> {
    let folded = fold(text);
    let folded = folded.trim();
    let by_term = &VOCABULARY.by_term;
    by_term.get(folded).or_else(|| by_term.get(folded.strip_suffix('s')?)).copied()
}

struct Raw<'t> {
    names: Vec<&'t str>,
    aliases: Vec<&'t str>,
    implies: Vec<&'t str>,
    kind: Kind,
}

impl Vocabulary {
    fn read() -> Self {
        let mut vocabulary = Self { skills: Vec::new(), terms: Vec::new(), by_term: HashMap::new() };
        let mut implied = Vec::new();
        for raw in TEXTS.iter().flat_map(|text| entries(text)) {
            let Ok(id) = u16::try_from(vocabulary.skills.len()) else { break };
            let id = SkillId(id);
            let mut names = raw.names.iter().map(|name| name.trim_start_matches('?').to_owned());
            let Some(name) = names.next() else { continue };
            vocabulary.skills.push(Skill { name, french: names.next(), kind: raw.kind, implies: Vec::new() });
            for term in raw.names.iter().chain(&raw.aliases) {
                vocabulary.add(term, id);
            }
            implied.push((id, raw.implies));
        }
        for (id, names) in implied {
            let found = names.iter().filter_map(|name| vocabulary.by_term.get(&fold(name)).copied()).collect();
            if let Some(skill) = vocabulary.skills.get_mut(usize::from(id.0)) {
                skill.implies = found;
            }
        }
        vocabulary
    }

    fn add(&mut self, written: &str, skill: SkillId) {
        let ambiguous = written.starts_with('?');
        let written = written.trim_start_matches('?').trim();
        for text in variants(&fold(written)) {
            if !self.by_term.contains_key(&text) {
                self.by_term.insert(text.clone(), skill);
                self.terms.push(Term { text, written: written.to_owned(), skill, ambiguous });
            }
        }
    }
}

fn entries(text: &'static str) -> Vec<Raw<'static>> {
    let mut kind = Kind::Technical;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(section) = line.strip_prefix('[') {
            kind = kind_of(section.trim_end_matches(']'));
            continue;
        }
        let mut parts = line.split(';').map(str::trim);
        let first = parts.next().unwrap_or("");
        let (names, implies) = first.split_once('>').unwrap_or((first, ""));
        found.push(Raw {
            names: names.split(" = ").map(str::trim).filter(|name| !name.is_empty()).collect(),
            aliases: parts.filter(|alias| !alias.is_empty()).collect(),
            implies: implies.split(',').map(str::trim).filter(|name| !name.is_empty()).collect(),
            kind,
        });
    }
    found
}

fn kind_of(section: &str) -> Kind {
    match section {
        "soft" => Kind::Soft,
        "esco" => Kind::Field,
        "certificate" => Kind::Certificate,
        "method" | "design" | "content" | "policy" | "office" | "finance" | "sales" | "hr" | "logistics" | "health"
        | "education" | "hospitality" => Kind::Trade,
        _ => Kind::Technical,
    }
}

/// The spellings that mean the same: hyphen or space, `.js` with and without the dot, plural words within.
fn variants(folded: &str) -> Vec<String> {
    let mut all = vec![folded.to_owned()];
    let mut push = |text: String| {
        if !all.contains(&text) {
            all.push(text);
        }
    };
    if folded.contains('-') {
        push(folded.replace('-', " "));
    }
    if let Some(base) = folded.strip_suffix(".js") {
        push(format!("{base}js"));
        push(format!("{base} js"));
    }
    let words: Vec<&str> = folded.split(' ').collect();
    if words.len() > 1 {
        push(folded.replace(' ', "-"));
        let each = |change: fn(&str) -> String| words.iter().map(|word| change(word)).collect::<Vec<_>>().join(" ");
        push(each(singular));
        push(each(plural));
    }
    all
}

fn singular(word: &str) -> String {
    match word.strip_suffix('s') {
        Some(one) if one.len() >= 4 && !one.ends_with(['s', 'u', 'i']) => one.to_owned(),
        _ => word.to_owned(),
    }
}

fn plural(word: &str) -> String {
    if word.len() >= 4 && !word.ends_with(['s', 'x', 'z']) && word.chars().all(char::is_alphabetic) {
        format!("{word}s")
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_lead_to_their_skill() {
        for (alias, name) in [
            ("k8s", "Kubernetes"),
            ("JS", "JavaScript"),
            ("Postgres", "PostgreSQL"),
            ("NodeJS", "Node.js"),
            ("gestion de projets", "project management"),
            ("Front-End", "front-end development"),
            ("RGPD", "GDPR"),
        ] {
            let found = lookup(alias).and_then(get).map(|skill| skill.name.as_str());
            assert_eq!(found, Some(name), "{alias}");
        }
        assert!(lookup("no such skill").is_none());
    }

    #[test]
    fn every_implied_name_exists() {
        for raw in TEXTS.iter().flat_map(|text| entries(text)) {
            for name in raw.implies {
                assert!(VOCABULARY.by_term.contains_key(&fold(name)), "{name}");
            }
        }
    }

    #[test]
    fn names_are_written_in_the_language() {
        let skill = lookup("project management").and_then(get).unwrap();
        assert_eq!((skill.name_in(Lang::En), skill.name_in(Lang::Fr)), ("project management", "gestion de projet"));
    }
}
