//! Notices that a model writes nothing, and says so in the task's progress: a person who waits learns that it is the model
//! that is slow (protocol P41), and since when.

use chrono::{DateTime, Utc};
use estafette_actors::task::waits::StepWaits;
use estafette_protocol::task::WaitReason;
use std::cell::Cell;
use std::time::Duration;

/// Silence after which a model counts as slow, unless the settings say otherwise.
pub const SLOW_AFTER: Duration = Duration::from_secs(5);

/// The signs of life of one call.
pub(super) struct Pulse<'a> {
    waits: Option<&'a StepWaits>,
    slow_after: Duration,
    last: Cell<(tokio::time::Instant, DateTime<Utc>)>,
    sent: Cell<bool>,
    told: Cell<bool>,
}

impl<'a> Pulse<'a> {
    /// Of a call on behalf of a step, if it is one.
    pub(super) fn new(waits: Option<&'a StepWaits>, slow_after: Duration) -> Self {
        let last = Cell::new((tokio::time::Instant::now(), Utc::now()));
        Self { waits, slow_after, last, sent: Cell::new(false), told: Cell::new(false) }
    }

    /// The request left: until now it waited for a slot.
    pub(super) fn sent(&self) {
        self.sent.set(true);
        self.beat();
    }

    /// The model gave a sign.
    pub(super) fn beat(&self) {
        self.last.set((tokio::time::Instant::now(), Utc::now()));
        self.calm();
    }

    fn calm(&self) {
        if let (Some(waits), true) = (self.waits, self.told.replace(false)) {
            waits.works();
        }
    }

    /// Runs the call, and tells of each silence.
    pub(super) async fn watch<T>(&self, call: impl Future<Output = T>) -> T {
        let Some(waits) = self.waits else { return call.await };
        let mut call = std::pin::pin!(call);
        loop {
            let (last, since) = self.last.get();
            let wake = if self.told.get() { tokio::time::Instant::now() } else { last } + self.slow_after;
            tokio::select! {
                outcome = &mut call => {
                    self.calm();
                    return outcome;
                }
                () = tokio::time::sleep_until(wake) => {
                    if self.last.get().0 == last && !self.told.replace(true) {
                        let reason = if self.sent.get() { WaitReason::ModelSlow } else { WaitReason::ModelBusy };
                        waits.waits(reason, since);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use estafette_actors::task::waits::Waits;
    use estafette_protocol::StepKey;
    use std::sync::Arc;

    #[tokio::test(start_paused = true)]
    async fn a_silent_model_is_told_and_its_next_word_ends_that() {
        let all = Arc::new(Waits::default());
        let waits = StepWaits::new(Arc::clone(&all), StepKey::parse("a").unwrap());
        let pulse = Pulse::new(Some(&waits), SLOW_AFTER);
        let reasons = || all.list().iter().map(|wait| wait.reason).collect::<Vec<_>>();
        let call = async {
            tokio::time::sleep(SLOW_AFTER + Duration::from_millis(1)).await;
            assert_eq!(reasons(), [WaitReason::ModelBusy], "it waits for a slot");
            pulse.sent();
            assert_eq!(reasons(), []);
            for _ in 0..5 {
                tokio::time::sleep(SLOW_AFTER / 2).await;
                pulse.beat();
                assert_eq!(reasons(), [], "it writes slowly, but it writes");
            }
            let last = all.list().len();
            tokio::time::sleep(SLOW_AFTER * 3).await;
            assert_eq!((last, reasons()), (0, vec![WaitReason::ModelSlow]));
            pulse.beat();
            assert_eq!(reasons(), []);
            tokio::time::sleep(SLOW_AFTER * 2).await;
            7
        };
        assert_eq!(pulse.watch(call).await, 7);
        assert_eq!(reasons(), [], "the end of the call ends the wait");
    }
}
