-- What AI costs, what people do, which addresses they used, and the settings.

CREATE TABLE cv.openai_pricing (
    id                                 text PRIMARY KEY,
    model_name                         text NOT NULL UNIQUE,
    input_price_per_m_token            numeric(14, 6) NOT NULL,   -- USD
    output_price_per_m_token           numeric(14, 6) NOT NULL,
    cache_price_per_m_token            numeric(14, 6) NOT NULL,
    input_price_per_m_token_priority   numeric(14, 6),
    output_price_per_m_token_priority  numeric(14, 6),
    cache_price_per_m_token_priority   numeric(14, 6),
    description                        text,
    is_active                          boolean NOT NULL DEFAULT true,
    created_at                         timestamptz NOT NULL DEFAULT now(),
    updated_at                         timestamptz NOT NULL DEFAULT now()
);

-- One row per user, feature, model and UTC day: the sum of the calls below. Sums are bigint, a busy model passes 2^31.
CREATE TABLE cv.openai_usage (
    id                text PRIMARY KEY,
    user_id           text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    feature_name      text NOT NULL,
    model             text NOT NULL,
    date              date NOT NULL,
    prompt_tokens     bigint NOT NULL DEFAULT 0,
    cached_tokens     bigint NOT NULL DEFAULT 0,
    completion_tokens bigint NOT NULL DEFAULT 0,
    total_tokens      bigint NOT NULL DEFAULT 0,
    estimated_cost    numeric(14, 6) NOT NULL DEFAULT 0,          -- USD
    calls_count       integer NOT NULL DEFAULT 0,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, feature_name, model, date)
);
CREATE INDEX openai_usage_feature_name_idx ON cv.openai_usage (feature_name);
CREATE INDEX openai_usage_model_idx ON cv.openai_usage (model);
CREATE INDEX openai_usage_date_idx ON cv.openai_usage (date);
CREATE INDEX openai_usage_user_id_date_idx ON cv.openai_usage (user_id, date);
CREATE INDEX openai_usage_feature_name_date_idx ON cv.openai_usage (feature_name, date);

CREATE TABLE cv.openai_alerts (
    id             text PRIMARY KEY,
    type           text NOT NULL,
    threshold      numeric(14, 6) NOT NULL CHECK (threshold >= 0),  -- USD
    enabled        boolean NOT NULL DEFAULT true,
    name           text NOT NULL,
    description    text,
    last_fired_key text,                                            -- scope and period: fires once a period
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE cv.openai_calls (
    id                text PRIMARY KEY,
    user_id           text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    feature_name      text NOT NULL,
    model             text NOT NULL,
    prompt_tokens     integer NOT NULL DEFAULT 0,
    cached_tokens     integer NOT NULL DEFAULT 0,
    completion_tokens integer NOT NULL DEFAULT 0,
    total_tokens      integer NOT NULL DEFAULT 0,
    estimated_cost    numeric(14, 6) NOT NULL DEFAULT 0,
    duration          integer,                                      -- ms
    metadata          jsonb,
    created_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX openai_calls_created_at_idx ON cv.openai_calls (created_at);
CREATE INDEX openai_calls_feature_name_created_at_idx ON cv.openai_calls (feature_name, created_at);
CREATE INDEX openai_calls_user_id_feature_name_idx ON cv.openai_calls (user_id, feature_name);

CREATE TABLE cv.telemetry_events (
    id         text PRIMARY KEY,
    user_id    text REFERENCES cv.users (id) ON DELETE CASCADE,
    type       text NOT NULL,
    category   text NOT NULL,
    metadata   jsonb,
    device_id  text,
    duration   integer,                                             -- ms
    status     text CHECK (status IN ('success', 'error', 'cancelled')),
    error      text,
    timestamp  timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX telemetry_events_type_idx ON cv.telemetry_events (type);
CREATE INDEX telemetry_events_category_idx ON cv.telemetry_events (category);
CREATE INDEX telemetry_events_device_id_idx ON cv.telemetry_events (device_id);
CREATE INDEX telemetry_events_timestamp_idx ON cv.telemetry_events (timestamp);
CREATE INDEX telemetry_events_user_id_type_idx ON cv.telemetry_events (user_id, type);
CREATE INDEX telemetry_events_type_timestamp_idx ON cv.telemetry_events (type, timestamp);

CREATE TABLE cv.feature_usage (
    id             text PRIMARY KEY,
    user_id        text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    feature_name   text NOT NULL,
    usage_count    integer NOT NULL DEFAULT 0,
    last_used_at   timestamptz NOT NULL DEFAULT now(),
    total_duration bigint NOT NULL DEFAULT 0,                       -- ms
    metadata       jsonb,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, feature_name)
);
CREATE INDEX feature_usage_feature_name_idx ON cv.feature_usage (feature_name);
CREATE INDEX feature_usage_last_used_at_idx ON cv.feature_usage (last_used_at);

CREATE TABLE cv.link_history (
    id         text PRIMARY KEY,
    user_id    text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    url        text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, url)
);
CREATE INDEX link_history_user_id_created_at_idx ON cv.link_history (user_id, created_at);

CREATE TABLE cv.settings (
    id           text PRIMARY KEY,
    setting_name text NOT NULL UNIQUE,
    value        text NOT NULL,
    category     text NOT NULL CHECK (category IN ('openai', 'stripe', 'app', 'ai_models', 'features', 'general')),
    description  text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX settings_category_idx ON cv.settings (category);
