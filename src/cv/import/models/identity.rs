//! People, their accounts elsewhere, one-time tokens (1.1).

use crate::cv::import::model::{Column, Draft, Else, How, ID, Key, Merge, Model, Words, col};

const ROLES: Words = &[("USER", "USER"), ("ADMIN", "ADMIN")];
const PROVIDERS: Words = &[("google", "google"), ("github", "github"), ("apple", "apple")];

const TOKEN: &[Column] = &[
    col("id", "id", How::Id),
    col("userId", "user_id", How::Owner("users")),
    col("token", "token", How::Token),
    col("expires", "expires", How::Same),
    col("createdAt", "created_at", How::Same),
];

/// In the order of writing.
pub(super) const MODELS: &[Model] = &[
    Model {
        name: "User",
        table: "users",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("name", "name", How::Same),
            col("email", "email", How::Email),
            col("emailVerified", "email_verified", How::Same),
            col("passwordHash", "password_hash", How::Bcrypt),
            col("image", "image", How::Same),
            col("role", "role", How::Word(ROLES, Else::Is("USER"))),
            col("resetToken", "reset_token", How::Token),
            col("resetTokenExpiry", "reset_token_expiry", How::Same),
            col("stripeCustomerId", "stripe_customer_id", How::Same),
            col("referralCode", "referral_code", How::Same),
            col("referredBy", "referred_by", How::Link("users")),
            col("onboardingState", "onboarding_state", How::Json(Else::Null)),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[
            ("users_email_key", "email"),
            ("users_reset_token_key", "reset_token"),
            ("users_stripe_customer_id_key", "stripe_customer_id"),
            ("users_referral_code_key", "referral_code"),
        ],
        mend: None,
        sums: &[],
    },
    Model {
        name: "Account",
        table: "accounts",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("type", "type", How::Or("\"oauth\"")),
            col("provider", "provider", How::Word(PROVIDERS, Else::Refuse)),
            col("providerAccountId", "provider_account_id", How::Same),
            col("refresh_token", "refresh_token", How::Dropped),
            col("access_token", "access_token", How::Dropped),
            col("expires_at", "expires_at", How::Same),
            col("token_type", "token_type", How::Same),
            col("scope", "scope", How::Same),
            col("id_token", "id_token", How::Dropped),
            col("session_state", "session_state", How::Dropped),
            col("createdAt", "created_at", How::Same),
            col("updatedAt", "updated_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[],
    },
    token("EmailVerificationToken", "email_verification_tokens"),
    token("AutoSignInToken", "auto_sign_in_tokens"),
    Model {
        name: "EmailChangeRequest",
        table: "email_change_requests",
        key: ID,
        columns: &[
            col("id", "id", How::Id),
            col("userId", "user_id", How::Owner("users")),
            col("newEmail", "new_email", How::Email),
            col("token", "token", How::Token),
            col("expires", "expires", How::Same),
            col("createdAt", "created_at", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: Some(address_needed),
        sums: &[],
    },
    Model {
        name: "VerificationToken",
        table: "verification_tokens",
        key: Key { old: "token", new: "token", number: false },
        columns: &[
            col("identifier", "identifier", How::Same),
            col("token", "token", How::Same),
            col("expires", "expires", How::Same),
        ],
        merge: Merge::Never,
        gives_up: &[],
        mend: None,
        sums: &[],
    },
];

const fn token(name: &'static str, table: &'static str) -> Model {
    Model { name, table, key: ID, columns: TOKEN, merge: Merge::Never, gives_up: &[], mend: None, sums: &[] }
}

fn address_needed(draft: &mut Draft) {
    if draft.get("new_email").is_null() || draft.notes.iter().any(|note| note.reason == "email_invalid") {
        draft.refuse("email_invalid", "the new address is none");
    }
}
