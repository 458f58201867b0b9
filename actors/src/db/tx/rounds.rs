//! Pieces of one unit of work that have nothing to do with each other ask in rounds. Each goes on until it asks a
//! question; when all that are left wait for an answer, the rows that they put aside and then their questions go to
//! Postgres in one go, and they go on with the answers. A hundred hooks with five questions each are five round trips then
//! instead of five hundred.

use super::{Additions, Answer, Asked, Tx};
use crate::db::DbResult;
use crate::error::DbError;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// The rounds in which the pieces of a unit ask.
pub(super) struct Rounds<'a> {
    unit: &'a Tx<'a>,
    /// How many rounds there were.
    opened: Cell<u64>,
    /// Pieces that wait for the next one.
    waiting: Cell<usize>,
    wakers: RefCell<Vec<Waker>>,
}

/// A piece's way to take part.
pub(super) struct Part<'a> {
    rounds: &'a Rounds<'a>,
    /// The round that it waits for, or waited for last: a piece that asks several things at once is one that waits.
    asked: Cell<u64>,
}

impl<'a> Part<'a> {
    /// The unit that it is a piece of.
    pub(super) const fn unit(&self) -> &'a Tx<'a> {
        self.rounds.unit
    }

    /// Sends a question with those of the others, after the rows that its piece has put aside.
    pub(super) async fn send(&self, piece: &Tx<'_>, asked: Asked<'_>) -> DbResult<Answer> {
        let client = piece.client;
        let statement = client.prepare_cached(asked.sql).await?;
        self.unit().additions.rows.borrow_mut().take_over_soon(&mut piece.additions.rows.borrow_mut());
        self.turn().await;
        Ok(asked.sent(client, &statement).await?)
    }

    async fn turn(&self) {
        let Rounds { opened, waiting, wakers, .. } = self.rounds;
        let mine = opened.get() + 1;
        if self.asked.replace(mine) != mine {
            waiting.set(waiting.get() + 1);
        }
        poll_fn(|cx| {
            if opened.get() >= mine {
                return Poll::Ready(());
            }
            wakers.borrow_mut().push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Rounds<'_> {
    /// Whether all of so many pieces wait for the round after this one.
    fn all_wait(&self, round: u64, pieces: usize) -> bool {
        self.opened.get() == round && self.waiting.get() >= pieces
    }

    /// Everybody who waits may send.
    fn open(&self) {
        self.opened.set(self.opened.get() + 1);
        self.waiting.set(0);
        self.wakers.take().into_iter().for_each(Waker::wake);
    }

    /// Writes the rows that wait and lets everybody ask behind them.
    async fn next(&self) -> DbResult<()> {
        let rows = self.unit.additions.rows.borrow_mut().take_soon();
        self.unit.send(rows, None, false, || self.open()).await?;
        Ok(())
    }
}

impl Tx<'_> {
    /// Runs pieces of the unit beside each other, in rounds of questions. What they add is the unit's when all are done, in
    /// the order of the pieces. They must have nothing to do with each other: none may look at what another one writes.
    ///
    /// # Errors
    /// The first that Postgres or a piece had: nothing more is asked then.
    pub(crate) async fn beside<I, T>(
        &mut self,
        pieces: Vec<I>,
        work: impl AsyncFn(&mut Tx<'_>, I) -> DbResult<T>,
    ) -> DbResult<Vec<T>> {
        if pieces.len() < 2 || self.part.is_some() {
            // Nobody to share a round with, or in one already.
            let mut done = Vec::with_capacity(pieces.len());
            for piece in pieces {
                done.push(work(self, piece).await?);
            }
            return Ok(done);
        }
        let mut done: Vec<Option<(T, Additions)>> = std::iter::repeat_with(|| None).take(pieces.len()).collect();
        let unit = &*self;
        let rounds = Rounds { unit, opened: Cell::default(), waiting: Cell::default(), wakers: RefCell::default() };
        let (rounds, work) = (&rounds, &work);
        let mut running: FuturesUnordered<_> = pieces
            .into_iter()
            .enumerate()
            .map(|(place, piece)| async move {
                let mut tx = unit.piece(Part { rounds, asked: Cell::default() });
                let worked = work(&mut tx, piece).await;
                (place, worked.map(|worked| (worked, tx.into_additions())))
            })
            .collect();
        let mut failed: Option<DbError> = None;
        for round in 0.. {
            let go_on = poll_fn(|cx| {
                loop {
                    match running.poll_next_unpin(cx) {
                        Poll::Ready(Some((place, Ok(worked)))) => {
                            done.get_mut(place).map(|done| done.insert(worked));
                        }
                        // What is sent later is heard later: after the first error Postgres refuses everything for it.
                        Poll::Ready(Some((_, Err(error)))) => {
                            failed.get_or_insert(error);
                        }
                        Poll::Pending if !rounds.all_wait(round, running.len()) => return Poll::Pending,
                        Poll::Pending | Poll::Ready(None) => return Poll::Ready(Ok(())),
                    }
                }
            });
            match round {
                0 => go_on.await?,
                _ => futures_util::try_join!(rounds.next(), go_on).map(|_| ())?,
            }
            if let Some(error) = failed {
                return Err(error);
            }
            if running.is_empty() {
                break;
            }
        }
        drop(running);
        let done = done.into_iter().flatten().map(|(worked, additions)| {
            self.additions.merge(additions);
            worked
        });
        Ok(done.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{BulkRow, Column, column};
    use crate::testkit::TestDatabase;
    use estafette_protocol::ProductId;
    use std::sync::Arc;

    struct Told(&'static str);

    impl BulkRow for Told {
        const SQL: &'static str = "INSERT INTO told SELECT * FROM unnest($1::text[])";
        fn columns(rows: &[Self]) -> Vec<Column<'_>> {
            vec![column(rows, |row| row.0)]
        }
    }

    async fn database() -> TestDatabase {
        let database = TestDatabase::fresh(&[]).await;
        database.db().execute("CREATE TABLE told (name text PRIMARY KEY)", &[]).await.unwrap();
        database
    }

    async fn told(tx: &Tx<'_>) -> DbResult<i64> {
        Ok(tx.query_one("SELECT count(*) FROM told", &[]).await?.try_get(0)?)
    }

    fn unit(client: &deadpool_postgres::Client) -> Tx<'_> {
        Tx::new(client, ProductId::parse("toy").unwrap(), Arc::default())
    }

    #[actix::test]
    async fn pieces_ask_together_and_each_hears_its_own_answers() {
        let database = database().await;
        let client = database.db().connection().await.unwrap();
        let mut tx = unit(&client);
        let moments = RefCell::new(Vec::new());
        // Each asks so often.
        let pieces = vec![("a", 2), ("b", 0), ("c", 1), ("d", 3)];
        let heard = tx
            .beside(pieces, async |tx: &mut Tx<'_>, (name, times): (&'static str, usize)| {
                tx.put(Told(name));
                let mut heard = Vec::new();
                for _ in 0..times {
                    moments.borrow_mut().push(format!("{name}?"));
                    let row = tx.query_one("SELECT $1::text, count(*) FROM told", &[&name]).await?;
                    moments.borrow_mut().push(format!("{name}!"));
                    heard.push((row.try_get::<_, String>(0)?, row.try_get::<_, i64>(1)?));
                }
                Ok(heard)
            })
            .await
            .unwrap();
        let of = |name: &str, counts: &[i64]| counts.iter().map(|n| (name.to_owned(), *n)).collect::<Vec<_>>();
        // The row of the one that asks nothing is written with the end.
        assert_eq!(heard, [of("a", &[3, 3]), of("b", &[]), of("c", &[3]), of("d", &[3, 3, 3])]);
        let moments = moments.into_inner();
        assert_eq!(moments[..3], ["a?", "c?", "d?"], "nobody waits for another one's answer to ask");
        assert_eq!(moments.len(), 12);
        assert_eq!(told(&tx).await.unwrap(), 4);
        tx.commit(None).await.unwrap();
        assert_eq!(told(&unit(&client)).await.unwrap(), 4);
    }

    #[actix::test]
    async fn the_error_is_the_one_that_broke_the_unit() {
        let database = database().await;
        let client = database.db().connection().await.unwrap();
        let refused = async |work: &dyn Fn(&Tx<'_>, &str), bad: &str| {
            let mut tx = unit(&client);
            let outcome = tx
                .beside(vec!["a", "b", "c"], async |tx: &mut Tx<'_>, name: &str| {
                    work(tx, name);
                    let sql = if name == bad { "INSERT INTO told VALUES (NULL)" } else { "SELECT" };
                    tx.execute(sql, &[]).await?;
                    told(tx).await
                })
                .await;
            outcome.unwrap_err().to_string()
        };
        // Whatever is sent behind it is refused for it, what `a` asks next as well.
        let error = refused(&|_, _| (), "b").await;
        assert!(error.contains("null value"), "{error}");
        let error = refused(&|tx, name| tx.put(Told(if name == "c" { "a" } else { "b" })), "a").await;
        assert!(error.contains("told_pkey"), "the rows were sent first: {error}");
        let tx = unit(&client);
        assert_eq!(told(&tx).await.unwrap(), 0, "the connection is as good as before");
    }

    #[actix::test]
    async fn a_piece_may_change_what_its_unit_is_about_to_write() {
        let database = database().await;
        let client = database.db().connection().await.unwrap();
        let mut tx = unit(&client);
        tx.put(Told("a"));
        tx.put(Told("b"));
        // The unit's row, what becomes of it, a row of its own.
        let pieces = vec![("a", "1", "A"), ("b", "2", "B")];
        let amended = tx
            .beside(pieces, async |tx: &mut Tx<'_>, (name, number, own): (&str, &'static str, &'static str)| {
                tx.put(Told(own));
                let found = Cell::new(0);
                let amend = |row: &mut Told| {
                    found.set(found.get() + u32::from(row.0 == name || row.0 == own));
                    row.0 = if row.0 == name { number } else { row.0 };
                };
                tx.amend(amend);
                told(tx).await?;
                // By then all are written.
                tx.amend(amend);
                Ok(found.get())
            })
            .await
            .unwrap();
        assert_eq!(amended, [2, 2], "its unit's row and its own");
        let names =
            tx.query_one("SELECT string_agg(name, ' ' ORDER BY name COLLATE \"C\") FROM told", &[]).await.unwrap();
        assert_eq!(names.get::<_, String>(0), "1 2 A B");
    }

    #[actix::test]
    async fn a_piece_may_ask_two_things_at_once_and_settle_what_it_said() {
        let database = database().await;
        let client = database.db().connection().await.unwrap();
        let mut tx = unit(&client);
        let counts = tx
            .beside(vec!["a", "b"], async |tx: &mut Tx<'_>, name: &'static str| {
                tx.put(Told(name));
                let tx = &*tx;
                let (one, other) = futures_util::try_join!(told(tx), told(tx))?;
                tx.settle();
                Ok((one, other, told(tx).await?))
            })
            .await
            .unwrap();
        assert_eq!(counts, [(2, 2, 2), (2, 2, 2)]);
    }
}
