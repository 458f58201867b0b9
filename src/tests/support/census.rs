//! What the database holds, counted: a refused input must change none of it.

use estafette_actors::Db;
use std::collections::BTreeMap;

/// Each name with the number that stands for it.
const COUNTS: &[(&str, &str)] = &[
    ("rows of the ledger", "SELECT count(*) FROM cv.credit_transactions"),
    ("credits", "SELECT coalesce(sum(balance), 0)::bigint FROM cv.credit_balances"),
    ("used units", "SELECT coalesce(sum(count), 0)::bigint FROM cv.feature_usage_counters"),
    ("CVs", "SELECT count(*) FROM cv.cv_files"),
    ("revisions", "SELECT coalesce(sum(content_rev), 0)::bigint FROM cv.cv_files"),
    ("versions", "SELECT count(*) FROM cv.cv_versions"),
    ("job offers", "SELECT count(*) FROM cv.job_offers"),
    ("uploads", "SELECT count(*) FROM cv.uploads"),
    ("used addresses", "SELECT count(*) FROM cv.link_history"),
    ("tasks of the product", "SELECT count(*) FROM cv.background_tasks"),
    ("generations", "SELECT count(*) FROM cv.cv_generation_tasks"),
    ("tasks of the runtime", TASKS),
    // Those of the canary belong to the runtime itself; those of e-mails come at their own time.
    (
        "events",
        "SELECT count(*) FROM runtime.events e JOIN runtime.topics t ON t.id = e.topic_id
         WHERE t.product <> 'runtime' AND t.topic <> 'admin:emails' AND NOT EXISTS
             (SELECT FROM runtime.tasks m WHERE m.kind = 'send-email' AND t.topic = 'task:' || m.id)",
    ),
    ("users", "SELECT count(*) FROM cv.users"),
];

/// Tasks that somebody asked for: the e-mail that welcomes a new person goes out at its own time.
pub const TASKS: &str = "SELECT count(*) FROM runtime.tasks WHERE kind <> 'send-email'";

/// Balances that are not the sum of their ledger (R48), or whose parts do not add up.
const UNBALANCED: &str = "SELECT count(*) FROM cv.credit_balances b
    WHERE b.balance <> (SELECT coalesce(sum(amount), 0) FROM cv.credit_transactions t WHERE t.user_id = b.user_id)
       OR b.balance <> b.total_purchased + b.total_gifted + b.total_refunded - b.total_used";
/// Debits that were given back more than once, or whose mark disagrees with the ledger (R46).
const REFUNDED_WRONGLY: &str = "SELECT count(*) FROM cv.credit_transactions u
    WHERE u.type = 'usage' AND u.refunded::int <>
        (SELECT count(*) FROM cv.credit_transactions r WHERE r.type = 'refund' AND r.related_transaction_id = u.id)";

/// One number.
pub async fn number(db: &Db, sql: &str) -> i64 {
    db.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}")).get(0)
}

/// Counts.
pub async fn take(db: &Db) -> BTreeMap<&'static str, i64> {
    let mut census = BTreeMap::new();
    for (name, sql) in COUNTS {
        census.insert(*name, number(db, sql).await);
    }
    census
}

/// The ledger and the balances agree, and every refund has its one debit.
pub async fn ledger_is_sound(db: &Db) {
    assert_eq!(number(db, UNBALANCED).await, 0, "balances that are not the sum of their ledger");
    assert_eq!(number(db, REFUNDED_WRONGLY).await, 0, "debits that were not refunded exactly once");
}
