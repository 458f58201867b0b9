//! Signing in with accounts of other providers: Google and Apple by OpenID Connect, GitHub by OAuth 2.0 and its API.
//! Authorization code with PKCE, state and nonce; what the providers give us is kept encrypted (G14).
//!
//! | module | holds |
//! |---|---|
//! | [`oidc`] | OpenID Connect |
//! | [`github`] | GitHub |
//! | [`apple`] | Apple's client secret |
//! | [`client`] | the HTTP client, and what is kept of an answer |

pub mod apple;
pub mod client;
pub mod github;
pub mod oidc;

use crate::auth::Sealer;
use crate::config::Settings;
use client::Http;
use estafette_protocol::cv::status::OauthProvider;
use github::Github;
use oidc::{ClientSecret, Oidc};
use std::sync::Arc;
use std::time::Duration;

/// What the tokens are sealed for.
const PURPOSE: &str = "oauth";

/// A sign-in that begins: where the browser goes, and what its end needs.
#[derive(Debug, Clone)]
pub struct Begun {
    /// At the provider.
    pub url: String,
    /// What comes back with the answer.
    pub state: String,
    /// What the ID token must carry.
    pub nonce: String,
    /// PKCE's verifier.
    pub verifier: String,
}

/// Who somebody is at a provider.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Their id there, which never changes.
    pub subject: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether the provider says that it is theirs.
    pub email_verified: bool,
    /// Their name.
    pub name: Option<String>,
    /// A picture.
    pub image: Option<String>,
    /// `oidc` or `oauth`.
    pub kind: &'static str,
    /// For the provider's API.
    pub access_token: String,
    /// For a new one.
    pub refresh_token: Option<String>,
    /// Life of the access token, from now on.
    pub expires_in: Option<Duration>,
    /// What it allows.
    pub scope: Option<String>,
    /// What they signed in with.
    pub id_token: Option<String>,
}

/// Why a sign-in at a provider did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OauthError {
    /// The provider does not answer, or not as it should.
    #[error("{0} does not answer as it should: try again")]
    Provider(&'static str),
    /// The answer cannot be believed: wrong signature, nonce, audience, code.
    #[error("the answer of {0} could not be verified: try again")]
    NotVerified(&'static str),
}

/// What people call a provider.
pub const fn label(provider: OauthProvider) -> &'static str {
    match provider {
        OauthProvider::Google => "Google",
        OauthProvider::Github => "GitHub",
        OauthProvider::Apple => "Apple",
    }
}

/// The providers that are set up. Cheap to clone.
#[derive(Clone)]
pub struct Oauth(Option<Arc<Inner>>);

struct Inner {
    sealer: Sealer,
    public_url: String,
    google: Option<Oidc>,
    apple: Option<Oidc>,
    github: Option<Github>,
}

impl Oauth {
    /// No provider.
    pub const fn none() -> Self {
        Self(None)
    }

    /// From the settings, which were checked.
    ///
    /// # Errors
    /// A sentence that says which setting cannot be used.
    pub fn from_settings(settings: &Settings) -> Result<Self, String> {
        let given = &settings.oauth;
        if given.key.is_empty() {
            return Ok(Self::none());
        }
        let sealer = Sealer::derived(given.key.expose().as_bytes(), PURPOSE).map_err(|error| error.to_string())?;
        let http = Http::new()?;
        let public_url = settings.public_url();
        let back = |provider: OauthProvider| format!("{public_url}/v1/cv/auth/oauth/{provider}/callback");
        let google = (!given.google_client_id.is_empty()).then(|| {
            let secret = ClientSecret::Fixed(given.google_client_secret.expose().to_owned());
            let back = back(OauthProvider::Google);
            Oidc::new("Google", &given.google_issuer, &given.google_client_id, secret, back, http.clone())
        });
        let apple = if given.apple_client_id.is_empty() {
            None
        } else {
            let secret = ClientSecret::Apple(apple::Secret::load(given)?);
            let back = back(OauthProvider::Apple);
            Some(Oidc::new("Apple", &given.apple_issuer, &given.apple_client_id, secret, back, http.clone()))
        };
        let github =
            (!given.github_client_id.is_empty()).then(|| Github::new(given, back(OauthProvider::Github), http.clone()));
        Ok(Self(Some(Arc::new(Inner {
            sealer,
            google: google.transpose()?,
            apple: apple.transpose()?,
            github: github.transpose()?,
            public_url,
        }))))
    }

    /// The providers that are set up.
    pub fn providers(&self) -> Vec<OauthProvider> {
        let Some(inner) = &self.0 else { return Vec::new() };
        let set_up = |provider: &OauthProvider| match provider {
            OauthProvider::Google => inner.google.is_some(),
            OauthProvider::Github => inner.github.is_some(),
            OauthProvider::Apple => inner.apple.is_some(),
        };
        OauthProvider::ALL.iter().copied().filter(set_up).collect()
    }

    /// Encrypts a token for a row. None when nothing is set up.
    ///
    /// # Errors
    /// A sentence: a defect.
    pub fn seal(&self, row: &str, token: &str) -> Result<Option<String>, String> {
        let Some(inner) = &self.0 else { return Ok(None) };
        inner.sealer.seal(row, token).map(Some).map_err(|error| error.to_string())
    }

    /// Decrypts a text of a row.
    pub fn unseal(&self, row: &str, sealed: &str) -> Option<String> {
        self.0.as_ref()?.sealer.open(row, sealed).ok()
    }

    /// Whether browsers reach this server by https only.
    pub fn is_https(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.public_url.starts_with("https://"))
    }

    /// Begins a sign-in. None: the provider is not set up.
    ///
    /// # Errors
    /// [`OauthError`] when the provider does not answer.
    pub async fn begin(&self, provider: OauthProvider) -> Option<Result<Begun, OauthError>> {
        let inner = self.0.as_ref()?;
        Some(match provider {
            OauthProvider::Google => inner.google.as_ref()?.begin().await,
            OauthProvider::Apple => inner.apple.as_ref()?.begin().await,
            OauthProvider::Github => Ok(inner.github.as_ref()?.begin()),
        })
    }

    /// Ends a sign-in: exchanges the code and verifies who it is. None: the provider is not set up.
    ///
    /// # Errors
    /// [`OauthError`].
    pub async fn finish(
        &self,
        provider: OauthProvider,
        code: String,
        nonce: String,
        verifier: String,
    ) -> Option<Result<Profile, OauthError>> {
        let inner = self.0.as_ref()?;
        Some(match provider {
            OauthProvider::Google => inner.google.as_ref()?.finish(code, nonce, verifier).await,
            OauthProvider::Apple => inner.apple.as_ref()?.finish(code, nonce, verifier).await,
            OauthProvider::Github => inner.github.as_ref()?.finish(code, verifier).await,
        })
    }
}
