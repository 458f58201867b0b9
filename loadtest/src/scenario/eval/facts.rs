//! Whether what was found is what a page states.

use super::folder::Facts;
use estafette_protocol::cv::offer::{JobOfferContent, Remote};
use std::collections::BTreeMap;

/// How a field came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// The same.
    Right,
    /// One holds the other, or some of a list.
    Partly,
    /// Something else.
    Wrong,
    /// Nothing was found.
    Missing,
}

impl Outcome {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Partly => "partly",
            Self::Wrong => "WRONG",
            Self::Missing => "missing",
        }
    }
}

/// A field of one page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) expected: String,
    pub(super) found: String,
    pub(super) outcome: Outcome,
}

/// Lower case, letters and digits, one space between words.
fn plain(text: &str) -> String {
    let kept: String =
        text.chars().map(|c| if c.is_alphanumeric() || c == '+' || c == '#' { c } else { ' ' }).collect();
    kept.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn compare(expected: &str, found: Option<&str>) -> Outcome {
    let (expected, found) = (plain(expected), plain(found.unwrap_or_default()));
    if found.is_empty() {
        Outcome::Missing
    } else if expected == found {
        Outcome::Right
    } else if expected.contains(&found) || found.contains(&expected) {
        Outcome::Partly
    } else {
        Outcome::Wrong
    }
}

/// Cities that English calls otherwise than their country does, both as [`plain`] writes them.
const EXONYMS: &[(&str, &str)] = &[
    ("praha", "prague"),
    ("plzeň", "pilsen"),
    ("wien", "vienna"),
    ("münchen", "munich"),
    ("köln", "cologne"),
    ("genève", "geneva"),
    ("bruxelles", "brussels"),
    ("warszawa", "warsaw"),
    ("kraków", "cracow"),
    ("roma", "rome"),
    ("milano", "milan"),
    ("lisboa", "lisbon"),
    ("københavn", "copenhagen"),
];

/// A place as English writes it: an offer may say "Praha" where the facts say "Prague".
fn in_english(place: &str) -> String {
    let word = |word: &str| {
        EXONYMS.iter().find(|(own, _)| *own == word).map_or(word.to_owned(), |(_, english)| (*english).to_owned())
    };
    place.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// "Prague, Czech Republic", "remote, USA only", "Prague and Brno": right when the city (or, for remote work, that it is
/// remote) was found.
fn location(expected: &str, found: &JobOfferContent) -> Outcome {
    let wanted = plain(expected);
    let place = [found.location.city.as_deref(), found.location.country.as_deref()];
    let places: Vec<String> = place.into_iter().flatten().map(plain).filter(|place| !place.is_empty()).collect();
    if wanted.split(' ').any(|word| word == "remote") && found.location.remote == Some(Remote::Full) {
        return Outcome::Right;
    }
    if places.is_empty() {
        return Outcome::Missing;
    }
    let wanted = in_english(&wanted);
    let places: Vec<String> = places.iter().map(|place| in_english(place)).collect();
    let fits = |place: &String| wanted.contains(place.as_str()) || place.contains(&wanted);
    match (places.first().is_some_and(fits), places.iter().any(fits)) {
        (true, _) => Outcome::Right,
        (false, true) => Outcome::Partly,
        (false, false) => Outcome::Wrong,
    }
}

fn salary_text(min: Option<f64>, max: Option<f64>, currency: Option<&str>) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
    if min.is_none() && max.is_none() {
        return String::new();
    }
    format!("{}–{} {}", number(min), number(max), currency.unwrap_or("?"))
}

/// Compares what is stated with what was found.
pub(super) fn fields(facts: &Facts, found: &JobOfferContent) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut add =
        |name, expected: String, found: String, outcome| fields.push(Field { name, expected, found, outcome });
    if let Some(title) = &facts.title {
        add("title", title.clone(), found.title.clone().unwrap_or_default(), compare(title, found.title.as_deref()));
    }
    if let Some(company) = &facts.company {
        let outcome = compare(company, found.company.as_deref());
        add("company", company.clone(), found.company.clone().unwrap_or_default(), outcome);
    }
    if let Some(expected) = &facts.location {
        let place = &found.location;
        let remote = place.remote.map(|remote| format!("({})", remote.as_str()));
        let shown: Vec<String> = [place.city.clone(), place.country.clone(), remote].into_iter().flatten().collect();
        add("location", expected.clone(), shown.join(" "), location(expected, found));
    }
    if let Some(contract) = &facts.contract {
        let shown = found.contract.map(|contract| contract.as_str());
        add("contract", contract.clone(), shown.unwrap_or_default().to_owned(), compare(contract, shown));
    }
    if let Some(salary) = &facts.salary {
        let (of, currency) = (&found.salary, salary.currency.as_deref());
        let expected = salary_text(salary.min, salary.max, currency);
        let shown = salary_text(of.min, of.max, of.currency.as_deref());
        let outcome = compare(&expected, Some(&shown));
        add("salary", expected, shown, outcome);
    }
    if !facts.skills.is_empty() {
        let all: Vec<String> =
            found.skills.required.iter().chain(&found.skills.nice_to_have).map(|skill| plain(skill)).collect();
        let hits = facts.skills.iter().filter(|skill| all.contains(&plain(skill))).count();
        let outcome = match hits {
            0 if all.is_empty() => Outcome::Missing,
            0 => Outcome::Wrong,
            hits if hits == facts.skills.len() => Outcome::Right,
            _ => Outcome::Partly,
        };
        add("skills", facts.skills.join(", "), all.join(", "), outcome);
    }
    fields
}

/// Outcomes by field.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<&'static str, BTreeMap<Outcome, u32>>);

impl Tally {
    pub(super) fn add(&mut self, field: &Field) {
        *self.0.entry(field.name).or_default().entry(field.outcome).or_default() += 1;
    }

    /// Field, compared, right, partly, wrong, missing, and the share that is right or partly so.
    pub(super) fn rows(&self) -> Vec<(&'static str, [u32; 5], f64)> {
        let row = |(name, outcomes): (&&'static str, &BTreeMap<Outcome, u32>)| {
            let of = |outcome| outcomes.get(&outcome).copied().unwrap_or(0);
            let all: u32 = outcomes.values().sum();
            let (right, partly) = (of(Outcome::Right), of(Outcome::Partly));
            let share = f64::from(right + partly) / f64::from(all.max(1));
            (*name, [all, right, partly, of(Outcome::Wrong), of(Outcome::Missing)], share)
        };
        self.0.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use estafette_protocol::cv::offer::JobLocation;

    fn found(title: &str, city: Option<&str>, country: Option<&str>, remote: Option<Remote>) -> JobOfferContent {
        let location = JobLocation { city: city.map(str::to_owned), country: country.map(str::to_owned), remote };
        JobOfferContent { title: Some(title.to_owned()), location, ..JobOfferContent::default() }
    }

    #[test]
    fn titles_are_compared_without_case_and_punctuation() {
        assert_eq!(compare("C/C++ Developer", Some("c / c++ developer")), Outcome::Right);
        assert_eq!(compare("C++ Developer", Some("C Developer")), Outcome::Wrong);
        assert_eq!(compare("Développeur Symfony", Some("Développeur Symfony (F/H)")), Outcome::Partly);
        assert_eq!(compare("X", None), Outcome::Missing);
    }

    #[test]
    fn a_place_is_right_by_its_city_and_remote_work_by_being_remote() {
        let at = |expected: &str, city, country, remote| location(expected, &found("x", city, country, remote));
        assert_eq!(at("Prague, Czech Republic", Some("Prague"), None, None), Outcome::Right);
        assert_eq!(at("Prague, Czech Republic", Some("Brno"), Some("Czech Republic"), None), Outcome::Partly);
        assert_eq!(at("Prague and Brno", Some("Praha"), None, None), Outcome::Right);
        assert_eq!(at("London", Some("Paris"), None, None), Outcome::Wrong);
        assert_eq!(at("remote, USA only", None, None, Some(Remote::Full)), Outcome::Right);
        assert_eq!(at("London", None, None, None), Outcome::Missing);
    }

    #[test]
    fn the_tally_counts_by_field() {
        let facts =
            Facts { title: Some("A".to_owned()), skills: vec!["Rust".to_owned(), "Go".to_owned()], ..Facts::default() };
        let mut content = found("B", None, None, None);
        content.skills.required = vec!["rust".to_owned()];
        let mut tally = Tally::default();
        fields(&facts, &content).iter().for_each(|field| tally.add(field));
        assert_eq!(tally.rows(), vec![("skills", [1, 0, 1, 0, 0], 1.0), ("title", [1, 0, 0, 1, 0], 0.0)]);
    }
}
