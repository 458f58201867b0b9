//! People, as administrators see them.

use super::{Reader, get, opt_time, opt_word, time, word};
use estafette_actors::{DbResult, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::admin::{AdminUser, AdminUserQuery};
use estafette_protocol::cv::status::Role;
use tokio_postgres::Row;

const SELECT: &str = "SELECT u.id, u.email, u.name, u.role, u.email_verified, u.created_at, p.name AS plan_name,
        coalesce(b.balance, 0) AS balance,
        (SELECT count(*) FROM cv.cv_files f WHERE f.user_id = u.id) AS cvs,
        (SELECT coalesce(sum(o.estimated_cost), 0)::float8 FROM cv.openai_usage o WHERE o.user_id = u.id
            AND o.date >= date_trunc('month', now() AT TIME ZONE 'UTC')::date) AS month_cost
    FROM cv.users u
    LEFT JOIN cv.credit_balances b ON b.user_id = u.id
    LEFT JOIN cv.subscriptions s ON s.user_id = u.id AND s.status IN ('active', 'past_due')
    LEFT JOIN cv.subscription_plans p ON p.id = s.plan_id OR (s.plan_id IS NULL AND p.is_free)";

fn user(row: &Row) -> DbResult<AdminUser> {
    Ok(AdminUser {
        id: word(row, "id")?,
        email: get(row, "email")?,
        name: get(row, "name")?,
        role: opt_word(row, "role")?.unwrap_or(Role::User),
        email_verified: opt_time(row, "email_verified")?,
        plan_name: get(row, "plan_name")?,
        balance: get(row, "balance")?,
        cvs: get(row, "cvs")?,
        month_cost: get(row, "month_cost")?,
        created_at: time(row, "created_at")?,
    })
}

/// The pattern of what contains this text.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.trim().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// People, the newest first.
///
/// # Errors
/// [`estafette_actors::DbError`], as every function here.
pub async fn list(
    db: &impl Reader,
    filter: &AdminUserQuery,
    after: Option<&str>,
    limit: i64,
) -> DbResult<Vec<AdminUser>> {
    let email = filter.email.as_deref().map(containing);
    let role = filter.role.map(Role::as_str);
    let sql = format!(
        "{SELECT} WHERE ($1::text IS NULL OR u.email ILIKE $1) AND ($2::text IS NULL OR u.role = $2)
            AND ($3::text IS NULL OR p.name = $3)
            AND ($4::text IS NULL OR (u.created_at, u.id) < (SELECT created_at, id FROM cv.users WHERE id = $4))
         ORDER BY u.created_at DESC, u.id DESC LIMIT $5"
    );
    db.rows(&sql, &[&email, &role, &filter.plan, &after, &limit]).await?.iter().map(user).collect()
}

/// One person.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn one(db: &impl Reader, id: &UserId) -> DbResult<Option<AdminUser>> {
    let row = db.row(&format!("{SELECT} WHERE u.id = $1"), &[&id.as_str()]).await?;
    row.as_ref().map(user).transpose()
}

/// The administrators, locked until the unit's end, so that two of them cannot take away each other's role at once.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn lock_administrators(tx: &Tx<'_>) -> DbResult<Vec<String>> {
    let rows = tx.query("SELECT id FROM cv.users WHERE role = 'ADMIN' ORDER BY id FOR NO KEY UPDATE", &[]).await?;
    rows.iter().map(|row| get(row, "id")).collect()
}

/// Gives a name.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_name(tx: &Tx<'_>, id: &UserId, name: Option<&str>) -> DbResult<()> {
    tx.execute("UPDATE cv.users SET name = $2, updated_at = now() WHERE id = $1", &[&id.as_str(), &name]).await?;
    Ok(())
}

/// The role that the sessions' next access tokens carry.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn set_session_roles(tx: &Tx<'_>, id: &UserId, role: Role) -> DbResult<()> {
    tx.execute(
        "UPDATE runtime.sessions SET role = $3 WHERE product = $1 AND user_id = $2 AND revoked_at IS NULL",
        &[&tx.product().as_str().to_owned(), &id.as_str(), &role.as_str()],
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_no_pattern() {
        assert_eq!(containing(" a_b%c\\ "), "%a\\_b\\%c\\\\%");
    }
}
