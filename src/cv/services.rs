//! What the product works with: models, the fetcher, the settings.

use super::mail::Post;
use super::oauth::Oauth;
use super::store::settings::{self, Settings};
use super::store::{Reader, usage};
use crate::ai::{AiCallRecord, CallRecorder, Models};
use crate::documents::Documents;
use crate::fetch::Fetcher;
use crate::stripe::Stripe;
use estafette_actors::writer::batch::{Record, Recorder};
use estafette_actors::{CallError, Db, DbResult, Runtime, StepError};
use parking_lot::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How long settings are believed: a change takes effect on every node within 2 s (R73).
const SETTINGS_LIFE: Duration = Duration::from_secs(1);

/// How long prices of models are believed.
const PRICES_LIFE: Duration = Duration::from_secs(5);

/// Computations at once; more would only wait for the processors.
const COMPUTING: usize = 16;

/// What the product works with. One per process.
pub struct Services {
    /// The models, with prices and records.
    pub models: Arc<Models>,
    /// For addresses that people give.
    pub fetcher: Arc<Fetcher>,
    /// Reads and makes PDFs.
    pub documents: Documents,
    /// For e-mails.
    pub post: Post,
    /// Sign-ins at other providers.
    pub oauth: Oauth,
    /// Volatile events a second that one `task.test` may ask for.
    pub test_live_per_second: u32,
    stripe: Option<Stripe>,
    runtime: OnceLock<Runtime>,
    settings: RwLock<Option<(Instant, Arc<Settings>)>>,
    prices_at: RwLock<Option<Instant>>,
    computing: Arc<Semaphore>,
}

impl Services {
    /// With models, a fetcher, and what reads and makes documents.
    pub fn new(models: Arc<Models>, fetcher: Arc<Fetcher>, documents: Documents, post: Post) -> Self {
        Self {
            models,
            fetcher,
            documents,
            post,
            oauth: Oauth::none(),
            test_live_per_second: 0,
            stripe: None,
            runtime: OnceLock::new(),
            settings: RwLock::new(None),
            prices_at: RwLock::new(None),
            computing: Arc::new(Semaphore::new(COMPUTING)),
        }
    }

    /// With sign-ins at other providers.
    #[must_use]
    pub fn with_oauth(mut self, oauth: Oauth) -> Self {
        self.oauth = oauth;
        self
    }

    /// Allows `task.test` so many volatile events a second.
    #[must_use]
    pub const fn test_live(mut self, per_second: u32) -> Self {
        self.test_live_per_second = per_second;
        self
    }

    /// Takes payments.
    #[must_use]
    pub fn paid_by(mut self, stripe: Option<Stripe>) -> Self {
        self.stripe = stripe;
        self
    }

    /// Where payments are taken.
    ///
    /// # Errors
    /// `bad_request`: this server takes none.
    pub fn stripe(&self) -> Result<&Stripe, CallError> {
        let none = "this server takes no payments: whoever runs it sets STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET";
        self.stripe.as_ref().ok_or_else(|| CallError::bad_request(none))
    }

    /// The runtime has started: tasks whose effects concern several people, or nobody, work through it.
    pub fn attach(&self, runtime: &Runtime) {
        let _attached_before = self.runtime.set(runtime.clone());
    }

    /// The runtime.
    ///
    /// # Errors
    /// It has not started: tried again.
    pub fn runtime(&self) -> Result<&Runtime, StepError> {
        self.runtime.get().ok_or_else(|| StepError::transient("starting", "the node is still starting"))
    }

    /// Runs a computation beside the arbiter that asks: reading a whole CV takes long enough to hold up heartbeats,
    /// leases and the other tasks there. At most [`COMPUTING`] run at once.
    ///
    /// # Errors
    /// `internal`: it panicked, which was logged.
    pub async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, StepError> {
        let gone = || StepError::fatal("internal", "a computation failed; the error was logged");
        let slot = Arc::clone(&self.computing).acquire_owned().await.map_err(|_| gone())?;
        let ran = tokio::task::spawn_blocking(move || {
            // The slot goes along: work whose step was cancelled still counts until it is through.
            let _slot = slot;
            work()
        });
        ran.await.map_err(|error| {
            tracing::error!(%error, "a computation panicked");
            gone()
        })
    }

    /// The settings, at most a second old.
    ///
    /// # Errors
    /// [`estafette_actors::DbError`].
    pub async fn settings(&self, db: &impl Reader) -> DbResult<Arc<Settings>> {
        if let Some((at, settings)) = &*self.settings.read()
            && at.elapsed() < SETTINGS_LIFE
        {
            return Ok(Arc::clone(settings));
        }
        let fresh = Arc::new(settings::read(db).await?);
        let prices_at = *self.prices_at.read();
        if prices_at.is_none_or(|at| at.elapsed() >= PRICES_LIFE) {
            self.models.set_prices(usage::prices(db).await?);
            *self.prices_at.write() = Some(Instant::now());
        }
        *self.settings.write() = Some((Instant::now(), Arc::clone(&fresh)));
        Ok(fresh)
    }
}

impl Services {
    /// Settings and prices were changed here: the next look reads them anew. Other nodes look within [`SETTINGS_LIFE`].
    pub fn forget(&self) {
        *self.settings.write() = None;
        *self.prices_at.write() = None;
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").field("model", &self.models.provider_name()).finish_non_exhaustive()
    }
}

/// One call to a model, on its way to `openai_calls` and `openai_usage` (R65).
pub struct UsageRow(AiCallRecord);

#[async_trait::async_trait(?Send)]
impl Record for UsageRow {
    const NAME: &'static str = "openai_calls";

    async fn write(db: &Db, records: &[Self]) -> DbResult<()> {
        let calls: Vec<AiCallRecord> = records.iter().map(|row| row.0.clone()).collect();
        usage::record(db, &calls).await
    }
}

/// Hands calls to a bounded writer, which lives on the arbiter where it is started.
#[derive(Default)]
pub struct UsageRecorder {
    writer: OnceLock<Recorder<UsageRow>>,
    news: AtomicBool,
}

impl UsageRecorder {
    /// Starts the writer on the current arbiter, once. Register what it returns with `Runtime::flush_at_drain`.
    pub fn start(&self, db: Db) -> Recorder<UsageRow> {
        self.writer.get_or_init(|| Recorder::start(db)).clone()
    }

    /// Whether calls were recorded since this was asked before.
    pub fn take_news(&self) -> bool {
        self.news.swap(false, Ordering::AcqRel)
    }

    /// Writes what waits.
    pub async fn flush(&self) {
        if let Some(writer) = self.writer.get() {
            writer.flush().await;
        }
    }
}

impl CallRecorder for UsageRecorder {
    fn record(&self, call: AiCallRecord) {
        self.news.store(true, Ordering::Release);
        match self.writer.get() {
            Some(writer) => writer.record(UsageRow(call)),
            None => tracing::error!(feature = call.feature, "a model was called before its calls are recorded"),
        }
    }
}
