//! Pasted text: a YAML front matter apart, clean lines.

use std::collections::BTreeMap;

/// Longest text that is kept, characters.
pub const TEXT_CHARS_MAX: usize = 200_000;
/// Longest front matter that is looked for, lines.
const FRONT_MATTER_LINES_MAX: usize = 200;

/// Longest link or tag, bytes: looking further would make hostile text cost its length squared.
const MARK_BYTES_MAX: usize = 2_000;

/// A text and what its front matter says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The simple `key: value` pairs of the front matter, keys in lower case; lists and nested values are left out.
    pub facts: BTreeMap<String, String>,
    /// The body: Markdown marks of headings (`# `) and items (`- `) kept, emphasis, links and tags taken out.
    pub text: String,
}

/// Reads a pasted text.
pub fn parse(input: &str) -> Text {
    let end = input.char_indices().nth(TEXT_CHARS_MAX).map_or(input.len(), |(at, _)| at);
    let (facts, body) = split_front_matter(&input[..end]);
    Text { facts, text: clean(body) }
}

/// Takes a YAML front matter (`---` … `---` at the very top) off a text.
pub fn split_front_matter(input: &str) -> (BTreeMap<String, String>, &str) {
    let start = input.trim_start_matches('\u{feff}').trim_start();
    let none = (BTreeMap::new(), input);
    let mut facts = BTreeMap::new();
    let mut at = 0;
    for (index, line) in start.split_inclusive('\n').enumerate().take(FRONT_MATTER_LINES_MAX) {
        at += line.len();
        let line = line.trim_end();
        match (index, line) {
            (0, "---") => {}
            (0, _) => return none,
            (_, "---" | "...") => return (facts, &start[at..]),
            _ => {
                // Indented lines belong to a list or a nested value.
                if !line.starts_with(char::is_whitespace)
                    && let Some((key, value)) = line.split_once(':')
                {
                    let value = value.trim().trim_matches(['"', '\'']).trim();
                    if !value.is_empty() && !key.trim().is_empty() {
                        facts.insert(key.trim().to_lowercase(), value.to_owned());
                    }
                }
            }
        }
    }
    none
}

fn clean(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut blank = false;
    for line in body.lines() {
        let line = clean_line(line);
        if line.is_empty() {
            blank = true;
            continue;
        }
        if blank && !out.is_empty() {
            out.push('\n');
        }
        blank = false;
        out.push_str(&line);
        out.push('\n');
    }
    out.trim_end().to_owned()
}

fn clean_line(line: &str) -> String {
    let trimmed = line.trim();
    // A rule, a fence, or the underline of a heading.
    if !trimmed.is_empty() && trimmed.chars().all(|c| matches!(c, '-' | '=' | '*' | '_' | '`' | '~' | ' ')) {
        return String::new();
    }
    let item = ["* ", "+ ", "• ", "- ", "– ", "● ", "▪ "].iter().find_map(|bullet| trimmed.strip_prefix(bullet));
    let text = without_tags(&without_links(item.unwrap_or(trimmed)));
    let text = text.replace("**", "").replace("__", "").replace('`', "");
    let text: String = text
        .chars()
        .filter(|c| !matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}') && (!c.is_control() || *c == '\t'))
        .collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if item.is_some() && !text.is_empty() { format!("- {text}") } else { text }
}

/// `[words](address)` and `![words](address)` as their words.
fn without_links(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find('[') {
        let after = &rest[open + 1..];
        let near = window(after);
        let link = near.find("](").and_then(|middle| {
            let close = near[middle + 2..].find(')')?;
            Some((middle, middle + 2 + close + 1))
        });
        match link {
            Some((words, end)) if !after[..words].contains('[') => {
                out.push_str(rest[..open].strip_suffix('!').unwrap_or(&rest[..open]));
                out.push_str(&after[..words]);
                rest = &after[end..];
            }
            _ => {
                out.push_str(&rest[..=open]);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The part of a text in which the end of a link or a tag is looked for.
fn window(text: &str) -> &str {
    let mut end = text.len().min(MARK_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// HTML tags in a line of Markdown; `a < b` stays.
fn without_tags(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find('<') {
        let after = &rest[open + 1..];
        let is_tag = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        match window(after).find('>') {
            Some(close) if is_tag => {
                out.push_str(&rest[..open]);
                rest = &after[close + 1..];
            }
            _ => {
                out.push_str(&rest[..=open]);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_is_taken_off_and_read() {
        let text = parse(
            "---\ntitle: 'Développeur'\ntags:\n  - a: b\nclosing: 2026-01-01\n---\n\n# Poste\n\n* un [lien](https://x.y/z)\n* **deux**\n",
        );
        assert_eq!(text.facts["title"], "Développeur");
        assert_eq!(text.facts["closing"], "2026-01-01");
        assert_eq!(text.facts.len(), 2);
        assert_eq!(text.text, "# Poste\n\n- un lien\n- deux");
    }

    #[test]
    fn without_a_closing_mark_it_is_text() {
        assert_eq!(split_front_matter("---\ntitle: x\n").0.len(), 0);
        assert_eq!(parse("plain text, a < b and b > c").text, "plain text, a < b and b > c");
    }

    #[test]
    fn any_text_is_taken_without_harm() {
        for odd in ["[", "[[](", "![a](b", "<", "<a", "---", "---\n---", "\u{feff}---\n---\nx", "é[é](é)é<é>"] {
            parse(odd);
        }
        parse(&"[".repeat(150_000));
    }
}
