//! What is no job offer: lists of offers, error pages, source code, and texts about something else.

use super::parts::{Part, Said};
use crate::cv::brain::text::pattern::patterns;
use crate::cv::brain::text::{Line, fold};
use crate::cv::brain::types::{NotAnOffer, OfferSource};

/// Words without which nothing can be said about an offer.
const WORDS_MIN: usize = 15;

patterns! {
    ERROR = concat!(
        r"\b(404|403|410|500|502|503)\b.{0,30}(not found|error|forbidden|gone|introuvable|erreur)|page (not found|introuvable|non trouvee|does not exist|n'existe)|fatal error|stack trace|call stack|",
        r"access denied|acces refuse|just a moment|verify you are (a )?human|captcha|enable javascript|activer javascript|service unavailable|bad gateway|something went wrong|",
        r"(job|offer|offre|position|annonce)[^.]{0,30}(no longer (exists|available)|has been removed|n'est plus (disponible|en ligne)|has expired|introuvable|a expire)|are you a robot|unusual traffic|sign in to (continue|view)"
    );
    LIST_TITLE = concat!(
        r"offres? d'emplois? (de|en|a|pour|-|:|\()|: offres d'emploi|offres d'emploi$|\d[\d ,.]* (jobs|offres|emplois|positions|vacancies|stellen)\b|jobs (in|at|near|for)\b|job search|",
        r"\bemplois? (a|en|de)\b|recherche d'emploi|stellenangebote|nabidka prace|oferty pracy|ofertas de (empleo|trabajo)|all (open )?(jobs|positions)|open positions|job openings|careers at|current vacancies|remote .{0,30}jobs$"
    );
    OFFER_WORD = concat!(
        r"\b(candidat\w*|candidature|postule[rz]?|apply|applicants?|recrut\w*|hiring|recruit\w*|we are looking for|looking for an?|nous recherchons|recherchons|job (description|summary)|the (role|position)|your (role|profile)|",
        r"cdi|cdd|stage|alternance|freelance|full[- ]time|part[- ]time|salaire|salary|remuneration|teletravail|wir suchen|hledame|poszukujemy|buscamos|bewerb\w*|pozadavky|wymagan\w*|doswiadczen\w*|arbeitsplatz|arbeitszeiten|homeoffice|",
        r"benefits|avantages|requirements|qualifications|responsibilities|missions?|profil|resume|cv|experience|experiencia|erfahrung|responsabilidades|requisitos|beneficios|umowa o prace|employment type|seniority level|poste|contract|contrat|hybrid|hybride|remote|join (us|our)|rejoin\w+|position)\b"
    );
    CV_HEADING = concat!(
        r"^((work|professional|relevant|teaching|research)? ?experiences?|experiences? professionnelles?|employment( history)?|work history|parcours( professionnel)?|education|formations?( academique)?|",
        r"(technical |key |core )?skills|competences( techniques| cles)?|references|(professional )?summary|(career )?objective|profile|centres? d'interets?|loisirs|langues|languages|interests|projects?|projets|publications|",
        r"awards|honors( (and|&) awards)?|certifications?|certificates|volunteer(ing| experience)?|activities|extracurricular activities|leadership|hobbies|berufserfahrung|ausbildung|kenntnisse|experiencia( laboral)?)$"
    );
    DATES = r"\b(19|20)[\dx]{2}\b\.?\s*(-|to|a|until|au|bis)\s*((\d{1,2}[./-])?(19|20)[\dx]{2}\b|present|now|current|today|aujourd'hui|ce jour|heute|(jan|feb|fev|mar|apr|avr|may|mai|jun|jul|aug|aou|sep|oct|nov|dec)\w*\.? (19|20)[\dx]{2})";
    YOU = r"\b(you|your|you'll|we|our|vous|votre|vos|nous|notre|nos|tu|ton|tes|wir|dein|ihr|budes|hledame)\b";
    CV = r"curriculum vitae|^(mon )?cv\b|^resume of|references available|date of birth|date de naissance";
}

fn refuse(reason: &str) -> Option<NotAnOffer> {
    Some(NotAnOffer { reason: reason.to_owned() })
}

/// Why the page is no offer; `None` when it may be one. `has_posting`: it carries a `JobPosting` that says
/// something; `named`: a job's title was found.
pub(super) fn reason(
    source: &OfferSource,
    page: &[Line],
    said: &[Said],
    has_posting: bool,
    named: bool,
) -> Option<NotAnOffer> {
    let tags = source.text.matches("</").count()
        + source.text.matches("<div").count()
        + source.text.matches("<!doctype").count() * 3;
    if tags >= 12 && !has_posting {
        return refuse(
            "This is the source code of a page, not the page itself: give the address of the job offer, or paste its text.",
        );
    }
    let words: usize = page.iter().map(|line| line.text.split(' ').count()).sum();
    let title = fold(source.title.as_deref().unwrap_or(""));
    let all = || page.iter().map(|line| line.folded.as_str());
    if !has_posting && (ERROR.is_in(&title) || words < 250 && all().any(|line| ERROR.is_in(line))) {
        return refuse(
            "This page shows an error or asks for a check instead of a job offer: open it in your browser and paste the text of the offer.",
        );
    }
    if words < WORDS_MIN && !has_posting {
        return refuse("There is too little text here for a job offer: paste its whole text.");
    }
    let parts = |wanted: Part| said.iter().any(|said| said.is_heading && said.part == wanted);
    let structured = [Part::Tasks, Part::Required, Part::Nice, Part::Benefits, Part::Technologies]
        .into_iter()
        .filter(|part| parts(*part))
        .count();
    if !has_posting && is_list(&title, page, structured) {
        return refuse("This page lists several job offers: open the one that you want and give its address.");
    }
    if has_posting {
        return None;
    }
    let mut offer_words: Vec<&str> = Vec::new();
    for line in page.iter().filter(|line| line.folded.len() < 20_000) {
        for found in OFFER_WORD.all(&line.folded) {
            if let Some(word) = found.get(1)
                && !offer_words.contains(&word.as_str())
            {
                offer_words.push(word.as_str());
            }
        }
        if offer_words.len() > 20 {
            break;
        }
    }
    if is_cv(page) {
        return refuse("This looks like a CV, not like a job offer: give the offer that the CV should be adapted to.");
    }
    let points = offer_words.len() + structured * 2;
    // A long text about anything holds some of these words: it needs more of them.
    // A few lines that somebody pasted as an offer are believed sooner than a page that was fetched.
    let needed = match words {
        1_201.. => 7,
        ..=150 if source.url.is_none() => 2,
        _ => 4,
    };
    // Nothing that could be the job's name, and no part of an advertisement either.
    let nameless = !named && structured < 2 && words > 400;
    if points < needed || nameless {
        return refuse(
            "This does not read like a job offer: it names no tasks, no profile and no way to apply. Paste the text of the offer.",
        );
    }
    None
}

/// A CV: its own headings, periods of time, and nobody who is spoken to.
fn is_cv(page: &[Line]) -> bool {
    let folded = || page.iter().take(400).map(|line| line.folded.trim_end_matches([':', ' ']));
    let mut headings: Vec<&str> = folded().filter(|line| line.len() < 40 && CV_HEADING.is_in(line)).collect();
    headings.sort_unstable();
    headings.dedup();
    let dates = folded().filter(|line| DATES.is_in(line)).count();
    let spoken_to: usize = folded().map(|line| YOU.all(line.get(..line.len().min(2_000)).unwrap_or("")).len()).sum();
    let titled = page.iter().take(12).any(|line| CV.is_in(&line.folded));
    let points = headings.len() + dates.min(3) + usize::from(titled) * 2;
    points >= 4 && spoken_to <= 3 || points >= 6 && spoken_to <= 8
}

/// A page of results: its title says so, or the same kind of card comes again and again without any long text.
fn is_list(title: &str, page: &[Line], structured: usize) -> bool {
    let heading = page.iter().take(40).find(|line| line.heading).map(|line| line.folded.as_str()).unwrap_or("");
    let said_so = LIST_TITLE.is_in(title) || LIST_TITLE.is_in(heading);
    let long = page.iter().filter(|line| line.text.len() > 200).count();
    let cards = page
        .iter()
        .filter(|line| {
            matches!(
                line.folded.as_str(),
                "cdi" | "cdd" | "full-time" | "stage" | "freelance" | "contract" | "temps plein"
            ) || line.heading && line.folded.contains("h/f")
        })
        .count();
    said_so && (structured == 0 || long == 0) || cards >= 6 && long <= 1 && structured == 0
}
