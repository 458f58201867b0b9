//! Sign-in at other providers, and linked accounts (R6, G14).
//!
//! A sign-in begins and ends in the browser's address bar, so it ends with a page of the console, whatever came of it:
//! `/sign-in#auto_sign_in={token}` (for `auto-sign-in`, once), `/account#linked={provider}`, or
//! `/sign-in#error={code}&message={text}`. Nothing that signs in stands before the `#`.

use super::auth::{open, read};
use super::letters::person;
use super::me::{self, caller};
use crate::auth::Caller;
use crate::auth::key::random_hex;
use crate::auth::session::hash_of;
use crate::cv::accounts::{self, NewUser};
use crate::cv::oauth::{Profile, label};
use crate::cv::people::letters;
use crate::cv::rules::account::{Email, check_name};
use crate::cv::services::Services;
use crate::cv::store::linked::{self, AccountRow, RequestRow};
use crate::cv::store::settings::{self, Settings};
use crate::cv::store::{new_id, tokens, users};
use crate::cv::topics;
use crate::error::ApiError;
use crate::http::{AppState, Door, RouteDoc, language};
use actix_web::http::header::{COOKIE, LOCATION, SET_COOKIE};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use estafette_actors::{CallError, DbError, Tx};
use estafette_protocol::cv::account::{LinkAccount, LinkedAccounts, OauthProviders, OauthRedirect, User};
use estafette_protocol::cv::status::{Lang, OauthProvider, Role};
use estafette_protocol::{ErrorCode, UserId};
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

/// Where a sign-in ends, in the console.
const SIGN_IN: &str = "/sign-in";
/// Longest code and state that are looked at, bytes.
const MAX_TEXT: usize = 4_096;

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/v1/cv/auth/providers").route(web::get().to(providers)))
        .service(web::resource("/v1/cv/auth/oauth/{provider}").route(web::get().to(begin)))
        .service(
            web::resource("/v1/cv/auth/oauth/{provider}/callback")
                .route(web::get().to(by_query))
                .route(web::post().to(by_form)),
        )
        .service(web::resource("/v1/cv/me/accounts").route(web::get().to(list)).route(web::post().to(link)))
        .service(web::resource("/v1/cv/me/accounts/{id}").route(web::delete().to(unlink)));
}

/// Describes them.
pub fn docs() -> Vec<RouteDoc> {
    let route = |method, path, summary| RouteDoc::new(method, path, "cv", summary);
    let callback = "/v1/cv/auth/oauth/{provider}/callback";
    let back = json!({
        "type": "object",
        "properties": {"code": {"type": "string"}, "state": {"type": "string"}, "error": {"type": "string"}},
    });
    vec![
        route("get", "/v1/cv/auth/providers", "Providers to sign in with").open(),
        route("get", "/v1/cv/auth/oauth/{provider}", "Sign in at google, github or apple: leads there")
            .open()
            .redirects(),
        route("get", callback, "Back from there: leads to the console").open().asks(back.clone()).redirects(),
        route("post", callback, "The same, as Apple does it").open().takes_form(back).redirects(),
        route("get", "/v1/cv/me/accounts", "My linked accounts"),
        route("post", "/v1/cv/me/accounts", "Link an account: {provider}; answers where the browser goes"),
        route("delete", "/v1/cv/me/accounts/{id}", "Unlink an account, but not the last way to sign in"),
    ]
}

async fn providers(services: web::Data<Services>) -> HttpResponse {
    HttpResponse::Ok().json(OauthProviders { providers: services.oauth.providers() })
}

fn provider_of(name: &str) -> Result<OauthProvider, CallError> {
    name.parse().map_err(|_| CallError::bad_request("the providers are google, github and apple"))
}

/// The cookie that binds a sign-in to the browser in which it began.
fn cookie_name(state_hash: &str) -> String {
    format!("estafette_oauth_{}", state_hash.get(..16).unwrap_or(state_hash))
}

fn cookie(name: &str, value: &str, services: &Services, provider: OauthProvider, life: i32) -> String {
    // Apple comes back with a form of another site, which a browser sends no lax cookie with.
    let secure = if services.oauth.is_https() { "; Secure" } else { "" };
    let site = if provider == OauthProvider::Apple && services.oauth.is_https() { "None" } else { "Lax" };
    format!("{name}={value}; Path=/v1/cv/auth/oauth; Max-Age={life}; HttpOnly; SameSite={site}{secure}")
}

fn cookie_of<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    let all = request.headers().get_all(COOKIE).filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Begins a sign-in, or (with somebody) the linking of an account. Where the browser goes, and its cookie.
async fn begun(
    state: &AppState,
    services: &Services,
    provider: OauthProvider,
    user: Option<UserId>,
    language: Option<Lang>,
) -> Result<(String, String), CallError> {
    let not_set_up = || CallError::bad_request(format!("signing in with {} is not set up here", label(provider)));
    let begun = services.oauth.begin(provider).await.ok_or_else(not_set_up)?;
    let begun = begun.map_err(|error| CallError::unavailable(error.to_string(), std::time::Duration::from_secs(5)))?;
    let (state_hash, browser) = (hash_of(&begun.state), random_hex());
    let verifier = services.oauth.seal(&state_hash, &begun.verifier).map_err(CallError::internal)?;
    let row = RequestRow {
        state: state_hash.clone(),
        provider,
        browser: hash_of(&browser),
        nonce: begun.nonce,
        verifier: verifier.ok_or_else(not_set_up)?,
        user,
        language,
    };
    let work = async |tx: &mut Tx<'_>| Ok(linked::insert_request(tx, &row).await?);
    state.runtime.transaction(&topics::product(), work).await?;
    let life = linked::REQUEST_MINUTES * 60;
    Ok((begun.url, cookie(&cookie_name(&state_hash), &browser, services, provider, life)))
}

async fn begin(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let provider = provider_of(&name)?;
    state.limits.knock(Door::SignIn, &request)?;
    let (url, cookie) = begun(&state, &services, provider, None, language::wanted(request.headers())).await?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, url))
        .insert_header((SET_COOKIE, cookie))
        .insert_header(("cache-control", "no-store"))
        .finish())
}

async fn link(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    who: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    let who = caller(&state, who).await?;
    let given: LinkAccount = read(&body)?;
    let (url, cookie) =
        begun(&state, &services, given.provider, Some(who.user), language::wanted(request.headers())).await?;
    Ok(HttpResponse::Ok()
        .insert_header((SET_COOKIE, cookie))
        .insert_header(("cache-control", "no-store"))
        .json(OauthRedirect { url }))
}

/// What a provider sends back with the browser.
#[derive(Debug, Default, Deserialize)]
struct Back {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

async fn by_query(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    request: HttpRequest,
    name: web::Path<String>,
    back: web::Query<Back>,
) -> Result<HttpResponse, ApiError> {
    ended(&state, &services, &request, provider_of(&name)?, back.into_inner()).await
}

async fn by_form(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    request: HttpRequest,
    name: web::Path<String>,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    let provider = provider_of(&name)?;
    let mut back = Back::default();
    for (key, value) in form_urlencoded::parse(&body) {
        match &*key {
            "code" => back.code = Some(value.into_owned()),
            "state" => back.state = Some(value.into_owned()),
            "error" => back.error = Some(value.into_owned()),
            _ => {}
        }
    }
    ended(&state, &services, &request, provider, back).await
}

/// Leads to the console with what came of it.
async fn ended(
    state: &AppState,
    services: &Services,
    request: &HttpRequest,
    provider: OauthProvider,
    back: Back,
) -> Result<HttpResponse, ApiError> {
    state.limits.knock(Door::SignIn, request)?;
    let state_hash = back.state.as_deref().filter(|text| text.len() <= MAX_TEXT).map(hash_of);
    let name = state_hash.as_deref().map(cookie_name).unwrap_or_default();
    let to = match finish(state, services, request, provider, back, state_hash).await {
        Ok(Came::SignedIn(token)) => format!("{SIGN_IN}#auto_sign_in={token}"),
        Ok(Came::Linked) => format!("{}#linked={provider}", letters::ACCOUNT),
        Err(error) => {
            let mut fragment = form_urlencoded::Serializer::new(String::new());
            fragment.append_pair("error", error.code.as_str()).append_pair("message", &error.message);
            format!("{SIGN_IN}#{}", fragment.finish().replace('+', "%20"))
        }
    };
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, services.post.url(&to)))
        .insert_header((SET_COOKIE, cookie(&name, "", services, provider, 0)))
        .insert_header(("cache-control", "no-store"))
        .finish())
}

/// What came of a sign-in.
enum Came {
    /// An auto sign-in token.
    SignedIn(String),
    /// The account was linked to who asked.
    Linked,
}

fn not_ours() -> CallError {
    let sentence = "this sign-in did not begin in this browser, or is too old: begin again";
    CallError::bad_request(sentence)
}

async fn finish(
    state: &AppState,
    services: &Services,
    request: &HttpRequest,
    provider: OauthProvider,
    back: Back,
    state_hash: Option<String>,
) -> Result<Came, CallError> {
    let product = topics::product();
    let state_hash = state_hash.ok_or_else(not_ours)?;
    let browser = cookie_of(request, &cookie_name(&state_hash)).map(hash_of).ok_or_else(not_ours)?;
    // Taken first, and for good: a state works once, whatever comes of it.
    let work = async |tx: &mut Tx<'_>| Ok(linked::take_request(tx, &state_hash, provider).await?);
    let asked = state.runtime.transaction(&product, work).await?.ok_or_else(not_ours)?;
    if !bool::from(asked.browser.as_bytes().ct_eq(browser.as_bytes())) {
        return Err(not_ours());
    }
    if let Some(error) = back.error {
        let shown: String = error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
        return Err(CallError::forbidden(format!("{} did not let you in ({shown})", label(provider))));
    }
    let code = back.code.filter(|code| code.len() <= MAX_TEXT).ok_or_else(not_ours)?;
    let verifier = services.oauth.unseal(&state_hash, &asked.verifier).ok_or_else(not_ours)?;
    let profile = services.oauth.finish(provider, code, asked.nonce.clone(), verifier).await.ok_or_else(not_ours)?;
    let profile = profile.map_err(|error| CallError::new(ErrorCode::Unauthenticated, error.to_string()))?;
    let settings = settings::read(&state.db).await?;
    let work = async |tx: &mut Tx<'_>| settle(tx, state, services, &settings, provider, &asked, &profile).await;
    state.runtime.transaction(&product, work).await
}

fn linked_to_another(provider: OauthProvider) -> CallError {
    CallError::conflict(format!("this {} account is linked to another account here", label(provider)))
}

async fn settle(
    tx: &mut Tx<'_>,
    state: &AppState,
    services: &Services,
    settings: &Settings,
    provider: OauthProvider,
    asked: &RequestRow,
    profile: &Profile,
) -> Result<Came, CallError> {
    let owner = linked::owner(tx, provider, &profile.subject).await?;
    if let Some(me) = &asked.user {
        users::lock(tx, me.as_str()).await?;
        if owner.as_ref().is_some_and(|owner| owner != me) {
            return Err(linked_to_another(provider));
        }
        let user = person(tx, Some(me.clone())).await?.user;
        open(settings, user.role)?;
        let account = keep(tx, services, provider, me, profile).await?;
        if owner.is_none() {
            letters::account_linked(tx, &services.post, &user, &account, label(provider)).await?;
        }
        tx.emit(&topics::user(me), "account.changed", &user)?;
        return Ok(Came::Linked);
    }
    let user = match owner {
        Some(owner) => person(tx, Some(owner)).await?.user,
        None => newcomer(tx, state, services, settings, provider, asked, profile).await?,
    };
    open(settings, user.role)?;
    keep(tx, services, provider, &user.id, profile).await?;
    Ok(Came::SignedIn(tokens::new_auto_sign_in(tx, &user.id).await?.text))
}

/// R6: somebody who was not here with this account before: they have one with this address, or get one.
async fn newcomer(
    tx: &mut Tx<'_>,
    state: &AppState,
    services: &Services,
    settings: &Settings,
    provider: OauthProvider,
    asked: &RequestRow,
    profile: &Profile,
) -> Result<User, CallError> {
    let email = profile.email.as_deref().and_then(|email| Email::parse(email).ok());
    let known = match &email {
        Some(email) => users::by_email(tx, email.as_str()).await?,
        None => None,
    };
    if let Some(row) = known {
        if !profile.email_verified {
            let sentence = format!(
                "there is an account with this address, and {} does not say that it is yours: sign in with the password and link it in your account",
                label(provider)
            );
            return Err(CallError::conflict(sentence));
        }
        let user = row.user;
        users::lock(tx, user.id.as_str()).await?;
        if user.email_verified.is_none() {
            // Somebody signed up with an address that was not confirmed: whoever knows that password is not known.
            users::set_password(tx, &user.id, None).await?;
            state.auth.end_sessions(tx, &user.id, None, "the address was confirmed by somebody else").await?;
            accounts::confirm_email(tx, &user.id).await?;
        }
        let user = person(tx, Some(user.id)).await?.user;
        letters::account_linked(tx, &services.post, &user, &profile.subject, label(provider)).await?;
        tx.emit(&topics::user(&user.id), "account.changed", &user)?;
        return Ok(user);
    }
    if !settings.registration_enabled() {
        return Err(CallError::forbidden("no new accounts are made at the moment"));
    }
    open(settings, Role::User)?;
    let name = check_name(profile.name.as_deref()).unwrap_or_default();
    let new =
        NewUser { email, name, password_hash: None, role: Role::User, language: asked.language, referral_code: None };
    let mut user = accounts::add(tx, settings, &new).await?.user;
    user.image = profile.image.clone().filter(|image| image.starts_with("https://") && image.len() <= 2_048);
    users::set_profile(tx, &user).await?;
    if profile.email_verified {
        accounts::confirm_email(tx, &user.id).await?;
        letters::welcome(tx, &services.post, &user).await?;
    } else {
        letters::verification(tx, &services.post, &user).await?;
    }
    Ok(person(tx, Some(user.id)).await?.user)
}

/// Links the account, or renews its tokens, which are encrypted for their row. Its row.
async fn keep(
    tx: &Tx<'_>,
    services: &Services,
    provider: OauthProvider,
    user: &UserId,
    profile: &Profile,
) -> Result<String, CallError> {
    let id = linked::id_of(tx, provider, &profile.subject).await?.unwrap_or_else(new_id);
    let seal = |token: Option<&str>| -> Result<Option<String>, CallError> {
        let Some(token) = token else { return Ok(None) };
        services.oauth.seal(&id, token).map_err(CallError::internal)
    };
    let row = AccountRow {
        id: id.clone(),
        kind: profile.kind,
        provider,
        subject: profile.subject.clone(),
        access_token: seal(Some(&profile.access_token))?,
        refresh_token: seal(profile.refresh_token.as_deref())?,
        expires_at: profile.expires_in.map(|life| {
            chrono::Utc::now().timestamp().saturating_add(i64::try_from(life.as_secs()).unwrap_or(i64::MAX))
        }),
        token_type: Some("bearer".to_owned()),
        scope: profile.scope.clone(),
        id_token: seal(profile.id_token.as_deref())?,
    };
    match linked::put(tx, user, &row).await {
        Err(DbError::Constraint { constraint, .. }) if constraint.contains("provider_account_id") => {
            Err(linked_to_another(provider))
        }
        other => Ok(other.map(|()| id)?),
    }
}

async fn list(
    state: web::Data<AppState>,
    services: web::Data<Services>,
    who: Caller,
) -> Result<HttpResponse, ApiError> {
    let who = caller(&state, who).await?;
    let has_password = me::account(&state, &who).await?.password_hash.is_some();
    let items = linked::of_user(&state.db, &who.user).await?;
    let providers = services.oauth.providers();
    Ok(HttpResponse::Ok().json(LinkedAccounts { items, has_password, providers }))
}

/// Not the last way to sign in.
async fn unlink(state: web::Data<AppState>, who: Caller, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let who = caller(&state, who).await?;
    let work = async |tx: &mut Tx<'_>| {
        users::lock(tx, who.user.as_str()).await?;
        let row = person(tx, Some(who.user.clone())).await?;
        let accounts = linked::of_user(tx, &who.user).await?;
        if !accounts.iter().any(|account| account.id == *id) {
            return Err(CallError::not_found("you have no such linked account"));
        }
        if row.password_hash.is_none() && accounts.len() == 1 {
            let sentence = "this is the only way to sign in to your account: set a password first";
            return Err(CallError::conflict(sentence));
        }
        linked::delete(tx, &who.user, &id).await?;
        Ok(tx.emit(&topics::user(&who.user), "account.changed", &row.user)?)
    };
    state.runtime.transaction(&topics::product(), work).await?;
    Ok(HttpResponse::NoContent().finish())
}
