//! How a person can be reached: found by rules and taken out of the text.

use crate::cv::brain::draft::DraftProfile;
use crate::cv::brain::skills;
use crate::cv::brain::text::fold;
use crate::cv::brain::text::pattern::patterns;
use serde::{Deserialize, Serialize};

/// Pages of one person that are kept.
const PROFILES_MAX: usize = 12;
/// Lines from the top in which a bare address (`example.com`) is theirs.
const TOP_LINES: usize = 12;
/// Digits of a telephone number.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 9..=15;

patterns! {
    EMAIL = r"(?i)\b[a-z0-9][a-z0-9._%+'-]*@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*\.[a-z]{2,24}\b";
    PHONE = r"(?:\(?\+|\(|\b)\d[\d\s()./–‑‐−-]{6,24}\d";
    URL = r"(?i)\b(?:https?://|www\.)[^\s|<>()•·]+[^\s|<>()•·.,;:]";
    PAGE = r"(?i)\b(?:[a-z]{2,3}\.)?(linkedin\.com|github\.com|gitlab\.com|twitter\.com|x\.com|stackoverflow\.com|behance\.net|dribbble\.com|medium\.com|kaggle\.com|facebook\.com|youtube\.com|bitbucket\.org|codepen\.io|malt\.fr|xing\.com)/[^\s|<>()•·,;]+";
    BARE = r"(?i)\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:com|org|net|io|dev|fr|me|eu|co|be|ch|ca|uk|de|info|tech|app|site|design|codes|pro|page)(?:/[^\s|<>()•·,;]*)?\b";
    NAMED = r"(?i)\b(github|linkedin|gitlab|twitter|stackoverflow|facebook|youtube|quora|medium|kaggle|mastodon|behance)(?:-square|-in|-alt)?\s?(?:[:/]+\s*@?|\s+@?)([a-z0-9][a-z0-9_.-]{2,38})";
}

/// How somebody can be reached.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contacts {
    /// The first e-mail address.
    pub email: Option<String>,
    /// The first telephone number.
    pub phone: Option<String>,
    /// A page of their own.
    pub url: Option<String>,
    /// Pages of theirs elsewhere.
    pub profiles: Vec<DraftProfile>,
}

/// Finds the contacts of a CV's text, and gives the text without e-mail addresses, numbers and pages of theirs.
pub fn take(text: &str) -> (String, Contacts) {
    let mut contacts = Contacts::default();
    let mut out = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut rest = line.to_owned();
        let top = at < TOP_LINES;
        each(&EMAIL, &mut rest, |found| {
            contacts.email.get_or_insert_with(|| found.to_lowercase());
            true
        });
        each(&PHONE, &mut rest, |found| {
            let is = is_phone(found);
            if is {
                contacts.phone.get_or_insert_with(|| found.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            is
        });
        let reached = top || rest.len() != line.len();
        each(&PAGE, &mut rest, |found| {
            add(&mut contacts, found);
            true
        });
        // An address in the body belongs to a project or an employer.
        if reached || is_list_of_links(line) {
            each(&URL, &mut rest, |found| {
                contacts.url.get_or_insert_with(|| with_scheme(found));
                true
            });
            each(&BARE, &mut rest, |found| {
                let is = found.len() > 5 && skills::lookup(found).is_none();
                if is {
                    contacts.url.get_or_insert_with(|| with_scheme(found));
                }
                is
            });
            named(&mut contacts, &rest);
        }
        // What parted the contacts of a line parts nothing any more.
        let told = rest.trim_matches(|c: char| c.is_whitespace() || "|•·,;:/-–—".contains(c));
        let kept = if rest.len() == line.len() { line } else { told };
        out.push(kept.to_owned());
    }
    (out.join("\n"), contacts)
}

/// `LinkedIn:// janesmith`.
fn is_list_of_links(line: &str) -> bool {
    line.contains(":/") && line.split_whitespace().count() <= 3
}

fn each(pattern: &crate::cv::brain::text::Pattern, text: &mut String, mut is: impl FnMut(&str) -> bool) {
    let mut found: Vec<std::ops::Range<usize>> =
        pattern.all(text).iter().filter_map(|groups| Some(groups.get(0)?.range())).collect();
    found.reverse();
    let mut taken = Vec::new();
    for range in found.iter().rev() {
        if text.get(range.clone()).is_some_and(&mut is) {
            taken.push(range.clone());
        }
    }
    for range in taken.into_iter().rev() {
        text.replace_range(range, "");
    }
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let parts: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let years =
        parts.iter().filter(|part| part.len() == 4 && (part.starts_with("19") || part.starts_with("20"))).count();
    // `2019 - 2023`, `01/2019 - 03/2021`: dates, not numbers.
    PHONE_DIGITS.contains(&digits) && years < 2 && !(text.contains('/') && years > 0)
}

fn with_scheme(address: &str) -> String {
    if address.contains("://") { address.to_owned() } else { format!("https://{address}") }
}

const NETWORKS: &[(&str, &str)] = &[
    ("linkedin", "LinkedIn"),
    ("github", "GitHub"),
    ("gitlab", "GitLab"),
    ("twitter", "Twitter"),
    ("x.com", "X"),
    ("stackoverflow", "Stack Overflow"),
    ("facebook", "Facebook"),
    ("youtube", "YouTube"),
    ("behance", "Behance"),
    ("dribbble", "Dribbble"),
    ("medium", "Medium"),
    ("kaggle", "Kaggle"),
    ("quora", "Quora"),
    ("mastodon", "Mastodon"),
    ("bitbucket", "Bitbucket"),
    ("codepen", "CodePen"),
    ("malt", "Malt"),
    ("xing", "XING"),
];

fn network(text: &str) -> Option<&'static str> {
    let folded = fold(text);
    NETWORKS.iter().find(|(stem, _)| folded.contains(stem)).map(|(_, name)| *name)
}

fn add(contacts: &mut Contacts, address: &str) {
    let address = address.trim_end_matches(['/', '.']);
    let username = address.rsplit('/').next().unwrap_or("").trim_start_matches('@').to_owned();
    let profile = DraftProfile {
        network: network(address).map(str::to_owned),
        username: (!username.is_empty()).then_some(username),
        url: Some(with_scheme(address)),
    };
    push(contacts, profile);
}

fn push(contacts: &mut Contacts, profile: DraftProfile) {
    let known = contacts.profiles.iter().any(|other| other.network == profile.network);
    if !known && contacts.profiles.len() < PROFILES_MAX {
        contacts.profiles.push(profile);
    }
}

/// `GITHUB janesmith`: the icon's name and the person's.
fn named(contacts: &mut Contacts, text: &str) {
    for groups in NAMED.all(text) {
        let (Some(site), Some(username)) = (groups.get(1), groups.get(2)) else { continue };
        if network(username.as_str()).is_some() {
            continue;
        }
        let name = network(site.as_str());
        let url = match name {
            Some("GitHub") => Some(format!("https://github.com/{}", username.as_str())),
            Some("LinkedIn") => Some(format!("https://www.linkedin.com/in/{}", username.as_str())),
            _ => None,
        };
        let username = Some(username.as_str().to_owned());
        push(contacts, DraftProfile { network: name.map(str::to_owned), username, url });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_found_and_taken_out() {
        let text = "Jane Smith\n📱 (+1) 312-555-0123 | 🖂 Jane.Smith@example.com | HOUSE www.example.com | GITHUB-SQUARE janesmith | LINKEDIN janesmith\n\nEmployé 2019 - 2023\nPatent (US-0000000)";
        let (rest, found) = take(text);
        assert_eq!(found.email.as_deref(), Some("jane.smith@example.com"));
        assert_eq!(found.phone.as_deref(), Some("(+1) 312-555-0123"));
        assert_eq!(found.url.as_deref(), Some("https://www.example.com"));
        let networks: Vec<_> = found.profiles.iter().filter_map(|profile| profile.network.as_deref()).collect();
        assert_eq!(networks, ["GitHub", "LinkedIn"]);
        assert!(!rest.contains("555") && !rest.contains('@'), "{rest}");
        assert!(rest.contains("Employé 2019 - 2023") && rest.contains("US-0000000"), "{rest}");
    }

    #[test]
    fn numbers_of_several_countries() {
        for (text, phone) in [
            ("Tél. : 06 12 34 56 78", Some("06 12 34 56 78")),
            ("+33 (0)6 12 34 56 78", Some("+33 (0)6 12 34 56 78")),
            ("973-555-0123", Some("973-555-0123")),
            ("01/2019 - 03/2021", None),
            ("2018 - 2022", None),
            ("120195 and 12", None),
        ] {
            assert_eq!(take(text).1.phone.as_deref(), phone, "{text}");
        }
    }
}
