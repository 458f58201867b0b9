//! A CV as a model or a rule writes it from nothing: closed and strict, so that it has an exact JSON Schema. As JSON it is
//! a JSON Resume without empty fields.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

macro_rules! drafts {
    ($($(#[$doc:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* pub $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(default, rename_all = "camelCase")]
        pub struct $name { $($(#[$fmeta])* pub $field: $type,)* }
    )*};
}

drafts! {
    /// A CV, or a part of one.
    pub struct CvDraft {
        /// Who.
        pub basics: DraftBasics,
        /// Experiences, the newest first.
        pub work: Vec<DraftWork>,
        /// Voluntary and community work.
        pub volunteer: Vec<DraftVolunteer>,
        /// Schools and degrees.
        pub education: Vec<DraftEducation>,
        /// Groups of skills.
        pub skills: Vec<DraftGroup>,
        /// Human languages.
        pub languages: Vec<DraftLanguage>,
        /// Projects.
        pub projects: Vec<DraftProject>,
        /// Certificates.
        pub certificates: Vec<DraftCertificate>,
        /// Awards.
        pub awards: Vec<DraftAward>,
        /// Publications.
        pub publications: Vec<DraftPublication>,
        /// Interests.
        pub interests: Vec<DraftGroup>,
    }

    /// Who a CV is of.
    pub struct DraftBasics {
        /// First and last name.
        pub name: Option<String>,
        /// The headline.
        pub label: Option<String>,
        /// The e-mail address.
        pub email: Option<String>,
        /// The telephone number.
        pub phone: Option<String>,
        /// A page of their own.
        pub url: Option<String>,
        /// The summary.
        pub summary: Option<String>,
        /// Where they live.
        pub location: DraftPlace,
        /// Pages of theirs elsewhere.
        pub profiles: Vec<DraftProfile>,
    }

    /// Where somebody lives.
    pub struct DraftPlace {
        /// Street and number.
        pub address: Option<String>,
        /// Postal code.
        pub postal_code: Option<String>,
        /// City.
        pub city: Option<String>,
        /// State or region.
        pub region: Option<String>,
        /// ISO 3166-1 alpha-2.
        pub country_code: Option<String>,
    }

    /// A page of somebody elsewhere.
    pub struct DraftProfile {
        /// `GitHub`, `LinkedIn`, …
        pub network: Option<String>,
        /// Their name there.
        pub username: Option<String>,
        /// Its address.
        pub url: Option<String>,
    }

    /// An experience.
    pub struct DraftWork {
        /// The employer.
        pub name: Option<String>,
        /// The title.
        pub position: Option<String>,
        /// Where.
        pub location: Option<String>,
        /// `2021`, `2021-03`.
        pub start_date: Option<String>,
        /// The same; null: until now.
        pub end_date: Option<String>,
        /// What it was about.
        pub summary: Option<String>,
        /// Achievements.
        pub highlights: Vec<String>,
    }

    /// Voluntary work.
    pub struct DraftVolunteer {
        /// For whom.
        pub organization: Option<String>,
        /// As what.
        pub position: Option<String>,
        /// As for an experience.
        pub start_date: Option<String>,
        /// As for an experience.
        pub end_date: Option<String>,
        /// What it was about.
        pub summary: Option<String>,
        /// Achievements.
        pub highlights: Vec<String>,
    }

    /// A school or degree.
    pub struct DraftEducation {
        /// The school.
        pub institution: Option<String>,
        /// In what.
        pub area: Option<String>,
        /// Bachelor, Master, …
        pub study_type: Option<String>,
        /// As for an experience.
        pub start_date: Option<String>,
        /// As for an experience.
        pub end_date: Option<String>,
        /// The mark.
        pub score: Option<String>,
        /// Courses.
        pub courses: Vec<String>,
        /// Anything else about it.
        pub summary: Option<String>,
    }

    /// A group of skills, or an interest.
    pub struct DraftGroup {
        /// Its name.
        pub name: Option<String>,
        /// What belongs to it.
        pub keywords: Vec<String>,
    }

    /// A human language.
    pub struct DraftLanguage {
        /// Which.
        pub language: Option<String>,
        /// How well.
        pub fluency: Option<String>,
    }

    /// A project.
    pub struct DraftProject {
        /// Its name.
        pub name: Option<String>,
        /// What it is.
        pub description: Option<String>,
        /// As for an experience.
        pub start_date: Option<String>,
        /// As for an experience.
        pub end_date: Option<String>,
        /// Achievements.
        pub highlights: Vec<String>,
        /// Its address.
        pub url: Option<String>,
    }

    /// A certificate.
    pub struct DraftCertificate {
        /// Its name.
        pub name: Option<String>,
        /// When.
        pub date: Option<String>,
        /// From whom.
        pub issuer: Option<String>,
    }

    /// An award.
    pub struct DraftAward {
        /// What for.
        pub title: Option<String>,
        /// When.
        pub date: Option<String>,
        /// From whom.
        pub awarder: Option<String>,
    }

    /// A publication.
    pub struct DraftPublication {
        /// Its title.
        pub name: Option<String>,
        /// Where it appeared.
        pub publisher: Option<String>,
        /// When.
        pub release_date: Option<String>,
    }
}

impl CvDraft {
    /// As a JSON Resume: what is empty is not there.
    pub fn to_resume(&self) -> Value {
        let whole = serde_json::to_value(self).unwrap_or_default();
        without_empty(whole).unwrap_or_else(|| Value::Object(Map::new()))
    }

    /// Whether nothing of a CV is in it but how to reach somebody.
    pub fn says_nothing(&self) -> bool {
        self.work.is_empty()
            && self.education.is_empty()
            && self.skills.is_empty()
            && self.projects.is_empty()
            && self.volunteer.is_empty()
    }
}

/// A value without nulls, empty texts, empty lists and empty objects; `None`: nothing is left.
pub fn without_empty(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) => (!text.trim().is_empty()).then_some(Value::String(text)),
        Value::Array(items) => {
            let items: Vec<Value> = items.into_iter().filter_map(without_empty).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(map) => {
            let map: Map<String, Value> =
                map.into_iter().filter_map(|(key, value)| Some((key, without_empty(value)?))).collect();
            (!map.is_empty()).then_some(Value::Object(map))
        }
        other => Some(other),
    }
}

/// The sections that an import and a CV from a job's title are made in, each by a step of its own.
pub const PARTS: [&str; 6] = ["basics", "work", "education", "skills", "projects", "others"];

/// The input of step `structure`: find one part of a CV in its text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StructureInput {
    /// One of [`PARTS`]: `skills` has the languages too, `others` certificates, awards, publications, interests and
    /// voluntary work.
    pub section: String,
    /// The text of the CV. How its person can be reached was taken out before.
    pub text: String,
    /// Its language, ISO 639-1, where it could be told.
    pub language: Option<String>,
    /// The part before the @ of their address: the rules tell a name by it. No prompt has a place for it.
    pub handle: Option<String>,
}

/// The input of step `translate`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TranslateInput {
    /// The section that the texts are of.
    pub section: String,
    /// The language that they are in, ISO 639-1, where it is known.
    pub from: Option<String>,
    /// The language that they are to be in.
    pub language: String,
    /// The texts.
    pub texts: Vec<TextOf>,
}

/// A text with the name of its field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextOf {
    /// `position`, `summary`, …
    pub field: String,
    /// The text.
    pub text: String,
}

/// The answer of step `translate`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Translation {
    /// The texts in the other language: as many, in the same order.
    pub texts: Vec<String>,
}

/// The input of step `outline`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OutlineInput {
    /// The job's title.
    pub title: String,
    /// The language of the CV, ISO 639-1.
    pub language: String,
}

/// The answer of step `outline`: what the CV of somebody with such a job is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Outline {
    /// The headline.
    pub label: String,
    /// Skills that such a job asks for, the most important first.
    pub skills: Vec<String>,
    /// What somebody does in such a job, a sentence each.
    pub duties: Vec<String>,
    /// The degree that is usual for it; null: none in particular.
    pub degree: Option<String>,
}

/// The input of step `section`: write one part of a CV after its outline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SectionInput {
    /// One of `basics`, `work`, `education`, `skills`.
    pub section: String,
    /// The job's title.
    pub title: String,
    /// The language of the CV.
    pub language: String,
    /// The outline.
    pub outline: Outline,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_draft_is_a_json_resume_without_empty_fields() {
        let mut draft = CvDraft::default();
        assert_eq!((draft.to_resume(), draft.says_nothing()), (json!({}), true));
        draft.basics.name = Some("Ana".to_owned());
        draft.work.push(DraftWork { start_date: Some("2020".to_owned()), ..DraftWork::default() });
        assert_eq!(draft.to_resume(), json!({"basics": {"name": "Ana"}, "work": [{"startDate": "2020"}]}));
    }
}
