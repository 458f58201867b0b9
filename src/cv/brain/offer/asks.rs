//! The education and the languages that an offer asks for.

use super::parts::{Part, Said};
use super::posting::Posting;
use crate::cv::brain::text::pattern::patterns;
use crate::cv::brain::text::{Lang, fold, squeeze};
use crate::cv::brain::types::{JobEducation, JobLanguage};

/// Languages of one offer.
const MAX_LANGUAGES: usize = 8;

patterns! {
    BAC = r"\bbac ?\+ ?(\d)(?: ?(?:/|a|ou|-) ?(?:bac ?)?\+? ?(\d))?";
    PHD = r"\bph\.?d\b|\bdoctorat|\bdoctorate|doctoral degree|\bpromotion in\b";
    MASTER = r"\bmaster'?s? ?(degree|of|in|en|2|1)?\b|\bm\.?sc\b|\bmba\b|\bmagistr|\bmaestria";
    ENGINEER = r"(diplome|ecole|formation|titre)[^.]{0,12}d?'?ingenieur|grande ecole|ingenieur diplome";
    BACHELOR = r"\bbachelor|\bb\.?sc\b|\bundergraduate degree|\bbakalar|\blicenciatura|\bgrado en\b";
    LICENCE = r"\blicence( pro(fessionnelle)?)?\b( en| de|\b)";
    BTS = r"\bbts\b|\bdut\b|\bbut informatique|bachelor universitaire|\bdeug\b|associate degree";
    DEGREE = r"\b(university|college|relevant|technical|post-secondary|postsecondary) (degree|diploma|education)|\bdegree (in|from|with)|\bdiplome (universitaire|en|de|d')|\bhochschul|\bstudium\b|vysokoskolsk|wyksztalceni\w* wyzsz|formation superieure|etudes superieures|higher education|academic degree|\bstudent\b.{0,40}(degree|carrera)|estudiante|degree or";
    SCHOOL = r"high school|secondary school|secondary education|\bbaccalaureat\b|niveau bac\b|stredoskolsk|\babitur\b|\bmaturit|\bausbildung\b|bachillerato";
    FIELD = concat!(
        r"(?:degree|diplom\w*|bachelor'?s?|master'?s?|phd|doctorat\w*|licence|studium|ausbildung|formation|bac ?\+ ?\d|bts|dut|education|msc|bsc|carrera|ingenieur|etudes)\b[^.;:]{0,30}?",
        r"\b(?:(?:in|en|der|de la|de|of|field of|oboru)\s+|d'|dans le domaine (?:de l'|de la |du |de ))(?:the )?([a-z][a-z ,/&'-]{3,60})"
    );
    LEVEL = concat!(
        r"\b(bilingu\w*|courante?s?|couramment|fluent(?:ly)?|fluency|native|natif|langue maternelle|mother tongue|professionnel(?:le)?|professional|business|intermediate|intermediaire|",
        r"upper[- ]intermediate|advanced|avancee?|operationnel(?:le)?|technique|technical|basic|notions|lu,? ecrit(?: et)?,? parle|good|very good|excellent\w*|strong|bonne? (?:maitrise|niveau)|bon|conversational|",
        r"fliessend\w*|verhandlungssicher\w*|gute?|sehr gute|proficien\w*|working|[abc][12]\+?|required|obligatoire|exigee?|mirne pokrocila|pokrocila|komunikac\w*|plynn\w*|spoken|written|speak|understand|parlee?|ecrite?)\b"
    );
    ASKED = concat!(
        r"langu|courant|bilingu|fluen|native|natif|maternelle|spoken|written|speak|parle|ecrit|niveau|level|proficien|intermedia|advanced|avance|pokrocil|uroven|urovni|na poziomie|",
        r"znajomos|maitris|command|[abc][12]\b|fliessend|verhandlungssicher|kenntnisse|sprach|required|obligatoire|exige|knowledge of|good|must|operationnel|professionnel|technique|communicat|mirne|porozumen|idioma"
    );
    NOT_ASKED = r"course|cours (d'|de )|kurz|lesson|subtitle|translat|traduc|-speaking (countr|market)|english version|version anglaise|page in english|this page|equity|regardless|without|ads?\b in|unterricht";
}

pub(super) fn education(posting: &Posting, said: &[Said], chips: &[String], lang: Option<Lang>) -> JobEducation {
    let chips = chips.iter().filter(|chip| chip.split(' ').count() <= 6).map(String::as_str);
    let asked = |wanted: fn(Part) -> bool| {
        said.iter().filter(move |said| wanted(said.part)).map(|said| said.line.folded.as_str())
    };
    let required = asked(|part| matches!(part, Part::Required | Part::Nice));
    let rest =
        asked(|part| !matches!(part, Part::Required | Part::Nice | Part::Company | Part::Process | Part::Benefits));
    let french = lang == Some(Lang::Fr);
    let lines: Vec<&str> = chips.chain(required).chain(rest).collect();
    let found = lines.iter().find_map(|line| Some((level(line, french)?, *line)));
    let posted = posting.education.as_deref().map(fold);
    match found {
        Some((level, line)) => JobEducation {
            level: Some(level),
            field: field(line).or_else(|| {
                lines.iter().filter(|line| self::level(line, french).is_some()).find_map(|line| field(line))
            }),
        },
        None => JobEducation {
            level: posted.as_deref().and_then(|text| level(text, french).or_else(|| plain(text))),
            field: posted.as_deref().and_then(field),
        },
    }
}

fn plain(text: &str) -> Option<String> {
    ["bachelor degree", "postgraduate degree", "professional certificate", "high school", "associate degree"]
        .into_iter()
        .find(|known| *known == text)
        .map(str::to_owned)
}

fn level(line: &str, french: bool) -> Option<String> {
    if let Some(found) = BAC.groups(line) {
        let years = |index| found.get(index).map(|group| group.as_str().to_owned());
        return Some(match (years(1)?, years(2)) {
            (from, Some(to)) => format!("Bac+{from} à Bac+{to}"),
            (from, None) => format!("Bac+{from}"),
        });
    }
    let name = if BACHELOR.is_in(line) {
        if french { "Bachelor" } else { "Bachelor's degree" }
    } else if PHD.is_in(line) && !MASTER.is_in(line) {
        if french { "Doctorat" } else { "PhD" }
    } else if MASTER.is_in(line)
        && !line.contains("scrum master")
        && !line.contains("webmaster")
        && !line.contains("to master")
    {
        if french { "Master" } else { "Master's degree" }
    } else if ENGINEER.is_in(line) {
        "Diplôme d'ingénieur"
    } else if BTS.is_in(line) {
        if french { "BTS/DUT (Bac+2)" } else { "Associate degree" }
    } else if french && LICENCE.is_in(line) && !line.contains("licences") && !line.contains("sous licence") {
        "Licence (Bac+3)"
    } else if SCHOOL.is_in(line) && !DEGREE.is_in(line) {
        if french { "Baccalauréat" } else { "Secondary school" }
    } else if DEGREE.is_in(line) {
        if french { "Diplôme de l'enseignement supérieur" } else { "University degree" }
    } else {
        return None;
    };
    Some(name.to_owned())
}

fn field(line: &str) -> Option<String> {
    let found = FIELD.groups(line)?.get(1)?.as_str();
    let end = [
        " or ",
        " ou ",
        " oder ",
        " and related",
        " with ",
        " from ",
        " preferred",
        " required",
        " is ",
        " est ",
        " avec ",
        " obligatoire",
        ",",
        "/",
        " minimum",
        " et vous",
        " et justifi",
        " and ",
        " dans ",
        " (",
        " souhait",
        " exige",
        " et ",
    ]
    .iter()
    .filter_map(|stop| found.find(stop))
    .min()
    .unwrap_or(found.len());
    let field = squeeze(found.get(..end)?.trim_matches([' ', '-', '\'', '&']));
    let words = field.split(' ').count();
    let nothing = [
        "a",
        "any",
        "related",
        "relevant",
        "similar",
        "technical fields",
        "one",
        "your",
        "the",
        "field",
        "ingenieur",
        "niveau",
        "master",
        "licence",
        "bachelor",
        "experience",
        "type",
    ];
    (field.len() >= 3 && words <= 5 && !nothing.iter().any(|no| field.split(' ').next() == Some(no))).then_some(field)
}

/// A language's names: ISO code, English, French, and how it begins in folded text of other languages.
const LANGUAGES: &[(&str, &str, &str, &[&str])] = &[
    (
        "en",
        "English",
        "Anglais",
        &["english", "anglais", "englisch", "ingles", "anglictin", "angielsk", "engels", "inglese"],
    ),
    ("fr", "French", "Français", &["french", "francais", "franzosisch", "frances", "francouzst", "francusk"]),
    ("de", "German", "Allemand", &["german", "allemand", "deutschkenntnis", "deutsch", "aleman", "nemcin", "niemieck"]),
    (
        "es",
        "Spanish",
        "Espagnol",
        &["spanish", "espagnol", "spanisch", "espanol", "castellano", "spanelst", "hiszpansk"],
    ),
    ("it", "Italian", "Italien", &["italian", "italien", "italienisch", "italiano"]),
    ("pt", "Portuguese", "Portugais", &["portuguese", "portugais", "portugues", "portugiesisch"]),
    ("nl", "Dutch", "Néerlandais", &["dutch", "neerlandais", "niederlandisch", "holandes", "nederlands"]),
    ("cs", "Czech", "Tchèque", &["czech", "tcheque", "cestin", "tschechisch"]),
    ("sk", "Slovak", "Slovaque", &["slovak", "slovaque", "slovencin"]),
    ("pl", "Polish", "Polonais", &["polish", "polonais", "polnisch", "polsk"]),
    ("ru", "Russian", "Russe", &["russian", "russe", "russisch", "rustin"]),
    ("ar", "Arabic", "Arabe", &["arabic", "arabe", "arabisch"]),
    ("zh", "Chinese", "Chinois", &["chinese", "chinois", "mandarin", "cantonese"]),
    ("ja", "Japanese", "Japonais", &["japanese", "japonais", "japanisch", "japones"]),
    ("ko", "Korean", "Coréen", &["korean", "coreen", "koreanisch"]),
    ("hi", "Hindi", "Hindi", &["hindi"]),
    ("tr", "Turkish", "Turc", &["turkish", "turc", "turkisch"]),
    ("sv", "Swedish", "Suédois", &["swedish", "suedois", "schwedisch"]),
    ("uk", "Ukrainian", "Ukrainien", &["ukrainian", "ukrainien", "ukrainisch"]),
    ("ro", "Romanian", "Roumain", &["romanian", "roumain", "rumanisch"]),
    ("el", "Greek", "Grec", &["greek", "grec", "griechisch"]),
    ("he", "Hebrew", "Hébreu", &["hebrew", "hebreu", "hebraisch"]),
    ("vi", "Vietnamese", "Vietnamien", &["vietnam"]),
    ("hu", "Hungarian", "Hongrois", &["hungarian", "hongrois", "ungarisch"]),
];

/// A language's name in English or French.
pub fn name_of(code: &str, french: bool) -> Option<&'static str> {
    LANGUAGES.iter().find(|(own, ..)| *own == code).map(|(_, en, fr, _)| if french { *fr } else { *en })
}

/// The ISO code of a language's name in one of several languages (`Anglais`, `German`).
pub fn code(name: &str) -> Option<&'static str> {
    let folded = fold(name);
    let word = folded.split([' ', '(', ',', '/', '-']).find(|word| !word.is_empty())?;
    LANGUAGES.iter().find(|(_, _, _, stems)| stems.iter().any(|stem| word.starts_with(stem))).map(|(code, ..)| *code)
}

pub(super) fn languages(said: &[Said], lang: Option<Lang>) -> Vec<JobLanguage> {
    let mut found: Vec<JobLanguage> = Vec::new();
    for said in said.iter().filter(|said| !matches!(said.part, Part::Company | Part::Benefits | Part::Process)) {
        let line = said.line.folded.as_str();
        let short = line.split(' ').count() <= 6;
        if line.len() > 400 || NOT_ASKED.is_in(line) || !(short && said.line.bullet || ASKED.is_in(line)) {
            continue;
        }
        for (_, english, french, stems) in LANGUAGES {
            let Some(at) = stems.iter().find_map(|stem| word_at(line, stem)) else { continue };
            let name = if lang == Some(Lang::Fr) { french } else { english };
            if found.len() < MAX_LANGUAGES && !found.iter().any(|known| known.language == *name) {
                found.push(JobLanguage { language: (*name).to_owned(), level: level_near(line, at) });
            }
        }
    }
    found
}

fn word_at(line: &str, stem: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = line.get(from..)?.find(stem).map(|at| at + from) {
        let before = line.get(..at)?.chars().next_back();
        let rest = line.get(at + stem.len()..)?;
        let tail = rest.chars().take_while(|c| c.is_alphabetic()).count();
        // Places and people: "French market", "Polish company", "germanium" are no languages that are asked for.
        let of = rest.get(tail.min(rest.len())..).unwrap_or("").trim_start();
        let other = [
            "market",
            "compan",
            "client",
            "team",
            "government",
            "citizen",
            "speaking c",
            "law",
            "republic",
            "govern",
            "startup",
            "office",
            "group",
        ];
        if before.is_none_or(|c| !c.is_alphabetic()) && tail <= 4 && !other.iter().any(|word| of.starts_with(word)) {
            return Some(at);
        }
        from = at + stem.len();
    }
    None
}

/// The level that stands nearest to a language within its part of the sentence.
fn level_near(line: &str, at: usize) -> Option<String> {
    // "English (Advanced), Czech (Basic)": a part ends at a comma or a closing bracket.
    let before = line.get(..at).unwrap_or("");
    let start = before.rfind([',', ';', ')', '.']).map_or(0, |end| end + 1);
    let after = line.get(at..).unwrap_or("");
    let end = match after.find(['(', ')']) {
        Some(open) if after.get(open..open + 1) == Some("(") => {
            after.get(open..).and_then(|rest| rest.find(')')).map(|close| open + close)
        }
        _ => after.find([',', ';', '.', ')']),
    };
    let near = after.get(..end.unwrap_or(after.len())).unwrap_or(after);
    let wide = before.get(start..).unwrap_or("");
    let found = LEVEL.groups(near).or_else(|| LEVEL.groups(wide))?.get(1)?.as_str();
    Some(found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cv::brain::text::lines;

    fn said(text: &str) -> Vec<Said> {
        lines(text).into_iter().map(|line| Said { line, part: Part::Required, is_heading: false }).collect()
    }

    #[test]
    fn r15_education() {
        let education = |text: &str, lang| {
            let found = education(&Posting::default(), &said(text), &[], Some(lang));
            (found.level.unwrap_or_default(), found.field.unwrap_or_default())
        };
        assert_eq!(
            education("- Bac +5 en informatique ou équivalent", Lang::Fr),
            ("Bac+5".into(), "informatique".into())
        );
        assert_eq!(
            education("- Bachelor's degree in Computer Science or similar", Lang::En),
            ("Bachelor's degree".into(), "computer science".into())
        );
        assert_eq!(
            education("- Degree in Computer Science or similar field.", Lang::En),
            ("University degree".into(), "computer science".into())
        );
        assert_eq!(education("- Permis de conduire, Scrum Master", Lang::Fr), (String::new(), String::new()));
    }

    #[test]
    fn r15_languages_with_their_level() {
        let names = |text: &str, lang| {
            languages(&said(text), Some(lang))
                .into_iter()
                .map(|l| (l.language, l.level.unwrap_or_default()))
                .collect::<Vec<_>>()
        };
        assert_eq!(names("- Anglais courant", Lang::Fr), [("Anglais".to_owned(), "courant".to_owned())]);
        assert_eq!(
            names("English (Advanced), Czech (Intermediate) language", Lang::En),
            [("English".to_owned(), "advanced".to_owned()), ("Czech".to_owned(), "intermediate".to_owned())]
        );
        assert!(names("We love the French market and our English courses", Lang::En).is_empty());
    }

    #[test]
    fn language_names_have_a_code() {
        assert_eq!((code("Anglais"), code("German (native)"), code("日本語")), (Some("en"), Some("de"), None));
    }
}
