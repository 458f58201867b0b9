//! `loadtest eval`: real job offers and CVs of a folder. What is found of the facts that are known, what is refused and
//! how, and how the CVs score.
//!
//! | module | holds |
//! |---|---|
//! | [`folder`] | what is in the folder, and `SOURCES.json` |
//! | [`pages`] | the folder's pages on loopback, and some that misbehave |
//! | [`facts`] | whether what was found is what a page states |
//! | [`hostile`] | what must be refused, whatever the folder holds |
//! | [`scores`] | each CV against each offer |

mod facts;
mod folder;
mod hostile;
mod pages;
mod scores;

use super::{Failure, Run};
use crate::account::Account;
use crate::api::ApiError;
use crate::check::Check;
use crate::cli::ServerArgs;
use crate::report::{Report, Table};
use estafette_protocol::cv::credits::CreditBalance;
use estafette_protocol::cv::offer::JobOffer;
use facts::Tally;
use folder::{CvFile, Material, Way};
use pages::Pages;
use scores::StoredCv;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Instant;

/// A page that never ends is given up after this time by our own server, so that the run does not wait for it.
const FETCH_TIMEOUT_MS: u64 = 5_000;
/// Characters of a cell.
const CELL: usize = 70;

/// Options of the scenario.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// The folder: `jobs-html/`, `jobs-text/`, `jobs-pdf/`, `cv-json/`, and `SOURCES.json` with what is known.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Port for the folder's pages; 0: any. A server that runs already must allow it (`ESTAFETTE_FETCH_ALLOW=127.0.0.1:PORT`).
    #[arg(long, default_value_t = 0)]
    pages_port: u16,
    /// The least share of right (or partly right) titles and of companies.
    #[arg(long, default_value_t = 0.8)]
    min_right: f64,
    /// Leave the scores of the folder's CVs out.
    #[arg(long)]
    no_matrix: bool,
}

/// Runs it.
///
/// # Errors
/// [`Failure`] when it could not be run.
pub async fn run(options: &Options, server: &ServerArgs, seed: u64) -> Result<Report, Failure> {
    let (materials, cvs) = folder::read(&options.data).map_err(Failure::Other)?;
    let pages = Pages::serve(options.data.clone(), options.pages_port).await;
    let pages = pages.map_err(|error| Failure::Other(format!("the pages cannot be served: {error}")))?;
    let settings =
        [("fetch-allow", format!("127.0.0.1:{}", pages.port())), ("fetch-timeout-ms", FETCH_TIMEOUT_MS.to_string())];
    let run = Run::start(server, seed, &settings).await?;
    let scores = if options.no_matrix { 0 } else { materials.len() * cvs.len() };
    let credits = u32::try_from(scores + crate::sample::TRADES.len().pow(2)).unwrap_or(u32::MAX);
    let people = [run.people(1, credits).await?, run.others(1).await?].concat();
    let [account, other] = &people[..] else { return Err(Failure::Other("no user".to_owned())) };

    let before = balance(&run, account).await?;
    let mut tables = Vec::new();
    let (accepted, refused, tally) = offers(&run, account, &materials, &pages, &mut tables).await?;
    let (stored, mut bad) = store_cvs(&run, account, &cvs).await?;
    bad.extend(refused);
    bad.extend(hostile::all(&run, account, other, &pages).await?);
    tables.push(refusals(bad));
    let charged = before - balance(&run, account).await?;
    let free =
        if charged == 0 { Ok(()) } else { Err(format!("{charged} credits were taken for reading and refusing")) };
    run.findings.see(Check::Ledger, free);
    accuracy(&run, &tally, options.min_right, &mut tables);

    tables.push(scores::trades(&run, account).await?);
    if !options.no_matrix {
        tables.push(scores::matrix(&run, account, &stored, &accepted).await);
    }
    let checks = [Check::InputAccepted, Check::InputRefused, Check::Ledger, Check::ScoreForm, Check::ScoreOrder];
    let mut report = run.finish("eval", &checks).await;
    #[allow(clippy::cast_precision_loss, reason = "files of a folder")]
    for (name, count) in [("job offers", materials.len()), ("accepted", accepted.len()), ("CVs", stored.len())] {
        report.figure(name, count as f64, "");
    }
    report.tables = tables;
    Ok(report)
}

async fn balance(run: &Run, account: &Account) -> Result<i32, Failure> {
    let balance: CreditBalance = run.api.get("/v1/cv/credits", &account.token().await?).await?;
    Ok(balance.balance)
}

async fn read(run: &Run, account: &Account, material: &Material, pages: &Pages) -> Result<JobOffer, ApiError> {
    let token = account.token().await?;
    let path = "/v1/cv/job-offers";
    let bytes = || std::fs::read(&material.path).map_err(|error| ApiError::NoAnswer(error.to_string()));
    let begin = Instant::now();
    let outcome = match material.way {
        Way::Url => run.api.post(path, &json!({"url": pages.url(&material.name)}), Some(&token), None).await,
        Way::Text => {
            let text = String::from_utf8_lossy(&bytes()?).into_owned();
            run.api.post(path, &json!({"text": text}), Some(&token), None).await
        }
        Way::Pdf => {
            let name = material.path.file_name().unwrap_or_default().to_string_lossy();
            run.api.upload(path, &token, &name, "application/pdf", bytes()?).await
        }
    };
    run.latencies.record("offer read", begin.elapsed());
    outcome
}

type Accepted = Vec<(String, JobOffer)>;

async fn offers(
    run: &Run,
    account: &Account,
    materials: &[Material],
    pages: &Pages,
    tables: &mut Vec<Table>,
) -> Result<(Accepted, Vec<Vec<String>>, Tally), Failure> {
    let bar = crate::out::bar("offers", u64::try_from(materials.len()).unwrap_or(0));
    let (mut accepted, mut refused, mut tally) = (Vec::new(), Vec::new(), Tally::default());
    let (mut found, mut compared) = (Vec::new(), Vec::new());
    for material in materials {
        let outcome = read(run, account, material, pages).await;
        bar.inc(1);
        if material.negative || material.facts.is_job == Some(false) {
            refused.push(hostile::refusal(run, &material.name, outcome));
            continue;
        }
        let offer = match outcome {
            Ok(offer) => offer,
            Err(error) => {
                run.findings.broken(Check::InputAccepted, format!("{}: {error}", material.name));
                continue;
            }
        };
        run.findings.hold(Check::InputAccepted, 1);
        for field in facts::fields(&material.facts, &offer.content) {
            tally.add(&field);
            compared.push(
                [&material.name, field.name, &field.expected, &field.found, field.outcome.word()].map(cell).to_vec(),
            );
        }
        found.push(row(material, &offer));
        accepted.push((material.name.clone(), offer));
    }
    bar.finish_and_clear();
    let columns = ["file", "field", "expected", "found", ""].map(str::to_owned).to_vec();
    tables.push(Table { title: "Facts that are known".to_owned(), columns, rows: compared });
    let columns =
        ["file", "by", "title", "company", "place", "contract", "salary", "skills"].map(str::to_owned).to_vec();
    tables.push(Table { title: "What was found".to_owned(), columns, rows: found });
    Ok((accepted, refused, tally))
}

fn cell(text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    if text.chars().count() <= CELL { text.to_owned() } else { text.chars().take(CELL - 1).chain(['…']).collect() }
}

fn row(material: &Material, offer: &JobOffer) -> Vec<String> {
    let content = &offer.content;
    let (place, salary) = (&content.location, &content.salary);
    let joined = |parts: [Option<String>; 3]| parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let number = |value: Option<f64>| value.map(|value| value.to_string());
    let skills: Vec<&str> =
        content.skills.required.iter().chain(&content.skills.nice_to_have).map(String::as_str).collect();
    let cells = [
        material.name.clone(),
        material.way.name().to_owned(),
        content.title.clone().unwrap_or_default(),
        content.company.clone().unwrap_or_default(),
        joined([place.city.clone(), place.country.clone(), place.remote.map(|remote| remote.as_str().to_owned())]),
        content.contract.map(|contract| contract.as_str().to_owned()).unwrap_or_default(),
        joined([number(salary.min), number(salary.max), salary.currency.clone()]),
        skills.join(", "),
    ];
    cells.map(cell).to_vec()
}

fn refusals(rows: Vec<Vec<String>>) -> Table {
    let columns = ["input", "code", "reason", "message"].map(str::to_owned).to_vec();
    let rows = rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
    Table { title: "What was refused".to_owned(), columns, rows }
}

async fn store_cvs(run: &Run, account: &Account, cvs: &[CvFile]) -> Result<(Vec<StoredCv>, Vec<Vec<String>>), Failure> {
    let token = account.token().await?;
    let (mut stored, mut refused) = (Vec::new(), Vec::new());
    for cv in cvs {
        // The bytes as they are, so that what is no JSON is not repaired on the way.
        let body = [b"{\"content\":".as_slice(), &cv.bytes, b"}"].concat();
        let outcome: Result<Value, ApiError> = run.api.post_bytes("/v1/cv/files", body, &token).await;
        match outcome {
            outcome if cv.negative => refused.push(hostile::refusal(run, &format!("cv-json/{}", cv.name), outcome)),
            Ok(file) => {
                run.findings.hold(Check::InputAccepted, 1);
                let id = file.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                stored.push(StoredCv { name: cv.name.clone(), id });
            }
            // A CV that does not follow JSON Resume may be refused, with what is wrong.
            outcome => refused.push(hostile::refusal(run, &format!("cv-json/{}", cv.name), outcome)),
        }
    }
    Ok((stored, refused))
}

fn accuracy(run: &Run, tally: &Tally, least: f64, tables: &mut Vec<Table>) {
    let mut rows = Vec::new();
    for (name, counts, share) in tally.rows() {
        let percent = format!("{:.0} %", share * 100.0);
        if matches!(name, "title" | "company") {
            let enough = if share >= least { Ok(()) } else { Err(format!("{name}: {percent} are right")) };
            run.findings.see(Check::FactsFit, enough);
        }
        rows.push([vec![name.to_owned()], counts.map(|count| count.to_string()).to_vec(), vec![percent]].concat());
    }
    let columns =
        ["field", "compared", "right", "partly", "wrong", "missing", "right or partly"].map(str::to_owned).to_vec();
    tables.push(Table { title: "Fields".to_owned(), columns, rows });
}
