//! What of a page is not its matter: menus, banners, forms, footers, what nobody sees.

use ego_tree::{NodeId, NodeRef};
use scraper::node::Element;
use scraper::{Html, Node};
use std::collections::HashMap;

/// Never text.
const ALWAYS: [&str; 22] = [
    "head", "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "canvas", "audio", "video",
    "map", "select", "button", "input", "textarea", "datalist", "dialog", "progress", "meter", "picture",
];
/// Around the matter, unless they stand inside it.
const AROUND: [&str; 4] = ["nav", "footer", "aside", "form"];
/// Roles that say the same.
const ROLES: [&str; 9] =
    ["navigation", "banner", "contentinfo", "dialog", "alertdialog", "search", "complementary", "menu", "menubar"];
/// Words of class names and ids that say the same; whole words, or their beginnings where marked by the names of products.
const WORDS: [&str; 33] = [
    "cookie",
    "cookies",
    "consent",
    "gdpr",
    "onetrust",
    "didomi",
    "axeptio",
    "tarteaucitron",
    "usercentrics",
    "cookiebot",
    "breadcrumb",
    "breadcrumbs",
    "newsletter",
    "navbar",
    "navigation",
    "menu",
    "sidebar",
    "footer",
    "share",
    "sharing",
    "social",
    "modal",
    "popup",
    "toast",
    "tooltip",
    "skip",
    "similar",
    "related",
    "recommended",
    "recommendations",
    "suggestions",
    "signin",
    "login",
];
/// Elements whose names are looked at.
const CONTAINERS: [&str; 14] =
    ["div", "section", "ul", "ol", "dl", "table", "p", "header", "aside", "form", "nav", "footer", "figure", "details"];
/// Words that make a list of other offers: such a list may be long, so the share of the text says nothing against it.
const OTHERS: [&str; 5] = ["similar", "related", "recommended", "recommendations", "suggestions"];
/// Something with more than this share of the page's text is its matter, whatever it is called.
const MATTER_SHARE: f64 = 0.45;
/// A `<main>` with less than this share is an empty shell that a script would fill.
const MAIN_SHARE: f64 = 0.15;
const MAIN_CHARS_MIN: usize = 200;

/// How much text stands below each element, and which elements are left out.
pub(super) struct Plan {
    below: HashMap<NodeId, usize>,
    total: usize,
}

impl Plan {
    /// Counts the text once, bottom up.
    pub(super) fn of(html: &Html) -> Self {
        let mut below: HashMap<NodeId, usize> = HashMap::new();
        let mut open: Vec<(NodeId, usize)> = Vec::new();
        let mut hidden = 0_usize;
        let mut total = 0;
        for edge in html.tree.root().traverse() {
            match edge {
                ego_tree::iter::Edge::Open(node) => match node.value() {
                    Node::Text(text) if hidden == 0 => {
                        let chars = text.chars().filter(|c| !c.is_whitespace()).count();
                        if let Some((_, count)) = open.last_mut() {
                            *count += chars;
                        }
                        total += chars;
                    }
                    Node::Element(element) => {
                        hidden += usize::from(ALWAYS.contains(&element.name()));
                        open.push((node.id(), 0));
                    }
                    _ => {}
                },
                ego_tree::iter::Edge::Close(node) => {
                    if let Node::Element(element) = node.value() {
                        hidden -= usize::from(ALWAYS.contains(&element.name()));
                        if let Some((id, count)) = open.pop() {
                            below.insert(id, count);
                            if let Some((_, parent)) = open.last_mut() {
                                *parent += count;
                            }
                        }
                    }
                }
            }
        }
        Self { below, total }
    }

    /// Where the matter begins: the only `<main>` with text in it, else the whole document.
    pub(super) fn matter<'a>(&self, html: &'a Html) -> NodeRef<'a, Node> {
        let root = html.tree.root();
        let is_main = |element: &Element| element.name() == "main" || element.attr("role") == Some("main");
        let mut mains = root.descendants().filter(|node| node.value().as_element().is_some_and(is_main));
        match (mains.next(), mains.next()) {
            (Some(main), None) if self.chars(main) >= MAIN_CHARS_MIN && self.share(main) >= MAIN_SHARE => main,
            _ => root,
        }
    }

    fn chars(&self, node: NodeRef<'_, Node>) -> usize {
        self.below.get(&node.id()).copied().unwrap_or(0)
    }

    #[allow(clippy::cast_precision_loss)]
    fn share(&self, node: NodeRef<'_, Node>) -> f64 {
        self.chars(node) as f64 / (self.total.max(1)) as f64
    }

    /// Whether an element and all below it is left out.
    pub(super) fn skips(&self, node: NodeRef<'_, Node>, element: &Element) -> bool {
        let name = element.name();
        if ALWAYS.contains(&name) {
            return true;
        }
        if matches!(name, "html" | "body" | "main" | "article") {
            return false;
        }
        if is_hidden(element) {
            return true;
        }
        // Only of what holds other things: a link may well be called `no-menu`.
        if !CONTAINERS.contains(&name) {
            return false;
        }
        let labels = || [element.attr("class"), element.attr("id")].into_iter().flatten();
        if labels().any(|label| has_word(label, &OTHERS)) && self.share(node) < 1.0 - MAIN_SHARE {
            return true;
        }
        let around = AROUND.contains(&name)
            || (name == "header" && !inside_matter(node) && !has_title(node))
            || element.attr("role").is_some_and(|role| ROLES.contains(&role.trim()))
            || labels().any(|label| has_word(label, &WORDS));
        around && self.share(node) < MATTER_SHARE
    }
}

/// Without the page around it (a fragment), only what is never text is left out.
pub(super) fn is_never_text(element: &Element) -> bool {
    ALWAYS.contains(&element.name()) || is_hidden(element)
}

fn is_hidden(element: &Element) -> bool {
    if element.attr("hidden").is_some() || element.attr("aria-hidden") == Some("true") {
        return true;
    }
    if let Some(style) = element.attr("style") {
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        if style.contains("display:none") || style.contains("visibility:hidden") {
            return true;
        }
    }
    element.classes().any(|class| matches!(class, "visually-hidden" | "sr-only" | "screen-reader-text"))
}

/// The header of an article holds the offer's title; the header of the page its menu.
fn inside_matter(node: NodeRef<'_, Node>) -> bool {
    node.ancestors().any(|above| {
        above.value().as_element().is_some_and(|element| matches!(element.name(), "main" | "article" | "section"))
    })
}

/// On many pages of one offer the header is where its title stands.
fn has_title(node: NodeRef<'_, Node>) -> bool {
    node.descendants().any(|below| below.value().as_element().is_some_and(|element| element.name() == "h1"))
}

/// Whether a class or an id has one of the words: `cookie-banner`, `js_cookieBanner` and `cookies` do, `cookiecutter` not.
fn has_word(label: &str, words: &[&str]) -> bool {
    let mut word = String::new();
    let mut previous_lower = false;
    for c in label.chars().chain(std::iter::once(' ')) {
        let breaks = !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && previous_lower);
        if breaks && !word.is_empty() {
            if words.contains(&word.as_str()) {
                return true;
            }
            word.clear();
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
        previous_lower = c.is_ascii_lowercase();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_in_any_spelling() {
        for label in ["cookie-banner", "js_cookieBanner", "x cookies y", "CookieNotice"] {
            assert!(has_word(label, &WORDS), "{label}");
        }
        for label in ["cookiecutter", "sharepoint-developer", "", "content"] {
            assert!(!has_word(label, &WORDS), "{label}");
        }
    }
}
