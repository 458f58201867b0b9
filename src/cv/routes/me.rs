//! The own account: profile, password, change of address (R5), sessions, export and erasure (R8).

use super::auth::{open, read};
use super::letters::person;
use crate::auth::Caller;
use crate::cv::people::export::{self, Section};
use crate::cv::people::{erase, letters};
use crate::cv::rules::account::{Email, check_name, check_password};
use crate::cv::services::Services;
use crate::cv::store::users::UserRow;
use crate::cv::store::{settings, tokens, users};
use crate::cv::topics;
use crate::error::ApiError;
use crate::http::{AppState, Door, RouteDoc};
use actix_web::http::header::{CONTENT_DISPOSITION, ContentDisposition, DispositionParam, DispositionType};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};
use estafette_actors::{CallError, Db, DbError, Identity, Tx};
use estafette_protocol::cv::account::{
    ChangeEmail, ChangePassword, DeleteAccount, EmailChange, EmailToken, ProfilePatch, SessionInfo,
};
use estafette_protocol::cv::event::user::SignedOut;
use estafette_protocol::cv::http::Page;
use estafette_protocol::cv::status::{EmailChangeState, Role};
use estafette_protocol::{ErrorCode, SessionId, Timestamp};
use serde_json::json;
use url::Url;

/// The path of the profile; reading it is a call.
pub const PATH: &str = "/v1/cv/me";
/// Longest address of a picture, bytes.
const MAX_IMAGE: usize = 2_048;
/// Pieces of an export that wait for a slow reader.
const PIECES: usize = 4;

/// Why a session ends that another device ended.
const ELSEWHERE: &str = "signed out on another device";

/// Adds the routes but [`PATH`] itself, to which [`profile`] adds.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/v1/cv/me/export").route(web::get().to(export)))
        .service(web::resource("/v1/cv/me/password").route(web::post().to(password)))
        .service(web::resource("/v1/cv/me/email-change").route(web::post().to(change_email)))
        .service(web::resource("/v1/cv/me/email-change/confirm").route(web::post().to(confirm_email)))
        .service(web::resource("/v1/cv/me/sessions").route(web::get().to(sessions)).route(web::delete().to(end_others)))
        .service(web::resource("/v1/cv/me/sessions/{id}").route(web::delete().to(end_session)));
}

/// Adds what is no call to the profile's path.
pub fn profile(resource: Resource) -> Resource {
    resource.route(web::patch().to(patch)).route(web::delete().to(delete))
}

/// Describes them.
pub fn docs() -> Vec<RouteDoc> {
    let route = |method, path, summary| RouteDoc::new(method, path, "cv", summary);
    vec![
        route("patch", PATH, "Change name, picture, language"),
        route("delete", PATH, "Delete the account and everything in it: {password} or {email}"),
        route("get", "/v1/cv/me/export", "Everything about me, as one JSON document").gives(json!({"type": "object"})),
        route("post", "/v1/cv/me/password", "Change the password: {current?, password}; other sessions end")
            .refuses(&[ErrorCode::RateLimited]),
        route("post", "/v1/cv/me/email-change", "Change the address: {new_email, password?}; both addresses confirm")
            .with_status(202)
            .refuses(&[ErrorCode::Conflict, ErrorCode::RateLimited]),
        route("post", "/v1/cv/me/email-change/confirm", "Confirm it by the token of an e-mail: {token}").open(),
        route("get", "/v1/cv/me/sessions", "My sessions, the last used first"),
        route("delete", "/v1/cv/me/sessions", "End all my sessions but this one"),
        route("delete", "/v1/cv/me/sessions/{id}", "End one of my sessions"),
    ]
}

/// Who calls, if the server is not being maintained for them (R7).
pub(super) async fn caller(state: &AppState, caller: Caller) -> Result<Identity, ApiError> {
    let who = caller.of(&topics::product())?;
    open(&settings::read(&state.db).await?, who.role.parse().unwrap_or(Role::User))?;
    Ok(who)
}

/// The caller's account.
pub(super) async fn account(state: &AppState, who: &Identity) -> Result<UserRow, CallError> {
    let gone = || CallError::not_found("this account does not exist any more");
    users::by_id(&state.db, &who.user).await?.ok_or_else(gone)
}

/// Checks the password of an account that has one. Failed attempts count as failed sign-ins do.
async fn check_current(state: &AppState, row: &UserRow, given: Option<&str>) -> Result<(), CallError> {
    let Some(hash) = row.password_hash.as_deref() else { return Ok(()) };
    let account = row.user.email.as_deref().unwrap_or_else(|| row.user.id.as_str());
    state.limits.may_try(account)?;
    let given = given.ok_or_else(|| CallError::bad_request("the current password is needed for this"))?;
    if state.auth.passwords().verify(given, Some(hash)).await? {
        return Ok(());
    }
    state.limits.failed(account);
    Err(CallError::forbidden("the password is wrong"))
}

async fn patch(state: web::Data<AppState>, who: Caller, body: Bytes) -> Result<HttpResponse, ApiError> {
    let who = caller(&state, who).await?;
    let given: ProfilePatch = read(&body)?;
    let name = given.name.as_deref().map(|name| check_name(Some(name))).transpose().map_err(CallError::bad_request)?;
    let image = given.image.as_deref().map(check_image).transpose()?;
    let work = async |tx: &mut Tx<'_>| {
        users::lock(tx, who.user.as_str()).await?;
        let mut user = person(tx, Some(who.user.clone())).await?.user;
        if let Some(name) = &name {
            user.name.clone_from(name);
        }
        if let Some(image) = &image {
            user.image.clone_from(image);
        }
        user.language = given.language.or(user.language);
        users::set_profile(tx, &user).await?;
        tx.emit(&topics::user(&user.id), "account.changed", &user)?;
        Ok(user)
    };
    Ok(HttpResponse::Ok().json(state.runtime.transaction(&topics::product(), work).await?))
}

/// A picture's address; the empty text is none.
fn check_image(text: &str) -> Result<Option<String>, CallError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let good = text.len() <= MAX_IMAGE && Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    if good {
        Ok(Some(text.to_owned()))
    } else {
        Err(CallError::bad_request("`image` is the https address of a picture"))
    }
}

async fn password(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    who: Caller,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let who = caller(&state, who).await?;
    let given: ChangePassword = read(&body)?;
    check_password(&given.password).map_err(CallError::bad_request)?;
    let row = account(&state, &who).await?;
    check_current(&state, &row, given.current.as_deref()).await?;
    let hash = state.auth.passwords().hash(&given.password).await?;
    let work = async |tx: &mut Tx<'_>| {
        users::set_password(tx, &who.user, Some(&hash)).await?;
        end_all_others(tx, &state, &who, "the password was changed").await?;
        letters::password_changed(tx, &services.post, &row.user).await
    };
    state.runtime.transaction(&topics::product(), work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// R5: two e-mails; nothing changes before both addresses have confirmed.
async fn change_email(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    who: Caller,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    state.limits.knock(Door::SignIn, &request)?;
    let who = caller(&state, who).await?;
    let given: ChangeEmail = read(&body)?;
    let new = Email::parse(&given.new_email).map_err(CallError::bad_request)?;
    let row = account(&state, &who).await?;
    check_current(&state, &row, given.password.as_deref()).await?;
    if row.user.email.as_deref() == Some(new.as_str()) {
        return Err(CallError::bad_request("this is your address already").into());
    }
    let work = async |tx: &mut Tx<'_>| {
        users::lock(tx, who.user.as_str()).await?;
        if users::by_email(tx, new.as_str()).await?.is_some() {
            return Err(taken());
        }
        letters::email_change(tx, &services.post, &row.user, new.as_str()).await
    };
    state.runtime.transaction(&topics::product(), work).await?;
    let state =
        if row.user.email.is_some() { EmailChangeState::WaitingForCurrent } else { EmailChangeState::WaitingForNew };
    Ok(HttpResponse::Accepted().json(EmailChange { state, new_email: new.as_str().to_owned() }))
}

fn taken() -> CallError {
    CallError::conflict("there is an account with this address already")
}

/// R5: the token says who confirms; the mailbox may be on a device that is not signed in.
async fn confirm_email(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    state.limits.knock(Door::SignIn, &request)?;
    let given: EmailToken = read(&body)?;
    let work = async |tx: &mut Tx<'_>| {
        let change = tokens::confirm_email_change(tx, &given.token).await?;
        let before = person(tx, change.as_ref().map(|change| change.user.clone())).await?.user;
        let Some(change) = change else { return Err(taken()) };
        let new_email = change.new_email;
        let state = match (change.current, change.new) {
            (true, true) => EmailChangeState::Changed,
            (false, _) => EmailChangeState::WaitingForCurrent,
            (true, false) => EmailChangeState::WaitingForNew,
        };
        if state == EmailChangeState::Changed {
            tokens::end_email_change(tx, &change.id).await?;
            match users::set_email(tx, &before.id, &new_email).await {
                Err(DbError::Constraint { constraint, .. }) if constraint == "users_email_key" => return Err(taken()),
                other => other?,
            }
            letters::email_changed(tx, &services.post, &before, &new_email).await?;
            let user = person(tx, Some(before.id)).await?.user;
            tx.emit(&topics::user(&user.id), "account.changed", &user)?;
        }
        Ok(EmailChange { state, new_email })
    };
    Ok(HttpResponse::Ok().json(state.runtime.transaction(&topics::product(), work).await?))
}

async fn sessions(state: web::Data<AppState>, who: Caller) -> Result<HttpResponse, ApiError> {
    let who = caller(&state, who).await?;
    let rows = state.auth.sessions(&topics::product(), &who.user).await?;
    let items: Vec<SessionInfo> = rows
        .into_iter()
        .map(|row| SessionInfo {
            current: row.id == who.session,
            id: row.id,
            device: row.device,
            created_at: Timestamp::new(row.created_at),
            last_used_at: Timestamp::new(row.used_at),
            expires_at: Timestamp::new(row.expires_at),
        })
        .collect();
    Ok(HttpResponse::Ok().json(Page { items, next: None }))
}

/// Ends every session but the one that asks, and tells their devices.
async fn end_all_others(tx: &mut Tx<'_>, state: &AppState, who: &Identity, reason: &str) -> Result<(), CallError> {
    if state.auth.end_sessions(tx, &who.user, Some(&who.session), reason).await? > 0 {
        tx.emit(&topics::user(&who.user), "signed_out", &SignedOut { device: None, reason: reason.to_owned() })?;
    }
    Ok(())
}

async fn end_others(state: web::Data<AppState>, who: Caller) -> Result<HttpResponse, ApiError> {
    let who = caller(&state, who).await?;
    let work = async |tx: &mut Tx<'_>| end_all_others(tx, &state, &who, ELSEWHERE).await;
    state.runtime.transaction(&topics::product(), work).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn end_session(state: web::Data<AppState>, who: Caller, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let who = caller(&state, who).await?;
    let missing = || CallError::not_found("you have no such session");
    let session = SessionId::parse(id.into_inner()).map_err(|_| missing())?;
    let work = async |tx: &mut Tx<'_>| {
        let device = state.auth.end_session(tx, &who.user, &session, ELSEWHERE).await?.ok_or_else(missing)?;
        Ok(tx.emit(&topics::user(&who.user), "signed_out", &SignedOut { device, reason: ELSEWHERE.to_owned() })?)
    };
    state.runtime.transaction(&topics::product(), work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// R8. The password, or for an account without one its address, so that nobody loses everything by accident.
async fn delete(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    who: Caller,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let who = caller(&state, who).await?;
    let given: DeleteAccount = read(&body)?;
    let row = account(&state, &who).await?;
    if row.password_hash.is_some() {
        check_current(&state, &row, given.password.as_deref()).await?;
    } else if let Some(email) = &row.user.email
        && given.email.as_deref().map(|text| text.trim().to_lowercase()).as_ref() != Some(email)
    {
        return Err(CallError::bad_request("write the address of the account as `email` to delete it").into());
    }
    let work = async |tx: &mut Tx<'_>| erase::erase(tx, &state.auth, &services.post, &row.user).await;
    state.runtime.transaction(&topics::product(), work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Everything about the caller, written while it is read: however much it is, a page of it is in memory.
async fn export(state: web::Data<AppState>, who: Caller) -> Result<HttpResponse, ApiError> {
    let who = caller(&state, who).await?;
    account(&state, &who).await?;
    let sections = export::sections(&state.db).await.map_err(CallError::from)?;
    let sessions = state.auth.sessions(&topics::product(), &who.user).await?;
    let sessions: Vec<_> = sessions
        .iter()
        .map(|row| json!({"id": row.id, "device": row.device, "created_at": row.created_at, "expires_at": row.expires_at}))
        .collect();
    let head = json!({"exported_at": Timestamp::new(chrono::Utc::now()), "product": "cv", "sessions": sessions});
    let (pieces, written) = tokio::sync::mpsc::channel::<Result<Bytes, DbError>>(PIECES);
    let (db, user) = (state.db.clone(), who.user.as_str().to_owned());
    actix_web::rt::spawn(async move {
        if let Err(error) = write(&db, &user, &head, &sections, &pieces).await {
            tracing::warn!(%error, "an export was cut off");
            // The reader sees that it is not whole: the connection breaks.
            let _gone = pieces.send(Err(error)).await;
        }
    });
    let name = format!("export-{}.json", chrono::Utc::now().format("%Y-%m-%d"));
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name)],
    };
    let stream = futures_util::stream::unfold(written, async |mut written| {
        let piece = written.recv().await?;
        Some((piece.map_err(|error| ApiError::from(CallError::from(error))), written))
    });
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CONTENT_DISPOSITION, disposition))
        .insert_header(("cache-control", "no-store"))
        .streaming(Box::pin(stream)))
}

type Pieces = tokio::sync::mpsc::Sender<Result<Bytes, DbError>>;

async fn write(
    db: &Db,
    user: &str,
    head: &serde_json::Value,
    sections: &[Section],
    pieces: &Pieces,
) -> Result<(), DbError> {
    // The head's last brace is left off: the tables follow.
    let mut text = head.to_string();
    text.pop();
    text.push_str(",\"tables\":{");
    for (n, section) in sections.iter().enumerate() {
        text.push_str(if n == 0 { "\"" } else { "],\"" });
        text.push_str(&section.table);
        text.push_str("\":[");
        let (mut after, mut first) = (String::new(), true);
        loop {
            let (rows, more) = export::page(db, section, user, &after).await?;
            for (id, row) in rows {
                text.push_str(if first { "" } else { "," });
                text.push_str(&row.to_string());
                first = false;
                after = id;
            }
            if pieces.send(Ok(Bytes::from(std::mem::take(&mut text)))).await.is_err() {
                return Ok(());
            }
            if !more {
                break;
            }
        }
    }
    let _gone = pieces.send(Ok(Bytes::from_static(b"]}}"))).await;
    Ok(())
}
