-- CVs, their history, and the job offers they are adapted to. Foreign keys that point to tables which do not exist yet
-- (tasks and credits refer to CVs and the other way round) follow in 0006.

CREATE TABLE cv.job_offers (
    id               text PRIMARY KEY,
    user_id          text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    source_type      text NOT NULL CHECK (source_type IN ('url', 'pdf', 'text')),
    source_value     text NOT NULL,
    content_hash     text,                                        -- SHA-256 hex of the PDF or the text
    content          jsonb NOT NULL,
    extracted_at     timestamptz NOT NULL DEFAULT now(),
    extraction_model text NOT NULL,
    tokens_used      integer NOT NULL DEFAULT 0 CHECK (tokens_used >= 0),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, source_value)
);
-- The same file under another name is the same offer: it is not paid for twice.
CREATE UNIQUE INDEX job_offers_user_id_content_hash_key ON cv.job_offers (user_id, content_hash)
    WHERE content_hash IS NOT NULL;

CREATE TABLE cv.cv_files (
    id                      text PRIMARY KEY,
    user_id                 text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    filename                text NOT NULL,
    content                 jsonb,
    content_version         integer NOT NULL DEFAULT 1 CHECK (content_version >= 1),
    -- Moves with every change of `content`; who edits must know the current one, so no edit is lost silently.
    content_rev             bigint NOT NULL DEFAULT 0,
    source_type             text CHECK (source_type IN ('manual', 'link', 'pdf', 'import', 'generation')),
    source_value            text,
    job_offer_id            text REFERENCES cv.job_offers (id) ON DELETE SET NULL,
    created_by              text CHECK (created_by IN ('generate-cv', 'import-pdf', 'translate-cv',
                                                       'create-template-cv', 'generate-cv-from-job-title')),
    original_created_by     text,
    language                text,
    is_translated           boolean NOT NULL DEFAULT false,
    match_score             integer CHECK (match_score BETWEEN 0 AND 100),
    score_before            integer CHECK (score_before BETWEEN 0 AND 100),
    match_score_updated_at  timestamptz,
    match_score_status      text NOT NULL DEFAULT 'idle'
                            CHECK (match_score_status IN ('idle', 'inprogress', 'done', 'failed')),
    score_breakdown         jsonb,
    improvement_suggestions jsonb,
    missing_skills          jsonb,
    matching_skills         jsonb,
    optimise_status         text NOT NULL DEFAULT 'idle'
                            CHECK (optimise_status IN ('idle', 'inprogress', 'done', 'failed')),
    optimise_updated_at     timestamptz,
    pending_changes         jsonb,
    pending_source_version  integer,
    created_with_credit     boolean NOT NULL DEFAULT false,
    credit_used_at          timestamptz,
    credit_transaction_id   text UNIQUE,
    blocked                 boolean NOT NULL DEFAULT false,
    blocked_at              timestamptz,
    blocked_reason          text,
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, filename),
    -- Changes without the version they are shown against, or the reverse, could not be reviewed.
    CONSTRAINT cv_files_pending_check CHECK ((pending_changes IS NULL) = (pending_source_version IS NULL)),
    CONSTRAINT cv_files_blocked_at_check CHECK (blocked = (blocked_at IS NOT NULL))
);
CREATE INDEX cv_files_user_id_created_at_idx ON cv.cv_files (user_id, created_at DESC);
CREATE INDEX cv_files_job_offer_id_idx ON cv.cv_files (job_offer_id);

CREATE TABLE cv.cv_versions (
    id                      text PRIMARY KEY,
    cv_file_id              text NOT NULL REFERENCES cv.cv_files (id) ON DELETE CASCADE,
    version                 integer NOT NULL CHECK (version >= 1),
    content                 jsonb NOT NULL,
    changelog               text,
    change_type             text CHECK (change_type IN ('optimization', 'adaptation', 'restore')),
    source_file             text,
    match_score             integer CHECK (match_score BETWEEN 0 AND 100),
    score_breakdown         jsonb,
    improvement_suggestions jsonb,
    missing_skills          jsonb,
    matching_skills         jsonb,
    created_at              timestamptz NOT NULL DEFAULT now(),
    UNIQUE (cv_file_id, version)
);
CREATE INDEX cv_versions_cv_file_id_created_at_idx ON cv.cv_versions (cv_file_id, created_at DESC);

CREATE TABLE cv.export_templates (
    id         text PRIMARY KEY,
    user_id    text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    name       text NOT NULL,
    selections jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, name)
);

-- Input files until the task has read them: a sweep removes them 24 h after their task has ended.
CREATE TABLE cv.uploads (
    id         text PRIMARY KEY,
    user_id    text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('cv_pdf', 'offer_pdf')),
    filename   text NOT NULL,
    mime_type  text NOT NULL,
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    sha256     text NOT NULL,
    bytes      bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX uploads_user_id_idx ON cv.uploads (user_id);
CREATE INDEX uploads_expires_at_idx ON cv.uploads (expires_at);
-- A PDF is compressed already: storing it out of line uncompressed saves the attempt to compress it again.
ALTER TABLE cv.uploads ALTER COLUMN bytes SET STORAGE EXTERNAL;
