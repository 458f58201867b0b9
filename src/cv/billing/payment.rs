//! Packs that were paid, and money that went back (R49, R50). Either may be heard of first.

use super::texts::Told;
use crate::cv::billing::rules::payment::due;
use crate::cv::ledger;
use crate::cv::store::credits::{self, NewTransaction};
use crate::cv::store::stripe::{self, PaymentRow};
use crate::cv::store::users;
use crate::stripe::event::Checkout;
use estafette_actors::{CallError, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::status::TransactionType;
use serde_json::{Value, json};

/// A checkout of a pack was paid.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn paid(tx: &mut Tx<'_>, user: &UserId, checkout: &Checkout, credits: i32) -> Result<(), CallError> {
    // Where nothing was to be paid there is no payment: the checkout stands for it.
    let payment = checkout.payment.as_deref().unwrap_or(&checkout.id);
    if credits <= 0 {
        return Err(CallError::bad_request(format!("the checkout {} sells {credits} credits", checkout.id)));
    }
    users::lock(tx, user.as_str()).await?;
    let row = stripe::note_payment(tx, payment, Some(user.as_str()), Some(credits), checkout.amount_total, 0).await?;
    let about = json!({"checkout": checkout.id});
    settle(tx, payment, &row, checkout.invoice.as_deref(), &about).await
}

/// Money of a payment went back: `refunded` of `amount` so far.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn refunded(tx: &mut Tx<'_>, payment: &str, amount: i64, refunded: i64) -> Result<(), CallError> {
    let row = stripe::note_payment(tx, payment, None, None, amount, refunded).await?;
    settle(tx, payment, &row, None, &json!({"refunded": refunded})).await
}

/// Writes what the ledger does not have yet.
async fn settle(
    tx: &mut Tx<'_>,
    payment: &str,
    row: &PaymentRow,
    invoice: Option<&str>,
    about: &Value,
) -> Result<(), CallError> {
    let Some(user) = &row.user else { return Ok(()) };
    let due = due(row.payment);
    users::lock(tx, user.as_str()).await?;
    let new = |amount: i32| NewTransaction {
        user: user.as_str(),
        amount,
        kind: TransactionType::Purchase,
        feature: None,
        task: None,
        related: None,
        payment: Some(payment),
        invoice,
        metadata: Some(about),
    };
    let mut purchase = row.purchase.clone();
    if let Some(credits) = due.credit {
        let amount = i32::try_from(credits).unwrap_or(i32::MAX);
        purchase = Some(ledger::record_full(tx, user, &new(amount)).await?);
        Told::Bought(credits).tell(tx, user, json!({}))?;
    }
    if due.take > 0 {
        let taken = due.take.min(credits::lock_balance(tx, user.as_str()).await?);
        if taken > 0 {
            let amount = -i32::try_from(taken).unwrap_or(i32::MAX);
            let back = NewTransaction { related: purchase.as_deref(), ..new(amount) };
            ledger::record_full(tx, user, &back).await?;
        }
        if let (Some(purchase), true) = (&purchase, row.payment.refunded >= row.payment.amount) {
            credits::mark_refunded(tx, purchase).await?;
        }
    }
    stripe::settle_payment(tx, payment, purchase.as_deref(), row.payment.taken + due.take).await?;
    Ok(())
}
