//! The import on a real old database, made up (see `old`).

use super::report::Report;
use super::{ImportError, Options, old, run};
use crate::cv::store::{files, offers, tasks, users};
use crate::testing::{self, TestDatabase};
use estafette_protocol::UserId;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio_postgres::Client;

const PEOPLE: u32 = 240;
const SEED: u32 = 7;

struct Pair {
    old: TestDatabase,
    new: TestDatabase,
    there: Client,
    here: Client,
}

impl Pair {
    async fn made(people: u32) -> Self {
        let (old, new) = (TestDatabase::fresh(&[]).await, testing::database().await);
        let (there, here) = (old.connect().await, new.connect().await);
        old::make(&there, people, SEED, 4).await.unwrap();
        Self { old, new, there, here }
    }

    fn options(&self) -> Options {
        Options { from: format!("{}&schema=public", self.old.url()), ..Options::default() }
    }

    async fn import(&self, change: impl FnOnce(&mut Options)) -> Result<Report, ImportError> {
        let mut options = self.options();
        change(&mut options);
        run(&options, &self.new.config().clone().into(), |_| ()).await
    }

    async fn number(&self, sql: &str) -> i64 {
        self.here.query_one(&format!("SELECT ({sql})::bigint"), &[]).await.unwrap().get(0)
    }

    async fn number_there(&self, sql: &str) -> i64 {
        self.there.query_one(&format!("SELECT ({sql})::bigint"), &[]).await.unwrap().get(0)
    }
}

/// Every table but the import's own: rows and a digest of them.
pub(super) async fn digest(client: &Client) -> BTreeMap<String, (i64, Option<String>)> {
    let sql = "SELECT table_name::text FROM information_schema.tables
               WHERE table_schema = 'cv' AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'import%'";
    let mut all = BTreeMap::new();
    for row in client.query(sql, &[]).await.unwrap() {
        let table: String = row.get(0);
        let sql = format!("SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM cv.{table} t");
        let row = client.query_one(&sql, &[]).await.unwrap();
        all.insert(table, (row.get(0), row.get(1)));
    }
    all
}

fn complete(report: &Report) {
    let text = report.text();
    assert!(report.checks.len() > 50 && report.checks.iter().all(|check| check.holds), "{text}");
    assert!(
        report.unknown_tables.is_empty() && report.models.iter().all(|model| model.columns_left.is_empty()),
        "{text}"
    );
    // A table that this server does not have is said, and the import is not called complete.
    let missing: Vec<&str> =
        report.models.iter().filter(|model| !model.table_is_here).map(|model| &*model.model).collect();
    assert_eq!(report.is_complete(), missing.is_empty(), "{text}");
    assert_eq!(text.contains("NOT TAKEN"), !missing.is_empty(), "{text}");
}

fn note(report: &Report, model: &str, reason: &str) -> i64 {
    report.notes.iter().filter(|note| note.model == model && note.reason == reason).map(|note| note.rows).sum()
}

#[actix_web::test]
async fn everything_is_taken_counted_and_summed_and_a_second_run_changes_nothing() {
    let pair = Pair::made(PEOPLE).await;
    let report = pair.import(|_| ()).await.unwrap();
    complete(&report);
    assert_eq!(pair.number("SELECT count(*) FROM cv.users").await, i64::from(PEOPLE));
    for (model, reason) in [
        ("User", "email_taken"),
        ("User", "password_not_bcrypt"),
        ("User", "email_invalid"),
        ("User", "link_lost_referred_by"),
        ("CvFile", "bad_json"),
        ("CvFile", "state_settled"),
        ("CvFile", "changes_closed"),
        ("CvVersion", "bad_json"),
        ("JobOffer", "mended_json"),
        ("BackgroundTask", "unfinished"),
        ("BackgroundTask", "owner_missing"),
        ("BackgroundTask", "bad_device"),
        ("CreditTransaction", "bad_amount"),
        ("CreditTransaction", "not_unique"),
        ("CreditBalance", "debt_cleared"),
        ("Subscription", "check_failed"),
        ("OpenAICall", "owner_missing"),
        ("OpenAIUsage", "added_up"),
        ("Account", "unknown_word"),
        ("TelemetryEvent", "unknown_word"),
    ] {
        assert!(note(&report, model, reason) > 0, "{model} {reason}\n{}", report.text());
    }
    let before = digest(&pair.here).await;
    let second = pair.import(|_| ()).await.unwrap();
    assert!(second.already_done && second.text().contains("nothing was done"), "{}", second.text());
    assert_eq!(digest(&pair.here).await, before);
    let again = pair.import(|options| options.again = true).await.unwrap();
    complete(&again);
    assert_eq!(again.total().taken, 0, "{}", again.text());
    assert_eq!(digest(&pair.here).await, before);
}

#[actix_web::test]
async fn a_dry_run_says_the_same_and_keeps_nothing() {
    let pair = Pair::made(60).await;
    let before = digest(&pair.here).await;
    let rejects = tempfile::NamedTempFile::new().unwrap();
    let dry = pair
        .import(|options| {
            options.dry_run = true;
            options.rejects = Some(rejects.path().to_owned());
        })
        .await
        .unwrap();
    complete(&dry);
    assert_eq!(digest(&pair.here).await, before);
    assert_eq!(pair.number("SELECT count(*) FROM cv.import_runs").await, 0);
    let text = std::fs::read_to_string(rejects.path()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let noted: i64 = dry.notes.iter().map(|note| note.rows).sum();
    assert_eq!(i64::try_from(lines.len()).unwrap(), noted);
    assert!(
        lines.iter().any(|line| line["kind"] == "rejected" && line["old"]["id"].is_string()),
        "whole rows are kept"
    );
    let wet = pair.import(|_| ()).await.unwrap();
    assert_eq!((wet.total(), &wet.notes), (dry.total(), &dry.notes));
}

#[actix_web::test]
async fn r1_of_people_with_one_address_the_verified_one_keeps_it_and_nobody_loses_a_row() {
    let pair = Pair::made(60).await;
    // Person 7 has the address of person 6, in capitals.
    let sql = "SELECT old ->> 'email' FROM cv.import_notes WHERE model = 'User' AND reason = 'email_taken'";
    pair.import(|_| ()).await.unwrap();
    let kept = pair
        .here
        .query("SELECT id, email_verified IS NOT NULL FROM cv.users WHERE email = $1", &[&"person6@example.com"])
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    let rows = pair.here.query(sql, &[]).await.unwrap();
    assert_eq!(rows.len(), 2, "persons 7 and 57, or those they collide with");
    let without = pair.number("SELECT count(*) FROM cv.users u JOIN cv.cv_files f ON f.user_id = u.id JOIN cv.credit_balances b ON b.user_id = u.id
                               WHERE u.email IS NULL AND u.id IN (SELECT key FROM cv.import_notes WHERE reason = 'email_taken')").await;
    assert!(without > 0, "their CVs and credits are here");
    assert_eq!(pair.number("SELECT count(*) FROM cv.users WHERE email <> lower(email)").await, 0);
}

#[actix_web::test]
async fn r2_old_passwords_open_the_new_door_and_tokens_are_hashed() {
    let pair = Pair::made(60).await;
    pair.import(|_| ()).await.unwrap();
    let row = pair.here.query_one("SELECT id FROM cv.users WHERE email = 'person2@example.com'", &[]).await.unwrap();
    let id = UserId::parse(row.get::<_, String>(0)).unwrap();
    let user = users::by_id(&pair.new.db(), &id).await.unwrap().unwrap();
    assert!(bcrypt::verify(old::PASSWORD, user.password_hash.as_deref().unwrap()).unwrap());
    let token: String =
        pair.there.query_one("SELECT min(token) FROM \"EmailVerificationToken\"", &[]).await.unwrap().get(0);
    let hash: String = {
        use sha2::Digest as _;
        hex::encode(sha2::Sha256::digest(token.as_bytes()))
    };
    let found = pair.here.query("SELECT 1 FROM cv.email_verification_tokens WHERE token = $1", &[&hash]).await.unwrap();
    assert_eq!(found.len(), 1, "the link in a mail that was sent goes on working (D24)");
    assert_eq!(
        pair.number(
            "SELECT count(*) FROM cv.accounts WHERE coalesce(refresh_token, access_token, id_token) IS NOT NULL"
        )
        .await,
        0
    );
}

#[actix_web::test]
async fn r48_every_balance_is_kept_to_the_credit_and_is_the_sum_of_its_ledger() {
    let pair = Pair::made(PEOPLE).await;
    let report = pair.import(|_| ()).await.unwrap();
    complete(&report);
    assert!(report.ledger.corrections > 0 && report.ledger.balances_opened > 0 && report.ledger.refunds > 0);
    let old: BTreeMap<String, i32> = pair
        .there
        .query("SELECT \"userId\", greatest(\"balance\", 0) FROM \"CreditBalance\"", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let new = pair
        .here
        .query(
            "SELECT b.user_id, b.balance, coalesce(sum(t.amount) FILTER (WHERE t.metadata ->> 'import' = 'unfinished task'), 0)::int,
                    coalesce(sum(t.amount), 0)::int
             FROM cv.credit_balances b LEFT JOIN cv.credit_transactions t USING (user_id) GROUP BY b.user_id, b.balance",
            &[],
        )
        .await
        .unwrap();
    for row in &new {
        let (user, balance, refunded, sum): (String, i32, i32, i32) = (row.get(0), row.get(1), row.get(2), row.get(3));
        assert_eq!(balance, sum, "{user}");
        if let Some(before) = old.get(&user) {
            assert_eq!(balance - refunded, *before, "{user}: a credit was made or lost");
        }
    }
    // R46: each refund belongs to one debit, which says so.
    let loose =
        "SELECT count(*) FROM cv.credit_transactions r JOIN cv.credit_transactions u ON u.id = r.related_transaction_id
                 WHERE r.metadata ->> 'import' = 'unfinished task' AND NOT u.refunded";
    assert_eq!(pair.number(loose).await, 0);
    assert_eq!(pair.number("SELECT count(*) FROM cv.background_tasks WHERE status IN ('queued', 'running')").await, 0);
}

#[actix_web::test]
async fn what_was_imported_can_be_read_by_the_server() {
    let pair = Pair::made(PEOPLE).await;
    pair.import(|_| ()).await.unwrap();
    let db = pair.new.db();
    let ids = async |table: &str| -> Vec<String> {
        let rows = pair.here.query(&format!("SELECT id FROM cv.{table}"), &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let mut open_changes = 0;
    for id in ids("cv_files").await {
        let cv = files::by_id(&db, &id).await.unwrap().unwrap();
        open_changes += cv.file.pending_changes.len();
    }
    assert!(open_changes > 0, "changes that await review are still there");
    for id in ids("background_tasks").await {
        tasks::by_id(&db, &id).await.unwrap().unwrap();
    }
    for id in ids("users").await {
        offers::list(&db, &id, None, 100).await.unwrap();
        users::by_id(&db, &UserId::parse(id).unwrap()).await.unwrap().unwrap();
    }
    assert_eq!(pair.number("SELECT count(*) FROM cv.subscription_plans WHERE is_free").await, 1);
    let translating =
        "SELECT count(*) FROM cv.subscription_plans p JOIN cv.subscription_plan_feature_limits l ON l.plan_id = p.id
                       WHERE p.is_free AND l.feature_name = 'translate_cv' AND NOT l.is_enabled";
    assert_eq!(pair.number(translating).await, 1, "the old limits are in force");
    let kept = "SELECT count(*) FROM cv.settings WHERE setting_name = 'maintenance_mode' AND value = '0'";
    assert_eq!(pair.number(kept).await, 1, "the old server's maintenance does not close this one");
    let links = pair.number("SELECT count(*) FROM cv.cv_files WHERE credit_transaction_id IS NOT NULL").await;
    assert_eq!(
        links,
        pair.number_there("SELECT count(*) FROM \"CvFile\" WHERE \"creditTransactionId\" IS NOT NULL").await
    );
}

#[actix_web::test]
async fn an_older_edition_of_the_schema_is_taken_as_well_and_what_is_not_known_is_said() {
    let pair = Pair::made(60).await;
    pair.there
        .batch_execute(
            "DROP TABLE \"CvGenerationSubtask\", \"CvGenerationOffer\", \"CvGenerationTask\", \"ExportTemplate\", \"Referral\", \"PromoCode\";
             ALTER TABLE \"CvFile\" DROP COLUMN \"pendingChanges\", DROP COLUMN \"pendingSourceVersion\", DROP COLUMN \"language\",
                 DROP COLUMN \"scoreBefore\", ADD COLUMN \"legacyFlag\" boolean;
             ALTER TABLE \"JobOffer\" DROP COLUMN \"contentHash\";
             ALTER TABLE \"Account\" DROP COLUMN \"createdAt\", DROP COLUMN \"updatedAt\", DROP COLUMN \"session_state\";
             CREATE TABLE \"Newsletter\" (id text PRIMARY KEY); INSERT INTO \"Newsletter\" VALUES ('a'), ('b')",
        )
        .await
        .unwrap();
    let report = pair.import(|_| ()).await.unwrap();
    assert!(report.checks.iter().all(|check| check.holds), "{}", report.text());
    assert_eq!(report.unknown_tables, [("Newsletter".to_owned(), 2)]);
    let cv = report.models.iter().find(|model| model.model == "CvFile").unwrap();
    assert_eq!(cv.columns_left, ["legacyFlag"]);
    assert!(report.text().contains("legacyFlag") && report.text().contains("Newsletter (2 rows)"));
}

#[actix_web::test]
async fn another_database_in_the_middle_of_an_import_is_refused() {
    let pair = Pair::made(5).await;
    pair.here
        .batch_execute("INSERT INTO cv.import_runs (source, baseline) VALUES ('elsewhere/db/public', '{}')")
        .await
        .unwrap();
    let error = pair.import(|_| ()).await.unwrap_err();
    assert!(matches!(error, ImportError::OtherSource { .. }) && error.to_string().contains("--again"), "{error}");
    let empty = TestDatabase::fresh(&[]).await;
    let error = pair.import(|options| options.from = empty.url()).await.unwrap_err();
    assert!(error.to_string().contains("no \"User\" table"), "{error}");
}

#[actix_web::test]
async fn erasing_a_person_erases_what_the_import_kept_of_them() {
    let pair = Pair::made(60).await;
    pair.import(|_| ()).await.unwrap();
    let row = pair
        .here
        .query_one("SELECT key FROM cv.import_notes WHERE model = 'User' AND reason = 'email_taken' LIMIT 1", &[])
        .await
        .unwrap();
    let id: String = row.get(0);
    pair.here.execute("DELETE FROM cv.users WHERE id = $1", &[&id]).await.unwrap();
    let left = pair.here.query("SELECT 1 FROM cv.import_notes WHERE key = $1 OR user_id = $1", &[&id]).await.unwrap();
    assert_eq!(left.len(), 0);
    super::forget(&pair.new.config().clone().into()).await.unwrap();
    assert_eq!(pair.number("SELECT count(*) FROM cv.import_notes").await, 0);
}
