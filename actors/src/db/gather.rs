//! Rows that wait to be written together: what many units add one row at a time goes to Postgres as one statement with
//! an array a column, which costs a fraction of a statement a row.

use super::DbResult;
use crate::error::DbError;
use bytes::BytesMut;
use serde::Serialize;
use std::any::Any;
use std::collections::HashMap;
use std::error::Error;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A column of a statement: an array with a value a row.
pub type Column<'a> = Box<dyn ToSql + Sync + 'a>;

/// The column with what each row has of it.
pub fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Column<'a>
where
    T: ToSql + Sync + 'a,
{
    Box::new(rows.iter().map(of).collect::<Vec<_>>())
}

/// A parameter of a statement that waits.
pub type Param = Box<dyn ToSql + Sync + Send>;

/// JSON that is made already, for a parameter of type `json`.
#[derive(Debug, Default)]
pub(crate) struct RawJson(Vec<u8>);

impl RawJson {
    /// Of bytes that are JSON.
    pub(crate) const fn made(json: Vec<u8>) -> Self {
        Self(json)
    }

    /// # Errors
    /// [`DbError::Data`] when the value has no form in JSON.
    pub(crate) fn of(value: &impl Serialize) -> DbResult<Self> {
        serde_json::to_vec(value).map(Self).map_err(|error| DbError::Data(error.to_string()))
    }
}

impl std::fmt::Display for RawJson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl ToSql for RawJson {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }
    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSON
    }
    to_sql_checked!();
}

/// A row that is written together with others of its kind.
pub trait BulkRow: Send + Sync + 'static {
    /// Writes many rows, from one `unnest` of arrays. Its result is not looked at.
    const SQL: &'static str;

    /// Whether rows of this kind wait for the end of their unit, whatever is asked before. True for what no question of a
    /// unit looks at: the rows of many commits are then one statement, though the commits' hooks ask in between.
    const AT_END: bool = false;

    /// The arrays, in the order of the parameters of [`BulkRow::SQL`].
    fn columns(rows: &[Self]) -> Vec<Column<'_>>
    where
        Self: Sized;

    /// What the row is about (`subtask x`), when the order of two rows about the same thing matters: the later one is
    /// then written by a later statement. `None`: it is about nothing that another waiting row touches.
    fn about(&self) -> Option<String> {
        None
    }
}

/// Rows of one kind.
pub(crate) trait RowSet: Send {
    fn sql(&self) -> &'static str;
    fn columns(&self) -> Vec<Column<'_>>;
    fn as_any(&mut self) -> &mut dyn Any;
    fn is_of(&self, of: std::any::TypeId) -> bool;
    /// Moves all rows to another gathering.
    fn pour(self: Box<Self>, into: &mut Gather);
}

struct Set<R>(Vec<R>);

impl<R: BulkRow> RowSet for Set<R> {
    fn sql(&self) -> &'static str {
        R::SQL
    }
    fn columns(&self) -> Vec<Column<'_>> {
        R::columns(&self.0)
    }
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
    fn is_of(&self, of: std::any::TypeId) -> bool {
        std::any::TypeId::of::<R>() == of
    }
    fn pour(self: Box<Self>, into: &mut Gather) {
        for row in self.0 {
            into.add(row);
        }
    }
}

/// A statement that waits, by itself.
struct Lone {
    sql: &'static str,
    params: Vec<Param>,
}

/// A parameter by reference.
#[derive(Debug)]
struct Given<'a>(&'a (dyn ToSql + Sync));

impl ToSql for Given<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.to_sql_checked(ty, out)
    }
    fn accepts(_: &Type) -> bool {
        // What it refers to says so when it is asked.
        true
    }
    fn to_sql_checked(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.to_sql_checked(ty, out)
    }
}

impl RowSet for Lone {
    fn sql(&self) -> &'static str {
        self.sql
    }
    fn columns(&self) -> Vec<Column<'_>> {
        self.params.iter().map(|param| Box::new(Given(&**param)) as Column<'_>).collect()
    }
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
    fn is_of(&self, _: std::any::TypeId) -> bool {
        false
    }
    fn pour(self: Box<Self>, into: &mut Gather) {
        into.later(self.sql, self.params);
    }
}

/// What a unit has to write: before its next question, and before its end.
#[derive(Default)]
pub(crate) struct Waiting {
    soon: Gather,
    at_end: Gather,
}

impl Waiting {
    pub(crate) fn add<R: BulkRow>(&mut self, row: R) {
        if R::AT_END { self.at_end.add(row) } else { self.soon.add(row) }
    }

    pub(crate) fn later(&mut self, sql: &'static str, params: Vec<Param>) {
        self.soon.later(sql, params);
    }

    pub(crate) fn amend<R: BulkRow>(&mut self, change: impl FnMut(&mut R)) {
        if R::AT_END { self.at_end.amend(change) } else { self.soon.amend(change) }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.soon.merge(other.soon);
        self.at_end.merge(other.at_end);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.soon.sets.is_empty() && self.at_end.sets.is_empty()
    }

    /// From now on nothing waits for the end.
    pub(crate) fn hasten(&mut self) {
        self.soon.merge(std::mem::take(&mut self.at_end));
    }

    /// Takes over what comes before a question.
    pub(crate) fn take_over_soon(&mut self, other: &mut Self) {
        self.soon.merge(std::mem::take(&mut other.soon));
    }

    /// Takes the statements that come before a question.
    pub(crate) fn take_soon(&mut self) -> Vec<Box<dyn RowSet>> {
        std::mem::take(&mut self.soon).sets
    }

    /// Takes all of them.
    pub(crate) fn take(&mut self) -> Vec<Box<dyn RowSet>> {
        let mut sets = self.take_soon();
        sets.extend(std::mem::take(&mut self.at_end).sets);
        sets
    }
}

/// Rows that wait, as the statements that will write them, in their order.
#[derive(Default)]
pub(crate) struct Gather {
    sets: Vec<Box<dyn RowSet>>,
    /// The last statement that touches a thing.
    about: HashMap<String, usize>,
    /// Statements up to here are closed: one that stands by itself comes after them.
    closed: usize,
}

impl Gather {
    /// Adds a statement of its own: after all rows that wait now, and before all that are added later.
    pub(crate) fn later(&mut self, sql: &'static str, params: Vec<Param>) {
        self.sets.push(Box::new(Lone { sql, params }));
        self.closed = self.sets.len();
    }

    pub(crate) fn add<R: BulkRow>(&mut self, row: R) {
        let about = row.about();
        let after = about.as_ref().and_then(|about| self.about.get(about).copied());
        let first = after.map_or(0, |place| place + 1).max(self.closed);
        let of = std::any::TypeId::of::<R>();
        let found = (first..self.sets.len()).find(|place| self.sets.get(*place).is_some_and(|set| set.is_of(of)));
        let place = found.unwrap_or(self.sets.len());
        if let Some(about) = about {
            self.about.insert(about, place);
        }
        match self.sets.get_mut(place).and_then(|set| set.as_any().downcast_mut::<Set<R>>()) {
            Some(set) => set.0.push(row),
            None => self.sets.push(Box::new(Set(vec![row]))),
        }
    }

    /// Looks at the rows of a kind that wait, and may change them.
    pub(crate) fn amend<R: BulkRow>(&mut self, change: impl FnMut(&mut R)) {
        let sets = self.sets.iter_mut().filter_map(|set| set.as_any().downcast_mut::<Set<R>>());
        sets.flat_map(|set| &mut set.0).for_each(change);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for set in other.sets {
            set.pour(self);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Begins(&'static str);
    struct Ends(&'static str);

    impl BulkRow for Begins {
        const SQL: &'static str = "begins";
        fn columns(rows: &[Self]) -> Vec<Column<'_>> {
            vec![column(rows, |row| row.0)]
        }
        fn about(&self) -> Option<String> {
            Some(self.0.to_owned())
        }
    }
    impl BulkRow for Ends {
        const SQL: &'static str = "ends";
        fn columns(rows: &[Self]) -> Vec<Column<'_>> {
            vec![column(rows, |row| row.0)]
        }
        fn about(&self) -> Option<String> {
            Some(self.0.to_owned())
        }
    }

    fn shape(gather: Gather) -> Vec<(&'static str, String)> {
        gather.sets.iter().map(|set| (set.sql(), format!("{:?}", set.columns()))).collect()
    }

    #[test]
    fn rows_of_a_kind_become_one_statement() {
        let mut gather = Gather::default();
        for name in ["a", "b", "c"] {
            gather.add(Begins(name));
        }
        assert_eq!(shape(gather), [("begins", r#"[["a", "b", "c"]]"#.to_owned())]);
    }

    #[test]
    fn what_happens_to_one_thing_keeps_its_order_whatever_others_do() {
        let mut gather = Gather::default();
        gather.add(Ends("a"));
        gather.add(Begins("b"));
        // `c` begins and ends: its end must not join the statement before its beginning.
        gather.add(Begins("c"));
        gather.add(Ends("c"));
        gather.add(Begins("c"));
        let mut other = Gather::default();
        other.add(Ends("d"));
        other.add(Ends("b"));
        gather.merge(other);
        let expected = [
            ("ends", r#"[["a", "d"]]"#.to_owned()),
            ("begins", r#"[["b", "c"]]"#.to_owned()),
            ("ends", r#"[["c", "b"]]"#.to_owned()),
            ("begins", r#"[["c"]]"#.to_owned()),
        ];
        assert_eq!(shape(gather), expected);
    }

    struct Counts(&'static str);

    impl BulkRow for Counts {
        const SQL: &'static str = "counts";
        const AT_END: bool = true;
        fn columns(rows: &[Self]) -> Vec<Column<'_>> {
            vec![column(rows, |row| row.0)]
        }
    }

    #[test]
    fn what_nobody_asks_for_waits_for_the_end() {
        let sqls = |sets: Vec<Box<dyn RowSet>>| sets.iter().map(|set| set.sql()).collect::<Vec<_>>();
        let mut waiting = Waiting::default();
        waiting.add(Counts("a"));
        waiting.add(Begins("a"));
        assert_eq!(sqls(waiting.take_soon()), ["begins"]);
        waiting.later("lock", Vec::new());
        waiting.add(Counts("b"));
        waiting.amend(|row: &mut Counts| row.0 = "c");
        let mut other = Waiting::default();
        other.add(Counts("d"));
        other.add(Ends("d"));
        waiting.merge(other);
        let sets = waiting.take();
        assert_eq!(format!("{:?}", sets[2].columns()), r#"[["c", "c", "d"]]"#);
        assert_eq!(sqls(sets), ["lock", "ends", "counts"]);
        assert!(waiting.is_empty());
    }

    #[test]
    fn a_statement_of_its_own_keeps_its_place() {
        let mut gather = Gather::default();
        gather.add(Begins("a"));
        gather.later("lock", vec![Box::new("me".to_owned())]);
        gather.add(Begins("b"));
        let order: Vec<_> = gather.sets.iter().map(|set| set.sql()).collect();
        assert_eq!(order, ["begins", "lock", "begins"]);
    }
}
