//! What the prompts of each step are filled from: the step's input, each of whose parts is written as it is asked for.

use super::{MAX_PLACE_CHARS, clip, material, none};
use crate::cv::brain::draft::{OutlineInput, SectionInput, StructureInput, TranslateInput};
use crate::cv::brain::types::{Classification, Mode, OfferSource, ScoreInput, StepInput, Verdict};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longest name of a language, in characters.
const MAX_LANGUAGE_CHARS: usize = 16;

/// What a prompt is filled from.
pub trait Material {
    /// What stands at a place; `None`: there is no such place in a prompt about this.
    fn place(&self, place: &str) -> Option<String>;
}

impl Material for OfferSource {
    fn place(&self, place: &str) -> Option<String> {
        Some(match place {
            "url" => text(self.url.as_deref()),
            "title" => text(self.title.as_deref()),
            "lang" => text(self.lang.as_deref()),
            "meta" => data(&self.meta),
            "job_posting" => part(self.job_posting.as_ref()),
            "text" => text(Some(&self.text)),
            _ => return None,
        })
    }
}

impl Material for StepInput {
    fn place(&self, place: &str) -> Option<String> {
        let classified = self.classification.as_ref();
        let wanted = |classification: &Classification| data(&classification.wanted_skills);
        Some(match place {
            "cv" => cv(&self.cv),
            "offer" => self.offer.as_ref().map_or_else(none, data),
            "suggestions" => data(&self.suggestions),
            "modifications" => data(&self.modifications),
            "today" => text(self.today.as_deref()),
            "mode" => match self.mode {
                Mode::Optimize => {
                    "improve the CV for itself; an offer, where there is one, only says where the person is heading"
                }
                Mode::Adapt => "adapt the CV to the offer",
            }
            .to_owned(),
            "language" => {
                let decided = classified.map(|found| found.target_language.as_str()).or(self.language.as_deref());
                match decided.filter(|language| !language.is_empty()) {
                    Some(decided) => language(decided),
                    None => "the offer's language, or the CV's where there is no offer".to_owned(),
                }
            }
            "wanted_skills" => classified.map_or_else(none, wanted),
            "experience" => part(self.entry("work")),
            "project" => part(self.entry("projects")),
            "experience_verdict" => self.verdict(|found| &found.experiences),
            "project_verdict" => self.verdict(|found| &found.projects),
            "sections" => {
                let sections =
                    ["education", "volunteer", "languages", "certificates", "awards", "publications", "interests"];
                let found = sections.iter().filter_map(|section| Some((*section, self.cv.get(section)?)));
                data(&found.collect::<BTreeMap<_, _>>())
            }
            "skills" => part(self.cv.get("skills")),
            "basics" => {
                let field =
                    |field: &str| self.cv.get("basics").and_then(|basics| basics.get(field)).unwrap_or(&Value::Null);
                data(&json!({"label": field("label"), "summary": field("summary")}))
            }
            _ => return None,
        })
    }
}

impl StepInput {
    /// The entry that the step is about.
    fn entry(&self, section: &str) -> Option<&Value> {
        self.cv.get(section)?.get(usize::try_from(self.index?).ok()?)
    }

    /// What classification said of it.
    fn verdict(&self, of: impl Fn(&Classification) -> &[Verdict]) -> String {
        let found = self.classification.as_ref().map(of).unwrap_or_default();
        found.iter().find(|verdict| Some(verdict.index) == self.index).map_or_else(none, data)
    }
}

impl Material for ScoreInput {
    fn place(&self, place: &str) -> Option<String> {
        Some(match place {
            "cv" => cv(&self.cv),
            "offer" => data(&self.offer),
            "today" => text(self.today.as_deref()),
            _ => return None,
        })
    }
}

impl Material for StructureInput {
    fn place(&self, place: &str) -> Option<String> {
        Some(match place {
            "section" => text(Some(&self.section)),
            "text" => text(Some(&self.text)),
            _ => return None,
        })
    }
}

impl Material for TranslateInput {
    fn place(&self, place: &str) -> Option<String> {
        Some(match place {
            "language" => language(&self.language),
            "from" => text(self.from.as_deref()),
            "section" => text(Some(&self.section)),
            "texts" => data(&self.texts),
            _ => return None,
        })
    }
}

impl Material for OutlineInput {
    fn place(&self, place: &str) -> Option<String> {
        Some(match place {
            "language" => language(&self.language),
            "title" => text(Some(&self.title)),
            _ => return None,
        })
    }
}

impl Material for SectionInput {
    fn place(&self, place: &str) -> Option<String> {
        Some(match place {
            "language" => language(&self.language),
            "section" => text(Some(&self.section)),
            "title" => text(Some(&self.title)),
            "outline" => data(&self.outline),
            _ => return None,
        })
    }
}

/// What of `basics` tells how a person can be reached or what they look like.
const CONTACTS: [&str; 6] = ["email", "phone", "image", "url", "profiles", "birth"];

/// A CV as a model needs it.
fn cv(cv: &Value) -> String {
    match cv {
        Value::Object(cv) => data(&without_contacts(cv)),
        other => part(Some(other)),
    }
}

/// Only `basics` is copied: a CV is long.
fn without_contacts(cv: &Map<String, Value>) -> BTreeMap<&str, Cow<'_, Value>> {
    let mut shown: BTreeMap<_, _> =
        cv.iter().map(|(section, value)| (section.as_str(), Cow::Borrowed(value))).collect();
    if let Some(basics) = shown.get_mut("basics").map(Cow::to_mut).and_then(Value::as_object_mut) {
        basics.retain(|field, _| !CONTACTS.contains(&field.as_str()));
        if let Some(place) = basics.get_mut("location").and_then(Value::as_object_mut) {
            place.retain(|field, _| !["address", "postalCode"].contains(&field.as_str()));
        }
    }
    shown
}

/// A text as it is, cut at the bound; `none` for nothing.
fn text(text: Option<&str>) -> String {
    match text.filter(|text| !text.trim().is_empty()) {
        Some(text) => material(clip(text, MAX_PLACE_CHARS)),
        None => none(),
    }
}

fn language(name: &str) -> String {
    material(clip(name, MAX_LANGUAGE_CHARS))
}

/// A part of a document: a text as it is, anything else as JSON.
fn part(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => none(),
        Some(Value::String(value)) => text(Some(value)),
        Some(other) => data(other),
    }
}

/// As JSON, cut at the bound.
fn data(value: &impl Serialize) -> String {
    // What has no form in JSON (nothing here is such) fills nothing.
    let json = serde_json::to_string(value).unwrap_or_default();
    material(clip(&json, MAX_PLACE_CHARS))
}
