//! A CV to start from, for a job's title (P6), without a model: what the vocabulary knows of such a job.

use super::draft::{CvDraft, DraftBasics, DraftEducation, DraftGroup, DraftWork, Outline, OutlineInput, SectionInput};
use super::roles;
use super::text::Lang;

/// Jobs by an example of their title: skills, then duties in English and in French. The closest one is taken.
const JOBS: &[(&str, &str, &str, &str)] = &[
    (
        "Backend developer",
        "SQL; REST API; PostgreSQL; Git; Docker; automated testing",
        "Design and build services and their interfaces; Model data and tune queries; Test, deploy and watch what runs",
        "Concevoir et développer des services et leurs API; Modéliser les données et optimiser les requêtes; Tester, déployer et superviser",
    ),
    (
        "Frontend developer",
        "JavaScript; TypeScript; HTML; CSS; React; accessibility",
        "Build interfaces that everybody can use; Turn designs into components; Measure and improve loading times",
        "Développer des interfaces accessibles; Transformer des maquettes en composants; Mesurer et améliorer les temps de chargement",
    ),
    (
        "Full stack developer",
        "JavaScript; TypeScript; React; Node.js; SQL; Git",
        "Build features from the database to the interface; Review code and write tests; Deliver in short cycles with product and design",
        "Développer des fonctionnalités de la base de données à l'interface; Relire le code et écrire des tests; Livrer par cycles courts avec le produit et le design",
    ),
    (
        "DevOps engineer",
        "Linux; Docker; Kubernetes; Terraform; CI/CD; monitoring",
        "Automate builds and deployments; Keep services available and observable; Secure infrastructure as code",
        "Automatiser les builds et les déploiements; Garantir la disponibilité et l'observabilité; Sécuriser l'infrastructure as code",
    ),
    (
        "Data scientist",
        "Python; SQL; machine learning; statistics; data visualization",
        "Find questions that data can answer; Train and evaluate models; Explain results to those who decide",
        "Identifier les questions auxquelles les données répondent; Entraîner et évaluer des modèles; Expliquer les résultats aux décideurs",
    ),
    (
        "Data analyst",
        "SQL; Excel; Power BI; data visualization; statistics",
        "Collect and clean data; Build reports that people use; Explain trends and deviations",
        "Collecter et nettoyer les données; Construire des tableaux de bord utiles; Expliquer tendances et écarts",
    ),
    (
        "UX designer",
        "Figma; user research; prototyping; accessibility; design systems",
        "Talk with users and test with them; Design and prototype; Keep a design system consistent",
        "Échanger avec les utilisateurs et tester avec eux; Concevoir et prototyper; Faire vivre un design system",
    ),
    (
        "Product manager",
        "product management; user stories; product roadmap; stakeholder management; data analysis",
        "Decide what is built next, and why; Write down what users need; Measure what was delivered",
        "Décider de ce qui est construit et pourquoi; Formaliser les besoins des utilisateurs; Mesurer ce qui est livré",
    ),
    (
        "Project manager",
        "project management; planning; budgeting; stakeholder management; risk management",
        "Plan, budget and follow projects; Coordinate those involved; See risks early and act on them",
        "Planifier, budgéter et suivre les projets; Coordonner les intervenants; Anticiper les risques",
    ),
    (
        "Sales representative",
        "sales; negotiation; CRM; prospecting; communication",
        "Find and win customers; Negotiate offers; Keep relations alive after the sale",
        "Prospecter et gagner des clients; Négocier les offres; Entretenir la relation après la vente",
    ),
    (
        "Marketing manager",
        "marketing; SEO; content marketing; social media; web analytics",
        "Plan and run campaigns; Write and publish; Measure what they bring",
        "Planifier et mener des campagnes; Rédiger et publier; Mesurer les résultats",
    ),
    (
        "Office manager",
        "scheduling; Excel; invoicing; communication; organisation",
        "Run the office: suppliers, invoices, travel; Welcome visitors; Keep documents and calendars in order",
        "Gérer le bureau : fournisseurs, factures, déplacements; Accueillir les visiteurs; Tenir documents et agendas à jour",
    ),
    (
        "Accountant",
        "accounting; Excel; invoicing; payroll; tax",
        "Keep the books and close the periods; Prepare declarations; Watch payments and cash",
        "Tenir la comptabilité et clôturer les périodes; Préparer les déclarations; Suivre les paiements et la trésorerie",
    ),
    (
        "Human resources manager",
        "recruitment; labour law; payroll; interviewing; communication",
        "Recruit and welcome new colleagues; Accompany careers and training; Answer questions about contracts",
        "Recruter et intégrer; Accompagner les carrières et la formation; Répondre aux questions sur les contrats",
    ),
    (
        "Nurse",
        "patient care; teamwork; first aid; medical records; communication",
        "Care for patients and their families; Give treatments and watch their effects; Keep records and hand over",
        "Prendre soin des patients et de leurs proches; Administrer les traitements et en suivre les effets; Tenir le dossier et transmettre",
    ),
    (
        "Teacher",
        "teaching; lesson planning; communication; assessment; class management",
        "Plan and give lessons; Follow each student's progress; Work with parents and colleagues",
        "Préparer et donner les cours; Suivre les progrès de chaque élève; Travailler avec les parents et les collègues",
    ),
    (
        "Mechanical technician",
        "maintenance; technical drawing; safety; diagnosis; teamwork",
        "Maintain and repair machines; Find causes of failures; Respect and improve safety",
        "Entretenir et réparer les machines; Diagnostiquer les pannes; Respecter et améliorer la sécurité",
    ),
    (
        "Cook",
        "food hygiene; menu planning; teamwork; stock management",
        "Prepare dishes in time; Keep to hygiene rules; Manage stocks and orders",
        "Préparer les plats dans les temps; Respecter les règles d'hygiène; Gérer stocks et commandes",
    ),
    (
        "Warehouse operator",
        "logistics; stock management; forklift; safety; teamwork",
        "Receive, store and prepare orders; Keep stocks exact; Work safely",
        "Réceptionner, ranger et préparer les commandes; Tenir des stocks exacts; Travailler en sécurité",
    ),
];

/// A title is of a job when it is at least so close.
const CLOSE: f64 = 0.55;

fn list(text: &str) -> Vec<String> {
    text.split(';').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
}

fn french(language: &str) -> bool {
    Lang::parse(language) == Some(Lang::Fr)
}

/// The answer of step `outline`.
///
/// # Errors
/// A sentence: the rules write English and French only.
pub fn outline(input: &OutlineInput) -> Result<Outline, String> {
    let lang = Lang::parse(&input.language).filter(|lang| lang.is_written());
    let lang = lang.ok_or_else(|| not_written(&input.language))?;
    let job = JOBS
        .iter()
        .map(|job| (roles::closeness(&input.title, job.0), job))
        .filter(|(close, _)| *close >= CLOSE)
        .reduce(|best, other| if other.0 > best.0 { other } else { best });
    let name = |skill: String| {
        super::skills::lookup(&skill).and_then(super::skills::get).map_or(skill, |known| known.name_in(lang).to_owned())
    };
    let (skills, duties) = match job {
        Some((_, (_, skills, en, fr))) => (list(skills), list(if lang == Lang::Fr { fr } else { en })),
        None if lang == Lang::Fr => {
            (list("communication; teamwork; organisation"), list("[Votre première mission]; [Votre deuxième mission]"))
        }
        None => (list("communication; teamwork; organisation"), list("[Your first duty]; [Your second duty]")),
    };
    Ok(Outline { label: input.title.clone(), skills: skills.into_iter().map(name).collect(), duties, degree: None })
}

pub(super) fn not_written(language: &str) -> String {
    format!(
        "the offline model writes English and French, not `{language}`: choose one of them, or configure an OpenAI-compatible endpoint"
    )
}

/// The answer of step `section`.
pub fn section(input: &SectionInput) -> CvDraft {
    let fr = french(&input.language);
    let say = |english: &str, french: &str| Some((if fr { french } else { english }).to_owned());
    let outline = &input.outline;
    let mut draft = CvDraft::default();
    match input.section.as_str() {
        "basics" => {
            let skills = super::say::list(
                if fr { Lang::Fr } else { Lang::En },
                &outline.skills.iter().take(3).cloned().collect::<Vec<_>>(),
            );
            draft.basics = DraftBasics {
                name: say("[First and last name]", "[Prénom et nom]"),
                label: Some(outline.label.clone()),
                summary: if fr {
                    Some(format!(
                        "{} avec [nombre] ans d'expérience. Points forts : {skills}. [Ce que vous cherchez.]",
                        outline.label
                    ))
                } else {
                    Some(format!(
                        "{} with [number] years of experience. Strong in {skills}. [What you are looking for.]",
                        outline.label
                    ))
                },
                ..DraftBasics::default()
            };
        }
        "work" => {
            draft.work = vec![DraftWork {
                name: say("[Employer]", "[Employeur]"),
                position: Some(outline.label.clone()),
                location: say("[City]", "[Ville]"),
                start_date: say("[Start]", "[Début]"),
                end_date: say("[End]", "[Fin]"),
                summary: None,
                highlights: outline.duties.clone(),
            }];
        }
        "education" => {
            draft.education = vec![DraftEducation {
                institution: say("[School]", "[Établissement]"),
                area: say("[Field of study]", "[Domaine]"),
                study_type: outline.degree.clone().or_else(|| say("[Degree]", "[Diplôme]")),
                end_date: say("[Year]", "[Année]"),
                ..DraftEducation::default()
            }];
        }
        "skills" => {
            draft.skills = vec![DraftGroup { name: say("Skills", "Compétences"), keywords: outline.skills.clone() }];
        }
        _ => {}
    }
    draft
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_a_title_gives_the_skills_of_its_job_in_the_language_asked_for() {
        let of =
            |title: &str, language: &str| outline(&OutlineInput { title: title.into(), language: language.into() });
        let dev = of("Développeur·se Backend", "fr").unwrap();
        assert!(dev.skills.contains(&"PostgreSQL".to_owned()) && dev.duties[0].starts_with("Concevoir"), "{dev:?}");
        let unknown = of("Astrologer", "en").unwrap();
        assert!(!unknown.skills.is_empty() && unknown.duties[0].starts_with('['), "{unknown:?}");
        assert!(of("Cook", "de").unwrap_err().contains("English and French"));
    }
}
