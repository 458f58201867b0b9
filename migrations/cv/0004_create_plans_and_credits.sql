-- Plans, monthly allowances, and the ledger of credits.

CREATE TABLE cv.subscription_plans (
    id                      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name                    text NOT NULL UNIQUE,
    description             text,
    is_free                 boolean NOT NULL DEFAULT false,
    tier                    integer NOT NULL DEFAULT 0 CHECK (tier >= 0),
    is_popular              boolean NOT NULL DEFAULT false,
    price_monthly           numeric(12, 2) NOT NULL DEFAULT 0 CHECK (price_monthly >= 0),
    price_yearly            numeric(12, 2) NOT NULL DEFAULT 0 CHECK (price_yearly >= 0),
    yearly_discount_percent numeric(5, 2) NOT NULL DEFAULT 0 CHECK (yearly_discount_percent BETWEEN 0 AND 100),
    price_currency          text NOT NULL DEFAULT 'EUR' CHECK (price_currency IN ('EUR', 'USD', 'GBP')),
    stripe_product_id       text UNIQUE,
    stripe_price_id_monthly text UNIQUE,
    stripe_price_id_yearly  text UNIQUE,
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now()
);
-- Who has no subscription is on the free plan: there must be no doubt which one that is.
CREATE UNIQUE INDEX subscription_plans_is_free_key ON cv.subscription_plans (is_free) WHERE is_free;

CREATE TABLE cv.subscription_plan_feature_limits (
    id           text PRIMARY KEY,
    plan_id      integer NOT NULL REFERENCES cv.subscription_plans (id) ON DELETE CASCADE,
    feature_name text NOT NULL,
    is_enabled   boolean NOT NULL DEFAULT true,
    usage_limit  integer NOT NULL DEFAULT 0 CHECK (usage_limit >= -1),  -- a month; -1: unlimited
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (plan_id, feature_name)
);

CREATE TABLE cv.subscriptions (
    id                     text PRIMARY KEY,
    user_id                text NOT NULL UNIQUE REFERENCES cv.users (id) ON DELETE CASCADE,
    stripe_customer_id     text NOT NULL UNIQUE,
    stripe_subscription_id text UNIQUE,
    stripe_price_id        text,
    plan_id                integer NOT NULL REFERENCES cv.subscription_plans (id) ON DELETE RESTRICT,
    status                 text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'canceled', 'past_due')),
    billing_period         text NOT NULL DEFAULT 'monthly' CHECK (billing_period IN ('monthly', 'yearly')),
    current_period_start   timestamptz NOT NULL,
    current_period_end     timestamptz NOT NULL,
    cancel_at_period_end   boolean NOT NULL DEFAULT false,
    canceled_at            timestamptz,
    created_at             timestamptz NOT NULL DEFAULT now(),
    updated_at             timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT subscriptions_period_check CHECK (current_period_end > current_period_start)
);
CREATE INDEX subscriptions_plan_id_idx ON cv.subscriptions (plan_id);
CREATE INDEX subscriptions_current_period_end_idx ON cv.subscriptions (current_period_end);

-- The balance is a sum that is kept: its CHECKs make a wrong update fail its whole transaction, and `balance >= 0` is
-- the last line of defence against spending the same credit twice.
CREATE TABLE cv.credit_balances (
    id                          text PRIMARY KEY,
    user_id                     text NOT NULL UNIQUE REFERENCES cv.users (id) ON DELETE CASCADE,
    balance                     integer NOT NULL DEFAULT 0 CHECK (balance >= 0),
    total_purchased             integer NOT NULL DEFAULT 0,
    total_used                  integer NOT NULL DEFAULT 0,
    total_refunded              integer NOT NULL DEFAULT 0,
    total_gifted                integer NOT NULL DEFAULT 0,
    balance_after_last_purchase integer NOT NULL DEFAULT 0,
    created_at                  timestamptz NOT NULL DEFAULT now(),
    updated_at                  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT credit_balances_sum_check
        CHECK (balance = total_purchased + total_gifted + total_refunded - total_used)
);

CREATE TABLE cv.credit_transactions (
    id                       text PRIMARY KEY,
    user_id                  text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    amount                   integer NOT NULL CHECK (amount <> 0),
    type                     text NOT NULL CHECK (type IN ('purchase', 'usage', 'refund', 'gift')),
    feature_name             text,
    task_id                  text,
    cv_file_id               text,
    stripe_payment_intent_id text,
    stripe_invoice_id        text,
    refunded                 boolean NOT NULL DEFAULT false,
    related_transaction_id   text,
    metadata                 jsonb,
    created_at               timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT credit_transactions_sign_check
        CHECK ((type = 'usage' AND amount < 0) OR (type IN ('refund', 'gift') AND amount > 0) OR type = 'purchase')
);
CREATE INDEX credit_transactions_user_id_created_at_idx ON cv.credit_transactions (user_id, created_at DESC);
CREATE INDEX credit_transactions_task_id_idx ON cv.credit_transactions (task_id);
CREATE INDEX credit_transactions_cv_file_id_idx ON cv.credit_transactions (cv_file_id);
CREATE INDEX credit_transactions_stripe_payment_intent_id_idx ON cv.credit_transactions (stripe_payment_intent_id);
CREATE INDEX credit_transactions_related_transaction_id_idx ON cv.credit_transactions (related_transaction_id);
-- A debit is given back once, a payment is credited once, whoever asks how often.
CREATE UNIQUE INDEX credit_transactions_refund_key ON cv.credit_transactions (related_transaction_id)
    WHERE type = 'refund';
CREATE UNIQUE INDEX credit_transactions_purchase_key ON cv.credit_transactions (stripe_payment_intent_id)
    WHERE type = 'purchase' AND amount > 0;

CREATE TABLE cv.feature_usage_counters (
    id           text PRIMARY KEY,
    user_id      text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    feature_name text NOT NULL,
    count        integer NOT NULL DEFAULT 0 CHECK (count >= 0),
    period_start timestamptz NOT NULL,
    period_end   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, feature_name),
    CONSTRAINT feature_usage_counters_period_check CHECK (period_end > period_start)
);
CREATE INDEX feature_usage_counters_period_end_idx ON cv.feature_usage_counters (period_end);
