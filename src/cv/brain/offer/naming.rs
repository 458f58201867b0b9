//! Who offers which job: the title and the company, from the page's title, its headings and its sentences.

use super::parts::{Part, Said};
use super::place;
use super::posting::Posting;
use crate::cv::brain::roles::title_words;
use crate::cv::brain::text::pattern::patterns;
use crate::cv::brain::text::{Line, fold, squeeze};
use crate::cv::brain::types::OfferSource;
use std::collections::BTreeMap;

/// Characters of a title or a company's name; longer texts are sentences.
const NAME_CHARS: usize = 110;

/// What the offer is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Naming {
    pub(super) title: Option<String>,
    pub(super) company: Option<String>,
    /// What the page's title says of the place.
    pub(super) place: Option<String>,
}

patterns! {
    SITE = concat!(
        r"^(linkedin|indeed(\.\w+)*|glassdoor|monster(\.\w+)*|welcome to the jungle|wttj|stack overflow( jobs)?|we work remotely|remote ?ok|apec(\.fr)?|hellowork|",
        r"jobs\.cz|stepstone(\.\w+)?|xing|pole emploi|france travail|lever|greenhouse|workable|smartrecruiters|teamtailor|ashby|malt|lesjeudis|regionsjob|cadremploi|",
        r"meteojob|jobteaser|talent\.io|otta|wellfound|angellist|dice|ziprecruiter|simplyhired|reed(\.co\.uk)?|totaljobs|infojobs|pracuj\.pl|justjoin\.it|no fluff jobs|",
        r"jobup\.ch|jobs\.ch|careers?|jobs?|carrieres?|emplois?|recrutement|offre d'emploi|offres d'emploi|jobboard|the muse|builtin|built in|job|startupjobs|profesia|jobgether|free-work|chooseyourboss)$"
    );
    LINKEDIN = r"(?i)^(?P<company>.+?) (?:is )?hiring (?:an? )?(?P<title>.+?)(?: in (?P<place>[^|]+?))?(?: \| .*)?$";
    AT = r"(?i)^(?:job application for |remote )?(?P<title>.+?)(?: @ | at | chez | bei )(?P<company>[^|]+?)(?: [-|–—·] .*)?$";
    LABEL = r"^(?:job (?:description|title|offer|opening)|position|poste|intitule(?: du poste)?|puesto(?: de trabajo)?|offre d'emploi|offre|title|titre|stelle|jobtitel|fiche de poste|role|stanowisko|pozice)s?\s*:\s*(.+)$";
    RECRUITS = r"^(?:The |Le |La |L['’])?(?P<company>[A-ZÉÈÀÂÎÔÇ0-9][\w'’&.+ÉÈÀÂÎÔÇéèàâîôç-]*(?: (?:de|du|des|la|le|of|the|and|et|&|[A-ZÉÈÀÂÎÔÇ0-9][\w'’&.+éèàâîôç-]*)){0,5}),? (?:est à la recherche|recherche|recrute|cherche|is (?:looking|seeking|hiring|searching|a |an |the )|seeks|is hiring|sucht|est une? |est l[ea'’]|works to|hledá|busca|poszukuje)";
    AFTER_COMMA = r",\s*(?P<company>[A-Z][\w'’&.+-]*(?: [A-Z][\w'’&.+-]*){0,3}),\s*(?:is|est)\s+(?:looking|seeking|hiring|searching|a la recherche)";
    NAMED_BY_SHORT = r"^(?:The |Le |La |L['’])?(?P<company>[A-ZÉ][\w'’&-]+(?: [\wéèàâêîôç'’&-]+){0,6}?) \([A-Z]{2,6}\)[ ,]";
    JOIN = r"\b(?:[Jj]oin|[Aa]t|[Cc]hez|[Rr]ejoindre|[Rr]ejoignez|[Rr]ejoins|[Bb]ei|[Aa]t the|[Ee]n el|[Pp]our le compte de) (?P<company>[A-ZÉ][\w'’&.+-]*(?: [A-ZÉ][\w'’&.+-]*){0,3})\b";
    SEE_WHO = r"^see who (.+?) has hired for this role|interviewing at (.+?) by|see more jobs at (.+)$|^decouvrez (.+?) sur|^(?:company|employer|entreprise|societe|spolecnost|unternehmen|firma|recruteur)\s*:\s*(.+)$";
    COMPANY_LABEL = r"^(company|employer|entreprise|societe|spolecnost|unternehmen|firma|zamestnavatel)$";
    YEARS_IN_BRACKETS = r"\s*\(\d+\+? (years|ans)[^)]*\)\s*$";
    AS_A = r"\b(?:as an?|in the role of|en tant qu[e']|als) (?:our |notre )?([^.,:;!()]{4,60}?),? (?:you('ll| will)|vous |tu |you |bist du|arbeitest)";
    TITLE_SENTENCE = concat!(
        r"(?:we(?:'re| are) (?:looking for|seeking|hiring|recruiting)|(?:is|are) (?:looking for|seeking|hiring)|looking to hire|nous (?:recherchons|recrutons|cherchons)|(?:on )?recherche|recrute|wir suchen|hledame|poszukujemy|buscamos) ",
        r"(?:pour [^,]{0,40},? )?(?:an? |the |des? |une? |notre |nos |einen? |un )?(?:enthusiastic |passionate |talented |experienced |motivated |new |nouveaux? )*([^.,:;!()]{4,70})"
    );
}

/// Under which key a file says who offers the job.
const COMPANY_KEYS: &[&str] = &[
    "company",
    "company_name",
    "organization",
    "organisation",
    "employer",
    "employeur",
    "entreprise",
    "societe",
    "société",
    "organisme",
    "startup",
    "unternehmen",
    "firma",
    "empresa",
];

/// The name as the text writes it, where a file only has a word for machines (`carnet.de.bord`, `reva`). Names that are
/// written as people write them stay.
fn as_written(company: String, page: &[Line]) -> String {
    if company.chars().any(|c| c.is_uppercase() || c.is_whitespace()) {
        return company;
    }
    let wanted = fold(&company).replace(['.', '-', '_'], " ");
    let found = page.iter().find_map(|line| {
        // As long in characters as the folded text, but for ligatures: looked at again below.
        let at = line.folded.match_indices(&wanted).map(|(at, _)| at).find(|at| {
            let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            let before = line.folded.get(..*at).unwrap_or_default().chars().next_back();
            let after = line.folded.get(at + wanted.len()..).unwrap_or_default().chars().next();
            ends(before) && ends(after)
        })?;
        let before = line.folded.get(..at)?.chars().count();
        let text: String = line.text.chars().skip(before).take(wanted.chars().count()).collect();
        (fold(&text) == wanted && text.chars().next().is_some_and(char::is_uppercase)).then_some(text)
    });
    found.unwrap_or(company)
}

/// Reads title, company and place. `front` is a Markdown file's front matter, `said` the advertisement.
pub(super) fn read(
    source: &OfferSource,
    front: &BTreeMap<String, String>,
    page: &[Line],
    said: &[Said],
    posting: &Posting,
) -> Naming {
    let mut naming = Naming { title: posting.title.clone(), company: posting.company.clone(), place: None };
    // A pasted text says its title as it is; a page's may carry the site's name.
    if source.title.is_none() && naming.title.is_none() {
        let facts = |keys: &[&str]| {
            keys.iter().find_map(|key| source.meta.get(*key)).and_then(|value| name(value.trim_matches(['\'', '"'])))
        };
        naming.title = facts(&["title", "titre", "roles", "role", "position", "poste"]);
        naming.company = naming.company.or_else(|| facts(COMPANY_KEYS)).map(|company| as_written(company, page));
    }
    let titles = [
        source.title.as_deref(),
        source.meta.get("og:title").map(String::as_str),
        source.meta.get("twitter:title").map(String::as_str),
    ];
    for title in titles.into_iter().flatten() {
        let found = from_page_title(title, page);
        naming.title = naming.title.or(found.title);
        naming.company = naming.company.or(found.company);
        naming.place = naming.place.or(found.place);
    }
    naming.title = naming
        .title
        .or_else(|| ["title", "roles", "role", "position", "titre"].iter().find_map(|key| front.get(*key)).cloned());
    naming.company = naming.company.or_else(|| {
        COMPANY_KEYS.iter().find_map(|key| front.get(*key)).map(|company| as_written(company.clone(), page))
    });
    let top = from_top(page);
    naming.title = naming.title.or(top.title).or_else(|| from_sentences(said));
    naming.company = naming.company.or(top.company).or_else(|| company_of(page, said, naming.title.as_deref()));
    naming.place = naming.place.or(top.place);
    naming.title = naming.title.map(|title| clean_title(&title)).filter(|title| !title.is_empty());
    naming.company = naming
        .company
        .map(|company| squeeze(company.trim_matches([' ', ',', '-', '|', '.', ':'])))
        .map(keep_dot)
        .filter(|company| !company.is_empty());
    naming
}

/// "s.r.o" lost its last dot with the others.
fn keep_dot(company: String) -> String {
    if ["s.r.o", "a.s", "S.A", "Inc", "Ltd", "S.p.A", "S.L"]
        .iter()
        .any(|form| company.ends_with(form) && form.contains('.'))
    {
        format!("{company}.")
    } else {
        company
    }
}

fn clean_title(title: &str) -> String {
    let title = squeeze(title.trim_matches([' ', '-', '|', ':', '*', '"', '\'', '·']));
    let folded = fold(&title);
    // "Engineer (5+ years of experience)", also where a line's end cut it.
    let bracket = YEARS_IN_BRACKETS.find(&folded).is_some() || title.contains('(') && !title.contains(')');
    let end = if bracket { title.rfind('(').unwrap_or(title.len()) } else { title.len() };
    squeeze(title.get(..end).unwrap_or(&title))
}

fn name(text: &str) -> Option<String> {
    let text = squeeze(text);
    (!text.is_empty() && text.chars().count() <= NAME_CHARS).then_some(text)
}

fn from_page_title(title: &str, page: &[Line]) -> Naming {
    let title = squeeze(title);
    if title.chars().count() > 250 {
        return Naming::default();
    }
    let group = |found: &regex::Captures<'_>, which: &str| found.name(which).and_then(|group| name(group.as_str()));
    if let Some(found) = LINKEDIN.groups(&title).filter(|_| title.contains(" hiring ")) {
        return Naming {
            title: group(&found, "title"),
            company: group(&found, "company"),
            place: group(&found, "place"),
        };
    }
    let is_site = |part: &str| SITE.is_in(&fold(part)) || part.is_empty();
    if let Some(found) = AT.groups(&title) {
        let (job, company) = (group(&found, "title"), group(&found, "company"));
        if let (Some(job), Some(company)) = (job, company)
            && title_words(&job) > 0
            && !is_site(&company)
        {
            return Naming { title: Some(job), company: cut_dash(&company), place: None };
        }
    }
    let mut parts: Vec<String> = split(&title).into_iter().filter(|part| !is_site(part)).collect();
    let mut naming = Naming::default();
    // "CDI à Paris", "Paris, France": places and contracts are no names.
    parts.retain(|part| {
        let folded = fold(part);
        let contract = ["cdi", "cdd", "stage", "alternance", "freelance", "temps plein", "full-time"]
            .iter()
            .any(|word| folded == *word || folded.starts_with(&format!("{word} ")));
        let placed =
            (contract || place::is_place(part)) && title_words(part) == 0 || contract && folded.contains(" a ");
        if placed {
            naming.place.get_or_insert_with(|| part.clone());
        }
        !placed
    });
    let on_page = |part: &str| page.iter().take(400).any(|line| line.heading && line.folded == fold(part));
    match parts.as_slice() {
        [] => {}
        [one] => {
            // "Bluelight Consulting: DevOps Engineer, Kubernetes".
            match one.split_once(": ") {
                Some((company, job))
                    if title_words(job) > title_words(company) && LABEL.groups(&fold(one)).is_none() =>
                {
                    naming.title = name(job);
                    naming.company = name(company);
                }
                _ => naming.title = label(one).filter(|title| title_words(title) > 0 || on_page(title)),
            }
        }
        [first, second, ..] => {
            let (of_first, of_second) =
                (title_words(first) + usize::from(on_page(first)), title_words(second) + usize::from(on_page(second)));
            let (job, company) =
                if of_second > of_first && title_words(second) > 0 { (second, first) } else { (first, second) };
            if title_words(job) > 0 || on_page(job) {
                naming.title = label(job);
                naming.company =
                    name(company).filter(|company| title_words(company) < 2 || company.split(' ').count() <= 3);
            }
        }
    }
    naming
}

/// "Werum IT Solutions - inCyght Data Science - Stack Overflow": only the site is cut off, which the caller did.
fn cut_dash(company: &str) -> Option<String> {
    let parts: Vec<&str> = company.split(" - ").filter(|part| !SITE.is_in(&fold(part))).collect();
    name(&parts.join(" - "))
}

fn split(title: &str) -> Vec<String> {
    let mut text = title.to_owned();
    for separator in [" | ", " – ", " — ", " · ", " • ", " :: ", " - "] {
        text = text.replace(separator, "\u{1}");
    }
    text.split('\u{1}').map(squeeze).filter(|part| !part.is_empty()).collect()
}

fn label(text: &str) -> Option<String> {
    let folded = fold(text);
    match LABEL.groups(&folded).and_then(|found| found.get(1).map(|group| group.start())) {
        // The label may hold accents: count its characters, not its bytes.
        Some(at) => {
            let chars = folded.get(..at).map_or(0, |label| label.chars().count());
            name(&text.chars().skip(chars).collect::<String>())
        }
        None => name(text),
    }
}

/// A text that was pasted or a PDF: the first lines say what it is about.
fn from_top(page: &[Line]) -> Naming {
    let mut naming = Naming::default();
    let top = || page.iter().enumerate().take(12).filter(|(_, line)| !line.bullet || line.heading);
    naming.title = top()
        .find_map(|(at, line)| {
            let whole = whole_line(page, at);
            let labelled = label(&whole).filter(|text| text.len() < whole.len());
            labelled.or_else(|| {
                (title_words(&line.text) > 0
                    && is_name(line)
                    && line.text.split(' ').count() <= 10
                    && super::parts::heading(line).is_none_or(|part| part == Part::Other))
                .then_some(whole)
            })
        })
        .filter(|title| title.chars().count() <= NAME_CHARS);
    let Some(title) = &naming.title else { return naming };
    let one = |at: &usize| page.get(*at).is_some_and(|line| line.text.contains(title.as_str()));
    let two = |at: &usize| whole_line(page, *at).contains(title.as_str());
    let at = (0..page.len()).find(one).or_else(|| (0..page.len().min(12)).find(two).map(|at| at + 1)).unwrap_or(0);
    if let Some(next) = page.get(at + 1).filter(|line| is_name(line) && !line.bullet) {
        // "Tech Solutions, San Francisco, CA, USA"; "AdaptavistToronto, Ontario, Canada" without a break between.
        let rest = next.text.split_once(", ").map_or("", |(_, rest)| rest);
        let known = super::parts::heading(next).is_some_and(|part| part != Part::Other);
        if place::is_place(&next.text) {
            naming.place = Some(next.text.clone());
        } else if !known && place::place_of(rest).0.or(place::place_of(rest).1).is_some() {
            naming.company = name(&without_place(&next.text));
            naming.place = Some(next.text.clone());
        }
    }
    naming
}

/// Words after which a title goes on.
const GOES_ON: &[&str] = &[
    "and", "or", "of", "for", "the", "with", "in", "to", "et", "ou", "de", "du", "des", "la", "le", "en", "pour",
    "und", "oder", "für", "mit", "y", "para", "con", "&", "/", "-", "–",
];

/// A line with the one after it where a page was too narrow for its title: a bracket that is still open, a last word that
/// wants another one.
fn whole_line(page: &[Line], at: usize) -> String {
    let Some(line) = page.get(at) else { return String::new() };
    let text = line.text.trim_end();
    let open = text.matches('(').count() > text.matches(')').count();
    let last = text.rsplit(' ').next().unwrap_or_default().to_lowercase();
    let goes_on = text.contains(' ') && (GOES_ON.contains(&last.as_str()) || text.ends_with([',', '/', '&']));
    let next = page.get(at + 1).filter(|next| !next.bullet && !next.text.ends_with(['.', '!', ';']));
    match next {
        Some(next)
            if (open && next.text.contains(')') || !open && goes_on)
                && text.chars().count() + next.text.chars().count() < NAME_CHARS =>
        {
            format!("{text} {}", next.text.trim_start())
        }
        _ => line.text.clone(),
    }
}

fn is_name(line: &Line) -> bool {
    line.text.chars().count() <= NAME_CHARS
        && !line.text.ends_with(['.', '!', ';'])
        && line.text.split(' ').count() <= 14
}

fn from_sentences(said: &[Said]) -> Option<String> {
    said.iter().filter(|said| !matches!(said.part, Part::Process | Part::Benefits)).take(80).find_map(|said| {
        let found = TITLE_SENTENCE.groups(&said.line.folded).or_else(|| AS_A.groups(&said.line.folded))?.get(1)?;
        let stops = [
            " to ", " who ", " with ", " for ", " pour ", " qui ", " afin ", " avec ", " in ", " mit ", " fur ",
            " dans ", " y ", " capable", " based",
        ];
        let end = stops.iter().filter_map(|stop| found.as_str().find(stop)).min().unwrap_or(found.as_str().len());
        let folded = found.as_str().get(..end)?;
        // Only as it stands in the text: the folded text has as many characters as the text, except for ligatures.
        let before = said.line.folded.get(..found.start())?.chars().count();
        let title: String = said.line.text.chars().skip(before).take(folded.chars().count()).collect();
        (title_words(&title) > 0 && fold(&title) == folded)
            .then(|| capitalised(&squeeze(&title), is_english(&said.line.folded)))
    })
}

/// A title out of a sentence begins with a capital; in English, all its words do.
fn capitalised(title: &str, all: bool) -> String {
    let one = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
    };
    if all { title.split(' ').map(one).collect::<Vec<_>>().join(" ") } else { one(title) }
}

fn is_english(folded: &str) -> bool {
    ["as a ", "as an ", "we are ", "we're ", " is ", " are ", "in the role of "]
        .iter()
        .any(|words| folded.contains(words))
}

fn company_of(page: &[Line], said: &[Said], title: Option<&str>) -> Option<String> {
    let mut lines = page.iter().map(|line| &line.text);
    if let Some(found) = lines.find_map(|line| {
        let folded = fold(line);
        let groups = SEE_WHO.groups(&folded).filter(|_| folded.len() < 120)?;
        let group = (1..groups.len()).find_map(|index| groups.get(index))?;
        let from = folded.get(..group.start())?.chars().count();
        name(&line.chars().skip(from).take(group.as_str().chars().count()).collect::<String>())
    }) {
        return Some(found);
    }
    let labelled =
        page.iter().zip(page.iter().skip(1)).find(|(line, next)| COMPANY_LABEL.is_in(&line.folded) && is_name(next));
    if let Some((_, next)) = labelled {
        return name(&next.text);
    }
    // The lines around the heading that is the job's title.
    if let Some(at) = title.and_then(|title| page.iter().position(|line| line.heading && line.folded == fold(title))) {
        let beside = [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter_map(|index| page.get(index));
        let known = |line: &&Line| {
            line.heading
                && is_name(line)
                && title_words(&line.text) == 0
                && super::parts::heading(line) == Some(Part::Other)
                && !line.folded.starts_with("posted")
                && !line.folded.contains("ago")
                && !line.folded.contains("search")
                && !place::is_place(&line.text)
                && title.is_some_and(|t| !line.text.contains(t))
        };
        if let Some(line) = beside.into_iter().find(known) {
            return name(&without_place(&line.text));
        }
    }
    let group = |found: regex::Captures<'_>| found.name("company").and_then(|group| name(group.as_str()));
    let sentences = || said.iter().filter(|said| said.line.text.len() > 30).map(|said| said.line.text.as_str());
    if let Some(found) =
        sentences().find_map(|line| NAMED_BY_SHORT.groups(line).and_then(group)).filter(|found| title_words(found) == 0)
    {
        return Some(found);
    }
    // "About Adaptavist", "À propos de Doctolib".
    let about = page.iter().find_map(|line| {
        let rest = ["About ", "À propos de ", "A propos de ", "À propos d'", "Über "]
            .iter()
            .find_map(|start| line.text.strip_prefix(start))?;
        let proper = rest.chars().next().is_some_and(char::is_uppercase)
            && rest.split(' ').count() <= 4
            && line.text.len() < 60
            && !rest.ends_with('.');
        let common = ["us", "you", "the", "this", "our", "job", "role", "nous", "position", "company"];
        (proper && !common.contains(&fold(rest.split(' ').next().unwrap_or("")).as_str()))
            .then(|| rest.trim_end_matches([':', ' ']).to_owned())
    });
    if about.is_some() {
        return about;
    }
    let proper = |found: String| {
        let first = fold(found.split(' ').next().unwrap_or(""));
        let common = [
            "nous",
            "we",
            "vous",
            "you",
            "il",
            "elle",
            "ce",
            "cette",
            "this",
            "the",
            "our",
            "notre",
            "le",
            "la",
            "les",
            "it",
            "he",
            "she",
            "they",
            "on",
            "your",
            "votre",
            "pour",
            "a",
            "in",
            "dans",
            "there",
            "here",
            "that",
            "what",
            "who",
            "experience",
            "knowledge",
            "as",
            "au",
            "en",
            "si",
            "if",
            "chaque",
            "l'objectif",
            "work",
            "all",
            "each",
            "least",
            "leur",
            "son",
            "sa",
            "you'll",
            "your",
            "un",
            "une",
            "ces",
            "each",
            "chief",
            "head",
        ];
        (!common.contains(&first.as_str()) && title_words(&found) == 0 && found.len() > 1).then_some(found)
    };
    sentences()
        .find_map(|line| AFTER_COMMA.groups(line).and_then(group).and_then(proper))
        .or_else(|| sentences().find_map(|line| RECRUITS.groups(line).and_then(group).and_then(proper)))
        .or_else(|| {
            sentences()
                .find_map(|line| JOIN.groups(line).and_then(group).and_then(proper))
                .filter(|found| place::place_of(found).0.is_none() && crate::cv::brain::skills::lookup(found).is_none())
        })
}

/// "UbiquitiPilsen, Plzeň, Czech Republic": a page that has no break between the company and the place.
fn without_place(text: &str) -> String {
    let Some((first, rest)) = text.split_once(", ") else { return text.to_owned() };
    let (city, country) = place::place_of(rest);
    if city.is_none() && country.is_none() {
        return text.to_owned();
    }
    // The shortest end of the first part that is a city, with or without a space before it.
    let starts = first.char_indices().skip(1).filter(|(_, c)| c.is_uppercase()).map(|(at, _)| at);
    let is_city = |part: &str| place::place_of(part).0.is_some_and(|city| fold(&city) == fold(part));
    let cut = starts.filter(|at| first.get(*at..).is_some_and(is_city)).last();
    squeeze(cut.and_then(|at| first.get(..at)).unwrap_or(first))
}

#[cfg(test)]
mod tests;
