//! A statement that copies rows of a table into the same table, whatever its columns are: they are asked of the catalogue,
//! so that a migration that adds, moves or drops one needs no change here.

use std::collections::HashMap;
use tokio_postgres::Client;

/// A column, as the catalogue tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// `text`, `jsonb`, `timestamp with time zone` …
    pub(super) form: String,
    /// Alone in a unique index that is not the primary key.
    pub(super) unique: bool,
}

/// A table of the server, `schema.name`, with the columns that are written (none that Postgres makes itself).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableOf {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl TableOf {
    /// Asks the catalogue.
    pub(super) async fn find(client: &Client, schema: &str, table: &str) -> Result<Self, tokio_postgres::Error> {
        let query = "SELECT c.column_name::text, c.data_type::text, EXISTS (
                         SELECT FROM pg_index i
                         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                         WHERE i.indrelid = format('%I.%I', c.table_schema, c.table_name)::regclass
                             AND i.indisunique AND NOT i.indisprimary AND i.indnkeyatts = 1 AND a.attname = c.column_name)
                     FROM information_schema.columns c
                     WHERE c.table_schema = $1 AND c.table_name = $2 AND c.is_identity = 'NO' AND c.is_generated = 'NEVER'
                     ORDER BY c.ordinal_position";
        let rows = client.query(query, &[&schema, &table]).await?;
        let columns = rows.iter().map(|row| Column { name: row.get(0), form: row.get(1), unique: row.get(2) });
        Ok(Self { name: format!("{}.{}", quoted(schema), quoted(table)), columns: columns.collect() })
    }

    /// `INSERT … SELECT` of rows `x` of this table, each joined with rows `m` of `from`, which have the columns `n` (the
    /// copy's number), `old_task`, `new_task`, `old_owner`, `new_owner` and `shift`. Texts and JSON name the new task and
    /// owner where they named the old ones, times are moved, and `instead` says what else is another.
    pub(super) fn copy(&self, from: &str, instead: &[(&str, &str)]) -> String {
        let instead: HashMap<&str, &str> = instead.iter().copied().collect();
        let names: Vec<String> = self.columns.iter().map(|column| quoted(&column.name)).collect();
        let values: Vec<String> = self
            .columns
            .iter()
            .map(|column| match instead.get(column.name.as_str()) {
                Some(value) => (*value).to_owned(),
                None => value(column),
            })
            .collect();
        format!("INSERT INTO {} ({}) SELECT {} FROM {from}", self.name, names.join(", "), values.join(", "))
    }
}

fn value(column: &Column) -> String {
    let name = format!("x.{}", quoted(&column.name));
    let renamed = |text: &str| format!("replace(replace({text}, m.old_task, m.new_task), m.old_owner, m.new_owner)");
    match column.form.as_str() {
        // Null stays null.
        "text" | "character varying" if column.unique => format!("{} || '-' || m.n", renamed(&name)),
        "text" | "character varying" => renamed(&name),
        "json" | "jsonb" => format!("{}::{}", renamed(&format!("{name}::text")), column.form),
        "timestamp with time zone" => format!("{name} - m.shift"),
        // Unix time in milliseconds.
        "bigint" if column.name.ends_with("_at") => format!("{name} - (extract(epoch FROM m.shift) * 1000)::bigint"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_names_every_column_and_knows_what_to_change_by_its_form() {
        let column = |name: &str, form: &str| Column { name: name.to_owned(), form: form.to_owned(), unique: false };
        let columns = vec![
            column("task_id", "text"),
            column("ord", "integer"),
            column("spec", "jsonb"),
            column("created_at", "bigint"),
            column("at", "timestamp with time zone"),
            column("od\"d", "bigint"),
            Column { unique: true, ..column("email", "text") },
        ];
        let table = TableOf { name: "runtime.steps".to_owned(), columns };
        let sql = table.copy("there", &[("ord", "7")]);
        let (names, values) = sql.split_once(") SELECT ").unwrap();
        assert_eq!(
            names,
            r#"INSERT INTO runtime.steps ("task_id", "ord", "spec", "created_at", "at", "od""d", "email""#
        );
        assert!(
            values
                .starts_with(r#"replace(replace(x."task_id", m.old_task, m.new_task), m.old_owner, m.new_owner), 7, "#)
        );
        assert!(values.contains(r#"m.new_owner)::jsonb, x."created_at" - (extract"#), "{values}");
        assert!(values.contains(r#"x."at" - m.shift, x."od""d", "#), "{values}");
        assert!(values.ends_with("|| '-' || m.n FROM there"), "{values}");
    }
}
