//! Occupations: which family a job's title belongs to, in several languages, and how close two titles are.

use super::skills::LONGEST_REMEMBERED;
use super::text::{Memo, fold, words};
use aho_corasick::AhoCorasick;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

/// Titles that are remembered.
const MAX_REMEMBERED: usize = 4_096;

struct Families {
    /// Folded term → families.
    terms: Vec<(String, usize)>,
    /// What finds the terms.
    automaton: Option<AhoCorasick>,
    close: HashSet<(usize, usize)>,
    words: HashSet<String>,
    /// Those of [`TECHNICAL`].
    technical: HashSet<usize>,
}

/// Families of those who make, run, check or guard software and the machines under it: what they know overlaps, whatever
/// their titles are.
const TECHNICAL: &[&str] = &[
    "software", "frontend", "backend", "mobile", "embedded", "devops", "sysadmin", "network", "support", "security",
    "data", "qa", "gamedev",
];

static FAMILIES: LazyLock<Families> = LazyLock::new(|| {
    let lines: Vec<Vec<&str>> = include_str!("data/roles.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split(';').map(str::trim).filter(|part| !part.is_empty()).collect())
        .collect();
    let index: HashMap<&str, usize> =
        lines.iter().enumerate().filter_map(|(at, line)| Some((*line.first()?, at))).collect();
    let technical = TECHNICAL.iter().filter_map(|name| index.get(name).copied()).collect();
    let mut all =
        Families { terms: Vec::new(), automaton: None, close: HashSet::new(), words: HashSet::new(), technical };
    for (at, line) in lines.iter().enumerate() {
        for part in line.iter().skip(1) {
            if let Some(other) = part.strip_prefix('~') {
                if let Some(other) = index.get(other) {
                    all.close.insert((at, *other));
                    all.close.insert((*other, at));
                }
            } else {
                let term = plain(part);
                if !term.contains(' ') && term.len() > 3 {
                    all.words.insert(term.clone());
                }
                all.terms.push((term, at));
            }
        }
    }
    // "Go developer", "ingénieure": words that only say that it is a job.
    for word in [
        "manager",
        "engineer",
        "ingenieur",
        "ingenieure",
        "specialist",
        "assistant",
        "assistante",
        "officer",
        "lead",
        "head",
        "consultant",
        "consultante",
        "charge",
        "chargee",
        "responsable",
        "technicien",
        "technician",
        "stagiaire",
        "intern",
        "alternant",
        "expert",
        "advisor",
        "coordinator",
        "director",
        "designer",
        "analyst",
        "analyste",
        "scientist",
        "representative",
        "chef",
        "cheffe",
        "concepteur",
        "conceptrice",
        "scrum",
        "owner",
        "executive",
        "conseillere",
        "gestionnaire",
        "coordinateur",
        "coordinatrice",
        "animateur",
        "operateur",
        "developpeuse",
        "desarrollador",
        "ingeniero",
        "entwickler",
        "programator",
        "ux",
        "sre",
        "cto",
        "vp",
        "counsel",
        "writer",
        "worker",
        "clerk",
        "nurse",
        "ops",
        "coach",
        "redacteur",
        "directeur",
        "administrator",
        "h/f",
        "f/h",
        "m/f",
        "m/w/d",
        "architect",
        "architecte",
        "junior",
        "senior",
        "operator",
        "agent",
        "conseiller",
        "developpeur",
        "developer",
    ] {
        all.words.insert(word.to_owned());
    }
    all.automaton = AhoCorasick::new(all.terms.iter().map(|(term, _)| term.as_str())).ok();
    all
});

/// A job's title, read.
struct Title {
    /// Its words.
    words: HashSet<String>,
    /// Its families, the most specific only.
    families: BTreeSet<usize>,
}

impl Title {
    fn of(title: &str) -> Arc<Self> {
        static READ: LazyLock<Memo<Arc<Title>>> = LazyLock::new(|| Memo::new(MAX_REMEMBERED, LONGEST_REMEMBERED));
        READ.of(title, |title| {
            let plain = plain(title);
            let words = plain.split(' ').filter(|word| !word.is_empty() && !SMALL.contains(word));
            Arc::new(Self { words: words.map(str::to_owned).collect(), families: families(&plain) })
        })
    }
}

/// Words of a title that say nothing.
const SMALL: &[&str] = &[
    "de", "du", "des", "la", "le", "en", "et", "the", "of", "and", "for", "h", "f", "m", "w", "d", "hf", "fh", "a",
    "in", "at", "chez",
];

/// What developers build: "development" of anything else (business, staff) is another trade.
const BUILT: &[&str] = &[
    "software",
    "web",
    "mobile",
    "app",
    "application",
    "applications",
    "frontend",
    "backend",
    "fullstack",
    "game",
    "logiciel",
    "applicatif",
    "informatique",
];

fn plain(title: &str) -> String {
    let mut text = fold(title);
    // "développeur·se", "développeur.se", "concepteur(trice)", "conseiller/ère": the first form is enough.
    for ending in [
        "·se", ".se", "·euse", ".euse", "(se)", "(euse)", "(trice)", "·trice", ".trice", "(ere)", "(ne)", "/ne",
        "/trice", "/euse", "/se", "·e", ".e", "(e)", "/ka",
    ] {
        text = text.replace(ending, "");
    }
    text = text
        .replace(['-', '/', '(', ')', ',', '|', '\'', '·', ':'], " ")
        .replace("full stack", "fullstack")
        .replace("front end", "frontend")
        .replace("back end", "backend");
    // The work for the one who does it: "Platform Engineering Intern", "stagiaire en développement web".
    let all: Vec<&str> = words(&text).collect();
    let near = |at: Option<usize>, list: &[&str]| at.and_then(|at| all.get(at)).is_some_and(|word| list.contains(word));
    let told = all.iter().enumerate().map(|(at, word)| match *word {
        "engineering" => "engineer",
        "development" if near(at.checked_sub(1), BUILT) => "developer",
        "developpement" if near(Some(at + 1), BUILT) => "developpeur",
        word => word,
    });
    told.collect::<Vec<_>>().join(" ")
}

/// The families of a title as [`plain`] writes it, the most specific only.
fn families(plain: &str) -> BTreeSet<usize> {
    let title = format!(" {plain} ");
    let Some(automaton) = FAMILIES.automaton.as_ref() else { return BTreeSet::new() };
    let is_border = |at: usize| title.as_bytes().get(at) == Some(&b' ');
    let mut found: Vec<(&str, usize)> = automaton
        .find_overlapping_iter(&title)
        .filter_map(|m| {
            let (term, family) = FAMILIES.terms.get(m.pattern().as_usize())?;
            let begins = m.start().checked_sub(1).is_some_and(is_border);
            let plural = title.as_bytes().get(m.end()) == Some(&b's') && is_border(m.end() + 1);
            let whole = begins && (is_border(m.end()) || plural);
            (whole || !term.is_ascii()).then_some((term.as_str(), *family))
        })
        .collect();
    // "network engineer" says more than "engineer" within it.
    let all = found.clone();
    found.retain(|(term, _)| !all.iter().any(|(other, _)| other.len() > term.len() && other.contains(term)));
    found.into_iter().map(|(_, family)| family).collect()
}

/// Whether the vocabulary knows the occupation of a title.
pub(super) fn is_known(title: &str) -> bool {
    !Title::of(title).families.is_empty()
}

/// Whether a title is of a technical occupation.
pub(super) fn is_technical(title: &str) -> bool {
    Title::of(title).families.iter().any(|family| FAMILIES.technical.contains(family))
}

/// How much of a job's title a text looks like: the words of occupations in it.
pub(super) fn title_words(text: &str) -> usize {
    let folded = plain(text);
    folded
        .split(' ')
        .filter(|word| FAMILIES.words.contains(*word) || FAMILIES.words.contains(word.trim_end_matches('s')))
        .count()
}

/// How close two titles are, 0 to 1: the same words, the same family, a close family.
pub fn closeness(a: &str, b: &str) -> f64 {
    let (a, b) = (Title::of(a), Title::of(b));
    if a.words.is_empty() || b.words.is_empty() {
        return 0.0;
    }
    let common = a.words.intersection(&b.words).count();
    let overlap = ratio(common, a.words.len().min(b.words.len()));
    let (in_a, in_b) = (&a.families, &b.families);
    let family = if in_a.is_empty() || in_b.is_empty() {
        // Titles that the vocabulary does not know: only their words can tell.
        return overlap * 0.8;
    } else if in_a.intersection(in_b).next().is_some() {
        let same = in_a.intersection(in_b).count();
        0.75 + 0.1 * ratio(same, in_a.len().max(in_b.len()))
    } else if in_a.iter().any(|x| in_b.iter().any(|y| FAMILIES.close.contains(&(*x, *y)))) {
        0.4
    } else {
        0.0
    };
    (family + 0.15 * overlap).clamp(0.0, 1.0)
}

#[allow(clippy::cast_precision_loss)]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_close_across_languages() {
        for (a, b, least, most) in [
            ("Développeur Symfony F/H", "Full Stack Software Engineer", 0.7, 1.0),
            ("DevOps Engineer", "Site Reliability Engineer", 0.7, 1.0),
            ("Développeur·se Backend Web", "Backend developer", 0.8, 1.0),
            ("Conseiller (ère) en politiques", "Policy Advisor", 0.7, 1.0),
            ("Concepteur ou conceptrice de contenu", "Content Designer", 0.7, 1.0),
            ("Office Manager", "Assistante administrative", 0.7, 1.0),
            ("Platform Engineering Intern", "Platform Engineer", 0.8, 1.0),
            ("Stagiaire en développement web", "Software Developer", 0.7, 1.0),
            ("Business development", "Software Developer", 0.0, 0.1),
            ("DevOps Engineer", "Software Developer", 0.3, 0.7),
            ("Office Manager", "Software Engineer", 0.0, 0.1),
            ("Policy Advisor", "Développeur PHP", 0.0, 0.1),
            ("", "Développeur", 0.0, 0.0),
        ] {
            let found = closeness(a, b);
            assert!((least..=most).contains(&found), "{a} / {b}: {found}");
        }
    }

    #[test]
    fn titles_look_like_titles() {
        assert!(title_words("DevOps Engineer, Kubernetes, AWS/GCP") > title_words("Bluelight Consulting"));
        assert!(title_words("Développeur Symfony") > title_words("L'olivier Assurance"));
    }
}
