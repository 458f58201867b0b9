//! How people recognise a task: by what its CV and its offer are called, never by the names of files.

use estafette_protocol::cv::offer::JobOfferContent;
use serde_json::Value;
use url::Url;

/// Characters of one name within a title.
pub const MAX_NAME_CHARS: usize = 60;

/// What a CV is called: its headline, else its person's name, else its file's name.
pub fn of_cv(content: &Value, filename: &str) -> String {
    let basics = |field: &str| {
        content.pointer("/basics").and_then(|basics| basics.get(field)).and_then(Value::as_str).and_then(clipped)
    };
    basics("label").or_else(|| basics("name")).unwrap_or_else(|| filename.to_owned())
}

/// What a stored offer is called: title and company, as far as it says them.
pub fn of_offer(offer: &JobOfferContent) -> Option<String> {
    let part = |text: &Option<String>| text.as_deref().and_then(clipped);
    match (part(&offer.title), part(&offer.company)) {
        (Some(title), Some(company)) => Some(format!("{title} at {company}")),
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => None,
    }
}

/// What a page that was not read yet is called: its host.
pub fn of_url(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    Some(format!("the offer on {}", host.strip_prefix("www.").unwrap_or(host)))
}

/// What a pasted text is called: its first line with a letter in it.
pub fn of_text(text: &str) -> Option<String> {
    text.lines()
        .map(|line| line.trim_matches(|c: char| c == '#' || c == '*' || c.is_whitespace()))
        .find_map(|line| if line.chars().any(char::is_alphabetic) { clipped(line) } else { None })
}

/// One line of at most [`MAX_NAME_CHARS`], cut at the end of a word where there is one.
fn clipped(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    if line.is_empty() {
        return None;
    }
    let Some((end, _)) = line.char_indices().nth(MAX_NAME_CHARS) else { return Some(line) };
    let head = line.get(..end).unwrap_or_default();
    let head = head.rsplit_once(' ').map_or(head, |(words, _)| words);
    Some(format!("{}…", head.trim_end_matches([',', ';', ':', '–', '-', ' '])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cv_is_called_by_its_headline_then_its_name_then_its_file() {
        let both = json!({"basics": {"label": " Data\nengineer ", "name": "Ana"}});
        assert_eq!(of_cv(&both, "1.json"), "Data engineer");
        assert_eq!(of_cv(&json!({"basics": {"label": " ", "name": "Ana"}}), "1.json"), "Ana");
        assert_eq!(of_cv(&json!({"basics": {"label": 3}}), "1.json"), "1.json");
        assert_eq!(of_cv(&json!(null), "1.json"), "1.json");
    }

    #[test]
    fn an_offer_is_called_by_what_is_known_of_it() {
        let offer = |title: Option<&str>, company: Option<&str>| JobOfferContent {
            title: title.map(str::to_owned),
            company: company.map(str::to_owned),
            ..JobOfferContent::default()
        };
        assert_eq!(of_offer(&offer(Some("Dev"), Some("ACME"))).as_deref(), Some("Dev at ACME"));
        assert_eq!(of_offer(&offer(Some("Dev"), Some(""))).as_deref(), Some("Dev"));
        assert_eq!(of_offer(&offer(None, None)), None);
        assert_eq!(of_url("https://www.jobs.example/42?a=1").as_deref(), Some("the offer on jobs.example"));
        assert_eq!(of_url("no address"), None);
        assert_eq!(of_text("\n---\n# Senior Dev\nText").as_deref(), Some("Senior Dev"));
        assert_eq!(of_text(" \n--"), None);
    }

    #[test]
    fn a_long_name_is_cut_between_words() {
        let name = clipped(&"wörter ".repeat(20)).unwrap();
        assert!(name.ends_with("wörter…") && name.chars().count() <= MAX_NAME_CHARS, "{name}");
        assert_eq!(clipped(&"ä".repeat(100)).unwrap().chars().count(), MAX_NAME_CHARS + 1);
    }
}
