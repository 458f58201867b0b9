//! Counts and sums, asked of both databases when everything is written. Each says what is expected and what is there.
//!
//! They hold while nobody else writes: import before the server is opened.

use super::ImportError;
use super::model::Model;
use super::models;
use super::report::{Check, Report};
use super::source::Source;
use super::target::Target;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use std::str::FromStr as _;

/// What this database held before: rows and sums of each table.
///
/// # Errors
/// [`ImportError`].
pub async fn baseline(target: &Target) -> Result<Value, ImportError> {
    let mut held = Map::new();
    for model in models::all().filter(|model| target.has(model.table)) {
        held.insert(model.table.to_owned(), json!(rows(target, model.table).await?.to_string()));
        for (_, new) in model.sums {
            held.insert(format!("{}.{new}", model.table), json!(sum(target, model.table, new).await?.to_string()));
        }
    }
    for (name, value) in [
        ("credit_balances", rows(target, "credit_balances").await?),
        ("credit_balances.balance", sum(target, "credit_balances", "balance").await?),
    ] {
        held.insert(name.to_owned(), json!(value.to_string()));
    }
    Ok(Value::Object(held))
}

fn decimal(text: &str) -> Decimal {
    Decimal::from_str(text).unwrap_or_default()
}

async fn rows(target: &Target, table: &str) -> Result<Decimal, ImportError> {
    Ok(decimal(&target.number(&format!("SELECT count(*)::text FROM cv.{table}"), &[]).await?))
}

async fn sum(target: &Target, table: &str, column: &str) -> Result<Decimal, ImportError> {
    Ok(decimal(&target.number(&format!("SELECT sum(\"{column}\")::text FROM cv.{table}"), &[]).await?))
}

/// All checks.
///
/// # Errors
/// [`ImportError`].
pub async fn all(
    source: &Source,
    target: &Target,
    baseline: &Value,
    report: &Report,
) -> Result<Vec<Check>, ImportError> {
    let before = |name: &str| baseline.get(name).and_then(Value::as_str).map_or_else(Decimal::default, decimal);
    let ledger = &report.ledger;
    let mut checks = Vec::new();
    for model in models::all().filter(|model| target.has(model.table)) {
        let Some(reported) = report.models.iter().find(|one| one.model == model.name) else { continue };
        let Some(in_source) = reported.in_source else { continue };
        checks.push(Check::new(format!("{}: rows read", model.name), in_source, reported.counts.read));
        // What this and earlier runs wrote, and what the ledger added.
        let taken = "SELECT sum(taken)::text FROM cv.import_progress WHERE stage = $1";
        let taken = decimal(&target.number(taken, &[&model.name]).await?);
        let own = match model.table {
            "credit_transactions" => ledger.corrections + ledger.refunds,
            "background_tasks" => ledger.generations_shown,
            _ => 0,
        };
        let expected = before(model.table) + taken + Decimal::from(own);
        checks.push(Check::new(format!("{}: rows", model.table), expected, rows(target, model.table).await?));
        for (old, new) in model.sums {
            if source.columns(model.name).is_some_and(|columns| columns.contains(*old)) {
                let name = format!("{}.{new}", model.table);
                let own =
                    if name == "credit_transactions.amount" { ledger.corrections_sum + ledger.refunds_sum } else { 0 };
                let expected = before(&name)
                    + decimal(&source.sum(model.name, old).await?)
                    + mended(target, model, old, new).await?
                    + Decimal::from(own);
                checks.push(Check::new(format!("{name}: sum"), expected, sum(target, model.table, new).await?));
            }
        }
    }
    checks.extend(credits(source, target, before("credit_balances.balance"), report).await?);
    Ok(checks)
}

/// What notes say of a sum: rows that were rejected, numbers that were changed.
async fn mended(target: &Target, model: &Model, old: &str, new: &str) -> Result<Decimal, ImportError> {
    let (table, key) = (model.table, model.key.new);
    let sql = "SELECT (-sum(round((old ->> $2)::numeric, 6)))::text FROM cv.import_notes
               WHERE model = $1 AND kind = 'rejected' AND old ->> $2 <> 'NaN'";
    let rejected = decimal(&target.number(sql, &[&model.name, &old]).await?);
    let sql = format!(
        "SELECT sum(coalesce(t.\"{new}\", 0) - coalesce(round((n.old ->> $2)::numeric, 6), 0))::text
         FROM cv.import_notes n JOIN cv.{table} t ON t.\"{key}\"::text = n.key
         WHERE n.model = $1 AND n.kind = 'changed' AND n.reason = 'out_of_range' AND n.old ? $2"
    );
    let changed = decimal(&target.number(&sql, &[&model.name, &new]).await?);
    Ok(rejected + changed)
}

/// R48, and that nobody gained or lost a credit.
async fn credits(
    source: &Source,
    target: &Target,
    before: Decimal,
    report: &Report,
) -> Result<Vec<Check>, ImportError> {
    let mut checks = Vec::new();
    let wrong = "SELECT count(*)::text FROM cv.credit_balances b
                 WHERE b.balance <> (SELECT coalesce(sum(t.amount), 0) FROM cv.credit_transactions t WHERE t.user_id = b.user_id)";
    let wrong = decimal(&target.number(wrong, &[]).await?);
    checks.push(Check::new("R48: people whose balance is not the sum of their transactions", 0, wrong));
    let without = "SELECT count(*)::text FROM cv.users u
                   WHERE NOT EXISTS (SELECT 1 FROM cv.credit_balances b WHERE b.user_id = u.id)";
    checks.push(Check::new("people without a balance", 0, decimal(&target.number(without, &[]).await?)));
    if source.columns("CreditBalance").is_some() {
        let rejected = "SELECT sum(greatest((old ->> 'balance')::int, 0))::text FROM cv.import_notes
                        WHERE model = 'CreditBalance' AND kind = 'rejected'";
        let rejected = decimal(&target.number(rejected, &[]).await?);
        // Balances that the old database had no row for: the sum of the person's transactions.
        let opened = "SELECT sum(b.balance - coalesce((SELECT sum(t.amount) FROM cv.credit_transactions t
                          WHERE t.user_id = b.user_id AND t.metadata ->> 'import' = 'unfinished task'), 0))::text
                      FROM cv.credit_balances b WHERE b.id = 'i' || substr(md5('import:balance:' || b.user_id), 1, 23)";
        let opened = decimal(&target.number(opened, &[]).await?);
        let expected = before + Decimal::from(source.balances().await?) - rejected
            + opened
            + Decimal::from(report.ledger.refunds_sum);
        let found = sum(target, "credit_balances", "balance").await?;
        checks.push(Check::new("R48: credits of everybody together", expected, found));
    }
    Ok(checks)
}
