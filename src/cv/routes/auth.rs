//! Sign-up, sign-in, refresh, sign-out (R1, R2, R7, R9).

use super::call::body_of;
use crate::auth::caller::ANONYMOUS;
use crate::auth::{Caller, NewSession, Tokens};
use crate::cv::accounts::{self, NewUser};
use crate::cv::people::letters;
use crate::cv::rules::account::Email;
use crate::cv::services::Services;
use crate::cv::store::new_id;
use crate::cv::store::settings::{self, Settings};
use crate::cv::store::users;
use crate::cv::topics;
use crate::error::ApiError;
use crate::http::{AppState, Door, RouteDoc, language};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse};
use estafette_actors::{CallError, Tx};
use estafette_protocol::cv::account::{
    AuthTokens, DeviceSignIn, DeviceTokens, RefreshRequest, SignIn, SignOut, SignUp, User,
};
use estafette_protocol::cv::event::user::SignedOut;
use estafette_protocol::cv::status::Role;
use estafette_protocol::{DeviceId, ErrorCode, UserId};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/v1/cv/auth/sign-up").route(web::post().to(sign_up)))
        .service(web::resource("/v1/cv/auth/sign-in").route(web::post().to(sign_in)))
        .service(web::resource("/v1/cv/auth/refresh").route(web::post().to(refresh)))
        .service(web::resource("/v1/cv/auth/device").route(web::post().to(device)))
        .service(web::resource("/v1/cv/auth/sign-out").route(web::post().to(sign_out)));
}

/// Describes them.
pub fn docs() -> Vec<RouteDoc> {
    vec![
        RouteDoc::new("post", "/v1/cv/auth/sign-up", "cv", "A new account: {email, password, name?, device?}").open(),
        RouteDoc::new("post", "/v1/cv/auth/sign-in", "cv", "Sign in: {email, password, device?}").open(),
        RouteDoc::new("post", "/v1/cv/auth/refresh", "cv", "The next tokens: {refresh_token}").open(),
        RouteDoc::new("post", "/v1/cv/auth/device", "cv", "Tokens of a device without a person: {refresh_token?}")
            .open(),
        RouteDoc::new(
            "post",
            "/v1/cv/auth/sign-out",
            "cv",
            "End this session; {refresh_token} once the access token expired",
        ),
    ]
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, CallError> {
    let map = body_of(body)?;
    serde_json::from_value(Value::Object(map)).map_err(|error| CallError::bad_request(format!("the body: {error}")))
}

pub(super) fn answer(tokens: Tokens, user: User) -> HttpResponse {
    HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(AuthTokens {
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token,
        expires_in: u32::try_from(tokens.expires_in).unwrap_or(u32::MAX),
        user,
    })
}

/// R7.
pub(super) fn open(settings: &Settings, role: Role) -> Result<(), CallError> {
    if settings.maintenance_mode() && role != Role::Admin {
        return Err(CallError::unavailable(
            "the service is being maintained: try again later",
            Duration::from_secs(60),
        ));
    }
    Ok(())
}

pub(super) fn session(user: &User, device: Option<DeviceId>) -> NewSession {
    NewSession { product: topics::product(), user: user.id.clone(), role: user.role.as_str().to_owned(), device }
}

async fn sign_up(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    state.limits.knock(Door::SignIn, &request)?;
    let given: SignUp = read(&body)?;
    let settings = settings::read(&state.db).await?;
    if !settings.registration_enabled() {
        return Err(CallError::forbidden("no new accounts are made at the moment").into());
    }
    open(&settings, Role::User)?;
    let (email, name) = accounts::check(&given.email, &given.password, given.name.as_deref())?;
    let device = given.device.or(crate::auth::caller::device(&request)?);
    let password_hash = state.auth.passwords().hash(&given.password).await?;
    let new = NewUser {
        email: Some(email),
        name,
        password_hash: Some(password_hash),
        role: Role::User,
        language: given.language.or_else(|| language::wanted(request.headers())),
        referral_code: given.referral_code,
    };
    let (tokens, user) = state
        .runtime
        .transaction(&topics::product(), async |tx| {
            let user = accounts::add(tx, &settings, &new).await?.user;
            letters::verification(tx, &services.post, &user).await?;
            let tokens = state.auth.issue(tx, &session(&user, device.clone())).await?;
            Ok((tokens, user))
        })
        .await?;
    Ok(answer(tokens, user))
}

async fn sign_in(state: web::Data<AppState>, request: HttpRequest, body: web::Bytes) -> Result<HttpResponse, ApiError> {
    state.limits.knock(Door::SignIn, &request)?;
    let given: SignIn = read(&body)?;
    state.limits.may_try(&given.email)?;
    let device = given.device.or(crate::auth::caller::device(&request)?);
    // An address that no account can have still costs the time of one that has.
    let row = match Email::parse(&given.email) {
        Ok(email) => users::by_email(&state.db, email.as_str()).await?,
        Err(_) => None,
    };
    let hash = row.as_ref().and_then(|row| row.password_hash.clone());
    let hash = hash.as_deref();
    let fits = state.auth.passwords().verify(&given.password, hash).await?;
    let Some(row) = row.filter(|_| fits) else {
        state.limits.failed(&given.email);
        let sentence = "the address or the password is wrong";
        return Err(CallError::new(ErrorCode::Unauthenticated, sentence).into());
    };
    open(&settings::read(&state.db).await?, row.user.role)?;
    let new = session(&row.user, device);
    // R2: a hash that was made with less work than today's is made anew, now that the password is known.
    let better = match hash {
        Some(hash) if state.auth.passwords().is_weaker(hash) => {
            Some(state.auth.passwords().hash(&given.password).await?)
        }
        _ => None,
    };
    let work = async |tx: &mut Tx<'_>| {
        if let Some(better) = &better {
            users::strengthen(tx, &row.user.id, hash, better).await?;
        }
        state.auth.issue(tx, &new).await
    };
    let tokens = state.runtime.transaction(&topics::product(), work).await?;
    Ok(answer(tokens, row.user))
}

async fn refresh(state: web::Data<AppState>, request: HttpRequest, body: web::Bytes) -> Result<HttpResponse, ApiError> {
    state.limits.knock(Door::Refresh, &request)?;
    let given: RefreshRequest = read(&body)?;
    let device = crate::auth::caller::device(&request)?;
    let product = topics::product();
    let next = state.auth.refresh(&state.runtime, &product, &given.refresh_token, device.as_ref()).await?;
    let row = users::by_id(&state.db, &next.user).await?;
    let gone = || CallError::new(ErrorCode::Unauthenticated, "this account does not exist any more");
    Ok(answer(next.tokens, row.ok_or_else(gone)?.user))
}

/// Tokens for whoever has no account (G8). The server names the device: nobody can guess another one's.
async fn device(state: web::Data<AppState>, request: HttpRequest, body: web::Bytes) -> Result<HttpResponse, ApiError> {
    state.limits.knock(Door::SignIn, &request)?;
    let given: DeviceSignIn = read(&body)?;
    open(&settings::read(&state.db).await?, Role::User)?;
    let product = topics::product();
    let (user, tokens) = if let Some(token) = &given.refresh_token {
        let device = crate::auth::caller::device(&request)?;
        let next = state.auth.refresh(&state.runtime, &product, token, device.as_ref()).await?;
        if users::by_id(&state.db, &next.user).await?.is_some() {
            return Err(CallError::bad_request("this is a person's token: use /v1/cv/auth/refresh").into());
        }
        (next.user, next.tokens)
    } else {
        let user = UserId::parse(new_id()).map_err(CallError::internal)?;
        let device = DeviceId::parse(user.as_str()).ok();
        let new = NewSession { product: product.clone(), user, role: ANONYMOUS.to_owned(), device };
        let tokens = state.runtime.transaction(&product, async |tx| state.auth.issue(tx, &new).await).await?;
        (new.user, tokens)
    };
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(DeviceTokens {
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token,
        expires_in: u32::try_from(tokens.expires_in).unwrap_or(u32::MAX),
        device: DeviceId::parse(user.as_str()).map_err(CallError::internal)?,
    }))
}

/// Ends the session of the access token. One that expired ends it by its refresh token: whoever signs out must not have
/// to sign in for it.
async fn sign_out(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    let given: SignOut = read(&body)?;
    let product = topics::product();
    let caller = Caller::extract(&request).await.and_then(|caller| caller.of(&product));
    let signed_out = |device| SignedOut { device, reason: "signed out".to_owned() };
    match (caller, given.refresh_token) {
        (Ok(who), _) => {
            let work = async |tx: &mut Tx<'_>| {
                tx.emit(&topics::user(&who.user), "signed_out", &signed_out(who.device.clone()))?;
                state.auth.sign_out(tx, &who.session).await
            };
            state.runtime.transaction(&product, work).await?;
        }
        (Err(_), Some(token)) => {
            let work = async |tx: &mut Tx<'_>| {
                let ended = state.auth.sign_out_by_token(tx, &token).await?;
                let unknown = || CallError::new(ErrorCode::Unauthenticated, "neither token is one of an open session");
                let ended = ended.ok_or_else(unknown)?;
                if ended.was_open {
                    tx.emit(&topics::user(&ended.user), "signed_out", &signed_out(ended.device))?;
                }
                Ok(())
            };
            state.runtime.transaction(&product, work).await?;
        }
        (Err(error), None) => return Err(error),
    }
    Ok(HttpResponse::NoContent().finish())
}
