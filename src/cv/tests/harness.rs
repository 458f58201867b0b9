//! A running product: a fresh database, the runtime, a user.

use crate::ai::offline::Offline;
use crate::ai::{Models, PriceBook};
use crate::cv::accounts::{self, NewUser};
use crate::cv::brain::types as brain;
use crate::cv::mail::Post;
use crate::cv::oauth::Oauth;
use crate::cv::rules::account::Email;
use crate::cv::store::settings;
use crate::cv::{CvProduct, Services, UsageRecorder, topics};
use crate::fetch::{FetchPolicy, Fetcher};
use crate::stripe::Stripe;
use crate::testing::TestDatabase;
use chrono::Utc;
use estafette_actors::{CallError, Identity, Runtime};
use estafette_protocol::cv::status::Role;
use estafette_protocol::{ErrorCode, IdempotencyKey, SessionId, UserId};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest wait for a condition.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the model of the tests does beside answering: `"classify"` → how many calls fail, `None` for good.
#[derive(Default)]
pub(super) struct Faults(Mutex<HashMap<String, u32>>);

impl Faults {
    /// The next `n` calls of a step fail for good.
    pub(super) fn fail(&self, step: &str, n: u32) {
        self.0.lock().insert(step.to_owned(), n);
    }

    fn check(&self, step: &str) -> Result<(), String> {
        let mut faults = self.0.lock();
        match faults.get_mut(step) {
            Some(n) if *n > 0 => {
                *n -= 1;
                Err(format!("{step} was told to fail"))
            }
            _ => Ok(()),
        }
    }
}

/// A running product.
pub(super) struct World {
    pub(super) runtime: Runtime,
    pub(super) faults: Arc<Faults>,
    pub(super) usage: Arc<UsageRecorder>,
    pub(super) product: Arc<CvProduct>,
    pub(super) services: Arc<Services>,
    pub(super) database: TestDatabase,
}

/// A signed-in person.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) who: Identity,
    runtime: Runtime,
}

fn text(text: &str) -> Option<brain::TextEdit> {
    Some(brain::TextEdit { text: text.to_owned(), reason: "for the offer".to_owned() })
}

fn rules(offline: &mut Offline, faults: &Arc<Faults>) {
    let faulty = |step: &'static str| {
        let faults = Arc::clone(faults);
        move || faults.check(step)
    };
    let check = faulty("extract");
    offline.register("job_extraction", "extract", move |source: &brain::OfferSource| {
        check()?;
        let refused = source.text.contains("recipe");
        let title = source.text.lines().next().unwrap_or_default().to_owned();
        Ok::<_, String>(brain::Extraction {
            is_job_offer: !refused,
            refusal: refused.then(|| "this is a recipe".to_owned()),
            language: Some("en".to_owned()),
            offer: brain::JobOffer { title: Some(title), company: Some("ACME".to_owned()), ..Default::default() },
        })
    });
    for feature in ["cv_generation", "cv_optimization"] {
        let check = faulty("classify");
        offline.register(feature, "classify", move |input: &brain::StepInput| {
            check()?;
            let verdicts = |section: &str, action| {
                let items = input.cv[section].as_array().map_or(0, Vec::len) as u32;
                (0..items)
                    .map(|index| brain::Verdict { index, action, relevance: 0.5, reason: "because".to_owned() })
                    .collect()
            };
            let unrelated = brain::Verdict {
                index: 0,
                action: brain::Fate::Remove,
                relevance: 0.0,
                reason: "unrelated".to_owned(),
            };
            Ok::<_, String>(brain::Classification {
                target_language: "en".to_owned(),
                experiences: verdicts("work", brain::Fate::Adapt),
                projects: vec![unrelated],
                wanted_skills: Vec::new(),
            })
        });
        let check = faulty("batch_experience");
        offline.register(feature, "batch_experience", move |_: &brain::StepInput| {
            check()?;
            let summary = text("a job told anew");
            Ok::<_, String>(brain::ExperienceProposal { summary, ..Default::default() })
        });
        offline.register(feature, "batch_project", |_: &brain::StepInput| {
            Ok::<_, String>(brain::ProjectProposal::default())
        });
        offline.register(feature, "batch_extras", |_: &brain::StepInput| {
            Ok::<_, String>(brain::ExtrasProposal::default())
        });
        offline.register(feature, "batch_skills", |_: &brain::StepInput| {
            Ok::<_, String>(brain::SkillsProposal::default())
        });
        let check = faulty("batch_summary");
        offline.register(feature, "batch_summary", move |_: &brain::StepInput| {
            check()?;
            Ok::<_, String>(brain::SummaryProposal { label: None, summary: text("a summary for the offer") })
        });
    }
    let check = faulty("match_score");
    offline.register("match_score", "match_score", move |_: &brain::ScoreInput| {
        check()?;
        let breakdown =
            brain::ScoreBreakdown { technical_skills: 30, experience: 20, education: 10, projects: 5, soft_skills: 5 };
        Ok::<_, String>(brain::Score {
            total: 70,
            breakdown,
            missing_skills: vec!["Go".to_owned()],
            ..Default::default()
        })
    });
}

/// What a world is made of; the default answers at once, sends nothing and sells nothing.
struct Setup {
    latency: Duration,
    policy: FetchPolicy,
    post: Post,
    oauth: Oauth,
    stripe: Option<Stripe>,
    rules: fn(&mut Offline, &Arc<Faults>),
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            latency: Duration::ZERO,
            policy: FetchPolicy::default(),
            post: Post::nowhere().unwrap(),
            oauth: Oauth::none(),
            stripe: None,
            rules,
        }
    }
}

/// The product's own offline model.
fn own_brain(offline: &mut Offline, _: &Arc<Faults>) {
    crate::cv::offline::register(offline);
}

impl World {
    /// Starts one. Each call of the model takes `latency`.
    pub(super) async fn start_with(latency: Duration) -> Self {
        Self::start_full(Setup { latency, ..Setup::default() }).await
    }

    /// Starts one that sends e-mails, and offers sign-ins elsewhere.
    pub(super) async fn start_with_post(post: Post, oauth: Oauth) -> Self {
        Self::start_full(Setup { post, oauth, ..Setup::default() }).await
    }

    /// Starts one with the product's own offline model.
    pub(super) async fn start_with_brain() -> Self {
        Self::start_full(Setup { rules: own_brain, ..Setup::default() }).await
    }

    /// Starts one with the product's own offline model, whose every answer takes its time.
    pub(super) async fn start_with_slow_brain() -> Self {
        let latency = Duration::from_millis(400);
        Self::start_full(Setup { latency, rules: own_brain, ..Setup::default() }).await
    }

    /// Starts one that may fetch from a private place (`127.0.0.1:1234`).
    pub(super) async fn start_allowing(place: &str) -> Self {
        let allow = vec![place.parse().unwrap()];
        let policy = FetchPolicy { allow, ..FetchPolicy::default() };
        Self::start_full(Setup { policy, ..Setup::default() }).await
    }

    /// Starts one that takes payments.
    pub(super) async fn start_selling(stripe: Stripe) -> Self {
        Self::start_full(Setup { stripe: Some(stripe), ..Setup::default() }).await
    }

    async fn start_full(setup: Setup) -> Self {
        let Setup { latency, policy, post, oauth, stripe, rules } = setup;
        let database = crate::testing::database().await;
        let faults = Arc::new(Faults::default());
        let mut offline = Offline::new(latency, 64);
        rules(&mut offline, &faults);
        let usage = Arc::new(UsageRecorder::default());
        usage.start(database.db());
        let recorder: Arc<dyn crate::ai::CallRecorder> = Arc::clone(&usage) as _;
        let models = Models::new(Arc::new(offline), recorder);
        models.set_prices(PriceBook::default());
        let fetcher = Fetcher::new(policy).unwrap();
        let services = Services::new(Arc::new(models), Arc::new(fetcher), crate::testing::documents(), post);
        let services = Arc::new(services.with_oauth(oauth).test_live(20).paid_by(stripe));
        let product = Arc::new(CvProduct::new(Arc::clone(&services)));
        let runtime = Runtime::builder(database.db()).product(Arc::clone(&product) as _).start().await.unwrap();
        services.attach(&runtime);
        Self { runtime, faults, usage, product, services, database }
    }

    pub(super) async fn start() -> Self {
        Self::start_with(Duration::ZERO).await
    }

    /// A new person with the welcome gift of 5 credits.
    pub(super) async fn person(&self, name: &str) -> Person {
        self.person_by(name, None).await.unwrap()
    }

    /// A new administrator.
    pub(super) async fn admin(&self) -> Person {
        let mut root = self.person("root").await;
        root.who.role = "ADMIN".to_owned();
        let sql = "UPDATE cv.users SET role = 'ADMIN' WHERE id = $1";
        self.runtime.db().execute(sql, &[&root.who.user.as_str()]).await.unwrap();
        root
    }

    /// A new person who was referred.
    pub(super) async fn person_by(&self, name: &str, referral_code: Option<&str>) -> Result<Person, CallError> {
        let email = Email::parse(&format!("{name}@example.com")).unwrap();
        let new = NewUser {
            email: Some(email),
            name: None,
            password_hash: Some("x".to_owned()),
            role: Role::User,
            language: None,
            referral_code: referral_code.map(str::to_owned),
        };
        let user = self
            .runtime
            .transaction(&topics::product(), async |tx| {
                let settings = settings::read(tx).await?;
                Ok(accounts::add(tx, &settings, &new).await?.user.id)
            })
            .await?;
        Ok(Person { who: identity(user, "USER"), runtime: self.runtime.clone() })
    }

    /// Another node of the same cluster: a runtime and services of its own, the database in common.
    pub(super) async fn second_node(&self) -> Runtime {
        let mut offline = Offline::new(Duration::ZERO, 64);
        rules(&mut offline, &self.faults);
        let recorder: Arc<dyn crate::ai::CallRecorder> = Arc::clone(&self.usage) as _;
        let models = Arc::new(Models::new(Arc::new(offline), recorder));
        let fetcher = Arc::new(Fetcher::new(FetchPolicy::default()).unwrap());
        let services = Arc::new(Services::new(models, fetcher, crate::testing::documents(), Post::nowhere().unwrap()));
        let product = Arc::new(CvProduct::new(Arc::clone(&services)));
        let runtime = Runtime::builder(self.database.db()).product(product as _).start().await.unwrap();
        services.attach(&runtime);
        runtime
    }

    /// Runs SQL beside the product.
    pub(super) async fn sql(&self, sql: &str) {
        self.runtime.db().execute(sql, &[]).await.unwrap();
    }

    /// One number.
    pub(super) async fn number(&self, sql: &str) -> i64 {
        self.runtime.db().query_one(sql, &[]).await.unwrap().get(0)
    }

    /// The events of a topic: `(kind, data)`.
    pub(super) async fn events(&self, topic: &str) -> Vec<(String, Value)> {
        let sql = "SELECT e.kind, e.data FROM runtime.events e JOIN runtime.topics t ON t.id = e.topic_id
                   WHERE t.topic = $1 ORDER BY e.seq";
        let rows = self.runtime.db().query(sql, &[&topic]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

/// Who a person is.
pub(super) fn identity(user: UserId, role: &str) -> Identity {
    Identity {
        product: topics::product(),
        session: SessionId::parse("s").unwrap(),
        user,
        role: role.to_owned(),
        device: None,
        expires_at: Utc::now() + chrono::Duration::hours(1),
    }
}

impl Person {
    /// The same person on another node.
    pub(super) fn on(&self, runtime: &Runtime) -> Self {
        Self { who: self.who.clone(), runtime: runtime.clone() }
    }

    pub(super) async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        self.runtime.call(self.who.clone(), method, params, None).await
    }

    pub(super) async fn keyed(&self, method: &str, params: Value, key: &str) -> Result<Value, CallError> {
        self.runtime.call(self.who.clone(), method, params, Some(IdempotencyKey::parse(key).unwrap())).await
    }

    pub(super) async fn ok(&self, method: &str, params: Value) -> Value {
        self.call(method, params).await.unwrap_or_else(|error| panic!("{method}: {error} {:?}", error.details))
    }

    pub(super) async fn refused(&self, method: &str, params: Value) -> ErrorCode {
        self.call(method, params).await.expect_err(method).code
    }

    /// A CV with two experiences and a project.
    pub(super) async fn cv(&self) -> String {
        let file = self.ok("cv.create", json!({"content": sample()})).await;
        file["id"].as_str().unwrap().to_owned()
    }

    /// A stored job offer.
    pub(super) async fn offer(&self) -> String {
        let offer = self.ok("job_offer.create", json!({"text": offer_text("Rust developer")})).await;
        offer["id"].as_str().unwrap().to_owned()
    }

    pub(super) async fn balance(&self) -> i64 {
        self.ok("credits.get", json!({})).await["balance"].as_i64().unwrap()
    }

    /// Waits until a task has ended; its state then.
    pub(super) async fn ended(&self, task: &str) -> Value {
        let began = Instant::now();
        loop {
            let state = self.ok("task.get", json!({"id": task})).await;
            let status = state["task"]["status"].as_str().unwrap();
            if matches!(status, "completed" | "failed" | "cancelled") {
                return state;
            }
            assert!(began.elapsed() < PATIENCE, "the task does not end: {state:#}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Starts a task and waits for its end.
    pub(super) async fn run(&self, method: &str, params: Value) -> Value {
        let started = self.ok(method, params).await;
        self.ended(started["task_id"].as_str().unwrap()).await
    }

    pub(super) async fn get(&self, cv: &str) -> Value {
        self.ok("cv.get", json!({"id": cv})).await
    }
}

/// Waits for a condition.
pub(super) async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(super) fn sample() -> Value {
    json!({
        "basics": {"name": "Ana Gil", "label": "Developer", "summary": "I write software."},
        "work": [
            {"name": "X", "position": "Dev", "startDate": "2020", "summary": "Wrote things."},
            {"name": "Y", "position": "Junior", "startDate": "2018", "endDate": "2020", "summary": "Learnt things."},
        ],
        "projects": [{"name": "A game", "description": "Unrelated."}, {"name": "A tool", "description": "Related."}],
        "skills": [{"name": "Languages", "keywords": ["Rust", "SQL"]}],
        "custom": {"kept": true},
    })
}

pub(super) fn offer_text(title: &str) -> String {
    format!("{title}\nWe look for somebody who knows Rust and Postgres and likes to work with people.")
}
