//! What is read: over HTTP mostly, over a socket as well.

use super::{ADMIN, encode, no_cv, parse, readable_cv};
use crate::cv::rules::period::period_at;
use crate::cv::snapshot;
use crate::cv::store::files::MAX_PAGE;
use crate::cv::store::{activity, credits, files, offers, plans, users, versions};
use chrono::Utc;
use estafette_actors::{CallCtx, CallError, Db};
use estafette_protocol::cv::http::Page;
use estafette_protocol::cv::snapshot::CvState;
use estafette_protocol::cv::{CvId, JobOfferId};
use serde::Deserialize;
use serde_json::{Value, json};

/// Items of a page when the caller names no number.
const DEFAULT_PAGE: u32 = 20;

/// A page's parameters. The number may come as a text, as HTTP queries have it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Paged {
    /// `next` of the page before.
    #[serde(default)]
    after: Option<String>,
    /// Items, 1 to 100.
    #[serde(default)]
    limit: Option<Value>,
}

impl Paged {
    /// The cursor and the number of items.
    ///
    /// # Errors
    /// `bad_request`.
    pub fn checked(&self) -> Result<(Option<String>, i64), CallError> {
        let limit = match &self.limit {
            None | Some(Value::Null) => i64::from(DEFAULT_PAGE),
            Some(Value::Number(number)) => number.as_i64().unwrap_or(0),
            Some(Value::String(text)) => text.parse().unwrap_or(0),
            Some(_) => 0,
        };
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(CallError::bad_request(format!("`limit` must be 1 to {MAX_PAGE}")));
        }
        Ok((self.after.clone(), limit))
    }

    /// A page out of one item more than asked for.
    pub fn page<T>(&self, mut found: Vec<T>, cursor: impl Fn(&T) -> String) -> Page<T> {
        let limit = self.checked().map_or(0, |(_, limit)| usize::try_from(limit).unwrap_or(0));
        let more = found.len() > limit;
        found.truncate(limit);
        let next = if more { found.last().map(cursor) } else { None };
        Page { items: found, next }
    }
}

#[derive(Debug, Deserialize)]
struct CvRef {
    id: CvId,
}
#[derive(Debug, Deserialize)]
struct ByName {
    filename: String,
}
#[derive(Debug, Deserialize)]
struct VersionRef {
    id: CvId,
    version: i32,
}
#[derive(Debug, Deserialize)]
struct OfferRef {
    id: JobOfferId,
}
#[derive(Debug, Deserialize)]
struct LinkRef {
    id: String,
}

/// A CV with its versions, of one moment.
async fn cv_state(db: &Db, id: &str) -> Result<Option<CvState>, CallError> {
    Ok(db.at_one_moment(async |db| snapshot::cv(db, id).await).await?)
}

/// Handles a reading method.
///
/// # Errors
/// `not_found` for an unknown method and for what is not theirs.
pub async fn dispatch(ctx: &CallCtx, method: &str, params: Value) -> Result<Value, CallError> {
    let (db, user) = (ctx.db(), ctx.who.user.as_str());
    match method {
        "me.get" => {
            let row = users::by_id(db, &ctx.who.user).await?;
            encode(&row.ok_or_else(|| CallError::not_found("this account does not exist any more"))?.user)
        }
        "cv.list" => {
            let page: Paged = parse(params)?;
            let (after, limit) = page.checked()?;
            let found = files::list(db, user, after.as_deref(), limit + 1).await?;
            encode(&page.page(found, |cv| cv.id.as_str().to_owned()))
        }
        "cv.get" => {
            let CvRef { id } = parse(params)?;
            readable_cv(db, &ctx.who.user, &ctx.who.role, &id).await?;
            encode(&cv_state(db, id.as_str()).await?.ok_or_else(|| no_cv(&id))?)
        }
        "cv.by_name" => {
            let ByName { filename } = parse(params)?;
            let id = files::id_by_name(db, user, &filename).await?;
            let missing = || CallError::not_found(format!("you have no CV named `{filename}`"));
            let id = id.ok_or_else(missing)?;
            encode(&cv_state(db, &id).await?.ok_or_else(missing)?)
        }
        "cv.versions" => {
            let CvRef { id } = parse(params)?;
            readable_cv(db, &ctx.who.user, &ctx.who.role, &id).await?;
            encode(&Page { items: versions::list(db, id.as_str()).await?, next: None })
        }
        "cv.version" => {
            let VersionRef { id, version } = parse(params)?;
            readable_cv(db, &ctx.who.user, &ctx.who.role, &id).await?;
            let found = versions::one(db, id.as_str(), version).await?;
            encode(&found.ok_or_else(|| CallError::not_found(format!("there is no version {version} of this CV")))?)
        }
        "job_offer.list" => {
            let page: Paged = parse(params)?;
            let (after, limit) = page.checked()?;
            let found = offers::list(db, user, after.as_deref(), limit + 1).await?;
            encode(&page.page(found, |offer| offer.id.as_str().to_owned()))
        }
        "job_offer.get" => {
            let OfferRef { id } = parse(params)?;
            let found = offers::by_id(db, user, id.as_str()).await?;
            encode(&found.ok_or_else(|| CallError::not_found(format!("there is no job offer {id}")))?)
        }
        "credits.get" => encode(&credits::balance(db, user).await?),
        "credits.transactions" => {
            let page: Paged = parse(params)?;
            let (after, limit) = page.checked()?;
            let found = credits::list(db, user, after.as_deref(), limit + 1).await?;
            encode(&page.page(found, |row| row.id.as_str().to_owned()))
        }
        "usage.get" => {
            // The plan itself is in the snapshot of `user:{id}`.
            let Some(plan) = plans::of_user(db, user).await? else { return Ok(json!([])) };
            let period = period_at(plan.anchor, Utc::now());
            encode(&plans::counters(db, user, plan.plan.id, period).await?)
        }
        "link_history.list" => {
            let page: Paged = parse(params)?;
            let (after, limit) = page.checked()?;
            let found = activity::links(db, user, after.as_deref(), limit + 1).await?;
            encode(&page.page(found, |link| link.id.clone()))
        }
        "link_history.delete" => {
            let LinkRef { id } = parse(params)?;
            ctx.transaction(async |tx| {
                if activity::delete_link(tx, user, &id).await? {
                    Ok(Value::Null)
                } else {
                    Err(CallError::not_found("there is no such address in your history"))
                }
            })
            .await
        }
        _ => {
            let shown: String = method.chars().take(64).collect();
            let hint = if ctx.who.role == ADMIN { "" } else { " (that you may call)" };
            Err(CallError::not_found(format!("there is no method `{shown}`{hint}")))
        }
    }
}
