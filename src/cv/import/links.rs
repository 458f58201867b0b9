//! References between rows that come in no order (spec 1.10): written when all rows are here.

use super::ImportError;
use super::model::{How, Model};
use super::source::Source;
use super::stage::{BATCH_ROWS, PAGE_ROWS};
use super::target::Target;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Writes the links of a model; goes on where it stood.
///
/// # Errors
/// [`ImportError`].
pub async fn model(source: &Source, target: &Target, run: i32, model: &Model) -> Result<(), ImportError> {
    let in_source = source.columns(model.name);
    let links: Vec<(&str, &str, &str)> = model
        .columns
        .iter()
        .filter_map(|column| match column.how {
            How::Link(table) => Some((column.old, column.new, table)),
            _ => None,
        })
        .filter(|(old, _, _)| in_source.is_some_and(|columns| columns.contains(*old)))
        .collect();
    if links.is_empty() || !target.has(model.table) {
        return Ok(());
    }
    let stage = format!("{} links", model.name);
    let mut progress = target.progress(run, &stage).await?;
    while !progress.done {
        let after = progress.last_key.clone();
        let mut rows: Vec<(String, Map<String, Value>)> = Vec::new();
        let page = source
            .page(model.name, model.key, after.as_deref(), PAGE_ROWS, async |row| {
                // A row that cannot be read was refused before.
                let mut old = row.columns.unwrap_or_default();
                let named =
                    links.iter().filter_map(|(name, _, _)| Some(((*name).to_owned(), old.remove(*name)?))).collect();
                rows.push((row.key, named));
                Ok(())
            })
            .await?;
        progress.done = page < PAGE_ROWS.unsigned_abs();
        target.begin().await?;
        for part in rows.chunks(BATCH_ROWS) {
            for (old, new, table) in &links {
                let named: Vec<(&str, &str)> =
                    part.iter().filter_map(|(key, row)| Some((key.as_str(), row.get(*old)?.as_str()?))).collect();
                if !named.is_empty() {
                    progress.counts.taken += link(target, model, new, table, &named).await?;
                }
            }
        }
        if let Some((key, _)) = rows.last() {
            progress.last_key = Some(key.clone());
        }
        progress.counts.read += i64::try_from(rows.len()).unwrap_or(i64::MAX);
        target.keep(run, &stage, &progress).await?;
        target.commit().await?;
    }
    Ok(())
}

async fn link(
    target: &Target,
    model: &Model,
    column: &str,
    table: &str,
    named: &[(&str, &str)],
) -> Result<i64, ImportError> {
    let names: Vec<&str> = named.iter().map(|(_, name)| *name).collect();
    // Who referred somebody may be named by the code (D21).
    let by_code = if table == "users" { "OR t.referral_code = ANY($1)" } else { "" };
    let code = if table == "users" { "t.referral_code" } else { "NULL::text" };
    let sql = format!("SELECT t.id, {code} FROM cv.{table} t WHERE t.id = ANY($1) {by_code}");
    let mut here: HashMap<String, String> = HashMap::new();
    for row in target.client().query(&sql, &[&names]).await.map_err(ImportError::target)? {
        let (id, code): (String, Option<String>) = (row.get(0), row.get(1));
        if let Some(code) = code {
            here.entry(code).or_insert_with(|| id.clone());
        }
        here.insert(id.clone(), id);
    }
    let rows: Vec<Value> = named
        .iter()
        .filter_map(|(key, name)| {
            here.get(*name).filter(|id| id.as_str() != *key).map(|id| json!({"id": key, column: id}))
        })
        .collect();
    let lost: Vec<Value> = named
        .iter()
        .filter(|(key, name)| here.get(*name).is_none_or(|id| id.as_str() == *key))
        .map(|(key, name)| json!({"key": key, "old": {column: name}}))
        .collect();
    let own = model.table;
    // Of several rows that name one other, the first has it: the column is unique.
    let unique = if table == "credit_transactions" && own != "credit_transactions" {
        format!(
            "AND NOT EXISTS (SELECT 1 FROM cv.{own} o WHERE o.\"{column}\" = r.\"{column}\")
             AND NOT EXISTS (SELECT 1 FROM jsonb_populate_recordset(NULL::cv.{own}, $1) AS f
                             WHERE f.\"{column}\" = r.\"{column}\" AND f.id < r.id)"
        )
    } else {
        String::new()
    };
    let sql = format!(
        "UPDATE cv.{own} t SET \"{column}\" = r.\"{column}\" FROM jsonb_populate_recordset(NULL::cv.{own}, $1) AS r
         WHERE t.id = r.id AND t.\"{column}\" IS NULL {unique}"
    );
    let linked = target.execute(&sql, &[&Value::Array(rows.clone())]).await?;
    let sql = format!(
        "INSERT INTO cv.import_notes (model, key, kind, reason, detail, old, user_id)
         SELECT $1, r.key, 'changed', 'link_lost_{column}', $2, r.old, {} FROM jsonb_populate_recordset(NULL::cv.import_notes, $3) AS r
         JOIN cv.{own} t ON t.id = r.key AND t.\"{column}\" IS NULL ON CONFLICT DO NOTHING",
        if own == "users" { "t.id" } else { "t.user_id" }
    );
    let beside: Vec<Value> = named.iter().map(|(key, name)| json!({"key": key, "old": {column: name}})).collect();
    let detail = format!("{column}: what it names is not here, or belongs to another row");
    // Those that were not found, and those that lost to another row: all whose column is still empty.
    let candidates = if lost.len() == beside.len() { lost } else { beside };
    target.execute(&sql, &[&model.name, &detail, &Value::Array(candidates)]).await?;
    Ok(linked)
}
