//! What a page says about itself in schema.org `JobPosting`.

use crate::cv::brain::text::{html, squeeze};
use serde_json::Value;

/// Depth of arrays, graphs and wrappers around the posting.
const MAX_DEPTH: usize = 6;

/// The facts of a posting that is really there; empty strings, `Anywhere` and `-` are nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Posting {
    pub(super) title: Option<String>,
    pub(super) company: Option<String>,
    /// The description and what stands in fields of its own, as lines.
    pub(super) text: String,
    pub(super) employment: Vec<String>,
    pub(super) city: Option<String>,
    pub(super) country: Option<String>,
    pub(super) telecommute: bool,
    pub(super) salary: Option<PostedSalary>,
    pub(super) months: Option<f64>,
    pub(super) experience: Option<String>,
    pub(super) education: Option<String>,
    pub(super) skills: Vec<String>,
    pub(super) benefits: Vec<String>,
    pub(super) responsibilities: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct PostedSalary {
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) currency: Option<String>,
    pub(super) unit: Option<String>,
}

/// Finds the posting within a value: itself, in a list, in `@graph`, or wrapped in another object.
pub(super) fn find(value: &Value, depth: usize) -> Option<&Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    match value {
        Value::Array(items) => items.iter().take(50).find_map(|item| find(item, depth + 1)),
        Value::Object(map) => {
            let is_posting = match map.get("@type") {
                Some(Value::String(kind)) => kind.ends_with("JobPosting"),
                Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind.as_str() == Some("JobPosting")),
                _ => false,
            };
            if is_posting {
                return Some(value);
            }
            map.values()
                .take(50)
                .filter(|inner| inner.is_object() || inner.is_array())
                .find_map(|inner| find(inner, depth + 1))
        }
        _ => None,
    }
}

impl Posting {
    pub(super) fn read(value: &Value) -> Option<Self> {
        let posting = find(value, 0)?;
        let place = first(&posting["jobLocation"]);
        let address = match &place["address"] {
            Value::Null => place,
            address => first(address),
        };
        let several = posting["jobLocation"].as_array().is_some_and(|places| places.len() > 1);
        let country = match &address["addressCountry"] {
            Value::Object(country) => country.get("name").and_then(text),
            country => text(country),
        };
        let experience = &posting["experienceRequirements"];
        let mut body = text_lines(&posting["description"]);
        for (key, heading) in [("qualifications", "Requirements"), ("educationRequirements", "")] {
            let more = text_lines(&posting[key]);
            if !more.trim().is_empty() && !heading.is_empty() && !body.contains(more.trim()) {
                body.push_str(&format!("\n# {heading}\n{more}"));
            }
        }
        Some(Self {
            title: text(&posting["title"]).or_else(|| text(&posting["name"])),
            company: text(&first(&posting["hiringOrganization"])["name"])
                .or_else(|| text(&posting["hiringOrganization"])),
            text: body,
            employment: texts(&posting["employmentType"]),
            city: text(&address["addressLocality"]).filter(|_| !several || !has_many_cities(&posting["jobLocation"])),
            country: country.filter(|_| !several),
            telecommute: text(&posting["jobLocationType"]).is_some_and(|kind| kind.eq_ignore_ascii_case("TELECOMMUTE")),
            salary: PostedSalary::read(&posting["baseSalary"])
                .or_else(|| PostedSalary::read(&posting["estimatedSalary"])),
            months: number(&first(experience)["monthsOfExperience"]),
            experience: text(experience).or_else(|| text(&first(experience)["description"])),
            education: text(&first(&posting["educationRequirements"])["credentialCategory"])
                .or_else(|| text(&posting["educationRequirements"])),
            skills: texts(&posting["skills"]),
            benefits: texts(&posting["jobBenefits"]),
            responsibilities: texts(&posting["responsibilities"]),
        })
    }
}

impl PostedSalary {
    fn read(value: &Value) -> Option<Self> {
        let value = first(value);
        let amount = first(&value["value"]);
        let currency =
            text(&value["currency"]).or_else(|| text(&value["salaryCurrency"])).or_else(|| text(&amount["currency"]));
        let unit = text(&amount["unitText"])
            .or_else(|| text(&value["unitText"]))
            .or_else(|| text(&value["unitCode"]))
            .or_else(|| text(&amount["unitCode"]));
        let single = number(amount).or_else(|| number(&amount["value"])).or_else(|| number(value));
        let min = number(&amount["minValue"]).or_else(|| number(&value["minValue"])).or(single);
        let max = number(&amount["maxValue"]).or_else(|| number(&value["maxValue"])).or(single);
        let positive = |amount: Option<f64>| amount.filter(|amount| *amount > 0.0);
        let (min, max) = (positive(min), positive(max));
        (min.is_some() || max.is_some()).then_some(Self { min, max, currency, unit })
    }
}

fn has_many_cities(places: &Value) -> bool {
    let cities: std::collections::BTreeSet<String> = places
        .as_array()
        .map(|places| places.iter().filter_map(|place| text(&place["address"]["addressLocality"])).collect())
        .unwrap_or_default();
    cities.len() != 1
}

fn first(value: &Value) -> &Value {
    match value {
        Value::Array(items) => items.first().unwrap_or(&Value::Null),
        other => other,
    }
}

/// A text that says something.
fn text(value: &Value) -> Option<String> {
    let text = squeeze(&html::unescape(value.as_str()?));
    let nothing = ["", "-", "n/a", "none", "null", "undefined", "anywhere", "other", "unspecified", "0"];
    (!nothing.contains(&text.to_lowercase().as_str())).then_some(text)
}

fn texts(value: &Value) -> Vec<String> {
    let parts: Vec<String> = match value {
        Value::Array(items) => {
            items.iter().take(100).filter_map(|item| text(item).or_else(|| text(&item["name"]))).collect()
        }
        Value::String(all) => {
            let lines = html::to_lines(all);
            let lines: Vec<&str> = lines
                .lines()
                .map(|line| line.trim().trim_start_matches("- ").trim())
                .filter(|line| !line.is_empty())
                .collect();
            match lines.as_slice() {
                [one] if one.contains(',') && one.len() < 400 => one.split(',').map(squeeze).collect(),
                many => many.iter().map(|line| squeeze(line)).collect(),
            }
        }
        _ => Vec::new(),
    };
    parts.into_iter().filter(|part| !part.is_empty() && !part.eq_ignore_ascii_case("other")).take(100).collect()
}

fn text_lines(value: &Value) -> String {
    match value {
        Value::String(text) => html::to_lines(text),
        Value::Array(items) => {
            items.iter().take(100).filter_map(Value::as_str).map(html::to_lines).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.replace([',', ' '], "").parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn r15_a_wrapped_posting_is_found() {
        for value in [
            json!({"@type": "JobPosting", "title": "Dev"}),
            json!({"content": {"@type": "JobPosting", "title": "Dev"}}),
            json!([{"@type": "WebSite"}, {"@graph": [{"@type": ["JobPosting"], "title": "Dev"}]}]),
        ] {
            assert_eq!(Posting::read(&value).unwrap().title.as_deref(), Some("Dev"));
        }
        assert!(Posting::read(&json!({"@type": "WebSite", "name": "x"})).is_none());
        assert!(Posting::read(&json!(null)).is_none());
    }

    #[test]
    fn r15_empty_facts_of_a_posting_are_nothing() {
        let posting = Posting::read(&json!({"@type": "JobPosting", "title": " ", "description": null, "validThrough": "1970-01-01",
            "employmentType": "OTHER", "jobLocation": {"address": {"addressLocality": "Anywhere", "addressCountry": "Anywhere"}},
            "baseSalary": {"value": "0"}}))
        .unwrap();
        assert!(
            posting.title.is_none() && posting.city.is_none() && posting.country.is_none() && posting.salary.is_none()
        );
        assert!(posting.employment.is_empty() && posting.text.is_empty());
    }
}
