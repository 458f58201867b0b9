//! Every wrong input is answered with its typed error; nothing is charged, nothing is created.

mod documents;
mod owners;
mod requests;
mod sources;
mod tokens;
mod units;

use crate::support::census;
use crate::support::person::Person;
use crate::support::server::Server;
use estafette::testing::{self, TestDatabase};
use estafette_actors::Db;
use std::collections::BTreeMap;

/// A server on a fresh database, with somebody who has a CV and five credits.
struct Stage {
    server: Server,
    db: Db,
    ada: Person,
    cv: String,
    before: BTreeMap<&'static str, i64>,
    // Last: it goes after the server that uses it.
    _database: TestDatabase,
}

impl Stage {
    async fn set(settings: &[(&str, &str)]) -> Self {
        let database = testing::database().await;
        let server = Server::on(&database.url(), settings);
        let db = database.db();
        let ada = Person::sign_up(&server, "ada").await;
        let cv = ada.cv().await;
        let before = census::take(&db).await;
        Self { server, db, ada, cv, before, _database: database }
    }

    /// From here on is what must not change.
    async fn count_again(&mut self) {
        self.before = census::take(&self.db).await;
    }

    /// Nothing has changed.
    async fn is_untouched(&self, after: &str) {
        assert_eq!(census::take(&self.db).await, self.before, "after {after}");
        census::ledger_is_sound(&self.db).await;
    }
}
