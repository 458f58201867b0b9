//! Addresses and bodies that must be refused with a typed error: nothing is stored, and nothing is charged.

use super::pages::Pages;
use crate::account::Account;
use crate::api::ApiError;
use crate::check::Check;
use crate::scenario::{Failure, Run};
use estafette_protocol::ErrorCode;
use serde_json::{Value, json};

/// What must be refused, and how it was.
pub(super) async fn all(run: &Run, account: &Account, pages: &Pages) -> Result<Vec<Vec<String>>, Failure> {
    let token = account.token().await?;
    let url = |path: &str| json!({"url": pages.url(path)});
    let cases = [
        ("a page that is not there (404)", "/v1/cv/job-offers", url("nothing/here.html")),
        ("a page of 50 MB", "/v1/cv/job-offers", url("misbehave/huge")),
        ("a redirect to 127.0.0.1:1", "/v1/cv/job-offers", url("misbehave/redirect")),
        ("redirects without end", "/v1/cv/job-offers", url("misbehave/loop")),
        ("a page that never ends", "/v1/cv/job-offers", url("misbehave/stall")),
        ("bytes that are no page", "/v1/cv/job-offers", url("misbehave/binary")),
        ("an empty page", "/v1/cv/job-offers", url("misbehave/empty")),
        ("a site that is broken (500)", "/v1/cv/job-offers", url("misbehave/error")),
        ("a private address", "/v1/cv/job-offers", json!({"url": "http://127.0.0.1:22/"})),
        ("a private address by another spelling", "/v1/cv/job-offers", json!({"url": "http://0x7f.1/"})),
        ("a link-local address", "/v1/cv/job-offers", json!({"url": "http://169.254.169.254/latest/meta-data/"})),
        ("a file", "/v1/cv/job-offers", json!({"url": "file:///etc/passwd"})),
        ("an address that is none", "/v1/cv/job-offers", json!({"url": "not an address"})),
        ("a text that is no offer", "/v1/cv/job-offers", json!({"text": "Dear diary, today it rained."})),
        ("neither url nor text", "/v1/cv/job-offers", json!({"colour": "blue"})),
        ("a CV that is a list", "/v1/cv/files", json!({"content": [1, 2, 3]})),
        ("a CV whose work is a text", "/v1/cv/files", json!({"content": {"basics": {"name": "A"}, "work": "much"}})),
        (
            "a generation of a CV that is not there",
            "/v1/cv/generations",
            json!({"source_cv_id": "nosuchcv", "mode": "adapt", "offers": [{"text": "x"}]}),
        ),
        (
            "a generation in a mode that does not exist",
            "/v1/cv/generations",
            json!({"source_cv_id": "nosuchcv", "mode": "magic", "offers": []}),
        ),
        ("a method of nobody", "/v1/cv/files/nosuchcv/score", json!({"job_offer_id": "nosuchoffer"})),
    ];
    let mut rows = Vec::new();
    for (what, path, body) in cases {
        let outcome: Result<Value, ApiError> = run.api.post(path, &body, Some(&token), None).await;
        rows.push(refusal(run, what, outcome));
    }
    Ok(rows)
}

/// Looks at a refusal; a row for the table.
pub(super) fn refusal<T: std::fmt::Debug>(run: &Run, what: &str, outcome: Result<T, ApiError>) -> Vec<String> {
    let (typed, row) = match outcome {
        Err(ApiError::Refused { status, code, detail, details }) => {
            let reason = details.as_ref().and_then(|details| details.get("reason")).and_then(Value::as_str);
            let typed = if code == ErrorCode::Internal || detail.is_empty() {
                Err(format!("{what}: {status} {code}: {detail}"))
            } else {
                Ok(())
            };
            (typed, [code.to_string(), reason.unwrap_or_default().to_owned(), detail])
        }
        Err(error) => (Err(format!("{what}: {error}")), [String::new(), String::new(), error.to_string()]),
        Ok(value) => {
            let shown: String = format!("{value:?}").chars().take(200).collect();
            (Err(format!("{what}: was accepted: {shown}")), ["ACCEPTED".to_owned(), String::new(), shown])
        }
    };
    run.findings.see(Check::InputRefused, typed);
    std::iter::once(what.to_owned()).chain(row).collect()
}
