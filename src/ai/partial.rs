//! Readable text out of half-written JSON: what people see while a model writes structured output.

/// Longest text that is looked at; the rest of a longer one is not shown.
const SCAN_CHARS_MAX: usize = 200_000;
/// Deepest nesting that is followed; no answer of ours is deeper.
const DEPTH_MAX: usize = 64;

/// The string values (not the keys) of a JSON text that may end anywhere, one per line, in the order written.
/// Never fails: what is not JSON gives what can be told.
pub fn readable(json: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    // Whether each open bracket is an object, and whether the next string is a key of it.
    let mut objects: Vec<bool> = Vec::new();
    let mut key_next = false;
    let mut chars = json.chars().take(SCAN_CHARS_MAX).peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' | '[' => {
                if objects.len() == DEPTH_MAX {
                    break;
                }
                objects.push(c == '{');
                key_next = c == '{';
            }
            '}' | ']' => {
                objects.pop();
                key_next = false;
            }
            ',' => key_next = objects.last().copied().unwrap_or(false),
            ':' => key_next = false,
            '"' => {
                let text = string(&mut chars);
                if !key_next && !text.trim().is_empty() {
                    lines.push(text);
                }
            }
            _ => {}
        }
    }
    lines.join("\n")
}

/// Reads a string up to its closing quote or the end of what was written.
fn string(chars: &mut std::iter::Peekable<impl Iterator<Item = char>>) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push(' '),
                Some('r' | 'b' | 'f') | None => {}
                Some('u') => {
                    let mut hex = String::new();
                    while hex.len() < 4
                        && let Some(digit) = chars.next_if(char::is_ascii_hexdigit)
                    {
                        hex.push(digit);
                    }
                    // Half-written escapes and halves of surrogate pairs are left out: the finished answer has them.
                    if hex.len() == 4 {
                        text.extend(u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32));
                    }
                }
                Some(other) => text.push(other),
            },
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_and_keys_are_not() {
        let json = r#"{"title":"Développeur","items":["a \"b\"","l1\nl2"],"n":3,"o":{"k":"v"}}"#;
        assert_eq!(readable(json), "Développeur\na \"b\"\nl1\nl2\nv");
    }

    #[test]
    fn any_prefix_shows_a_prefix() {
        let json = r#"{"title":"D\u00e9v","items":["one two","three"],"key":"v"}"#;
        let whole = readable(json);
        for end in 0..json.len() {
            let part = readable(&json[..end]);
            assert!(whole.starts_with(&part), "{end}: {part:?}");
        }
    }

    #[test]
    fn garbage_gives_something_and_deep_nesting_ends() {
        readable("}}}]][\"\\u");
        readable(&"[".repeat(1_000_000));
    }
}
