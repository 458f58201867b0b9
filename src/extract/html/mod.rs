//! The readable text of a page, its facts, its JSON-LD, the job postings in it.

mod boilerplate;
mod json_ld;
mod text;
mod tree;

use ego_tree::NodeRef;
use estafette_actors::error::StepError;
use scraper::Node;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Longest page that is parsed, bytes of UTF-8.
pub const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest text that is kept, characters; a job offer has a few thousand.
pub const TEXT_CHARS_MAX: usize = 200_000;
/// Facts kept from `<meta>`, and the longest one.
const META_MAX: usize = 100;
const META_CHARS_MAX: usize = 2_000;

/// Why a page gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HtmlError {
    /// More than [`PAGE_BYTES_MAX`].
    #[error("the page has {bytes} bytes, more than {PAGE_BYTES_MAX}; paste the offer's text instead")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Parsing took too long: the page is built to be hard.
    #[error("the page is too intricate to read; paste the offer's text instead")]
    TooComplex,
    /// The reader itself failed.
    #[error("the page cannot be read; paste the offer's text instead")]
    Broken,
}

impl HtmlError {
    /// The word in events and tasks.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "page_too_large",
            Self::TooComplex => "page_too_complex",
            Self::Broken => "page_broken",
        }
    }
}

impl From<HtmlError> for StepError {
    /// Final: the same page gives the same error.
    fn from(error: HtmlError) -> Self {
        Self::fatal(error.code(), error.to_string())
    }
}

/// What a page says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// `<title>`, one line.
    pub title: Option<String>,
    /// The language that the page declares, lower case primary tag (`fr`); not always that of the offer in it.
    pub lang: Option<String>,
    /// The address that the page declares as its own.
    pub canonical: Option<String>,
    /// `<meta name|property=… content=…>` by lower-case name: `description`, `og:title`, `og:site_name`, …
    pub meta: BTreeMap<String, String>,
    /// The readable text: a line per block, `# ` before headings, `- ` before list items, blank lines between
    /// paragraphs; menus, banners, forms and footers left out.
    pub text: String,
    /// Every JSON-LD block that can be read.
    pub json_ld: Vec<Value>,
    /// JSON-LD blocks that cannot be read even leniently.
    pub json_ld_broken: usize,
    /// Every schema.org `JobPosting` found in `json_ld`, at any depth.
    pub job_postings: Vec<Value>,
}

/// Reads a page on the blocking pool.
///
/// # Errors
/// See [`HtmlError`].
pub async fn page(html: String) -> Result<Page, HtmlError> {
    tokio::task::spawn_blocking(move || parse(&html)).await.unwrap_or(Err(HtmlError::Broken))
}

/// Reads a page. Bounded work: at most about three seconds.
///
/// # Errors
/// See [`HtmlError`].
pub fn parse(html: &str) -> Result<Page, HtmlError> {
    if html.len() > PAGE_BYTES_MAX {
        return Err(HtmlError::TooLarge { bytes: html.len() });
    }
    let (_, body) = super::markdown::split_front_matter(html);
    let html = tree::parse(body)?;
    let mut page = Page::default();
    let mut blocks = Vec::new();
    for node in html.tree.root().descendants() {
        let Some(element) = node.value().as_element() else { continue };
        match element.name() {
            "html" => page.lang = element.attr("lang").or_else(|| element.attr("xml:lang")).and_then(primary_tag),
            // The first title is the page's; those of pictures come later.
            "title" if page.title.is_none() => page.title = one_line(&raw_text(node)),
            "link" if element.attr("rel").is_some_and(|rel| rel.eq_ignore_ascii_case("canonical")) => {
                page.canonical = element.attr("href").and_then(one_line);
            }
            "meta" if page.meta.len() < META_MAX => {
                let name = element.attr("property").or_else(|| element.attr("name"));
                let name = name.or_else(|| element.attr("itemprop"));
                if let (Some(name), Some(content)) = (name, element.attr("content").and_then(one_line)) {
                    page.meta.entry(name.to_lowercase()).or_insert(content);
                }
            }
            "script" if element.attr("type").is_some_and(|kind| kind.to_lowercase().contains("ld+json")) => {
                blocks.push(raw_text(node));
            }
            _ => {}
        }
    }
    let json_ld::Found { values, broken, job_postings } = json_ld::read(&blocks);
    page.json_ld = values;
    page.json_ld_broken = broken;
    page.job_postings = job_postings;
    page.text = text::of(&html);
    Ok(page)
}

/// The text of a piece of HTML, such as the `description` of a `JobPosting`, also when it is escaped once more
/// (`&lt;p&gt;`). Plain text stays as it is, line by line.
pub fn fragment_text(fragment: &str) -> String {
    let fragment = clip_bytes(fragment, PAGE_BYTES_MAX);
    let looks_like_markup = |text: &str| text.contains("</") || text.contains("<br") || text.contains("<p>");
    if looks_like_markup(fragment) {
        return tree::parse(fragment).map(|html| text::of_all(&html)).unwrap_or_default();
    }
    // Plain text keeps its line breaks; an element that preserves them lets the entities be read all the same.
    let unescaped = tree::parse(&format!("<pre>{fragment}</pre>")).map(|html| text::of_all(&html)).unwrap_or_default();
    if looks_like_markup(&unescaped) {
        return tree::parse(&unescaped).map(|html| text::of_all(&html)).unwrap_or_default();
    }
    unescaped
}

fn raw_text(node: NodeRef<'_, Node>) -> String {
    node.children().filter_map(|child| child.value().as_text().map(|text| text.to_string())).collect()
}

fn primary_tag(lang: &str) -> Option<String> {
    let tag: String = lang.trim().chars().take_while(char::is_ascii_alphabetic).collect();
    (2..=3).contains(&tag.len()).then(|| tag.to_lowercase())
}

fn one_line(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().take(META_CHARS_MAX).collect();
    (!line.is_empty()).then_some(line)
}

/// At most so many bytes, cut between characters.
fn clip_bytes(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
