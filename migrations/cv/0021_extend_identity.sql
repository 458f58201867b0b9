-- The language in which the server writes to a person, and sign-ins at other providers that are under way.
--
-- Why a table: the answer of the provider may reach another node than the one that asked. A row works once; `state` and
-- `browser` (a cookie, so that nobody can be made to finish somebody else's sign-in) are kept as SHA-256 hex, the
-- verifier of PKCE encrypted.
-- Locks: ACCESS EXCLUSIVE on cv.users for a moment (a nullable column whose check holds for null).
-- Undo: ALTER TABLE cv.users DROP COLUMN language; DROP TABLE cv.oauth_requests.

ALTER TABLE cv.users ADD COLUMN language text CHECK (language IN ('fr', 'en'));

CREATE TABLE cv.oauth_requests (
    state         text PRIMARY KEY,
    provider      text NOT NULL CHECK (provider IN ('google', 'github', 'apple')),
    browser       text NOT NULL,
    nonce         text NOT NULL,
    verifier      text NOT NULL,
    user_id       text REFERENCES cv.users (id) ON DELETE CASCADE,   -- who links; null: a sign-in
    language      text CHECK (language IN ('fr', 'en')),
    expires       timestamptz NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX oauth_requests_user_id_idx ON cv.oauth_requests (user_id);
CREATE INDEX oauth_requests_expires_idx ON cv.oauth_requests (expires);
