//! What the tests work on.

use crate::cv::brain::extract_offer;
use crate::cv::brain::types::{JobOffer, OfferSource, ScoreInput, StepInput};
use crate::extract::markdown;
use serde_json::{Value, json};
use std::sync::LazyLock;

pub(super) const TODAY: &str = "2026-11-21";

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Published CVs, and some of people who are no developers.
pub(super) fn cvs() -> Vec<(&'static str, Value)> {
    static CVS: LazyLock<Vec<(&'static str, Value)>> = LazyLock::new(read_cvs);
    CVS.clone()
}

fn read_cvs() -> Vec<(&'static str, Value)> {
    vec![
        ("jane", read(include_str!("../../../demo/cvs/en-jane-developer-complete.json"))),
        ("maya", read(include_str!("../../../demo/cvs/en-maya-okonkwo-new-grad.json"))),
        ("richard", read(include_str!("../../../demo/cvs/en-richard-hendriks-3-jobs.json"))),
        ("samantha", read(include_str!("../../../demo/cvs/en-samantha-jones-story.json"))),
        ("max", read(include_str!("../../../demo/cvs/de-max-mueller.json"))),
        ("charles", read(include_str!("../../../demo/cvs/fr-charles-desneuf-16-jobs-redacted.json"))),
        ("office", office_manager()),
        ("designer", designer()),
        ("odd", odd()),
    ]
}

pub(super) fn cv(name: &str) -> Value {
    cvs().into_iter().find(|(found, _)| *found == name).unwrap().1
}

pub(super) fn office_manager() -> Value {
    json!({
        "basics": {"name": "Chloé Martin", "label": "Office manager", "summary": "Organised office manager who keeps a team of 30 running."},
        "work": [
            {"name": "Atelier Nord", "position": "Office manager", "startDate": "2019-02", "summary": "Runs the office: suppliers, invoices, travel.",
             "highlights": ["Negotiated supplier contracts", "Prepared payroll with the accountant", "Welcomed visitors"]},
            {"name": "Cabinet Leroy", "position": "Assistante administrative", "startDate": "2014-09", "endDate": "2019-01", "highlights": ["Scheduling", "Data entry in Excel"]}
        ],
        "education": [{"institution": "Lycée Bellevue", "area": "Secretarial work", "studyType": "BTS"}],
        "skills": [{"name": "Office", "keywords": ["Excel", "Word", "Scheduling", "Invoicing", "Communication"]}],
        "languages": [{"language": "French"}, {"language": "English"}]
    })
}

pub(super) fn designer() -> Value {
    json!({
        "basics": {"name": "Sam Diaz", "label": "UX/UI Designer", "summary": "Designer of public digital services."},
        "work": [
            {"name": "Service Lab", "position": "UX Designer", "startDate": "2020-01", "summary": "User research and prototyping in Figma for accessibility.",
             "highlights": ["Ran 40 usability tests", "Built a design system in Figma"]},
            {"name": "Studio Kiwi", "position": "UI designer", "startDate": "2016", "endDate": "2019", "highlights": ["Wireframes and mockups"]}
        ],
        "education": [{"institution": "Design School", "area": "Interaction design", "studyType": "Master"}],
        "skills": [{"name": "Design", "keywords": ["Figma", "Prototyping", "User research", "Accessibility", "Wireframing"]}]
    })
}

/// Nothing is where it should be.
pub(super) fn odd() -> Value {
    json!({
        "basics": {"firstname": "A", "location": "Lyon", "summary": null, "label": 7},
        "work": ["a text", null, {"company": "X", "position": "Développeur PHP", "startDate": "Present", "endDate": "2012"},
                 {"name": 3, "position": ["list"], "startDate": "2022", "endDate": "2020", "highlights": "not a list"},
                 {"name": "Y", "highlights": [1, "PHP", null]}],
        "projects": {"not": "a list"},
        "skills": ["PHP", {"group": "Tools", "keywords": ["Git", "Docker"]}, 5],
        "education": [{}], "languages": "français", "additional": [{"PHP": "8"}],
    })
}

/// The offers that were read from real pages, and some by hand.
pub(super) fn offers() -> Vec<(&'static str, JobOffer)> {
    static OFFERS: LazyLock<Vec<(&'static str, JobOffer)>> = LazyLock::new(read_offers);
    OFFERS.clone()
}

fn read_offers() -> Vec<(&'static str, JobOffer)> {
    vec![
        ("sre-en", page(include_str!("../../../demo/jobs/en-cds-platform-sre.md"))),
        ("python-en", page(include_str!("../../../demo/jobs/en-cds-senior-python-developer.md"))),
        ("sre-fr", page(include_str!("../../../demo/jobs/fr-cds-platform-sre.md"))),
        (
            "react-en",
            by_hand(json!({
            "title": "Senior Full Stack Engineer", "company": "Northwind", "experience": {"min_years": 5},
            "skills": {"required": ["React", "TypeScript", "Node.js", "PostgreSQL", "teamwork"], "nice_to_have": ["GraphQL", "Kubernetes", "Rust"]},
            "languages": [{"language": "English"}], "education": {"level": "Bachelor", "field": "Computer Science"},
            "responsibilities": ["Build scalable web applications with React and Node.js", "Mentor junior developers"]})),
        ),
        (
            "symfony-fr",
            by_hand(json!({
            "title": "Développeur Symfony (H/F)", "company": "Maison Claire", "experience": {"min_years": 3},
            "skills": {"required": ["PHP", "Symfony", "API REST", "tests automatisés", "travail d'équipe"], "nice_to_have": ["Docker", "Domain-Driven Design"]},
            "languages": [{"language": "Français"}],
            "responsibilities": ["Développer des applications web avec PHP et Symfony", "Participer aux revues de code avec l'équipe"]})),
        ),
        (
            "office-fr",
            by_hand(json!({
            "title": "Assistante administrative", "company": "Mairie de Sainte-Foy",
            "skills": {"required": ["Excel", "accueil", "facturation", "communication"], "nice_to_have": []},
            "responsibilities": ["Accueillir les visiteurs et tenir l'agenda de l'équipe", "Suivre les factures et les contrats des fournisseurs"]})),
        ),
        (
            "ux-en",
            by_hand(json!({
            "title": "UX Designer", "company": "City Council",
            "skills": {"required": ["Figma", "user research", "prototyping", "accessibility"], "nice_to_have": ["design systems"]},
            "responsibilities": ["Run usability tests with users and design prototypes for public services"]})),
        ),
        ("empty", JobOffer::default()),
    ]
}

pub(super) fn offer(name: &str) -> JobOffer {
    offers().into_iter().find(|(found, _)| *found == name).unwrap().1
}

fn by_hand(value: Value) -> JobOffer {
    serde_json::from_value(value).unwrap()
}

pub(super) fn page(text: &str) -> JobOffer {
    let parsed = markdown::parse(text);
    let source = OfferSource { text: parsed.text, meta: parsed.facts, ..OfferSource::default() };
    extract_offer(&source).unwrap().offer
}

pub(super) fn step(cv: &Value, offer: Option<&JobOffer>) -> StepInput {
    StepInput { cv: cv.clone().into(), offer: offer.cloned(), today: Some(TODAY.into()), ..StepInput::default() }
}

pub(super) fn to_score(cv: &Value, offer: &JobOffer) -> ScoreInput {
    ScoreInput { cv: cv.clone().into(), offer: offer.clone(), language: None, today: Some(TODAY.into()) }
}
