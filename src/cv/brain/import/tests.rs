//! CVs as their PDFs read: the layouts that people use.

use super::*;

fn work(draft: &CvDraft) -> Vec<(&str, &str, &str, &str)> {
    fn text(field: &Option<String>) -> &str {
        field.as_deref().unwrap_or("")
    }
    draft
        .work
        .iter()
        .map(|one| (text(&one.position), text(&one.name), text(&one.start_date), text(&one.end_date)))
        .collect()
}

fn career(head: &str) -> CvDraft {
    read(&format!(
        "Ana Gil\nana.gil@example.org | Lyon, France\n\nExperience\n{head}\n\nEducation\nMaster Data Science, Université de Lyon\n2010 - 2012"
    ))
}

#[test]
fn p3_heads_of_many_layouts() {
    let one = ("Software Engineer", "Acme Corp", "2021-03", "");
    for head in [
        "Acme Corp  Paris, France\nSoftware Engineer  Mar. 2021 - Present\n- Built things",
        "Software Engineer\nAcme Corp | Paris, France\nMar 2021 - Present\n- Built things",
        "Acme Corp  Mar 2021 – Present\nSoftware Engineer\n- Built things",
        "Software Engineer, Acme Corp\nMarch 2021 - Current\n\nBuilt things.",
        "03/2021 – present  Software Engineer, Acme Corp, Paris\nBuilt things.",
        "ACME CORP | Software Engineer\nMar 2021 - Present | Paris, France\n- Built things",
        "Acme Corp, Paris, France  March 2021 – Present\nSoftware Engineer\n- Built things",
        "Acme Corp\nSoftware Engineer · Mar 2021 – Present\n- Built things",
        "Software Engineer, Acme Corp, Portland, OR (Mar 2021 - Present) Leads the guild of builders.\n- Built things",
        "Software Engineer at Acme Corp\nMar 2021 - Present\n- Built things",
        "Acme Corp\nSoftware Engineer\nMarch 2021 - Present (5 years 2 months)\nParis, France\n- Built things",
        "Depuis le 01/03/2021  Software Engineer  Acme Corp\n- Built things",
    ] {
        let found = career(head);
        let had: Vec<_> = work(&found).into_iter().map(|(a, b, c, d)| (a, b.to_lowercase(), c, d)).collect();
        assert_eq!(had, [(one.0, one.1.to_lowercase(), one.2, one.3)], "{head}");
    }
}

#[test]
fn p3_a_french_cv_with_dates_in_a_column_of_their_own() {
    let text = "Zoé Martin\nDéveloppeuse full-stack\nzoe.martin@example.fr  06 12 34 56 78  Lyon\n\nExpérience\nDéc. 2023— Développeuse full-stack, Resilio, Paris (télétravail)\nAujourd’hui  Division par 2 du temps de\nréponse.\n\n2021—2022 Co-fondatrice & CTO, Zéro Carbone, Lausanne\nDéveloppement du backend.\n\nFormation\n2020—2023 Master Data Science, EPFL, Lausanne\nMachine learning et techniques Big Data.\n\n2016—2017 Classe préparatoire, Lycée Saint-Louis, Paris\n\nLangues\nAnglais (langue maternelle), Espagnol (B2)\n\nCompétences techniques\nLangages : Rust, Go\nOutils : Docker, Git\n\nCentres d’intérêt\nÉchecs, randonnée";
    let found = read(text);
    assert_eq!(
        (found.basics.name.as_deref(), found.basics.label.as_deref()),
        (Some("Zoé Martin"), Some("Développeuse full-stack"))
    );
    assert_eq!(
        (found.basics.email.as_deref(), found.basics.phone.as_deref()),
        (Some("zoe.martin@example.fr"), Some("06 12 34 56 78"))
    );
    assert_eq!(
        work(&found),
        [
            ("Développeuse full-stack", "Resilio", "2023-12", ""),
            ("Co-fondatrice & CTO", "Zéro Carbone", "2021", "2022")
        ]
    );
    let schools: Vec<_> =
        found.education.iter().map(|one| (one.study_type.as_deref(), one.institution.as_deref())).collect();
    assert_eq!(schools, [(Some("Master"), Some("EPFL")), (Some("Classe préparatoire"), Some("Lycée Saint-Louis"))]);
    let languages: Vec<_> = found.languages.iter().filter_map(|one| one.language.as_deref()).collect();
    assert_eq!(languages, ["Anglais", "Espagnol"]);
    assert_eq!(found.skills[0].keywords, ["Rust", "Go"]);
    assert_eq!(found.interests.len(), 2);
}

#[test]
fn p3_a_career_that_goes_on_behind_a_column_on_the_next_page() {
    let text = "Jamie Rivera\nEngineering Leader\njamie@example.com\n\nEXPERIENCE\n\nEngineering Manager\nNorthwind Systems\n04/2021 - Present Austin, TX\n- Led things\n\nSelf Employed\nFabrikam Languages\n\nSTRENGTHS\n\nLeadership\nLed diverse teams across sites.\n\n12/2000 - 05/2003 Cupertino, CA\n- Built a keyboard.\n\nVendor Consultant\nUmbrella ICN\n04/1995 - 12/2000 Santa Clara, CA\n- Built an interface.\n\nEDUCATION\n\nB.S. in Computer Science\nState University\nGraduated 1995";
    let found = read(text);
    let had: Vec<_> = work(&found).into_iter().map(|(title, name, ..)| (title, name)).collect();
    assert_eq!(
        had,
        [
            ("Engineering Manager", "Northwind Systems"),
            ("Self Employed", "Fabrikam Languages"),
            ("Vendor Consultant", "Umbrella ICN")
        ]
    );
    assert_eq!(found.education.len(), 1, "{:?}", found.education);
}

#[test]
fn p3_skills_languages_and_interests_of_one_section_are_parted() {
    let text = "Ana Gil\nana@example.org\n\nSkills\nLanguages: Python, Go\nSpoken languages: French, English\nInterests: Chess, Tennis\n- Docker container workflows";
    let found = read(text);
    assert_eq!(found.skills[0].keywords, ["Python", "Go"]);
    assert_eq!(found.interests.len(), 2);
}

#[test]
fn p3_any_text_is_read_in_bounded_time() {
    let started = std::time::Instant::now();
    for text in [
        "2020 - 2021 ".repeat(20_000),
        "Experience\n".repeat(20_000),
        "a".repeat(200_000),
        "- x\n".repeat(50_000),
        "(".repeat(100_000),
        String::new(),
    ] {
        let _ = read(&text);
    }
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
