//! `job_offer.create` and `job_offer.delete`: offers kept before anything is generated for them.

use super::encode;
use crate::cv::pipeline::source::{self, Extracted, Material};
use crate::cv::rules::offers as sources;
use crate::cv::services::Services;
use crate::cv::store::{activity, offers, uploads, users};
use crate::cv::topics;
use estafette_actors::{CallCtx, CallError, StepError};
use estafette_protocol::ErrorCode;
use estafette_protocol::cv::call::{JobOfferRef, OfferSource};
use serde_json::{Value, json};
use std::time::Duration;

/// Reading an offer, fetching included.
const TIMEOUT: Duration = Duration::from_secs(60);

/// `job_offer.create` with one of `{url}`, `{text}`, `{upload_id}`: reads the offer's facts, or finds those that were
/// read before (R16). Not charged.
///
/// # Errors
/// `bad_request` for what is no job offer or cannot be fetched, with the step's own code in `details`.
pub async fn create(services: &Services, ctx: &CallCtx, params: Value) -> Result<Value, CallError> {
    let given: OfferSource = super::parse(params)?;
    let user = &ctx.who.user;
    let material = match given {
        OfferSource::Url(url) => Material::Url(sources::check_url(&url).map_err(CallError::bad_request)?),
        OfferSource::Text(text) => Material::Text(sources::check_text(&text).map_err(CallError::bad_request)?),
        OfferSource::UploadId(id) => {
            let missing = || CallError::not_found(format!("there is no uploaded file {id} (any more)"));
            let upload = uploads::by_id(ctx.db(), user.as_str(), id.as_str()).await?.ok_or_else(missing)?;
            Material::Pdf { upload: id.as_str().to_owned(), filename: upload.filename, sha256: upload.sha256 }
        }
        OfferSource::JobOfferId(id) => {
            return super::reads::dispatch(ctx, "job_offer.get", json!({"id": id})).await;
        }
    };
    let mut unheard = |_: &str| {};
    let work = source::extract(services, ctx.db(), user, &material, None, &mut unheard);
    let extracted = match tokio::time::timeout(TIMEOUT, work).await {
        Ok(extracted) => extracted.map_err(|error| refused(&error))?,
        Err(_) => return Err(CallError::unavailable("the job offer was not read in time: try again", TIMEOUT)),
    };
    ctx.transaction(async |tx| {
        users::lock(tx, user.as_str()).await?;
        if let Extracted { url: Some(url), .. } = &extracted {
            activity::link_used(tx, user.as_str(), url).await?;
        }
        let (offer, _) = source::store(tx, user, &extracted).await?;
        encode(&offer)
    })
    .await
}

fn refused(error: &StepError) -> CallError {
    let details = json!({"reason": error.code});
    match error.retry {
        estafette_actors::StepRetry::Never => CallError::bad_request(&error.message).with_details(details),
        estafette_actors::StepRetry::After(after) | estafette_actors::StepRetry::Wait(_, Some(after)) => {
            CallError::unavailable(&error.message, after).with_details(details)
        }
        estafette_actors::StepRetry::Policy | estafette_actors::StepRetry::Wait(_, None) => {
            CallError::new(ErrorCode::Unavailable, &error.message).with_details(details)
        }
    }
}

/// `job_offer.delete`: its CVs lose the reference (R17).
///
/// # Errors
/// `not_found`.
pub async fn delete(ctx: &CallCtx, params: JobOfferRef) -> Result<Value, CallError> {
    ctx.transaction(async |tx| {
        let user = &ctx.who.user;
        users::lock(tx, user.as_str()).await?;
        let missing = || CallError::not_found(format!("there is no job offer {}", params.id));
        let offer = offers::by_id(tx, user.as_str(), params.id.as_str()).await?.ok_or_else(missing)?;
        if !offers::delete(tx, user.as_str(), params.id.as_str()).await? {
            return Err(missing());
        }
        tx.emit(&topics::user(user), "job_offer.deleted", &source::event_of(&offer))?;
        encode(&offer)
    })
    .await
}
