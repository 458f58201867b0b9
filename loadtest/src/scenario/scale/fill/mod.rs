//! Fills the tables with tasks that have ended.
//!
//! Some people run some tasks through the server; what the server wrote for these is then copied in Postgres, by
//! `INSERT … SELECT`, with new ids: every table of the server that has rows of a task (found by asking the catalogue and the
//! rows, not by a list), the remembered calls, the logs of the tasks, and the logs of their owners, in which a task is told
//! of as well. Owners are copied too, so that a copy belongs to one of many. Indexes stay, ids rise with time as the
//! server's do, and times lie in the last hours. A copied row names its own task and its own owner wherever the row that
//! it was made of did. At the end the tables are vacuumed and analysed, and the rows are counted.
//!
//! | module | holds |
//! |---|---|
//! | [`copy`] | a statement that copies rows, whatever their columns |

mod copy;

use crate::scenario::Failure;
use copy::{TableOf, quoted};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio_postgres::Client;

/// Tasks of one owner, about.
const TASKS_AN_OWNER: u32 = 100;
/// Tasks that one statement copies, about.
const BATCH: u32 = 10_000;
/// Copies lie in as many hours before now: shorter than anything is kept that is trimmed by age.
const SPREAD_MS: i64 = 6 * 3_600_000;
/// All copying until one level is reached.
const FILL_WITHIN: Duration = Duration::from_secs(3_600);
/// One statement.
const STATEMENT_WITHIN: &str = "20min";
/// Schemas whose tables are looked through.
const SCHEMAS: [&str; 2] = ["runtime", "cv"];
/// What a column with a task's id is called.
const IDS: [&str; 3] = ["id", "task_id", "task"];

/// What a copied owner is called: the same one stays at slot 0.
const NEW_OWNER: &str = "CASE WHEN slot = 0 THEN o.owner ELSE 'f' || substr(md5(o.owner || '.' || slot), 1, 23) END";

/// Copies what some tasks left in the tables.
pub(super) struct Filler {
    client: Client,
    /// Tables with rows of a task, and the column that names it.
    tables: Vec<(TableOf, String)>,
    topics: TableOf,
    /// What the logs hold; a row may be several events.
    events: TableOf,
    calls: TableOf,
    /// Rows that one copy of all templates adds, by table; and one that is thinned out.
    each: BTreeMap<String, u64>,
    thin: BTreeMap<String, u64>,
    /// Of the rows of which a task has several, a copy has so many, percent. Copies that are read have all.
    share: u32,
    /// Rows that there are of templates and copies.
    rows: u64,
    templates: u32,
    /// People of whose tasks their own logs tell.
    owners: u32,
    slots: u32,
    /// Copies that there are.
    copies: u32,
    /// Copies at the largest level.
    all: u32,
}

/// How the tables were filled.
#[derive(Debug, Clone, Default)]
pub(super) struct Filled {
    /// Tasks that have ended.
    pub(super) tasks: u64,
    /// Rows of theirs, of all tables.
    pub(super) rows: u64,
    /// Size of the database, GiB.
    pub(super) gib: f64,
    /// How long it took, seconds.
    pub(super) seconds: f64,
    /// Each table and what it holds, or what is wrong with its count.
    pub(super) counted: Vec<(String, Result<u64, String>)>,
}

fn refused(error: &tokio_postgres::Error) -> Failure {
    let why = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
    Failure::Other(format!("the tables could not be filled: {why}"))
}

impl Filler {
    /// Takes the tasks of some people as what is copied, up to so many tasks in all. No server may run.
    pub(super) async fn new(client: Client, people: &[String], largest: u32) -> Result<Self, Failure> {
        let settings = format!(
            "SET synchronous_commit = off; SET maintenance_work_mem = '256MB'; SET work_mem = '64MB'; SET timezone = 'UTC';
             SET statement_timeout = '{STATEMENT_WITHIN}'; SET client_min_messages = warning"
        );
        client.batch_execute(&settings).await.map_err(|error| refused(&error))?;
        let client = client;
        // What is copied: tasks, what the logs of their owners say of them, and the owners.
        let sql = "CREATE TEMP TABLE scale_task AS
                SELECT t.id AS task, t.owner, l.id AS topic_id, row_number() OVER (ORDER BY t.created_at, t.id) AS rank
                FROM runtime.tasks t JOIN runtime.topics l ON l.product = t.product AND l.topic = 'task:' || t.id
                WHERE t.owner = ANY($1) AND t.status = 'completed'";
        client.execute(sql, &[&people]).await.map_err(|error| refused(&error))?;
        client
            .batch_execute(
                "CREATE TEMP TABLE scale_told AS
                     SELECT s.owner, s.task, e.kind, e.at, e.data,
                         row_number() OVER (PARTITION BY s.owner ORDER BY e.seq) AS place
                     FROM scale_task s
                     JOIN runtime.topics l ON l.topic = 'user:' || s.owner
                     JOIN runtime.events e ON e.topic_id = l.id AND e.data->>'id' = s.task;
                 CREATE TEMP TABLE scale_owner AS
                     SELECT o.owner, l.id AS topic_id, l.head_seq AS head,
                         (SELECT count(*) FROM scale_told t WHERE t.owner = o.owner) AS told
                     FROM (SELECT DISTINCT owner FROM scale_task) o
                     JOIN runtime.topics l ON l.topic = 'user:' || o.owner;
                 ANALYZE scale_task; ANALYZE scale_told; ANALYZE scale_owner",
            )
            .await
            .map_err(|error| refused(&error))?;
        let count =
            "SELECT (SELECT count(*) FROM scale_task)::int, (SELECT count(*) FROM scale_owner WHERE told > 0)::int";
        let row = client.query_one(count, &[]).await.map_err(|error| refused(&error))?;
        let number = |index: usize| u32::try_from(row.get::<_, i32>(index)).unwrap_or(0);
        let (templates, owners) = (number(0), number(1));
        if templates == 0 || owners == 0 {
            return Err(Failure::Other("no task ended that could be copied".to_owned()));
        }
        let find = async |schema: &str, table: &str| {
            TableOf::find(&client, schema, table).await.map_err(|error| refused(&error))
        };
        let (topics, events) = (find("runtime", "topics").await?, find("runtime", &log(&client).await?).await?);
        let (calls, users, turns) =
            (find("runtime", "calls").await?, find("cv", "users").await?, find("runtime", "turns").await?);
        let slots = (largest / (TASKS_AN_OWNER * owners)).max(1);
        let tables = found(&client).await?;
        let all = largest.saturating_sub(templates).div_ceil(templates);
        let mut filler = Self {
            client,
            tables,
            topics,
            events,
            calls,
            each: BTreeMap::new(),
            thin: BTreeMap::new(),
            share: 100,
            rows: 0,
            templates,
            owners,
            slots,
            copies: 0,
            all,
        };
        filler.each = filler.of_one_copy().await?;
        filler.thin = filler.each.clone();
        filler.rows = filler.each.values().sum();
        // Owners come first: other rows refer to them. Nobody signs in as one of the copies.
        let people = format!(
            "(SELECT slot AS n, '' AS old_task, '' AS new_task, o.owner AS old_owner, {NEW_OWNER} AS new_owner,
                  interval '0' AS shift
              FROM scale_owner o CROSS JOIN generate_series(1, {}) slot) m",
            slots - 1
        );
        filler.run(&users.copy(&format!("{people} JOIN {} x ON x.id = m.old_owner", users.name), &[])).await?;
        filler.run(&turns.copy(&format!("{people} JOIN {} x ON x.who = m.old_owner", turns.name), &[])).await?;
        filler.tidy().await?;
        Ok(filler)
    }

    async fn run(&self, sql: &str) -> Result<u64, Failure> {
        self.client.execute(sql, &[]).await.map_err(|error| refused(&error))
    }

    async fn number(&self, sql: &str) -> Result<u64, Failure> {
        let row = self.client.query_one(sql, &[]).await.map_err(|error| refused(&error))?;
        Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
    }

    /// Rows of the templates, by table: what one copy adds.
    async fn of_one_copy(&self) -> Result<BTreeMap<String, u64>, Failure> {
        let mut each = BTreeMap::new();
        for (table, column) in &self.tables {
            let from = format!("{} x ON x.{} = s.task", table.name, quoted(column));
            each.insert(table.name.clone(), self.of_templates(&from, table).await?);
        }
        let calls = format!("{} x ON {CALLED}", self.calls.name);
        each.insert(self.calls.name.clone(), self.of_templates(&calls, &self.calls).await?);
        let logs = format!("{} x ON x.topic_id = s.topic_id", self.events.name);
        let told = self.number("SELECT count(*) FROM scale_told").await?;
        each.insert(self.events.name.clone(), self.of_templates(&logs, &self.events).await? + told);
        each.insert(self.topics.name.clone(), self.templates.into());
        Ok(each)
    }

    async fn of_templates(&self, from: &str, table: &TableOf) -> Result<u64, Failure> {
        let sql = format!(
            "SELECT count(*) FROM (SELECT *, 1 AS slot FROM scale_task) s JOIN {from} WHERE {}",
            self.kept(table)
        );
        self.number(&sql.replace("m.slot", "s.slot")).await
    }

    /// From now on, copies have only this share of the rows of which a task has several, percent; those of the people
    /// who read have all of them.
    pub(super) async fn thin_out(&mut self, share: u32) -> Result<(), Failure> {
        self.share = share.min(self.share);
        self.thin = self.of_one_copy().await?;
        Ok(())
    }

    /// Which rows `x` of a table are copied. A template's row is never written again, so that its place says which it is.
    fn kept(&self, table: &TableOf) -> String {
        let several = self.each.get(&table.name).is_some_and(|rows| *rows > u64::from(self.templates));
        if self.share >= 100 || !several {
            return "true".to_owned();
        }
        format!("(m.slot = 0 OR abs(hashtext(x.ctid::text)::bigint) % 100 < {})", self.share)
    }

    /// Tasks that were copied, and the templates.
    pub(super) fn tasks(&self) -> u64 {
        u64::from(self.templates) * u64::from(self.copies + 1)
    }

    /// Size of the database, bytes.
    pub(super) async fn bytes(&self) -> Result<u64, Failure> {
        self.number("SELECT pg_database_size(current_database())").await
    }

    /// Copies until there are at least so many tasks, tidies up, and counts. No server may run.
    pub(super) async fn to(&mut self, level: u32) -> Result<Filled, Failure> {
        let begin = Instant::now();
        let target = level.saturating_sub(self.templates).div_ceil(self.templates).min(self.all).max(self.copies);
        let before = self.counts().await?;
        let (first, mut added) = (self.copies, 0_u64);
        let bar = crate::out::bar("tasks copied", u64::from(target - first) * u64::from(self.templates));
        while self.copies < target {
            if begin.elapsed() > FILL_WITHIN {
                return Err(Failure::Other(format!("the tables were not filled within {FILL_WITHIN:?}")));
            }
            let end = target.min(self.copies + (BATCH / self.templates).max(1));
            self.batch(self.copies, end).await?;
            added += u64::from(end - self.copies);
            bar.inc(u64::from(end - self.copies) * u64::from(self.templates));
            self.copies = end;
        }
        bar.finish_and_clear();
        self.tidy().await?;
        // Every first copy of a slot belongs to the people themselves.
        let whole = u64::from(self.copies.div_ceil(self.slots) - first.div_ceil(self.slots));
        let mut filled = Filled { tasks: self.tasks(), ..Filled::default() };
        for (table, after) in self.counts().await? {
            let was = before.get(&table).copied().unwrap_or(0);
            let of = |rows: &BTreeMap<String, u64>| rows.get(&table).copied().unwrap_or(0);
            let new = of(&self.each) * whole + of(&self.thin) * (added - whole);
            self.rows += new;
            let mut due = was + new;
            if table == self.topics.name {
                due += self.logs_of_owners(self.copies) - self.logs_of_owners(first);
            }
            let held =
                if after == due { Ok(after) } else { Err(format!("{table} holds {after} rows, and {due} were due")) };
            filled.counted.push((table, held));
        }
        filled.rows = self.rows;
        #[allow(clippy::cast_precision_loss, reason = "bytes of a disk")]
        let gib = self.bytes().await? as f64 / f64::from(1_u32 << 30);
        filled.gib = gib;
        filled.seconds = begin.elapsed().as_secs_f64();
        Ok(filled)
    }

    /// Logs of owners after so many copies: the owners' own, and one of each copy of them that has tasks.
    fn logs_of_owners(&self, copies: u32) -> u64 {
        u64::from(self.owners) * u64::from(copies.clamp(1, self.slots))
    }

    async fn counts(&self) -> Result<BTreeMap<String, u64>, Failure> {
        let mut counts = BTreeMap::new();
        for table in self.each.keys() {
            counts.insert(table.clone(), self.number(&format!("SELECT count(*) FROM {table}")).await?);
        }
        Ok(counts)
    }

    /// Copies `from` to `end - 1` of all templates.
    async fn batch(&self, from: u32, end: u32) -> Result<(), Failure> {
        let (slots, templates, last) = (self.slots, self.templates, end - 1);
        let step = SPREAD_MS / i64::from(self.all.max(1));
        let moved = format!("(({} - n) * {step})", self.all);
        // The server's own ids begin with their time: so do these, and what they end with is the copy's number.
        let map = format!(
            "DROP TABLE IF EXISTS scale_map;
             CREATE TEMP TABLE scale_map AS
                 SELECT n, slot, o.task AS old_task, o.owner AS old_owner, o.topic_id AS old_topic, {NEW_OWNER} AS new_owner,
                     CASE WHEN o.task ~ '^task_[0-9]{{13}}_'
                         THEN 'task_' || (substr(o.task, 6, 13)::bigint - {moved}) || '_'
                         ELSE 'f' END || lpad(to_hex(n::bigint * {templates} + o.rank), 6, '0') AS new_task,
                     make_interval(secs => {moved} / 1000.0) AS shift
                 FROM (SELECT n, n % {slots} AS slot FROM generate_series({from}, {last}) n) copies CROSS JOIN scale_task o
                 ORDER BY n, o.rank;
             ANALYZE scale_map"
        );
        self.client.batch_execute(&map).await.map_err(|error| refused(&error))?;
        for (table, column) in &self.tables {
            let column = quoted(column);
            let kept = self.kept(table);
            let from = format!("scale_map m JOIN {} x ON x.{column} = m.old_task WHERE {kept}", table.name);
            self.run(&table.copy(&from, &[])).await?;
        }
        let called = format!("scale_map m JOIN {} x ON {}", self.calls.name, CALLED.replace("s.", "m.old_"));
        let key = [("key", "md5(x.key || m.n)::uuid::text")];
        self.run(&self.calls.copy(&called, &key)).await?;
        self.logs(from, end).await
    }

    /// The logs of copied tasks, and what is told of them in their owners'.
    async fn logs(&self, from: u32, end: u32) -> Result<(), Failure> {
        let (slots, topics, events) = (self.slots, &self.topics.name, &self.events.name);
        self.run(&self.topics.copy(&format!("scale_map m JOIN {topics} x ON x.id = m.old_topic"), &[])).await?;
        let of_tasks = format!(
            "(SELECT m.*, l.id AS new_topic FROM scale_map m
              JOIN {topics} o ON o.id = m.old_topic
              JOIN {topics} l ON l.product = o.product AND l.topic = 'task:' || m.new_task) m
             JOIN {events} x ON x.topic_id = m.old_topic WHERE {} ORDER BY m.new_topic, x.seq",
            self.kept(&self.events)
        );
        self.run(&self.events.copy(&of_tasks, &[("topic_id", "m.new_topic")])).await?;
        // A copy of an owner has a log of its own, which begins with the first copy; the owner itself has one already.
        let head = "CASE WHEN m.slot = 0 THEN m.head ELSE 0 END";
        let owners = format!(
            "(SELECT slot AS n, slot, '' AS old_task, '' AS new_task, o.owner AS old_owner, {NEW_OWNER} AS new_owner,
                  interval '0' AS shift, o.topic_id, o.head, o.told * (({end} - 1 - slot) / {slots} + 1) AS told
              FROM (SELECT DISTINCT n % {slots} AS slot FROM generate_series({from}, {end} - 1) n) copies
              CROSS JOIN scale_owner o WHERE o.told > 0) m
             JOIN {topics} x ON x.id = m.topic_id WHERE true
             ON CONFLICT (product, topic) DO UPDATE SET head_seq = EXCLUDED.head_seq"
        );
        self.run(&self.topics.copy(&owners, &[("head_seq", &format!("{head} + m.told"))])).await?;
        let told = format!(
            "INSERT INTO {events} (topic_id, seq, kind, at, data)
             SELECT l.id, {head} + (m.n / {slots}) * m.told + t.place, t.kind, t.at - m.shift,
                 replace(replace(t.data::text, m.old_task, m.new_task), m.old_owner, m.new_owner)::json
             FROM (SELECT m.*, o.head, o.told, o.topic_id
                   FROM scale_map m JOIN scale_owner o ON o.owner = m.old_owner) m
             JOIN scale_told t ON t.task = m.old_task
             JOIN {topics} s ON s.id = m.topic_id
             JOIN {topics} l ON l.product = s.product AND l.topic = 'user:' || m.new_owner"
        );
        self.run(&told).await?;
        Ok(())
    }

    /// Removes what tasks of some people left, so that every measurement begins with the same tables. No server may run.
    pub(super) async fn forget(&self, people: &[String]) -> Result<(), Failure> {
        let (topics, events) = (&self.topics.name, &self.events.name);
        let of = "SELECT id FROM runtime.tasks WHERE owner = ANY($1)";
        let logs = format!(
            "SELECT id FROM {topics} WHERE (product, topic) IN (
                 SELECT product, 'task:' || id FROM runtime.tasks WHERE owner = ANY($1)
                 UNION SELECT DISTINCT product, 'user:' || owner FROM runtime.tasks WHERE owner = ANY($1))"
        );
        let mut statements = vec![
            format!("DELETE FROM {events} WHERE topic_id IN ({logs})"),
            format!("DELETE FROM {topics} WHERE id IN ({logs})"),
            format!("DELETE FROM {} WHERE user_id = ANY($1)", self.calls.name),
        ];
        // The table of tasks is the first of them: it says what the others hold.
        let rest = self.tables.iter().rev();
        statements.extend(rest.map(|(table, id)| format!("DELETE FROM {} WHERE {} IN ({of})", table.name, quoted(id))));
        for sql in statements {
            self.client.execute(&sql, &[&people]).await.map_err(|error| refused(&error))?;
        }
        self.tidy().await
    }

    /// Vacuums and analyses what was changed, and writes it to the disk: not while it is measured.
    async fn tidy(&self) -> Result<(), Failure> {
        let tables: Vec<&str> = self.each.keys().map(String::as_str).collect();
        let sql = format!("VACUUM (ANALYZE) {}, cv.users, runtime.turns", tables.join(", "));
        self.run(&sql).await?;
        self.run("CHECKPOINT").await?;
        Ok(())
    }

    /// Some tasks of one of the people, anywhere in the tables.
    pub(super) async fn some(&self, person: &str, most: i64) -> Result<Vec<String>, Failure> {
        let sql = "SELECT id FROM runtime.tasks WHERE owner = $1 AND status = 'completed' ORDER BY md5(id) LIMIT $2";
        let rows = self.client.query(sql, &[&person, &most]).await.map_err(|error| refused(&error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}

/// The table that holds the events; `runtime.events` may be a view of it.
async fn log(client: &Client) -> Result<String, Failure> {
    let query = "SELECT c.table_name::text FROM information_schema.columns c
                 JOIN information_schema.tables t USING (table_schema, table_name)
                 WHERE t.table_type = 'BASE TABLE' AND c.table_schema = 'runtime' AND c.column_name = 'topic_id'";
    let row = client.query_one(query, &[]).await.map_err(|error| refused(&error))?;
    Ok(row.get(0))
}

/// How a remembered call `x` belongs to a task `s`.
const CALLED: &str = "x.user_id = s.owner AND x.result->>'task_id' = s.task";

/// Every table with rows of the templates, and the column that names the task; that of the tasks first.
async fn found(client: &Client) -> Result<Vec<(TableOf, String)>, Failure> {
    let query = "SELECT c.table_schema::text, c.table_name::text, c.column_name::text FROM information_schema.columns c
                 JOIN information_schema.tables t USING (table_schema, table_name)
                 WHERE t.table_type = 'BASE TABLE' AND c.data_type = 'text' AND c.table_schema = ANY($1)
                     AND c.column_name = ANY($2) ORDER BY c.table_name <> 'tasks', 1, 2, 3";
    let (schemas, ids) = (SCHEMAS.map(ToOwned::to_owned).to_vec(), IDS.map(ToOwned::to_owned).to_vec());
    let rows = client.query(query, &[&schemas, &ids]).await.map_err(|error| refused(&error))?;
    let mut tables = Vec::new();
    for row in rows {
        let (schema, table, column): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let there = format!(
            "SELECT count(*) FROM scale_task s JOIN {}.{} x ON x.{} = s.task",
            quoted(&schema),
            quoted(&table),
            quoted(&column)
        );
        let count: i64 = client.query_one(&there, &[]).await.map_err(|error| refused(&error))?.get(0);
        if count > 0 {
            let table = TableOf::find(client, &schema, &table).await.map_err(|error| refused(&error))?;
            tables.push((table, column));
        }
    }
    Ok(tables)
}
