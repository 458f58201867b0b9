//! What Stripe sent, and its replay.

use super::{Flag, MAX_NAME, text};
use crate::cv::calls::encode;
use crate::cv::calls::reads::Paged;
use crate::cv::pipeline::webhook;
use crate::cv::store::stripe;
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::cv::billing_admin::{RowRef, WebhookQuery};
use serde::Deserialize;
use serde_json::Value;

fn missing(id: &str) -> CallError {
    let id: String = id.chars().take(64).collect();
    CallError::not_found(format!("there is no webhook {id}"))
}

/// A page, filtered.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(flatten)]
    page: Paged,
    #[serde(default)]
    processed: Flag,
    #[serde(default)]
    event_type: Option<String>,
}

/// `admin.stripe_webhooks`.
///
/// # Errors
/// `bad_request` for a page that there is not.
pub async fn list(ctx: &CallCtx, asked: Asked) -> Result<Value, CallError> {
    let (after, limit) = asked.page.checked()?;
    let event_type = text("event_type", asked.event_type.as_deref().unwrap_or_default(), MAX_NAME)?;
    let filter = WebhookQuery { processed: asked.processed.0, event_type };
    let found = stripe::logs(ctx.db(), &filter, after.as_deref(), limit + 1).await?;
    encode(&asked.page.page(found, |row| row.id.clone()))
}

/// `admin.stripe_webhook`: with what it said.
///
/// # Errors
/// `not_found`.
pub async fn get(ctx: &CallCtx, row: RowRef) -> Result<Value, CallError> {
    encode(&stripe::log_by_id(ctx.db(), &row.id).await?.ok_or_else(|| missing(&row.id))?)
}

/// `admin.stripe_webhook_replay`: tries once more what has not taken effect.
///
/// # Errors
/// `not_found`; `conflict` for one that took effect, which is final.
pub async fn replay(ctx: &CallCtx, row: RowRef) -> Result<Value, CallError> {
    ctx.transaction(async |tx| {
        let found = stripe::lock_log(tx, &row.id).await?.ok_or_else(|| missing(&row.id))?;
        if found.webhook.processed {
            return Err(CallError::conflict("this event took effect already"));
        }
        webhook::enqueue(tx, &row.id).await?;
        encode(&found.webhook)
    })
    .await
}
