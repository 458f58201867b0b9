//! [`CvProduct`]: what the runtime knows of the CV product.

use super::calls::{self, ADMIN};
use super::services::Services;
use super::store::files;
use super::store::tasks::{self, TaskOwner};
use super::topics::{Admin, Family};
use super::{pipeline, snapshot, topics};
use estafette_actors::task::TaskKind;
use estafette_actors::{CallCtx, CallError, Db, Identity, Product};
use estafette_protocol::{ProductId, TaskId, Topic};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// The CV product.
pub struct CvProduct {
    services: Arc<Services>,
}

impl CvProduct {
    /// With what it works with.
    pub const fn new(services: Arc<Services>) -> Self {
        Self { services }
    }
}

fn no_topic(topic: &Topic) -> CallError {
    CallError::not_found(format!("there is no topic {topic}"))
}

fn needs_account() -> CallError {
    CallError::forbidden("this topic needs an account: sign in")
}

/// What a device without a person may follow besides its tasks (G8, R74): itself and the service's state.
fn of_device(device: &str, family: Family, id: &str) -> Result<(), CallError> {
    let mine = match family {
        Family::App => true,
        Family::Device => id == device,
        Family::Task | Family::Admin | Family::User | Family::Cv => false,
    };
    if mine { Ok(()) } else { Err(needs_account()) }
}

/// Whoever started a task may follow it (section 4.1): a person, or a device without one (G8, R74).
fn of_task(who: &Identity, owner: Option<&TaskOwner>, topic: &Topic) -> Result<(), CallError> {
    let owner = owner.ok_or_else(|| no_topic(topic))?;
    if let Some(device) = calls::anonymous(who) {
        let mine = owner.user.is_none() && owner.device == device;
        return if mine { Ok(()) } else { Err(needs_account()) };
    }
    let mine = match &owner.user {
        Some(user) => *user == who.user,
        None => who.device.as_ref().is_some_and(|device| device.as_str() == owner.device),
    };
    if mine || who.role == ADMIN { Ok(()) } else { Err(no_topic(topic)) }
}

/// The task whose topic it is.
fn task_of(topic: &Topic) -> Option<&str> {
    Family::of(topic).filter(|(family, _)| *family == Family::Task).map(|(_, id)| id)
}

#[async_trait::async_trait(?Send)]
impl Product for CvProduct {
    fn id(&self) -> ProductId {
        topics::product()
    }

    /// Section 4.1.
    async fn authorize(&self, db: &Db, who: &Identity, topic: &Topic) -> Result<(), CallError> {
        let admin = who.role == ADMIN;
        let (family, id) = Family::of(topic).ok_or_else(|| no_topic(topic))?;
        match (family, calls::anonymous(who)) {
            (Family::Task, _) => {
                let id = TaskId::parse(id).map_err(|_| no_topic(topic))?;
                of_task(who, tasks::owner(db, &id).await?.as_ref(), topic)
            }
            (_, Some(device)) => of_device(device, family, id),
            (Family::App, None) => Ok(()),
            (Family::Admin, None) if !admin => Err(CallError::forbidden("this topic is for administrators")),
            (Family::Admin, None) if Admin::of(id).is_none() => Err(no_topic(topic)),
            (Family::Admin, None) => Ok(()),
            (Family::User, None) if id == who.user.as_str() || admin => Ok(()),
            (Family::User, None) => Err(CallError::forbidden("this topic belongs to another user")),
            (Family::Device, None) => match &who.device {
                Some(device) if device.as_str() == id => Ok(()),
                _ => Err(CallError::forbidden("this topic belongs to another device")),
            },
            (Family::Cv, None) => {
                let owner = files::owner(db, id).await?;
                if owner.as_ref() == Some(&who.user) || (admin && owner.is_some()) {
                    Ok(())
                } else {
                    Err(no_topic(topic))
                }
            }
        }
    }

    async fn snapshot(
        &self,
        snapshot: &deadpool_postgres::Transaction<'_>,
        _who: &Identity,
        topic: &Topic,
    ) -> Result<Value, CallError> {
        let missing = || no_topic(topic);
        let (family, id) = Family::of(topic).ok_or_else(missing)?;
        match family {
            Family::App => calls::encode(&snapshot::app(snapshot).await?),
            Family::User => {
                let id = id.parse().map_err(|_| missing())?;
                calls::encode(&snapshot::user(snapshot, &id).await?.ok_or_else(missing)?)
            }
            Family::Admin => match Admin::of(id).ok_or_else(missing)? {
                Admin::Tasks => calls::encode(&snapshot::admin_tasks(snapshot).await?),
                Admin::Costs => calls::encode(&snapshot::admin_costs(snapshot).await?),
                Admin::Feedback => calls::encode(&snapshot::admin_feedback(snapshot).await?),
                Admin::Emails => calls::encode(&snapshot::admin_emails(snapshot).await?),
                Admin::Webhooks => calls::encode(&snapshot::admin_webhooks(snapshot).await?),
            },
            Family::Device => calls::encode(&snapshot::device(snapshot, id).await?),
            Family::Task => calls::encode(&snapshot::task(snapshot, id).await?.ok_or_else(missing)?),
            Family::Cv => calls::encode(&snapshot::cv(snapshot, id).await?.ok_or_else(missing)?),
        }
    }

    /// Tasks: whoever starts one watches it.
    fn reads_together(&self, topic: &Topic) -> bool {
        task_of(topic).is_some()
    }

    async fn authorize_each(
        &self,
        db: &Db,
        asked: &[(&Identity, &Topic)],
    ) -> Result<Vec<Option<Result<(), CallError>>>, CallError> {
        let ids: Vec<&str> = asked.iter().filter_map(|(_, topic)| task_of(topic)).collect();
        let owners = tasks::owners(db, &ids).await?;
        let answer = |who, topic| task_of(topic).map(|id| of_task(who, owners.get(id), topic));
        Ok(asked.iter().map(|(who, topic)| answer(who, topic)).collect())
    }

    async fn snapshots(
        &self,
        snapshot: &deadpool_postgres::Transaction<'_>,
        asked: &[(&Identity, &Topic)],
    ) -> Result<Vec<Option<Value>>, CallError> {
        let ids: Vec<&str> = asked.iter().filter_map(|(_, topic)| task_of(topic)).collect();
        let states = snapshot::tasks(snapshot, &ids).await?;
        let states: HashMap<&str, _> = states.iter().map(|state| (state.task.id.as_str(), state)).collect();
        asked
            .iter()
            .map(|(_, topic)| task_of(topic).and_then(|id| states.get(id)).map(calls::encode).transpose())
            .collect()
    }

    async fn call(&self, ctx: CallCtx, method: &str, params: Value) -> Result<Value, CallError> {
        calls::dispatch(&self.services, ctx, method, params).await
    }

    fn task_kinds(&self) -> Vec<Arc<dyn TaskKind>> {
        pipeline::kinds(&self.services)
    }
}
