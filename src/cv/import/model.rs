//! The words of the mapping: what a model is, and how a column is carried over.

use serde_json::{Map, Value};

/// One model of the old schema and its table here.
#[derive(Debug)]
pub struct Model {
    /// The model's, and so the old table's, name.
    pub name: &'static str,
    /// The table in schema `cv`.
    pub table: &'static str,
    /// The key the old rows are read by, and its name here.
    pub key: Key,
    /// The columns, in any order.
    pub columns: &'static [Column],
    /// Rows that mean the same as one that is here.
    pub merge: Merge,
    /// Unique keys whose column may be empty: a second row loses the value, not its life. Constraint → column.
    pub gives_up: &'static [(&'static str, &'static str)],
    /// Decisions that need more than one column.
    pub mend: Option<fn(&mut Draft)>,
    /// Columns whose sums must be the same on both sides: old → new.
    pub sums: &'static [(&'static str, &'static str)],
}

/// The key of a model.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The old column.
    pub old: &'static str,
    /// The new column.
    pub new: &'static str,
    /// Whether it is a number.
    pub number: bool,
}

/// The usual key.
pub const ID: Key = Key { old: "id", new: "id", number: false };
/// A key that counts.
pub const NUMBER: Key = Key { old: "id", new: "id", number: true };

/// What happens to rows that mean the same as one that is here, under another id.
#[derive(Debug, Clone, Copy)]
pub enum Merge {
    /// There are none: ids are kept.
    Never,
    /// The old values are written over the row here that fits this condition (`t` here, `r` the old row); it keeps its id.
    Over(&'static str),
    /// The row here that fits this condition stays as it is; other rows name it instead of the old one.
    Keep(&'static str),
    /// The numbers of these columns are added to the row with the same unique key (`constraint`, its columns).
    Add {
        /// The unique key.
        constraint: &'static str,
        /// Its columns.
        on: &'static [&'static str],
        /// What is added up.
        add: &'static [&'static str],
    },
}

/// One column.
#[derive(Debug)]
pub struct Column {
    /// Its name in the old schema.
    pub old: &'static str,
    /// Its name here.
    pub new: &'static str,
    /// How it is carried over.
    pub how: How,
}

/// A column.
pub const fn col(old: &'static str, new: &'static str, how: How) -> Column {
    Column { old, new, how }
}

/// Old word → word here.
pub type Words = &'static [(&'static str, &'static str)];

/// How a value is carried over. What every row of a column goes through is said in the mapping (README.md); what happens
/// to single rows leaves a note.
#[derive(Debug, Clone, Copy)]
pub enum How {
    /// As it is.
    Same,
    /// As it is; null becomes this JSON.
    Or(&'static str),
    /// An identifier: refused when it is not 1 to 120 of A-Z a-z 0-9 _ -.
    Id,
    /// An e-mail address: trimmed, lower case (R1).
    Email,
    /// A bcrypt hash, kept; another kind of hash is no password here (R2).
    Bcrypt,
    /// A one-time token in clear: its SHA-256 in hex (D24).
    Token,
    /// Not carried over.
    Dropped,
    /// One of a closed list; another word is treated as said.
    Word(Words, Else),
    /// JSON, also as text (D8).
    Json(Else),
    /// JSON that must have a shape; it may be mended.
    Shaped(fn(Value) -> Shape, Else),
    /// An instant of which the day counts (D15).
    Day,
    /// A number in a range; outside: nearest end, or null.
    Range(i64, i64, Outside),
    /// A text of at most so many characters.
    Cut(usize),
    /// The row this one belongs to: without it this row is refused.
    Owner(&'static str),
    /// The same, where there may be none; one that is named must be there.
    Owned(&'static str),
    /// A row this one names: null without it.
    Ref(&'static str),
    /// The same, written when all rows are here.
    Link(&'static str),
    /// A row that may have another id here ([`Merge::Over`], [`Merge::Keep`]); the name is the model's.
    Mapped(&'static str),
}

/// What becomes of a value that cannot be carried over.
#[derive(Debug, Clone, Copy)]
pub enum Else {
    /// The row is refused.
    Refuse,
    /// Null, with a note.
    Null,
    /// This word, with a note.
    Is(&'static str),
    /// `{"text": …}`, with a note.
    Wrap,
}

/// What becomes of a number outside its range.
#[derive(Debug, Clone, Copy)]
pub enum Outside {
    /// Null.
    Null,
    /// The nearest number inside.
    Nearest,
}

/// What a shape says of a value.
#[derive(Debug)]
pub enum Shape {
    /// It fits.
    Fits(Value),
    /// It was made to fit; what was lost.
    Mended(Value, String),
    /// It does not.
    Bad(String),
}

/// A remark about one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A word of the list in README.md.
    pub reason: &'static str,
    /// A sentence without personal data.
    pub detail: String,
    /// What stood in the old row.
    pub old: Value,
}

/// An old row on its way.
#[derive(Debug)]
pub struct Draft {
    /// Its key.
    pub key: String,
    /// As it was.
    pub old: Map<String, Value>,
    /// As it becomes.
    pub new: Map<String, Value>,
    /// What was changed.
    pub notes: Vec<Note>,
    /// Why it cannot be taken.
    pub refused: Option<Note>,
    /// Whose it is, as far as that person is here.
    pub user: Option<String>,
}

impl Draft {
    /// A value of the new row.
    pub fn get(&self, column: &str) -> &Value {
        self.new.get(column).unwrap_or(&Value::Null)
    }

    /// A text of the new row.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.get(column).as_str()
    }

    /// A number of the new row.
    pub fn number(&self, column: &str) -> Option<i64> {
        self.get(column).as_i64()
    }

    /// Sets a value, without a note.
    pub fn set(&mut self, column: &str, value: impl Into<Value>) {
        self.new.insert(column.to_owned(), value.into());
    }

    /// Sets a value and says why.
    pub fn change(&mut self, column: &str, value: impl Into<Value>, reason: &'static str, detail: impl Into<String>) {
        let old = self.new.insert(column.to_owned(), value.into()).unwrap_or(Value::Null);
        self.note(reason, detail, Value::Object([(column.to_owned(), old)].into_iter().collect()));
    }

    /// Adds a note. There is one of a reason: a second one of it adds its columns.
    pub fn note(&mut self, reason: &'static str, detail: impl Into<String>, old: Value) {
        let detail = detail.into();
        let Some(note) = self.notes.iter_mut().find(|note| note.reason == reason) else {
            self.notes.push(Note { reason, detail, old });
            return;
        };
        note.detail = format!("{}; {detail}", note.detail);
        match (&mut note.old, old) {
            (Value::Object(columns), Value::Object(more)) => columns.extend(more),
            (held, more) => *held = Value::Array(vec![held.take(), more]),
        }
    }

    /// Refuses the row; the first reason stays.
    pub fn refuse(&mut self, reason: &'static str, detail: impl Into<String>) {
        if self.refused.is_none() {
            self.refused = Some(Note { reason, detail: detail.into(), old: Value::Null });
        }
    }
}
