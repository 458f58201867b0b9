//! A tree as readable lines.

use super::TEXT_CHARS_MAX;
use super::boilerplate::{Plan, is_never_text};
use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use scraper::node::Element;
use scraper::{Html, Node};

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 36] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tr",
    "ul",
    "caption",
];
/// Blocks with a blank line before and after.
const SPACED: [&str; 13] =
    ["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "section", "blockquote"];
/// Inline elements that hold something whole, unlike those that mark a part of a word.
const LABELS: [&str; 5] = ["a", "span", "time", "label", "small"];
/// A text that holds so many written-out `\n` means them as line breaks.
const LITERAL_BREAKS_MIN: usize = 3;

/// The matter of a page.
pub(super) fn of(html: &Html) -> String {
    let plan = Plan::of(html);
    walk(plan.matter(html), |node, element| plan.skips(node, element))
}

/// Everything that is text.
pub(super) fn of_all(html: &Html) -> String {
    walk(html.tree.root(), |_, element| is_never_text(element))
}

/// Goes through the tree without recursion.
fn walk<'a>(top: NodeRef<'a, Node>, skips: impl Fn(NodeRef<'a, Node>, &Element) -> bool) -> String {
    let mut lines = Lines::default();
    let mut skipped = None;
    for edge in top.traverse() {
        if lines.chars > TEXT_CHARS_MAX {
            break;
        }
        match edge {
            Edge::Open(node) if skipped.is_none() => match node.value() {
                Node::Text(text) => lines.text(text),
                Node::Element(element) if skips(node, element) => skipped = Some(node.id()),
                Node::Element(element) => lines.open(element.name()),
                _ => {}
            },
            Edge::Close(node) => {
                if skipped == Some(node.id()) {
                    skipped = None;
                } else if skipped.is_none()
                    && let Node::Element(element) = node.value()
                {
                    lines.close(element.name());
                }
            }
            Edge::Open(_) => {}
        }
    }
    lines.finish()
}

#[derive(Default)]
struct Lines {
    out: String,
    line: String,
    /// What the line begins with once it has text.
    mark: &'static str,
    /// A blank line before the next line.
    gap: bool,
    preformatted: usize,
    /// Open list items: what stands inside them is not set apart.
    items: usize,
    /// A label (a link, a span) has just ended: another one right after it stands apart on the screen.
    label_ended: bool,
    chars: usize,
}

impl Lines {
    fn text(&mut self, text: &str) {
        self.chars += text.chars().count();
        self.label_ended &= text.is_empty();
        if text.matches("\\n").count() >= LITERAL_BREAKS_MIN {
            return self.broken(&text.replace("\\r", "").replace("\\n", "\n"));
        }
        if self.preformatted > 0 {
            return self.broken(text);
        }
        self.inline(text);
    }

    /// Text whose line breaks count.
    fn broken(&mut self, text: &str) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                if self.line.trim().is_empty() {
                    self.gap = true;
                }
                self.end_line();
            }
            self.inline(line);
        }
    }

    fn inline(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                // Soft hyphens and marks without width only disturb whoever searches for words.
                '\u{ad}' | '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}' => {}
                c if c.is_whitespace() => {
                    if !self.line.ends_with(' ') {
                        self.line.push(' ');
                    }
                }
                c if c.is_control() => {}
                c => self.line.push(c),
            }
        }
    }

    fn open(&mut self, name: &str) {
        match name {
            "br" => return self.end_line(),
            label if LABELS.contains(&label) => {
                if std::mem::take(&mut self.label_ended) {
                    self.inline(" ");
                }
                return;
            }
            "td" | "th" => {
                if !self.line.trim().is_empty() {
                    self.line.push_str(" | ");
                }
                return;
            }
            _ if !BLOCKS.contains(&name) => return,
            _ => {}
        }
        // A paragraph that begins a list item belongs on the item's line.
        if !self.line.trim().is_empty() || self.mark.is_empty() {
            self.end_line();
            self.gap |= SPACED.contains(&name) && self.items == 0;
        }
        self.items += usize::from(name == "li");
        self.preformatted += usize::from(name == "pre");
        self.mark = match name {
            "li" => "- ",
            "h1" => "# ",
            "h2" => "## ",
            "h3" => "### ",
            "h4" | "h5" | "h6" => "#### ",
            _ => self.mark,
        };
    }

    fn close(&mut self, name: &str) {
        self.label_ended = LABELS.contains(&name);
        if !BLOCKS.contains(&name) {
            return;
        }
        self.preformatted -= usize::from(name == "pre" && self.preformatted > 0);
        self.end_line();
        self.items -= usize::from(name == "li" && self.items > 0);
        self.gap |= SPACED.contains(&name) && self.items == 0;
        self.mark = "";
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim().trim_start_matches("| ").trim();
        // Punctuation alone is what is left of icons and separators.
        if !line.chars().any(char::is_alphanumeric) {
            return;
        }
        if self.gap && !self.out.is_empty() {
            self.out.push('\n');
        }
        self.gap = false;
        let typed = ["• ", "•", "· ", "● ", "▪ ", "– ", "- ", "* "].iter().find_map(|bullet| line.strip_prefix(bullet));
        match (std::mem::take(&mut self.mark), typed) {
            ("" | "- ", Some(item)) => {
                self.out.push_str("- ");
                self.out.push_str(item.trim_start());
            }
            (mark, _) => {
                self.out.push_str(mark);
                self.out.push_str(line);
            }
        }
        self.out.push('\n');
    }

    fn finish(mut self) -> String {
        self.end_line();
        self.out.trim_end().to_owned()
    }
}
