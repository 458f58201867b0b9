//! Reading a CV out of the text of its PDF, without a model (P3).
//!
//! | module | finds |
//! |---|---|
//! | [`contacts`] | how the person can be reached; it is taken out of the text |
//! | [`headings`] | which section a heading begins |
//! | `document` | the lines of each section |
//! | [`period`] | dates and periods |
//! | `head` | name, headline, place, summary |
//! | `entries` | experiences |
//! | `schools` | education |
//! | `lists` | skills, languages, projects, certificates, awards, publications, interests |

pub mod contacts;
mod document;
mod entries;
mod head;
pub mod headings;
mod lists;
pub mod period;
mod schools;
#[cfg(test)]
mod tests;

pub use contacts::Contacts;

use super::draft::{CvDraft, DraftGroup, DraftVolunteer, DraftWork, StructureInput};
use super::offer::{is_place_name, place_of};
use super::roles;
use super::text::pattern::patterns;
use super::text::{Lang, clip, fold};
use document::Document;
use headings::Section;

/// Characters of a text that are read.
const CHARS_MAX: usize = 120_000;

patterns! {
    COMPANY = r"\b(inc|corp|corporation|llc|ltd|limited|gmbh|sarl|sas|sa|ag|plc|co|company|group|groupe|labs?|systems|technologies|technology|solutions|consulting|university|universite|ecole|institute?|college|bank|banque|studios?|agency|agence|foundation|fondation|association|ministere|ministry|mairie|hospital|hopital|chu|partners|holdings?|enterprises?|industries|ventures|media|press|publishing|cabinet|organization|society)\b\.?";
    STATE = r"^[A-ZÀ-Ý][\w'’.-]*(?: [A-ZÀ-Ý&][\w'’.-]*){0,3},? (?:A[LKZR]|C[AOT]|D[CE]|FL|GA|HI|I[DLNA]|K[SY]|LA|M[EDAINSOT]|N[EVHJMYCD]|O[HKR]|PA|RI|S[CDT]|T[NX]|UT|V[TA]|W[AVIY]|USA|U\.S\.A?|UK|[A-Z]{2})(?: \d{5})?$";
    WHERE = r"^(?:[A-ZÀ-Ý][\w'’.-]+(?:[ -][A-ZÀ-Ý&][\w'’.-]+){0,2}), (?:[A-Z]\.? ?[A-Z][\w.-]+|[A-ZÀ-Ý][\w'’.-]+(?: [A-ZÀ-Ý][\w'’.-]+){0,2})$";
    REMOTE = r"^(?:(?:full(?:y)? )?remote|teletravail(?: partiel| complet)?|a distance|hybrid|hybride|on-?site|sur site)$";
    STATES = r"^[A-ZÀ-Ý][\w'’-]+(?: [A-ZÀ-Ý][\w'’-]+){0,3}, (?:Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New \w+|North \w+|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island|South \w+|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming|Ontario|Quebec|Québec|British Columbia|Alberta)$";
}

/// Words of occupations in a text.
fn titles(text: &str) -> usize {
    let folded = fold(text);
    let more = [
        "founder",
        "cofounder",
        "co-founder",
        "fondateur",
        "cofondateur",
        "cofondatrice",
        "co-fondatrice",
        "co-fondateur",
        "fondatrice",
        "cto",
        "ceo",
        "cfo",
        "coo",
        "fellow",
        "researcher",
        "contributor",
        "volunteer",
        "member",
        "president",
        "tutor",
        "coach",
        "teacher",
        "self employed",
        "self-employed",
        "freelance",
        "freelancer",
        "independant",
        "independante",
        "auto-entrepreneur",
        "trainee",
        "apprentice",
        "apprenti",
        "apprentie",
        "participation",
        "undergraduate",
        "benevole",
        "vendeur",
        "vendeuse",
        "caissier",
        "caissiere",
        "infirmier",
        "infirmiere",
        "professeur",
        "professeure",
        "enseignant",
        "comptable",
        "secretaire",
        "attache",
        "attachee",
        "chargee",
        "technicienne",
        "directrice",
        "ingenieure",
        "redactrice",
        "commercial",
        "commerciale",
        "negociateur",
        "acheteur",
        "acheteuse",
        "juriste",
        "avocat",
        "avocate",
        "cuisinier",
        "serveur",
        "serveuse",
        "chauffeur",
        "livreur",
        "webmaster",
        "programmer",
        "programmeur",
        "tester",
        "testeur",
        "organizer",
        "secretary",
        "treasurer",
        "instructor",
        "assistant",
        "associate",
        "analyst",
        "supervisor",
        "salesperson",
        "cashier",
        "barista",
    ];
    let known = more
        .iter()
        .filter(|word| {
            folded.split(|c: char| !(c.is_alphanumeric() || c == '-')).any(|part| part == **word)
                || word.contains(' ') && folded.contains(*word)
        })
        .count();
    roles::title_words(text).max(known)
}

/// Words of employers in a text.
fn companies(text: &str) -> usize {
    COMPANY.all(&fold(text).replace("co-", "co")).len()
}

/// Whether a text is a place and nothing more.
fn is_place(text: &str) -> bool {
    let text = text.trim().trim_end_matches('.');
    if text.is_empty() || text.chars().count() > 60 || titles(text) > 0 || companies(text) > 0 {
        return false;
    }
    if let Some((one, other)) = text.split_once(" & ").or_else(|| text.split_once(" / ")) {
        return is_place(one) && is_place(other);
    }
    REMOTE.is_in(&fold(text))
        || is_place_name(text)
        || STATE.is_in(text)
        || STATES.is_in(text)
        || text.ends_with("S.Korea")
        || WHERE.is_in(text) && is_city_of(text)
}

/// `City, Country`, where one of them is known: an employer before a city is no place (`Resilio, Lausanne`).
fn is_city_of(text: &str) -> bool {
    let (first, last) = text.split_once(", ").unwrap_or((text, ""));
    let ((city, _), (other, country)) = (place_of(first), place_of(last));
    city.is_some_and(|city| fold(&city) == fold(first)) || country.is_some() && other.is_none()
}

/// The language of a CV's text, ISO 639-1.
pub fn language(text: &str) -> Option<&'static str> {
    Lang::of(text).map(Lang::code)
}

/// Finds the contacts, and gives the text without them.
pub fn without_contacts(text: &str) -> (String, Contacts) {
    contacts::take(clip(text, CHARS_MAX))
}

/// Reads a whole CV: what all parts say, with the contacts.
pub fn read(text: &str) -> CvDraft {
    let (text, contacts) = without_contacts(text);
    let language = language(&text).map(str::to_owned);
    let handle = contacts.handle();
    let part = |section: &str| {
        structure(&StructureInput {
            section: section.to_owned(),
            text: text.clone(),
            language: language.clone(),
            handle: handle.clone(),
        })
    };
    let (skills, others) = (part("skills"), part("others"));
    let mut basics = part("basics").basics;
    basics.email = contacts.email;
    basics.phone = contacts.phone;
    basics.url = contacts.url;
    basics.profiles = contacts.profiles;
    CvDraft {
        basics,
        work: part("work").work,
        education: part("education").education,
        projects: part("projects").projects,
        skills: skills.skills,
        languages: skills.languages,
        ..others
    }
}

impl Contacts {
    /// The part before the @ of the address: names are told by it.
    pub fn handle(&self) -> Option<String> {
        self.email.as_deref().and_then(|email| email.split('@').next()).map(str::to_owned)
    }
}

/// The answer of step `structure`: one part of the CV, everything else empty.
pub fn structure(input: &StructureInput) -> CvDraft {
    let document = Document::read(clip(&input.text, CHARS_MAX));
    let lang = input.language.as_deref().and_then(Lang::parse).unwrap_or(Lang::En);
    let name = if lang == Lang::Fr { "Compétences" } else { "Skills" };
    let mut draft = CvDraft::default();
    let listed = || lists::skills(&document.of(Section::Skills), name);
    match input.section.as_str() {
        "basics" => draft.basics = head::basics(&document, input.handle.as_deref()),
        "work" => draft.work = entries::entries(&document.of(Section::Work)),
        "education" => draft.education = schools::entries(&document.of(Section::Education)),
        "projects" => draft.projects = lists::projects(&document.of(Section::Projects)),
        "skills" => {
            let listed = listed();
            draft.skills = listed.groups;
            if draft.skills.is_empty() {
                draft.skills = lists::named(&input.text, lang, name);
            }
            draft.languages = lists::languages(&document.of(Section::Languages));
            draft.languages.extend(listed.languages);
        }
        "others" => {
            draft.volunteer = entries::entries(&document.of(Section::Volunteer)).into_iter().map(volunteer).collect();
            draft.certificates = lists::certificates(&document.of(Section::Certificates));
            draft.awards = lists::awards(&document.of(Section::Awards));
            draft.publications = lists::publications(&document.of(Section::Publications));
            let interests: Vec<DraftGroup> = lists::interests(&document.of(Section::Interests), &listed().interests);
            draft.interests = interests;
        }
        _ => {}
    }
    draft
}

fn volunteer(work: DraftWork) -> DraftVolunteer {
    DraftVolunteer {
        organization: work.name,
        position: work.position,
        start_date: work.start_date,
        end_date: work.end_date,
        summary: work.summary,
        highlights: work.highlights,
    }
}
