//! What would raise a score, each with the gain to expect.

use super::context::{Context, How};
use super::score::{self, TECHNICAL};
use super::text::Lang;
use super::types::{Priority, Suggestion};
use super::view::Entry;
use super::wants::Tier;
use std::collections::BTreeSet;

/// Suggestions of one score.
const MAX: usize = 8;
/// Missing skills that are suggested one by one.
const MAX_MISSING: usize = 3;

/// What would raise the score, the most useful first.
pub(super) fn suggestions(context: &Context<'_>) -> Vec<Suggestion> {
    let mut found: Vec<(Priority, i32, String)> = Vec::new();
    missing(context, &mut found);
    unproven(context, &mut found);
    for (priority, gain, text) in
        [summary(context), years(context), languages(context), figures(context), dates(context)].into_iter().flatten()
    {
        found.push((priority, gain, text));
    }
    found.sort_by_key(|(priority, gain, _)| (rank(*priority), -gain));
    let suggestions = found.into_iter().take(MAX);
    suggestions
        .map(|(priority, gain, suggestion)| Suggestion { priority, suggestion, impact: format!("+{gain}") })
        .collect()
}

const fn rank(priority: Priority) -> u8 {
    match priority {
        Priority::High => 0,
        Priority::Medium => 1,
        Priority::Low => 2,
    }
}

#[allow(clippy::cast_possible_truncation)]
fn gain(context: &Context<'_>, want: usize) -> i32 {
    let now = score::technical(context, &BTreeSet::new());
    let then = score::technical(context, &BTreeSet::from([want]));
    (((then - now) * TECHNICAL).round() as i32).clamp(1, 20)
}

fn missing(context: &Context<'_>, found: &mut Vec<(Priority, i32, String)>) {
    let wants = context
        .wants
        .iter()
        .enumerate()
        .filter(|(at, want)| !want.soft && want.tier != Tier::Task && !context.has(*at));
    for (at, want) in wants.take(MAX_MISSING) {
        let name = want.name_in(context.lang);
        let text = match context.lang {
            Lang::Fr => {
                format!("L'offre demande {name}. Si vous l'avez pratiqué, dites-le dans l'expérience concernée.")
            }
            _ => format!("The offer asks for {name}. If you have used it, say so in the experience where you did."),
        };
        let priority = if want.tier == Tier::Required { Priority::High } else { Priority::Medium };
        found.push((priority, gain(context, at), text));
    }
}

fn unproven(context: &Context<'_>, found: &mut Vec<(Priority, i32, String)>) {
    let listed = |at: usize| {
        context.spots.get(at).is_some_and(|spots| !spots.is_empty() && spots.iter().all(|spot| spot.how != How::Shown))
    };
    let wants =
        context.wants.iter().enumerate().filter(|(at, want)| !want.soft && want.tier != Tier::Task && listed(*at));
    for (at, want) in wants.take(2) {
        let name = want.name_in(context.lang);
        let text = match context.lang {
            Lang::Fr => format!(
                "{name} figure dans votre CV, mais aucune expérience ne le montre : décrivez où vous l'avez utilisé."
            ),
            _ => format!("Your CV names {name}, but no experience shows it: describe where you used it."),
        };
        let priority = if want.tier == Tier::Required { Priority::Medium } else { Priority::Low };
        found.push((priority, gain(context, at), text));
    }
}

type Found = Option<(Priority, i32, String)>;

fn in_lang(context: &Context<'_>, english: &str, french: &str) -> String {
    super::say::either(context.lang, english, french).to_owned()
}

fn summary(context: &Context<'_>) -> Found {
    let text = in_lang(
        context,
        "Add a summary of two or three sentences that names your job and your strongest skills.",
        "Ajoutez un résumé de deux ou trois phrases qui nomme votre métier et vos points forts.",
    );
    context.cv.summary().is_empty().then_some((Priority::High, 3, text))
}

fn years(context: &Context<'_>) -> Found {
    let (needed, has) = (score::years_needed(context), score::years_that_count(context));
    let text = match context.lang {
        Lang::Fr => format!(
            "L'offre attend environ {needed:.0} ans d'expérience proche : mettez en avant tout ce qui s'en approche, missions et stages compris."
        ),
        _ => format!(
            "The offer expects about {needed:.0} years of close experience: bring out everything that comes near, assignments and internships included."
        ),
    };
    (has + 1.0 < needed).then_some((Priority::Medium, 3, text))
}

fn languages(context: &Context<'_>) -> Found {
    let missing = score::missing_languages(context);
    let names = super::say::list(context.lang, &missing);
    let text = match context.lang {
        Lang::Fr => format!(
            "L'offre demande une langue que votre CV ne mentionne pas ({names}) : indiquez votre niveau si vous la parlez."
        ),
        _ => format!(
            "The offer asks for a language that your CV does not name ({names}): give your level if you speak it."
        ),
    };
    (!missing.is_empty()).then_some((Priority::Medium, 3, text))
}

fn figures(context: &Context<'_>) -> Found {
    let (_, career) = context.cv.career();
    let plain = |entry: &Entry<'_>| {
        let highlights = entry.list("highlights");
        let text = entry.text(&["summary", "description"]);
        !highlights.iter().copied().chain([text]).any(|text| text.chars().any(|c| c.is_ascii_digit()))
    };
    let first = career.into_iter().find(|entry| plain(entry) && !entry.position().is_empty())?;
    let position = first.position();
    let text = match context.lang {
        Lang::Fr => format!("Donnez un résultat chiffré pour « {position} » : volume, délai, équipe, gain."),
        _ => format!("Give a result in figures for “{position}”: volume, time, team, gain."),
    };
    Some((Priority::Low, 1, text))
}

fn dates(context: &Context<'_>) -> Found {
    let (_, career) = context.cv.career();
    let undated = career
        .into_iter()
        .find(|entry| super::dates::span(*entry, context.today).is_none() && !entry.position().is_empty())?;
    let position = undated.position();
    let text = match context.lang {
        Lang::Fr => {
            format!("Vérifiez les dates de « {position} » : sans dates cohérentes, cette expérience ne compte pas.")
        }
        _ => format!("Check the dates of “{position}”: without consistent dates this experience does not count."),
    };
    Some((Priority::Medium, 2, text))
}
