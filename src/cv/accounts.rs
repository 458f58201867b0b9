//! People of the CV product: sign-up and sign-in, without HTTP.

use super::billing::referral;
use super::ledger;
use super::rules::account::{Email, check_name, check_password};
use super::store::new_id;
use super::store::settings::Settings;
use super::store::users::{self, UserRow};
use super::topics;
use estafette_actors::{CallError, DbError, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::status::{Lang, Role};

/// A person to be signed up; the password is checked and hashed already.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Address, lower case; none where another provider tells none.
    pub email: Option<Email>,
    /// Name.
    pub name: Option<String>,
    /// bcrypt; none for somebody who signs in elsewhere (R2).
    pub password_hash: Option<String>,
    /// What they may do.
    pub role: Role,
    /// In which language the server writes to them.
    pub language: Option<Lang>,
    /// The code of who referred them (R56).
    pub referral_code: Option<String>,
}

/// Checks what a person gives at sign-up.
///
/// # Errors
/// `bad_request` with what is wrong.
pub fn check(email: &str, password: &str, name: Option<&str>) -> Result<(Email, Option<String>), CallError> {
    let email = Email::parse(email).map_err(CallError::bad_request)?;
    check_password(password).map_err(CallError::bad_request)?;
    let name = check_name(name).map_err(CallError::bad_request)?;
    Ok((email, name))
}

/// Makes the user with an empty ledger and the welcome gift (R9).
///
/// # Errors
/// `conflict` when the address is taken (R1).
pub async fn add(tx: &mut Tx<'_>, settings: &Settings, new: &NewUser) -> Result<UserRow, CallError> {
    let id = new_id();
    let (email, name) = (new.email.as_ref().map(Email::as_str), new.name.as_deref());
    match users::insert(tx, &id, email, name, new.password_hash.as_deref(), new.role, new.language).await {
        Err(DbError::Constraint { constraint, .. }) if constraint == "users_email_key" => {
            return Err(CallError::conflict("there is an account with this address already: sign in"));
        }
        other => other?,
    }
    let id: UserId = topics::parse_id(&id)?;
    ledger::welcome_gift(tx, settings, &id).await?;
    if let Some(code) = new.referral_code.as_deref().filter(|code| !code.trim().is_empty()) {
        referral::came_by(tx, &id, code).await?;
    }
    users::by_id(tx, &id).await?.ok_or_else(|| CallError::internal("a new user vanished"))
}

/// Their address is confirmed: what waited for that goes on (R56).
///
/// # Errors
/// [`DbError`].
pub async fn confirm_email(tx: &mut Tx<'_>, id: &UserId) -> Result<(), DbError> {
    users::verify_email(tx, id).await?;
    referral::verified(tx, id).await
}
