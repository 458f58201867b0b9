//! People, sign-up, sign-in and tokens.

use super::status::{EmailChangeState, Lang, OauthProvider, Role};
use crate::{DeviceId, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A person, as they see themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
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
    /// In which language the server writes to them; null: they did not say.
    #[serde(default)]
    pub language: Option<Lang>,
    /// When they signed up.
    pub created_at: Timestamp,
}

/// Body of `POST /v1/cv/auth/sign-up`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
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
    /// In which language the server writes to them; `Accept-Language` when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<Lang>,
}

/// Body of `POST /v1/cv/auth/sign-in`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct RefreshRequest {
    /// The refresh token. It works once: the answer to a refresh has the next one.
    pub refresh_token: String,
}

/// Body of `POST /v1/cv/auth/sign-out`; may be missing while the access token is valid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SignOut {
    /// Ends the session once the access token has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub refresh_token: Option<String>,
}

/// Answer to sign-up, sign-in and refresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
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

/// Body of `POST /v1/cv/auth/device`: the first tokens of a device without a person, or its next ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct DeviceSignIn {
    /// The one of the last answer; without it the server makes a new device.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub refresh_token: Option<String>,
}

/// Tokens of a device without a person (cv G8): for `task.test`, `cv.create_template`, its tasks and `device:{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DeviceTokens {
    /// For `Authorization: Bearer` and `hello`.
    pub access_token: String,
    /// For the next tokens.
    pub refresh_token: String,
    /// Life of the access token, seconds.
    pub expires_in: u32,
    /// The device, whose topic is `device:{id}`.
    pub device: DeviceId,
}

/// Body of `POST /v1/cv/auth/verify-email` and of `POST /v1/cv/me/email-change/confirm`: the token of the e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct EmailToken {
    /// Works once.
    pub token: String,
}

/// Answer of `POST /v1/cv/auth/verify-email`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct EmailVerified {
    /// For `POST /v1/cv/auth/auto-sign-in`, once, within 10 minutes (cv R3).
    pub auto_sign_in_token: String,
}

/// Body of `POST /v1/cv/auth/auto-sign-in`. Answer: [`AuthTokens`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AutoSignIn {
    /// From `verify-email`, or from the address to which a sign-in at another provider leads back.
    pub token: String,
    /// This browser or app installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub device: Option<DeviceId>,
}

/// Body of `POST /v1/cv/auth/resend-verification` and `POST /v1/cv/auth/forgot-password`. The answer is the same
/// whether or not there is such an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct EmailOnly {
    /// The address.
    pub email: String,
}

/// Body of `POST /v1/cv/auth/reset-password`. Answer: [`AuthTokens`]; all other sessions of the person end (cv R4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ResetPassword {
    /// The token of the e-mail. Works once.
    pub token: String,
    /// The new password, 8 to 72 bytes.
    pub password: String,
    /// This browser or app installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub device: Option<DeviceId>,
}

/// Body of `PATCH /v1/cv/me`: what is missing stays, an empty text takes it away. Answer: [`User`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ProfilePatch {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// An https address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub image: Option<String>,
    /// In which language the server writes to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<Lang>,
}

/// Body of `POST /v1/cv/me/password`: all other sessions end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ChangePassword {
    /// The current one; missing only where there is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub current: Option<String>,
    /// The new one, 8 to 72 bytes.
    pub password: String,
}

/// Body of `DELETE /v1/cv/me`: so that nobody loses everything by accident.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DeleteAccount {
    /// The password, where the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub password: Option<String>,
    /// The account's own address, where it has no password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub email: Option<String>,
}

/// Body of `POST /v1/cv/me/email-change` (cv R5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ChangeEmail {
    /// The new address.
    pub new_email: String,
    /// The password, where the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub password: Option<String>,
}

/// A change of address that is under way, or has just happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct EmailChange {
    /// Where it stands. Two confirmations are missing at first: the current address is named then.
    pub state: EmailChangeState,
    /// The new address.
    pub new_email: String,
}

/// A session: one person on one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SessionInfo {
    /// Its id.
    pub id: SessionId,
    /// On which device, where known.
    pub device: Option<DeviceId>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// An account at another provider that can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct LinkedAccount {
    /// Its id here.
    pub id: String,
    /// The provider.
    pub provider: OauthProvider,
    /// Its id there.
    pub provider_account_id: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// Answer of `GET /v1/cv/me/accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct LinkedAccounts {
    /// The linked ones.
    pub items: Vec<LinkedAccount>,
    /// Whether a password is set: the last way to sign in cannot be taken away.
    pub has_password: bool,
    /// The providers that this server is set up for.
    pub providers: Vec<OauthProvider>,
}

/// Body of `POST /v1/cv/me/accounts`: links an account at a provider to this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct LinkAccount {
    /// The provider.
    pub provider: OauthProvider,
}

/// Answer of `POST /v1/cv/me/accounts`: lead the browser there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct OauthRedirect {
    /// At the provider.
    pub url: String,
}

/// Answer of `GET /v1/cv/auth/providers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct OauthProviders {
    /// The providers that this server is set up for.
    pub providers: Vec<OauthProvider>,
}
