-- The known settings with their defaults, and the plan of everybody who has no subscription. Ids have the form of the
-- server's, derived from the name so that every installation has the same.
--
-- Two settings have two names each, because running installations use both: `model_*` wins over `openai_*_model`.
INSERT INTO cv.settings (id, setting_name, value, category, description)
SELECT 's' || substr(md5('setting:' || v.setting_name), 1, 23), v.setting_name, v.value, v.category, v.description
FROM (VALUES
    ('openai_default_model', 'gpt-4o', 'openai', 'Model of a generation where model_cv_generation is not set'),
    ('model_cv_generation', 'gpt-4.1-2025-04-14', 'ai_models', 'Model of a generation'),
    ('openai_extraction_model', 'gpt-4o-mini', 'openai',
     'Model that reads job offers where model_extract_job_offer is not set'),
    ('model_extract_job_offer', 'gpt-5-mini-2025-08-07', 'ai_models', 'Model that reads job offers'),
    ('registration_enabled', '1', 'features', 'Whether people may sign up: 1 or 0'),
    ('maintenance_mode', '0', 'general', '1: everybody but administrators is refused'),
    ('default_token_limit', '5', 'general', 'Credits given at sign-up'),
    ('cv_max_versions', '5', 'features', 'Versions kept of a CV'),
    ('credit_cost_generate_cv', '1', 'features', 'Credits per offer of a generation'),
    ('credit_cost_improve_cv', '1', 'features', 'Credits per optimisation'),
    ('credit_cost_import_pdf', '1', 'features', 'Credits per import'),
    ('credit_cost_translate_cv', '1', 'features', 'Credits per translation'),
    ('credit_cost_generate_cv_from_job_title', '1', 'features', 'Credits per CV made from a job title'),
    ('credit_cost_calculate_match_score', '1', 'features', 'Credits per score'),
    ('generation_max_offers', '10', 'features', 'Offers of one generation'),
    ('referral_referrer_credits', '5', 'features', 'Credits for who refers'),
    ('referral_referred_credits', '5', 'features', 'Credits for who is referred')
) AS v (setting_name, value, category, description);

INSERT INTO cv.subscription_plans (name, description, is_free, tier)
VALUES ('free', 'Everything is open; AI work is paid with credits.', true, 0);

-- A monthly allowance of 0 for AI features: credits are what is spent, from the first use on. Features that cost no AI
-- are unlimited, and so is the number of stored CVs (`max_cvs`, a stock and not a monthly count).
INSERT INTO cv.subscription_plan_feature_limits (id, plan_id, feature_name, is_enabled, usage_limit)
SELECT 'l' || substr(md5('limit:free:' || v.feature_name), 1, 23), p.id, v.feature_name, true, v.usage_limit
FROM cv.subscription_plans p,
     (VALUES ('generate_cv', 0), ('improve_cv', 0), ('import_pdf', 0), ('translate_cv', 0),
             ('generate_cv_from_job_title', 0), ('calculate_match_score', 0),
             ('create_template_cv', -1), ('export_cv', -1), ('max_cvs', -1)) AS v (feature_name, usage_limit)
WHERE p.is_free;

-- Prices in USD per million tokens, as published by the vendor for these models; administrators keep them current.
INSERT INTO cv.openai_pricing (id, model_name, input_price_per_m_token, output_price_per_m_token,
                               cache_price_per_m_token, description)
SELECT 'p' || substr(md5('price:' || v.model_name), 1, 23), v.model_name, v.input, v.output, v.cache, v.description
FROM (VALUES
    ('gpt-4o', 2.50, 10.00, 1.25, NULL),
    ('gpt-4o-mini', 0.15, 0.60, 0.075, NULL),
    ('gpt-4.1-2025-04-14', 2.00, 8.00, 0.50, NULL),
    ('gpt-5-mini-2025-08-07', 0.25, 2.00, 0.025, NULL),
    ('offline', 0, 0, 0, 'The built-in rules: no model is called')
) AS v (model_name, input, output, cache, description);
