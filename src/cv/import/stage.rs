//! One model, from the first page to the last.

use super::convert::{Known, convert};
use super::model::{Draft, How, Merge, Model, Note};
use super::report::ModelReport;
use super::source::{OldRow, Source};
use super::target::{Counts, Progress, Target};
use super::{ImportError, blank};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Rows of a page: one query to the old database.
pub const PAGE_ROWS: i64 = 5_000;
/// Rows of a batch: one transaction here.
pub const BATCH_ROWS: usize = 500;
/// Bytes of a batch, as the old database writes them; one row may be larger, then it is alone.
pub const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Old columns that are read by a model's own rules.
const READ_BY_RULES: &[(&str, &str)] = &[("EmailLog", "resendId")];

/// Imports a model; goes on where it stood.
///
/// # Errors
/// [`ImportError`]; rows that cannot be taken are no error.
pub async fn model(
    source: &Source,
    target: &Target,
    run: i32,
    model: &Model,
    known: &mut Known,
) -> Result<ModelReport, ImportError> {
    let mut report = blank(model.name, model.table);
    report.table_is_here = target.has(model.table);
    let Some(in_source) = source.columns(model.name).cloned() else { return Ok(report) };
    report.columns_left = in_source
        .iter()
        .filter(|name| !model.columns.iter().any(|column| column.old == name.as_str()))
        .filter(|name| !READ_BY_RULES.contains(&(model.name, name)))
        .cloned()
        .collect();
    if !report.table_is_here {
        report.in_source = Some(source.count(model.name).await?);
        return Ok(report);
    }
    let mut progress = target.progress(run, model.name).await?;
    while !progress.done {
        let after = progress.last_key.clone();
        let mut batch = Batch::default();
        let page = source
            .page(model.name, model.key, after.as_deref(), PAGE_ROWS, async |row| {
                if batch.is_full(row.bytes) {
                    let full = std::mem::take(&mut batch);
                    write(target, run, model, &in_source, known, full, &mut progress).await?;
                }
                batch.push(row);
                Ok(())
            })
            .await?;
        progress.done = page < PAGE_ROWS.unsigned_abs();
        write(target, run, model, &in_source, known, batch, &mut progress).await?;
    }
    report.in_source = Some(source.count(model.name).await?);
    report.counts = progress.counts;
    Ok(report)
}

/// Rows on their way to one transaction.
#[derive(Default)]
struct Batch {
    rows: Vec<OldRow>,
    bytes: usize,
}

impl Batch {
    fn is_full(&self, next: usize) -> bool {
        !self.rows.is_empty() && (self.rows.len() >= BATCH_ROWS || self.bytes + next > BATCH_BYTES)
    }

    fn push(&mut self, row: OldRow) {
        self.bytes += row.bytes;
        self.rows.push(row);
    }
}

async fn write(
    target: &Target,
    run: i32,
    model: &Model,
    in_source: &BTreeSet<String>,
    known: &mut Known,
    batch: Batch,
    progress: &mut Progress,
) -> Result<(), ImportError> {
    let last = batch.rows.last().map(|row| row.key.clone());
    let mut drafts: Vec<Draft> = batch.rows.into_iter().map(|row| draft(model, row, known)).collect();
    target.begin().await?;
    look_up(target, model, &mut drafts).await?;
    let (written, merged) = match model.merge {
        Merge::Over(_) | Merge::Keep(_) => merge(target, model, in_source, known, &mut drafts).await?,
        Merge::Never | Merge::Add { .. } => target.insert(model, in_source, &mut drafts).await?,
    };
    target.note(model.name, &drafts, &written).await?;
    let rejected = drafts.iter().filter(|draft| draft.refused.is_some()).count();
    let changed: usize = drafts
        .iter()
        .filter(|draft| written.contains(&draft.key) && draft.refused.is_none())
        .map(|d| d.notes.len())
        .sum();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let (read, taken, rejected, changed) = (count(drafts.len()), count(written.len()), count(rejected), count(changed));
    progress.counts.add(Counts { read, taken, there: read - taken - merged - rejected, merged, rejected, changed });
    if last.is_some() {
        progress.last_key = last;
    }
    target.keep(run, model.name, progress).await?;
    target.commit().await
}

fn draft(model: &Model, row: OldRow, known: &Known) -> Draft {
    match row.columns {
        Ok(columns) => convert(model, row.key, columns, known),
        Err(problem) => {
            let mut draft =
                Draft { key: row.key, old: Map::new(), new: Map::new(), notes: Vec::new(), refused: None, user: None };
            draft.refuse("unreadable", format!("the row cannot be read as JSON: {problem}"));
            draft
        }
    }
}

/// Looks the rows up that these refer to: one question a referred table.
async fn look_up(target: &Target, model: &Model, drafts: &mut [Draft]) -> Result<(), ImportError> {
    for column in model.columns {
        let (table, owner) = match column.how {
            How::Owner(table) | How::Owned(table) => (table, true),
            How::Ref(table) => (table, false),
            _ => continue,
        };
        let ids: HashSet<String> =
            drafts.iter().filter_map(|draft| draft.text(column.new).map(ToOwned::to_owned)).collect();
        let here: HashMap<String, Option<String>> = if ids.is_empty() {
            HashMap::new()
        } else {
            target.owners(table, &ids.into_iter().collect::<Vec<_>>()).await?
        };
        for draft in &mut *drafts {
            let Some(id) = draft.text(column.new).map(ToOwned::to_owned) else { continue };
            match here.get(&id) {
                Some(user) if owner && draft.user.is_none() => draft.user.clone_from(user),
                Some(_) => {}
                None if owner => draft.refuse("owner_missing", format!("{}: {table} {id} is not here", column.new)),
                None => draft.change(
                    column.new,
                    Value::Null,
                    "reference_lost",
                    format!("{}: {table} is not here", column.new),
                ),
            }
        }
    }
    if model.table == "users" {
        drafts.iter_mut().for_each(|draft| draft.user = Some(draft.key.clone()));
    }
    Ok(())
}

/// Rows that may mean the same as one that is here, one by one: there are few.
async fn merge(
    target: &Target,
    model: &Model,
    in_source: &BTreeSet<String>,
    known: &mut Known,
    drafts: &mut [Draft],
) -> Result<(HashSet<String>, i64), ImportError> {
    let mut written = HashSet::new();
    let mut merged = 0;
    for draft in drafts.iter_mut().filter(|draft| draft.refused.is_none()) {
        let done = known.ids.get(model.name).is_some_and(|ids| ids.contains_key(&draft.key));
        if done {
            continue;
        }
        let Some((here, is_new)) = target.merge_one(model, in_source, draft).await? else { continue };
        target.map_id(model.name, &draft.key, &here).await?;
        if is_new {
            written.insert(draft.key.clone());
        } else {
            merged += 1;
            let detail = format!("this database has it as {here}");
            let old = Value::Object(draft.old.clone());
            draft.notes = vec![Note { reason: "same_here", detail: detail.clone(), old: old.clone() }];
            let sql = "INSERT INTO cv.import_notes (model, key, kind, reason, detail, old)
                       VALUES ($1, $2, 'merged', 'same_here', $3, $4) ON CONFLICT DO NOTHING";
            target.execute(sql, &[&model.name, &draft.key, &detail, &old]).await?;
        }
        known.ids.entry(model.name.to_owned()).or_default().insert(draft.key.clone(), here);
    }
    Ok((written, merged))
}
