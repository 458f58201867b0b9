-- E-mail (1.5): what causes one, what it says, what became of it.
--
-- A template says its text in one language (`language`) and may have it in others (`translations`): there is one active
-- template of a trigger, whatever the language of the person. The log keeps no text: it would hold links that sign in.
-- Locks: creates only. Undo: drop the three tables.

CREATE TABLE cv.email_triggers (
    id          text PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    label       text NOT NULL,
    description text,
    variables   jsonb NOT NULL DEFAULT '[]',
    category    text NOT NULL DEFAULT 'general',
    icon        text,
    is_system   boolean NOT NULL DEFAULT false,               -- cannot be deleted
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE cv.email_templates (
    id           text PRIMARY KEY,
    name         text NOT NULL UNIQUE,
    trigger_id   text REFERENCES cv.email_triggers (id) ON DELETE SET NULL,
    subject      text NOT NULL,
    design_json  jsonb NOT NULL,                              -- the editor's document
    html_content text NOT NULL,
    variables    jsonb NOT NULL DEFAULT '[]',
    is_active    boolean NOT NULL DEFAULT true,
    is_default   boolean NOT NULL DEFAULT false,
    language     text NOT NULL DEFAULT 'fr' CHECK (language IN ('fr', 'en')),
    translations jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(translations) = 'object'),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX email_templates_is_active_idx ON cv.email_templates (is_active);
CREATE INDEX email_templates_trigger_id_idx ON cv.email_templates (trigger_id);
CREATE UNIQUE INDEX email_templates_active_key ON cv.email_templates (trigger_id)
    WHERE is_active AND trigger_id IS NOT NULL;
CREATE UNIQUE INDEX email_templates_default_key ON cv.email_templates (is_default) WHERE is_default;

CREATE TABLE cv.email_logs (
    id                text PRIMARY KEY,
    template_id       text REFERENCES cv.email_templates (id) ON DELETE SET NULL,
    template_name     text NOT NULL,                          -- as it was called then
    recipient_email   text NOT NULL,
    recipient_user_id text REFERENCES cv.users (id) ON DELETE SET NULL,
    subject           text NOT NULL,
    status            text NOT NULL CHECK (status IN ('sent', 'delivered', 'bounced', 'failed')),
    error             text,
    provider          text NOT NULL DEFAULT 'smtp' CHECK (provider IN ('smtp', 'resend')),
    provider_id       text,
    resend_id         text GENERATED ALWAYS AS (CASE WHEN provider = 'resend' THEN provider_id END) STORED,
    is_test_email     boolean NOT NULL DEFAULT false,
    task_id           text,                                   -- the runtime's task that sent it
    created_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX email_logs_template_id_idx ON cv.email_logs (template_id);
CREATE INDEX email_logs_template_name_idx ON cv.email_logs (template_name);
CREATE INDEX email_logs_recipient_email_idx ON cv.email_logs (recipient_email);
CREATE INDEX email_logs_recipient_user_id_idx ON cv.email_logs (recipient_user_id);
CREATE INDEX email_logs_created_at_idx ON cv.email_logs (created_at);
CREATE INDEX email_logs_status_idx ON cv.email_logs (status);
CREATE UNIQUE INDEX email_logs_provider_key ON cv.email_logs (provider, provider_id) WHERE provider_id IS NOT NULL;
