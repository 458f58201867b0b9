//! JSON-LD as it is found in the wild: often not JSON.

use serde_json::Value;

/// Blocks that are read, and the longest one, bytes.
const BLOCKS_MAX: usize = 50;
const BLOCK_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Values that are searched for job postings, and postings that are kept.
const VISITED_MAX: usize = 200_000;
const POSTINGS_MAX: usize = 50;

/// What the blocks of a page hold.
pub(super) struct Found {
    pub(super) values: Vec<Value>,
    pub(super) broken: usize,
    pub(super) job_postings: Vec<Value>,
}

/// Reads the texts of the blocks.
pub(super) fn read(blocks: &[String]) -> Found {
    let mut found = Found { values: Vec::new(), broken: 0, job_postings: Vec::new() };
    for block in blocks.iter().take(BLOCKS_MAX) {
        match lenient(block) {
            Some(values) => found.values.extend(values),
            None => found.broken += 1,
        }
    }
    found.broken += blocks.len().saturating_sub(BLOCKS_MAX);
    found.job_postings = job_postings(&found.values);
    found
}

/// Reads one block; several documents in a row count. Empty blocks give nothing and are no error.
fn lenient(block: &str) -> Option<Vec<Value>> {
    if block.len() > BLOCK_BYTES_MAX {
        return None;
    }
    let text = unwrapped(block);
    if text.is_empty() {
        return Some(Vec::new());
    }
    // Escaped as if it were text: no quote but as an entity.
    let unescaped = (!text.contains('"') && text.contains("&quot;"))
        .then(|| text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"));
    let text = unescaped.as_deref().unwrap_or(text);
    parse_all(text).or_else(|| parse_all(&repaired(text)))
}

fn parse_all(text: &str) -> Option<Vec<Value>> {
    serde_json::Deserializer::from_str(text).into_iter::<Value>().collect::<Result<_, _>>().ok()
}

/// Without the comments and CDATA marks that hide scripts from old readers.
fn unwrapped(text: &str) -> &str {
    const BEFORE: [&str; 6] = ["\u{feff}", "<!--", "//", "/*", "<![CDATA[", "*/"];
    const AFTER: [&str; 6] = ["-->", "]]>", "//", "*/", "/*", ";"];
    let mut text = text.trim();
    loop {
        let before = text.len();
        for mark in BEFORE {
            text = text.strip_prefix(mark).unwrap_or(text).trim_start();
        }
        for mark in AFTER {
            text = text.strip_suffix(mark).unwrap_or(text).trim_end();
        }
        if text.len() == before {
            return text;
        }
    }
}

/// Mends what templates get wrong: raw control characters and unknown escapes inside strings, commas before a closing
/// bracket, quotes that are not escaped.
fn repaired(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let next_solid = |from: usize| chars[from..].iter().copied().find(|c| !c.is_whitespace());
    let mut out = String::with_capacity(text.len() + 64);
    let mut in_string = false;
    let mut index = 0;
    while let Some(&c) = chars.get(index) {
        index += 1;
        if !in_string {
            in_string = c == '"';
            let trailing = c == ',' && matches!(next_solid(index), Some('}' | ']') | None);
            if !trailing {
                out.push(c);
            }
            continue;
        }
        match c {
            // A quote ends the string only if what follows may follow a string.
            '"' if matches!(next_solid(index), Some(',' | '}' | ']' | ':') | None) => {
                in_string = false;
                out.push(c);
            }
            '"' => out.push_str("\\\""),
            '\\' => match chars.get(index) {
                Some(&escape) if matches!(escape, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => {
                    out.push(c);
                    out.push(escape);
                    index += 1;
                }
                Some('u')
                    if chars.len() >= index + 5 && chars[index + 1..index + 5].iter().all(char::is_ascii_hexdigit) =>
                {
                    out.push(c);
                }
                _ => out.push_str("\\\\"),
            },
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Every `JobPosting`, at any depth, in the order found.
fn job_postings(values: &[Value]) -> Vec<Value> {
    let mut postings = Vec::new();
    let mut open: Vec<&Value> = values.iter().rev().collect();
    let mut visited = 0;
    while let Some(value) = open.pop() {
        visited += 1;
        if visited > VISITED_MAX || postings.len() == POSTINGS_MAX {
            break;
        }
        match value {
            Value::Object(map) => {
                if map.get("@type").is_some_and(is_job_posting) {
                    postings.push(value.clone());
                } else {
                    open.extend(map.values().rev());
                }
            }
            Value::Array(items) => open.extend(items.iter().rev()),
            _ => {}
        }
    }
    postings
}

fn is_job_posting(kind: &Value) -> bool {
    let named = |name: &str| name.rsplit(['/', ':', '#']).next() == Some("JobPosting");
    match kind {
        Value::String(name) => named(name),
        Value::Array(names) => names.iter().any(|name| name.as_str().is_some_and(named)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn postings(block: &str) -> Vec<Value> {
        read(&[block.to_owned()]).job_postings
    }

    #[test]
    fn a_posting_is_found_in_every_wrapping() {
        for block in [
            r#"{"@type":"JobPosting","title":"x"}"#,
            r#"[{"@type":"Organization"},{"@type":["JobPosting"],"title":"x"}]"#,
            r#"{"@graph":[{"@type":"WebSite"},{"@type":"https://schema.org/JobPosting","title":"x"}]}"#,
            r#"{"content":{"a":[{"@type":"schema:JobPosting","title":"x"}]}}"#,
            "<!--\n{\"@type\":\"JobPosting\",\"title\":\"x\"}\n-->",
            "//<![CDATA[\n{\"@type\":\"JobPosting\",\"title\":\"x\"};\n//]]>",
            "/*<![CDATA[*/{\"@type\":\"JobPosting\",\"title\":\"x\"}/*]]>*/",
            "{&quot;@type&quot;:&quot;JobPosting&quot;,&quot;title&quot;:&quot;x&quot;}",
            r#"{"@type":"WebSite"} {"@type":"JobPosting","title":"x"}"#,
            r#"{"@type":"JobPosting","title":"x",}"#,
        ] {
            let found = postings(block);
            assert_eq!(found.len(), 1, "{block}");
            assert_eq!(found[0]["title"], "x");
        }
    }

    #[test]
    fn raw_newlines_tabs_bad_escapes_and_bare_quotes_in_strings_are_mended() {
        let found = postings("{\"@type\":\"JobPosting\",\"description\":\"a\nb\tc \\d \"quoted\" é\",\"title\":\"x\"}");
        assert_eq!(found[0]["description"], "a\nb\tc \\d \"quoted\" é");
        assert_eq!(found[0]["title"], "x");
    }

    #[test]
    fn what_cannot_be_read_is_counted_and_the_rest_is_kept() {
        let found = read(&["{nonsense".to_owned(), String::new(), json!({"@type": "JobPosting"}).to_string()]);
        assert_eq!((found.broken, found.job_postings.len()), (1, 1));
    }

    #[test]
    fn deep_nesting_is_refused_without_harm() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(&[deep]).broken, 1);
    }
}
