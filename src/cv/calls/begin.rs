//! How every task of the product begins: its row, then (by the caller) its debits, then the engine's task, all in one
//! unit of work. A task and its debit refer to each other (section 1.10): a debit's task is looked for when the unit ends, so that the
//! task's row is written then, once, with how it was paid.

use super::{anonymous, device_of};
use crate::cv::store::tasks::{self, NewBackgroundTask};
use chrono::{DateTime, Utc};
use estafette_actors::task::NewTask;
use estafette_actors::{Additions, CallCtx, CallError, Identity, Tx};
use estafette_protocol::cv::call::TaskStarted;
use estafette_protocol::{TaskId, Timestamp};
use serde_json::{Map, Value, json};

/// A task that is about to begin.
pub(super) struct Begin<'a> {
    /// Its id.
    pub(super) id: &'a TaskId,
    /// Its kind.
    pub(super) kind: &'static str,
    /// What people call it.
    pub(super) title: String,
    /// What they are told at its end.
    pub(super) success: String,
    /// The file name of the CV that it works on.
    pub(super) cv_file: Option<&'a str>,
    /// The feature whose units it takes.
    pub(super) feature: Option<&'a str>,
    /// Offers of a generation, else 0.
    pub(super) total_offers: u32,
    /// Whether its end changes the list of CVs.
    pub(super) updates_list: bool,
    /// Now.
    pub(super) now: DateTime<Utc>,
}

impl Begin<'_> {
    fn row<'a>(&'a self, who: &'a Identity, device: &'a str, payload: &'a Value) -> NewBackgroundTask<'a> {
        NewBackgroundTask {
            id: self.id.as_str(),
            title: &self.title,
            success_message: &self.success,
            kind: self.kind,
            should_update_cv_list: self.updates_list,
            payload,
            device,
            user: anonymous(who).is_none().then(|| who.user.as_str()),
            cv_file: self.cv_file,
            feature_name: self.feature,
            created_at: self.now.timestamp_millis(),
        }
    }

    /// The product's row of a task whose id was made just now: it is nobody else's.
    pub(super) fn put(&self, unit: &Additions, who: &Identity, payload: &Value) {
        tasks::add(unit, &self.row(who, &device_of(who), payload), self.kind);
    }

    /// The product's row of a task whose id the caller chose.
    ///
    /// # Errors
    /// `conflict` when the id exists.
    pub(super) async fn insert(&self, tx: &Tx<'_>, ctx: &CallCtx, payload: &Value) -> Result<(), CallError> {
        if tasks::insert(tx, &self.row(&ctx.who, &device_of(&ctx.who), payload)).await? {
            Ok(())
        } else {
            Err(CallError::conflict(format!("there is a task {} already", self.id)))
        }
    }

    /// The rows and events of a task with a new id that works on no CV and costs nothing: a unit that only adds.
    ///
    /// # Errors
    /// A defect: the kind refuses its input.
    pub(super) fn add(self, unit: &mut Additions, who: &Identity, input: Value) -> Result<TaskStarted, CallError> {
        self.put(unit, who, &input);
        self.enqueue(unit, who, 0, input)
    }

    /// The engine's task, with the events that tell of it. `debited`: credits, after its row and the debits.
    ///
    /// # Errors
    /// A defect: the kind refuses its input.
    pub(super) fn enqueue(
        self,
        unit: &mut Additions,
        who: &Identity,
        debited: i32,
        input: Value,
    ) -> Result<TaskStarted, CallError> {
        let mut event = Map::new();
        for (name, value) in [
            ("title", json!(self.title)),
            ("cv_file", json!(self.cv_file)),
            ("credit_used", json!(debited > 0)),
            ("feature_name", json!(self.feature)),
            ("total_offers", json!(self.total_offers)),
            ("completed_offers", json!(0)),
            ("credits_debited", json!(debited)),
            ("credits_refunded", json!(0)),
            ("created_at", json!(Timestamp::new(self.now))),
            ("should_update_cv_list", json!(self.updates_list)),
            ("success_message", json!(self.success)),
        ] {
            event.insert(name.to_owned(), value);
        }
        let new = NewTask {
            id: self.id.clone(),
            kind: self.kind.to_owned(),
            owner: anonymous(who).is_none().then(|| who.user.clone()),
            device: who.device.clone(),
            input,
            event,
        };
        unit.enqueue(new)?;
        Ok(TaskStarted { task_id: self.id.clone() })
    }
}
