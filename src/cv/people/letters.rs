//! The e-mails about an account, with the one-time tokens that they carry. The token stands behind the `#` of a link, so
//! that no server and no log on the way sees it.

use crate::cv::mail::{Mail, Post, Trigger};
use crate::cv::store::new_id;
use crate::cv::store::tokens::{self, EMAIL_CHANGE_HOURS, RESET_MINUTES, VERIFICATION_HOURS};
use estafette_actors::{CallError, Tx};
use estafette_protocol::cv::account::User;

/// Where the link of a verification leads, in the console.
pub const VERIFY: &str = "/verify-email";
/// Where the link of a reset leads.
pub const RESET: &str = "/reset-password";
/// Where the links of a change of address lead.
pub const CHANGE: &str = "/email-change";
/// Where people ask for a reset.
pub const FORGOT: &str = "/forgot-password";
/// Where linked accounts are.
pub const ACCOUNT: &str = "/account";

fn link(post: &Post, path: &str, token: &str) -> String {
    post.url(&format!("{path}#token={token}"))
}

/// R3: a verification token, and the e-mail with it. Nothing for somebody without an address.
///
/// # Errors
/// `unavailable` when the database does not answer, as every function here.
pub async fn verification(tx: &mut Tx<'_>, post: &Post, user: &User) -> Result<(), CallError> {
    if user.email.is_none() {
        return Ok(());
    }
    let token = tokens::new_verification(tx, &user.id).await?;
    let Some(mail) = Mail::to(Trigger::EmailVerification, user, &token.id) else { return Ok(()) };
    let mail = mail.with("link", link(post, VERIFY, &token.text)).with("expires_hours", VERIFICATION_HOURS.to_string());
    post.queue(tx, &mail).await.map(|_| ())
}

/// Once the address is confirmed.
///
/// # Errors
/// `unavailable`.
pub async fn welcome(tx: &mut Tx<'_>, post: &Post, user: &User) -> Result<(), CallError> {
    let Some(mail) = Mail::to(Trigger::Welcome, user, "welcome") else { return Ok(()) };
    post.queue(tx, &mail.with("link", post.url("/"))).await.map(|_| ())
}

/// R4: a reset token, and the e-mail with it; at most one a minute.
///
/// # Errors
/// `unavailable`.
pub async fn reset(tx: &mut Tx<'_>, post: &Post, user: &User) -> Result<(), CallError> {
    let Some(token) = tokens::new_reset(tx, &user.id).await? else { return Ok(()) };
    let Some(mail) = Mail::to(Trigger::PasswordReset, user, &token.id) else { return Ok(()) };
    let mail = mail.with("link", link(post, RESET, &token.text)).with("expires_minutes", RESET_MINUTES.to_string());
    post.queue(tx, &mail).await.map(|_| ())
}

/// The password was changed.
///
/// # Errors
/// `unavailable`.
pub async fn password_changed(tx: &mut Tx<'_>, post: &Post, user: &User) -> Result<(), CallError> {
    let about = new_id();
    let Some(mail) = Mail::to(Trigger::PasswordChanged, user, &about) else { return Ok(()) };
    post.queue(tx, &mail.with("link", post.url(FORGOT))).await.map(|_| ())
}

/// R5: a change of address begins: an e-mail to each of both.
///
/// # Errors
/// `unavailable`.
pub async fn email_change(tx: &mut Tx<'_>, post: &Post, user: &User, new_email: &str) -> Result<(), CallError> {
    let (current, new) = tokens::new_email_change(tx, &user.id, new_email, user.email.is_some()).await?;
    let variables = |token: &str| {
        vec![
            ("link", link(post, CHANGE, token)),
            ("new_email", new_email.to_owned()),
            ("expires_hours", EMAIL_CHANGE_HOURS.to_string()),
        ]
    };
    if let (Some(token), Some(mail)) = (&current, Mail::to(Trigger::EmailChangeCurrent, user, &new.id)) {
        post.queue(tx, &Mail { variables: variables(&token.text), ..mail }).await?;
    }
    let mail = Mail {
        trigger: Trigger::EmailChangeNew,
        about: &new.id,
        to: new_email,
        user: Some(&user.id),
        name: user.name.as_deref(),
        language: user.language,
        variables: variables(&new.text),
    };
    post.queue(tx, &mail).await.map(|_| ())
}

/// The address was changed: who had the old one is told there. `before` is the person as they were.
///
/// # Errors
/// `unavailable`.
pub async fn email_changed(tx: &mut Tx<'_>, post: &Post, before: &User, new_email: &str) -> Result<(), CallError> {
    let about = new_id();
    let Some(mail) = Mail::to(Trigger::EmailChanged, before, &about) else { return Ok(()) };
    post.queue(tx, &mail.with("new_email", new_email)).await.map(|_| ())
}

/// R6: an account at another provider was linked.
///
/// # Errors
/// `unavailable`.
pub async fn account_linked(
    tx: &mut Tx<'_>,
    post: &Post,
    user: &User,
    account: &str,
    provider: &str,
) -> Result<(), CallError> {
    let Some(mail) = Mail::to(Trigger::AccountLinked, user, account) else { return Ok(()) };
    post.queue(tx, &mail.with("provider", provider).with("link", post.url(ACCOUNT))).await.map(|_| ())
}

/// R8: a farewell, to an address that is kept nowhere else any more.
///
/// # Errors
/// `unavailable`.
pub async fn farewell(tx: &mut Tx<'_>, post: &Post, user: &User) -> Result<(), CallError> {
    let about = new_id();
    let Some(mail) = Mail::to(Trigger::AccountDeleted, user, &about) else { return Ok(()) };
    post.queue(tx, &Mail { user: None, ..mail }).await.map(|_| ())
}
