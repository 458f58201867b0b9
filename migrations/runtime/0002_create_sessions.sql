-- Signed-in sessions and their refresh tokens, for all products (cv 3.1 G5: hashed, per device, revocable).
--
-- A session is one person on one device. Each refresh replaces the token: the used one stays as a row, so that a second
-- use of it (a stolen copy) is noticed and ends the session. Locks: creates only. Undo: drop both tables.

CREATE TABLE runtime.sessions (
    id text PRIMARY KEY,
    product text NOT NULL,
    user_id text NOT NULL,
    role text NOT NULL,
    device text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_reason text,
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);

-- "End every session of this user" (password changed, account blocked).
CREATE INDEX sessions_user ON runtime.sessions (product, user_id) WHERE revoked_at IS NULL;
-- The sweep of what has ended.
CREATE INDEX sessions_expiry ON runtime.sessions (expires_at);

CREATE TABLE runtime.refresh_tokens (
    -- Hex SHA-256 of a random token of 256 bits: a copy of the table lets nobody in.
    token_hash text PRIMARY KEY CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    session_id text NOT NULL REFERENCES runtime.sessions (id) ON DELETE CASCADE,
    product text NOT NULL,
    user_id text NOT NULL,
    device text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    -- The token that took its place: its hash, for the repetition of a refresh whose answer was lost.
    replaced_by text,
    CHECK ((used_at IS NULL) = (replaced_by IS NULL))
);

CREATE INDEX refresh_tokens_session ON runtime.refresh_tokens (session_id);
