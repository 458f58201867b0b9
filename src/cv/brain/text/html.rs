//! Lines out of a piece of HTML: the description of a job posting is one, often escaped once more. Whole pages are read
//! elsewhere; this only has to be right for what advertisers write.

/// The text with one block per line; list entries begin with `- `, headings with `# `. Text without tags is taken as it is.
pub fn to_lines(html: &str) -> String {
    let html = super::clip(html, super::MAX_CHARS);
    let first = html.replace("\\n", "\n");
    let unescaped = unescape(&first);
    // "&lt;div&gt;": the tags themselves were escaped.
    let html = if !has_tags(&first) && has_tags(&unescaped) { unescaped } else { first };
    if !has_tags(&html) {
        return unescape(&html);
    }
    let mut out = String::with_capacity(html.len());
    let mut rest = html.as_str();
    let mut skip: Option<&'static str> = None;
    while let Some(at) = rest.find('<') {
        let (text, tail) = rest.split_at(at);
        if skip.is_none() {
            push_text(&mut out, text);
        }
        let Some(end) = tail.find('>') else {
            rest = "";
            break;
        };
        let tag = tail.get(1..end).unwrap_or("");
        rest = tail.get(end + 1..).unwrap_or("");
        let closing = tag.starts_with('/');
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        match name.as_str() {
            "script" => skip = if closing { None } else { Some("script") },
            "style" => skip = if closing { None } else { Some("style") },
            "li" if !closing => out.push_str("\n- "),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if !closing => out.push_str("\n# "),
            "p" | "div" | "br" | "ul" | "ol" | "li" | "tr" | "table" | "section" | "article" | "h1" | "h2" | "h3"
            | "h4" | "h5" | "h6" | "dt" | "dd" | "blockquote" | "header" | "footer" => out.push('\n'),
            "td" | "th" => out.push(' '),
            _ => {}
        }
    }
    if skip.is_none() {
        push_text(&mut out, rest);
    }
    unescape(&out)
}

fn push_text(out: &mut String, text: &str) {
    for c in text.chars() {
        out.push(if matches!(c, '\r' | '\n' | '\t') { ' ' } else { c });
    }
}

fn has_tags(text: &str) -> bool {
    ["<p", "<div", "<br", "<li", "<ul", "<h", "<span", "<strong", "<b>", "</"].iter().any(|tag| text.contains(tag))
}

/// Character references that text has; unknown ones stay.
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or(""));
        let tail = rest.get(at..).unwrap_or("");
        let reference = tail.find(';').filter(|end| *end <= 10).and_then(|end| Some((tail.get(1..end)?, end)));
        match reference.and_then(|(name, end)| Some((character(name)?, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = tail.get(end + 1..).unwrap_or("");
            }
            None => {
                out.push('&');
                rest = tail.get(1..).unwrap_or("");
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" | "rsquo" | "lsquo" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "bull" | "middot" => '•',
        "hellip" => '…',
        "euro" => '€',
        "pound" => '£',
        "eacute" => 'é',
        "egrave" => 'è',
        "ecirc" => 'ê',
        "agrave" => 'à',
        "ccedil" => 'ç',
        "ocirc" => 'ô',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "auml" => 'ä',
        "szlig" => 'ß',
        "laquo" => '«',
        "raquo" => '»',
        _ => {
            let code = match name.strip_prefix('#')? {
                hex if hex.starts_with(['x', 'X']) => u32::from_str_radix(hex.get(1..)?, 16).ok()?,
                decimal => decimal.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_lines() {
        let text =
            to_lines("<h2>About</h2><p>We &amp; you</p><ul><li>one</li><li>two<br/>more</li></ul><script>x<y</script>");
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, ["# About", "We & you", "- one", "- two", "more"]);
    }

    #[test]
    fn escaped_tags_are_tags() {
        let text = to_lines(
            "&lt;div&gt;&lt;strong&gt;DUTIES&lt;/strong&gt;&lt;/div&gt;&lt;ul&gt;&lt;li&gt;a &amp;amp; b&lt;/li&gt;&lt;/ul&gt;",
        );
        assert!(text.contains("DUTIES") && text.contains("- a & b"), "{text}");
    }

    #[test]
    fn plain_text_stays() {
        assert_eq!(to_lines("a < b and\nc"), "a < b and\nc");
        assert_eq!(to_lines("literal\\nbreaks"), "literal\nbreaks");
        assert_eq!(to_lines("<p>never closed <b"), "\nnever closed ");
    }
}
