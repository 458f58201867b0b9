//! CVs to be filled in (P5): each place says what belongs there.

use super::draft::{CvDraft, DraftBasics, DraftEducation, DraftGroup, DraftLanguage, DraftProject, DraftWork};

/// The templates.
pub const NAMES: [&str; 4] = ["blank", "developer", "manager", "student"];
/// The languages that they are written in.
pub const LANGUAGES: [&str; 2] = ["en", "fr"];

fn words(list: &str) -> Vec<String> {
    list.split(';').map(|word| word.trim().to_owned()).collect()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A template in a language, with what is known of the person; `None`: there is none of that name.
pub fn build(template: &str, language: &str, name: Option<&str>, email: Option<&str>) -> Option<CvDraft> {
    let fr = language == "fr";
    let say = |english: &'static str, french: &'static str| text(if fr { french } else { english });
    let (label, position, duties, skills) = match template {
        "blank" => (
            say("Your job title", "Votre intitulé de poste"),
            say("Job title", "Intitulé du poste"),
            say(
                "What you did, and what came of it: a figure helps",
                "Ce que vous avez fait et ce qui en a résulté : un chiffre aide",
            ),
            say("Skill 1; Skill 2; Skill 3", "Compétence 1; Compétence 2; Compétence 3"),
        ),
        "developer" => (
            say("Software developer", "Développeur logiciel"),
            say("Software developer", "Développeur logiciel"),
            say(
                "Built [a feature] with [technologies], used by [number] people; Cut [a duration or a cost] by [figure] by [what you changed]; Reviewed code and wrote tests in a team of [number]",
                "Développement de [fonction] avec [technologies], utilisée par [nombre] personnes; Réduction de [durée ou coût] de [chiffre] grâce à [votre changement]; Revue de code et tests dans une équipe de [nombre]",
            ),
            say("JavaScript; TypeScript; SQL; Git; Docker", "JavaScript; TypeScript; SQL; Git; Docker"),
        ),
        "manager" => (
            say("Manager", "Responsable"),
            say("Team manager", "Responsable d'équipe"),
            say(
                "Led a team of [number] people and [what it reached]; Managed a budget of [amount]; Introduced [a change] that raised [a result] by [figure]",
                "Encadrement d'une équipe de [nombre] personnes et [résultat]; Gestion d'un budget de [montant]; Mise en place de [changement] qui a amélioré [résultat] de [chiffre]",
            ),
            say(
                "Leadership; Project management; Budgeting; Communication; Negotiation",
                "Encadrement; Gestion de projet; Budget; Communication; Négociation",
            ),
        ),
        "student" => (
            say(
                "Student in [your field], looking for [an internship]",
                "Étudiant en [votre domaine], à la recherche d'[un stage]",
            ),
            say("Intern", "Stagiaire"),
            say(
                "Helped with [a task] and learnt [a skill]; Presented [a result] to [whom]",
                "Participation à [une mission] et apprentissage de [compétence]; Présentation de [résultat] à [qui]",
            ),
            say("Teamwork; Presentations; Microsoft Office", "Travail d'équipe; Présentations; Microsoft Office"),
        ),
        _ => return None,
    };
    let work = DraftWork {
        name: say("[Employer]", "[Employeur]"),
        position,
        location: say("[City]", "[Ville]"),
        start_date: text("2022-01"),
        end_date: None,
        summary: say("[What the position was about, in one sentence]", "[Le poste en une phrase]"),
        highlights: words(&duties.unwrap_or_default()),
    };
    let education = DraftEducation {
        institution: say("[School]", "[Établissement]"),
        area: say("[Field of study]", "[Domaine]"),
        study_type: say("[Degree]", "[Diplôme]"),
        start_date: text("2018"),
        end_date: text("2021"),
        ..DraftEducation::default()
    };
    let project = DraftProject {
        name: say("[Project]", "[Projet]"),
        description: say("[What it is, and your part in it]", "[Ce que c'est et votre rôle]"),
        ..DraftProject::default()
    };
    Some(CvDraft {
        basics: DraftBasics {
            name: name.map(str::to_owned).or_else(|| say("[First and last name]", "[Prénom et nom]")),
            label,
            email: email.map(str::to_owned).or_else(|| text("you@example.com")),
            phone: say("[Telephone]", "[Téléphone]"),
            summary: say(
                "[Two or three sentences: what you do, for how long, what you are looking for]",
                "[Deux ou trois phrases : votre métier, votre expérience, ce que vous cherchez]",
            ),
            ..DraftBasics::default()
        },
        work: vec![work],
        education: vec![education],
        skills: vec![DraftGroup { name: say("Skills", "Compétences"), keywords: words(&skills.unwrap_or_default()) }],
        languages: vec![DraftLanguage { language: say("English", "Français"), fluency: say("[Level]", "[Niveau]") }],
        projects: if matches!(template, "developer" | "student") { vec![project] } else { Vec::new() },
        ..CvDraft::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cv::rules::resume;

    #[test]
    fn p5_every_template_is_a_json_resume_in_both_languages() {
        for name in NAMES {
            for language in LANGUAGES {
                let built = build(name, language, Some("Ana Gil"), None).unwrap().to_resume();
                assert_eq!(built["basics"]["name"], "Ana Gil");
                assert!(resume::parse(built).is_ok(), "{name} {language}");
            }
        }
        assert!(build("other", "en", None, None).is_none());
    }
}
