//! One old row into one new row: pure, column by column, then what needs several columns.

use super::model::{Column, Draft, Else, How, Model, Outside, Shape, Words};
use crate::cv::rules::account::Email;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{HashMap, HashSet};

/// Bytes of an identifier (protocol `limits::MAX_ID_BYTES`).
const MAX_ID: usize = estafette_protocol::limits::MAX_ID_BYTES;

/// What is known beside the row.
#[derive(Debug, Default)]
pub struct Known {
    /// People whose address belongs to somebody else, compared in lower case.
    pub without_address: HashSet<String>,
    /// Model → old key → key here.
    pub ids: HashMap<String, HashMap<String, String>>,
}

/// Converts a row. References to other rows are still to be looked up.
pub fn convert(model: &Model, key: String, old: Map<String, Value>, known: &Known) -> Draft {
    let mut draft = Draft { key, old, new: Map::new(), notes: Vec::new(), refused: None, user: None };
    if let Some(path) = zero_in(&Value::Object(draft.old.clone())) {
        draft.refuse("zero_character", format!("{path} holds a zero character, which no text here can"));
    }
    for column in model.columns {
        let value = draft.old.get(column.old).cloned().unwrap_or(Value::Null);
        let value = carry(&mut draft, column, value, known);
        draft.new.insert(column.new.to_owned(), value);
    }
    if model.name == "User" && known.without_address.contains(&draft.key) && !draft.get("email").is_null() {
        draft.change("email", Value::Null, "email_taken", "another account has this address in lower case (R1)");
    }
    if let Some(mend) = model.mend {
        mend(&mut draft);
    }
    draft
}

/// Where a zero character is, which JSON can write and Postgres cannot hold.
fn zero_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items.iter().find_map(zero_in),
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            if key.contains('\0') { Some(String::new()) } else { zero_in(value).map(|path| format!("{key} {path}")) }
        }),
        _ => None,
    }
    .map(|path| path.trim().to_owned())
}

fn carry(draft: &mut Draft, column: &Column, value: Value, known: &Known) -> Value {
    let name = column.new;
    if let How::Or(json) = column.how {
        return if value.is_null() { serde_json::from_str(json).unwrap_or(Value::Null) } else { value };
    }
    match (column.how, value) {
        (How::Word(_, Else::Is(word)), Value::Null) => word.into(),
        (How::Word(_, Else::Refuse) | How::Owner(_) | How::Id, Value::Null) => {
            draft.refuse("missing_value", format!("{name} is empty"));
            Value::Null
        }
        (_, Value::Null) | (How::Dropped, _) => Value::Null,
        (How::Id, Value::String(id)) if !is_id(&id) => {
            draft.refuse("bad_id", format!("{name} is not 1 to {MAX_ID} of A-Z, a-z, 0-9, _ and -"));
            Value::Null
        }
        (How::Email, Value::String(text)) => email(draft, &text),
        (How::Bcrypt, Value::String(hash)) if !is_bcrypt(&hash) => {
            draft.note(
                "password_not_bcrypt",
                "no password here can be checked by this hash: it must be reset",
                json!({name: hash}),
            );
            Value::Null
        }
        (How::Token, Value::String(token)) => hex::encode(Sha256::digest(token.as_bytes())).into(),
        (How::Word(words, other), value) => word(draft, name, words, other, value),
        (How::Json(other), value) => match parsed(value.clone()) {
            Ok(value) => value,
            Err(problem) => fallback(draft, name, "bad_json", &problem, other, value),
        },
        (How::Shaped(shape, other), value) => match parsed(value.clone()).map(shape) {
            Ok(Shape::Fits(value)) => value,
            Ok(Shape::Mended(fit, lost)) => {
                draft.note("mended_json", format!("{name}: {lost}"), json!({name: value}));
                fit
            }
            Ok(Shape::Bad(problem)) => fallback(draft, name, "bad_json", &problem, other, value),
            Err(problem) => fallback(draft, name, "bad_json", &problem, other, value),
        },
        (How::Day, Value::String(instant)) => instant.chars().take(10).collect::<String>().into(),
        (How::Range(low, high, outside), value) => range(draft, name, (low, high), outside, value),
        (How::Cut(most), Value::String(text)) if text.chars().count() > most => {
            let cut: String = text.chars().take(most).collect();
            draft.note("text_cut", format!("{name} had more than {most} characters"), json!({name: text}));
            cut.into()
        }
        (How::Mapped(model), value) => {
            let old = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            known.ids.get(model).and_then(|ids| ids.get(&old)).map_or_else(
                || {
                    draft.note("reference_lost", format!("{name}: there is no {model} {old}"), json!({name: value}));
                    Value::Null
                },
                |new| if value.is_number() { new.parse::<i64>().map_or(Value::Null, Value::from) } else { json!(new) },
            )
        }
        (_, value) => value,
    }
}

/// Whether a text is an identifier of this server.
pub fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

fn is_bcrypt(hash: &str) -> bool {
    let mut parts = hash.split('$').skip(1);
    let (kind, cost, rest) = (parts.next(), parts.next(), parts.next());
    hash.starts_with('$')
        && matches!(kind, Some("2a" | "2b" | "2x" | "2y"))
        && cost.and_then(|cost| cost.parse().ok()).is_some_and(|cost: u32| (4..=31).contains(&cost))
        && rest.is_some_and(|rest| {
            rest.len() == 53 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"./".contains(&b))
        })
        && parts.next().is_none()
}

fn email(draft: &mut Draft, text: &str) -> Value {
    match Email::parse(text) {
        Ok(email) => email.as_str().into(),
        Err(problem) => {
            draft.note("email_invalid", format!("nobody can sign in with it: {problem}"), json!({"email": text}));
            let text = text.trim().to_lowercase();
            if text.is_empty() { Value::Null } else { text.into() }
        }
    }
}

fn word(draft: &mut Draft, name: &str, words: Words, other: Else, value: Value) -> Value {
    let text = value.as_str().map(|text| text.trim().to_lowercase()).unwrap_or_default();
    match words.iter().find(|(old, _)| old.to_lowercase() == text) {
        Some((_, new)) => (*new).into(),
        None => fallback(draft, name, "unknown_word", "is not a word that is known here", other, value),
    }
}

fn fallback(draft: &mut Draft, name: &str, reason: &'static str, problem: &str, other: Else, value: Value) -> Value {
    let detail = format!("{name}: {problem}");
    match other {
        Else::Refuse => {
            draft.refuse(reason, detail);
            Value::Null
        }
        Else::Null => {
            draft.note(reason, detail, json!({name: value}));
            Value::Null
        }
        Else::Is(word) => {
            draft.note(reason, detail, json!({name: value}));
            word.into()
        }
        Else::Wrap => {
            draft.note(reason, detail, json!({name: value}));
            json!({"text": value})
        }
    }
}

/// JSON that may have been stored as text (D8). An empty text is nothing.
fn parsed(value: Value) -> Result<Value, String> {
    let Value::String(text) = &value else { return Ok(value) };
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    let value: Value = serde_json::from_str(text).map_err(|error| format!("is not JSON ({error})"))?;
    match zero_in(&value) {
        Some(_) => Err("holds a zero character".to_owned()),
        None => Ok(value),
    }
}

fn range(draft: &mut Draft, name: &str, (low, high): (i64, i64), outside: Outside, value: Value) -> Value {
    let Some(number) = value.as_f64() else {
        draft.note("bad_number", format!("{name} is no number"), json!({name: value}));
        return if matches!(outside, Outside::Nearest) { low.max(0).into() } else { Value::Null };
    };
    #[allow(clippy::cast_precision_loss)]
    let (least, most) = (low as f64, high as f64);
    if (least..=most).contains(&number) {
        return value;
    }
    draft.note("out_of_range", format!("{name} is not between {low} and {high}"), json!({name: value}));
    match outside {
        Outside::Null => Value::Null,
        Outside::Nearest if number < least => low.into(),
        Outside::Nearest => high.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cv::import::model::{ID, Merge, col};

    fn one(how: How, value: Value) -> Draft {
        let columns: &'static [Column] = Box::leak(Box::new([col("a", "a", how)]));
        let model = Model {
            name: "M",
            table: "m",
            key: ID,
            columns,
            merge: Merge::Never,
            gives_up: &[],
            mend: None,
            sums: &[],
        };
        let Value::Object(old) = json!({ "a": value }) else { unreachable!() };
        convert(&model, "k".to_owned(), old, &Known::default())
    }

    #[test]
    fn r2_bcrypt_is_kept_and_nothing_else() {
        let hash = "$2b$10$abcdefghijklmnopqrstuuKj0eFc3Gd6Sx1Cvq3bJQ6ajvF1gkF9S";
        assert_eq!(one(How::Bcrypt, json!(hash)).get("a"), hash);
        for other in ["", "secret", "$argon2id$v=19$m=1$x$y", &hash[..59], &hash.replace("$10$", "$99$")] {
            let draft = one(How::Bcrypt, json!(other));
            assert!(draft.get("a").is_null() && draft.notes[0].reason == "password_not_bcrypt", "{other}");
        }
    }

    #[test]
    fn r1_addresses_become_lower_case_and_strange_ones_are_kept_and_noted() {
        assert_eq!(one(How::Email, json!(" Ana@X.Example ")).get("a"), "ana@x.example");
        let strange = one(How::Email, json!("ANA at home"));
        assert_eq!((strange.get("a"), strange.notes[0].reason), (&json!("ana at home"), "email_invalid"));
    }

    #[test]
    fn words_are_translated_and_unknown_ones_leave_a_note_or_refuse() {
        const WORDS: Words = &[("pending", "queued"), ("queued", "queued")];
        assert_eq!(one(How::Word(WORDS, Else::Refuse), json!("Pending")).get("a"), "queued");
        let refused = one(How::Word(WORDS, Else::Refuse), json!("lost"));
        assert_eq!(refused.refused.unwrap().reason, "unknown_word");
        let replaced = one(How::Word(WORDS, Else::Is("queued")), json!("lost"));
        assert_eq!((replaced.get("a"), &replaced.notes[0].old), (&json!("queued"), &json!({"a": "lost"})));
        assert_eq!(one(How::Word(WORDS, Else::Is("queued")), Value::Null).notes, []);
    }

    #[test]
    fn json_in_a_text_is_parsed_and_what_is_none_is_kept_in_the_note() {
        assert_eq!(one(How::Json(Else::Null), json!("{\"b\": [1]}")).get("a"), &json!({"b": [1]}));
        assert_eq!(one(How::Json(Else::Null), json!({"b": 1})).get("a"), &json!({"b": 1}));
        assert_eq!(one(How::Json(Else::Null), json!(" ")).notes, []);
        let broken = one(How::Json(Else::Null), json!("{b"));
        assert_eq!((broken.get("a"), &broken.notes[0].old), (&Value::Null, &json!({"a": "{b"})));
        let wrapped = one(How::Json(Else::Wrap), json!("yes"));
        assert_eq!(wrapped.get("a"), &json!({"text": "yes"}));
        assert!(one(How::Json(Else::Null), json!("\"\\u0000\"")).get("a").is_null());
    }

    #[test]
    fn numbers_texts_and_tokens() {
        assert_eq!(one(How::Range(0, 100, Outside::Null), json!(101)).get("a"), &Value::Null);
        assert_eq!(one(How::Range(1, 5, Outside::Nearest), json!(9)).get("a"), &json!(5));
        assert_eq!(one(How::Range(0, 9, Outside::Nearest), json!("NaN")).get("a"), &json!(0));
        assert_eq!(one(How::Cut(2), json!("été")).get("a"), "ét");
        assert_eq!(one(How::Token, json!("abc")).get("a").as_str().unwrap().len(), 64);
        assert_eq!(one(How::Day, json!("2025-03-04T23:59:59.999")).get("a"), "2025-03-04");
        assert!(one(How::Id, json!("a b")).refused.is_some() && one(How::Id, json!("cmabc")).refused.is_none());
        assert_eq!(one(How::Same, json!("a\u{0}")).refused.unwrap().reason, "zero_character");
    }
}
