//! Balances. What a person had is what the person has: the balance is kept to the credit, and the ledger is made to say the
//! same (R48: the balance is the sum of the transactions). Where the old ledger does not add up to the old balance, one
//! transaction says so; its `metadata.import` is `correction`.

use super::model::{Draft, ID};
use super::report::{Ledger, ModelReport};
use super::source::Source;
use super::stage::{BATCH_ROWS, PAGE_ROWS};
use super::target::{Counts, Target};
use super::{ImportError, blank};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

const MODEL: &str = "CreditBalance";

/// The totals of the rows of a person's ledger.
const TOTALS: &str = "SELECT user_id, coalesce(sum(amount), 0)::int AS balance,
        coalesce(sum(amount) FILTER (WHERE type = 'purchase'), 0)::int AS purchased,
        coalesce(-sum(amount) FILTER (WHERE type = 'usage'), 0)::int AS used,
        coalesce(sum(amount) FILTER (WHERE type = 'refund'), 0)::int AS refunded,
        coalesce(sum(amount) FILTER (WHERE type = 'gift'), 0)::int AS gifted
    FROM cv.credit_transactions";

/// Imports the balances; goes on where it stood.
///
/// # Errors
/// [`ImportError`].
pub async fn balances(source: &Source, target: &Target, run: i32) -> Result<ModelReport, ImportError> {
    let mut report = blank(MODEL, "credit_balances");
    if source.columns(MODEL).is_none() {
        return Ok(report);
    }
    let mut progress = target.progress(run, MODEL).await?;
    while !progress.done {
        let after = progress.last_key.clone();
        let mut drafts: Vec<Draft> = Vec::new();
        let page = source
            .page(MODEL, ID, after.as_deref(), PAGE_ROWS, async |row| {
                let old = row.columns.unwrap_or_default();
                drafts.push(Draft {
                    key: row.key,
                    new: old.clone(),
                    old,
                    notes: Vec::new(),
                    refused: None,
                    user: None,
                });
                Ok(())
            })
            .await?;
        progress.done = page < PAGE_ROWS.unsigned_abs();
        if let Some(draft) = drafts.last() {
            progress.last_key = Some(draft.key.clone());
        }
        target.begin().await?;
        for part in drafts.chunks_mut(BATCH_ROWS) {
            progress.counts.add(write(target, part).await?);
        }
        target.keep(run, MODEL, &progress).await?;
        target.commit().await?;
    }
    report.in_source = Some(source.count(MODEL).await?);
    report.counts = progress.counts;
    Ok(report)
}

async fn write(target: &Target, drafts: &mut [Draft]) -> Result<Counts, ImportError> {
    let ids: Vec<String> = drafts.iter().filter_map(|draft| draft.text("userId").map(ToOwned::to_owned)).collect();
    let here: HashMap<String, Option<String>> = target.owners("users", &ids).await?;
    for draft in &mut *drafts {
        let user = draft.text("userId").unwrap_or_default().to_owned();
        if !super::convert::is_id(&draft.key) {
            draft.refuse("bad_id", "id is not 1 to 120 of A-Z, a-z, 0-9, _ and -");
        } else if !here.contains_key(&user) {
            draft.refuse("owner_missing", format!("user_id: users {user} is not here"));
        } else {
            let balance = draft.number("balance").unwrap_or(0);
            if balance < 0 {
                draft.note("debt_cleared", "the balance was below 0: it is 0 here", json!({ "balance": balance }));
            }
            draft.user = Some(user);
        }
    }
    let rows: Vec<Value> = drafts
        .iter()
        .filter(|draft| draft.refused.is_none())
        .map(|draft| {
            let number = |name: &str| draft.number(name).unwrap_or(0).clamp(0, i64::from(i32::MAX));
            json!({"id": draft.key, "user_id": draft.user, "balance": number("balance"),
                   "balance_after_last_purchase": number("balanceAfterLastPurchase"),
                   "created_at": draft.get("createdAt"), "updated_at": draft.get("updatedAt")})
        })
        .collect();
    let rows = Value::Array(rows);
    correct(target, &rows).await?;
    let sql = format!(
        "INSERT INTO cv.credit_balances (id, user_id, balance, total_purchased, total_used, total_refunded, total_gifted,
                                         balance_after_last_purchase, created_at, updated_at)
         SELECT r.id, r.user_id, r.balance, coalesce(s.purchased, 0), coalesce(s.used, 0), coalesce(s.refunded, 0),
                coalesce(s.gifted, 0), r.balance_after_last_purchase, coalesce(r.created_at, now()), coalesce(r.updated_at, now())
         FROM jsonb_populate_recordset(NULL::cv.credit_balances, $1) AS r
         LEFT JOIN ({TOTALS} WHERE user_id = ANY($2) GROUP BY user_id) AS s USING (user_id)
         WHERE NOT EXISTS (SELECT 1 FROM cv.credit_balances b WHERE b.user_id = r.user_id OR b.id = r.id)
         ON CONFLICT DO NOTHING RETURNING id"
    );
    let written = target.client().query(&sql, &[&rows, &ids]).await.map_err(ImportError::target)?;
    let written: HashSet<String> = written.iter().map(|row| row.get(0)).collect();
    target.note(MODEL, drafts, &written).await?;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let rejected = count(drafts.iter().filter(|draft| draft.refused.is_some()).count());
    let changed: usize =
        drafts.iter().filter(|draft| written.contains(&draft.key)).map(|draft| draft.notes.len()).sum();
    let (read, taken) = (count(drafts.len()), count(written.len()));
    Ok(Counts { read, taken, there: read - taken - rejected, merged: 0, rejected, changed: count(changed) })
}

/// One transaction for each ledger that does not add up to its balance; none for people who have a balance here already.
async fn correct(target: &Target, rows: &Value) -> Result<(), ImportError> {
    let sql = format!(
        "INSERT INTO cv.credit_transactions (id, user_id, amount, type, metadata, created_at)
         SELECT 'i' || substr(md5('import:correction:' || r.user_id), 1, 23), r.user_id, r.balance - coalesce(s.balance, 0),
                CASE WHEN r.balance > coalesce(s.balance, 0) THEN 'gift' ELSE 'usage' END,
                jsonb_build_object('import', 'correction', 'ledger', coalesce(s.balance, 0), 'balance', r.balance),
                coalesce(r.updated_at, now())
         FROM jsonb_populate_recordset(NULL::cv.credit_balances, $1) AS r
         LEFT JOIN ({TOTALS} WHERE user_id IN (SELECT user_id FROM jsonb_populate_recordset(NULL::cv.credit_balances, $1))
                    GROUP BY user_id) AS s USING (user_id)
         WHERE r.balance <> coalesce(s.balance, 0)
           AND NOT EXISTS (SELECT 1 FROM cv.credit_balances b WHERE b.user_id = r.user_id)
         ON CONFLICT (id) DO NOTHING"
    );
    target.execute(&sql, &[rows]).await?;
    Ok(())
}

/// The end of the ledger: people without a balance get theirs, and the credits of tasks that the old server left unfinished
/// are given back (R46), each once.
///
/// # Errors
/// [`ImportError`].
pub async fn finish(target: &Target, run: i32) -> Result<Ledger, ImportError> {
    target.begin().await?;
    // A ledger without balance: below 0 it is brought to 0, as above.
    let lacking = format!(
        "SELECT u.id AS user_id, u.created_at, u.updated_at, coalesce(s.balance, 0) AS sum FROM cv.users u
         LEFT JOIN ({TOTALS} GROUP BY user_id) AS s ON s.user_id = u.id
         WHERE NOT EXISTS (SELECT 1 FROM cv.credit_balances b WHERE b.user_id = u.id)"
    );
    let sql = format!(
        "INSERT INTO cv.credit_transactions (id, user_id, amount, type, metadata, created_at)
         SELECT 'i' || substr(md5('import:correction:' || l.user_id), 1, 23), l.user_id, -l.sum, 'gift',
                jsonb_build_object('import', 'correction', 'ledger', l.sum, 'balance', 0), l.updated_at
         FROM ({lacking}) AS l WHERE l.sum < 0 ON CONFLICT (id) DO NOTHING"
    );
    target.execute(&sql, &[]).await?;
    let sql = format!(
        "INSERT INTO cv.credit_balances (id, user_id, balance, total_purchased, total_used, total_refunded, total_gifted,
                                         created_at, updated_at)
         SELECT 'i' || substr(md5('import:balance:' || l.user_id), 1, 23), l.user_id, coalesce(s.balance, 0),
                coalesce(s.purchased, 0), coalesce(s.used, 0), coalesce(s.refunded, 0), coalesce(s.gifted, 0), l.created_at, l.updated_at
         FROM ({lacking}) AS l LEFT JOIN ({TOTALS} GROUP BY user_id) AS s USING (user_id) ON CONFLICT DO NOTHING"
    );
    let opened = target.execute(&sql, &[]).await?;
    give_back(target).await?;
    // A generation without its task could not be seen in any list.
    let shown = target
        .execute(
            "INSERT INTO cv.background_tasks (id, title, type, status, created_at, device_id, user_id, feature_name, error, updated_at)
             SELECT g.id, CASE g.mode WHEN 'adapt' THEN 'generate-cv' ELSE 'improve-cv' END,
                    CASE g.mode WHEN 'adapt' THEN 'generate-cv' ELSE 'improve-cv' END, g.status,
                    (extract(epoch FROM g.created_at) * 1000)::bigint, 'imported', g.user_id,
                    CASE g.mode WHEN 'adapt' THEN 'generate_cv' ELSE 'improve_cv' END, g.error, g.updated_at
             FROM cv.cv_generation_tasks g
             WHERE g.status IN ('completed', 'failed', 'cancelled') AND length(g.id) <= 64
               AND NOT EXISTS (SELECT 1 FROM cv.background_tasks b WHERE b.id = g.id)
             ON CONFLICT DO NOTHING",
            &[],
        )
        .await?;
    let mut progress = target.progress(run, "ledger").await?;
    progress.counts.taken += opened;
    progress.counts.merged += shown;
    progress.done = true;
    target.keep(run, "ledger", &progress).await?;
    target.commit().await?;
    let number = async |sql: &str| -> Result<i64, ImportError> {
        Ok(target.number(sql, &[]).await?.parse().unwrap_or_default())
    };
    let corrections = "FROM cv.credit_transactions WHERE metadata ->> 'import' = 'correction'";
    let refunds = "FROM cv.credit_transactions WHERE metadata ->> 'import' = 'unfinished task'";
    Ok(Ledger {
        corrections: number(&format!("SELECT count(*)::text {corrections}")).await?,
        corrections_sum: number(&format!("SELECT sum(amount)::text {corrections}")).await?,
        // Of this run and of earlier ones.
        balances_opened: number("SELECT sum(taken)::text FROM cv.import_progress WHERE stage = 'ledger'").await?,
        generations_shown: number("SELECT sum(merged)::text FROM cv.import_progress WHERE stage = 'ledger'").await?,
        refunds: number(&format!("SELECT count(*)::text {refunds}")).await?,
        refunds_sum: number(&format!("SELECT sum(amount)::text {refunds}")).await?,
    })
}

/// R46, for tasks that this import ended.
async fn give_back(target: &Target) -> Result<(), ImportError> {
    target
        .execute(
            "WITH open AS (
                 SELECT DISTINCT t.id, t.user_id, t.amount, t.feature_name, b.id AS task_id, b.updated_at
                 FROM cv.import_notes n
                 JOIN cv.background_tasks b ON b.id = n.key
                 JOIN cv.credit_transactions t ON t.user_id = b.user_id AND (t.id = b.credit_transaction_id OR t.task_id = b.id)
                 JOIN cv.credit_balances c ON c.user_id = t.user_id
                 WHERE n.model = 'BackgroundTask' AND n.kind = 'changed' AND n.reason = 'unfinished'
                   AND t.type = 'usage' AND NOT t.refunded
                   AND NOT EXISTS (SELECT 1 FROM cv.credit_transactions r
                                   WHERE r.related_transaction_id = t.id AND r.type = 'refund')
             ), back AS (
                 INSERT INTO cv.credit_transactions
                     (id, user_id, amount, type, feature_name, task_id, related_transaction_id, metadata, created_at)
                 SELECT 'i' || substr(md5('import:refund:' || o.id), 1, 23), o.user_id, -o.amount, 'refund', o.feature_name,
                        o.task_id, o.id, jsonb_build_object('import', 'unfinished task'), o.updated_at
                 FROM open o RETURNING user_id, amount
             ), marked AS (
                 UPDATE cv.credit_transactions SET refunded = true WHERE id IN (SELECT id FROM open)
             )
             UPDATE cv.credit_balances b SET balance = b.balance + s.amount, total_refunded = b.total_refunded + s.amount
             FROM (SELECT user_id, sum(amount)::int AS amount FROM back GROUP BY user_id) AS s WHERE s.user_id = b.user_id",
            &[],
        )
        .await?;
    Ok(())
}
