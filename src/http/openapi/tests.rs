use super::*;
use crate::cv::routes;
use std::collections::BTreeSet;

fn whole() -> (Vec<RouteDoc>, Value) {
    let all: Vec<RouteDoc> = own_routes().into_iter().chain(crate::admin::docs()).chain(routes::docs()).collect();
    let document = document(&all);
    (all, document)
}

#[test]
fn the_document_describes_each_route_with_its_parameters_and_its_security() {
    let (_, document) = whole();
    let review = &document["paths"]["/v1/cv/files/{id}/review"]["post"];
    assert_eq!(review["operationId"], "post_v1_cv_files_id_review");
    assert_eq!(review["parameters"][0]["name"], "id");
    assert_eq!(review["security"][0]["token"], json!([]));
    let body = &review["requestBody"]["content"]["application/json"]["schema"];
    assert!(body["properties"]["decisions"].is_object(), "{body}");
    assert!(body["properties"].get("id").is_none(), "the path names it: {body}");
    assert!(document["paths"]["/health/live"]["get"].get("security").is_none());
    let list = &document["paths"]["/v1/cv/admin/users"]["get"];
    let names: BTreeSet<&str> =
        list["parameters"].as_array().unwrap().iter().filter_map(|parameter| parameter["name"].as_str()).collect();
    assert_eq!(names, BTreeSet::from(["email", "role", "plan", "after", "limit"]));
    assert!(list["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].is_string());
}

#[test]
fn every_route_says_what_it_takes_and_answers() {
    let (routes, _) = whole();
    for route in &routes {
        let name = format!("{} {}", route.method, route.path);
        assert!(!matches!(route.answer, Answer::Unknown), "{name}: what does it answer? See cv::catalog");
        let bare =
            ["/cancel", "/resume", "/portal", "/retry", "/notices/read"].iter().any(|end| route.path.ends_with(end));
        if matches!(route.method, "post" | "put" | "patch") && !bare {
            assert!(route.body.is_some(), "{name}: what does it take? See cv::catalog");
        }
    }
}

#[test]
fn every_reference_has_its_definition_and_no_status_is_left_open() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let (_, document) = whole();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 50, "{found:?}");
    for reference in found {
        let target = document.pointer(reference.strip_prefix('#').unwrap());
        assert!(target.is_some(), "{reference} leads nowhere");
    }
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(operation["responses"].get("default").is_none(), "{method} {path}: each status by its number");
        }
    }
}

#[test]
fn what_is_sent_and_what_is_answered_may_differ() {
    let (_, document) = whole();
    let schemas = &document["components"]["schemas"];
    // `is_active` may be left out of what is sent, and is there in every answer.
    let (given, answered) = (&schemas["ModelPricingInput"], &schemas["ModelPricing"]);
    let has = |schema: &Value| schema["required"].as_array().unwrap().iter().any(|name| name == "is_active");
    assert!(has(answered) && !has(given), "{given}");
}

#[test]
fn the_lists_of_administrators_say_how_they_page_and_filter() {
    let (_, document) = whole();
    let asked = |path: &str| -> BTreeSet<String> {
        let parameters = document["paths"][path]["get"]["parameters"].as_array().unwrap_or_else(|| panic!("{path}"));
        let of_query = parameters.iter().filter(|one| one["in"] == "query");
        of_query.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    for (path, filters) in [
        ("users", &["email", "role", "plan"][..]),
        ("ai/usage", &["from", "to", "by", "user_id", "feature_name", "model"]),
        ("ai/calls", &["user_id", "feature_name", "model"]),
        ("ai/pricing", &[]),
        ("ai/alerts", &[]),
        ("telemetry", &["type", "category", "user_id"]),
        ("feedback", &["status", "is_bug_report"]),
        ("plans", &[]),
        ("credit-packs", &["is_active"]),
        ("promo-codes", &["is_active", "q"]),
        ("stripe-webhooks", &["processed", "event_type"]),
        ("email-triggers", &[]),
        ("email-templates", &[]),
        ("email-logs", &["status", "recipient", "template"]),
    ] {
        let found = asked(&format!("/v1/cv/admin/{path}"));
        for name in filters.iter().chain(&["after", "limit"]) {
            assert!(found.contains(*name), "{path}: `{name}` is not among {found:?}");
        }
    }
}
