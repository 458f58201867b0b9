//! An event of Stripe comes: its signature is checked, it is kept once by its id, and a task of the runtime applies it
//! (P8, R53).

use crate::cv::pipeline::webhook;
use crate::cv::store::stripe;
use crate::cv::topics;
use crate::stripe::signature;
use estafette_actors::{CallError, Runtime, Tx};
use estafette_protocol::cv::billing_admin::StripeWebhook;
use estafette_protocol::message::check_params;
use serde_json::Value;

/// Longest id and type of an event, bytes.
const MAX_WORD: usize = 255;

/// Takes an event in. Whether it is new.
///
/// # Errors
/// `bad_request` for what Stripe did not sign, or what is no event.
pub async fn receive(runtime: &Runtime, secret: &str, header: &str, body: &[u8], now: i64) -> Result<bool, CallError> {
    signature::verify(secret, header, body, now).map_err(|error| CallError::bad_request(error.to_string()))?;
    let payload: Value = serde_json::from_slice(body)
        .map_err(|error| CallError::bad_request(format!("the body is not JSON: {error}")))?;
    let word = |name: &str| {
        let found = payload.get(name).and_then(Value::as_str).filter(|word| !word.is_empty() && word.len() <= MAX_WORD);
        found.map(str::to_owned).ok_or_else(|| CallError::bad_request(format!("not an event: `{name}` is missing")))
    };
    let (event, kind) = (word("id")?, word("type")?);
    if check_params(&payload).is_err() {
        return Err(CallError::bad_request("an event must not contain the character U+0000"));
    }
    runtime
        .transaction(&topics::product(), async |tx| {
            let Some(row) = stripe::log(tx, &event, &kind, &payload).await? else { return Ok(false) };
            tell(tx, &row)?;
            webhook::enqueue(tx, &row.id).await?;
            Ok(true)
        })
        .await
}

/// `webhook.logged`, for administrators.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub fn tell(tx: &mut Tx<'_>, row: &StripeWebhook) -> estafette_actors::DbResult<()> {
    tx.emit(&topics::Admin::Webhooks.topic(), "webhook.logged", row)
}
