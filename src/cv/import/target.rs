//! This database: batches, notes, progress, each batch one transaction.

use super::ImportError;
use super::model::{Draft, Merge, Model, Note};
use crate::db::address::Address;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

/// The advisory lock of an import: there is one at a time.
const LOCK: i64 = 0x4553_5449_4d50;

/// This database.
pub struct Target {
    client: Client,
    /// Whether everything is taken back at the end.
    dry: bool,
    tables: HashMap<String, BTreeSet<String>>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Rows read from the old table.
    pub read: i64,
    /// Rows written.
    pub taken: i64,
    /// Rows that were here.
    pub there: i64,
    /// Rows that mean the same as one that was here, and were written over or added to it.
    pub merged: i64,
    /// Rows that were not taken.
    pub rejected: i64,
    /// Notes about rows that were taken otherwise than they were.
    pub changed: i64,
}

impl Counts {
    /// Adds another batch.
    pub fn add(&mut self, other: Self) {
        self.read += other.read;
        self.taken += other.taken;
        self.there += other.there;
        self.merged += other.merged;
        self.rejected += other.rejected;
        self.changed += other.changed;
    }
}

/// Where a stage stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The last key that is done.
    pub last_key: Option<String>,
    /// Whether the stage is done.
    pub done: bool,
    /// What it did.
    pub counts: Counts,
}

impl Target {
    /// Connects and takes the lock. A dry import is one transaction that is rolled back.
    ///
    /// # Errors
    /// [`ImportError`]: no answer, another import runs.
    pub async fn open(address: &Address, dry: bool) -> Result<Self, ImportError> {
        let (client, _link) = address.connect().await.map_err(ImportError::target)?;
        client
            .batch_execute("SET timezone = 'UTC'; SET application_name = 'estafette import'")
            .await
            .map_err(ImportError::target)?;
        let row = client.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK]).await.map_err(ImportError::target)?;
        if !row.get::<_, bool>(0) {
            return Err(ImportError::Busy);
        }
        let columns = client
            .query(
                "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'cv'",
                &[],
            )
            .await
            .map_err(ImportError::target)?;
        let mut tables: HashMap<String, BTreeSet<String>> = HashMap::new();
        for row in columns {
            tables.entry(row.get(0)).or_default().insert(row.get(1));
        }
        if dry {
            client.batch_execute("BEGIN").await.map_err(ImportError::target)?;
        }
        Ok(Self { client, dry, tables })
    }

    /// The connection, for statements of other modules; inside [`Self::begin`] and [`Self::commit`].
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Whether a table is here.
    pub fn has(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// Begins a unit of work.
    ///
    /// # Errors
    /// [`ImportError`], as every function here.
    pub async fn begin(&self) -> Result<(), ImportError> {
        self.run(if self.dry { "SAVEPOINT unit" } else { "BEGIN" }).await
    }

    /// Makes it durable (dry: keeps it until the end).
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn commit(&self) -> Result<(), ImportError> {
        self.run(if self.dry { "RELEASE SAVEPOINT unit" } else { "COMMIT" }).await
    }

    /// Takes a dry import back.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn end(self) -> Result<(), ImportError> {
        if self.dry { self.run("ROLLBACK").await } else { Ok(()) }
    }

    /// A statement without answer.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn run(&self, sql: &str) -> Result<(), ImportError> {
        self.client.batch_execute(sql).await.map_err(ImportError::target)
    }

    /// Rows changed by a statement.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<i64, ImportError> {
        let changed = self.client.execute(sql, params).await.map_err(ImportError::target)?;
        Ok(i64::try_from(changed).unwrap_or(i64::MAX))
    }

    /// One number as decimal text.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn number(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<String, ImportError> {
        let row = self.client.query_one(sql, params).await.map_err(ImportError::target)?;
        Ok(row.get::<_, Option<String>>(0).unwrap_or_else(|| "0".to_owned()))
    }

    /// Which of these rows are here, and whose they are.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn owners(&self, table: &str, ids: &[String]) -> Result<HashMap<String, Option<String>>, ImportError> {
        let whose = match table {
            "users" => "id",
            "cv_generation_offers" => "(SELECT g.user_id FROM cv.cv_generation_tasks g WHERE g.id = t.task_id)",
            _ if self.tables.get(table).is_some_and(|columns| columns.contains("user_id")) => "user_id",
            _ => "NULL::text",
        };
        let sql = format!("SELECT id::text, {whose} FROM cv.{table} t WHERE id = ANY($1)");
        let rows = self.client.query(&sql, &[&ids]).await.map_err(ImportError::target)?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Writes rows whose ids are kept. Returns the keys that were written; rows that cannot be are refused, or lose the
    /// value that collides.
    ///
    /// # Errors
    /// [`ImportError`] when the database itself fails.
    pub async fn insert(
        &self,
        model: &Model,
        in_source: &BTreeSet<String>,
        drafts: &mut [Draft],
    ) -> Result<(HashSet<String>, i64), ImportError> {
        let mut written = HashSet::new();
        let mut merged = 0;
        let columns = self.columns_of(model, in_source, drafts);
        let open: Vec<usize> =
            (0..drafts.len()).filter(|at| drafts.get(*at).is_some_and(|d| d.refused.is_none())).collect();
        // Halves of a batch that fails, until the rows that are to blame stand alone.
        let mut parts = vec![open];
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            let rows: Vec<&Map<String, Value>> =
                part.iter().filter_map(|at| drafts.get(*at)).map(|draft| &draft.new).collect();
            self.run("SAVEPOINT part").await?;
            match self.try_insert(model, &columns, &json!(rows)).await {
                Ok(keys) => {
                    self.run("RELEASE SAVEPOINT part").await?;
                    written.extend(keys);
                }
                Err(error) => {
                    let Some(refusal) = error.as_db_error() else { return Err(ImportError::target(error)) };
                    let (state, constraint) =
                        (refusal.code().clone(), refusal.constraint().unwrap_or_default().to_owned());
                    let message = refusal.message().to_owned();
                    self.run("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part").await?;
                    // Only what the row itself is to blame for: its data, or a constraint.
                    if !matches!(state.code().get(..2), Some("22" | "23")) {
                        return Err(ImportError::target(error));
                    }
                    let (front, back) = part.split_at(part.len() / 2);
                    if let ([], [at]) = (front, back) {
                        let Some(draft) = drafts.get_mut(*at) else { continue };
                        match self.resolve(model, draft, &state, &constraint, &message).await? {
                            Resolved::Again => parts.push(vec![*at]),
                            Resolved::Refused => {}
                            Resolved::Merged => merged += 1,
                        }
                    } else {
                        parts.push(back.to_vec());
                        parts.push(front.to_vec());
                    }
                }
            }
        }
        Ok((written, merged))
    }

    fn columns_of(&self, model: &Model, in_source: &BTreeSet<String>, drafts: &[Draft]) -> Vec<&'static str> {
        let here = self.tables.get(model.table);
        let columns = model.columns.iter().filter(|column| !matches!(column.how, super::model::How::Link(_)));
        columns
            .filter(|column| here.is_some_and(|here| here.contains(column.new)))
            .filter(|column| {
                in_source.contains(column.old) || drafts.iter().any(|draft| !draft.get(column.new).is_null())
            })
            .map(|column| column.new)
            .collect()
    }

    async fn try_insert(
        &self,
        model: &Model,
        columns: &[&str],
        rows: &Value,
    ) -> Result<Vec<String>, tokio_postgres::Error> {
        let (table, key, list) = (model.table, model.key.new, names(columns, ""));
        let sql = format!(
            "INSERT INTO cv.{table} ({list}) SELECT {} FROM jsonb_populate_recordset(NULL::cv.{table}, $1) AS r
             ON CONFLICT (\"{key}\") DO NOTHING RETURNING \"{key}\"::text",
            names(columns, "r.")
        );
        let statement = self.client.prepare(&sql).await?;
        Ok(self.client.query(&statement, &[rows]).await?.iter().map(|row| row.get(0)).collect())
    }

    /// What to do with a single row that the database refuses.
    async fn resolve(
        &self,
        model: &Model,
        draft: &mut Draft,
        state: &SqlState,
        constraint: &str,
        message: &str,
    ) -> Result<Resolved, ImportError> {
        if *state == SqlState::UNIQUE_VIOLATION {
            if let Some((_, column)) = model.gives_up.iter().find(|(name, _)| *name == constraint) {
                let reason = if *column == "email" { "email_taken" } else { "value_taken" };
                draft.change(column, Value::Null, reason, format!("another row here has the same {column}"));
                return Ok(Resolved::Again);
            }
            if let Merge::Add { constraint: unique, on, add } = model.merge
                && unique == constraint
            {
                return self.add_to(model, draft, on, add).await;
            }
        }
        let reason = match *state {
            SqlState::UNIQUE_VIOLATION => "not_unique",
            SqlState::CHECK_VIOLATION => "check_failed",
            SqlState::NOT_NULL_VIOLATION => "missing_value",
            SqlState::FOREIGN_KEY_VIOLATION => "owner_missing",
            _ => "bad_value",
        };
        let which = if constraint.is_empty() { String::new() } else { format!(" ({constraint})") };
        draft.refuse(reason, format!("{message}{which}"));
        Ok(Resolved::Refused)
    }

    /// Adds the numbers of a row to the one with the same unique key; once, whatever is repeated.
    async fn add_to(
        &self,
        model: &Model,
        draft: &mut Draft,
        on: &[&str],
        add: &[&str],
    ) -> Result<Resolved, ImportError> {
        let note = "INSERT INTO cv.import_notes (model, key, kind, reason, detail, old, user_id)
                    VALUES ($1, $2, 'merged', 'added_up', $3, $4, $5) ON CONFLICT DO NOTHING";
        let detail = format!("added to the row of the same {}", on.join(", "));
        let old = Value::Object(draft.old.clone());
        if self.execute(note, &[&model.name, &draft.key, &detail, &old, &draft.user]).await? == 0 {
            return Ok(Resolved::Merged);
        }
        let sums: Vec<String> =
            add.iter().map(|column| format!("\"{column}\" = t.\"{column}\" + r.\"{column}\"")).collect();
        let same: Vec<String> = on.iter().map(|column| format!("t.\"{column}\" = r.\"{column}\"")).collect();
        let table = model.table;
        let sql = format!(
            "UPDATE cv.{table} t SET {} FROM jsonb_populate_record(NULL::cv.{table}, $1) AS r WHERE {}",
            sums.join(", "),
            same.join(" AND ")
        );
        self.execute(&sql, &[&json!(draft.new)]).await?;
        Ok(Resolved::Merged)
    }

    /// Writes a row over, or beside, the one here that means the same. Returns the key here, and whether it was new.
    ///
    /// # Errors
    /// [`ImportError`] when the database itself fails.
    pub async fn merge_one(
        &self,
        model: &Model,
        in_source: &BTreeSet<String>,
        draft: &mut Draft,
    ) -> Result<Option<(String, bool)>, ImportError> {
        let (condition, over) = match model.merge {
            Merge::Over(condition) => (condition, true),
            Merge::Keep(condition) => (condition, false),
            _ => return Ok(None),
        };
        let table = model.table;
        let row = json!(draft.new);
        let find = format!(
            "SELECT t.id::text FROM cv.{table} t, jsonb_populate_record(NULL::cv.{table}, $1) AS r WHERE {condition}
             ORDER BY (t.id = r.id) DESC LIMIT 1"
        );
        let found = self.client.query_opt(&find, &[&row]).await.map_err(ImportError::target)?;
        let mut columns = self.columns_of(model, in_source, std::slice::from_ref(draft));
        let values = if let Some(found) = found {
            let here: String = found.get(0);
            if !over {
                return Ok(Some((here, false)));
            }
            columns.retain(|column| *column != "id");
            let sql = format!(
                "UPDATE cv.{table} t SET ({}) = (SELECT {} FROM jsonb_populate_record(NULL::cv.{table}, $1) AS r)
                 WHERE t.id::text = $2 RETURNING t.id::text, false",
                names(&columns, ""),
                names(&columns, "r.")
            );
            self.guarded(&sql, &[&row, &here]).await?
        } else {
            // An id that is somebody else's here is not taken: the row gets another one.
            let taken = format!("SELECT 1 FROM cv.{table} WHERE id::text = $1");
            let collides = self.client.query_opt(&taken, &[&draft.key]).await.map_err(ImportError::target)?.is_some();
            if collides && model.key.number {
                columns.retain(|column| *column != "id");
            } else if collides {
                draft.set("id", crate::cv::store::new_id());
            }
            let sql = format!(
                "INSERT INTO cv.{table} ({}) {} SELECT {} FROM jsonb_populate_record(NULL::cv.{table}, $1) AS r
                 RETURNING id::text, true",
                names(&columns, ""),
                if model.key.number { "OVERRIDING SYSTEM VALUE" } else { "" },
                names(&columns, "r.")
            );
            let row = json!(draft.new);
            let outcome = self.guarded(&sql, &[&row]).await?;
            if model.key.number && !self.dry {
                let next = format!(
                    "SELECT setval(pg_get_serial_sequence('cv.{table}', 'id'),
                                   greatest((SELECT max(id) FROM cv.{table}), 1))"
                );
                self.client.query(&next, &[]).await.map_err(ImportError::target)?;
            }
            outcome
        };
        match values {
            Ok(row) => Ok(Some(row)),
            Err((state, constraint, message)) => {
                self.resolve(model, draft, &state, &constraint, &message).await?;
                Ok(None)
            }
        }
    }

    async fn guarded(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Result<(String, bool), (SqlState, String, String)>, ImportError> {
        self.run("SAVEPOINT one").await?;
        match self.client.query_one(sql, params).await {
            Ok(row) => {
                self.run("RELEASE SAVEPOINT one").await?;
                Ok(Ok((row.get(0), row.get(1))))
            }
            Err(error) => {
                let Some(refusal) = error.as_db_error() else { return Err(ImportError::target(error)) };
                let said = (
                    refusal.code().clone(),
                    refusal.constraint().unwrap_or_default().to_owned(),
                    refusal.message().to_owned(),
                );
                self.run("ROLLBACK TO SAVEPOINT one; RELEASE SAVEPOINT one").await?;
                Ok(Err(said))
            }
        }
    }

    /// Keeps which row here an old one is.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn map_id(&self, model: &str, old: &str, new: &str) -> Result<(), ImportError> {
        let sql = "INSERT INTO cv.import_ids (model, old_key, new_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        self.execute(sql, &[&model, &old, &new]).await?;
        Ok(())
    }

    /// Which row here each old one is, of all models that are merged.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn ids(&self) -> Result<HashMap<String, HashMap<String, String>>, ImportError> {
        let sql = "SELECT model, old_key, new_key FROM cv.import_ids";
        let mut ids: HashMap<String, HashMap<String, String>> = HashMap::new();
        for row in self.client.query(sql, &[]).await.map_err(ImportError::target)? {
            ids.entry(row.get(0)).or_default().insert(row.get(1), row.get(2));
        }
        Ok(ids)
    }

    /// Writes the notes of a batch; what was rejected once and is here now is forgotten.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn note(&self, model: &str, drafts: &[Draft], written: &HashSet<String>) -> Result<(), ImportError> {
        let one = |draft: &Draft, kind: &str, note: &Note, old: &Value| {
            json!({"model": model, "key": draft.key, "kind": kind, "reason": note.reason, "detail": note.detail,
                   "old": old, "user_id": draft.user})
        };
        let mut rows = Vec::new();
        for draft in drafts {
            match &draft.refused {
                Some(note) => rows.push(one(draft, "rejected", note, &json!(draft.old))),
                None if written.contains(&draft.key) => {
                    rows.extend(draft.notes.iter().map(|note| one(draft, "changed", note, &note.old)));
                }
                None => {}
            }
        }
        if !rows.is_empty() {
            let sql = "INSERT INTO cv.import_notes (model, key, kind, reason, detail, old, user_id)
                       SELECT r.model, r.key, r.kind, r.reason, r.detail, r.old,
                              (SELECT u.id FROM cv.users u WHERE u.id = r.user_id)
                       FROM jsonb_populate_recordset(NULL::cv.import_notes, $1) AS r ON CONFLICT DO NOTHING";
            self.execute(sql, &[&Value::Array(rows)]).await?;
        }
        let written: Vec<&str> = written.iter().map(String::as_str).collect();
        let sql = "DELETE FROM cv.import_notes WHERE model = $1 AND kind = 'rejected' AND key = ANY($2)";
        self.execute(sql, &[&model, &written]).await?;
        Ok(())
    }

    /// Where a stage stands.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn progress(&self, run: i32, stage: &str) -> Result<Progress, ImportError> {
        let sql = "SELECT last_key, done, read, taken, there, merged, rejected, changed FROM cv.import_progress
                   WHERE run_id = $1 AND stage = $2";
        let row = self.client.query_opt(sql, &[&run, &stage]).await.map_err(ImportError::target)?;
        Ok(row.map_or_else(Progress::default, |row| Progress {
            last_key: row.get(0),
            done: row.get(1),
            counts: Counts {
                read: row.get(2),
                taken: row.get(3),
                there: row.get(4),
                merged: row.get(5),
                rejected: row.get(6),
                changed: row.get(7),
            },
        }))
    }

    /// Keeps where a stage stands, in the unit of work of its rows.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn keep(&self, run: i32, stage: &str, progress: &Progress) -> Result<(), ImportError> {
        let sql = "INSERT INTO cv.import_progress (run_id, stage, last_key, done, read, taken, there, merged, rejected, changed)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                   ON CONFLICT (run_id, stage) DO UPDATE SET last_key = excluded.last_key, done = excluded.done,
                       read = excluded.read, taken = excluded.taken, there = excluded.there, merged = excluded.merged,
                       rejected = excluded.rejected, changed = excluded.changed, updated_at = now()";
        let Progress { last_key, done, counts } = progress;
        let Counts { read, taken, there, merged, rejected, changed } = counts;
        self.execute(sql, &[&run, &stage, last_key, done, read, taken, there, merged, rejected, changed]).await?;
        Ok(())
    }
}

enum Resolved {
    Again,
    Refused,
    Merged,
}

fn names(columns: &[&str], prefix: &str) -> String {
    columns.iter().map(|column| format!("{prefix}\"{column}\"")).collect::<Vec<_>>().join(", ")
}
