-- What `estafette import` keeps of its work: where it stands (so that it can be killed and goes on), what the database held
-- before (so that counts and sums can be checked), and every row of the old database that was not taken as it was.
--
-- Locks taken: none on existing rows. Undo: drop the four tables; nothing else refers to them.

CREATE TABLE cv.import_runs (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL,                 -- host:port/database/schema, never a password
    baseline    jsonb NOT NULL,                -- counts and sums of this database before the first run
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    report      jsonb
);
-- One import at a time: a second start goes on with the open one.
CREATE UNIQUE INDEX import_runs_open_key ON cv.import_runs ((finished_at IS NULL)) WHERE finished_at IS NULL;

CREATE TABLE cv.import_progress (
    run_id     integer NOT NULL REFERENCES cv.import_runs (id) ON DELETE CASCADE,
    stage      text NOT NULL,                  -- a model of the old schema, or a model and what is done to it
    last_key   text,                           -- every row up to this key is done
    done       boolean NOT NULL DEFAULT false,
    read       bigint NOT NULL DEFAULT 0,
    taken      bigint NOT NULL DEFAULT 0,
    there      bigint NOT NULL DEFAULT 0,      -- in this database already
    merged     bigint NOT NULL DEFAULT 0,      -- added to, or written over, a row that means the same
    rejected   bigint NOT NULL DEFAULT 0,
    changed    bigint NOT NULL DEFAULT 0,      -- notes of `kind` changed
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, stage)
);

-- Notes go with the person (erasure), where the person is known.
CREATE TABLE cv.import_notes (
    id       bigint GENERATED ALWAYS AS IDENTITY,
    model    text NOT NULL,
    key      text NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('rejected', 'changed', 'merged')),
    reason   text NOT NULL,
    detail   text NOT NULL,
    old      jsonb,                            -- rejected: the whole row; changed: what stood there
    user_id  text REFERENCES cv.users (id) ON DELETE CASCADE,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (model, key, kind, reason)
);
CREATE INDEX import_notes_user_id_idx ON cv.import_notes (user_id);
CREATE INDEX import_notes_kind_reason_idx ON cv.import_notes (kind, reason);

-- Rows that exist in both (plans, settings, prices, templates) keep this database's id.
CREATE TABLE cv.import_ids (
    model   text NOT NULL,
    old_key text NOT NULL,
    new_key text NOT NULL,
    PRIMARY KEY (model, old_key)
);
