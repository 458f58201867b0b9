-- What is sold beside plans, what makes it cheaper, and who brought whom.

CREATE TABLE cv.credit_packs (
    id                integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name              text NOT NULL,
    description       text,
    credit_amount     integer NOT NULL UNIQUE CHECK (credit_amount > 0),
    price             numeric(12, 2) NOT NULL CHECK (price >= 0),
    price_currency    text NOT NULL DEFAULT 'EUR' CHECK (price_currency IN ('EUR', 'USD', 'GBP')),
    is_active         boolean NOT NULL DEFAULT true,
    stripe_product_id text UNIQUE,
    stripe_price_id   text UNIQUE,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX credit_packs_is_active_idx ON cv.credit_packs (is_active);

CREATE TABLE cv.referrals (
    id                      text PRIMARY KEY,
    referrer_id             text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    referred_id             text NOT NULL UNIQUE REFERENCES cv.users (id) ON DELETE CASCADE,
    code_used               text NOT NULL,
    status                  text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'rewarded', 'cancelled')),
    referrer_credits        integer NOT NULL DEFAULT 0 CHECK (referrer_credits >= 0),
    referred_credits        integer NOT NULL DEFAULT 0 CHECK (referred_credits >= 0),
    referrer_transaction_id text UNIQUE REFERENCES cv.credit_transactions (id) ON DELETE SET NULL,
    referred_transaction_id text UNIQUE REFERENCES cv.credit_transactions (id) ON DELETE SET NULL,
    rewarded_at             timestamptz,
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT referrals_self_check CHECK (referrer_id <> referred_id)
);
CREATE INDEX referrals_referrer_id_created_at_idx ON cv.referrals (referrer_id, created_at DESC);

CREATE TABLE cv.promo_codes (
    id                text PRIMARY KEY,
    code              text NOT NULL UNIQUE CHECK (code = upper(code)),
    type              text NOT NULL CHECK (type IN ('credits', 'percent_off', 'amount_off')),
    value             numeric(12, 2) NOT NULL CHECK (value > 0),
    currency          text CHECK (currency IN ('EUR', 'USD', 'GBP')),
    plan_id           integer REFERENCES cv.subscription_plans (id) ON DELETE SET NULL,
    credit_pack_id    integer REFERENCES cv.credit_packs (id) ON DELETE SET NULL,
    max_uses          integer CHECK (max_uses > 0),
    max_uses_per_user integer NOT NULL DEFAULT 1 CHECK (max_uses_per_user > 0),
    current_uses      integer NOT NULL DEFAULT 0 CHECK (current_uses >= 0),
    valid_from        timestamptz NOT NULL DEFAULT now(),
    valid_until       timestamptz,
    is_active         boolean NOT NULL DEFAULT true,
    stripe_coupon_id  text UNIQUE,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    -- The last line of defence against one use too many, whatever the concurrency.
    CONSTRAINT promo_codes_uses_check CHECK (max_uses IS NULL OR current_uses <= max_uses),
    CONSTRAINT promo_codes_percent_check CHECK (type <> 'percent_off' OR value <= 100)
);
CREATE INDEX promo_codes_plan_id_idx ON cv.promo_codes (plan_id);
CREATE INDEX promo_codes_credit_pack_id_idx ON cv.promo_codes (credit_pack_id);

CREATE TABLE cv.promo_code_redemptions (
    id                    text PRIMARY KEY,
    promo_code_id         text NOT NULL REFERENCES cv.promo_codes (id) ON DELETE CASCADE,
    user_id               text NOT NULL REFERENCES cv.users (id) ON DELETE CASCADE,
    use_index             integer NOT NULL DEFAULT 1 CHECK (use_index >= 1),
    credit_transaction_id text UNIQUE REFERENCES cv.credit_transactions (id) ON DELETE SET NULL,
    stripe_checkout_id    text UNIQUE,
    created_at            timestamptz NOT NULL DEFAULT now(),
    UNIQUE (promo_code_id, user_id, use_index)
);
CREATE INDEX promo_code_redemptions_user_id_idx ON cv.promo_code_redemptions (user_id);
