use super::*;
use std::time::Instant;

const OFFER: &str = r#"<!DOCTYPE html><html lang="fr-FR"><head><title>
  Développeur  Rust – Exemple</title><meta property="og:site_name" content="Exemple"><meta name="Description" content="Un poste">
<link rel="canonical" href="https://exemple.test/offres/1">
<script type="application/ld+json">{"@context":"https://schema.org","@type":"JobPosting","title":"Développeur Rust"}</script>
<style>p{color:red}</style></head><body class="cookies-enabled">
<header class="site"><a href="/">Accueil</a></header><nav><ul><li>Offres</li></ul></nav>
<div id="cookie-banner"><p>Nous utilisons des cookies.</p></div>
<article><header><h1>Développeur Rust</h1></header>
<p>Nous cherchons <b>quelqu</b>'un&nbsp;pour l&#39;équipe.<br>À Lyon.</p>
<h2>Profil</h2><ul><li><p>Rust</p></li><li>SQL &amp; Postgres</li></ul>
<p>• Curieux</p>
<table><tr><th>Contrat</th><td>CDI</td></tr></table>
<p hidden>caché</p><p style="display: none">caché aussi</p><button>Postuler</button></article>
<aside>Autres offres</aside><div class="similar-jobs"><p>Développeur Go</p></div><footer>Mentions légales</footer>
<script>var x = "<p>script</p>";</script></body></html>"#;

#[test]
fn a_page_gives_its_matter_and_its_facts() {
    let page = parse(OFFER).unwrap();
    assert_eq!(page.title.as_deref(), Some("Développeur Rust – Exemple"));
    assert_eq!(page.lang.as_deref(), Some("fr"));
    assert_eq!(page.canonical.as_deref(), Some("https://exemple.test/offres/1"));
    assert_eq!(page.meta["og:site_name"], "Exemple");
    assert_eq!(page.meta["description"], "Un poste");
    assert_eq!(page.job_postings[0]["title"], "Développeur Rust");
    let expected = "# Développeur Rust\n\nNous cherchons quelqu'un pour l'équipe.\nÀ Lyon.\n\n## Profil\n\n- Rust\n- SQL & Postgres\n\n\
                    - Curieux\n\nContrat | CDI";
    assert_eq!(page.text, expected);
}

#[test]
fn a_fragment_without_a_page_around_it_is_read() {
    let page = parse("---\ntitle: x\n---\n<h2>Role</h2><p>Build <a href=x>things</a></p>").unwrap();
    assert_eq!(page.text, "## Role\n\nBuild things");
}

#[test]
fn what_is_named_like_a_banner_but_holds_the_matter_is_kept() {
    let text = "We look for somebody who builds things that last. ".repeat(20);
    let page = parse(&format!("<body><form class='modal'><p>{text}</p></form></body>")).unwrap();
    assert!(page.text.contains("builds things"));
    let page =
        parse(&format!("<body><div class='sharepoint-page'><p>{text}</p></div><p>{text}{text}</p></body>")).unwrap();
    assert_eq!(page.text.lines().filter(|line| !line.is_empty()).count(), 2);
}

#[test]
fn labels_next_to_each_other_do_not_run_together() {
    let page = parse("<p><span>Full-Time</span><span>Prague</span> <b>D</b>eveloper</p>").unwrap();
    assert_eq!(page.text, "Full-Time Prague Developer");
}

#[test]
fn descriptions_are_read_as_html_escaped_html_or_plain_text() {
    assert_eq!(fragment_text("<p>a</p><ul><li>b</li></ul>"), "a\n\n- b");
    assert_eq!(fragment_text("&lt;p&gt;a&lt;/p&gt;&lt;p&gt;b &amp;amp; c&lt;/p&gt;"), "a\n\nb & c");
    assert_eq!(fragment_text("a\n\n• b & c < d\n• e"), "a\n\n- b & c < d\n- e");
    assert_eq!(fragment_text("one\\ntwo\\nthree\\nfour"), "one\ntwo\nthree\nfour");
}

#[test]
fn a_hundred_thousand_nested_elements_are_read_flat() {
    let started = Instant::now();
    let deep = format!("{}<p>the matter</p>{}", "<div>".repeat(100_000), "</div>".repeat(100_000));
    assert_eq!(parse(&deep).unwrap().text, "the matter");
    let unclosed = format!("{}text", "<b><i><span>".repeat(50_000));
    assert!(parse(&unclosed).unwrap().text.contains("text"));
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[test]
fn hostile_pages_end_in_time() {
    let started = Instant::now();
    let attributes: String = (0..400_000).map(|index| format!(" a{index}=1")).collect();
    for page in [
        format!("<p{attributes}>x</p>"),
        "<table><tr><td>".repeat(100_000),
        "<a><b>".repeat(200_000),
        "<svg><desc>".repeat(50_000),
        "<!--".repeat(100_000),
    ] {
        // Either outcome is fine; what counts is that there is one.
        let _ = parse(&page);
    }
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}

#[test]
fn a_page_beyond_the_bound_is_refused() {
    let big = "x".repeat(PAGE_BYTES_MAX + 1);
    assert_eq!(parse(&big), Err(HtmlError::TooLarge { bytes: PAGE_BYTES_MAX + 1 }));
}

#[test]
fn any_prefix_of_a_page_can_be_read() {
    for (end, _) in OFFER.char_indices() {
        parse(&OFFER[..end]).unwrap();
        fragment_text(&OFFER[..end]);
    }
}
