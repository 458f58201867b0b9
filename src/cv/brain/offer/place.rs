//! Where the work is.

use super::parts::{Part, Said};
use super::posting::Posting;
use crate::cv::brain::text::pattern::patterns;
use crate::cv::brain::text::{fold, words};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

patterns! {
    LABEL = r"^(job )?(location|localisation|lieu|lieu de travail|standort|arbeitsort|place|ort|miejsce pracy|lokalita|misto vykonu prace|ubicacion|lugar|ville|city|where|bureau|office)s?( du poste| options)? ?:\s*(.+)$";
    CUE = r"((mission|poste|recherch\w*|recrut\w*|looking for|hiring|position|contrat|stage|suchen)\b.{0,90}\b(a|in) |based in|based at|basee? (a|dans)|poste (a|base a)|situee? a|offices? in|bureaux? a|bureaux? (a|de)|arbeitsplatz in|sede|ubicada en|located in|office is in|standort|locaux|siege|locations? in|in our|cdi a|cdd a|stage a|alternance a|pobo|kancelar|team in|join us in|equipe a)";
    // "open to people from anywhere in Canada", "partout en France".
    ANYWHERE = r"\b(anywhere (in|within)|(people|candidates|applicants|residents?) (in|from|of)|parts of|(live|living|reside|residing|located|based) in|(eligible|authori[sz]ed|right|permission) to work in|partout (en|au|dans)|(residant|residez|habitant|habitez) (en|au)|candidatures? (provenant )?(de|du|d'autres regions du))\s";
    ONLY = r"\b(usa|us|uk|europe|eu|canada|france|germany) only\b";
}

/// Characters after "anywhere in" that may name a country.
const AFTER_CUE: usize = 32;

struct Gazetteer {
    cities: HashMap<String, &'static str>,
    countries: HashMap<String, &'static str>,
    longest: usize,
}

static GAZETTEER: LazyLock<Gazetteer> = LazyLock::new(|| {
    let mut all = Gazetteer { cities: HashMap::new(), countries: HashMap::new(), longest: 1 };
    for line in include_str!("../data/places.txt").lines().filter(|line| !line.starts_with('#')) {
        let (map, names) = match line.strip_prefix(':') {
            Some(cities) => (&mut all.cities, cities),
            // The code itself ("IN", "IT") is too short to be looked for.
            None => (&mut all.countries, line.split_once(';').map_or("", |(_, names)| names)),
        };
        for name in names.split(';').map(str::trim).filter(|name| !name.is_empty()) {
            all.longest = all.longest.max(name.split([' ', '-', '\'']).count());
            map.insert(normal(name), name);
        }
    }
    all
});

fn normal(name: &str) -> String {
    fold(name).replace(['-', '\'', '.'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// City and country.
pub(in crate::cv::brain) type Place = (Option<String>, Option<String>);

pub(super) fn find(suffix: Option<&str>, posting: &Posting, said: &[Said], chips: &[String]) -> Place {
    let (mut city, mut country) = (posting.city.clone(), posting.country.clone());
    if city.is_none() {
        let labelled = said.iter().find_map(|said| {
            let groups = LABEL.groups(&said.line.folded)?;
            let from = groups.get(5).or(groups.get(groups.len() - 1))?;
            let at = said.line.folded.len() - from.as_str().len();
            // The label is ASCII, so that its length is the same in the text itself.
            said.line.text.get(at..).filter(|text| text.len() < 80).map(place_of)
        });
        let header =
            || chips.iter().filter(|chip| chip.len() < 70).map(|chip| place_of(chip)).find(|place| place.0.is_some());
        let body = || {
            let parts = [Part::Intro, Part::Other, Part::Tasks, Part::Required, Part::Benefits, Part::Company];
            said.iter()
                .filter(|said| parts.contains(&said.part))
                .filter(|said| CUE.is_in(&said.line.folded) || said.line.folded.len() < 60)
                .map(|said| place_of(&said.line.text))
                .find(|place| place.0.is_some())
        };
        let some = |place: &Place| place.0.is_some() || place.1.is_some();
        let found = suffix.map(place_of).filter(some).or_else(|| labelled.filter(some)).or_else(header).or_else(body);
        if let Some((in_city, in_country)) = found {
            city = in_city;
            country = country.or(in_country);
        }
    }
    if country.is_none() {
        let only = said.iter().map(|said| said.line.folded.as_str()).chain(chips.iter().map(String::as_str));
        country = only.filter(|line| line.len() < 80).find_map(|line| {
            let found = ONLY.find(line)?;
            place_of(&line.get(found).unwrap_or("").to_uppercase()).1
        });
    }
    // Where people may live, when it is nowhere said where the office is.
    if city.is_none() && country.is_none() {
        let own = said.iter().filter(|said| said.part != Part::Process).map(|said| said.line.folded.as_str());
        country = own.filter_map(|line| line.get(ANYWHERE.find(line)?.end..)).find_map(|rest| {
            let end = rest.char_indices().nth(AFTER_CUE).map_or(rest.len(), |(end, _)| end);
            place_of(rest.get(..end).unwrap_or("")).1
        });
    }
    (city.map(|city| tidy(&city)), country)
}

fn tidy(city: &str) -> String {
    if city.chars().any(char::is_lowercase) { city.to_owned() } else { title_case(city) }
}

fn title_case(text: &str) -> String {
    let mut start = true;
    text.chars()
        .map(|c| {
            let out = if start { c } else { c.to_lowercase().next().unwrap_or(c) };
            start = matches!(c, ' ' | '-' | '\'');
            out
        })
        .collect()
}

/// The first city and the first country that a text names; both in the gazetteer's spelling.
pub(in crate::cv::brain) fn place_of(text: &str) -> Place {
    let folded = fold(text).replace(['-', '\'', '.', ',', '(', ')', '/', '|', ';', ':'], " ");
    let all: Vec<&str> = words(&folded).collect();
    let (mut city, mut country) = (None, None);
    let mut at = 0;
    while at < all.len().min(400) {
        let mut step = 1;
        for length in (1..=GAZETTEER.longest.min(all.len() - at)).rev() {
            let Some(name) = all.get(at..at + length).map(|words| words.join(" ")) else { continue };
            // Short names are words of other languages too ("Pau", "Nice", "Bath"): only with a capital in the text.
            if let Some(found) =
                GAZETTEER.cities.get(&name).filter(|found| text.contains(**found) || capital(text, &name))
            {
                city.get_or_insert_with(|| (*found).to_owned());
                step = length;
                break;
            }
            if let Some(found) = GAZETTEER.countries.get(&name).filter(|found| name.len() > 3 || text.contains(**found))
            {
                country.get_or_insert_with(|| (*found).to_owned());
                step = length;
                break;
            }
        }
        at += step;
    }
    (city, country)
}

fn capital(text: &str, folded: &str) -> bool {
    let first = folded.split(' ').next().unwrap_or("");
    text.split(|c: char| !c.is_alphanumeric())
        .any(|word| word.chars().next().is_some_and(char::is_uppercase) && fold(word) == first)
}

/// Whether a text names only places and ways to work there (`Paris, France`, `Remote`).
pub(in crate::cv::brain) fn is_place(text: &str) -> bool {
    let known: HashSet<&str> =
        ["remote", "teletravail", "hybrid", "and", "et", "or", "only", "anywhere", "worldwide", "ile", "de"].into();
    let (city, country) = place_of(text);
    let mut rest = normal(&text.replace([',', '(', ')', '|', '/', ';'], " "));
    for name in [city, country].into_iter().flatten() {
        rest = rest.replace(&normal(&name), " ");
    }
    let left = rest.split_whitespace().filter(|word| !known.contains(word)).count();
    let first = text.split(',').next().unwrap_or("");
    let (city, country) = place_of(first);
    let known_first = city.or(country).is_some_and(|name| normal(first).starts_with(&normal(&name)));
    left == 0 && !rest.is_empty() || left <= 1 && text.contains(',') && known_first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r15_places_in_text() {
        let place = |text| {
            let (city, country) = place_of(text);
            (city.unwrap_or_default(), country.unwrap_or_default())
        };
        assert_eq!(place("Prague, Czech Republic"), ("Prague".into(), "Czech Republic".into()));
        assert_eq!(place("CDI à Sophia Antipolis"), ("Sophia Antipolis".into(), String::new()));
        assert_eq!(place("un très nice poste, prendre un bath"), (String::new(), String::new()));
        assert_eq!(place("Aix-En-Provence"), ("Aix-en-Provence".into(), String::new()));
        assert_eq!(place("Pilsen, Plzeň, Czech Republic"), ("Pilsen".into(), "Czech Republic".into()));
        assert!(is_place("Toronto, Ontario, Canada") && !is_place("DevOps Engineer"));
    }
}
