//! What all rules look at: the CV, the offer, and where the CV shows what the offer asks for.

use super::dates::{self, Month};
use super::offer;
use super::roles;
use super::say;
use super::skills::{self, Kind, LONGEST_REMEMBERED, MAX_REMEMBERED, SkillId};
use super::text::{Lang, Memo, fold, sentences};
use super::types::{JobOffer, Proof, StepInput};
use super::view::{Cv, Entry, Leaf, SECTIONS, quote};
use super::wants::{self, Want};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

/// Places kept for one skill.
const MAX_SPOTS: usize = 40;
/// Names of a list of skills that tell whether it is a technical one.
const MAX_LISTED: usize = 200;
/// Bytes that are read to tell the language.
const MAX_TOLD: usize = 20_000;

/// Techniques from which on an offer without a known title is a technical one; a CV must list more.
const TECHNIQUES: usize = 2;
/// Closeness of a technical title that the vocabulary does not know to a technical offer: that of a related job.
pub(super) const SAME_FIELD: f64 = 0.35;
/// Closeness of a technical title to a technical offer whose own title is not known.
const UNTITLED: f64 = 0.5;

fn is_technique(id: &SkillId) -> bool {
    skills::get(*id).is_some_and(|skill| skill.kind == Kind::Technical)
}

/// How a place shows a skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// An experience, a project, a course, a publication.
    Shown,
    /// A list of skills or certificates.
    Listed,
    /// The headline or the summary.
    Said,
}

/// A place that shows a skill.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) section: &'static str,
    pub(super) item: Option<usize>,
    pub(super) how: How,
    pub(super) quote: String,
}

/// The CV and the offer, read once.
pub(super) struct Context<'a> {
    pub(super) cv: Cv<'a>,
    pub(super) offer: Option<&'a JobOffer>,
    /// The language of the adapted CV.
    pub(super) target: String,
    /// The language that reasons and suggestions are written in.
    pub(super) lang: Lang,
    /// The language of the CV's own texts.
    pub(super) own: Option<Lang>,
    pub(super) wants: Vec<Want>,
    /// For each want, where the CV shows it.
    pub(super) spots: Vec<Vec<Spot>>,
    pub(super) today: Month,
    /// The offer is for a technical occupation: by its title, else by what it asks for.
    technical_offer: bool,
    /// The CV is of one: by its titles, else by its list of skills.
    technical_cv: bool,
    /// The same texts are asked about again and again.
    remembered: RefCell<HashMap<(String, bool), Vec<usize>>>,
}

impl<'a> Context<'a> {
    /// Of a step's input.
    pub(super) fn of(input: &'a StepInput) -> Self {
        Self::new(&input.cv, input.offer.as_ref(), input.language.as_deref(), input.today.as_deref())
    }

    /// Of a CV and, perhaps, an offer.
    pub(super) fn new(cv: &'a Value, offer: Option<&'a JobOffer>, language: Option<&str>, today: Option<&str>) -> Self {
        let cv = Cv { root: cv };
        let own = own_language(cv);
        let asked = language.and_then(Lang::parse).or_else(|| offer.and_then(offer::language_of));
        let target = match (asked, offer) {
            (Some(lang), _) => lang.code().to_owned(),
            (None, Some(_)) => language
                .map(str::to_lowercase)
                .or(own.map(|lang| lang.code().to_owned()))
                .unwrap_or_else(|| "en".into()),
            (None, None) => own.unwrap_or(Lang::En).code().to_owned(),
        };
        let lang =
            [asked, own].into_iter().flatten().find(|lang| matches!(lang, Lang::En | Lang::Fr)).unwrap_or(Lang::En);
        let wants = offer.map(wants::of).unwrap_or_default();
        let mut context = Self {
            cv,
            offer,
            target,
            lang,
            own,
            spots: vec![Vec::new(); wants.len()],
            wants,
            today: 0,
            technical_offer: false,
            technical_cv: false,
            remembered: RefCell::default(),
        };
        context.today = today.and_then(|day| dates::month(day, false)).unwrap_or_else(|| context.newest());
        context.scan();
        if offer.is_some() {
            context.technical_offer = context.asks_for_techniques();
            context.technical_cv = context.technical_offer && context.shows_techniques();
        }
        context
    }

    fn offered(&self) -> &'a str {
        self.offer.and_then(|offer| offer.title.as_deref()).unwrap_or("")
    }

    fn asks_for_techniques(&self) -> bool {
        let title = self.offered();
        if roles::is_known(title) {
            return roles::is_technical(title);
        }
        let hard = self.wants.iter().filter(|want| !want.soft).count();
        let techniques = self.wants.iter().filter(|want| want.ids.iter().any(is_technique)).count();
        techniques >= TECHNIQUES && techniques * 3 >= hard
    }

    fn shows_techniques(&self) -> bool {
        let (_, career) = self.cv.career();
        let titled = career.iter().map(|entry| entry.position()).chain([self.cv.label()]);
        if titled.filter(|title| !title.is_empty()).any(roles::is_technical) {
            return true;
        }
        let listed = self.cv.entries("skills");
        let names = listed.iter().flat_map(|entry| entry.leaves(true)).take(MAX_LISTED);
        let ids = ids_of_all(names.map(|leaf| (leaf.text, true)));
        ids.iter().filter(|id| is_technique(id)).count() > TECHNIQUES
    }

    /// How close a job's title is to the offer's trade, 0 to 1: as [`Self::closeness`], and where the vocabulary does not
    /// know one of the titles, by whether both are technical.
    pub(super) fn trade(&self, title: &str) -> f64 {
        let told = self.closeness(title);
        if title.is_empty() || told >= SAME_FIELD || !self.is_technical() {
            return told;
        }
        match (roles::is_known(self.offered()), roles::is_known(title)) {
            (false, true) if roles::is_technical(title) => UNTITLED,
            (_, false) => told.max(SAME_FIELD),
            _ => told,
        }
    }

    /// Whether the CV and the offer are both of a technical occupation.
    pub(super) const fn is_technical(&self) -> bool {
        self.technical_offer && self.technical_cv
    }

    /// Whether it can be said what trade the offer is of.
    pub(super) fn has_trade(&self) -> bool {
        self.technical_offer || roles::is_known(self.offered())
    }

    /// The newest month that the CV names: its own today.
    fn newest(&self) -> Month {
        let entries = SECTIONS.iter().flat_map(|section| self.cv.entries(section));
        let dates = ["startDate", "endDate", "date", "releaseDate"];
        entries
            .flat_map(|entry| dates.map(|field| dates::month(entry.text(&[field]), field == "endDate")))
            .flatten()
            .filter(|month| *month < 2100 * 12)
            .max()
            .unwrap_or(2000 * 12)
    }

    fn scan(&mut self) {
        if self.wants.is_empty() {
            return;
        }
        let mut found: Vec<(usize, Spot)> = Vec::new();
        for section in SECTIONS {
            if ["languages", "references"].contains(section) {
                continue;
            }
            let how = if ["skills", "certificates", "interests"].contains(section) { How::Listed } else { How::Shown };
            for entry in self.cv.entries(section) {
                for leaf in entry.leaves(is_named(section)) {
                    let leaf = Leaf { listed: leaf.listed || how == How::Listed && leaf.text.len() <= 80, ..leaf };
                    for want in self.wanted_in(leaf.text, leaf.listed) {
                        found.push((want, Spot { section, item: Some(entry.index), how, quote: quote(leaf.text) }));
                    }
                }
            }
        }
        let (label, summary) = (self.cv.label(), self.cv.summary());
        for (text, wants) in [(label, self.wanted_in(label, true)), (summary, self.wanted_in_summary(summary))] {
            for want in wants {
                found.push((want, Spot { section: "basics", item: None, how: How::Said, quote: quote(text) }));
            }
        }
        for (want, spot) in found {
            if let Some(spots) = self.spots.get_mut(want)
                && spots.len() < MAX_SPOTS
            {
                spots.push(spot);
            }
        }
        for spots in &mut self.spots {
            spots.sort_by_key(|spot| spot.how);
        }
    }

    /// Which of the wanted skills a text shows.
    pub(super) fn wanted_in(&self, text: &str, listed: bool) -> Vec<usize> {
        if self.wants.is_empty() || text.trim().is_empty() {
            return Vec::new();
        }
        let key = (text.to_owned(), listed);
        if let Some(found) = self.remembered.borrow().get(&key) {
            return found.clone();
        }
        let ids = ids_of(text, listed);
        let folded = fold(text);
        let shows = |want: &Want| want.is_among(&ids) || want.is_said_in(&folded);
        let found: Vec<usize> =
            self.wants.iter().enumerate().filter(|(_, want)| shows(want)).map(|(at, _)| at).collect();
        let mut remembered = self.remembered.borrow_mut();
        if remembered.len() < MAX_REMEMBERED {
            remembered.insert(key, found.clone());
        }
        found
    }

    /// The same for a summary: the lists in sentences that the rules wrote are lists.
    pub(super) fn wanted_in_summary(&self, text: &str) -> Vec<usize> {
        let mut found: BTreeSet<usize> = self.wanted_in(text, false).into_iter().collect();
        for names in sentences(text).into_iter().filter_map(say::listed_in) {
            found.extend(names.iter().flat_map(|name| self.wanted_in(name, true)));
        }
        found.into_iter().collect()
    }

    /// What a text says to the offer: the weights of the wanted skills in it.
    pub(super) fn weight_of(&self, text: &str, listed: bool) -> f64 {
        self.weigh(&self.wanted_in(text, listed))
    }

    /// The weight of some wanted skills.
    pub(super) fn weigh(&self, wants: &[usize]) -> f64 {
        wants.iter().filter_map(|at| self.wants.get(*at)).map(Want::weight).sum()
    }

    /// The wanted skills that an entry shows.
    pub(super) fn wanted_by(&self, section: &str, entry: Entry<'_>) -> Vec<usize> {
        let mut all = BTreeSet::new();
        for leaf in entry.leaves(is_named(section)) {
            all.extend(self.wanted_in(leaf.text, leaf.listed));
        }
        all.into_iter().collect()
    }

    /// How far the CV shows a wanted skill, 0 to 1. More places never mean less.
    pub(super) fn grade(&self, want: usize) -> f64 {
        let spots = self.spots.get(want).map(Vec::as_slice).unwrap_or_default();
        let has = |how: How| spots.iter().any(|spot| spot.how == how);
        match (has(How::Shown), has(How::Listed), has(How::Said)) {
            (true, true, _) => 1.0,
            (true, false, true) => 0.95,
            (true, false, false) => 0.85,
            (false, true, _) => 0.7,
            (false, false, true) => 0.55,
            (false, false, false) => 0.0,
        }
    }

    /// Whether the CV shows it anywhere.
    pub(super) fn has(&self, want: usize) -> bool {
        self.spots.get(want).is_some_and(|spots| !spots.is_empty())
    }

    /// The first places that show a wanted skill.
    pub(super) fn proofs(&self, want: usize, most: usize) -> Vec<Proof> {
        let spots = self.spots.get(want).map(Vec::as_slice).unwrap_or_default();
        spots
            .iter()
            .take(most)
            .map(|spot| Proof {
                section: spot.section.to_owned(),
                item_index: spot.item.and_then(|item| u32::try_from(item).ok()),
                quote: spot.quote.clone(),
            })
            .collect()
    }

    /// How close a title is to the offer's, 0 to 1; 0 without an offer's title.
    pub(super) fn closeness(&self, title: &str) -> f64 {
        let wanted = self.offer.and_then(|offer| offer.title.as_deref()).unwrap_or("");
        if wanted.is_empty() || title.is_empty() { 0.0 } else { roles::closeness(wanted, title).clamp(0.0, 1.0) }
    }

    /// The language that the experiences are told in.
    pub(super) fn told_in(&self) -> Option<Lang> {
        Lang::of(&told(self.cv))
    }

    /// Whole years that the career covers.
    pub(super) fn years(&self) -> i32 {
        let (_, entries) = self.cv.career();
        dates::months(entries.into_iter().filter_map(|entry| dates::span(entry, self.today))) / 12
    }

    /// The names of some wanted skills in the language that is written, the weightiest first, at most `most`.
    pub(super) fn names(&self, wants: &[usize], most: usize) -> Vec<String> {
        let mut wants: Vec<usize> = wants.to_vec();
        wants.sort_by_key(|at| (self.wants.get(*at).map(|want| want.tier), *at));
        let names = wants.into_iter().filter_map(|at| self.wants.get(at)).map(|want| want.name_in(self.lang));
        names.take(most).collect()
    }
}

/// The skills that a text names, with what they imply.
pub(super) fn ids_of(text: &str, listed: bool) -> Arc<BTreeSet<SkillId>> {
    static SAID: LazyLock<Memo<Arc<BTreeSet<SkillId>>>> =
        LazyLock::new(|| Memo::new(MAX_REMEMBERED, LONGEST_REMEMBERED));
    static LISTED: LazyLock<Memo<Arc<BTreeSet<SkillId>>>> =
        LazyLock::new(|| Memo::new(MAX_REMEMBERED, LONGEST_REMEMBERED));
    let with_implied = |found: &skills::Found| skills::with_implied(found.skill);
    if listed {
        LISTED.of(text, |text| {
            let (listed, said) = (skills::find_in_list(text), skills::find(text));
            Arc::new(listed.iter().chain(said.iter()).flat_map(with_implied).collect())
        })
    } else {
        SAID.of(text, |text| Arc::new(skills::find(text).iter().flat_map(with_implied).collect()))
    }
}

/// The skills that texts name, with what they imply; of each whether it is an entry of a list.
pub(super) fn ids_of_all<'t>(texts: impl Iterator<Item = (&'t str, bool)>) -> BTreeSet<SkillId> {
    let mut all = BTreeSet::new();
    for (text, listed) in texts {
        all.extend(ids_of(text, listed).iter());
    }
    all
}

/// Whether the name of an entry says what it is about rather than for whom it was.
pub(super) fn is_named(section: &str) -> bool {
    !["work", "volunteer", "education"].contains(&section)
}

/// The language of the CV's own words: of its experiences first, as a summary may have been written for an offer.
fn own_language(cv: Cv<'_>) -> Option<Lang> {
    Lang::of(&told(cv)).or_else(|| Lang::of(cv.summary()))
}

/// What the entries say, without the lists.
fn told(cv: Cv<'_>) -> String {
    let mut text = String::new();
    for section in ["work", "projects", "volunteer", "education"] {
        for leaf in cv.entries(section).into_iter().take(20).flat_map(|entry| entry.leaves(false)) {
            if !leaf.listed && text.len() < MAX_TOLD {
                text.push_str(leaf.text);
                text.push('\n');
            }
        }
    }
    text
}
