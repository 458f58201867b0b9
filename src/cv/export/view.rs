//! What a PDF shows of a CV: the same for every design.

use super::choice::{self, Choices};
use crate::cv::brain::text::Lang;
use estafette_protocol::cv::status::ExportDesign;
use serde::Serialize;
use serde_json::Value;

/// What a PDF shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct View {
    /// `classic`, `modern`, …
    pub design: &'static str,
    /// ISO 639-1, for the words that break and for readers of the screen.
    pub lang: String,
    /// Of the document's properties.
    pub title: String,
    /// Who.
    pub name: String,
    /// The headline.
    pub label: String,
    /// Ways to reach them.
    pub contacts: Vec<Link>,
    /// The summary with its heading.
    pub summary: Option<Prose>,
    /// The sections in their order.
    pub sections: Vec<Section>,
}

/// A text that may lead somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Link {
    /// What is read.
    pub text: String,
    /// Where it leads.
    pub url: Option<String>,
}

/// A text below a heading.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Prose {
    /// The heading.
    pub title: String,
    /// The text, a paragraph each.
    pub paragraphs: Vec<String>,
}

/// A section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Section {
    /// `work`, …
    pub key: String,
    /// Its heading.
    pub title: String,
    /// Whether the design may set it beside the career.
    pub aside: bool,
    /// Its entries.
    pub entries: Vec<Entry>,
}

/// An entry of a section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What it is called; empty for a line alone.
    pub title: String,
    /// Beside it: an employer, a school.
    pub at: String,
    /// Where.
    pub place: String,
    /// When.
    pub date: String,
    /// In prose, a paragraph each.
    pub paragraphs: Vec<String>,
    /// Items.
    pub items: Vec<String>,
    /// A page about it.
    pub url: Option<String>,
}

/// Months as dates are written, in English and French.
const MONTHS: [(&str, &str); 12] = [
    ("Jan", "janv."),
    ("Feb", "févr."),
    ("Mar", "mars"),
    ("Apr", "avr."),
    ("May", "mai"),
    ("Jun", "juin"),
    ("Jul", "juil."),
    ("Aug", "août"),
    ("Sep", "sept."),
    ("Oct", "oct."),
    ("Nov", "nov."),
    ("Dec", "déc."),
];

/// Headings in English and French. Other languages have the English ones: the CV's own words stay its own.
const HEADINGS: &[(&str, &str, &str, bool)] = &[
    ("work", "Experience", "Expérience", false),
    ("projects", "Projects", "Projets", false),
    ("education", "Education", "Formation", false),
    ("skills", "Skills", "Compétences", true),
    ("languages", "Languages", "Langues", true),
    ("certificates", "Certificates", "Certifications", true),
    ("volunteer", "Volunteering", "Bénévolat", false),
    ("awards", "Awards", "Distinctions", false),
    ("publications", "Publications", "Publications", false),
    ("interests", "Interests", "Centres d'intérêt", true),
    ("references", "References", "Références", false),
];

fn text<'a>(value: &'a Value, fields: &[&str]) -> &'a str {
    fields.iter().find_map(|field| value.get(*field).and_then(Value::as_str)).map_or("", str::trim)
}

fn texts(value: &Value, field: &str) -> Vec<String> {
    let items = value.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    items.map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

fn paragraphs(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn joined(parts: &[&str], between: &str) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(between)
}

/// A date for people: `2021-03-14` is a month; what is no such date stays as it is.
fn date(written: &str, french: bool) -> String {
    let mut parts = written.split('-');
    let (year, month) = (parts.next().unwrap_or(""), parts.next().and_then(|month| month.parse::<usize>().ok()));
    let is_year = year.len() == 4 && year.chars().all(|c| c.is_ascii_digit());
    match month.and_then(|month| MONTHS.get(month.wrapping_sub(1))) {
        Some((en, fr)) if is_year => format!("{} {year}", if french { fr } else { en }),
        _ => written.to_owned(),
    }
}

fn period(item: &Value, french: bool) -> String {
    let (start, end) = (text(item, &["startDate"]), text(item, &["endDate"]));
    let now = if french { "aujourd'hui" } else { "present" };
    match (start.is_empty(), end.is_empty()) {
        (true, true) => date(text(item, &["date", "releaseDate"]), french),
        (true, false) => date(end, french),
        (false, true) => format!("{} – {now}", date(start, french)),
        (false, false) if start == end => date(start, french),
        (false, false) => format!("{} – {}", date(start, french), date(end, french)),
    }
}

fn address(url: &str) -> Option<String> {
    let url = url.trim();
    (url.starts_with("https://") || url.starts_with("http://") || url.starts_with("mailto:")).then(|| url.to_owned())
}

fn bare(url: &str) -> String {
    url.trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_start_matches("www.")
        .trim_end_matches('/')
        .to_owned()
}

fn contacts(basics: &Value) -> Vec<Link> {
    let mut found = Vec::new();
    let mut push = |text: String, url: Option<String>| {
        if !text.is_empty() {
            found.push(Link { text, url });
        }
    };
    let email = text(basics, &["email"]);
    push(email.to_owned(), (!email.is_empty()).then(|| format!("mailto:{email}")));
    push(text(basics, &["phone"]).to_owned(), None);
    if let Some(place) = basics.get("location") {
        let line = joined(
            &[
                text(place, &["address"]),
                &joined(&[text(place, &["postalCode"]), text(place, &["city"])], " "),
                text(place, &["region"]),
            ],
            ", ",
        );
        push(line, None);
    }
    let url = text(basics, &["url", "website"]);
    push(bare(url), address(url));
    for profile in basics.get("profiles").and_then(Value::as_array).into_iter().flatten() {
        let url = text(profile, &["url"]);
        let shown = if url.is_empty() {
            joined(&[text(profile, &["network"]), text(profile, &["username"])], ": ")
        } else {
            bare(url)
        };
        push(shown, address(url));
    }
    found
}

fn entry(section: &str, item: &Value, french: bool) -> Entry {
    let of = |fields: &[&str]| text(item, fields).to_owned();
    let mut entry = Entry { date: period(item, french), url: address(text(item, &["url"])), ..Entry::default() };
    match section {
        "work" => {
            (entry.title, entry.at, entry.place) = (of(&["position"]), of(&["name", "company"]), of(&["location"]));
            entry.paragraphs = paragraphs(text(item, &["summary", "description"]));
            entry.items = texts(item, "highlights");
        }
        "volunteer" => {
            (entry.title, entry.at) = (of(&["position"]), of(&["organization"]));
            entry.paragraphs = paragraphs(text(item, &["summary"]));
            entry.items = texts(item, "highlights");
        }
        "education" => {
            entry.title = joined(&[text(item, &["studyType"]), text(item, &["area"])], ", ");
            entry.at = of(&["institution"]);
            entry.paragraphs = paragraphs(text(item, &["summary"]));
            let score = text(item, &["score"]);
            if !score.is_empty() {
                entry.paragraphs.push(format!("{} {score}", if french { "Mention ou note :" } else { "Grade:" }));
            }
            let courses = texts(item, "courses");
            if !courses.is_empty() {
                entry.paragraphs.push(format!(
                    "{} {}",
                    if french { "Cours :" } else { "Courses:" },
                    courses.join(", ")
                ));
            }
        }
        "projects" => {
            entry.title = of(&["name"]);
            entry.at = of(&["entity"]);
            entry.paragraphs = paragraphs(text(item, &["description", "summary"]));
            entry.items = texts(item, "highlights");
            let keywords = texts(item, "keywords");
            if !keywords.is_empty() {
                entry.paragraphs.push(keywords.join(", "));
            }
        }
        "skills" | "interests" => {
            let keywords = texts(item, "keywords").join(", ");
            let (name, level) = (text(item, &["name"]), text(item, &["level"]));
            let name = if level.is_empty() { name.to_owned() } else { format!("{name} ({level})") };
            let colon = if french { " : " } else { ": " };
            entry.paragraphs = vec![joined(&[&name, &keywords], colon)];
        }
        "languages" => {
            let (language, fluency) = (text(item, &["language"]), text(item, &["fluency"]));
            entry.paragraphs = vec![joined(&[language, fluency], if french { " : " } else { ": " })];
        }
        "certificates" => (entry.title, entry.at) = (of(&["name"]), of(&["issuer"])),
        "awards" => {
            (entry.title, entry.at) = (of(&["title"]), of(&["awarder"]));
            entry.paragraphs = paragraphs(text(item, &["summary"]));
        }
        "publications" => {
            (entry.title, entry.at) = (of(&["name"]), of(&["publisher"]));
            entry.paragraphs = paragraphs(text(item, &["summary"]));
        }
        _ => {
            entry.title = of(&["name"]);
            entry.paragraphs = paragraphs(text(item, &["reference"]));
        }
    }
    if entry.title.is_empty() {
        entry.title = std::mem::take(&mut entry.at);
    }
    entry.paragraphs.retain(|paragraph| !paragraph.is_empty());
    entry
}

/// What a PDF of a CV shows. `content` is what was chosen already; `choices` names the headings.
pub fn of(content: &Value, choices: &Choices, language: Option<&str>, design: ExportDesign) -> View {
    let lang = language.filter(|lang| lang.len() == 2 && lang.chars().all(|c| c.is_ascii_lowercase())).unwrap_or("en");
    let french = Lang::parse(lang) == Some(Lang::Fr);
    let empty = Value::Null;
    let basics = content.get("basics").unwrap_or(&empty);
    let name = text(basics, &["name"]).to_owned();
    let label = text(basics, &["label"]).to_owned();
    let mut sections = Vec::new();
    for (key, en, fr, aside) in HEADINGS {
        let items = content.get(*key).and_then(Value::as_array).into_iter().flatten();
        let entries: Vec<Entry> = items
            .map(|item| entry(key, item, french))
            .filter(|entry| !entry.title.is_empty() || !entry.paragraphs.is_empty() || !entry.items.is_empty())
            .collect();
        if !entries.is_empty() {
            let title = choice::title(choices, key).unwrap_or(if french { fr } else { en }).to_owned();
            sections.push(Section { key: (*key).to_owned(), title, aside: *aside, entries });
        }
    }
    let summary = paragraphs(text(basics, &["summary"]));
    let title = choice::title(choices, "basics").unwrap_or(if french { "Profil" } else { "Profile" }).to_owned();
    View {
        design: design.as_str(),
        lang: lang.to_owned(),
        title: joined(&[&name, &label], " – "),
        name,
        label,
        contacts: contacts(basics),
        summary: (!summary.is_empty()).then_some(Prose { title, paragraphs: summary }),
        sections,
    }
}
