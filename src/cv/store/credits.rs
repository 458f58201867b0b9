//! `credit_balances` and `credit_transactions`: rows are added, never changed except `refunded` (R48).

use super::{Reader, get, opt_word, time, unsigned, word};
use estafette_actors::{BulkRow, Column, DbError, DbResult, Param, Tx, column};
use estafette_protocol::cv::credits::{CreditBalance, CreditTransaction};
use estafette_protocol::cv::status::TransactionType;
use tokio_postgres::Row;

fn balance_row(row: &Row) -> DbResult<CreditBalance> {
    Ok(CreditBalance {
        balance: get(row, "balance")?,
        total_purchased: get(row, "total_purchased")?,
        total_used: get(row, "total_used")?,
        total_refunded: get(row, "total_refunded")?,
        total_gifted: get(row, "total_gifted")?,
        balance_after_last_purchase: get(row, "balance_after_last_purchase")?,
    })
}

/// A person's credits.
///
/// # Errors
/// [`DbError`], as every function here.
pub async fn balance(db: &impl Reader, user: &str) -> DbResult<CreditBalance> {
    let row = db
        .row(
            "SELECT balance, total_purchased, total_used, total_refunded, total_gifted, balance_after_last_purchase
             FROM cv.credit_balances WHERE user_id = $1",
            &[&user],
        )
        .await?;
    row.as_ref().map_or_else(|| Ok(CreditBalance::default()), balance_row)
}

/// A person's balance, locked until the unit's end: whoever spends comes one after the other (R44).
///
/// # Errors
/// [`DbError`].
pub async fn lock_balance(tx: &Tx<'_>, user: &str) -> DbResult<u32> {
    let row = tx.row("SELECT balance FROM cv.credit_balances WHERE user_id = $1 FOR UPDATE", &[&user]).await?;
    row.as_ref().map_or(Ok(0), |row| unsigned(row, "balance"))
}

/// A row of the ledger to be written.
#[derive(Debug, Clone)]
pub struct NewTransaction<'a> {
    /// Whose.
    pub user: &'a str,
    /// Negative where spent.
    pub amount: i32,
    /// What it stands for.
    pub kind: TransactionType,
    /// The feature.
    pub feature: Option<&'a str>,
    /// The task.
    pub task: Option<&'a str>,
    /// For a refund: the debit.
    pub related: Option<&'a str>,
    /// Stripe's payment, where money moved.
    pub payment: Option<&'a str>,
    /// Stripe's invoice.
    pub invoice: Option<&'a str>,
    /// Who gave it, and why.
    pub metadata: Option<&'a serde_json::Value>,
}

/// Writes a row of the ledger and moves the balance. Returns the row's id and the balance after it.
///
/// # Errors
/// [`DbError`]; `credit_balances_balance_check` when the balance would fall below 0, `credit_transactions_refund_key`
/// when the debit was given back before.
pub async fn record(tx: &Tx<'_>, new: &NewTransaction<'_>) -> DbResult<(String, i32)> {
    let id = super::new_id();
    let owned = |text: Option<&str>| -> Param { Box::new(text.map(str::to_owned)) };
    // Sent with the question below.
    tx.later(
        "INSERT INTO cv.credit_transactions (id, user_id, amount, type, feature_name, task_id, related_transaction_id,
            stripe_payment_intent_id, stripe_invoice_id, metadata)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        vec![
            Box::new(id.clone()),
            Box::new(new.user.to_owned()),
            Box::new(new.amount),
            Box::new(new.kind.as_str()),
            owned(new.feature),
            owned(new.task),
            owned(new.related),
            owned(new.payment),
            owned(new.invoice),
            Box::new(new.metadata.cloned()),
        ],
    );
    let kind = new.kind.as_str();
    let row = tx
        .query_opt(
            "UPDATE cv.credit_balances SET balance = balance + $2,
                total_purchased = total_purchased + CASE WHEN $3 = 'purchase' THEN $2 ELSE 0 END,
                total_gifted = total_gifted + CASE WHEN $3 = 'gift' THEN $2 ELSE 0 END,
                total_refunded = total_refunded + CASE WHEN $3 = 'refund' THEN $2 ELSE 0 END,
                total_used = total_used - CASE WHEN $3 = 'usage' THEN $2 ELSE 0 END,
                balance_after_last_purchase = CASE WHEN $3 = 'purchase' AND $2 > 0 THEN balance + $2
                                                   ELSE balance_after_last_purchase END,
                updated_at = now()
             WHERE user_id = $1 RETURNING balance",
            &[&new.user, &new.amount, &kind],
        )
        .await?;
    let row = row.ok_or_else(|| DbError::Data(format!("user {} has no balance", new.user)))?;
    Ok((id, get(&row, "balance")?))
}

/// A debit that may be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debit {
    /// Credits, positive.
    pub credits: u32,
}

/// Marks a debit as given back. `None`: it was before, or is no debit (R46: exactly once).
///
/// # Errors
/// [`DbError`].
pub async fn take_debit(tx: &Tx<'_>, id: &str) -> DbResult<Option<Debit>> {
    let row = tx
        .query_opt(
            "UPDATE cv.credit_transactions SET refunded = true
             WHERE id = $1 AND type = 'usage' AND NOT refunded RETURNING -amount AS credits",
            &[&id],
        )
        .await?;
    row.as_ref().map(|row| Ok(Debit { credits: unsigned(row, "credits")? })).transpose()
}

/// A purchase whose money went back as a whole (R48: the one column that changes).
///
/// # Errors
/// [`DbError`].
pub async fn mark_refunded(tx: &Tx<'_>, id: &str) -> DbResult<()> {
    tx.execute("UPDATE cv.credit_transactions SET refunded = true WHERE id = $1", &[&id]).await?;
    Ok(())
}

/// A debit that has paid for a CV.
struct Paid {
    debit: String,
    cv: String,
}

impl BulkRow for Paid {
    const SQL: &'static str = "UPDATE cv.credit_transactions t SET cv_file_id = c.cv
        FROM unnest($1::text[], $2::text[]) AS c (id, cv) WHERE t.id = c.id";
    const AT_END: bool = true;
    fn columns(rows: &[Self]) -> Vec<Column<'_>> {
        vec![column(rows, |row| row.debit.as_str()), column(rows, |row| row.cv.as_str())]
    }
}

/// What a debit paid for. Written with the end of the unit.
pub fn set_cv(tx: &Tx<'_>, debit: &str, cv: &str) {
    tx.put(Paid { debit: debit.to_owned(), cv: cv.to_owned() });
}

/// A person's ledger, the newest first.
///
/// # Errors
/// [`DbError`].
pub async fn list(db: &impl Reader, user: &str, after: Option<&str>, limit: i64) -> DbResult<Vec<CreditTransaction>> {
    let rows = db
        .rows(
            "SELECT id, amount, type, feature_name, task_id, cv_file_id, refunded, related_transaction_id, created_at
             FROM cv.credit_transactions WHERE user_id = $1 AND ($2::text IS NULL OR (created_at, id) <
                (SELECT created_at, id FROM cv.credit_transactions WHERE id = $2 AND user_id = $1))
             ORDER BY created_at DESC, id DESC LIMIT $3",
            &[&user, &after, &limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(CreditTransaction {
                id: word(row, "id")?,
                amount: get(row, "amount")?,
                kind: word(row, "type")?,
                feature_name: get(row, "feature_name")?,
                task_id: opt_word(row, "task_id")?,
                cv_file_id: opt_word(row, "cv_file_id")?,
                refunded: get(row, "refunded")?,
                related_transaction_id: opt_word(row, "related_transaction_id")?,
                created_at: time(row, "created_at")?,
            })
        })
        .collect()
}
