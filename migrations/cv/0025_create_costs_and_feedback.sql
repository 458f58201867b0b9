-- Alerts that fired, what people tell us, what they agreed to, what they have not read yet, and the budgets.

-- R67: an alert fires once per scope and period, whatever the order in which scopes pass the threshold: one key on the
-- alert's own row (`last_fired_key`, kept for readers) could not say that of two people on one day.
CREATE TABLE cv.openai_alert_firings (
    id        text PRIMARY KEY,
    alert_id  text REFERENCES cv.openai_alerts (id) ON DELETE CASCADE,
    type      text NOT NULL,
    name      text NOT NULL,
    scope     text NOT NULL,                                  -- user id, feature, model, or 'global'
    period    text NOT NULL,                                  -- '2026-11-21' or '2026-11'
    value     numeric(14, 6) NOT NULL,                        -- USD
    threshold numeric(14, 6) NOT NULL,                        -- USD
    fired_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (alert_id, scope, period)
);
CREATE INDEX openai_alert_firings_fired_at_idx ON cv.openai_alert_firings (fired_at);

CREATE INDEX openai_calls_task_id_idx ON cv.openai_calls ((metadata ->> 'task_id'));
CREATE INDEX openai_calls_unpriced_idx ON cv.openai_calls (created_at) WHERE metadata ? 'unpriced';

-- What the alerts start with; administrators change them.
INSERT INTO cv.openai_alerts (id, type, threshold, enabled, name, description)
SELECT 'a' || substr(md5('alert:' || v.name), 1, 23), v.type, v.threshold, v.enabled, v.name, v.description
FROM (VALUES
    ('unknown_model', 0, true, 'Model without a price',
     'A model was used that openai_pricing does not know: its calls count as free'),
    ('global_daily', 50, true, 'Cost of a day', 'All people together, one UTC day'),
    ('global_monthly', 500, true, 'Cost of a month', 'All people together, one UTC month'),
    ('user_daily', 5, true, 'Cost of a person in a day', 'One person, one UTC day'),
    ('user_monthly', 50, false, 'Cost of a person in a month', 'One person, one UTC month'),
    ('feature_daily', 20, false, 'Cost of a feature in a day', 'One feature, all people, one UTC day')
) AS v (type, threshold, enabled, name, description);

-- Budgets in USD; empty: none. What would pass one is refused before it begins.
INSERT INTO cv.settings (id, setting_name, value, category, description)
SELECT 's' || substr(md5('setting:' || v.setting_name), 1, 23), v.setting_name, '', 'features', v.description
FROM (VALUES
    ('budget_user_daily', 'USD of AI work that one person may cost in a UTC day; empty: no bound'),
    ('budget_user_monthly', 'USD of AI work that one person may cost in a UTC month; empty: no bound'),
    ('budget_global_daily', 'USD of AI work of everybody in a UTC day; empty: no bound'),
    ('budget_global_monthly', 'USD of AI work of everybody in a UTC month; empty: no bound')
) AS v (setting_name, description);

CREATE TABLE cv.feedback (
    id              text PRIMARY KEY,
    user_id         text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    rating          integer NOT NULL CHECK (rating BETWEEN 1 AND 5),
    comment         text NOT NULL CHECK (char_length(comment) <= 500),
    is_bug_report   boolean NOT NULL DEFAULT false,
    current_cv_file text,
    user_agent      text,
    page_url        text,
    status          text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'reviewed', 'resolved')),
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX feedback_user_id_idx ON cv.feedback (user_id);
CREATE INDEX feedback_is_bug_report_idx ON cv.feedback (is_bug_report);
CREATE INDEX feedback_status_idx ON cv.feedback (status);
CREATE INDEX feedback_created_at_idx ON cv.feedback (created_at);

CREATE TABLE cv.consent_logs (
    id          text PRIMARY KEY,
    user_id     text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    action      text NOT NULL CHECK (action IN ('created', 'updated', 'revoked', 'accept', 'reject', 'update')),
    preferences jsonb NOT NULL,
    ip          text,
    user_agent  text,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX consent_logs_user_id_created_at_idx ON cv.consent_logs (user_id, created_at DESC);
CREATE INDEX consent_logs_created_at_idx ON cv.consent_logs (created_at);

-- R71: a choice that was made is never rewritten. Erasure of a person (the cascade) is the one way out.
CREATE FUNCTION cv.refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER consent_logs_append_only BEFORE UPDATE ON cv.consent_logs
    FOR EACH ROW EXECUTE FUNCTION cv.refuse_update();

-- Notices that a person has not read yet: part of the snapshot of `user:{id}`.
CREATE TABLE cv.notices (
    id         text PRIMARY KEY,
    user_id    text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    level      text NOT NULL CHECK (level IN ('info', 'warning', 'error')),
    code       text NOT NULL,
    text       text NOT NULL,
    data       jsonb,
    read_at    timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notices_unread_idx ON cv.notices (user_id, created_at) WHERE read_at IS NULL;
CREATE INDEX notices_created_at_idx ON cv.notices (created_at);

-- G10: what is left of telemetry after its time.
CREATE TABLE cv.telemetry_daily (
    date           date NOT NULL,
    type           text NOT NULL,
    category       text NOT NULL,
    status         text NOT NULL,                             -- '' where none was given
    events_count   bigint NOT NULL,
    total_duration bigint NOT NULL,                           -- ms
    PRIMARY KEY (date, type, category, status)
);
CREATE INDEX telemetry_events_created_at_idx ON cv.telemetry_events (created_at);

-- Lists of administrators go by the time of sign-up.
CREATE INDEX users_created_at_id_idx ON cv.users (created_at DESC, id DESC);
