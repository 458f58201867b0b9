//! A provider that speaks OpenID Connect.

use super::client::Http;
use super::{Begun, OauthError, Profile, apple};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, CsrfToken, HttpRequest, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// How long a provider's description and keys are believed.
const DISCOVERY_LIFE: Duration = Duration::from_secs(3_600);

/// How a client proves who it is.
pub enum ClientSecret {
    /// A text that both know.
    Fixed(String),
    /// Made anew each time.
    Apple(apple::Secret),
}

/// A provider.
pub struct Oidc {
    name: &'static str,
    issuer: IssuerUrl,
    client: ClientId,
    secret: ClientSecret,
    back: RedirectUrl,
    http: Http,
    discovered: Mutex<Option<(Instant, CoreProviderMetadata)>>,
}

impl Oidc {
    /// A provider by its issuer; nothing is asked yet.
    ///
    /// # Errors
    /// A sentence: an address that is none.
    pub fn new(
        name: &'static str,
        issuer: &str,
        client: &str,
        secret: ClientSecret,
        back: String,
        http: Http,
    ) -> Result<Self, String> {
        Ok(Self {
            name,
            issuer: IssuerUrl::new(issuer.to_owned()).map_err(|error| format!("the issuer {issuer:?}: {error}"))?,
            client: ClientId::new(client.to_owned()),
            secret,
            back: RedirectUrl::new(back).map_err(|error| format!("the public address: {error}"))?,
            http,
            discovered: Mutex::new(None),
        })
    }

    fn provider(&self, what: &str, error: &dyn std::fmt::Display) -> OauthError {
        tracing::warn!(provider = self.name, error = %error, "{what}");
        OauthError::Provider(self.name)
    }

    fn not_verified(&self, what: &str, error: &dyn std::fmt::Display) -> OauthError {
        tracing::warn!(provider = self.name, error = %error, "{what}");
        // Its keys may have changed: they are asked for again.
        *self.discovered.lock() = None;
        OauthError::NotVerified(self.name)
    }

    async fn metadata(&self) -> Result<CoreProviderMetadata, OauthError> {
        if let Some((at, metadata)) = &*self.discovered.lock()
            && at.elapsed() < DISCOVERY_LIFE
        {
            return Ok(metadata.clone());
        }
        let http = |request: HttpRequest| self.http.ask(request);
        let metadata = CoreProviderMetadata::discover_async(self.issuer.clone(), &http).await;
        let metadata = metadata.map_err(|error| self.provider("no discovery", &error))?;
        *self.discovered.lock() = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }

    fn secret(&self) -> Result<openidconnect::ClientSecret, OauthError> {
        match &self.secret {
            ClientSecret::Fixed(text) => Ok(openidconnect::ClientSecret::new(text.clone())),
            ClientSecret::Apple(secret) => {
                let text = secret.now().map_err(|error| self.provider("no client secret", &error))?;
                Ok(openidconnect::ClientSecret::new(text))
            }
        }
    }

    /// Where the browser goes.
    ///
    /// # Errors
    /// [`OauthError::Provider`].
    pub async fn begin(&self) -> Result<Begun, OauthError> {
        let client = CoreClient::from_provider_metadata(self.metadata().await?, self.client.clone(), None)
            .set_redirect_uri(self.back.clone());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let request = request.add_scope(Scope::new("email".to_owned())).set_pkce_challenge(challenge);
        let request = match &self.secret {
            // Apple gives the name only to those who take the answer as a form.
            ClientSecret::Apple(_) => {
                request.add_scope(Scope::new("name".to_owned())).add_extra_param("response_mode", "form_post")
            }
            ClientSecret::Fixed(_) => request.add_scope(Scope::new("profile".to_owned())),
        };
        let (url, state, nonce) = request.url();
        Ok(Begun {
            url: url.to_string(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        })
    }

    /// Exchanges the code and verifies the ID token: signature, issuer, audience, time, nonce, and that the access token
    /// belongs to it.
    ///
    /// # Errors
    /// [`OauthError`].
    pub async fn finish(&self, code: String, nonce: String, verifier: String) -> Result<Profile, OauthError> {
        let client =
            CoreClient::from_provider_metadata(self.metadata().await?, self.client.clone(), Some(self.secret()?))
                .set_redirect_uri(self.back.clone());
        // Providers take the secret in the body, all of them; Apple nowhere else.
        let client = client.set_auth_type(openidconnect::AuthType::RequestBody);
        let http = |request: HttpRequest| self.http.ask(request);
        let request = client.exchange_code(AuthorizationCode::new(code));
        let request = request.map_err(|error| self.provider("no token endpoint", &error))?;
        let answer = request.set_pkce_verifier(PkceCodeVerifier::new(verifier)).request_async(&http).await;
        let tokens = answer.map_err(|error| self.not_verified("the code was not exchanged", &detail(&error)))?;
        let nothing = "there is no ID token";
        let id_token = tokens.id_token().ok_or_else(|| self.not_verified(nothing, &nothing))?;
        let id_verifier = client.id_token_verifier();
        let nonce = Nonce::new(nonce);
        let claims = id_token.claims(&id_verifier, &nonce);
        let claims = claims.map_err(|error| self.not_verified("the ID token does not hold", &error))?;
        if let Some(expected) = claims.access_token_hash() {
            let key = id_token.signing_key(&id_verifier);
            let key = key.map_err(|error| self.not_verified("no key of the ID token", &error))?;
            let algorithm = id_token.signing_alg();
            let algorithm = algorithm.map_err(|error| self.not_verified("no algorithm of the ID token", &error))?;
            let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
            let actual = actual.map_err(|error| self.not_verified("no hash of the access token", &error))?;
            if actual != *expected {
                let why = "the access token is not the one of the ID token";
                return Err(self.not_verified(why, &why));
            }
        }
        let mut email = claims.email().map(|email| email.as_str().to_owned());
        let mut verified = claims.email_verified().unwrap_or(false);
        let mut name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
        let mut image = claims.picture().and_then(|it| it.get(None)).map(|it| it.as_str().to_owned());
        if email.is_none()
            && let Ok(request) = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        {
            let info: Result<CoreUserInfoClaims, _> = request.request_async(&http).await;
            let info = info.map_err(|error| self.provider("no user info", &detail(&error)))?;
            email = info.email().map(|email| email.as_str().to_owned());
            verified = info.email_verified().unwrap_or(false);
            name = name.or_else(|| info.name().and_then(|it| it.get(None)).map(|it| it.as_str().to_owned()));
            image = image.or_else(|| info.picture().and_then(|it| it.get(None)).map(|it| it.as_str().to_owned()));
        }
        let scope = tokens.scopes().map(|scopes| scopes.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(" "));
        Ok(Profile {
            subject: claims.subject().as_str().to_owned(),
            email,
            email_verified: verified,
            name,
            image,
            kind: "oidc",
            access_token: tokens.access_token().secret().clone(),
            refresh_token: tokens.refresh_token().map(|token| token.secret().clone()),
            expires_in: tokens.expires_in(),
            scope,
            id_token: Some(id_token.to_string()),
        })
    }
}

/// An error with what caused it: the library's own sentence says only where.
pub(super) fn detail(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text.chars().take(500).collect()
}
