//! The log in Postgres: append inside a unit of work, read a page after a position, compare heads.

use super::{NewEvent, StoredEvent, TopicKey};
use crate::db::{Column, Db, DbResult};
use crate::error::DbError;
use crate::limits::{LOG_PAGE, LOG_PAGE_BYTES, LOG_PIECE};
use chrono::{DateTime, Utc};
use estafette_protocol::{EventKind, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Json, ToSql, Type};

/// Appends events and moves the heads of their topics, in the order of the topics. One statement: the heads are locked
/// as they are raised, and the events get the numbers that the raise made room for. An event names its topic by its place
/// among the topics (in the order of their bytes): a look into an array, where a join would compare all with all.
pub(crate) const APPEND: &str = "
WITH heads AS (
    INSERT INTO runtime.topics AS t (product, topic, epoch, head_seq)
    SELECT x.product, x.topic, (SELECT epoch FROM runtime.meta), x.n
    FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS x(product, topic, n, ord)
    ORDER BY x.ord
    ON CONFLICT (product, topic) DO UPDATE SET head_seq = t.head_seq + EXCLUDED.head_seq
    RETURNING id, product, topic, epoch, head_seq
), placed AS (
    SELECT array_agg(id ORDER BY product COLLATE \"C\", topic COLLATE \"C\") AS ids,
           array_agg(head_seq ORDER BY product COLLATE \"C\", topic COLLATE \"C\") AS seqs
    FROM heads
), added AS (
    INSERT INTO runtime.events (topic_id, seq, kind, at, data)
    SELECT p.ids[e.place], p.seqs[e.place] - e.from_end, e.kind, $7, e.data
    FROM placed p, unnest($4::integer[], $5::bigint[], $6::text[], $8::json[]) AS e(place, from_end, kind, data)
)
SELECT product, topic, epoch, head_seq FROM heads";

/// Events on their way into the log: the parameters of [`APPEND`], and what comes of its answer.
pub(crate) struct Appending {
    events: Vec<NewEvent>,
    /// The topics in their order, with the number of their events. Sorted: topics are locked in one order by everybody, so
    /// that no two units wait for each other in a circle.
    counts: BTreeMap<TopicKey, i64>,
    /// The place of each event's topic among them, from 1.
    places: Vec<i32>,
    /// How far each event is from the new head of its topic.
    from_end: Vec<i64>,
    at: Timestamp,
}

impl Appending {
    pub(crate) fn new(events: Vec<NewEvent>) -> Self {
        let mut counts: BTreeMap<TopicKey, i64> = BTreeMap::new();
        for event in &events {
            match counts.get_mut(&event.key) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(event.key.clone(), 1);
                }
            }
        }
        let mut left: HashMap<&TopicKey, (i32, i64)> =
            (1..).zip(&counts).map(|(place, (key, count))| (key, (place, *count))).collect();
        let (mut places, mut from_end) = (Vec::with_capacity(events.len()), Vec::with_capacity(events.len()));
        for event in &events {
            let Some((place, open)) = left.get_mut(&event.key) else { continue };
            *open -= 1;
            places.push(*place);
            from_end.push(*open);
        }
        Self { counts, places, from_end, at: Timestamp::new(Utc::now()), events }
    }

    pub(crate) fn columns(&self) -> Vec<Column<'_>> {
        let events = &self.events;
        vec![
            Box::new(self.counts.keys().map(|key| key.product.as_str()).collect::<Vec<_>>()),
            Box::new(self.counts.keys().map(|key| key.topic.as_str()).collect::<Vec<_>>()),
            Box::new(self.counts.values().copied().collect::<Vec<_>>()),
            Box::new(&self.places),
            Box::new(&self.from_end),
            Box::new(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>()),
            Box::new(self.at.to_chrono()),
            Box::new(events.iter().map(|event| Json(&event.data)).collect::<Vec<_>>()),
        ]
    }

    /// The events with their numbers, in the order given.
    pub(crate) fn stored(self, heads: &[Row]) -> DbResult<Vec<Arc<StoredEvent>>> {
        let mut known: HashMap<(&str, &str), (u64, i64)> = HashMap::with_capacity(heads.len());
        for row in heads {
            known.insert((row.try_get(0)?, row.try_get(1)?), (unsigned(row.try_get(2)?), row.try_get(3)?));
        }
        let mut stored = Vec::with_capacity(self.events.len());
        for (event, from_end) in self.events.into_iter().zip(self.from_end) {
            let Some((epoch, head)) = known.get(&(event.key.product.as_str(), event.key.topic.as_str())).copied()
            else {
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
    let appending = Appending::new(events);
    let statement = tx.prepare_cached(APPEND).await?;
    let heads = {
        let columns = appending.columns();
        let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| &**column as &(dyn ToSql + Sync)).collect();
        tx.query(&statement, &params).await?
    };
    appending.stored(&heads)
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
    let row = client.query_one(&statement, &[&key.product.as_str(), &key.topic.as_str()]).await?;
    Ok(Head { epoch: unsigned(row.try_get(0)?), seq: unsigned(row.try_get(1)?), floor: unsigned(row.try_get(2)?) })
}

/// The heads of many topics in one query; topics without events are left out.
///
/// # Errors
/// [`DbError`].
pub async fn heads(db: &Db, keys: &[TopicKey]) -> DbResult<Vec<(TopicKey, Head)>> {
    let products: Vec<&str> = keys.iter().map(|key| key.product.as_str()).collect();
    let topics: Vec<&str> = keys.iter().map(|key| key.topic.as_str()).collect();
    let rows = db
        .query(
            "SELECT x.ord, t.epoch, t.head_seq, t.floor_seq
             FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS x(product, topic, ord)
             JOIN runtime.topics t USING (product, topic)",
            &[&products, &topics],
        )
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let index = usize::try_from(row.try_get::<_, i64>(0)? - 1).unwrap_or(usize::MAX);
        if let Some(key) = keys.get(index) {
            let head = Head {
                epoch: unsigned(row.try_get(1)?),
                seq: unsigned(row.try_get(2)?),
                floor: unsigned(row.try_get(3)?),
            };
            found.push((key.clone(), head));
        }
    }
    Ok(found)
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
            "SELECT e.seq, e.kind, e.at, e.data FROM runtime.topics t JOIN runtime.events e ON e.topic_id = t.id
             WHERE t.product = $1 AND t.topic = $2 AND e.seq > $3 ORDER BY e.seq LIMIT $4",
        )
        .await?;
    let mut after = i64::try_from(after).unwrap_or(i64::MAX);
    let (mut left, mut piece, mut bytes) = (LOG_PAGE, LOG_PIECE, 0);
    while left > 0 && bytes < LOG_PAGE_BYTES {
        let limit = piece.min(left);
        let rows = client.query(&statement, &[&key.product.as_str(), &key.topic.as_str(), &after, &limit]).await?;
        let whole = i64::try_from(rows.len()).unwrap_or(0) == limit;
        for row in rows {
            after = row.try_get(0)?;
            let kind: String = row.try_get(1)?;
            let kind = EventKind::parse(&kind).map_err(|error| DbError::Data(error.to_string()))?;
            let at: DateTime<Utc> = row.try_get(2)?;
            let data: Data = row.try_get(3)?;
            bytes += data.bytes;
            let at = Timestamp::new(at);
            events.push(StoredEvent::new(key.clone(), head.epoch, unsigned(after), kind, at, data.value));
        }
        if !whole {
            break;
        }
        left -= limit;
        piece = piece.saturating_mul(2);
    }
    Ok(Page { events, head })
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
