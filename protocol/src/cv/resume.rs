//! A CV's content: a JSON Resume document (jsonresume.org, schema 1.0.0). On the wire it is an open value: keys that the
//! schema does not know are kept, and only the server's rules say what is refused. [`JsonResume`] names what programs
//! may expect to find.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

/// Keys that the schema does not know, kept as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OtherKeys(pub Map<String, Value>);

impl TS for OtherKeys {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;
    fn name(_: &ts_rs::Config) -> String {
        "{ [key: string]: unknown }".to_owned()
    }
    fn inline(config: &ts_rs::Config) -> String {
        Self::name(config)
    }
    fn inline_flattened(config: &ts_rs::Config) -> String {
        Self::name(config)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for OtherKeys {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OtherKeys".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "object", "additionalProperties": true})
    }
}

macro_rules! open_objects {
    ($($(#[$doc:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
        #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $(
                $(#[$fmeta])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                #[ts(optional = nullable)]
                pub $field: Option<$type>,
            )*
            /// Keys that the schema does not know.
            #[serde(flatten)]
            pub other: OtherKeys,
        }
    )*};
}

open_objects! {
    /// A CV as JSON Resume. Every key is optional and further keys may stand anywhere.
    pub struct JsonResume {
        /// Who.
        basics: ResumeBasics,
        /// Experiences, the newest first.
        work: Vec<ResumeWork>,
        /// Voluntary work.
        volunteer: Vec<ResumeVolunteer>,
        /// Schools and degrees.
        education: Vec<ResumeEducation>,
        /// Awards.
        awards: Vec<ResumeAward>,
        /// Certificates.
        certificates: Vec<ResumeCertificate>,
        /// Publications.
        publications: Vec<ResumePublication>,
        /// Groups of skills.
        skills: Vec<ResumeSkill>,
        /// Languages.
        languages: Vec<ResumeLanguage>,
        /// Interests.
        interests: Vec<ResumeInterest>,
        /// References.
        references: Vec<ResumeReference>,
        /// Projects.
        projects: Vec<ResumeProject>,
        /// About the document.
        meta: OtherKeys,
    }

    /// Who the CV is of.
    pub struct ResumeBasics {
        /// First and last name.
        name: String,
        /// The headline (`Web developer`).
        label: String,
        /// URL of a photo.
        image: String,
        /// E-mail address.
        email: String,
        /// Telephone number.
        phone: String,
        /// Own site.
        url: String,
        /// A short text about the person.
        summary: String,
        /// Where they live.
        location: ResumeLocation,
        /// Accounts elsewhere.
        profiles: Vec<ResumeProfile>,
    }

    /// An address.
    pub struct ResumeLocation {
        /// Street and number.
        address: String,
        /// Postal code.
        postal_code: String,
        /// City.
        city: String,
        /// ISO 3166-1 alpha-2.
        country_code: String,
        /// State or region.
        region: String,
    }

    /// An account elsewhere.
    pub struct ResumeProfile {
        /// The network's name.
        network: String,
        /// The name there.
        username: String,
        /// The page there.
        url: String,
    }

    /// One experience.
    pub struct ResumeWork {
        /// The company.
        name: String,
        /// Where.
        location: String,
        /// What the company does.
        description: String,
        /// The job's title.
        position: String,
        /// The company's site.
        url: String,
        /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
        start_date: String,
        /// The same; missing while it lasts.
        end_date: String,
        /// The work in a few sentences.
        summary: String,
        /// Single achievements.
        highlights: Vec<String>,
    }

    /// Voluntary work.
    pub struct ResumeVolunteer {
        /// For whom.
        organization: String,
        /// As what.
        position: String,
        /// Their site.
        url: String,
        /// From.
        start_date: String,
        /// To.
        end_date: String,
        /// The work in a few sentences.
        summary: String,
        /// Single achievements.
        highlights: Vec<String>,
    }

    /// A school or degree.
    pub struct ResumeEducation {
        /// The school.
        institution: String,
        /// Its site.
        url: String,
        /// The subject.
        area: String,
        /// The degree (`Bachelor`).
        study_type: String,
        /// From.
        start_date: String,
        /// To.
        end_date: String,
        /// The mark.
        score: String,
        /// Courses.
        courses: Vec<String>,
    }

    /// An award.
    pub struct ResumeAward {
        /// Its name.
        title: String,
        /// When.
        date: String,
        /// By whom.
        awarder: String,
        /// What for.
        summary: String,
    }

    /// A certificate.
    pub struct ResumeCertificate {
        /// Its name.
        name: String,
        /// When.
        date: String,
        /// By whom.
        issuer: String,
        /// Where it can be checked.
        url: String,
    }

    /// A publication.
    pub struct ResumePublication {
        /// Its title.
        name: String,
        /// By whom.
        publisher: String,
        /// When.
        release_date: String,
        /// Where it can be read.
        url: String,
        /// What it says.
        summary: String,
    }

    /// A group of skills.
    pub struct ResumeSkill {
        /// The group (`Web development`).
        name: String,
        /// How well (`Master`).
        level: String,
        /// The single skills.
        keywords: Vec<String>,
    }

    /// A language.
    pub struct ResumeLanguage {
        /// Its name.
        language: String,
        /// How well.
        fluency: String,
    }

    /// An interest.
    pub struct ResumeInterest {
        /// Its name.
        name: String,
        /// Particulars.
        keywords: Vec<String>,
    }

    /// What somebody says.
    pub struct ResumeReference {
        /// Who.
        name: String,
        /// What.
        reference: String,
    }

    /// A project.
    pub struct ResumeProject {
        /// Its name.
        name: String,
        /// What it is.
        description: String,
        /// Single achievements.
        highlights: Vec<String>,
        /// What it is made with.
        keywords: Vec<String>,
        /// From.
        start_date: String,
        /// To.
        end_date: String,
        /// Its page.
        url: String,
        /// The person's parts in it.
        roles: Vec<String>,
        /// For whom.
        entity: String,
        /// What kind of project.
        #[serde(rename = "type")]
        kind: String,
    }
}
