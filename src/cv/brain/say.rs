//! What the rules say to people, in English and French.

use super::text::Lang;

/// `a, b and c`.
pub(super) fn list(lang: Lang, items: &[String]) -> String {
    let and = if lang == Lang::Fr { " et " } else { " and " };
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{}{and}{last}", all.join(", ")),
    }
}

/// One of two texts.
pub(super) const fn either<'t>(lang: Lang, english: &'t str, french: &'t str) -> &'t str {
    match lang {
        Lang::Fr => french,
        _ => english,
    }
}

/// Why an experience or project matters: the skills of the offer that it shows.
pub(super) fn shows(lang: Lang, names: &[String], close_role: bool) -> String {
    let names = list(lang, names);
    match (lang, names.is_empty(), close_role) {
        (Lang::Fr, false, true) => format!("Métier proche de l'offre ; montre {names}."),
        (Lang::Fr, false, false) => format!("Montre {names}, que l'offre demande."),
        (Lang::Fr, true, true) => "Métier proche de celui de l'offre.".to_owned(),
        (Lang::Fr, true, false) => "Rien ici ne répond à l'offre.".to_owned(),
        (_, false, true) => format!("A role close to the offer's; shows {names}."),
        (_, false, false) => format!("Shows {names}, which the offer asks for."),
        (_, true, true) => "A role close to the offer's.".to_owned(),
        (_, true, false) => "Nothing here answers the offer.".to_owned(),
    }
}

/// Why a list has a new order, and how much was left out.
pub(super) fn reordered(lang: Lang, names: &[String], left_out: usize, for_offer: bool) -> String {
    let names = list(lang, names);
    let mut text = match (lang, for_offer, names.is_empty()) {
        (Lang::Fr, true, false) => format!("Place en tête ce que l'offre demande : {names}."),
        (Lang::Fr, true, true) => "Garde l'essentiel de ce poste moins lié à l'offre.".to_owned(),
        (Lang::Fr, false, _) => "Place en tête les résultats chiffrés, que les recruteurs lisent d'abord.".to_owned(),
        (_, true, false) => format!("Puts first what the offer asks for: {names}."),
        (_, true, true) => "Keeps the essence of a position that is less related to the offer.".to_owned(),
        (_, false, _) => "Puts results with figures first, which recruiters read first.".to_owned(),
    };
    if left_out > 0 {
        let more = match (lang, left_out) {
            (Lang::Fr, 1) => " Un point sans lien avec l'offre est laissé de côté.".to_owned(),
            (Lang::Fr, n) => format!(" {n} points sans lien avec l'offre sont laissés de côté."),
            (_, 1) => " One point that is unrelated to the offer is left out.".to_owned(),
            (_, n) => format!(" {n} points that are unrelated to the offer are left out."),
        };
        text.push_str(&more);
    }
    text
}

/// Why a text is shorter.
pub(super) fn shortened(lang: Lang, names: &[String]) -> String {
    let names = list(lang, names);
    match (lang, names.is_empty()) {
        (Lang::Fr, true) => "Va à l'essentiel : ce poste répond peu à l'offre.".to_owned(),
        (Lang::Fr, false) => format!("Resserré autour de ce que l'offre demande : {names}."),
        (_, true) => "Gets to the point: this position says little to the offer.".to_owned(),
        (_, false) => format!("Focused on what the offer asks for: {names}."),
    }
}

/// Why the entries of a section are in a new order.
pub(super) fn section_reordered(lang: Lang, first: &str) -> String {
    match lang {
        Lang::Fr => format!("Place en tête ce qui répond le mieux à l'offre : {first}."),
        _ => format!("Puts first what answers the offer best: {first}."),
    }
}

/// Why the skills are in a new order.
pub(super) fn skills_reordered(lang: Lang, first: &[String], added: &[String], for_offer: bool) -> String {
    let (first, added) = (list(lang, first), list(lang, added));
    let mut parts = Vec::new();
    if !first.is_empty() {
        parts.push(match (lang, for_offer) {
            (Lang::Fr, true) => format!("Les compétences que l'offre demande passent en tête : {first}."),
            (Lang::Fr, false) => format!("Les compétences que vos expériences prouvent passent en tête : {first}."),
            (_, true) => format!("The skills that the offer asks for come first: {first}."),
            (_, false) => format!("The skills that your experience proves come first: {first}."),
        });
    }
    if !added.is_empty() {
        parts.push(match lang {
            Lang::Fr => format!("{added} : déjà dans vos expériences, désormais aussi dans la liste."),
            _ => format!("{added}: already in your experience, now listed too."),
        });
    }
    parts.join(" ")
}

/// `7 years of experience`.
pub(super) fn years(lang: Lang, years: i32) -> String {
    match (lang, years) {
        (Lang::Fr, 1) => "1 an d'expérience".to_owned(),
        (Lang::Fr, n) => format!("{n} ans d'expérience"),
        (_, 1) => "1 year of experience".to_owned(),
        (_, n) => format!("{n} years of experience"),
    }
}

/// Beginnings of the sentences of a summary that list skills, by what they list.
const LISTS: &[(Listed, Lang, &str)] = &[
    (Listed::ForOffer, Lang::En, "Key skills for this role: "),
    (Listed::ForOffer, Lang::Fr, "Compétences clés pour ce poste : "),
    (Listed::Main, Lang::En, "Main skills: "),
    (Listed::Main, Lang::Fr, "Compétences principales : "),
    (Listed::Strengths, Lang::En, "Strengths: "),
    (Listed::Strengths, Lang::Fr, "Atouts : "),
];

/// What a sentence of a summary lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    /// Skills of the offer.
    ForOffer,
    /// The skills that the career shows most.
    Main,
    /// Social skills.
    Strengths,
}

/// A sentence that lists names.
pub(super) fn listing(lang: Lang, what: Listed, names: &[String]) -> String {
    let written = if lang == Lang::Fr { Lang::Fr } else { Lang::En };
    let beginning = LISTS.iter().find(|(listed, lang, _)| *listed == what && *lang == written);
    format!("{}{}.", beginning.map_or("", |(.., text)| text), list(lang, names))
}

/// The names in a sentence that [`listing`] wrote; `None` for any other sentence.
pub(super) fn listed_in(sentence: &str) -> Option<Vec<String>> {
    let rest = LISTS.iter().find_map(|(.., beginning)| sentence.trim().strip_prefix(beginning))?;
    let rest = rest.strip_suffix('.').unwrap_or(rest);
    let names = rest.split(", ").flat_map(|part| part.split(" et ")).flat_map(|part| part.split(" and "));
    Some(names.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
}
