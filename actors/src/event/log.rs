//! The log in Postgres: append inside a unit of work, read a page after a position, compare heads.

use super::{NewEvent, StoredEvent, TopicKey};
use crate::db::{Column, Db, DbResult, RawJson, column};
use crate::error::DbError;
use crate::limits::{LOG_PAGE, LOG_PAGE_BYTES, LOG_PIECE, LOG_ROW};
use chrono::{DateTime, Utc};
use estafette_protocol::{EventKind, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql, Type};

/// Appends events and moves the heads of their topics, in the order of the topics. One statement: the heads are locked
/// as they are raised, and the events get the numbers that the raise made room for. A row names its topic by its place
/// among the topics: a look into an array, where a join would compare all with all.
///
/// What an insertion returns comes in the order in which it was done, as far as anybody has seen; sorting it again would be
/// a quarter of the statement. That it is so is checked: if it were not, there would be no topic to add to, which is an
/// error, and nothing would be written.
pub(crate) const APPEND: &str = "
WITH heads AS (
    INSERT INTO runtime.topics AS t (product, topic, epoch, head_seq)
    SELECT x.product, x.topic, (SELECT epoch FROM runtime.meta), x.n
    FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS x(product, topic, n, ord)
    ORDER BY x.ord
    ON CONFLICT (product, topic) DO UPDATE SET head_seq = t.head_seq + EXCLUDED.head_seq
    RETURNING id, product, topic, epoch, head_seq
), placed AS (
    SELECT CASE WHEN array_agg(product) = $1 AND array_agg(topic) = $2 THEN array_agg(id) END AS ids,
           array_agg(epoch) AS epochs, array_agg(head_seq) AS seqs
    FROM heads
), added AS (
    INSERT INTO runtime.log (topic_id, seq, count, kind, at, data)
    SELECT p.ids[e.place], p.seqs[e.place] - e.from_end, e.count, e.kind, $8, e.data
    FROM placed p, unnest($4::integer[], $5::bigint[], $6::integer[], $7::text[], $9::json[])
         AS e(place, from_end, count, kind, data)
)
SELECT epochs, seqs FROM placed";

/// A row of the log: an event, or several of one topic that follow each other.
struct LogRow {
    /// The place of its topic, from 1.
    place: i32,
    /// How far its last event is from the new head of its topic.
    from_end: i64,
    count: i32,
    /// Of one event.
    kind: Option<EventKind>,
    data: RawJson,
}

/// Bytes of an event in its row, usually: so many are asked for at once.
const USUAL_EVENT: usize = 192;

/// Puts the events of one topic into rows, in their order: as many into one as there is room for.
struct Packing<'e> {
    /// `[[kind,data],…` of the events that wait for a row.
    json: Vec<u8>,
    /// How many these are.
    count: usize,
    /// The kind of the first of them.
    first: Option<&'e EventKind>,
    /// Events of the topic that come after those that wait.
    left: i64,
    place: i32,
}

impl<'e> Packing<'e> {
    const fn new(place: i32, events: i64) -> Self {
        Self { json: Vec::new(), count: 0, first: None, left: events, place }
    }

    /// Adds an event; where it comes to lie.
    fn add(&mut self, event: &'e NewEvent, rows: &mut Vec<LogRow>) -> DbResult<Spot> {
        if self.count >= LOG_ROW.0 {
            self.close(rows);
        }
        if self.count == 0 {
            self.json.reserve(USUAL_EVENT);
        }
        let before = self.json.len();
        self.json.push(if self.count == 0 { b'[' } else { b',' });
        serde_json::to_writer(&mut self.json, &(&event.kind, &event.data))
            .map_err(|error| DbError::Data(error.to_string()))?;
        // Brackets, and the comma before the last event, do not count.
        if self.count > 0 && self.json.len() - 2 > LOG_ROW.1 {
            let mut own = self.json.split_off(before);
            self.close(rows);
            if let Some(separator) = own.first_mut() {
                *separator = b'[';
            }
            self.json = own;
        }
        self.first.get_or_insert(&event.kind);
        self.count += 1;
        self.left -= 1;
        Ok(Spot { place: self.place, from_end: self.left })
    }

    /// Makes a row of those that wait.
    fn close(&mut self, rows: &mut Vec<LogRow>) {
        let (mut json, count) = (std::mem::take(&mut self.json), std::mem::take(&mut self.count));
        let Some(first) = self.first.take() else { return };
        let kind = if count == 1 {
            // `[["kind",data]`: a kind has nothing to escape.
            json.pop();
            json.drain(..json.len().min(first.as_str().len() + 5));
            Some(first.clone())
        } else {
            json.push(b']');
            None
        };
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        rows.push(LogRow { place: self.place, from_end: self.left, count, kind, data: RawJson::made(json) });
    }
}

/// Events on their way into the log: the parameters of [`APPEND`], and what comes of its answer.
pub(crate) struct Appending {
    events: Vec<NewEvent>,
    /// The topics in their order, with the number of their events. Sorted: topics are locked in one order by everybody, so
    /// that no two units wait for each other in a circle.
    counts: BTreeMap<TopicKey, i64>,
    rows: Vec<LogRow>,
    /// Where each event comes to lie.
    spots: Vec<Spot>,
    at: Timestamp,
}

/// Where an event comes to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spot {
    /// The place of its topic, from 1.
    place: i32,
    /// How far it is from the new head of its topic.
    from_end: i64,
}

impl Appending {
    /// # Errors
    /// [`DbError::Data`] when an event cannot be written as JSON.
    pub(crate) fn new(events: Vec<NewEvent>) -> DbResult<Self> {
        let mut counts: BTreeMap<TopicKey, i64> = BTreeMap::new();
        for event in &events {
            match counts.get_mut(&event.key) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(event.key.clone(), 1);
                }
            }
        }
        let packing = |(place, (key, count)): (i32, (_, &i64))| (key, Packing::new(place, *count));
        let mut open: HashMap<&TopicKey, Packing<'_>> = (1..).zip(&counts).map(packing).collect();
        let (mut rows, mut spots) = (Vec::with_capacity(counts.len()), Vec::with_capacity(events.len()));
        for event in &events {
            let Some(packing) = open.get_mut(&event.key) else { continue };
            spots.push(packing.add(event, &mut rows)?);
        }
        for packing in open.values_mut() {
            packing.close(&mut rows);
        }
        drop(open);
        Ok(Self { counts, rows, spots, at: Timestamp::new(Utc::now()), events })
    }

    pub(crate) fn columns(&self) -> Vec<Column<'_>> {
        let rows = &self.rows;
        let (products, topics) = names(self.counts.keys());
        vec![
            Box::new(products),
            Box::new(topics),
            Box::new(self.counts.values().copied().collect::<Vec<_>>()),
            column(rows, |row| row.place),
            column(rows, |row| row.from_end),
            column(rows, |row| row.count),
            column(rows, |row| row.kind.as_ref().map(EventKind::as_str)),
            Box::new(self.at.to_chrono()),
            column(rows, |row| &row.data),
        ]
    }

    /// The events with their numbers, in the order given. `answer` is that of [`APPEND`].
    pub(crate) fn stored(self, answer: &[Row]) -> DbResult<Vec<Arc<StoredEvent>>> {
        let Some(heads) = answer.first() else { return Err(DbError::Data("the log did not answer".to_owned())) };
        let (epochs, seqs): (Vec<i64>, Vec<i64>) = (heads.try_get(0)?, heads.try_get(1)?);
        let head = |place: i32| {
            let index = usize::try_from(place - 1).ok()?;
            Some((unsigned(*epochs.get(index)?), *seqs.get(index)?))
        };
        let mut stored = Vec::with_capacity(self.events.len());
        for (event, Spot { place, from_end }) in self.events.into_iter().zip(self.spots) {
            let Some((epoch, head)) = head(place) else {
                return Err(DbError::Data(format!("no head for topic {}", event.key.topic)));
            };
            stored.push(StoredEvent::new(event.key, epoch, unsigned(head - from_end), event.kind, self.at, event.data));
        }
        Ok(stored)
    }
}

/// Appends events in a transaction; they become visible with its commit. Returned in the order given.
///
/// # Errors
/// [`DbError`].
pub async fn append(tx: &deadpool_postgres::Transaction<'_>, events: Vec<NewEvent>) -> DbResult<Vec<Arc<StoredEvent>>> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let appending = Appending::new(events)?;
    let statement = tx.prepare_cached(APPEND).await?;
    let answer = {
        let columns = appending.columns();
        let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| &**column as &(dyn ToSql + Sync)).collect();
        tx.query(&statement, &params).await?
    };
    appending.stored(&answer)
}

/// Topics as statements name them: their products, and their names.
fn names<'k>(keys: impl IntoIterator<Item = &'k TopicKey>) -> (Vec<&'k str>, Vec<&'k str>) {
    keys.into_iter().map(|key| (key.product.as_str(), key.topic.as_str())).unzip()
}

/// Where a topic's log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The life of the log.
    pub epoch: u64,
    /// The newest event, 0 when there is none.
    pub seq: u64,
    /// Events up to this one were trimmed.
    pub floor: u64,
}

/// The head of one topic, also of one that has no event yet.
///
/// # Errors
/// [`DbError`].
pub async fn head(client: &impl deadpool_postgres::GenericClient, key: &TopicKey) -> DbResult<Head> {
    let statement = client
        .prepare_cached(
            "SELECT coalesce(t.epoch, m.epoch), coalesce(t.head_seq, 0), coalesce(t.floor_seq, 0)
             FROM runtime.meta m LEFT JOIN runtime.topics t ON t.product = $1 AND t.topic = $2",
        )
        .await?;
    whole_head(&client.query_one(&statement, &[&key.product.as_str(), &key.topic.as_str()]).await?)
}

/// The heads of topics in their order, each as [`head`] tells it.
///
/// # Errors
/// [`DbError`].
pub async fn each_head(client: &impl deadpool_postgres::GenericClient, keys: &[&TopicKey]) -> DbResult<Vec<Head>> {
    let (products, topics) = names(keys.iter().copied());
    let statement = client
        .prepare_cached(
            "SELECT coalesce(t.epoch, m.epoch), coalesce(t.head_seq, 0), coalesce(t.floor_seq, 0)
             FROM runtime.meta m CROSS JOIN unnest($1::text[], $2::text[]) WITH ORDINALITY AS x(product, topic, ord)
             LEFT JOIN runtime.topics t ON t.product = x.product AND t.topic = x.topic ORDER BY x.ord",
        )
        .await?;
    client.query(&statement, &[&products, &topics]).await?.iter().map(whole_head).collect()
}

fn whole_head(row: &Row) -> DbResult<Head> {
    Ok(Head { epoch: unsigned(row.try_get(0)?), seq: unsigned(row.try_get(1)?), floor: unsigned(row.try_get(2)?) })
}

/// The log's own number of a topic that has events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogId(pub(crate) i64);

/// A topic's number and head.
fn numbered(row: &Row) -> DbResult<(LogId, Head)> {
    let seqs: (i64, i64, i64) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    Ok((LogId(row.try_get(0)?), Head { epoch: unsigned(seqs.0), seq: unsigned(seqs.1), floor: unsigned(seqs.2) }))
}

/// The numbers and heads of many topics in one query, in their order; `None` of one that has no events.
///
/// # Errors
/// [`DbError`].
pub async fn heads(db: &Db, keys: &[TopicKey]) -> DbResult<Vec<Option<(LogId, Head)>>> {
    let (products, topics) = names(keys);
    let rows = db
        .query(
            "SELECT t.id, t.epoch, t.head_seq, t.floor_seq, x.ord
             FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS x(product, topic, ord)
             JOIN runtime.topics t USING (product, topic)",
            &[&products, &topics],
        )
        .await?;
    let mut found = vec![None; keys.len()];
    for row in rows {
        let index = usize::try_from(row.try_get::<_, i64>(4)? - 1).unwrap_or(usize::MAX);
        if let Some(place) = found.get_mut(index) {
            *place = Some(numbered(&row)?);
        }
    }
    Ok(found)
}

/// Of topics whose numbers and heads are known, those whose log goes further or begins anew. A number costs a fraction of a
/// name to look up, and of most topics there is nothing to tell.
///
/// # Errors
/// [`DbError`].
pub async fn moved(db: &Db, known: &[(LogId, Head)]) -> DbResult<Vec<(LogId, Head)>> {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let ids: Vec<i64> = known.iter().map(|(id, _)| id.0).collect();
    let epochs: Vec<i64> = known.iter().map(|(_, head)| signed(head.epoch)).collect();
    let seqs: Vec<i64> = known.iter().map(|(_, head)| signed(head.seq)).collect();
    let rows = db
        .query(
            "SELECT t.id, t.epoch, t.head_seq, t.floor_seq
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS x(id, epoch, seq)
             JOIN runtime.topics t ON t.id = x.id WHERE t.head_seq > x.seq OR t.epoch <> x.epoch",
            &[&ids, &epochs, &seqs],
        )
        .await?;
    rows.iter().map(numbered).collect()
}

/// One page of a log.
#[derive(Debug)]
pub struct Page {
    /// The events after the position asked for, without a gap.
    pub events: Vec<Arc<StoredEvent>>,
    /// Where the log stood when the page was read.
    pub head: Head,
}

/// An event's data and its size on the way from the database.
struct Data {
    value: Value,
    bytes: usize,
}

impl<'a> FromSql<'a> for Data {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self { value: Value::from_sql(ty, raw)?, bytes: raw.len() })
    }
    fn accepts(ty: &Type) -> bool {
        <Value as FromSql>::accepts(ty)
    }
}

/// Reads a page after `after`: at most [`LOG_PAGE`] events, and hardly more than [`LOG_PAGE_BYTES`]. It is read in
/// pieces that double, so that neither many small events nor a few large ones cost more than they must.
///
/// # Errors
/// [`DbError`].
pub async fn page(db: &Db, key: &TopicKey, after: u64) -> DbResult<Page> {
    let client = db.connection().await?;
    // The head first: events that commit in between are then in the page but not in the head, which only makes the
    // reader look once more. The other order could skip some.
    let head = head(&client, key).await?;
    let mut events = Vec::new();
    if after >= head.seq {
        return Ok(Page { events, head });
    }
    let statement = client
        .prepare_cached(
            "SELECT l.seq, l.count, l.kind, l.at, l.data FROM runtime.topics t JOIN runtime.log l ON l.topic_id = t.id
             WHERE t.product = $1 AND t.topic = $2 AND l.seq > $3 ORDER BY l.seq LIMIT $4",
        )
        .await?;
    let mut after = i64::try_from(after).unwrap_or(i64::MAX);
    let (mut piece, mut bytes) = (LOG_PIECE, 0);
    let wanted = usize::try_from(LOG_PAGE).unwrap_or(usize::MAX);
    while events.len() < wanted && bytes < LOG_PAGE_BYTES {
        let limit = piece.min(LOG_PAGE);
        let rows = client.query(&statement, &[&key.product.as_str(), &key.topic.as_str(), &after, &limit]).await?;
        let whole = i64::try_from(rows.len()).unwrap_or(0) == limit;
        for row in rows {
            let (last, count): (i64, i32) = (row.try_get(0)?, row.try_get(1)?);
            let at = Timestamp::new(row.try_get::<_, DateTime<Utc>>(3)?);
            let data: Data = row.try_get(4)?;
            bytes += data.bytes;
            let first = last - i64::from(count) + 1;
            for (seq, (kind, data)) in (first..).zip(unpack(row.try_get(2)?, data.value)?) {
                // A reader may have had a part of what shares the row, and a page has an end.
                if seq > after && events.len() < wanted {
                    after = seq;
                    events.push(StoredEvent::new(key.clone(), head.epoch, unsigned(seq), kind, at, data));
                }
            }
        }
        if !whole {
            break;
        }
        piece = piece.saturating_mul(2);
    }
    Ok(Page { events, head })
}

/// The events of a row.
fn unpack(kind: Option<&str>, data: Value) -> DbResult<Vec<(EventKind, Value)>> {
    match kind {
        Some(kind) => Ok(vec![(EventKind::parse(kind).map_err(|error| DbError::Data(error.to_string()))?, data)]),
        None => serde_json::from_value(data).map_err(|error| DbError::Data(error.to_string())),
    }
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use estafette_protocol::ProductId;

    /// What is written of events with data of so many bytes: of each row its events, its kind, its JSON and how far it is
    /// from the new head.
    fn packed(sizes: &[usize]) -> Vec<(i32, Option<String>, String, i64)> {
        let key = TopicKey { product: ProductId::parse("toy").unwrap(), topic: "room:one".parse().unwrap() };
        let kind = EventKind::parse("said").unwrap();
        let event = |size: &usize| NewEvent { key: key.clone(), kind: kind.clone(), data: "x".repeat(size - 2).into() };
        let packed = Appending::new(sizes.iter().map(event).collect()).unwrap();
        let left = (0..i64::try_from(sizes.len()).unwrap()).rev();
        assert_eq!(packed.spots, left.map(|from_end| Spot { place: 1, from_end }).collect::<Vec<_>>());
        let text = |row: LogRow| (row.count, row.kind.map(|kind| kind.to_string()), row.data.to_string(), row.from_end);
        packed.rows.into_iter().map(text).collect()
    }

    #[test]
    fn an_event_alone_has_its_kind_beside_it_and_several_have_theirs_within() {
        assert_eq!(packed(&[4]), [(1, Some("said".to_owned()), r#""xx""#.to_owned(), 0)]);
        assert_eq!(packed(&[3, 4]), [(2, None, r#"[["said","x"],["said","xx"]]"#.to_owned(), 0)]);
    }

    #[test]
    fn a_row_ends_where_it_has_its_events_or_its_bytes() {
        let counts = |sizes: &[usize]| -> Vec<(i32, i64)> {
            packed(sizes).into_iter().map(|(count, _, _, from_end)| (count, from_end)).collect()
        };
        assert_eq!(counts(&[4; LOG_ROW.0]), [(64, 0)]);
        assert_eq!(counts(&[4; LOG_ROW.0 + 1]), [(64, 1), (1, 0)]);
        // An event alone takes nine bytes besides its data.
        let rest = LOG_ROW.1 - 9 - 9 - 1_000;
        assert_eq!(counts(&[1_000, rest, 4]), [(2, 1), (1, 0)]);
        assert_eq!(counts(&[1_000, rest + 1, 4]), [(1, 2), (2, 0)]);
        assert_eq!(counts(&[LOG_ROW.1 * 2, 4, 4]), [(1, 2), (2, 0)]);
    }
}
