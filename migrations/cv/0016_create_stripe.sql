-- What Stripe says: every event once, and, beside the product's own rows, the newest that it said about each of its
-- subscriptions and payments. The product's rows are made from these, so that the order in which events come does not
-- matter.

CREATE TABLE cv.stripe_webhook_logs (
    id         text PRIMARY KEY,
    event_id   text NOT NULL UNIQUE,
    event_type text NOT NULL,
    payload    jsonb NOT NULL,
    processed  boolean NOT NULL DEFAULT false,
    error      text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stripe_webhook_logs_event_type_idx ON cv.stripe_webhook_logs (event_type);
CREATE INDEX stripe_webhook_logs_created_at_idx ON cv.stripe_webhook_logs (created_at);
CREATE INDEX stripe_webhook_logs_processed_idx ON cv.stripe_webhook_logs (processed) WHERE NOT processed;

-- A person may have several, one after the other. A mark is the event that a part comes from, in a form whose order is
-- that of the events: what is older changes nothing.
CREATE TABLE cv.stripe_subscriptions (
    id                   text PRIMARY KEY,
    user_id              text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    stripe_customer_id   text NOT NULL,
    status               text,              -- Stripe's word; null: only its invoices were heard of
    status_mark          text NOT NULL DEFAULT '',
    state_mark           text NOT NULL DEFAULT '',
    stripe_price_id      text,
    plan_id              integer REFERENCES cv.subscription_plans (id) ON DELETE RESTRICT,
    billing_period       text CHECK (billing_period IN ('monthly', 'yearly')),
    started_at           timestamptz,
    current_period_start timestamptz,
    current_period_end   timestamptz,
    cancel_at_period_end boolean NOT NULL DEFAULT false,
    canceled_at          timestamptz,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stripe_subscriptions_user_id_idx ON cv.stripe_subscriptions (user_id);
CREATE INDEX stripe_subscriptions_plan_id_idx ON cv.stripe_subscriptions (plan_id);

-- What was paid, and what of it was paid back; either may be heard of first.
CREATE TABLE cv.stripe_payments (
    id                      text PRIMARY KEY,   -- the payment intent; the checkout where nothing was to be paid
    user_id                 text REFERENCES cv.users (id) ON DELETE CASCADE,
    credits                 integer CHECK (credits > 0),
    amount_total            bigint NOT NULL DEFAULT 0 CHECK (amount_total >= 0),     -- smallest units of the currency
    amount_refunded         bigint NOT NULL DEFAULT 0 CHECK (amount_refunded >= 0),
    credits_taken           integer NOT NULL DEFAULT 0 CHECK (credits_taken >= 0),   -- credits whose money went back
    purchase_transaction_id text UNIQUE REFERENCES cv.credit_transactions (id) ON DELETE SET NULL,
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stripe_payments_user_id_idx ON cv.stripe_payments (user_id);
