//! The only list of products.

use crate::auth::Auth;
use crate::config::Settings;
use crate::http::RouteDoc;
use actix_web::web::ServiceConfig;
use chrono::{DateTime, Utc};
use estafette_actors::{CallError, Db, Identity, Product, Runtime};
use estafette_protocol::UserId;
use std::sync::Arc;

/// What products are made of.
pub struct Parts<'a> {
    /// Every setting.
    pub settings: &'a Settings,
    /// For reading.
    pub db: &'a Db,
    /// Sessions and passwords.
    pub auth: &'a Auth,
}

/// The products of this server.
///
/// # Errors
/// A sentence that says which setting keeps a product from starting.
pub fn standard(parts: &Parts<'_>) -> Result<Catalog, String> {
    Ok(Catalog::new(vec![crate::cv::entry(parts)?]))
}

/// What a product brings to the server, besides what the runtime asks of it.
pub struct Entry {
    /// Its topics, calls and tasks.
    pub product: Arc<dyn Product>,
    /// Adds its HTTP routes; called once a worker thread.
    pub routes: Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>,
    /// Describes them.
    pub docs: fn() -> Vec<RouteDoc>,
    /// Its users, for the command line; `None`: it has none.
    pub accounts: Option<Arc<dyn Accounts>>,
    /// Run once the runtime has started: registers writers to flush, starts sweeps.
    pub started: Box<dyn Fn(&Runtime) + Send + Sync>,
}

/// The users of a product, as `estafette user` and `estafette demo` see them.
#[async_trait::async_trait(?Send)]
pub trait Accounts: Send + Sync {
    /// Signs a person up, with an e-mail address that counts as verified.
    ///
    /// # Errors
    /// `conflict` when the address is taken; `bad_request` when address or password break a rule.
    async fn add(&self, runtime: &Runtime, new: NewAccount) -> Result<Account, CallError>;

    /// The newest first, at most `limit`.
    ///
    /// # Errors
    /// `unavailable` when the database does not answer.
    async fn list(&self, db: &Db, limit: u32) -> Result<Vec<Account>, CallError>;

    /// One by its address.
    ///
    /// # Errors
    /// `unavailable` when the database does not answer.
    async fn find(&self, db: &Db, email: &str) -> Result<Option<Account>, CallError>;

    /// Gives credits, as a `gift` in the ledger.
    ///
    /// # Errors
    /// `not_found` when there is nobody with this address.
    async fn give_credits(&self, runtime: &Runtime, email: &str, credits: u32) -> Result<Account, CallError>;

    /// Gives a role, in force with the next access token.
    ///
    /// # Errors
    /// `not_found` when there is nobody with this address; `bad_request` when the product has no such role.
    async fn set_role(&self, runtime: &Runtime, email: &str, role: &str) -> Result<Account, CallError>;

    /// Who somebody is when the command line acts for them.
    fn identity(&self, account: &Account) -> Identity;
}

/// A person to be signed up.
#[derive(Clone)]
pub struct NewAccount {
    /// Address.
    pub email: String,
    /// Password.
    pub password: String,
    /// Name.
    pub name: Option<String>,
    /// Credits on top of what every new user gets.
    pub credits: u32,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Their id.
    pub id: UserId,
    /// Address.
    pub email: String,
    /// Name.
    pub name: Option<String>,
    /// Role.
    pub role: String,
    /// Balance.
    pub credits: i64,
    /// When they signed up.
    pub created_at: DateTime<Utc>,
}

/// The products of a server.
#[derive(Default)]
pub struct Catalog {
    entries: Vec<Entry>,
}

impl Catalog {
    /// With these products.
    pub const fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// The products, for the runtime.
    pub fn products(&self) -> impl Iterator<Item = Arc<dyn Product>> + '_ {
        self.entries.iter().map(|entry| Arc::clone(&entry.product))
    }

    /// The users of a product.
    ///
    /// # Errors
    /// A sentence when there is no such product, or it has no users.
    pub fn accounts(&self, product: &str) -> Result<Arc<dyn Accounts>, String> {
        let entry = self.entries.iter().find(|entry| entry.product.id().as_str() == product);
        entry
            .and_then(|entry| entry.accounts.clone())
            .ok_or_else(|| format!("this server has no product {product} with users"))
    }

    /// Tells each product that the runtime has started.
    pub fn started(&self, runtime: &Runtime) {
        for entry in &self.entries {
            (entry.started)(runtime);
        }
    }

    /// Adds all routes.
    pub fn routes(&self, config: &mut ServiceConfig) {
        for entry in &self.entries {
            (entry.routes)(config);
        }
    }

    /// Describes all routes, the server's own first.
    pub fn docs(&self) -> Vec<RouteDoc> {
        let own = crate::http::openapi::own_routes();
        own.into_iter()
            .chain(crate::admin::docs())
            .chain(self.entries.iter().flat_map(|entry| (entry.docs)()))
            .collect()
    }
}
