//! Addresses and bodies that must be refused with a typed error: nothing is stored, and nothing is charged.

use super::pages::Pages;
use crate::account::Account;
use crate::api::ApiError;
use crate::check::Check;
use crate::scenario::{Failure, Run};
use estafette_protocol::ErrorCode;
use estafette_protocol::cv::credits::CreditBalance;
use serde_json::{Value, json};

/// What must be refused, and how it was.
///
/// # Errors
/// [`Failure`] when the people it needs cannot be made.
pub(super) async fn all(
    run: &Run,
    account: &Account,
    other: &Account,
    pages: &Pages,
) -> Result<Vec<Vec<String>>, Failure> {
    let mut rows = bad_input(run, account, pages).await?;
    rows.extend(not_theirs(run, account, other).await?);
    Ok(rows)
}

/// Somebody else's CV, and more than the balance covers.
async fn not_theirs(run: &Run, account: &Account, other: &Account) -> Result<Vec<Vec<String>>, Failure> {
    let (token, others) = (account.token().await?, other.token().await?);
    let create = |index| json!({"content": crate::sample::cv(run.seed, index)});
    let file: Value = run.api.post("/v1/cv/files", &create(0), Some(&token), None).await?;
    let theirs = file.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let file: Value = run.api.post("/v1/cv/files", &create(1), Some(&others), None).await?;
    let own = file.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let generate = |cv: &str, offers: u64| {
        let offers: Vec<Value> =
            (0..offers).map(|index| json!({"text": crate::sample::offer(run.seed, index)})).collect();
        json!({"source_cv_id": cv, "mode": "adapt", "offers": offers})
    };
    let read: Result<Value, ApiError> = run.api.get(&format!("/v1/cv/files/{theirs}"), &others).await;
    let used: Result<Value, ApiError> =
        run.api.post("/v1/cv/generations", &generate(&theirs, 1), Some(&others), None).await;
    let before: CreditBalance = run.api.get("/v1/cv/credits", &others).await?;
    let beyond = u64::try_from(before.balance).unwrap_or(0) + 1;
    let dear: Result<Value, ApiError> =
        run.api.post("/v1/cv/generations", &generate(&own, beyond), Some(&others), None).await;
    let after: CreditBalance = run.api.get("/v1/cv/credits", &others).await?;
    let free =
        if before == after { Ok(()) } else { Err(format!("a refused generation changed {before:?} to {after:?}")) };
    run.findings.see(Check::Ledger, free);
    Ok(vec![
        refusal(run, "reading somebody else's CV", read),
        refusal(run, "adapting somebody else's CV", used),
        refusal(run, "a generation that the balance does not cover", dear),
    ])
}

async fn bad_input(run: &Run, account: &Account, pages: &Pages) -> Result<Vec<Vec<String>>, Failure> {
    let offer = crate::sample::offer(run.seed, 0);
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
            json!({"source_cv_id": "nosuchcv", "mode": "adapt", "offers": [{"text": offer}]}),
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
