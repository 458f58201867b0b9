//! Titles and companies out of page titles, headings and sentences.

use super::*;
use crate::cv::brain::text::lines;

#[test]
fn r15_title_and_company_from_the_page_title() {
    for (title, job, company) in [
        ("Ubiquiti hiring C/C++ Developer in Pilsen, Plzeň, Czech Republic | LinkedIn", "C/C++ Developer", "Ubiquiti"),
        ("Développeur Symfony - L'olivier Assurance - CDI à Paris", "Développeur Symfony", "L'olivier Assurance"),
        (
            "Junior DevOps / Cloud Engineer at Werum IT Solutions - Stack Overflow",
            "Junior DevOps / Cloud Engineer",
            "Werum IT Solutions",
        ),
        ("Remote Software Engineer II at Comscore", "Software Engineer II", "Comscore"),
        (
            "Bluelight Consulting: DevOps Engineer, Kubernetes, AWS/GCP",
            "DevOps Engineer, Kubernetes, AWS/GCP",
            "Bluelight Consulting",
        ),
        ("Network Reliability Engineer – ComSource s.r.o.", "Network Reliability Engineer", "ComSource s.r.o."),
        ("Chef de projet digital (H/F) | Doctolib | Welcome to the Jungle", "Chef de projet digital (H/F)", "Doctolib"),
        ("Office Manager chez Alan", "Office Manager", "Alan"),
    ] {
        let found = read(
            &OfferSource { title: Some(title.into()), ..OfferSource::default() },
            &BTreeMap::new(),
            &[],
            &[],
            &Posting::default(),
        );
        assert_eq!((found.title.as_deref(), found.company.as_deref()), (Some(job), Some(company)), "{title}");
    }
}

#[test]
fn r15_title_and_company_from_a_pasted_text() {
    let page = lines(
        "Job Description: Senior Full Stack Engineer (5+ Years of Experience)\nTech Solutions, San Francisco, CA, USA\n\nAbout Us\n",
    );
    let found = read(&OfferSource::default(), &BTreeMap::new(), &page, &[], &Posting::default());
    assert_eq!(found.title.as_deref(), Some("Senior Full Stack Engineer"));
    assert_eq!(found.company.as_deref(), Some("Tech Solutions"));
    let page = lines(
        "Job Description: Staff Engineer for Payments and\nLedger Systems (Rust,\nRemote)\nTech Solutions, Paris, France\n",
    );
    let found = read(&OfferSource::default(), &BTreeMap::new(), &page, &[], &Posting::default());
    assert_eq!(found.title.as_deref(), Some("Staff Engineer for Payments and Ledger Systems"), "two lines at most");
    let page = lines("Senior Backend Engineer (Rust,\nPostgreSQL)\nTech Solutions, Paris, France\n");
    let found = read(&OfferSource::default(), &BTreeMap::new(), &page, &[], &Posting::default());
    assert_eq!(found.title.as_deref(), Some("Senior Backend Engineer (Rust, PostgreSQL)"));
    assert_eq!(found.company.as_deref(), Some("Tech Solutions"));
    let page =
        lines("# Software Engineer\n# AdaptavistToronto, Ontario, Canada\nSee who Adaptavist has hired for this role");
    let found = read(&OfferSource::default(), &BTreeMap::new(), &page, &[], &Posting::default());
    assert_eq!((found.title.as_deref(), found.company.as_deref()), (Some("Software Engineer"), Some("Adaptavist")));
}

#[test]
fn r15_a_files_word_for_the_company_is_written_as_its_text_writes_it() {
    let page = lines("# REVA recrute une ou un UX/UI\nL'outil Carnet de bord centralise les données.\n");
    for (word, company) in [
        ("reva", "REVA"),
        ("carnet.de.bord", "Carnet de bord"),
        ("Démarches Simplifiées", "Démarches Simplifiées"),
        ("nowhere-to-be-read", "nowhere-to-be-read"),
    ] {
        let meta = [("startup".to_owned(), word.to_owned())].into_iter().collect();
        let source = OfferSource { meta, ..OfferSource::default() };
        let found = read(&source, &BTreeMap::new(), &page, &[], &Posting::default());
        assert_eq!(found.company.as_deref(), Some(company));
    }
}
