//! Questions that many ask in one moment are asked together: while one group is answered the next gathers, so that groups
//! are as large as the load makes them. Whoever asks while nobody else does waits for nobody.

use futures_util::FutureExt as _;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::{Semaphore, oneshot};

struct Waiting<Q, A> {
    question: Arc<Q>,
    answer: oneshot::Sender<A>,
}

/// Those who ask.
pub(crate) struct Together<Q, A> {
    /// One of each who asks, and of those who went away since somebody last took a group: they are left out then.
    waiting: Mutex<VecDeque<Waiting<Q, A>>>,
    /// So many groups are asked at the same time.
    turns: Semaphore,
    /// Questions of a group, at most.
    most: usize,
}

impl<Q, A> Together<Q, A> {
    pub(crate) fn new(turns: usize, most: usize) -> Self {
        Self { waiting: Mutex::default(), turns: Semaphore::new(turns), most }
    }

    /// Asks: by `group`, ours or that of somebody who asks at the same time. What a group finds no answer for, whatever the
    /// reason (it failed, or whoever asked it went away), is asked `alone`. Dropped, it is not asked any more.
    pub(crate) async fn ask(
        &self,
        question: Arc<Q>,
        group: impl AsyncFn(&[Arc<Q>]) -> Vec<Option<A>>,
        alone: impl AsyncFnOnce(&Q) -> A,
    ) -> A {
        let (sender, mut answer) = oneshot::channel();
        self.waiting.lock().push_back(Waiting { question: Arc::clone(&question), answer: sender });
        let answered = loop {
            let turn = tokio::select! {
                biased;
                answered = &mut answer => break answered,
                turn = self.turns.acquire() => turn,
            };
            let taken = self.take();
            if taken.is_empty() {
                // Somebody has taken ours.
                drop(turn);
                break answer.await;
            }
            self.answer(taken, &group).await;
        };
        match answered {
            Ok(answer) => answer,
            Err(_) => alone(&question).await,
        }
    }

    fn take(&self) -> Vec<Waiting<Q, A>> {
        let mut waiting = self.waiting.lock();
        let mut taken = Vec::new();
        while taken.len() < self.most
            && let Some(next) = waiting.pop_front()
        {
            if !next.answer.is_closed() {
                taken.push(next);
            }
        }
        taken
    }

    async fn answer(&self, taken: Vec<Waiting<Q, A>>, group: impl AsyncFn(&[Arc<Q>]) -> Vec<Option<A>>) {
        let questions: Vec<Arc<Q>> = taken.iter().map(|waiting| Arc::clone(&waiting.question)).collect();
        // One bad question must not end whoever asks it for the others: alone, it ends its own.
        let answers = AssertUnwindSafe(group(&questions)).catch_unwind().await.unwrap_or_default();
        for (waiting, answer) in taken.into_iter().zip(answers) {
            if let Some(answer) = answer {
                let _gone = waiting.answer.send(answer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use futures_util::{pin_mut, poll};
    use std::cell::RefCell;
    use tokio::sync::Notify;

    /// Groups as they were asked; `x` has no answer, `!` panics. Held back by the gate where there is one.
    #[derive(Default)]
    struct Asked {
        groups: RefCell<Vec<String>>,
        gate: Option<Notify>,
    }

    async fn ask(together: &Together<char, String>, asked: &Asked, question: char) -> String {
        let group = async |group: &[Arc<char>]| {
            let questions: String = group.iter().map(|question| **question).collect();
            asked.groups.borrow_mut().push(questions.clone());
            match &asked.gate {
                Some(gate) => gate.notified().await,
                None => tokio::task::yield_now().await,
            }
            assert!(!questions.contains('!'), "told to");
            questions.chars().map(|one| (one != 'x').then(|| format!("{one} of {questions}"))).collect()
        };
        together.ask(Arc::new(question), group, async |one: &char| format!("{one} alone")).await
    }

    #[actix::test]
    async fn what_is_asked_meanwhile_is_asked_together() {
        let (together, asked) = (Together::new(1, 3), Asked::default());
        let all = join_all("abcdef".chars().map(|question| ask(&together, &asked, question))).await;
        assert_eq!(
            *asked.groups.borrow(),
            ["a", "bcd", "ef"],
            "nobody waits for companions, and a group has its bound"
        );
        assert_eq!(all, ["a of a", "b of bcd", "c of bcd", "d of bcd", "e of ef", "f of ef"]);
    }

    #[actix::test]
    async fn what_a_group_has_no_answer_for_is_asked_alone() {
        let (together, asked) = (Together::new(1, 8), Asked::default());
        let all = join_all("axb".chars().map(|question| ask(&together, &asked, question))).await;
        assert_eq!(all, ["a of a", "x alone", "b of xb"]);
        let all = join_all("c!d".chars().map(|question| ask(&together, &asked, question))).await;
        assert_eq!(all, ["c of c", "! alone", "d alone"]);
    }

    #[actix::test]
    async fn one_who_goes_away_leaves_nobody_waiting() {
        let together = Together::new(1, 8);
        let held = Asked { gate: Some(Notify::new()), ..Asked::default() };
        let mut first = Box::pin(ask(&together, &held, 'a'));
        assert!(poll!(&mut first).is_pending());
        let asked = Asked::default();
        let (mut gone, second) = (Box::pin(ask(&together, &asked, 'g')), ask(&together, &asked, 'b'));
        pin_mut!(second);
        assert!(poll!(&mut gone).is_pending() && poll!(&mut second).is_pending());
        drop(gone);
        drop(first);
        assert_eq!(second.await, "b of b", "the turn is given back, and who is gone is not asked for");

        // Whoever asks for others goes away while it does.
        let held = Asked { gate: Some(Notify::new()), ..Asked::default() };
        let mut first = Box::pin(ask(&together, &held, 'a'));
        assert!(poll!(&mut first).is_pending());
        let mut leader = Box::pin(ask(&together, &held, 'l'));
        let follower = ask(&together, &asked, 'f');
        pin_mut!(follower);
        assert!(poll!(&mut leader).is_pending() && poll!(&mut follower).is_pending());
        held.gate.as_ref().unwrap().notify_one();
        assert_eq!(first.await, "a of a");
        assert!(poll!(&mut leader).is_pending() && poll!(&mut follower).is_pending());
        assert_eq!(*held.groups.borrow(), ["a", "lf"]);
        drop(leader);
        assert_eq!(follower.await, "f alone");
    }
}
