//! Access tokens: JWT, HS256 and nothing else, no leeway.

use super::key::TokenKey;
use chrono::{DateTime, Utc};
use estafette_actors::{AuthError, Identity};
use estafette_protocol::limits::MAX_TOKEN_BYTES;
use estafette_protocol::{ProductId, SessionId, UserId};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The product.
    pub product: ProductId,
    /// The user.
    pub sub: UserId,
    /// The session.
    pub sid: SessionId,
    /// The role, a word of the product.
    pub role: String,
    /// When it was made, Unix seconds.
    pub iat: i64,
    /// When it ends, Unix seconds.
    pub exp: i64,
}

/// Signs and checks access tokens.
pub struct TokenSigner {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl TokenSigner {
    /// With this key.
    pub fn new(key: &TokenKey) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp", "sub"]);
        Self {
            encoding: EncodingKey::from_secret(key.bytes()),
            decoding: DecodingKey::from_secret(key.bytes()),
            validation,
        }
    }

    /// A signed token.
    ///
    /// # Errors
    /// Never in practice: the claims are always JSON.
    pub fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
    }

    /// Who a token stands for, if its signature holds and its time is not over. Does not know whether the session ended.
    ///
    /// # Errors
    /// [`AuthError::Invalid`], [`AuthError::Expired`].
    pub fn check(&self, token: &str) -> Result<Identity, AuthError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(AuthError::Invalid);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => AuthError::Expired,
                _ => AuthError::Invalid,
            })?
            .claims;
        let expires_at = DateTime::<Utc>::from_timestamp(claims.exp, 0).ok_or(AuthError::Invalid)?;
        // The library lets a token live through its last second.
        if expires_at <= Utc::now() {
            return Err(AuthError::Expired);
        }
        Ok(Identity {
            product: claims.product,
            user: claims.sub,
            session: claims.sid,
            role: claims.role,
            device: None,
            expires_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;

    fn claims(seconds: i64) -> Claims {
        let now = Utc::now().timestamp();
        Claims {
            product: ProductId::parse("cv").unwrap(),
            sub: UserId::parse("u1").unwrap(),
            sid: SessionId::parse("s1").unwrap(),
            role: "USER".into(),
            iat: now,
            exp: now + seconds,
        }
    }

    #[test]
    fn a_token_stands_for_its_claims_until_its_second() {
        let signer = TokenSigner::new(&TokenKey::random());
        let who = signer.check(&signer.sign(&claims(60)).unwrap()).unwrap();
        assert_eq!(
            (who.product.as_str(), who.user.as_str(), who.session.as_str(), &*who.role),
            ("cv", "u1", "s1", "USER")
        );
        for past in [0, -1, -3600] {
            assert_eq!(signer.check(&signer.sign(&claims(past)).unwrap()), Err(AuthError::Expired), "{past}");
        }
    }

    #[test]
    fn another_key_another_algorithm_and_garbage_are_not_accepted() {
        let signer = TokenSigner::new(&TokenKey::new([7; 32]));
        let foreign = TokenSigner::new(&TokenKey::random()).sign(&claims(60)).unwrap();
        let other =
            jsonwebtoken::encode(&Header::new(Algorithm::HS512), &claims(60), &EncodingKey::from_secret(&[7; 32]))
                .unwrap();
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let body = serde_json::to_string(&claims(60)).unwrap();
        let none = format!("{}.{}.", encode(r#"{"alg":"none","typ":"JWT"}"#), encode(&body));
        let own = signer.sign(&claims(60)).unwrap();
        let tampered = own.replacen('.', ".e", 1);
        let long = "x".repeat(MAX_TOKEN_BYTES + 1);
        for token in [&foreign, &other, &none, &tampered, &long, "", "a.b.c", "ü"] {
            assert_eq!(signer.check(token), Err(AuthError::Invalid), "{token}");
        }
    }
}
