//! The headings that part a CV, in English, French, German and Spanish.

use crate::cv::brain::text::fold;

/// What a part of a CV is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    /// Above the first heading.
    Header,
    /// About the person, in prose.
    Summary,
    /// Experiences.
    Work,
    /// Schools and degrees.
    Education,
    /// What they can do.
    Skills,
    /// Human languages.
    Languages,
    /// Projects.
    Projects,
    /// For others, unpaid.
    Volunteer,
    /// Certificates.
    Certificates,
    /// Awards.
    Awards,
    /// Publications.
    Publications,
    /// Interests.
    Interests,
    /// How to reach them.
    Contact,
    /// Anything else.
    Other,
}

use Section::{
    Awards, Certificates, Contact, Education, Interests, Languages, Other, Projects, Publications, Skills, Summary,
    Volunteer, Work,
};

/// Folded headings; a `*` at the end stands for anything.
const HEADINGS: &[(Section, &str)] = &[
    (
        Summary,
        "summary;professional summary;executive summary;career summary;profile;professional profile;personal profile;about;about me;objective;career objective;professional objective;personal statement;overview;introduction;highlights;career highlights;summary of qualifications;qualifications summary;profil;profil professionnel;a propos;a propos de moi;qui suis-je;objectif;objectif professionnel;objectifs;presentation;resume;en bref;accroche;synthese;uber mich;kurzprofil;perfil;perfil profesional;sobre mi;extracto;resumen",
    ),
    (
        Work,
        "experience;experiences;work experience;work experiences;professional experience;professional experiences;relevant experience;relevant work experience;employment;employment history;employment experience;work history;career history;career;career path;professional background;professional history;work;positions;positions held;internships;internship;internship experience;industry experience;research experience;research;teaching experience;teaching;consulting experience;selected experience;additional experience;other experience;military experience;military service;where i've worked;what i've done;experience professionnelle;experiences professionnelles;parcours professionnel;parcours;emplois;emploi;stages;stage;stages et emplois;experiences et stages;historique professionnel;carriere;missions;mes experiences;vie professionnelle;berufserfahrung;beruflicher werdegang;werdegang;praktika;praxiserfahrung;experiencia;experiencia laboral;experiencia profesional;vocacional",
    ),
    (
        Education,
        "education;educations;education and training;education & training;academic background;academic history;academic education;academics;academic qualifications;qualifications;studies;degrees;schooling;educational background;formation;formations;formation et diplomes;formations et diplomes;diplomes;diplomes et formations;diplomes et formation;formation academique;formation initiale;parcours academique;parcours scolaire;parcours universitaire;etudes;cursus;cursus universitaire;scolarite;ausbildung;bildung;studium;bildungsweg;formacion;formacion academica;educacion;estudios",
    ),
    (
        Skills,
        "skills;top skills;principales competences;technical skills;key skills;core skills;hard skills;soft skills;professional skills;skill set;skillset;skills summary;skills and tools;skills & tools;skills and technologies;technical proficiencies;technical expertise;core competencies;competencies;areas of expertise;expertise;technologies;tech stack;technical stack;stack;tools;tools and technologies;computer skills;it skills;digital skills;programming;programming languages;programming skills;toolbox;what i know;technical summary;competences;competences techniques;competences cles;competences professionnelles;competences informatiques;competences metier;competences metiers;competences transversales;competences et outils;savoir-faire;savoir-etre;savoir faire;savoir etre;aptitudes;informatique;outils;outils informatiques;logiciels;qualites;atouts;langages;langages et outils;domaines de competence;domaines de competences;environnement technique;kenntnisse;fahigkeiten;edv-kenntnisse;it-kenntnisse;kompetenzen;habilidades;competencias;conocimientos;conocimientos de computacion;aptitudes y conocimientos",
    ),
    (
        Languages,
        "languages;language skills;spoken languages;languages spoken;foreign languages;langues;langues etrangeres;langues parlees;competences linguistiques;sprachen;sprachkenntnisse;idiomas",
    ),
    (
        Projects,
        "projects;project;personal projects;side projects;academic projects;selected projects;key projects;notable projects;open source;open-source;open source projects;open source contributions;project experience;portfolio;projets;projet;projets personnels;projets academiques;projets realises;realisations;projekte;proyectos",
    ),
    (
        Volunteer,
        "volunteer;volunteering;volunteer experience;volunteer work;voluntary work;voluntary experience;community;community service;community involvement;on campus involvement;campus involvement;involvement;extracurricular;extracurricular activities;extra-curricular activities;extracurriculars;leadership;leadership experience;leadership and activities;leadership & activities;activities;activities and leadership;benevolat;experience associative;experiences associatives;vie associative;engagement associatif;engagements associatifs;engagements;activites extra-professionnelles;activites associatives;ehrenamt;voluntariado",
    ),
    (
        Certificates,
        "certificates;certificate;certifications;certification;licenses and certifications;licenses & certifications;licences and certifications;licenses;courses and certifications;certifications and training;training and certifications;training;trainings;professional development;courses;certificats;formations complementaires;formation continue;habilitations;zertifikate;weiterbildung;certificaciones;cursos",
    ),
    (
        Awards,
        "awards;honors;honours;honors & awards;honors and awards;awards and honors;awards & honors;honors/awards;awards and achievements;awards & achievements;scholarships;prizes;distinctions;prix;prix et distinctions;distinctions et prix;recompenses;bourses;auszeichnungen;premios",
    ),
    (
        Publications,
        "publications;selected publications;papers;articles;patents;patents and publications;publications and patents;talks and publications;brevets;veroffentlichungen;publicaciones",
    ),
    (
        Interests,
        "interests;hobbies;hobbies and interests;hobbies & interests;interests and hobbies;personal interests;centres d'interet;centres d'interets;centre d'interet;centre d'interets;centres d'interet et loisirs;interets;loisirs;loisirs et interets;passions;hobbies et interets;activites et loisirs;interessen;hobbys;aficiones;intereses",
    ),
    (
        Contact,
        "contact;contacts;contact me;contact information;contact details;links;personal details;personal information;details;social;find me online;coordonnees;informations personnelles;informations;infos;me contacter;liens;etat civil;kontakt;personliche daten;contacto;datos personales",
    ),
    (
        Other,
        "references;referees;strengths;achievements;key achievements;focus areas;coursework;relevant coursework;courses taken;misc;miscellaneous;divers;other;additional information;additional;autres;informations complementaires;miscelaneo;thesis;tesis de maestria;extra*;memberships;affiliations;professional affiliations;professional memberships;permis;mobilite;graduate;undergraduate;declaration;footnotes;quotes;my time;life philosophy;points forts",
    ),
];

/// Longest heading, characters.
const HEADING_CHARS_MAX: usize = 48;
/// Words that may stand before a known heading (`Relevant Work Experience`).
const BEFORE: &[&str] = &[
    "my",
    "relevant",
    "selected",
    "other",
    "additional",
    "key",
    "main",
    "recent",
    "professional",
    "technical",
    "mes",
    "principales",
    "principaux",
    "autres",
    "quelques",
    "core",
    "top",
    "notable",
    "academic",
    "personal",
];

fn plain(text: &str) -> String {
    let folded = fold(text);
    let trimmed = folded.trim_matches(|c: char| !c.is_alphanumeric());
    trimmed.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn known(plain: &str) -> Option<Section> {
    HEADINGS
        .iter()
        .find(|(_, names)| {
            names.split(';').any(|name| match name.strip_suffix('*') {
                Some(start) => plain.split(' ').next() == Some(start) && plain.len() < start.len() + 4,
                None => name == plain,
            })
        })
        .map(|(section, _)| *section)
}

/// The section that a line begins, if it is a heading.
pub fn section(line: &str) -> Option<Section> {
    if line.chars().count() > HEADING_CHARS_MAX || line.contains("  ") || line.ends_with(['.', ',']) {
        return None;
    }
    let plain = plain(line);
    if plain.is_empty() {
        return None;
    }
    known(&plain).or_else(|| {
        // "Skills & Interests", "Formation / Diplômes": the first half decides.
        let half = plain.split([',', '/', '&', '+']).next().unwrap_or("").split(" and ").next().unwrap_or("");
        let half = half.split(" et ").next().unwrap_or("").trim();
        if half.len() < plain.len() && plain.split(' ').count() <= 5 && half.len() > 3 {
            return known(half);
        }
        let (first, rest) = plain.split_once(' ')?;
        BEFORE.contains(&first).then(|| known(rest)).flatten()
    })
}

/// A heading with its content on the same line (`Langues : anglais, allemand`).
pub fn inline(line: &str) -> Option<(Section, &str)> {
    let (head, rest) = line.split_once(':')?;
    let rest = rest.trim();
    if rest.is_empty() || head.split_whitespace().count() > 3 {
        return None;
    }
    known(&plain(head)).filter(|section| *section != Other && *section != Contact).map(|section| (section, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_many_kinds() {
        for (line, expected) in [
            ("WORK EXPERIENCE", Some(Work)),
            ("Expériences professionnelles :", Some(Work)),
            ("Formation", Some(Education)),
            ("HONORS/AWARDS", Some(Awards)),
            ("Skills & Interests", Some(Skills)),
            ("Centres d’intérêt", Some(Interests)),
            ("My projects", Some(Projects)),
            ("ON CAMPUS INVOLVEMENT", Some(Volunteer)),
            ("Northwind Systems", None),
            ("Experience with Go and Rust.", None),
            ("Extra 2", Some(Other)),
        ] {
            assert_eq!(section(line), expected, "{line}");
        }
        assert_eq!(inline("Langues : anglais, allemand"), Some((Languages, "anglais, allemand")));
        assert_eq!(inline("Budget: 3 M€"), None);
    }
}
