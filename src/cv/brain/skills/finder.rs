//! Finding skills in text: longest first, at the borders of words, everyday words only in a technical context.

use super::vocabulary::{Kind, SkillId, Term, VOCABULARY, get};
use super::{LONGEST_REMEMBERED, MAX_REMEMBERED};
use crate::cv::brain::text::{Folded, Memo, Pattern};
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// Findings in one text; a text with more is a word list, not an offer or a CV.
const MAX_FOUND: usize = 4_000;
/// How far, in folded bytes, another technique may stand to make an everyday word one.
const NEAR: usize = 90;

/// A skill that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub skill: SkillId,
    /// Where in the text, in bytes.
    pub at: Range<usize>,
}

static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .build(VOCABULARY.terms.iter().map(|term| term.text.as_str()))
        .ok()
});

static CUE: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::new(concat!(
        r"\b(languages?|langages?|programming|programmation|programmier\w*|develop\w*|entwickl\w*|microsoft|ms|office|suite|pack|bureautique|",
        r"logiciels?|software|outils?|tools?|frameworks?|stack|technologies|libraries|database|sgbd|proficien\w*|maitrise|",
        r"knowledge of|experience (with|in|using)|familiar(ity)? with|proficien\w* (in|with)|skilled in|exposure to|languages? (like|such as)|",
        r"connaissances? (de|en|des|du)|expertise( in)?|scripting|coding|sdk|versions?)\W*$"
    ))
});

struct Hit<'t> {
    from: usize,
    to: usize,
    term: &'t Term,
}

/// The skills in a text, in its order; everyday words only where their surroundings are technical.
pub fn find(text: &str) -> Vec<Found> {
    static FOUND: LazyLock<Memo<Arc<[Found]>>> = LazyLock::new(|| Memo::new(MAX_REMEMBERED, LONGEST_REMEMBERED));
    FOUND.of(text, |text| find_now(text).into()).to_vec()
}

fn find_now(text: &str) -> Vec<Found> {
    let folded = Folded::new(text);
    let hits = hits(&folded.text);
    let mut firm: Vec<usize> =
        hits.iter().filter(|hit| !hit.term.ambiguous && is_product(hit.term)).map(|hit| hit.from).collect();
    let mut found = Vec::with_capacity(hits.len());
    for hit in &hits {
        if hit.term.ambiguous {
            if !is_technical(hit, &folded, text, &firm) {
                continue;
            }
            // "Word, Excel": the one that is known vouches for the next.
            firm.push(hit.from);
        }
        found.push(Found { skill: hit.term.skill, at: folded.source(hit.from, hit.to) });
    }
    found
}

/// Whether a term is a technique's or a product's name: these vouch for everyday words beside them.
fn is_product(term: &Term) -> bool {
    match get(term.skill).map(|skill| skill.kind) {
        Some(Kind::Technical) => true,
        Some(Kind::Trade | Kind::Certificate) => term.written.chars().any(char::is_uppercase),
        _ => false,
    }
}

/// The skills in a list's entry (`Go`, `Docker / Swarm`): the list is the context.
pub fn find_in_list(text: &str) -> Vec<Found> {
    static FOUND: LazyLock<Memo<Arc<[Found]>>> = LazyLock::new(|| Memo::new(MAX_REMEMBERED, LONGEST_REMEMBERED));
    FOUND.of(text, |text| find_in_list_now(text).into()).to_vec()
}

fn find_in_list_now(text: &str) -> Vec<Found> {
    let folded = Folded::new(text);
    let whole = folded.text.trim().len();
    hits(&folded.text)
        .iter()
        // An everyday word within a sentence that happens to stand in a list is still one.
        .filter(|hit| {
            !hit.term.ambiguous || hit.to - hit.from == whole || whole <= 40 && is_separated(&folded.text, hit)
        })
        .map(|hit| Found { skill: hit.term.skill, at: folded.source(hit.from, hit.to) })
        .collect()
}

/// The one skill that an entry of a list means, if it means one: the longest within it.
pub fn recognise(entry: &str) -> Option<SkillId> {
    find_in_list(entry).into_iter().max_by_key(|found| found.at.len()).map(|found| found.skill)
}

/// The skills of a text, each once.
pub fn ids_in(text: &str) -> BTreeSet<SkillId> {
    find(text).into_iter().map(|found| found.skill).collect()
}

fn hits(text: &str) -> Vec<Hit<'static>> {
    let Some(automaton) = AUTOMATON.as_ref() else { return Vec::new() };
    let mut found: Vec<Hit<'static>> = automaton
        .find_overlapping_iter(text)
        .filter_map(|m| {
            let term = VOCABULARY.terms.get(m.pattern().as_usize())?;
            Some(Hit { from: m.start(), to: border(text, m.start(), m.end())?, term })
        })
        .collect();
    // The longest at each place first ("Sass" before the plural of "SAS"), then left to right without overlap.
    let long = |hit: &Hit<'_>| (hit.to - hit.from, hit.term.text.len());
    found.sort_by(|a, b| a.from.cmp(&b.from).then_with(|| long(b).cmp(&long(a))));
    let mut end = 0;
    found.retain(|hit| {
        let free = hit.from >= end;
        if free {
            end = hit.to;
        }
        free
    });
    found.truncate(MAX_FOUND);
    found
}

/// Where the word ends that holds the match: a plural `s` and a version belong to it. `None`: it is part of another word.
fn border(text: &str, from: usize, to: usize) -> Option<usize> {
    let term = text.get(from..to)?;
    let before = text.get(..from)?.chars().next_back();
    let starts_with_word = term.chars().next().is_some_and(is_word);
    match before {
        Some(c) if is_word(c) => return None,
        Some('#' | '+') => return None,
        Some('.')
            if !starts_with_word || text.get(..from.saturating_sub(1))?.chars().next_back().is_some_and(is_word) =>
        {
            return None;
        }
        _ => {}
    }
    let mut rest = text.get(to..)?.chars().peekable();
    let mut end = to;
    let long = term.len() >= 3 && term.chars().next_back().is_some_and(char::is_alphabetic);
    if long && rest.peek() == Some(&'s') {
        rest.next();
        end += 1;
    } else if long {
        // HTML5, PHP8, Python3.
        let mut digits = 0;
        while digits < 2 && rest.peek().is_some_and(char::is_ascii_digit) {
            rest.next();
            digits += 1;
        }
        end += digits;
    }
    match rest.next() {
        Some(c) if is_word(c) => None,
        Some('#') => None,
        Some('+') if rest.peek() == Some(&'+') => None,
        // "node" in "node.js" is no word of its own; "Java." at the end of a sentence is.
        Some('.') if rest.peek().is_some_and(|c| is_word(*c)) && !rest.peek().is_some_and(char::is_ascii_digit) => None,
        _ => Some(end),
    }
}

/// Letters of alphabets and digits; signs of scripts that are written without spaces are no part of a word here.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() && !matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

fn is_separated(text: &str, hit: &Hit<'_>) -> bool {
    let separator = |c: char| matches!(c, ',' | ';' | '/' | '|' | '·' | '(' | ')' | '&' | '+' | ':' | '\n');
    let before = text.get(..hit.from).unwrap_or("").trim_end().chars().next_back();
    let after = text.get(hit.to..).unwrap_or("").trim_start().chars().next();
    before.is_none_or(separator) && after.is_none_or(separator)
}

fn is_technical(hit: &Hit<'_>, folded: &Folded, source: &str, firm: &[usize]) -> bool {
    let written = source.get(folded.source(hit.from, hit.to)).unwrap_or("");
    // A trade's everyday words (legal, transport) say too little in a sentence; product names are among the tools.
    let product = hit.term.written.chars().any(char::is_uppercase);
    if !product || !is_product(hit.term) {
        return false;
    }
    if !written.starts_with(hit.term.written.as_str()) {
        return false;
    }
    let text = &folded.text;
    let line_start = text.get(..hit.from).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line_end = text.get(hit.to..).and_then(|after| after.find('\n')).map_or(text.len(), |at| hit.to + at);
    let before = text.get(line_start..hit.from).unwrap_or("");
    let neighbours = (before.chars().next_back(), text.get(hit.to..).unwrap_or("").chars().next());
    if matches!(neighbours, (Some('-'), _) | (_, Some('-' | '\''))) {
        return false;
    }
    let near = firm.iter().any(|at| (line_start..line_end).contains(at) && at.abs_diff(hit.from) <= NEAR);
    if CUE.is_in(before) {
        return true;
    }
    // Short words need the company of other techniques in a list.
    let acronym = hit.to - hit.from >= 3 && written.chars().all(char::is_uppercase);
    near && (hit.to - hit.from > 4 || acronym || is_separated_softly(text, hit))
}

fn is_separated_softly(text: &str, hit: &Hit<'_>) -> bool {
    let before = text.get(..hit.from).unwrap_or("").trim_end();
    let after = text.get(hit.to..).unwrap_or("").trim_start();
    let joins = [",", ";", "/", "|", "·", "(", ":", " et", " and", " ou", " or", " und", " en", " in", " &"];
    let joined_before = before.is_empty() || joins.iter().any(|join| before.ends_with(join));
    let joins = [",", ";", "/", "|", "·", ")", ".", "et ", "and ", "ou ", "or ", "und ", "&"];
    joined_before && (after.is_empty() || joins.iter().any(|join| after.starts_with(join)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        find(text).into_iter().filter_map(|found| get(found.skill)).map(|skill| skill.name.clone()).collect()
    }

    #[test]
    fn the_longest_name_wins() {
        assert_eq!(names("React Native and React, Node.js"), ["React Native", "React", "Node.js"]);
        assert_eq!(names("Spring Boot services in JavaScript"), ["Spring Boot", "JavaScript"]);
        assert_eq!(names("GitHub Actions"), ["GitHub Actions"]);
    }

    #[test]
    fn signs_belong_to_names() {
        assert_eq!(names("C++, C#, .NET and F#"), ["C++", "C#", ".NET", "F#"]);
        assert_eq!(names("C/C++ Developer"), ["C", "C++"]);
        assert_eq!(names("ASP.NET Core"), ["ASP.NET"]);
        assert!(names("see example.net or node.json").is_empty(), "{:?}", names("see example.net or node.json"));
    }

    #[test]
    fn case_accents_plural_and_versions_do_not_matter() {
        assert_eq!(
            names("POSTGRES, html5, Css3, php8, micro-services"),
            ["PostgreSQL", "HTML", "CSS", "PHP", "microservices"]
        );
        assert_eq!(names("Tests automatisés et Bases de Données"), ["automated testing", "databases"]);
        assert_eq!(names("conception d’API REST"), ["API", "REST"]);
    }

    #[test]
    fn everyday_words_need_a_technical_context() {
        assert_eq!(
            names("We go to the spring party, excel at rust removal and access the office"),
            Vec::<String>::new()
        );
        assert!(names("Go to our site. Swift answers. R").is_empty());
        assert!(names("Google is a great place, Cargo too, scalable").iter().all(|name| name != "Go" && name != "C"));
        assert_eq!(names("Experience with Go, Rust and PostgreSQL"), ["Go", "Rust", "PostgreSQL"]);
        assert_eq!(names("Python, R, SQL"), ["Python", "R", "SQL"]);
        assert_eq!(names("programming in C or C++"), ["C", "C++"]);
        assert_eq!(names("Familiarity with Puppet and Ruby"), ["Puppet", "Ruby"]);
        assert_eq!(names("a scripting language like Perl or Python"), ["Perl", "Python"]);
        assert_eq!(names("SASS/CSS"), ["Sass", "CSS"]);
        assert_eq!(names("maîtrise d'Excel"), Vec::<String>::new());
        assert_eq!(names("Pack Office (Word, Excel)").len(), 3);
    }

    #[test]
    fn a_list_is_context_enough() {
        let list = |text| find_in_list(text).len();
        assert_eq!((list("Go"), list("R"), list("Excel"), list("Rust / Go")), (1, 1, 1, 2));
        assert_eq!(list("I like to go out in spring when the weather is nice"), 0);
    }

    #[test]
    fn scripts_without_spaces_are_borders() {
        assert_eq!(names("TypeScriptを使用したWeb開発"), ["TypeScript"]);
    }

    #[test]
    fn long_texts_are_searched_in_bounded_time() {
        let started = std::time::Instant::now();
        for text in ["c ".repeat(100_000), "react native".repeat(17_000), "a".repeat(200_000), "éà ".repeat(60_000)] {
            let _ = find(&text);
        }
        assert!(started.elapsed().as_secs() < 8, "{:?}", started.elapsed());
    }
}
