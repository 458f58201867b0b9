//! What the links in e-mails lead to (R3, R4), and what Resend reports about e-mails.
//!
//! Who asks for an e-mail to an address learns nothing about it: the answer and its time are the same whether or not
//! there is an account.

use super::auth::{answer, open, read, session};
use crate::auth::Caller;
use crate::cv::accounts;
use crate::cv::mail::resend::{Signed, WebhookError};
use crate::cv::people::letters;
use crate::cv::rules::account::{Email, check_password};
use crate::cv::services::Services;
use crate::cv::store::mails::Reported;
use crate::cv::store::users::UserRow;
use crate::cv::store::{mails, settings, tokens, users};
use crate::cv::topics;
use crate::error::ApiError;
use crate::http::{AppState, Door, RouteDoc};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse};
use chrono::Utc;
use estafette_actors::{CallError, Tx};
use estafette_protocol::cv::account::{AutoSignIn, EmailOnly, EmailToken, EmailVerified, ResetPassword};
use estafette_protocol::cv::event::user::SignedOut;
use estafette_protocol::cv::status::EmailProvider;
use estafette_protocol::{ErrorCode, UserId};
use serde_json::json;
use std::time::Duration;

/// How long each answer about an address takes at least: longer than the work for one that has an account.
pub const SAME_TIME: Duration = Duration::from_millis(400);
/// A verification token is sent again after this time.
const RESEND_AFTER: chrono::Duration = chrono::Duration::minutes(1);
/// How long a report about an unknown e-mail is refused, so that it is sent again: the e-mail may not be logged yet.
const UNKNOWN_FOR: chrono::Duration = chrono::Duration::minutes(10);

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/v1/cv/auth/verify-email").route(web::post().to(verify)))
        .service(web::resource("/v1/cv/auth/resend-verification").route(web::post().to(resend)))
        .service(web::resource("/v1/cv/auth/auto-sign-in").route(web::post().to(auto_sign_in)))
        .service(web::resource("/v1/cv/auth/forgot-password").route(web::post().to(forgot)))
        .service(web::resource("/v1/cv/auth/reset-password").route(web::post().to(reset)))
        .service(web::resource("/v1/cv/email/webhook").route(web::post().to(webhook)));
}

/// Describes them.
pub fn docs() -> Vec<RouteDoc> {
    let post = |path, summary| RouteDoc::new("post", path, "cv", summary).open();
    vec![
        post("/v1/cv/auth/verify-email", "Confirm an address by the token of the e-mail: {token}"),
        post("/v1/cv/auth/resend-verification", "Send that e-mail again: {email}").with_status(202),
        post("/v1/cv/auth/auto-sign-in", "Sign in by the token of a confirmation or a provider: {token, device?}"),
        post("/v1/cv/auth/forgot-password", "Send an e-mail to choose a new password: {email}").with_status(202),
        post("/v1/cv/auth/reset-password", "Choose a new password: {token, password, device?}"),
        post("/v1/cv/email/webhook", "What Resend reports about e-mails, signed")
            .takes(json!({"type": "object", "required": ["type", "data"]}))
            .gives_nothing()
            .with_status(200)
            .refuses(&[ErrorCode::Unauthenticated]),
    ]
}

fn no_token() -> CallError {
    CallError::bad_request("this link is not valid: it was used, is too old, or was replaced by a newer one")
}

/// The person of a token.
pub(super) async fn person(tx: &Tx<'_>, id: Option<UserId>) -> Result<UserRow, CallError> {
    let id = id.ok_or_else(no_token)?;
    users::by_id(tx, &id).await?.ok_or_else(no_token)
}

/// R3.
async fn verify(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    state.limits.knock(Door::SignIn, &request)?;
    let given: EmailToken = read(&body)?;
    let work = async |tx: &mut Tx<'_>| {
        let before = person(tx, tokens::use_verification(tx, &given.token).await?).await?;
        accounts::confirm_email(tx, &before.user.id).await?;
        let user = person(tx, Some(before.user.id)).await?.user;
        letters::welcome(tx, &services.post, &user).await?;
        tx.emit(&topics::user(&user.id), "account.changed", &user)?;
        Ok(tokens::new_auto_sign_in(tx, &user.id).await?.text)
    };
    let auto_sign_in_token = state.runtime.transaction(&topics::product(), work).await?;
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(EmailVerified { auto_sign_in_token }))
}

/// R3's auto sign-in, and the end of a sign-in at a provider.
async fn auto_sign_in(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    state.limits.knock(Door::SignIn, &request)?;
    let given: AutoSignIn = read(&body)?;
    let device = given.device.or(crate::auth::caller::device(&request)?);
    let settings = settings::read(&state.db).await?;
    let work = async |tx: &mut Tx<'_>| {
        let user = person(tx, tokens::use_auto_sign_in(tx, &given.token).await?).await?.user;
        open(&settings, user.role)?;
        let tokens = state.auth.issue(tx, &session(&user, device.clone())).await?;
        Ok((tokens, user))
    };
    let (tokens, user) = state.runtime.transaction(&topics::product(), work).await?;
    Ok(answer(tokens, user))
}

/// Does the work, and answers when an equal time is over.
async fn in_the_same_time(work: impl Future<Output = Result<(), CallError>>) -> Result<HttpResponse, ApiError> {
    let until = tokio::time::Instant::now() + SAME_TIME;
    let done = work.await;
    tokio::time::sleep_until(until).await;
    done?;
    Ok(HttpResponse::Accepted().finish())
}

/// The person of an address, if there is one.
async fn asked(state: &AppState, request: &HttpRequest, body: &[u8]) -> Result<Option<UserRow>, CallError> {
    state.limits.knock(Door::SignIn, request)?;
    let given: EmailOnly = read(body)?;
    let email = Email::parse(&given.email).map_err(CallError::bad_request)?;
    Ok(users::by_email(&state.db, email.as_str()).await?)
}

async fn resend(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    in_the_same_time(async {
        let Some(row) = asked(&state, &request, &body).await? else { return Ok(()) };
        if row.user.email_verified.is_some() {
            return Ok(());
        }
        let work = async |tx: &mut Tx<'_>| {
            users::lock(tx, row.user.id.as_str()).await?;
            match tokens::verification_made(tx, &row.user.id).await? {
                Some(made) if Utc::now() - made < RESEND_AFTER => Ok(()),
                _ => letters::verification(tx, &services.post, &row.user).await,
            }
        };
        state.runtime.transaction(&topics::product(), work).await
    })
    .await
}

/// R4.
async fn forgot(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    in_the_same_time(async {
        let Some(row) = asked(&state, &request, &body).await? else { return Ok(()) };
        let work = async |tx: &mut Tx<'_>| letters::reset(tx, &services.post, &row.user).await;
        state.runtime.transaction(&topics::product(), work).await
    })
    .await
}

/// R4: the new password; every other session of the person ends. Who got the e-mail has shown that the address is theirs.
async fn reset(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    state.limits.knock(Door::SignIn, &request)?;
    let given: ResetPassword = read(&body)?;
    check_password(&given.password).map_err(CallError::bad_request)?;
    let device = given.device.or(crate::auth::caller::device(&request)?);
    let caller = Caller::extract(&request).await.and_then(|caller| caller.of(&topics::product())).ok();
    let settings = settings::read(&state.db).await?;
    let hash = state.auth.passwords().hash(&given.password).await?;
    let work = async |tx: &mut Tx<'_>| {
        let user = person(tx, tokens::use_reset(tx, &given.token).await?).await?.user;
        open(&settings, user.role)?;
        users::set_password(tx, &user.id, Some(&hash)).await?;
        accounts::confirm_email(tx, &user.id).await?;
        let kept = caller.as_ref().filter(|who| who.user == user.id).map(|who| &who.session);
        state.auth.end_sessions(tx, &user.id, kept, "the password was changed").await?;
        let reason = "the password was changed".to_owned();
        tx.emit(&topics::user(&user.id), "signed_out", &SignedOut { device: None, reason })?;
        letters::password_changed(tx, &services.post, &user).await?;
        let user = person(tx, Some(user.id)).await?.user;
        let tokens = state.auth.issue(tx, &session(&user, device.clone())).await?;
        Ok((tokens, user))
    };
    let (tokens, user) = state.runtime.transaction(&topics::product(), work).await?;
    Ok(answer(tokens, user))
}

/// sent → delivered or bounced (section 2), once: a repetition is answered 200 and does nothing.
async fn webhook(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let headers = (header("svix-id"), header("svix-timestamp"), header("svix-signature"));
    let (Some(id), Some(timestamp), Some(signature)) = headers else {
        return Err(CallError::bad_request(WebhookError::Headers.to_string()).into());
    };
    let refused = |error: WebhookError| match error {
        WebhookError::Signature | WebhookError::Time => CallError::new(ErrorCode::Unauthenticated, error.to_string()),
        WebhookError::Headers | WebhookError::Body => CallError::bad_request(error.to_string()),
    };
    let Some(secret) = services.post.webhook() else {
        let sentence = "no webhook of Resend is set up (resend-webhook-secret)";
        return Err(CallError::new(ErrorCode::Unauthenticated, sentence).into());
    };
    let report = secret.read(Signed { id, timestamp, signature }, &body, Utc::now()).map_err(refused)?;
    let Some(status) = report.status else { return Ok(HttpResponse::Ok().finish()) };
    let work = async |tx: &mut Tx<'_>| {
        let error = report.error.as_deref();
        let reported = mails::report(tx, EmailProvider::Resend, &report.email, status, error).await?;
        if let Reported::Moved(row) = &reported {
            tx.emit(&topics::Admin::Emails.topic(), "email.logged", row)?;
        }
        Ok(reported)
    };
    let reported = state.runtime.transaction(&topics::product(), work).await?;
    if reported == Reported::Unknown && Utc::now() - report.at < UNKNOWN_FOR {
        let sentence = "this e-mail is not in the log yet: send the report again";
        return Err(CallError::unavailable(sentence, Duration::from_secs(5)).into());
    }
    Ok(HttpResponse::Ok().finish())
}
