//! The product's row in the catalogue: put together from the settings, with its users for the command line.

use super::accounts::{self, NewUser};
use super::budget::BudgetGuard;
use super::retention::Retention;
use super::store::{Reader, settings, users};
use super::watch::CostAlerts;
use super::{CvProduct, Services, UsageRecorder, ledger, routes, topics};
use crate::ai::offline::Offline;
use crate::ai::{CallBounds, CallGuard, CallRecorder, Models, setup};
use crate::auth::Auth;
use crate::catalog::{Account, Accounts, Entry, NewAccount, Parts};
use crate::documents::Documents;
use crate::fetch::{FetchPolicy, Fetcher};
use crate::stripe::Stripe;
use chrono::{DateTime, Utc};
use estafette_actors::sweep::Sweep;
use estafette_actors::{CallError, Db, Identity, Runtime};
use estafette_protocol::SessionId;
use estafette_protocol::cv::status::{Role, TransactionType};
use std::sync::Arc;
use std::time::Duration;

/// Rules of the offline model that run at once.
const OFFLINE_CONCURRENCY: usize = 64;

/// Puts the product together.
///
/// # Errors
/// A sentence that says which setting keeps it from starting.
pub fn entry(parts: &Parts<'_>) -> Result<Entry, String> {
    let settings = parts.settings;
    let latency = Duration::from_millis(settings.ai.offline_latency_ms);
    let mut offline = Offline::new(latency, OFFLINE_CONCURRENCY);
    super::offline::register(&mut offline);
    let provider = setup::provider(settings, offline).map_err(|error| error.to_string())?;
    let usage = Arc::new(UsageRecorder::default());
    let recorder: Arc<dyn CallRecorder> = Arc::clone(&usage) as Arc<dyn CallRecorder>;
    let bounds = CallBounds {
        timeout: Some(Duration::from_millis(settings.ai.request_timeout_ms)),
        model: Some(settings.ai.openai_model.trim().to_owned()).filter(|model| !model.is_empty()),
    };
    let slow_after = Duration::from_millis(settings.ai.slow_after_ms);
    let budget = Arc::new(BudgetGuard::default());
    let guard: Arc<dyn CallGuard> = Arc::clone(&budget) as Arc<dyn CallGuard>;
    let models = Models::new(provider, recorder).slow_after(slow_after).bounded(bounds).guarded(guard);
    let models = Arc::new(models);
    let policy = FetchPolicy::from_settings(settings).map_err(|error| format!("fetch.allow: {error}"))?;
    let fetcher = Fetcher::new(policy).map_err(|error| format!("no HTTP client can be made: {error}"))?;
    let post = super::mail::Post::from_settings(settings, parts.auth)?;
    let oauth = super::oauth::Oauth::from_settings(settings)?;
    let services = Services::new(models, Arc::new(fetcher), Documents::from_settings(settings)?, post)
        .with_oauth(oauth)
        .test_live(settings.tasks.test_live_per_second)
        .paid_by(Stripe::from_settings(settings)?);
    let services = Arc::new(services);
    let attached = Arc::clone(&services);
    Ok(Entry {
        product: Arc::new(CvProduct::new(Arc::clone(&services))),
        routes: routes::with(services),
        docs: routes::docs,
        accounts: Some(Arc::new(CvAccounts { auth: parts.auth.clone() })),
        started: Box::new(move |runtime| {
            attached.attach(runtime);
            runtime.flush_at_drain(Arc::new(usage.start(runtime.db().clone())));
            budget.start(runtime.db().clone());
            super::watch::start(runtime, Arc::clone(&usage));
            let sweeps: Vec<Arc<dyn Sweep>> =
                vec![Arc::new(super::sweep::Expired), Arc::new(CostAlerts), Arc::new(Retention)];
            estafette_actors::sweep::schedule(runtime, sweeps);
        }),
    })
}

/// The product's users, as the command line sees them.
struct CvAccounts {
    auth: Auth,
}

const COLUMNS: &str = "SELECT u.id, u.email, u.name, u.role, u.created_at, coalesce(b.balance, 0)::bigint AS balance
    FROM cv.users u LEFT JOIN cv.credit_balances b ON b.user_id = u.id";

fn account(row: &tokio_postgres::Row) -> Result<Account, CallError> {
    let id: String = row.try_get("id")?;
    Ok(Account {
        id: topics::parse_id(&id)?,
        email: row.try_get::<_, Option<String>>("email")?.unwrap_or_default(),
        name: row.try_get("name")?,
        role: row.try_get("role")?,
        credits: row.try_get("balance")?,
        created_at: row.try_get::<_, DateTime<Utc>>("created_at")?,
    })
}

async fn by_email(db: &impl Reader, email: &str) -> Result<Option<Account>, CallError> {
    let email = email.trim().to_lowercase();
    let row = db.row(&format!("{COLUMNS} WHERE u.email = $1"), &[&email]).await?;
    row.as_ref().map(account).transpose()
}

#[async_trait::async_trait(?Send)]
impl Accounts for CvAccounts {
    async fn add(&self, runtime: &Runtime, new: NewAccount) -> Result<Account, CallError> {
        let (email, name) = accounts::check(&new.email, &new.password, new.name.as_deref())?;
        let password_hash = self.auth.passwords().hash(&new.password).await?;
        let address = email.as_str().to_owned();
        let user = NewUser {
            email: Some(email),
            name,
            password_hash: Some(password_hash),
            role: Role::User,
            language: None,
            referral_code: None,
        };
        let extra = i32::try_from(new.credits)
            .map_err(|_| CallError::bad_request("that is more credits than an account can hold"))?;
        runtime
            .transaction(&topics::product(), async |tx| {
                let settings = settings::read(tx).await?;
                let added = accounts::add(tx, &settings, &user).await?.user;
                accounts::confirm_email(tx, &added.id).await?;
                if extra > 0 {
                    ledger::record(tx, &added.id, extra, TransactionType::Gift, None, None, None).await?;
                }
                by_email(tx, &address).await?.ok_or_else(|| CallError::internal("a new user vanished"))
            })
            .await
    }

    async fn list(&self, db: &Db, limit: u32) -> Result<Vec<Account>, CallError> {
        let rows = db.rows(&format!("{COLUMNS} ORDER BY u.created_at DESC LIMIT $1"), &[&i64::from(limit)]).await?;
        rows.iter().map(account).collect()
    }

    async fn find(&self, db: &Db, email: &str) -> Result<Option<Account>, CallError> {
        by_email(db, email).await
    }

    async fn give_credits(&self, runtime: &Runtime, email: &str, credits: u32) -> Result<Account, CallError> {
        let amount = i32::try_from(credits)
            .ok()
            .filter(|amount| *amount > 0)
            .ok_or_else(|| CallError::bad_request("give 1 credit or more, and no more than an account can hold"))?;
        runtime
            .transaction(&topics::product(), async |tx| {
                let missing = || CallError::not_found(format!("there is nobody with the address {email}"));
                let found = by_email(tx, email).await?.ok_or_else(missing)?;
                ledger::record(tx, &found.id, amount, TransactionType::Gift, None, None, None).await?;
                by_email(tx, email).await?.ok_or_else(missing)
            })
            .await
    }

    async fn set_role(&self, runtime: &Runtime, email: &str, role: &str) -> Result<Account, CallError> {
        let role: Role = role.parse().map_err(|_| CallError::bad_request("the roles are USER and ADMIN"))?;
        runtime
            .transaction(&topics::product(), async |tx| {
                let missing = || CallError::not_found(format!("there is nobody with the address {email}"));
                let found = by_email(tx, email).await?.ok_or_else(missing)?;
                users::set_role(tx, &found.id, role).await?;
                self.auth.set_role(tx, &found.id, role.as_str()).await?;
                by_email(tx, email).await?.ok_or_else(missing)
            })
            .await
    }

    fn identity(&self, account: &Account) -> Identity {
        Identity {
            product: topics::product(),
            user: account.id.clone(),
            session: SessionId::parse("command-line").unwrap_or_else(|_| unreachable!("a word is a session id")),
            role: account.role.clone(),
            device: None,
            expires_at: Utc::now() + chrono::Duration::hours(1),
        }
    }
}
