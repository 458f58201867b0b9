//! GitHub: OAuth 2.0, and its API for who it is.

use super::client::Http;
use super::oidc::detail;
use super::{Begun, OauthError, Profile};
use crate::config::table::Oauth as OauthSettings;
use oauth2::basic::BasicClient;
use oauth2::http::header::{ACCEPT, AUTHORIZATION};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, HttpRequest,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _, TokenUrl,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const NAME: &str = "GitHub";
/// Addresses of a person that are looked at; GitHub pages by 30.
const ADDRESSES: &str = "/user/emails?per_page=100";

type Basic = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// GitHub, or a GitHub Enterprise.
pub struct Github {
    client: Basic,
    api: String,
    http: Http,
}

#[derive(Deserialize)]
struct User {
    id: u64,
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    avatar_url: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    verified: bool,
}

impl Github {
    /// From the settings.
    ///
    /// # Errors
    /// A sentence: an address that is none.
    pub fn new(settings: &OauthSettings, back: String, http: Http) -> Result<Self, String> {
        let base = settings.github_url.trim_end_matches('/');
        let wrong = |error: oauth2::url::ParseError| format!("GitHub's address {base:?}: {error}");
        let client = BasicClient::new(ClientId::new(settings.github_client_id.clone()))
            .set_client_secret(ClientSecret::new(settings.github_client_secret.expose().to_owned()))
            .set_auth_uri(AuthUrl::new(format!("{base}/login/oauth/authorize")).map_err(wrong)?)
            .set_token_uri(TokenUrl::new(format!("{base}/login/oauth/access_token")).map_err(wrong)?)
            .set_redirect_uri(RedirectUrl::new(back).map_err(wrong)?)
            .set_auth_type(AuthType::RequestBody);
        Ok(Self { client, api: settings.github_api_url.trim_end_matches('/').to_owned(), http })
    }

    /// Where the browser goes. There is no nonce: GitHub gives no ID token.
    pub fn begin(&self) -> Begun {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = self.client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
        let request = request.add_scopes(["read:user", "user:email"].map(|scope| Scope::new(scope.to_owned())));
        let (url, state) = request.url();
        Begun {
            url: url.to_string(),
            state: state.into_secret(),
            nonce: String::new(),
            verifier: verifier.into_secret(),
        }
    }

    /// Exchanges the code and asks who it is.
    ///
    /// # Errors
    /// [`OauthError`].
    pub async fn finish(&self, code: String, verifier: String) -> Result<Profile, OauthError> {
        let http = |request: HttpRequest| self.http.ask(request);
        let request = self.client.exchange_code(AuthorizationCode::new(code));
        let answer = request.set_pkce_verifier(PkceCodeVerifier::new(verifier)).request_async(&http).await;
        let tokens = answer.map_err(|error| {
            tracing::warn!(provider = NAME, error = detail(&error), "the code was not exchanged");
            OauthError::NotVerified(NAME)
        })?;
        let token = tokens.access_token().secret();
        let user: User = self.read(token, "/user").await?;
        let addresses: Vec<Address> = self.read(token, ADDRESSES).await?;
        // The primary one that is verified; else any verified one; else the primary one.
        let best = addresses.into_iter().max_by_key(|address| (address.verified, address.primary));
        let scope = tokens.scopes().map(|scopes| scopes.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(" "));
        Ok(Profile {
            subject: user.id.to_string(),
            email_verified: best.as_ref().is_some_and(|address| address.verified),
            email: best.map(|address| address.email),
            name: user.name.or(user.login),
            image: user.avatar_url,
            kind: "oauth",
            access_token: token.clone(),
            refresh_token: tokens.refresh_token().map(|token| token.secret().clone()),
            expires_in: tokens.expires_in(),
            scope,
            id_token: None,
        })
    }

    async fn read<T: DeserializeOwned>(&self, token: &str, path: &str) -> Result<T, OauthError> {
        let failed = |error: &dyn std::fmt::Display| {
            tracing::warn!(provider = NAME, %error, path, "no answer of the API");
            OauthError::Provider(NAME)
        };
        let request = oauth2::http::Request::get(format!("{}{path}", self.api))
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(ACCEPT, "application/vnd.github+json")
            .body(Vec::new())
            .map_err(|error| failed(&error))?;
        let answer = self.http.ask(request).await.map_err(|error| failed(&error))?;
        if !answer.status().is_success() {
            return Err(failed(&answer.status()));
        }
        serde_json::from_slice(answer.body()).map_err(|error| failed(&error))
    }
}
