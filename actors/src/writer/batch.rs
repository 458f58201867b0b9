//! A writer for records that are observations, not effects (usage, telemetry, logs of calls): they wait in a bounded
//! queue, are written in groups by size and time, and are flushed when the node drains.

use crate::db::{Db, DbResult};
use crate::limits::{BATCH_DELAY, BATCH_QUEUE, BATCH_SIZE, STORAGE_BACKOFF};
use actix::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;

/// A kind of record and how a group of them is written.
#[async_trait::async_trait(?Send)]
pub trait Record: Send + Unpin + Sized + 'static {
    /// The name in logs and metrics.
    const NAME: &'static str;

    /// Writes a group, all or none. May be called again with the same records when it failed.
    ///
    /// # Errors
    /// [`crate::DbError`]: tried again while the database is away, otherwise the records are tried one by one and the
    /// bad ones are dropped, counted and logged.
    async fn write(db: &Db, records: &[Self]) -> DbResult<()>;
}

/// One record.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Write<R: Record>(pub R);

/// Writes what waits, and answers when it is done.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Flush;

/// The writer of one kind of record.
pub struct BatchWriter<R: Record> {
    db: Db,
    queue: VecDeque<R>,
    writing: bool,
    timer: Option<SpawnHandle>,
    waiters: Vec<tokio::sync::oneshot::Sender<()>>,
}

impl<R: Record> BatchWriter<R> {
    /// A writer with an empty queue.
    pub const fn new(db: Db) -> Self {
        Self { db, queue: VecDeque::new(), writing: false, timer: None, waiters: Vec::new() }
    }

    fn write_now(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        if self.writing {
            return;
        }
        if self.queue.is_empty() {
            for waiter in self.waiters.drain(..) {
                let _gone = waiter.send(());
            }
            return;
        }
        self.writing = true;
        let take = self.queue.len().min(BATCH_SIZE);
        let records: Vec<R> = self.queue.drain(..take).collect();
        let db = self.db.clone();
        ctx.spawn(async move { write_all(&db, records).await }.into_actor(self).map(|(), writer, ctx| {
            writer.writing = false;
            if writer.queue.len() >= BATCH_SIZE || !writer.waiters.is_empty() {
                writer.write_now(ctx);
            } else if !writer.queue.is_empty() {
                writer.write_later(ctx);
            }
        }));
    }

    fn write_later(&mut self, ctx: &mut Context<Self>) {
        if self.timer.is_none() {
            self.timer = Some(ctx.run_later(BATCH_DELAY, |writer, ctx| {
                writer.timer = None;
                writer.write_now(ctx);
            }));
        }
    }
}

async fn write_all<R: Record>(db: &Db, records: Vec<R>) {
    let mut wait = STORAGE_BACKOFF.0;
    loop {
        match R::write(db, &records).await {
            Ok(()) => return,
            Err(error) if error.is_transient() => {
                tracing::warn!(records = R::NAME, %error, "records wait for the database");
                tokio::time::sleep(wait).await;
                db.gate().up().await;
                wait = (wait * 2).min(STORAGE_BACKOFF.1);
            }
            Err(_) => break,
        }
    }
    for record in &records {
        if let Err(error) = R::write(db, std::slice::from_ref(record)).await {
            metrics::counter!("estafette_records_dropped_total", "records" => R::NAME).increment(1);
            tracing::error!(records = R::NAME, %error, "a record was refused and dropped");
        }
    }
}

impl<R: Record> Actor for BatchWriter<R> {
    type Context = Context<Self>;
    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(BATCH_QUEUE);
    }
}

impl<R: Record> Handler<Write<R>> for BatchWriter<R> {
    type Result = ();
    fn handle(&mut self, Write(record): Write<R>, ctx: &mut Self::Context) {
        if self.queue.len() >= BATCH_QUEUE {
            // The oldest goes: the newest observations are the ones somebody will ask about.
            self.queue.pop_front();
            metrics::counter!("estafette_records_dropped_total", "records" => R::NAME).increment(1);
        }
        self.queue.push_back(record);
        if self.queue.len() >= BATCH_SIZE {
            self.write_now(ctx);
        } else {
            self.write_later(ctx);
        }
    }
}

impl<R: Record> Handler<Flush> for BatchWriter<R> {
    type Result = ResponseFuture<()>;
    fn handle(&mut self, _: Flush, ctx: &mut Self::Context) -> Self::Result {
        let (done, wait) = tokio::sync::oneshot::channel();
        self.waiters.push(done);
        self.write_now(ctx);
        Box::pin(async move {
            let _closed = wait.await;
        })
    }
}

/// A handle that any thread may record through.
pub struct Recorder<R: Record>(Addr<BatchWriter<R>>);

impl<R: Record> Clone for Recorder<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Record> Recorder<R> {
    /// Starts a writer on the current arbiter.
    pub fn start(db: Db) -> Self {
        Self(BatchWriter::<R>::new(db).start())
    }

    /// Records, without waiting. A record that finds no room is dropped and counted.
    pub fn record(&self, record: R) {
        if crate::mailbox::tell(&self.0, Write(record)).is_err() {
            metrics::counter!("estafette_records_dropped_total", "records" => R::NAME).increment(1);
        }
    }

    /// Writes what waits.
    pub async fn flush(&self) {
        let _stopped = self.0.send(Flush).await;
    }
}

/// What a node flushes when it drains.
#[async_trait::async_trait(?Send)]
pub trait Flushable: Send + Sync + 'static {
    /// Writes what waits.
    async fn flush(&self);
}

#[async_trait::async_trait(?Send)]
impl<R: Record> Flushable for Recorder<R> {
    async fn flush(&self) {
        Self::flush(self).await;
    }
}

/// Several things to flush.
pub type Flushables = Vec<Arc<dyn Flushable>>;
