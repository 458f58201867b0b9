//! Degrees: how high, and in what.

use super::context::{Context, ids_of};
use super::roles;
use super::text::{fold, words};
use super::view::Entry;

/// Levels, by words of several languages (folded): the highest that is found counts.
const LEVELS: &[(u8, &[&str])] = &[
    (5, &["phd", "ph.d", "doctorat", "doctorate", "doctoral", "promotion", "bac+8"]),
    (
        4,
        &[
            "master",
            "msc",
            "m.sc",
            "mba",
            "ingenieur",
            "engineer's",
            "diplom",
            "bac+5",
            "bac +5",
            "magistr",
            "grande ecole",
            "postgraduate",
        ],
    ),
    (
        3,
        &[
            "bachelor",
            "bsc",
            "b.sc",
            "b.a",
            "licence",
            "undergraduate",
            "bac+3",
            "bac +3",
            "bac+4",
            "university degree",
            "degree",
            "hochschul",
            "studium",
            "vysokoskol",
            "universit",
        ],
    ),
    (2, &["bac+2", "bac +2", "bts", "dut", "but", "associate", "deug", "college diploma", "diploma"]),
    (1, &["bac", "high school", "abitur", "secondary", "baccalaureat", "stredoskol", "ausbildung", "certificate"]),
];

fn level(text: &str) -> u8 {
    let folded = fold(text);
    let has = |word: &str| super::wants::contains_words(&folded, word) || word.len() > 5 && folded.contains(word);
    LEVELS.iter().find(|(_, words)| words.iter().any(|word| has(word))).map_or(0, |(level, _)| *level)
}

fn subject(entry: Entry<'_>) -> String {
    format!("{} {}", entry.text(&["area", "field", "fieldOfStudy"]), entry.text(&["studyType", "degree"]))
}

/// How well the education answers the offer, 0 to 1.
pub(super) fn fit(context: &Context<'_>) -> f64 {
    let entries = context.cv.entries("education");
    let asked = context.offer.map(|offer| &offer.education);
    let needed = asked.and_then(|asked| asked.level.as_deref()).map_or(0, level);
    let field = asked.and_then(|asked| asked.field.as_deref()).unwrap_or("");
    let has =
        entries.iter().map(|entry| level(entry.text(&["studyType", "degree", "title"])).max(2)).max().unwrap_or(0);
    let height = match (needed, has) {
        (0, 0) => 0.3,
        (0, _) => 0.8,
        (_, 0) => 0.0,
        (needed, has) => (f64::from(has) / f64::from(needed)).min(1.0),
    };
    let related = entries.iter().map(|entry| relation(context, &subject(*entry), field)).fold(0.0, f64::max);
    let certified = context
        .cv
        .entries("certificates")
        .into_iter()
        .any(|entry| !context.wanted_by("certificates", entry).is_empty());
    (0.5 * height + 0.4 * related + if certified { 0.1 } else { 0.0 }).min(1.0)
}

/// How close a subject is to the one asked for, or to the job.
fn relation(context: &Context<'_>, subject: &str, field: &str) -> f64 {
    let title = context.offer.and_then(|offer| offer.title.as_deref()).unwrap_or("");
    let folded = fold(subject);
    let technical_job =
        roles::closeness("software engineer", title) >= 0.35 || roles::closeness("network engineer", title) >= 0.35;
    let technical_field = [
        "computer",
        "informati",
        "software",
        "logiciel",
        "computing",
        "web",
        "numerique",
        "electr",
        "network",
        "reseau",
        "telecom",
        "data",
    ]
    .iter()
    .any(|word| folded.contains(word));
    let engineering =
        ["engineer", "ingenieur", "math", "physi", "statisti", "science"].iter().any(|word| folded.contains(word));
    let wanted = format!("{} {title}", fold(field));
    let wanted = fold(&wanted);
    let common = words(&folded)
        .filter(|word| word.len() > 4)
        .any(|word| wanted.contains(word.get(..word.len().min(7)).unwrap_or(word)));
    let skilled = context.wants.iter().any(|want| !want.soft && want.is_among(&ids_of(subject, true)));
    if common || skilled || technical_job && technical_field {
        1.0
    } else if technical_job && engineering {
        0.6
    } else if field.is_empty() && !technical_job && !folded.trim().is_empty() {
        0.4
    } else {
        0.1
    }
}
