//! The parts of an advertisement: which lines say what the person will do, must bring, may bring, gets.

use crate::cv::brain::text::Line;
use crate::cv::brain::text::pattern::patterns;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// Before any heading.
    Intro,
    /// Under a heading that says nothing known.
    Other,
    /// What the person will do.
    Tasks,
    /// What the person must bring.
    Required,
    /// What is welcome.
    Nice,
    /// Techniques in use.
    Technologies,
    /// What the person gets.
    Benefits,
    /// Who offers it.
    Company,
    /// How to apply, legal texts.
    Process,
}

/// A line and what it is about.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) line: Line,
    pub(super) part: Part,
    /// It opened the part.
    pub(super) is_heading: bool,
}

patterns! {
    NICE = concat!(
        r"nice.to.ha|preferred (qual|skill|exp)|preferably|bonus point|(is|are|major|big|considered|as) an? (\w+ )?(plus|advantage|asset)|",
        r"\bplus(es)?:?$|advantage|^idealement|\bles plus\b|(serait|est|sont|seraient) (un|des|vos) (vrai )?(plus|atout)|atouts?\b|",
        r"apprecie|recommended (skills|qualif)|mile widzian|vyhodou|von vorteil|wunschenswert|deseable|valorable|desirable|",
        r"extra (points|credit)|souhaitable|not (essential|required|mandatory)|optional|bonus:?$|un plus\b|good to have|brownie"
    );
    REQUIRED = concat!(
        r"require|qualification|profil|looking for|who you are|about you\b|you (have|are|bring)\b|what you('ll| will)? (bring|need)|",
        r"skills|competence|must.have|essential|pre-?requis|evalu(e|ated|erons)|knowledge and exp|anforderung|pozadavky|pozadujeme|",
        r"wymagania|oczekujemy|requisitos|perfil|on attend|nous attendons|nous recherchons|on recherche|experience (requise|attendue)|",
        r"(vous|tu) (etes|avez|as|es)\b|koho hledame|das bringst du|dein profil|ihr profil|savoir.(faire|etre)|criteria|criteres|",
        r"your background|experience:?$|exigences|ce que tu apportes|ton profil|what it takes|minimum qual|formation et exp|connaissances"
    );
    TASKS = concat!(
        r"responsib|responsab|missions?\b|what you('ll| will)? (do|be doing|work)|you('ll| will) (do|be|need to acc|accomplish|help)|your (role|impact|tasks|job|day)|",
        r"le poste\b|duties|\btasks\b|day.to.day|quotidien|activites|aufgaben|zakres obowi|obowiazki|popis pozice|napln prace|",
        r"ceka na tebe|budes delat|funciones|taches|key accountab|ce que vous ferez|ton role|votre role|tu seras|vous serez|",
        r"things you|in this role|objectifs du poste|description du poste|descriptif du poste|role purpose|descripcion del (puesto|trabajo)|",
        r"job description|about the (role|job|position)|the (role|position)\b|a propos du poste|pracovni nabidka|dein(e)? (neues )?aktionsfeld"
    );
    BENEFITS = concat!(
        r"\bbenefits?\b|\bperks|avantages|(what )?we offer|nous (vous )?offrons|nous (vous )?proposons|on (vous |t')?(offre|propose)|pourquoi (nous|venir|les)|why (join|work|you'll love|us)|",
        r"wir bieten|nabizime|nase nabidka|oferujemy|co ti na|beneficios|ofrecemos|compensation|remuneration|\bpackage|find reward|what's in it|",
        r"ce (que|qu')[^:]{0,20}(offr|propos)|conditions|salaire et|das bieten|unser angebot|warum wir|les plus du poste|rewards|aktionsfeld"
    );
    TECHNOLOGIES = r"technolog|\bstack\b|\btools\b|\boutils\b|environnement technique|technical env|keywords|mots.cles|klicova slova|environnement et comp|main projects|langages";
    COMPANY = concat!(
        r"^about\b|who we are|qui sommes|^a propos|entreprise|our company|company (desc|overview|profile)|uber uns|^o nas|sobre nosotros|qui sont|",
        r"our story|notre histoire|le contexte|the (team|company)\b|l'equipe|uvodni predstaveni|about us|le produit|the product|notre mission|our mission|la societe|presentation|das sind wir|o firmie|o spolecnosti|our values|nos valeurs"
    );
    PROCESS = concat!(
        r"how to apply|process|recrutement|recruitment|entretien|postul|candidat|to apply|equal oppo|deroulement|next steps|como aplicar|",
        r"bewerb|contact|assessment|accommodation|privacy|legal|rodo|how we hire|interview|apply (now|here|today)|envoyez|bon a savoir|diversity|inclusion"
    );
    WELCOME_IN_LINE = concat!(
        r"(is|are|would be|as|considered) an? (\w+ )?(plus|bonus|advantage|asset)|nice to have|but not (essential|required|mandatory)|",
        r"(serait|est|sont|seraient|constitue\w*) (un|des) (vrai |reel )?(plus|atout)|un plus\b|apprecie|preferred|idealement|ideally|",
        r"mile widzian|vyhodou|von vorteil|deseable|souhaite|\batout\b|optional|a bonus"
    );
}

/// Whether the line says of what it names that it is only welcome.
pub(super) fn is_welcome(folded: &str) -> bool {
    WELCOME_IN_LINE.is_in(folded)
}

/// Characters of a heading.
const HEADING_CHARS: usize = 75;
/// Characters of a sentence that announces a list.
const LEAD_CHARS: usize = 220;

/// Says of each line what it is about.
pub(super) fn split(lines: Vec<Line>) -> Vec<Said> {
    let mut part = Part::Intro;
    let mut said = Vec::with_capacity(lines.len());
    for line in lines {
        let opened = heading(&line);
        if let Some(next) = opened {
            part = next;
        }
        said.push(Said { line, part, is_heading: opened.is_some() });
    }
    said
}

/// The part that a line opens, if it is a heading.
pub(super) fn heading(line: &Line) -> Option<Part> {
    let folded = line.folded.trim_end_matches([' ', '*', '!']);
    let chars = folded.chars().count();
    let colon = folded.ends_with(':');
    let bare = folded.trim_end_matches([':', '?', ' ']);
    if line.bullet && !line.heading && !(colon && chars <= LEAD_CHARS) {
        return None;
    }
    // "Compensation: 85k": a fact with its label, no heading.
    if bare.contains(": ") && !line.heading {
        return None;
    }
    let words = bare.split(' ').count();
    let short = chars <= HEADING_CHARS && words <= 11 && !folded.ends_with(['.', ',', ';']);
    if !(line.heading || short || colon && chars <= LEAD_CHARS) {
        return None;
    }
    // A short line in running text is only a heading when it is little more than the word itself.
    let sure = line.heading || colon || words <= 6;
    let known = if !sure {
        None
    } else if words >= 2 && (NICE.is_in(bare) || NICE.is_in(folded)) {
        Some(Part::Nice)
    } else if TECHNOLOGIES.is_in(bare) && words <= 8 {
        Some(Part::Technologies)
    } else if PROCESS.is_in(bare) && (words <= 8) && !TASKS.is_in(bare) {
        Some(Part::Process)
    } else if BENEFITS.is_in(bare) {
        Some(Part::Benefits)
    } else if COMPANY.is_in(bare) && !TASKS.is_in(bare) {
        if bare.contains("about you") { Some(Part::Required) } else { Some(Part::Company) }
    } else if TASKS.is_in(bare) && !bare.contains("required") && !bare.contains("looking for") {
        Some(Part::Tasks)
    } else if REQUIRED.is_in(bare) {
        Some(Part::Required)
    } else if NICE.is_in(folded) {
        Some(Part::Nice)
    } else {
        None
    };
    known.or((line.heading && !line.bullet).then_some(Part::Other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cv::brain::text::lines;

    #[test]
    fn r15_headings_in_several_languages() {
        for (text, part) in [
            ("## Responsibilities", Part::Tasks),
            ("Missions", Part::Tasks),
            ("What you'll do", Part::Tasks),
            ("## Vous devrez accomplir les tâches suivantes :", Part::Tasks),
            ("Vos responsabilités au sein de l’équipe Agile seront les suivantes :", Part::Tasks),
            ("Profil recherché", Part::Required),
            ("REQUIREMENTS", Part::Required),
            ("What We’re Looking For", Part::Required),
            ("Požadavky:", Part::Required),
            ("Nice to have qualifications:", Part::Nice),
            ("Idéalement :", Part::Nice),
            ("- Experience in the following areas is an advantage:", Part::Nice),
            ("Mile Widziane", Part::Nice),
            ("Avantages", Part::Benefits),
            ("What We Offer", Part::Benefits),
            ("About Adaptavist", Part::Company),
            ("Qui sont-ils ?", Part::Company),
            ("About The Role", Part::Tasks),
            ("## Technologies", Part::Technologies),
            ("# How to apply", Part::Process),
            ("# Something else", Part::Other),
        ] {
            let line = lines(text).pop().unwrap();
            assert_eq!(heading(&line), Some(part), "{text}");
        }
        for text in [
            "- Excellent verbal communication skills.",
            "We have many tools and we use them every day, which is good.",
            "PHP",
        ] {
            assert_eq!(heading(&lines(text).pop().unwrap()), None, "{text}");
        }
    }
}
