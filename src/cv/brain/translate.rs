//! Texts of a CV in another language (P4): which they are, and what the rules can translate without a model.
//!
//! The rules know names (titles, skills, degrees, languages, levels, headings) in English and French; a sentence stays as
//! it is, because a word-by-word translation would be worse than none. How many texts stayed is told with the task.

use super::draft::{TextOf, TranslateInput, Translation};
use super::offer::{language_code, language_name};
use super::skills;
use super::text::{Lang, fold};
use serde_json::Value;

/// Texts of one section.
const TEXTS_MAX: usize = 2_000;
/// Words of a text that the rules try to translate.
const WORDS_MAX: usize = 8;

/// Fields whose texts are translated, by section; `*` for a list of texts.
const FIELDS: &[(&str, &[&str])] = &[
    ("basics", &["label", "summary"]),
    ("work", &["position", "summary", "description", "highlights*"]),
    ("volunteer", &["position", "summary", "highlights*"]),
    ("education", &["area", "studyType", "courses*", "summary"]),
    ("awards", &["title", "summary"]),
    ("certificates", &[]),
    ("publications", &["summary"]),
    ("skills", &["name", "level", "keywords*"]),
    ("languages", &["language", "fluency"]),
    ("interests", &["name", "keywords*"]),
    ("references", &["reference"]),
    ("projects", &["description", "highlights*", "roles*", "type"]),
];

/// The texts of a section that are translated, each with its JSON pointer.
pub fn texts_of(cv: &Value, section: &str) -> Vec<(String, TextOf)> {
    let fields = FIELDS.iter().find(|(name, _)| *name == section).map_or(&[][..], |(_, fields)| fields);
    let mut found = Vec::new();
    match cv.get(section) {
        Some(Value::Array(items)) => {
            for (at, item) in items.iter().enumerate() {
                collect(item, &format!("/{section}/{at}"), fields, &mut found);
            }
        }
        Some(item @ Value::Object(_)) => collect(item, &format!("/{section}"), fields, &mut found),
        _ => {}
    }
    found.truncate(TEXTS_MAX);
    found
}

fn collect(item: &Value, at: &str, fields: &[&str], found: &mut Vec<(String, TextOf)>) {
    let mut push = |pointer: String, field: &str, text: &str| {
        if text.chars().any(char::is_alphabetic) {
            found.push((pointer, TextOf { field: field.to_owned(), text: text.to_owned() }));
        }
    };
    for field in fields {
        match field.strip_suffix('*') {
            Some(list) => {
                for (index, text) in item.get(list).and_then(Value::as_array).into_iter().flatten().enumerate() {
                    if let Some(text) = text.as_str() {
                        push(format!("{at}/{list}/{index}"), list, text);
                    }
                }
            }
            None => {
                if let Some(text) = item.get(*field).and_then(Value::as_str) {
                    push(format!("{at}/{field}"), field, text);
                }
            }
        }
    }
}

/// Puts a text in its place.
pub fn apply(cv: &mut Value, pointer: &str, text: String) {
    if let Some(place) = cv.pointer_mut(pointer) {
        *place = Value::String(text);
    }
}

/// English and French for what CVs name, beyond the vocabularies. Folded for the search; written as here.
const PAIRS: &[(&str, &str)] = &[
    ("Skills", "Compétences"),
    ("Languages", "Langues"),
    ("Tools", "Outils"),
    ("Technologies", "Technologies"),
    ("Soft skills", "Savoir-être"),
    ("Technical skills", "Compétences techniques"),
    ("Programming languages", "Langages de programmation"),
    ("Databases", "Bases de données"),
    ("Software engineer", "Ingénieur logiciel"),
    ("Senior software engineer", "Ingénieur logiciel senior"),
    ("Software developer", "Développeur logiciel"),
    ("Developer", "Développeur"),
    ("Web developer", "Développeur web"),
    ("Senior developer", "Développeur senior"),
    ("Junior developer", "Développeur junior"),
    ("Backend developer", "Développeur backend"),
    ("Frontend developer", "Développeur frontend"),
    ("Full stack developer", "Développeur full stack"),
    ("Full-stack developer", "Développeur full-stack"),
    ("Mobile developer", "Développeur mobile"),
    ("Lead developer", "Développeur principal"),
    ("DevOps engineer", "Ingénieur DevOps"),
    ("Data engineer", "Ingénieur données"),
    ("Data scientist", "Data scientist"),
    ("Data analyst", "Analyste de données"),
    ("Product manager", "Chef de produit"),
    ("Project manager", "Chef de projet"),
    ("Engineering manager", "Responsable ingénierie"),
    ("Team lead", "Chef d'équipe"),
    ("Technical lead", "Responsable technique"),
    ("Office manager", "Office manager"),
    ("Consultant", "Consultant"),
    ("Analyst", "Analyste"),
    ("Designer", "Designer"),
    ("Graphic designer", "Graphiste"),
    ("Teacher", "Enseignant"),
    ("Nurse", "Infirmier"),
    ("Accountant", "Comptable"),
    ("Assistant", "Assistant"),
    ("Intern", "Stagiaire"),
    ("Internship", "Stage"),
    ("Volunteer", "Bénévole"),
    ("Founder", "Fondateur"),
    ("Co-founder", "Cofondateur"),
    ("Director", "Directeur"),
    ("Researcher", "Chercheur"),
    ("Research assistant", "Assistant de recherche"),
    ("Teaching assistant", "Chargé de TD"),
    ("Software architect", "Architecte logiciel"),
    ("System administrator", "Administrateur système"),
    ("Network engineer", "Ingénieur réseau"),
    ("Sales manager", "Responsable des ventes"),
    ("Sales representative", "Commercial"),
    ("Marketing manager", "Responsable marketing"),
    ("Administrative assistant", "Assistant administratif"),
    ("Student", "Étudiant"),
    ("Engineer", "Ingénieur"),
    ("Technician", "Technicien"),
    ("Manager", "Responsable"),
    ("Bachelor", "Licence"),
    ("Bachelor's degree", "Licence"),
    ("Bachelor of Science", "Licence de sciences"),
    ("Bachelor of Arts", "Licence de lettres"),
    ("Master", "Master"),
    ("Master's degree", "Master"),
    ("Master of Science", "Master de sciences"),
    ("PhD", "Doctorat"),
    ("Doctorate", "Doctorat"),
    ("High school diploma", "Baccalauréat"),
    ("Engineering degree", "Diplôme d'ingénieur"),
    ("Certificate", "Certificat"),
    ("Computer science", "Informatique"),
    ("Software engineering", "Génie logiciel"),
    ("Mathematics", "Mathématiques"),
    ("Physics", "Physique"),
    ("Economics", "Économie"),
    ("Business administration", "Gestion d'entreprise"),
    ("Management", "Gestion"),
    ("Marketing", "Marketing"),
    ("Law", "Droit"),
    ("Electrical engineering", "Génie électrique"),
    ("Mechanical engineering", "Génie mécanique"),
    ("Information technology", "Technologies de l'information"),
    ("Statistics", "Statistiques"),
    ("Design", "Design"),
    ("Psychology", "Psychologie"),
    ("Native", "Langue maternelle"),
    ("Native speaker", "Langue maternelle"),
    ("Fluent", "Courant"),
    ("Professional working proficiency", "Compétence professionnelle"),
    ("Professional", "Professionnel"),
    ("Intermediate", "Intermédiaire"),
    ("Beginner", "Débutant"),
    ("Basic", "Notions"),
    ("Advanced", "Avancé"),
    ("Bilingual", "Bilingue"),
    ("Elementary", "Élémentaire"),
    ("Expert", "Expert"),
    ("Communication", "Communication"),
    ("Teamwork", "Travail d'équipe"),
    ("Leadership", "Leadership"),
    ("Problem solving", "Résolution de problèmes"),
    ("Organization", "Organisation"),
    ("Creativity", "Créativité"),
    ("Adaptability", "Adaptabilité"),
    ("Time management", "Gestion du temps"),
    ("Music", "Musique"),
    ("Reading", "Lecture"),
    ("Travel", "Voyages"),
    ("Sports", "Sport"),
    ("Cooking", "Cuisine"),
    ("Photography", "Photographie"),
    ("Hiking", "Randonnée"),
    ("Swimming", "Natation"),
    ("Running", "Course à pied"),
    ("Chess", "Échecs"),
    ("Gardening", "Jardinage"),
    ("Cinema", "Cinéma"),
    ("Theater", "Théâtre"),
    ("Painting", "Peinture"),
    ("Football", "Football"),
    ("Board games", "Jeux de société"),
    ("Video games", "Jeux vidéo"),
];

/// The answer of step `translate`.
///
/// # Errors
/// A sentence: the rules know English and French only.
pub fn translate(input: &TranslateInput) -> Result<Translation, String> {
    let lang = Lang::parse(&input.language).filter(|lang| lang.is_written());
    let lang = lang.ok_or_else(|| super::job_title::not_written(&input.language))?;
    Ok(Translation { texts: input.texts.iter().map(|text| one(text, lang)).collect() })
}

fn one(text: &TextOf, lang: Lang) -> String {
    let source = text.text.trim();
    if source.split_whitespace().count() > WORDS_MAX {
        return text.text.clone();
    }
    if let Some(whole) = named(source, &text.field, lang) {
        return whole;
    }
    // "Senior developer - Payments", "English, French": each part by itself, if all are known.
    for separator in [", ", " / ", " & ", " - ", " – ", " · ", " | "] {
        if source.contains(separator) {
            let parts: Option<Vec<String>> =
                source.split(separator).map(|part| named(part.trim(), &text.field, lang)).collect();
            if let Some(parts) = parts {
                return parts.join(separator);
            }
        }
    }
    text.text.clone()
}

fn named(text: &str, field: &str, lang: Lang) -> Option<String> {
    let folded = fold(text);
    let pair = PAIRS.iter().find(|(en, fr)| match lang {
        Lang::Fr => fold(en) == folded,
        _ => fold(fr) == folded,
    });
    if let Some((en, fr)) = pair {
        return Some(cased(text, if lang == Lang::Fr { fr } else { en }));
    }
    if field == "language"
        && let Some(name) = language_code(text).and_then(|code| language_name(code, lang == Lang::Fr))
    {
        return Some(name.to_owned());
    }
    // A product's name is the same everywhere; other skills have a name in each language.
    let skill = skills::lookup(text).and_then(skills::get)?;
    if skill.french.is_none() {
        return Some(text.to_owned());
    }
    Some(cased(text, skill.name_in(lang)))
}

/// As the source begins: a capital stays one.
fn cased(source: &str, target: &str) -> String {
    let upper = source.chars().next().is_some_and(char::is_uppercase);
    let mut chars = target.chars();
    match chars.next() {
        Some(first) if upper => first.to_uppercase().chain(chars).collect(),
        Some(_) | None => target.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn r14_texts_are_found_and_put_back_and_nothing_else_is_touched() {
        let mut cv = json!({"basics": {"name": "Ana", "email": "a@b.c", "label": "Developer"},
            "work": [{"name": "Teamwork Ltd", "position": "Intern", "startDate": "2020", "highlights": ["One", "Two"], "own": {"x": "Developer"}}]});
        let texts = texts_of(&cv, "work");
        let pointers: Vec<&str> = texts.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/work/0/position", "/work/0/highlights/0", "/work/0/highlights/1"]);
        apply(&mut cv, "/work/0/position", "Stagiaire".to_owned());
        assert_eq!((&cv["work"][0]["position"], &cv["work"][0]["name"]), (&json!("Stagiaire"), &json!("Teamwork Ltd")));
    }

    #[test]
    fn p4_names_are_translated_both_ways_and_sentences_stay() {
        let ask = |texts: &[(&str, &str)], language: &str| {
            let texts =
                texts.iter().map(|(field, text)| TextOf { field: (*field).into(), text: (*text).into() }).collect();
            translate(&TranslateInput { texts, language: language.into(), ..TranslateInput::default() }).unwrap().texts
        };
        let fr = ask(
            &[
                ("position", "Senior software engineer"),
                ("language", "French"),
                ("keywords", "project management"),
                ("keywords", "Docker"),
                ("summary", "I built a thing that many people use every day."),
            ],
            "fr",
        );
        assert_eq!(
            fr,
            [
                "Ingénieur logiciel senior",
                "Français",
                "gestion de projet",
                "Docker",
                "I built a thing that many people use every day."
            ]
        );
        let en = ask(&[("label", "Développeur web"), ("fluency", "Courant"), ("language", "Anglais")], "en");
        assert_eq!(en, ["Web developer", "Fluent", "English"]);
    }
}
