//! Templates: `{{variable}}` is replaced by its value, escaped in HTML (R61).

use estafette_protocol::cv::mail::{EmailTemplate, EmailText};
use estafette_protocol::cv::status::Lang;
use regex::Regex;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// A letter that can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// A whole HTML document.
    pub html: String,
    /// The same without HTML.
    pub text: String,
    /// Variables without a value: they are empty (R61).
    pub missing: Vec<String>,
}

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static VARIABLE: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}"));
static LINK: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r#"(?is)<a\b[^>]*\bhref\s*=\s*"([^"]*)"[^>]*>(.*?)</a>"#));
static BREAK: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"(?i)</(p|div|h[1-6]|li|tr)>|<br\s*/?>"));
static HIDDEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?is)<(style|script|head)\b.*?</(style|script|head)>"));
static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"(?s)<[^>]*>"));

fn replaced<'t>(regex: &LazyLock<Option<Regex>>, text: &'t str, by: &str) -> Cow<'t, str> {
    LazyLock::force(regex).as_ref().map_or(Cow::Borrowed(text), |regex| regex.replace_all(text, by))
}

/// The names of the variables of a text.
pub fn variables(text: &str) -> BTreeSet<String> {
    let Some(regex) = VARIABLE.as_ref() else { return BTreeSet::new() };
    regex.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// A value in HTML, also between quotes.
pub fn escaped(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Fills in the values. `missing` gets the names of those that are not there.
fn fill(text: &str, values: &BTreeMap<String, String>, html: bool, missing: &mut BTreeSet<String>) -> String {
    let Some(regex) = VARIABLE.as_ref() else { return text.to_owned() };
    let filled = regex.replace_all(text, |found: &regex::Captures<'_>| match values.get(&found[1]) {
        Some(value) if html => escaped(value),
        Some(value) => value.clone(),
        None => {
            missing.insert(found[1].to_owned());
            String::new()
        }
    });
    filled.into_owned()
}

/// The text of a template in a language; in its own where it has no other.
pub fn text_in(template: &EmailTemplate, language: Option<Lang>) -> (EmailText, Lang) {
    let own = || EmailText { subject: template.subject.clone(), html_content: template.html_content.clone() };
    match language {
        Some(wanted) if wanted != template.language => match template.translations.get(&wanted) {
            Some(text) => (text.clone(), wanted),
            None => (own(), template.language),
        },
        _ => (own(), template.language),
    }
}

/// Makes a letter out of a template.
pub fn render(template: &EmailTemplate, language: Option<Lang>, values: &BTreeMap<String, String>) -> Rendered {
    let (text, language) = text_in(template, language);
    let mut missing = BTreeSet::new();
    let subject = fill(&text.subject, values, false, &mut missing);
    // A value cannot add a header.
    let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    let body = fill(&text.html_content, values, true, &mut missing);
    let plain = plain(&body);
    Rendered { subject, html: framed(&body, language), text: plain, missing: missing.into_iter().collect() }
}

/// The body as a whole document, unless it is one.
fn framed(body: &str, language: Lang) -> String {
    if body.to_lowercase().contains("<html") {
        return body.to_owned();
    }
    let style = "body{margin:0;background:#f4f4f5;font-family:-apple-system,'Segoe UI',Roboto,Arial,sans-serif;\
        color:#18181b;line-height:1.5}.sheet{max-width:560px;margin:24px auto;padding:24px 32px;background:#fff;\
        border-radius:8px}a.button{display:inline-block;padding:10px 18px;border-radius:6px;background:#1d4ed8;\
        color:#fff;text-decoration:none}";
    format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><style>{style}</style></head><body><div class=\"sheet\">{body}</div></body></html>"
    )
}

/// A body without HTML: links as `text: address`.
fn plain(body: &str) -> String {
    let text = replaced(&HIDDEN, body, "").into_owned();
    let text = replaced(&LINK, &text, "$2: $1").into_owned();
    let text = replaced(&BREAK, &text, "\n\n").into_owned();
    let text = replaced(&TAG, &text, "").into_owned();
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    let text = text.replace("&nbsp;", " ").replace("&amp;", "&");
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n").trim().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use estafette_protocol::Timestamp;
    use serde_json::Value;

    fn template(subject: &str, html: &str) -> EmailTemplate {
        let english = EmailText { subject: "Hi {{user_name}}".to_owned(), html_content: "<p>Hello</p>".to_owned() };
        EmailTemplate {
            id: "m".to_owned(),
            name: "n".to_owned(),
            trigger_id: None,
            subject: subject.to_owned(),
            design_json: Value::Null,
            html_content: html.to_owned(),
            variables: Vec::new(),
            is_active: true,
            is_default: false,
            language: Lang::French,
            translations: BTreeMap::from([(Lang::English, english)]),
            created_at: Timestamp::new(chrono::Utc::now()),
            updated_at: Timestamp::new(chrono::Utc::now()),
        }
    }

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn r61_values_are_filled_in_and_those_that_are_missing_are_named_and_empty() {
        let template =
            template("Bonjour {{user_name}}", "<p>{{ user_name }} : {{other}}</p><a href=\"{{link}}\">Ici</a>");
        let letter = render(&template, None, &values(&[("user_name", "Zoé <b>"), ("link", "https://x/?a=1&b=\"2")]));
        assert_eq!(letter.subject, "Bonjour Zoé <b>");
        assert!(letter.html.contains("<p>Zoé &lt;b&gt; : </p>"), "{}", letter.html);
        assert!(letter.html.contains("href=\"https://x/?a=1&amp;b=&quot;2\""), "{}", letter.html);
        assert!(letter.html.starts_with("<!doctype html><html lang=\"fr\">"));
        assert_eq!(letter.missing, ["other"]);
        assert_eq!(letter.text, "Zoé <b> :\n\nIci: https://x/?a=1&b=\"2\n");
    }

    #[test]
    fn a_letter_is_in_the_persons_language_where_the_template_has_it() {
        let mut template = template("Bonjour", "<p>Salut</p>");
        let letter = render(&template, Some(Lang::English), &values(&[("user_name", "Ana")]));
        assert_eq!((letter.subject.as_str(), letter.text.as_str()), ("Hi Ana", "Hello\n"));
        template.translations.clear();
        assert_eq!(render(&template, Some(Lang::English), &values(&[])).subject, "Bonjour");
    }

    #[test]
    fn a_value_cannot_add_a_header_and_a_value_is_not_a_template() {
        let template = template("Bonjour {{user_name}}", "<p>{{user_name}}</p>");
        let letter = render(&template, None, &values(&[("user_name", "A\r\nBcc: eve@example.com {{link}}")]));
        assert_eq!(letter.subject, "Bonjour A Bcc: eve@example.com {{link}}");
        assert!(letter.missing.is_empty());
        assert_eq!(variables("{{a}} {{ b }} {{a}} {c}"), ["a", "b"].map(str::to_owned).into());
    }
}
