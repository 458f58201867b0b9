//! Scores: each CV of the folder against each offer that was accepted, and our own CVs, each made for one trade, against
//! an offer of each trade, where the fitting one must win.

use crate::account::Account;
use crate::api::ApiError;
use crate::check::Check;
use crate::check::task::TaskState;
use crate::report::Table;
use crate::sample::TRADES;
use crate::scenario::{Failure, Run};
use estafette_protocol::cv::JobOfferId;
use estafette_protocol::cv::call::TaskStarted;
use estafette_protocol::cv::offer::JobOffer;
use estafette_protocol::cv::snapshot::CvState;
use estafette_protocol::task::TaskStatus;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// CVs that are scored at the same time; one CV has one score at a time (cv R36).
const AT_ONCE: usize = 4;
/// One score.
const SCORE_WITHIN: Duration = Duration::from_secs(120);
/// Between two looks at a score that runs.
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// A CV that the server has.
pub(super) struct StoredCv {
    pub(super) name: String,
    pub(super) id: String,
}

/// Scores one CV against one offer.
async fn score(run: &Run, account: &Account, cv: &str, offer: &str) -> Result<i32, String> {
    let say = |error: ApiError| error.to_string();
    let token = account.token().await.map_err(say)?;
    let begin = Instant::now();
    let path = format!("/v1/cv/files/{cv}");
    let body = json!({"job_offer_id": offer});
    let started: TaskStarted = run.api.post(&format!("{path}/score"), &body, Some(&token), None).await.map_err(say)?;
    // The task's end, not the CV's state: until then the same task is the answer to every further call (cv R36).
    loop {
        let state: TaskState = run.api.get(&format!("/v1/tasks/{}", started.task_id), &token).await.map_err(say)?;
        match state.task.status {
            TaskStatus::Completed => break,
            TaskStatus::Failed | TaskStatus::Cancelled => {
                return Err(format!("the score failed: {:?}", state.task.error));
            }
            TaskStatus::Queued | TaskStatus::Running if begin.elapsed() < SCORE_WITHIN => {}
            TaskStatus::Queued | TaskStatus::Running => return Err(format!("no score within {SCORE_WITHIN:?}")),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    run.latencies.record("score asked to ended", begin.elapsed());
    let state: CvState = run.api.get(&path, &token).await.map_err(say)?;
    let summary = &state.file.summary;
    if summary.job_offer_id.as_ref().map(JobOfferId::as_str) != Some(offer) {
        return Err("the score is of another offer than the one that was asked for".to_owned());
    }
    let total = summary.match_score.ok_or("a finished score without a number")?;
    let sum = state.file.score.breakdown.map(|parts| parts.total());
    let form = match sum {
        Some(sum) if sum == total && (0..=100).contains(&total) => Ok(()),
        sum => Err(format!("the score is {total}, its parts come to {sum:?}")),
    };
    run.findings.see(Check::ScoreForm, form);
    Ok(total)
}

/// Every CV against every offer: a row a CV.
async fn all(run: &Run, account: &Account, cvs: &[StoredCv], offers: &[(String, String)]) -> Vec<Vec<Option<i32>>> {
    let bar = crate::out::bar("scores", u64::try_from(cvs.len() * offers.len()).unwrap_or(0));
    let rows = futures_util::stream::iter(cvs).map(|cv| {
        let bar = &bar;
        async move {
            let mut row = Vec::with_capacity(offers.len());
            for (name, offer) in offers {
                let outcome = score(run, account, &cv.id, offer).await;
                if let Err(why) = &outcome {
                    run.findings.broken(Check::ScoreForm, format!("{} against {name}: {why}", cv.name));
                }
                row.push(outcome.ok());
                bar.inc(1);
            }
            row
        }
    });
    let rows = rows.buffered(AT_ONCE).collect().await;
    bar.finish_and_clear();
    rows
}

/// The folder's CVs against its offers.
pub(super) async fn matrix(run: &Run, account: &Account, cvs: &[StoredCv], offers: &[(String, JobOffer)]) -> Table {
    let named: Vec<(String, String)> =
        offers.iter().map(|(name, offer)| (name.clone(), offer.id.as_str().to_owned())).collect();
    let rows = all(run, account, cvs, &named).await;
    let mut columns = vec!["offer".to_owned()];
    columns.extend(cvs.iter().map(|cv| cv.name.trim_end_matches(".json").to_owned()));
    let shown = named.iter().enumerate().map(|(index, (name, _))| {
        let cell = |row: &Vec<Option<i32>>| {
            row.get(index).copied().flatten().map_or("-".to_owned(), |score| score.to_string())
        };
        std::iter::once(name.clone()).chain(rows.iter().map(cell)).collect()
    });
    Table { title: "Scores of the folder's CVs against its offers".to_owned(), columns, rows: shown.collect() }
}

/// Our own CVs, one a trade, against an offer of each trade.
///
/// # Errors
/// [`Failure`] when they cannot be made.
pub(super) async fn trades(run: &Run, account: &Account) -> Result<Table, Failure> {
    let token = account.token().await?;
    let (mut cvs, mut offers) = (Vec::new(), Vec::new());
    for trade in TRADES {
        let content = crate::sample::cv_of(trade);
        let file: Value = run.api.post("/v1/cv/files", &json!({"content": content}), Some(&token), None).await?;
        let id = file.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        cvs.push(StoredCv { name: trade.title.to_owned(), id });
        let body = json!({"text": crate::sample::offer_of(trade)});
        let offer: JobOffer = run.api.post("/v1/cv/job-offers", &body, Some(&token), None).await?;
        offers.push((trade.title.to_owned(), offer.id.as_str().to_owned()));
    }
    let rows = all(run, account, &cvs, &offers).await;
    for (column, (offer, _)) in offers.iter().enumerate() {
        let of = |row: usize| rows.get(row).and_then(|row| row.get(column)).copied().flatten();
        for (row, cv) in cvs.iter().enumerate().filter(|(row, _)| *row != column) {
            let order = match (of(column), of(row)) {
                (Some(own), Some(other)) if own > other => Ok(()),
                (own, other) => {
                    Err(format!("offer {offer}: its own CV scores {own:?}, the one of a {} {other:?}", cv.name))
                }
            };
            run.findings.see(Check::ScoreOrder, order);
        }
    }
    let mut columns = vec!["CV \\ offer".to_owned()];
    columns.extend(offers.iter().map(|(name, _)| name.clone()));
    let cell = |score: &Option<i32>| score.map_or("-".to_owned(), |score| score.to_string());
    let shown = cvs.iter().zip(&rows);
    let rows = shown.map(|(cv, row)| std::iter::once(cv.name.clone()).chain(row.iter().map(cell)).collect()).collect();
    Ok(Table { title: "Scores of our own CVs, one a trade".to_owned(), columns, rows })
}
