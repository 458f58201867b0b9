//! Who brought whom, and what both get (R56, G13): each their credits, once, when the one who came has confirmed their
//! address and used something. A task does it, so that nobody's work waits for somebody else's account.

use super::texts::Told;
use crate::cv::ledger;
use crate::cv::pipeline::referral;
use crate::cv::store::credits::NewTransaction;
use crate::cv::store::settings::Settings;
use crate::cv::store::{promos, users};
use estafette_actors::{CallError, DbError, DbResult, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::status::TransactionType;
use rand::RngExt as _;
use serde_json::json;

/// Letters and digits of a code, without those that look alike.
const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Characters of a code.
const LENGTH: usize = 8;
/// Codes that are tried before it is given up: each is free with all but certainty.
const TRIES: usize = 5;

/// A referral code as it is compared.
pub fn code(text: &str) -> String {
    text.trim().chars().take(2 * LENGTH).collect::<String>().to_uppercase()
}

fn fresh() -> String {
    let mut rng = rand::rng();
    (0..LENGTH)
        .filter_map(|_| LETTERS.get(rng.random_range(0..LETTERS.len())).map(|letter| char::from(*letter)))
        .collect()
}

/// A person's code, made at the first time that it is asked for.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn code_of(tx: &Tx<'_>, user: &UserId) -> Result<String, CallError> {
    for _ in 0..TRIES {
        if let Some(code) = promos::referral_code(tx, user.as_str()).await? {
            return Ok(code);
        }
        let code = fresh();
        // A collision would break the transaction: looked for first, and so improbable that a race is an error.
        if promos::code_is_free(tx, &code).await? {
            promos::set_referral_code(tx, user.as_str(), &code).await?;
        }
    }
    Err(CallError::internal("no free referral code was found"))
}

/// A new person came by a code.
///
/// # Errors
/// `bad_request` when nobody has it.
pub async fn came_by(tx: &Tx<'_>, user: &UserId, text: &str) -> Result<(), CallError> {
    if promos::refer(tx, user.as_str(), &code(text)).await? {
        Ok(())
    } else {
        Err(CallError::bad_request("nobody has this referral code: check it, or leave it out"))
    }
}

/// A condition of a person's referral may be met now: a task looks, and rewards it.
///
/// # Errors
/// A defect: the kind of task is not there.
pub fn look(tx: &mut Tx<'_>, referred: &UserId) -> DbResult<()> {
    referral::enqueue(tx, referred)
}

/// The address of a person was confirmed: if their first use came before, the referral is due now.
///
/// # Errors
/// [`DbError`].
pub async fn verified(tx: &mut Tx<'_>, user: &UserId) -> Result<(), DbError> {
    match promos::due_referral(tx, user.as_str()).await? {
        Some(_) => look(tx, user),
        None => Ok(()),
    }
}

/// Rewards the referral by which a person came, if it is due. Whether it did.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn reward(tx: &mut Tx<'_>, settings: &Settings, referred: &str) -> Result<bool, CallError> {
    let Some(due) = promos::due_referral(tx, referred).await? else { return Ok(false) };
    // Two people: by their ids, as the lock order has it.
    let mut both = [due.referrer.as_str(), due.referred.as_str()];
    both.sort_unstable();
    for person in both {
        users::lock(tx, person).await?;
    }
    let credits = |name: &str| i32::try_from(settings.number(name, 5)).unwrap_or(i32::MAX);
    let (to_referrer, to_referred) = (credits("referral_referrer_credits"), credits("referral_referred_credits"));
    if !promos::take_referral(tx, &due.id, to_referrer, to_referred).await? {
        return Ok(false);
    }
    let mut gifts = [None, None];
    for ((side, person, amount), gift) in
        [("referrer", &due.referrer, to_referrer), ("referred", &due.referred, to_referred)].into_iter().zip(&mut gifts)
    {
        if amount > 0 {
            *gift = Some(give(tx, person, amount, &json!({"referral": due.id, "side": side})).await?);
            Told::Rewarded(amount).tell(tx, person, json!({"side": side}))?;
        }
    }
    let [referrer, referred] = &gifts;
    promos::set_rewards(tx, &due.id, referrer.as_deref(), referred.as_deref()).await?;
    Ok(true)
}

/// Gives credits, with what is kept about the reason.
///
/// # Errors
/// [`DbError`].
pub async fn give(tx: &mut Tx<'_>, user: &UserId, amount: i32, why: &serde_json::Value) -> DbResult<String> {
    let new = NewTransaction {
        user: user.as_str(),
        amount,
        kind: TransactionType::Gift,
        feature: None,
        task: None,
        related: None,
        payment: None,
        invoice: None,
        metadata: Some(why),
    };
    ledger::record_full(tx, user, &new).await
}
