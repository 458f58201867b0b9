//! Whole offers, and a measurement over a folder of real ones.

use super::*;
use crate::cv::brain::types::{Contract, Remote};
use crate::extract::{html, markdown};
use serde_json::Value;
use std::path::Path;

#[test]
fn the_title_of_a_front_matter_that_was_taken_off_is_found() {
    let whole = "---\ntitle: 'Développeur de plateformes'\n---\n\nNous sommes à la recherche de quelqu’un.\n\n## Exigences\n- Vous connaissez Rust, Docker et PostgreSQL depuis trois ans\n- Vous aimez le travail en équipe\n- Vous écrivez des tests et relisez le code de vos collègues\n\n## Missions\n- Concevoir et exploiter nos plateformes de services\n- Automatiser les déploiements et la supervision\n\nContrat à durée indéterminée, à Lyon, télétravail partiel possible. Salaire selon expérience.\n";
    let parsed = crate::extract::markdown::parse(whole);
    for source in [
        OfferSource { text: whole.to_owned(), ..OfferSource::default() },
        OfferSource { text: parsed.text, meta: parsed.facts, ..OfferSource::default() },
    ] {
        let title = extract_offer(&source).unwrap().offer.title;
        assert_eq!(title.as_deref(), Some("Développeur de plateformes"));
    }
}

/// What the pipeline knows of a file, read as the pipeline reads it.
fn source_of(path: &Path) -> Option<OfferSource> {
    let bytes = std::fs::read(path).ok()?;
    match path.extension()?.to_str()? {
        "html" => {
            let page = html::parse(&String::from_utf8_lossy(&bytes)).ok()?;
            let job_posting = page.job_postings.first().cloned();
            Some(OfferSource {
                url: None,
                title: page.title,
                lang: page.lang,
                text: page.text,
                job_posting,
                meta: page.meta,
            })
        }
        "pdf" => {
            let text = crate::extract::pdf::tests::text(bytes).ok()?.text;
            Some(OfferSource { text, ..OfferSource::default() })
        }
        _ => {
            let read = markdown::parse(&String::from_utf8_lossy(&bytes));
            Some(OfferSource { title: None, text: read.text, meta: read.facts, ..OfferSource::default() })
        }
    }
}

/// Prints what is found in each file of the folder named by `ESTAFETTE_EVAL_DIR`, beside its facts; without it, does nothing.
#[test]
fn eval_offers_of_a_folder() {
    let Ok(folder) = std::env::var("ESTAFETTE_EVAL_DIR") else { return };
    let folder = Path::new(&folder);
    let facts: Vec<Value> = std::fs::read_to_string(folder.join("SOURCES.json"))
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let mut out = String::new();
    let (mut right, mut all) = (0, 0);
    for sub in ["jobs-html", "jobs-text", "jobs-pdf", "negatives"] {
        let Ok(entries) = std::fs::read_dir(folder.join(sub)) else { continue };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let Some(source) = source_of(&path) else { continue };
            let name = format!("{sub}/{}", path.file_name().unwrap().to_string_lossy());
            let fact = facts
                .iter()
                .find(|row| row["file"] == name.as_str())
                .map(|row| row["facts"].clone())
                .unwrap_or_default();
            if let Ok(folder) = std::env::var("ESTAFETTE_EVAL_TEXTS") {
                std::fs::write(
                    Path::new(&folder).join(name.replace('/', "_")),
                    format!("{:?}\n{:?}\n{}", source.title, source.meta, source.text),
                )
                .unwrap();
            }
            let started = std::time::Instant::now();
            let found = extract_offer(&source);
            out.push_str(&format!("\n=== {name} {:?} expected {fact}\n", started.elapsed()));
            let negative = name.contains("neg-");
            all += 1;
            match found {
                Err(refused) => {
                    right += usize::from(negative);
                    out.push_str(&format!("{} refused: {refused}\n", if negative { "ok" } else { "WRONG" }));
                }
                Ok(draft) => {
                    let same = |key: &str, found: &Option<String>| {
                        fact[key].as_str().is_none_or(|wanted| Some(wanted) == found.as_deref())
                    };
                    let good = !negative
                        && same("title", &draft.offer.title)
                        && same("company", &draft.offer.company)
                        && fact["adLanguage"].as_str().is_none_or(|l| Some(l) == draft.language.as_deref());
                    right += usize::from(good);
                    out.push_str(&format!(
                        "{} {:?}\n{}\n",
                        if good { "ok" } else { "WRONG" },
                        draft.language,
                        serde_json::to_string(&draft.offer).unwrap()
                    ));
                }
            }
        }
    }
    std::fs::write(std::env::temp_dir().join("estafette-eval-offers.txt"), format!("{right} of {all}\n{out}")).unwrap();
}

const AD: &str = "Développeur Rust (H/F)\nFerroTech, Lyon, France\n\nCDI - télétravail partiel (2 jours par semaine)\nSalaire : 45–55 k€\n\nQui sommes-nous ?\nFerroTech édite des logiciels pour l'industrie depuis 20 ans.\n\nVos missions\n- Concevoir des services en Rust et PostgreSQL\n- Participer aux revues de code\n\nProfil recherché\n- 3 à 5 ans d'expérience en développement backend\n- Bac+5 en informatique\n- Anglais courant\n- Esprit d'équipe\nUn plus : Kubernetes, Go\n\nAvantages\n- Mutuelle\n- Tickets restaurant\n";

fn text(text: &str) -> Result<OfferDraft, NotAnOffer> {
    extract_offer(&OfferSource { text: text.to_owned(), ..OfferSource::default() })
}

#[test]
fn r15_a_pasted_french_offer() {
    let draft = text(AD).unwrap();
    let offer = draft.offer;
    assert_eq!(draft.language.as_deref(), Some("fr"));
    assert_eq!(offer.title.as_deref(), Some("Développeur Rust (H/F)"));
    assert_eq!(offer.company.as_deref(), Some("FerroTech"));
    assert_eq!(offer.contract, Some(Contract::Cdi));
    assert_eq!(offer.location.city.as_deref(), Some("Lyon"));
    assert_eq!(offer.location.country.as_deref(), Some("France"));
    assert_eq!(offer.location.remote, Some(Remote::Hybrid));
    assert_eq!(
        (offer.salary.min, offer.salary.max, offer.salary.currency.as_deref()),
        (Some(45000.0), Some(55000.0), Some("EUR"))
    );
    assert_eq!((offer.experience.min_years, offer.experience.max_years), (Some(3.0), Some(5.0)));
    assert_eq!(
        (offer.education.level.as_deref(), offer.education.field.as_deref()),
        (Some("Bac+5"), Some("informatique"))
    );
    assert_eq!(
        offer.languages.first().map(|l| (l.language.as_str(), l.level.as_deref())),
        Some(("Anglais", Some("courant")))
    );
    assert!(
        ["Rust", "PostgreSQL", "travail d'équipe"].iter().all(|skill| offer.skills.required.iter().any(|s| s == skill)),
        "{:?}",
        offer.skills
    );
    assert!(
        ["Kubernetes", "Go"].iter().all(|skill| offer.skills.nice_to_have.iter().any(|s| s == skill)),
        "{:?}",
        offer.skills
    );
    assert_eq!(offer.responsibilities.len(), 2);
    assert_eq!(offer.benefits, ["Mutuelle", "Tickets restaurant"]);
}

#[test]
fn r15_unknown_values_are_null() {
    let draft = text("Software Engineer\nWe are looking for a software engineer to join our team and build web applications with us. You will write code, review it and talk with our customers about what they need. Apply with your resume.").unwrap();
    let offer = draft.offer;
    assert_eq!(
        (offer.contract, offer.salary, offer.experience.min_years, offer.location.city),
        (None, Default::default(), None, None)
    );
    assert_eq!(offer.education, Default::default());
}

#[test]
fn r15_what_is_no_offer_is_refused_with_a_sentence() {
    for (source, words) in [
        (OfferSource::default(), "too little"),
        (OfferSource { title: Some("404 Not Found".into()), text: "The page that you asked for is not here any more".into(), ..Default::default() }, "error"),
        (OfferSource { text: "<div><p>Apply</p></div>".repeat(20), ..Default::default() }, "source code"),
        (
            OfferSource {
                title: Some("Développeur Symfony : offres d'emploi en CDI".into()),
                text: "# Offres d'emploi\n- # Développeur Symfony H/F\nACME\nCDI\nParis\n- # Développeur PHP H/F\nFoo\nCDI\nLyon\n- # Lead dev H/F\nBar\nCDI\nNice voir plus de postes et candidater\nRecevoir les nouvelles offres".into(),
                ..Default::default()
            },
            "several",
        ),
        (OfferSource { text: "Actors are objects which encapsulate state and behaviour. ".repeat(40), ..Default::default() }, "does not read"),
    ] {
        let refused = extract_offer(&source).unwrap_err();
        assert!(refused.reason.contains(words), "{} / {words}", refused.reason);
    }
}

#[test]
fn r15_strange_input_neither_panics_nor_hangs() {
    let started = std::time::Instant::now();
    for text in [
        "a".repeat(200_000),
        "- x\n".repeat(50_000),
        "1 - 2 k€ ".repeat(22_000),
        "é\u{301}".repeat(60_000),
        "CDI à Paris, ".repeat(16_000),
        "[](".repeat(60_000),
        "&lt;p&gt;".repeat(20_000),
    ] {
        let _ = extract_offer(&OfferSource {
            title: Some(text.clone()),
            text: format!("{AD}\n{text}"),
            job_posting: Some(
                serde_json::json!({"@type": "JobPosting", "title": text, "description": text, "skills": text}),
            ),
            ..Default::default()
        });
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

/// Offers of trades and languages that no file of the measurement has.
#[test]
fn r15_offers_of_many_kinds() {
    let nurse = text("Infirmier / Infirmière de nuit (H/F)\nClinique des Lilas\nLieu : Bordeaux (33)\nType de contrat : CDD de 6 mois\n\nLa Clinique des Lilas recrute un infirmier de nuit pour son service de chirurgie.\n\nVos missions :\n- Assurer les soins infirmiers et la surveillance des patients\n- Transmettre les informations à l'équipe de jour\n\nVotre profil :\n- Diplôme d'État d'infirmier exigé\n- Débutants acceptés\n- Gestion du stress et travail en équipe\n\nSalaire : 2 300 € à 2 700 € brut par mois\n").unwrap().offer;
    assert_eq!(nurse.title.as_deref(), Some("Infirmier / Infirmière de nuit (H/F)"));
    assert_eq!((nurse.contract, nurse.location.city.as_deref()), (Some(Contract::Cdd), Some("Bordeaux")));
    assert_eq!(
        (nurse.salary.min, nurse.salary.max, nurse.salary.period),
        (Some(2300.0), Some(2700.0), Some(crate::cv::brain::types::SalaryPeriod::Month))
    );
    assert!(nurse.skills.required.iter().any(|skill| skill == "soins infirmiers"), "{:?}", nurse.skills);

    let sales = text("Account Executive\nAcme Ltd, Manchester, United Kingdom\n\nAbout us\nAcme is a software company founded 20 years ago.\n\nWhat you'll do\n- Own the full sales cycle\n- Negotiate contracts with key accounts\n\nWhat we're looking for\n- 3+ years of experience in B2B sales\n- Salesforce and HubSpot\n- Fluent English; German is a plus\n\nBenefits\n- £45,000 - £55,000 per annum plus commission\n- Hybrid working\n\nHow to apply: send us your CV.\n").unwrap().offer;
    assert_eq!((sales.title.as_deref(), sales.company.as_deref()), (Some("Account Executive"), Some("Acme Ltd")));
    assert_eq!(
        (sales.experience.min_years, sales.salary.min, sales.location.remote),
        (Some(3.0), Some(45000.0), Some(Remote::Hybrid))
    );
    assert_eq!(sales.languages.iter().map(|l| l.language.as_str()).collect::<Vec<_>>(), ["English", "German"]);
    assert!(sales.skills.required.iter().any(|skill| skill == "Salesforce"));

    let german = text("Senior Java Entwickler (m/w/d)\nMusterbank AG, Frankfurt\n\nDeine Aufgaben\n- Du entwickelst Microservices mit Spring Boot und Kafka\n\nDein Profil\n- Mindestens 5 Jahre Berufserfahrung mit Java\n- Sehr gute Deutschkenntnisse und gute Englischkenntnisse\n\nWir bieten\n- Unbefristeter Vertrag\n- Homeoffice\n- 60.000 - 75.000 EUR pro Jahr\n").unwrap();
    assert_eq!(german.language.as_deref(), Some("de"));
    let german = german.offer;
    assert_eq!(
        (german.title.as_deref(), german.contract, german.experience.min_years),
        (Some("Senior Java Entwickler (m/w/d)"), Some(Contract::Cdi), Some(5.0))
    );
    assert_eq!((german.salary.min, german.salary.max), (Some(60000.0), Some(75000.0)));
    assert!(
        ["Java", "Spring Boot", "Apache Kafka", "microservices"].iter().all(|name| german
            .skills
            .required
            .iter()
            .any(|skill| skill == name)),
        "{:?}",
        german.skills
    );

    let intern = text("Offre de stage : Assistant(e) marketing digital - Paris\n\nNotre startup recherche un(e) stagiaire pour 6 mois.\n\nMissions\n- Animer les réseaux sociaux\n- Rédiger des newsletters\n\nProfil\n- Bac+3/5 en école de commerce\n- Maîtrise du Pack Office et de Canva\n\nGratification : 800 € par mois\n").unwrap().offer;
    assert_eq!(
        (intern.contract, intern.location.city.as_deref(), intern.education.level.as_deref()),
        (Some(Contract::Stage), Some("Paris"), Some("Bac+3 à Bac+5"))
    );

    let freelance = text("Mission freelance : DevOps Kubernetes\n\nNous recherchons un DevOps confirmé pour une mission de 12 mois à Lille, 3 jours de télétravail par semaine.\n\nCompétences requises\n- Kubernetes, Helm, Terraform\n- GitLab CI\n- 5 ans d'expérience minimum\n\nTJM : 500-600 €\n").unwrap().offer;
    assert_eq!(
        (freelance.contract, freelance.location.city.as_deref(), freelance.location.remote),
        (Some(Contract::Freelance), Some("Lille"), Some(Remote::Hybrid))
    );
    assert_eq!(
        (freelance.salary.min, freelance.salary.max, freelance.experience.min_years),
        (Some(500.0), Some(600.0), Some(5.0))
    );
}

#[test]
fn r15_a_posting_comes_before_the_text() {
    let posting = serde_json::json!({"@type": "JobPosting", "title": "Data Engineer", "hiringOrganization": {"name": "Datacorp"},
        "description": "<p>We build pipelines.</p><h3>Requirements</h3><ul><li>Python and Airflow</li><li>4+ years of experience</li></ul><p>More words about the company and its people, so that this is a whole advertisement and not only a line of it, as boards like to do it.</p><p>And some more of them to be long enough for a real one.</p>",
        "employmentType": ["CONTRACTOR"], "validThrough": "1970-01-01",
        "jobLocation": {"address": {"addressLocality": "Nantes", "addressCountry": {"name": "France"}}},
        "baseSalary": {"currency": "EUR", "value": {"minValue": 50000, "maxValue": 60000, "unitText": "YEAR"}}});
    let source = OfferSource {
        title: Some("Data Engineer - Datacorp - Paris".into()),
        text: "# Data Engineer\nParis\nSimilar jobs\nCOBOL developer in Lyon, £20,000 per year".into(),
        job_posting: Some(posting),
        ..Default::default()
    };
    let offer = extract_offer(&source).unwrap().offer;
    assert_eq!(
        (offer.company.as_deref(), offer.location.city.as_deref(), offer.location.country.as_deref()),
        (Some("Datacorp"), Some("Nantes"), Some("France"))
    );
    assert_eq!(
        (offer.contract, offer.salary.min, offer.experience.min_years),
        (Some(Contract::Freelance), Some(50000.0), Some(4.0))
    );
    assert!(
        offer.skills.required.iter().any(|skill| skill == "Apache Airflow")
            && !offer.skills.required.iter().any(|skill| skill == "COBOL")
    );
}
