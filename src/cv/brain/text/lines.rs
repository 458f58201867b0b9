//! Lines of a text, with what their form says.

use super::{fold, squeeze};

/// Lines that are looked at; a page with more is no offer that a person reads.
const MAX_LINES: usize = 6_000;

/// A line that is not empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The text without its marks.
    pub text: String,
    /// The same, folded.
    pub folded: String,
    /// It is an entry of a list.
    pub bullet: bool,
    /// It is marked as a heading (`#`, or all of it bold).
    pub heading: bool,
}

/// The lines of a text: Markdown marks are taken off and remembered.
pub fn lines(text: &str) -> Vec<Line> {
    text.lines().filter_map(line).take(MAX_LINES).collect()
}

fn line(raw: &str) -> Option<Line> {
    let mut text = raw.trim();
    let mut heading = false;
    let mut bullet = false;
    if let Some(rest) = text.strip_prefix('#') {
        text = rest.trim_start_matches('#').trim();
        heading = true;
    }
    if let Some(rest) = bullet_rest(text) {
        text = rest.trim();
        bullet = true;
        // A list entry that is only a heading: "- # Title".
        if let Some(rest) = text.strip_prefix('#') {
            text = rest.trim_start_matches('#').trim();
            heading = true;
        }
    }
    let bold = text.trim_end_matches([':', ' ']);
    if let Some(inner) = bold.strip_prefix("**").and_then(|rest| rest.strip_suffix("**"))
        && !inner.contains("**")
        && !bullet
    {
        heading = true;
    }
    let text = squeeze(&unmark(text));
    if !text.chars().any(char::is_alphanumeric) {
        return None;
    }
    Some(Line { folded: fold(&text), text, bullet, heading })
}

fn bullet_rest(text: &str) -> Option<&str> {
    for mark in ["- ", "* ", "• ", "● ", "▪ ", "◦ ", "‣ ", "· ", "– ", "— ", "+ ", "✓ ", "✔ ", "→ ", "➔ ", "■ ", "○ "]
    {
        if let Some(rest) = text.strip_prefix(mark) {
            return Some(rest);
        }
    }
    for mark in ['•', '●', '▪', '◦', '‣', '✓', '✔', '➔'] {
        if let Some(rest) = text.strip_prefix(mark) {
            return Some(rest);
        }
    }
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    if (1..=2).contains(&digits)
        && let Some(rest) = text.get(digits..)
        && let Some(rest) = rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") "))
    {
        return Some(rest);
    }
    None
}

/// Takes bold marks away and leaves a link's words.
fn unmark(text: &str) -> String {
    let text = text.replace("**", "").replace("__", "");
    if !text.contains("](") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(open) = rest.find('[') {
        let (before, tail) = rest.split_at(open);
        out.push_str(before);
        let link = tail.find("](").and_then(|middle| {
            let close = tail.get(middle..)?.find(')')? + middle;
            Some((tail.get(1..middle)?, tail.get(close + 1..)?))
        });
        match link {
            Some((words, after)) => {
                out.push_str(words);
                rest = after;
            }
            None => {
                out.push('[');
                rest = tail.get(1..).unwrap_or("");
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
    fn lines_remember_their_form() {
        let found = lines(
            "## Your *role*\n\n- **Bold** start\n**Profil recherché :**\n1. [First](https://x.y) thing\n---\ntext",
        );
        let form: Vec<_> = found.iter().map(|l| (l.text.as_str(), l.bullet, l.heading)).collect();
        assert_eq!(
            form,
            [
                ("Your *role*", false, true),
                ("Bold start", true, false),
                ("Profil recherché :", false, true),
                ("First thing", true, false),
                ("text", false, false),
            ]
        );
    }
}
