//! What the server itself writes about (R61: these triggers cannot be deleted). Labels, variables and default templates
//! of each are in `migrations/cv/0022_seed_email.sql`.

/// A trigger that the server pulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// A new account: the address is to be confirmed (R3).
    EmailVerification,
    /// The address of a new account is confirmed.
    Welcome,
    /// Somebody forgot the password (R4).
    PasswordReset,
    /// The password was changed.
    PasswordChanged,
    /// A new address is asked for; to the current one (R5).
    EmailChangeCurrent,
    /// A new address is asked for; to the new one (R5).
    EmailChangeNew,
    /// The address was changed; to the one before.
    EmailChanged,
    /// An account at another provider was linked (R6).
    AccountLinked,
    /// The account was deleted (R8).
    AccountDeleted,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::EmailVerification,
        Self::Welcome,
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::EmailChangeCurrent,
        Self::EmailChangeNew,
        Self::EmailChanged,
        Self::AccountLinked,
        Self::AccountDeleted,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmailVerification => "email_verification",
            Self::Welcome => "welcome",
            Self::PasswordReset => "password_reset",
            Self::PasswordChanged => "password_changed",
            Self::EmailChangeCurrent => "email_change_current",
            Self::EmailChangeNew => "email_change_new",
            Self::EmailChanged => "email_changed",
            Self::AccountLinked => "account_linked",
            Self::AccountDeleted => "account_deleted",
        }
    }
}

/// Variables that every template may name.
pub const COMMON: [&str; 5] = ["app_name", "app_url", "user_name", "user_email", "trigger_label"];
