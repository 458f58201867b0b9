-- The CV product lives in a schema of its own: its users, documents, tasks' product view and ledger. The runtime's
-- tables (leases, steps, events) are in `runtime`; the two meet only in task ids.
--
-- Conventions: ids are CUID2 texts made by the server (no SQL default, so that an id is known before the insert);
-- closed vocabularies are text with a CHECK, because a Postgres enum cannot lose a word and each word is mirrored by a
-- Rust enum; constraints keep Postgres' default names, which the server matches to tell a caller what collided.
CREATE SCHEMA IF NOT EXISTS cv;

CREATE TABLE cv.users (
    id                 text PRIMARY KEY,
    name               text,
    email              text UNIQUE CHECK (email = lower(email)),  -- one account per address, whatever its case
    email_verified     timestamptz,
    password_hash      text,                                      -- bcrypt; null: no password (OAuth only)
    image              text,
    role               text NOT NULL DEFAULT 'USER' CHECK (role IN ('USER', 'ADMIN')),
    reset_token        text UNIQUE,                               -- SHA-256 hex: a leak of this table opens nothing
    reset_token_expiry timestamptz,
    stripe_customer_id text UNIQUE,
    referral_code      text UNIQUE,
    referred_by        text REFERENCES cv.users (id) ON DELETE SET NULL,
    onboarding_state   jsonb,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX users_referred_by_idx ON cv.users (referred_by);

CREATE TABLE cv.accounts (
    id                  text PRIMARY KEY,
    user_id             text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    type                text NOT NULL,
    provider            text NOT NULL CHECK (provider IN ('google', 'github', 'apple')),
    provider_account_id text NOT NULL,
    refresh_token       text,                                     -- encrypted before it gets here
    access_token        text,                                     -- encrypted before it gets here
    expires_at          bigint,                                   -- Unix seconds; int4 would end in 2038
    token_type          text,
    scope               text,
    id_token            text,
    session_state       text,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider, provider_account_id)
);
CREATE INDEX accounts_user_id_idx ON cv.accounts (user_id);

-- The four kinds of one-time token hold SHA-256 hex, never the token; each has an index on its end for the sweep.
CREATE TABLE cv.email_verification_tokens (
    id         text PRIMARY KEY,
    user_id    text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    token      text NOT NULL UNIQUE,
    expires    timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX email_verification_tokens_user_id_idx ON cv.email_verification_tokens (user_id);
CREATE INDEX email_verification_tokens_expires_idx ON cv.email_verification_tokens (expires);

CREATE TABLE cv.auto_sign_in_tokens (
    id         text PRIMARY KEY,
    user_id    text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    token      text NOT NULL UNIQUE,
    expires    timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX auto_sign_in_tokens_user_id_idx ON cv.auto_sign_in_tokens (user_id);
CREATE INDEX auto_sign_in_tokens_expires_idx ON cv.auto_sign_in_tokens (expires);

-- Both addresses must confirm before the change happens: two tokens, two instants.
CREATE TABLE cv.email_change_requests (
    id                   text PRIMARY KEY,
    user_id              text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    new_email            text NOT NULL CHECK (new_email = lower(new_email)),
    token                text NOT NULL UNIQUE,
    expires              timestamptz NOT NULL,
    created_at           timestamptz NOT NULL DEFAULT now(),
    current_confirmed_at timestamptz,
    new_confirmed_at     timestamptz,
    current_token        text UNIQUE
);
CREATE INDEX email_change_requests_user_id_idx ON cv.email_change_requests (user_id);
CREATE INDEX email_change_requests_expires_idx ON cv.email_change_requests (expires);

CREATE TABLE cv.verification_tokens (
    identifier text NOT NULL,
    token      text NOT NULL UNIQUE,
    expires    timestamptz NOT NULL,
    PRIMARY KEY (identifier, token)
);
CREATE INDEX verification_tokens_expires_idx ON cv.verification_tokens (expires);
