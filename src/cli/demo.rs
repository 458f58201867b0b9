//! `estafette demo`: a server in a folder of its own, with an example user, CVs, job texts and job pages.

use super::failure::Failure;
use super::say;
use super::serve::{Extras, Serving, console_address, serve};
use crate::catalog::{Account, Accounts, NewAccount};
use crate::config::{Layer, Settings};
use crate::demo::pages::Pages;
use crate::demo::{CVS, JOB_TEXTS};
use crate::telemetry;
use estafette_actors::{CallError, Identity, Runtime};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The example user.
const EMAIL: &str = "demo@estafette.example";
/// The example user's password: the demo listens on this machine only, unless it is told otherwise.
const PASSWORD: &str = "estafette-demo";
/// What the example user starts with.
const CREDITS: u32 = 500;
/// The product that is shown.
const PRODUCT: &str = "cv";
/// Where the job pages are, unless the port is taken.
const PAGES_PORT: u16 = 7778;
/// How long a call of the offline provider takes in the demo, so that there is something to watch.
const LATENCY_MS: u64 = 700;

/// Runs the demo until a signal.
///
/// # Errors
/// [`Failure`].
pub fn run(file: Option<&Path>, mut given: Layer) -> Result<(), Failure> {
    given.server.data_dir.get_or_insert_with(|| PathBuf::from(".estafette/demo"));
    given.mail.show_unsent.get_or_insert(true);
    given.ai.offline_latency_ms.get_or_insert(LATENCY_MS);
    given.log.level.get_or_insert_with(|| "warn".to_owned());
    let mut settings = Settings::load(given, file)?;
    let _telemetry = telemetry::start(&settings);
    actix_web::rt::System::new().block_on(async move {
        let pages = Pages::start(PAGES_PORT)?;
        settings.fetch.allow.0.push(pages.host_port());
        let urls = pages.urls();
        let outcome = serve(&settings, Extras::default(), async |serving, address| {
            let accounts = serving.opened.catalog.accounts(PRODUCT).map_err(Failure::work)?;
            let account = prepare(&*accounts, &serving, &urls).await?;
            say(welcome(&console_address(address), &account, &urls));
            Ok(())
        })
        .await;
        pages.stop().await;
        outcome
    })
}

/// The example user, made and given its data at the first start.
async fn prepare(accounts: &dyn Accounts, serving: &Serving<'_>, urls: &[String]) -> Result<Account, Failure> {
    if let Some(account) = accounts.find(&serving.opened.db, EMAIL).await? {
        return Ok(account);
    }
    let new = NewAccount {
        email: EMAIL.to_owned(),
        password: PASSWORD.to_owned(),
        name: Some("Demo".to_owned()),
        credits: CREDITS,
    };
    let account = accounts.add(serving.runtime, new).await?;
    let who = accounts.identity(&account);
    for cv in CVS {
        let content: Value = serde_json::from_str(cv.content).map_err(Failure::work)?;
        let filename = cv.name.trim_end_matches(".json");
        call(serving.runtime, &who, "cv.create", json!({"filename": filename, "content": content})).await?;
    }
    // An offer that cannot be read must not keep the demo from starting: it is said and left out.
    let texts = JOB_TEXTS.iter().map(|text| json!({"text": text.content}));
    for offer in texts.chain(urls.iter().map(|url| json!({"url": url}))) {
        if let Err(error) = call(serving.runtime, &who, "job_offer.create", offer).await {
            tracing::warn!(%error, "an example offer was left out");
        }
    }
    Ok(account)
}

async fn call(runtime: &Runtime, who: &Identity, method: &str, params: Value) -> Result<Value, CallError> {
    runtime.call(who.clone(), method, params, None).await
}

fn welcome(console: &str, account: &Account, urls: &[String]) -> String {
    format!(
        "\n  Estafette is running.\n\n  Console    {console}\n  E-mail     {}\n  Password   {PASSWORD}\n  Credits    {}\n\n  \
         Job pages to adapt a CV to:\n    {}\n\n  Ctrl-C stops everything; the data stays for the next start.\n",
        account.email,
        account.credits,
        urls.join("\n    ")
    )
}
