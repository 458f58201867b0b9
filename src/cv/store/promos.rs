//! `promo_codes`, `promo_code_redemptions`, `referrals`.

use super::{Reader, get, opt_time, opt_word, time, word};
use crate::cv::billing::rules::price;
use crate::cv::billing::rules::promo::Terms;
use estafette_actors::{DbResult, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::billing::Referral;
use estafette_protocol::cv::billing_admin::{NewPromoCode, PromoCode, PromoCodeChange};
use rust_decimal::Decimal;
use tokio_postgres::Row;

fn promo_row(row: &Row) -> DbResult<PromoCode> {
    Ok(PromoCode {
        id: get(row, "id")?,
        code: get(row, "code")?,
        kind: word(row, "type")?,
        value: price::shown(get::<Decimal>(row, "value")?),
        currency: opt_word(row, "currency")?,
        plan_id: get(row, "plan_id")?,
        credit_pack_id: get(row, "credit_pack_id")?,
        max_uses: get(row, "max_uses")?,
        max_uses_per_user: get(row, "max_uses_per_user")?,
        current_uses: get(row, "current_uses")?,
        valid_from: time(row, "valid_from")?,
        valid_until: opt_time(row, "valid_until")?,
        is_active: get(row, "is_active")?,
        stripe_coupon_id: get(row, "stripe_coupon_id")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

/// What of a code decides.
pub fn terms(promo: &PromoCode) -> Terms {
    Terms {
        kind: promo.kind,
        plan: promo.plan_id,
        pack: promo.credit_pack_id,
        max_uses: promo.max_uses,
        max_uses_per_user: promo.max_uses_per_user,
        uses: promo.current_uses,
        valid_from: promo.valid_from.to_chrono(),
        valid_until: promo.valid_until.map(estafette_protocol::Timestamp::to_chrono),
        is_active: promo.is_active,
    }
}

/// A code, by its text.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn by_code(db: &impl Reader, code: &str) -> DbResult<Option<PromoCode>> {
    let row = db.row("SELECT * FROM cv.promo_codes WHERE code = $1", &[&code]).await?;
    row.as_ref().map(promo_row).transpose()
}

/// The same, locked until the unit's end: whoever uses it comes one after the other (R57).
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn lock(tx: &Tx<'_>, code: &str) -> DbResult<Option<PromoCode>> {
    let row = tx.query_opt("SELECT * FROM cv.promo_codes WHERE code = $1 FOR NO KEY UPDATE", &[&code]).await?;
    row.as_ref().map(promo_row).transpose()
}

/// A code, by its id.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn by_id(db: &impl Reader, id: &str) -> DbResult<Option<PromoCode>> {
    let row = db.row("SELECT * FROM cv.promo_codes WHERE id = $1", &[&id]).await?;
    row.as_ref().map(promo_row).transpose()
}

/// A page of codes, the newest first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn list(
    db: &impl Reader,
    active: Option<bool>,
    text: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> DbResult<Vec<PromoCode>> {
    let rows = db
        .rows(
            "SELECT * FROM cv.promo_codes WHERE ($1::bool IS NULL OR is_active = $1)
                AND ($2::text IS NULL OR strpos(code, upper($2)) > 0)
                AND ($3::text IS NULL OR (created_at, id) < (SELECT created_at, id FROM cv.promo_codes WHERE id = $3))
             ORDER BY created_at DESC, id DESC LIMIT $4",
            &[&active, &text, &after, &limit],
        )
        .await?;
    rows.iter().map(promo_row).collect()
}

/// Adds a code; returns its id.
///
/// # Errors
/// `promo_codes_code_key` when there is such a code; a foreign key when there is no such plan or pack.
pub async fn insert(tx: &Tx<'_>, code: &str, value: Decimal, new: &NewPromoCode) -> DbResult<String> {
    let id = super::new_id();
    let from = new.valid_from.map(estafette_protocol::Timestamp::to_chrono);
    let until = new.valid_until.map(estafette_protocol::Timestamp::to_chrono);
    tx.execute(
        "INSERT INTO cv.promo_codes (id, code, type, value, currency, plan_id, credit_pack_id, max_uses,
            max_uses_per_user, valid_from, valid_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10, now()), $11)",
        &[
            &id,
            &code,
            &new.kind.as_str(),
            &value,
            &new.currency.map(|currency| currency.as_str()),
            &new.plan_id,
            &new.credit_pack_id,
            &new.max_uses,
            &new.max_uses_per_user.unwrap_or(1),
            &from,
            &until,
        ],
    )
    .await?;
    Ok(id)
}

/// Changes for whom and how long a code works. `false`: there is none.
///
/// # Errors
/// `promo_codes_uses_check` when it was used more often already.
pub async fn update(tx: &Tx<'_>, change: &PromoCodeChange) -> DbResult<bool> {
    let until = change.valid_until.map(|until| until.map(estafette_protocol::Timestamp::to_chrono));
    let touched = tx
        .execute(
            "UPDATE cv.promo_codes SET is_active = coalesce($2, is_active),
                max_uses = CASE WHEN $3 THEN $4 ELSE max_uses END,
                max_uses_per_user = coalesce($5, max_uses_per_user),
                valid_until = CASE WHEN $6 THEN $7 ELSE valid_until END, updated_at = now() WHERE id = $1",
            &[
                &change.id,
                &change.is_active,
                &change.max_uses.is_some(),
                &change.max_uses.flatten(),
                &change.max_uses_per_user,
                &until.is_some(),
                &until.flatten(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Notes the coupon of a code.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_coupon(tx: &Tx<'_>, id: &str, coupon: &str) -> DbResult<()> {
    tx.execute("UPDATE cv.promo_codes SET stripe_coupon_id = $2 WHERE id = $1", &[&id, &coupon]).await?;
    Ok(())
}

/// How often a person used a code.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn uses_of(db: &impl Reader, promo: &str, user: &str) -> DbResult<i32> {
    let sql = "SELECT count(*)::int AS n FROM cv.promo_code_redemptions WHERE promo_code_id = $1 AND user_id = $2";
    let row = db.row(sql, &[&promo, &user]).await?;
    row.as_ref().map_or(Ok(0), |row| get(row, "n"))
}

/// Counts a use. The code is locked ([`lock`]) and allows it.
///
/// # Errors
/// `promo_codes_uses_check` for one too many: the last line of defence.
pub async fn count(
    tx: &Tx<'_>,
    promo: &str,
    user: &str,
    transaction: Option<&str>,
    checkout: Option<&str>,
) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.promo_codes SET current_uses = current_uses + 1, updated_at = now() WHERE id = $1",
        &[&promo],
    )
    .await?;
    // The lowest number that is free: a use that was given back leaves a gap.
    tx.execute(
        "INSERT INTO cv.promo_code_redemptions
            (id, promo_code_id, user_id, use_index, credit_transaction_id, stripe_checkout_id)
         SELECT $1, $2, $3, min(n), $4, $5
         FROM generate_series(1, (SELECT count(*)::int + 1 FROM cv.promo_code_redemptions
                                  WHERE promo_code_id = $2 AND user_id = $3)) n
         WHERE NOT EXISTS (SELECT 1 FROM cv.promo_code_redemptions r
                           WHERE r.promo_code_id = $2 AND r.user_id = $3 AND r.use_index = n)",
        &[&super::new_id(), &promo, &user, &transaction, &checkout],
    )
    .await?;
    Ok(())
}

/// Gives back the use of a checkout that was not paid. `false`: it had none.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn release(tx: &Tx<'_>, checkout: &str) -> DbResult<bool> {
    let touched = tx
        .execute(
            "WITH gone AS (DELETE FROM cv.promo_code_redemptions WHERE stripe_checkout_id = $1 RETURNING promo_code_id)
             UPDATE cv.promo_codes SET current_uses = greatest(current_uses - 1, 0), updated_at = now()
             WHERE id IN (SELECT promo_code_id FROM gone)",
            &[&checkout],
        )
        .await?;
    Ok(touched == 1)
}

/// A person's referral code; none until it is asked for.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn referral_code(db: &impl Reader, user: &str) -> DbResult<Option<String>> {
    let row = db.row("SELECT referral_code FROM cv.users WHERE id = $1", &[&user]).await?;
    row.as_ref().map_or(Ok(None), |row| get(row, "referral_code"))
}

/// Whether nobody has a code.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn code_is_free(db: &impl Reader, code: &str) -> DbResult<bool> {
    Ok(db.row("SELECT 1 FROM cv.users WHERE referral_code = $1", &[&code]).await?.is_none())
}

/// Gives a person a code, unless they have one (R56: once).
///
/// # Errors
/// `users_referral_code_key` when somebody has it.
pub async fn set_referral_code(tx: &Tx<'_>, user: &str, code: &str) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.users SET referral_code = $2, updated_at = now() WHERE id = $1 AND referral_code IS NULL",
        &[&user, &code],
    )
    .await?;
    Ok(())
}

/// Notes who brought a new person. `false`: nobody has this code.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn refer(tx: &Tx<'_>, referred: &str, code: &str) -> DbResult<bool> {
    let touched = tx
        .execute(
            "WITH referrer AS (SELECT id FROM cv.users WHERE referral_code = $2 AND id <> $1),
                  tied AS (UPDATE cv.users SET referred_by = r.id FROM referrer r WHERE cv.users.id = $1)
             INSERT INTO cv.referrals (id, referrer_id, referred_id, code_used)
             SELECT $3, r.id, $1, $2 FROM referrer r ON CONFLICT (referred_id) DO NOTHING",
            &[&referred, &code, &super::new_id()],
        )
        .await?;
    Ok(touched == 1)
}

/// The two sides of a person's open referral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReferral {
    /// Its id.
    pub id: String,
    /// Who brought them.
    pub referrer: UserId,
    /// Who came.
    pub referred: UserId,
}

/// The referral by which a person came, while it waits for its reward and its conditions are met (G13): the address is
/// confirmed, a unit was used.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn due_referral(db: &impl Reader, referred: &str) -> DbResult<Option<OpenReferral>> {
    let row = db
        .row(
            "SELECT r.id, r.referrer_id, r.referred_id FROM cv.referrals r JOIN cv.users u ON u.id = r.referred_id
             WHERE r.referred_id = $1 AND r.status = 'pending' AND u.email_verified IS NOT NULL
               AND (EXISTS (SELECT 1 FROM cv.credit_transactions t WHERE t.user_id = u.id AND t.type = 'usage')
                    OR EXISTS (SELECT 1 FROM cv.feature_usage_counters c WHERE c.user_id = u.id AND c.count > 0))",
            &[&referred],
        )
        .await?;
    row.as_ref()
        .map(|row| {
            Ok(OpenReferral {
                id: get(row, "id")?,
                referrer: word(row, "referrer_id")?,
                referred: word(row, "referred_id")?,
            })
        })
        .transpose()
}

/// Takes a referral for its reward. `false`: somebody was faster.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn take_referral(tx: &Tx<'_>, id: &str, referrer_credits: i32, referred_credits: i32) -> DbResult<bool> {
    let touched = tx
        .execute(
            "UPDATE cv.referrals SET status = 'rewarded', referrer_credits = $2, referred_credits = $3,
                rewarded_at = now(), updated_at = now() WHERE id = $1 AND status = 'pending'",
            &[&id, &referrer_credits, &referred_credits],
        )
        .await?;
    Ok(touched == 1)
}

/// Notes the gifts of a referral.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_rewards(tx: &Tx<'_>, id: &str, referrer: Option<&str>, referred: Option<&str>) -> DbResult<()> {
    tx.execute(
        "UPDATE cv.referrals SET referrer_transaction_id = $2, referred_transaction_id = $3 WHERE id = $1",
        &[&id, &referrer, &referred],
    )
    .await?;
    Ok(())
}

/// Who came by a person's code, the newest first.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn referrals(db: &impl Reader, referrer: &str, after: Option<&str>, limit: i64) -> DbResult<Vec<Referral>> {
    let rows = db
        .rows(
            "SELECT id, status, referrer_credits, created_at, rewarded_at FROM cv.referrals
             WHERE referrer_id = $1 AND ($2::text IS NULL OR (created_at, id) <
                (SELECT created_at, id FROM cv.referrals WHERE id = $2 AND referrer_id = $1))
             ORDER BY created_at DESC, id DESC LIMIT $3",
            &[&referrer, &after, &limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Referral {
                id: get(row, "id")?,
                status: word(row, "status")?,
                referrer_credits: get(row, "referrer_credits")?,
                created_at: time(row, "created_at")?,
                rewarded_at: opt_time(row, "rewarded_at")?,
            })
        })
        .collect()
}
