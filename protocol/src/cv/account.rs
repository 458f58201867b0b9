//! People, sign-up, sign-in and tokens.

use super::status::Role;
use crate::{DeviceId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A person, as they see themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: Option<String>,
    /// Their address, lower case.
    pub email: Option<String>,
    /// When the address was confirmed.
    pub email_verified: Option<Timestamp>,
    /// URL of a picture.
    pub image: Option<String>,
    /// What they may do.
    pub role: Role,
    /// When they signed up.
    pub created_at: Timestamp,
}

/// Body of `POST /v1/cv/auth/sign-up`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SignUp {
    /// The address; compared in lower case (cv R1).
    pub email: String,
    /// 8 to 72 bytes.
    pub password: String,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// The code of the person who referred this one (cv R56).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub referral_code: Option<String>,
    /// This browser or app installation, so that it can be signed out alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub device: Option<DeviceId>,
}

/// Body of `POST /v1/cv/auth/sign-in`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SignIn {
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
    /// This browser or app installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub device: Option<DeviceId>,
}

/// Body of `POST /v1/cv/auth/refresh`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RefreshRequest {
    /// The refresh token. It works once: the answer to a refresh has the next one.
    pub refresh_token: String,
}

/// Body of `POST /v1/cv/auth/sign-out`; may be missing while the access token is valid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SignOut {
    /// Ends the session once the access token has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub refresh_token: Option<String>,
}

/// Answer to sign-up, sign-in and refresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuthTokens {
    /// For `Authorization: Bearer` and `hello`.
    pub access_token: String,
    /// For the next refresh.
    pub refresh_token: String,
    /// Life of the access token, seconds.
    pub expires_in: u32,
    /// Who signed in.
    pub user: User,
}
