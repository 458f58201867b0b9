-- The product's view of its tasks. The engine's own rows (runtime schema) hold lease, attempts and the step graph; the
-- rows here have the same ids and are written in the same commits, so the two never disagree.

CREATE TABLE cv.background_tasks (
    id                           text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    title                        text NOT NULL,
    success_message              text,
    type                         text NOT NULL
                                 CHECK (type IN ('generate-cv', 'improve-cv', 'import-pdf', 'translate-cv',
                                                 'create-template-cv', 'generate-cv-from-job-title',
                                                 'calculate-match-score', 'test')),
    status                       text NOT NULL DEFAULT 'queued'
                                 CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    created_at                   bigint NOT NULL DEFAULT (extract(epoch from clock_timestamp()) * 1000)::bigint,
    should_update_cv_list        boolean NOT NULL DEFAULT false,
    result                       jsonb,
    error                        text,
    payload                      jsonb,
    device_id                    text NOT NULL,
    user_id                      text REFERENCES cv.users (id) ON DELETE CASCADE,  -- null: an anonymous device
    cv_file                      text,                                             -- a file name, not an id
    credit_used                  boolean NOT NULL DEFAULT false,
    credit_transaction_id        text UNIQUE,
    feature_name                 text,
    -- The period whose counter was debited: a refund after the period's end must not touch the next one's.
    feature_counter_period_start timestamptz,
    updated_at                   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX background_tasks_created_at_idx ON cv.background_tasks (created_at);
CREATE INDEX background_tasks_device_id_idx ON cv.background_tasks (device_id);
CREATE INDEX background_tasks_status_idx ON cv.background_tasks (status);
CREATE INDEX background_tasks_cv_file_status_idx ON cv.background_tasks (cv_file, status);
CREATE INDEX background_tasks_user_id_created_at_idx ON cv.background_tasks (user_id, created_at DESC);

CREATE TABLE cv.cv_generation_tasks (
    id                text PRIMARY KEY,                        -- the background task's id
    user_id           text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    source_cv_file_id text NOT NULL,                           -- no key: the history outlives the source CV
    mode              text NOT NULL CHECK (mode IN ('adapt', 'optimize')),
    status            text NOT NULL DEFAULT 'pending'
                      CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    total_offers      integer NOT NULL CHECK (total_offers >= 1),
    completed_offers  integer NOT NULL DEFAULT 0,
    credits_debited   integer NOT NULL DEFAULT 0 CHECK (credits_debited >= 0),
    credits_refunded  integer NOT NULL DEFAULT 0,
    error             text,
    started_at        timestamptz,
    completed_at      timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT cv_generation_tasks_completed_check CHECK (completed_offers BETWEEN 0 AND total_offers),
    CONSTRAINT cv_generation_tasks_refunded_check CHECK (credits_refunded BETWEEN 0 AND credits_debited)
);
CREATE INDEX cv_generation_tasks_user_id_created_at_idx ON cv.cv_generation_tasks (user_id, created_at DESC);
CREATE INDEX cv_generation_tasks_source_cv_file_id_idx ON cv.cv_generation_tasks (source_cv_file_id);
CREATE INDEX cv_generation_tasks_status_idx ON cv.cv_generation_tasks (status);

CREATE TABLE cv.cv_generation_offers (
    id                     text PRIMARY KEY,
    task_id                text NOT NULL REFERENCES cv.cv_generation_tasks (id) ON DELETE CASCADE,
    source_url             text,
    job_offer_id           text REFERENCES cv.job_offers (id) ON DELETE SET NULL,
    offer_index            integer NOT NULL CHECK (offer_index >= 0),
    status                 text NOT NULL DEFAULT 'pending'
                           CHECK (status IN ('pending', 'extracting', 'running', 'completed', 'failed', 'cancelled')),
    classification_result  jsonb,
    batch_results          jsonb,
    generated_cv_file_id   text REFERENCES cv.cv_files (id) ON DELETE SET NULL,
    generated_cv_file_name text,
    retry_count            integer NOT NULL DEFAULT 0,
    error                  text,
    credits_refunded       boolean NOT NULL DEFAULT false,
    credit_transaction_id  text UNIQUE,                        -- the debit of this offer; null: monthly allowance
    created_at             timestamptz NOT NULL DEFAULT now(),
    updated_at             timestamptz NOT NULL DEFAULT now(),
    UNIQUE (task_id, offer_index)
);
CREATE INDEX cv_generation_offers_status_idx ON cv.cv_generation_offers (status);
CREATE INDEX cv_generation_offers_job_offer_id_idx ON cv.cv_generation_offers (job_offer_id);
CREATE INDEX cv_generation_offers_generated_cv_file_id_idx ON cv.cv_generation_offers (generated_cv_file_id);

CREATE TABLE cv.cv_generation_subtasks (
    id                text PRIMARY KEY,
    offer_id          text NOT NULL REFERENCES cv.cv_generation_offers (id) ON DELETE CASCADE,
    type              text NOT NULL
                      CHECK (type IN ('extract', 'classify', 'batch_experience', 'batch_project', 'batch_extras',
                                      'batch_skills', 'batch_summary', 'recompose', 'match_score')),
    item_index        integer,
    status            text NOT NULL DEFAULT 'pending'
                      CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    input             jsonb,
    output            jsonb,
    modifications     jsonb,
    model_used        text,
    prompt_tokens     integer NOT NULL DEFAULT 0,
    cached_tokens     integer NOT NULL DEFAULT 0,
    completion_tokens integer NOT NULL DEFAULT 0,
    estimated_cost    numeric(14, 6) NOT NULL DEFAULT 0,       -- USD
    duration_ms       integer,
    retry_count       integer NOT NULL DEFAULT 0,
    error             text,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now()
);
-- coalesce, because a unique key treats two nulls as different and an offer has one `classify`.
CREATE UNIQUE INDEX cv_generation_subtasks_offer_id_type_item_key
    ON cv.cv_generation_subtasks (offer_id, type, coalesce(item_index, -1));
CREATE INDEX cv_generation_subtasks_status_idx ON cv.cv_generation_subtasks (status);
