//! Apple's client secret: a token of a few minutes that the team's key signs.

use crate::config::table::Oauth as OauthSettings;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

/// Life of a secret, seconds.
const LIFE: i64 = 300;

/// Makes client secrets.
pub struct Secret {
    key: EncodingKey,
    key_id: String,
    team: String,
    client: String,
    audience: String,
}

impl Secret {
    /// From the settings: the key is read from its file.
    ///
    /// # Errors
    /// A sentence: the file cannot be read, or has no such key.
    pub fn load(settings: &OauthSettings) -> Result<Self, String> {
        let path = &settings.apple_private_key;
        let wrong = |why: String| format!("Apple's private key {} cannot be used: {why}", path.display());
        let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let key = EncodingKey::from_ec_pem(&pem).map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            key,
            key_id: settings.apple_key_id.clone(),
            team: settings.apple_team_id.clone(),
            client: settings.apple_client_id.clone(),
            audience: settings.apple_issuer.trim_end_matches('/').to_owned(),
        })
    }

    /// A secret for now.
    ///
    /// # Errors
    /// A defect.
    pub fn now(&self) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.key_id.clone());
        let now = chrono::Utc::now().timestamp();
        let claims = json!({"iss": self.team, "iat": now, "exp": now + LIFE, "aud": self.audience, "sub": self.client});
        jsonwebtoken::encode(&header, &claims, &self.key)
    }
}
