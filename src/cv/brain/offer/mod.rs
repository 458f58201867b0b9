//! A job offer out of a page, a file or a pasted text (cv R15).
//!
//! What the page says about itself (schema.org `JobPosting`) comes first, the text fills the rest; what neither says is
//! null. Lists of offers, error pages and texts about something else are refused with a sentence.

mod asked_skills;
mod asks;
mod money;
mod naming;
mod parts;
mod place;
mod posting;
mod refuse;
mod work;

pub use asks::{code as language_code, name_of as language_name};
pub(super) use place::{is_place as is_place_name, place_of};

use super::text::pattern::patterns;
use super::text::{self, Lang, Line, fold, lines, shorten, squeeze};
use super::types::{JobOffer, NotAnOffer, OfferDraft, OfferSource};
use parts::{Part, Said};
use posting::Posting;
use std::collections::BTreeMap;

/// Tasks or benefits of one offer, and characters of each.
const MAX_ITEMS: usize = 15;
const ITEM_CHARS: usize = 320;
/// Characters that a posting's description must have to be the advertisement itself.
const DESCRIPTION_CHARS: usize = 250;

/// Characters of a line of facts beside the title, and of one fact.
const MAX_FACTS_CHARS: usize = 200;
const MAX_FACT_CHARS: usize = 90;

patterns! {
    // Sentences about what the person does; others under the same heading praise the company.
    DOES = r"\b(you|your|you'll|vous|votre|vos|tu|ton|tes|responsib\w*|responsable|responsab\w*|serez|mission|missions|du|dein|deine|budes|principal|tareas|the (role|position)|le poste|la personne|candidat\w*)\b";
    // An entry under the tasks that is none.
    BROUGHT = r"^(you )?(have |has |a deja |studium|erfahrung|knowledge of|exposure to|experience (in|with|of)|\d+\+? (years|ans)|bac ?\+|degree|diplom|bachelor|master'?s|wyksztalcen|znajomos|connaissances? (de|en|des|du)|maitrise (de|d'|des|du)|vous (avez|etes)|comprend que|understand that)";
    // What a person brings, where a list has no heading.
    BRINGS = r"experience|experien|erfahrung|doswiadczen|znajomos|wyksztalcen|studium|ausbildung|degree|diplom|knowledge|connaissance|maitrise|kenntnis|bac ?\+|umowa|pakiet|wynagrodz|prace w|benefit";
    // What follows an advertisement on a page of a job board.
    END = concat!(
        r"^(similar jobs|jobs you might like|d'autres offres|ces offres peuvent|people also viewed|search for more jobs|show more\s+show less|referrals increase|see more jobs|",
        r"kontaktni udaje|offres similaires|autres offres|related jobs|more jobs (at|from|like)|voir toutes les offres|recommended jobs|ofertas similares|podobne|cette offre vous tente|",
        r"questions et reponses sur l'offre|help us maintain|ahnliche (jobs|stellen)|get notified|set alert|create job alert|decouvrez d'autres|ces annonces|you may also like)"
    );
    MAYBE_END = r"^(share this job|report this job|apply for this|apply now$|postuler$|odpovedet|jetzt bewerben|easy apply$|envoyer ma candidature|poslat na e-?mail)";
}

/// Reads an offer. Deterministic; linear in the text, of which at most [`text::MAX_CHARS`] are read.
///
/// # Errors
/// [`NotAnOffer`] with a sentence for the person who gave it.
pub fn extract_offer(source: &OfferSource) -> Result<OfferDraft, NotAnOffer> {
    let (mut front, body) = front_matter(text::clip(&source.text, text::MAX_CHARS));
    // Who read the text may have taken its front matter off already. A page's `<meta>` is no front matter.
    if source.title.is_none() && source.job_posting.is_none() {
        for (key, value) in &source.meta {
            front.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    let page = lines(&body);
    let posting = source.job_posting.as_ref().and_then(Posting::read).unwrap_or_default();
    let has_posting = posting.title.is_some() && (posting.company.is_some() || posting.text.len() > DESCRIPTION_CHARS);
    let first = naming::read(source, &front, &page, &[], &posting);
    let (chips, ad) = advertisement(&page, first.title.as_deref(), &posting);
    let said = parts::split(ad);
    let naming = naming::read(source, &front, &page, &said, &posting);
    if let Some(refused) = refuse::reason(source, &page, &said, has_posting, naming.title.is_some()) {
        return Err(refused);
    }
    let title = naming.title.clone().unwrap_or_default();
    let language = language(source, &title, &said);
    let (city, country) = place::find(naming.place.as_deref(), &posting, &said, &chips);
    let folded: Vec<String> = chips.iter().map(|chip| fold(chip)).collect();
    let money = || {
        let own = said.iter().filter(|said| said.part != Part::Company).map(|said| said.line.folded.as_str());
        folded.iter().map(String::as_str).chain(own)
    };
    let offer = JobOffer {
        contract: work::contract(&title, &posting, &said, &folded),
        experience: work::experience(&title, &posting, &said, &folded),
        location: super::types::JobLocation { city, country, remote: work::remote(&title, &posting, &said, &folded) },
        salary: match &posting.salary {
            Some(posted) => money::posted(posted),
            None => {
                let lines: Vec<&str> = money().collect();
                money::from_lines(lines.into_iter())
            }
        },
        skills: asked_skills::read(&title, &posting, &said, language),
        education: asks::education(&posting, &said, &folded, language),
        languages: asks::languages(&said, language),
        responsibilities: items(&posting.responsibilities, &said, Part::Tasks),
        benefits: items(&posting.benefits, &said, Part::Benefits),
        title: naming.title,
        company: naming.company,
    };
    Ok(OfferDraft { offer, language: language.map(|lang| lang.code().to_owned()) })
}

/// The `key: value` lines between `---` at the top of a Markdown file, and the rest.
fn front_matter(text: &str) -> (BTreeMap<String, String>, String) {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r']);
    let mut front = BTreeMap::new();
    let Some(rest) = text.strip_prefix("---") else { return (front, text.to_owned()) };
    let Some(end) = rest.find("\n---").filter(|end| *end < 8_000) else {
        return (front, inline_front_matter(text));
    };
    let (head, body) = (rest.get(..end).unwrap_or(""), rest.get(end + 4..).unwrap_or(""));
    let mut key = String::new();
    for line in head.lines() {
        match line.split_once(':') {
            Some((name, value))
                if !line.starts_with([' ', '-'])
                    && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') =>
            {
                key = name.trim().to_lowercase();
                let value = squeeze(value.trim().trim_matches(['\'', '"', '>', '|', '-']));
                if !value.is_empty() && value != "true" && value != "false" {
                    front.insert(key.clone(), value);
                }
            }
            _ if line.starts_with("  ") && !key.is_empty() => {
                let entry: &mut String = front.entry(key.clone()).or_default();
                *entry = squeeze(&format!("{entry} {}", line.trim().trim_start_matches("- ")));
            }
            _ => {}
        }
    }
    // What the file says about itself belongs to the text too.
    let body = match front.get("description") {
        Some(description) => format!("{description}\n{body}"),
        None => body.to_owned(),
    };
    (front, body)
}

/// A page whose front matter lost its line breaks: `--- title: "Product Manager" description: "…" ---`.
fn inline_front_matter(text: &str) -> String {
    let Some(line) = text.lines().next().filter(|line| line.starts_with("--- ") && line.contains(':')) else {
        return text.to_owned();
    };
    let title = line.find("title:").and_then(|at| line.get(at + 6..)).map(|rest| {
        let rest = rest.trim_start();
        match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or("").to_owned(),
            None => rest.split("  ").next().unwrap_or("").to_owned(),
        }
    });
    let body = text.get(line.len()..).unwrap_or("");
    format!("# {}\n{line}\n{body}", title.unwrap_or_default())
}

/// The lines of the advertisement, and the short facts beside its title (folded elsewhere).
fn advertisement(page: &[Line], title: Option<&str>, posting: &Posting) -> (Vec<String>, Vec<Line>) {
    let wanted = title.map(fold);
    let starts: Vec<usize> =
        page.iter().enumerate().filter(|(_, line)| Some(&line.folded) == wanted.as_ref()).map(|(at, _)| at).collect();
    let described = posting.text.len() > DESCRIPTION_CHARS;
    let start = match starts.first() {
        Some(at) => *at,
        None if described => page.len(),
        None => 0,
    };
    let mut chips = Vec::new();
    for at in starts.iter().take(4) {
        // "Nantes — CDI, temps plein — 42 à 52 k€" are three.
        let near = page.iter().skip(at + 1).take(9).filter(|line| line.text.chars().count() <= MAX_FACTS_CHARS);
        let facts = near.flat_map(|line| line.text.split(['—', '·', '|'])).map(str::trim);
        let new = facts.filter(|fact| fact.chars().count() <= MAX_FACT_CHARS && !chips.iter().any(|chip| chip == fact));
        let new: Vec<String> = new.map(str::to_owned).collect();
        chips.extend(new);
        if let Some(before) = at.checked_sub(1).and_then(|before| page.get(before)).filter(|line| line.text.len() <= 70)
        {
            chips.push(before.text.clone());
        }
    }
    let mut body = Vec::new();
    if described {
        body = lines(&posting.text);
    } else {
        let (mut chars, mut begun) = (0, false);
        for line in page.iter().skip(start) {
            let (end, maybe) = (END.is_in(&line.folded), MAYBE_END.is_in(&line.folded) && line.text.len() < 60);
            // Above the advertisement the same buttons stand as below it.
            if chars >= 250 && end || maybe && (begun && chars >= 600 || chars >= 2_500) {
                break;
            }
            begun |= matches!(parts::heading(line), Some(Part::Tasks | Part::Required | Part::Benefits));
            chars += line.text.len();
            body.push(line.clone());
        }
        // The facts that a board prints below the advertisement.
        let below = page.iter().skip(start + body.len()).take(40);
        let facts: Vec<&Line> = below.collect();
        for pair in facts.windows(2) {
            if let [label, value] = pair
                && ["seniority level", "employment type", "niveau d'experience"].contains(&label.folded.trim())
                && value.text.len() < 60
            {
                chips.push(value.text.clone());
            }
        }
    }
    (chips, body)
}

fn language(source: &OfferSource, title: &str, said: &[Said]) -> Option<Lang> {
    let mut text = String::from(title);
    for said in said.iter().filter(|said| said.part != Part::Process) {
        text.push('\n');
        text.push_str(&said.line.text);
        if text.len() > 12_000 {
            break;
        }
    }
    Lang::of(&text).or_else(|| Lang::parse(source.lang.as_deref()?))
}

fn items(posted: &[String], said: &[Said], part: Part) -> Vec<String> {
    let mut found: Vec<String> =
        posted.iter().filter(|item| item.len() > 3).map(|item| shorten(item, ITEM_CHARS)).collect();
    if found.is_empty() {
        let lines =
            || said.iter().filter(|said| said.part == part && !said.is_heading && said.line.text.chars().count() > 3);
        let is_task = |said: &&Said| part != Part::Tasks || !BROUGHT.is_in(&said.line.folded);
        let bullets: Vec<&Said> = lines().filter(|said| said.line.bullet).filter(is_task).collect();
        let chosen = if bullets.len() >= 2 {
            bullets
        } else {
            lines()
                .filter(|said| part == Part::Benefits || said.line.text.len() > 25 && DOES.is_in(&said.line.folded))
                .collect()
        };
        for said in chosen {
            let item = shorten(said.line.text.trim_end_matches([';', ',']), ITEM_CHARS);
            if !found.contains(&item) {
                found.push(item);
            }
        }
    }
    // Without a heading for tasks: the entries before anything that the person must bring.
    if found.is_empty() && part == Part::Tasks {
        let intro = said.iter().filter(|said| matches!(said.part, Part::Intro | Part::Other) && said.line.bullet);
        found = intro
            .filter(|said| said.line.text.split(' ').count() >= 4 && !BRINGS.is_in(&said.line.folded))
            .map(|said| shorten(said.line.text.trim_end_matches([';', ',']), ITEM_CHARS))
            .collect();
    }
    found.truncate(MAX_ITEMS);
    found
}

/// The language of an offer's facts, for when it was not kept beside them.
pub fn language_of(offer: &JobOffer) -> Option<Lang> {
    let mut text = offer.title.clone().unwrap_or_default();
    for item in offer
        .responsibilities
        .iter()
        .chain(&offer.benefits)
        .chain(&offer.skills.required)
        .chain(&offer.skills.nice_to_have)
    {
        text.push('\n');
        text.push_str(item);
    }
    Lang::of(&text).or_else(|| {
        // A title alone: "Développeur" and "Chef" have accents or words that only French has.
        let folded = fold(&text);
        let french = [
            "developpeur",
            "ingenieur",
            "charge",
            "chef de",
            "responsable",
            "assistant administratif",
            "gestion de",
            "h/f",
            "f/h",
            "conseiller",
        ];
        french.iter().any(|word| folded.contains(word)).then_some(Lang::Fr)
    })
}

#[cfg(test)]
mod tests;
