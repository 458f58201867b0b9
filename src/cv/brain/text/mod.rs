//! Text as the rules see it: without case, accents and typography.

pub mod fold;
pub mod html;
pub mod lang;
pub mod lines;
pub mod memo;
pub mod pattern;

pub use fold::{Folded, fold};
pub use lang::Lang;
pub use lines::{Line, lines};
pub use memo::Memo;
pub use pattern::Pattern;

/// Longest text that is looked at, in characters; what comes after it is not read.
pub const MAX_CHARS: usize = 300_000;

/// The first `chars` characters.
pub fn clip(text: &str, chars: usize) -> &str {
    match text.char_indices().nth(chars) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// One line with single spaces, without leading or trailing ones.
pub fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The text, cut at a word near `chars` characters with an ellipsis where it is longer.
pub fn shorten(text: &str, chars: usize) -> String {
    let text = squeeze(text);
    let cut = clip(&text, chars);
    if cut.len() == text.len() {
        return text;
    }
    let at = cut.rfind(' ').filter(|at| *at > cut.len() / 2).unwrap_or(cut.len());
    format!("{}…", cut.get(..at).unwrap_or(cut).trim_end_matches([',', ';', ':', '.', ' ']))
}

/// The words of a folded text: letters and digits with the signs that names of techniques have (`c++`, `c#`, `node.js`).
pub fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '+' | '#' | '.')))
        .map(|word| word.trim_matches('.'))
        .filter(|word| !word.is_empty())
}

/// The sentences of a paragraph: cut after `.`, `!`, `?` and line ends, never within `Node.js` or `3.5`.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let ends = match c {
            '\n' | '。' => true,
            '.' | '!' | '?' | '…' => next.is_none_or(char::is_whitespace) && !is_abbreviation(text.get(start..at)),
            _ => false,
        };
        if ends {
            let end = at + c.len_utf8();
            push(&mut found, text.get(start..end));
            start = end;
        }
    }
    push(&mut found, text.get(start..));
    found
}

fn push<'a>(found: &mut Vec<&'a str>, part: Option<&'a str>) {
    if let Some(part) = part.map(str::trim).filter(|part| part.chars().any(char::is_alphanumeric)) {
        found.push(part);
    }
}

fn is_abbreviation(before: Option<&str>) -> bool {
    let last = before.and_then(|text| text.split_whitespace().next_back()).unwrap_or("");
    let last = last.trim_start_matches('(').to_lowercase();
    ["e.g", "i.e", "ex", "mr", "mrs", "dr", "st", "no", "resp", "vs", "approx", "min", "max"].contains(&last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_do_not_end_within_names_and_numbers() {
        let text = "I write Node.js 18.2 services. Also C#! Really? Yes, e.g. this\nnew line";
        assert_eq!(
            sentences(text),
            ["I write Node.js 18.2 services.", "Also C#!", "Really?", "Yes, e.g. this", "new line"]
        );
    }

    #[test]
    fn shorten_cuts_at_a_word() {
        assert_eq!(shorten("one  two three", 100), "one two three");
        assert_eq!(shorten("one two, three", 10), "one two…");
    }

    #[test]
    fn words_keep_the_signs_of_techniques() {
        assert_eq!(words("c++, c# & node.js.").collect::<Vec<_>>(), ["c++", "c#", "node.js"]);
    }
}
