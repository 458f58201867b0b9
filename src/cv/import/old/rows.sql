-- Rows of the old database: `old.users` people, each value a function of `old.seed`. Around one person in twenty has
-- something irregular, of every kind that the import knows; which one follows from the person's number, see mod.rs.
--
-- `cvs (n, content)` and `old.password` (a bcrypt hash) are made by the caller.

CREATE FUNCTION pg_temp.md(text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT md5(current_setting('old.seed') || ':' || $1) $$;
-- A number from 0 to n - 1.
CREATE FUNCTION pg_temp.h(text, n bigint) RETURNS int LANGUAGE sql IMMUTABLE AS
    $$ SELECT ((('x' || substr(pg_temp.md($1), 1, 8))::bit(32)::bigint) % n)::int $$;
CREATE FUNCTION pg_temp.cuid(text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT 'c' || substr(pg_temp.md('id' || $1), 1, 24) $$;
-- An instant of the last two years.
CREATE FUNCTION pg_temp.at(text) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
    $$ SELECT timestamp '2024-11-01' + pg_temp.h('at' || $1, 60000000) * interval '1 second' $$;

CREATE TEMP TABLE people AS
    SELECT i, pg_temp.cuid('user' || i) AS id,
           (ARRAY['Ana','Bruno','Chloé','David','Émilie','Farid','Giulia','Hugo','Inès','Jules'])[1 + pg_temp.h('f' || i, 10)] AS first,
           (ARRAY['Martin','Bernard','Dubois','Thomas','Robert','Petit','Durand','Moreau','Garcia','Lefèvre'])[1 + pg_temp.h('l' || i, 10)] AS last,
           pg_temp.at('user' || i) AS at
    FROM generate_series(1, current_setting('old.users')::int) i;

INSERT INTO "User" ("id", "name", "email", "emailVerified", "passwordHash", "image", "role", "resetToken", "resetTokenExpiry",
                    "stripeCustomerId", "referralCode", "referredBy", "onboardingState", "createdAt", "updatedAt")
SELECT id, first || ' ' || last,
       CASE WHEN i % 50 = 7 THEN 'PERSON' || (i - 1) || '@Example.COM'        -- the address of the one before
            WHEN i % 331 = 30 THEN NULL
            WHEN i % 400 = 29 THEN 'not an address ' || i
            WHEN i % 3 = 0 THEN 'Person' || i || '@Example.com'
            ELSE 'person' || i || '@example.com' END,
       CASE WHEN i % 10 <> 9 THEN at + interval '1 hour' END,
       CASE WHEN i % 211 = 28 THEN '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA'
            WHEN i % 5 <> 4 THEN current_setting('old.password') END,
       CASE WHEN i % 4 = 0 THEN 'https://img.example/' || i || '.png' END,
       CASE WHEN i = 1 THEN 'ADMIN' ELSE 'USER' END,
       CASE WHEN i % 97 = 5 THEN pg_temp.md('reset' || i) END, CASE WHEN i % 97 = 5 THEN at + interval '1 year' END,
       CASE WHEN i % 6 = 0 THEN 'cus_' || substr(pg_temp.md('cus' || i), 1, 14) END,
       CASE WHEN i % 2 = 0 THEN 'REF' || upper(substr(pg_temp.md('ref' || i), 1, 8)) END,
       CASE WHEN i % 20 = 11 THEN pg_temp.cuid('user' || (i - 1))              -- by id
            WHEN i % 20 = 13 THEN 'REF' || upper(substr(pg_temp.md('ref' || (i - 1)), 1, 8))  -- by code
            WHEN i % 150 = 41 THEN 'GONE' END,
       jsonb_build_object('currentStep', pg_temp.h('step' || i, 8), 'hasCompleted', i % 3 = 0, 'isSkipped', false),
       at, at + interval '30 days'
FROM people;

INSERT INTO "Account"
SELECT pg_temp.cuid('acc' || i), id, 'oauth', CASE WHEN i % 150 = 44 THEN 'linkedin' ELSE (ARRAY['google','github','apple'])[1 + i % 3] END,
       i || '', 'rt_' || i, 'at_' || i, 1760000000 + i, 'Bearer', 'openid email', 'eyJ' || i, NULL, at, at
FROM people WHERE i % 5 = 4;
INSERT INTO "EmailVerificationToken"
SELECT pg_temp.cuid('evt' || i), id, pg_temp.md('evt' || i), at + interval '1 day', at FROM people WHERE i % 10 = 9;
INSERT INTO "AutoSignInToken"
SELECT pg_temp.cuid('ast' || i), id, pg_temp.md('ast' || i), at + interval '1 hour', at FROM people WHERE i % 40 = 1;
INSERT INTO "EmailChangeRequest"
SELECT pg_temp.cuid('ecr' || i), id, 'New' || i || '@Example.com', pg_temp.md('ecr' || i), at + interval '1 day', at FROM people WHERE i % 60 = 2;
INSERT INTO "VerificationToken"
SELECT 'person' || i || '@example.com', pg_temp.md('vt' || i), at + interval '1 day' FROM people WHERE i % 70 = 3;

INSERT INTO "SubscriptionPlan" ("id", "name", "isFree", "tier", "isPopular", "priceMonthly", "priceYearly", "yearlyDiscountPercent", "stripeProductId", "updatedAt") VALUES
    (1, 'Gratuit', true, 0, false, 0, 0, 0, NULL, '2025-01-01'), (2, 'basic', false, 1, false, 4.99, 47.9, 20, 'prod_b', '2025-01-01'),
    (3, 'pro', false, 2, true, 9.99, 95.9, 20, 'prod_p', '2025-01-01');
INSERT INTO "SubscriptionPlanFeatureLimit" ("id", "planId", "featureName", "isEnabled", "usageLimit", "updatedAt")
SELECT pg_temp.cuid('limit' || p || f), p, f, NOT (p = 1 AND f = 'translate_cv'), CASE p WHEN 1 THEN 2 WHEN 2 THEN 20 ELSE -1 END, '2025-01-01'
FROM generate_series(1, 3) p, unnest(ARRAY['generate_cv','improve_cv','import_pdf','translate_cv','export_cv','calculate_match_score']) f;
INSERT INTO "CreditPack" ("id", "name", "creditAmount", "price", "isActive", "updatedAt") VALUES
    (1, 'Starter', 10, 5, true, '2025-01-01'), (2, 'Pro', 50, 19.9, true, '2025-01-01'), (3, 'Ancien', 25, 12, false, '2025-01-01');
INSERT INTO "Setting" VALUES
    (pg_temp.cuid('s1'), 'model_cv_generation', 'gpt-4.1-2025-04-14', 'ai_models', NULL, '2025-01-01', '2025-01-01'),
    (pg_temp.cuid('s2'), 'registration_enabled', '1', 'features', NULL, '2025-01-01', '2025-01-01'),
    (pg_temp.cuid('s3'), 'maintenance_mode', '1', 'general', NULL, '2025-01-01', '2025-01-01'),
    (pg_temp.cuid('s4'), 'default_token_limit', '7', 'general', NULL, '2025-01-01', '2025-01-01'),
    (pg_temp.cuid('s5'), 'banner_text', 'Bonjour', 'marketing', NULL, '2025-01-01', '2025-01-01');
INSERT INTO "OpenAIPricing" ("id", "modelName", "inputPricePerMToken", "outputPricePerMToken", "cachePricePerMToken", "updatedAt") VALUES
    (pg_temp.cuid('p1'), 'gpt-4o', 2.5, 10, 1.25, '2025-01-01'), (pg_temp.cuid('p2'), 'gpt-5-nano-2025-08-07', 0.05, 0.4, 0.005, '2025-01-01');
INSERT INTO "OpenAIAlert" ("id", "type", "threshold", "name", "updatedAt") VALUES (pg_temp.cuid('a1'), 'user_daily', 2.5, 'Par jour', '2025-01-01');
INSERT INTO "EmailTrigger" ("id", "name", "label", "variables", "category", "isSystem", "updatedAt") VALUES
    (pg_temp.cuid('t1'), 'password_reset', 'Mot de passe', '["name","resetLink"]', 'auth', true, '2025-01-01'),
    (pg_temp.cuid('t2'), 'newsletter', 'Lettre', '["name"]', 'general', false, '2025-01-01');
INSERT INTO "EmailTemplate" ("id", "name", "triggerId", "subject", "designJson", "htmlContent", "variables", "updatedAt") VALUES
    (pg_temp.cuid('m1'), 'password-reset', pg_temp.cuid('t1'), 'Mot de passe', '{"type":"doc"}', '<a href="{{resetLink}}">ici</a>', '["name","resetLink"]', '2025-01-01'),
    (pg_temp.cuid('m2'), 'newsletter', pg_temp.cuid('t2'), 'Nouvelles', '{"type":"doc"}', '<p>{{name}}</p>', '["name"]', '2025-01-01');
INSERT INTO "PromoCode" ("id", "code", "type", "value", "maxUses", "currentUses", "updatedAt") VALUES
    (pg_temp.cuid('pc1'), 'bienvenue', 'credits', 5, 100, 12, '2025-01-01'), (pg_temp.cuid('pc2'), 'NOEL', 'percent_off', 20, NULL, 3, '2025-01-01');

INSERT INTO "JobOffer"
SELECT pg_temp.cuid('offer' || i || '.' || o), id, CASE WHEN o = 3 THEN 'pdf' ELSE 'url' END,
       CASE WHEN o = 3 THEN 'offre.pdf' ELSE 'https://jobs.example/' || i || '/' || o END,
       CASE WHEN o = 3 THEN pg_temp.md('hash' || i) || pg_temp.md('hash2' || i) END,
       jsonb_build_object('title', (ARRAY['Développeur Rust','Data Engineer','Chef de projet'])[1 + (i + o) % 3], 'company', 'Société ' || (i % 500),
           'contract', CASE WHEN (i + o) % 60 = 17 THEN 'Intérim' ELSE (ARRAY['CDI','CDD','Freelance'])[1 + o % 3] END,
           'experience', jsonb_build_object('min_years', o, 'max_years', o + 3, 'level', 'mid'),
           'location', jsonb_build_object('city', 'Lyon', 'country', 'France', 'remote', 'hybrid'),
           'salary', jsonb_build_object('min', 40000 + o * 1000, 'max', NULL, 'currency', 'EUR', 'period', 'year'),
           'skills', jsonb_build_object('required', jsonb_build_array('Rust', 'SQL'), 'nice_to_have', jsonb_build_array('Kubernetes')),
           'education', NULL, 'languages', jsonb_build_array(jsonb_build_object('language', 'English', 'level', 'fluent')),
           'responsibilities', jsonb_build_array('Développer'), 'benefits', '[]'::jsonb),
       at + o * interval '1 day', 'gpt-5-mini-2025-08-07', 800 + pg_temp.h('tok' || i || o, 2000), at + o * interval '1 day', at + o * interval '1 day'
FROM people, generate_series(1, 3) o WHERE o <= pg_temp.h('offers' || i, 4);

CREATE TEMP TABLE files AS
    SELECT p.*, f, pg_temp.cuid('cv' || i || '.' || f) AS cv, 1 + CASE WHEN f % 2 = 0 THEN pg_temp.h('ver' || i || f, 3) ELSE 0 END AS version
    FROM people p, generate_series(1, 5) f WHERE f <= 1 + pg_temp.h('files' || i, 5);
INSERT INTO "CvFile" ("id", "userId", "filename", "content", "contentVersion", "sourceType", "sourceValue", "jobOfferId", "createdBy",
    "language", "isTranslated", "matchScore", "matchScoreUpdatedAt", "matchScoreStatus", "scoreBreakdown", "improvementSuggestions",
    "missingSkills", "matchingSkills", "optimiseStatus", "pendingChanges", "pendingSourceVersion", "createdWithCredit", "creditTransactionId",
    "blocked", "blockedReason", "createdAt", "updatedAt")
SELECT cv, id, (1730000000000 + i * 100 + f) || '.json',
       CASE WHEN f = 1 AND i % 40 = 11 THEN '{"cv": "an older form", "version": 0}'::jsonb
            WHEN f = 1 AND i % 40 = 12 THEN NULL
            ELSE jsonb_set(c.content, '{basics,name}', to_jsonb(first || ' ' || last)) END,
       version, CASE f WHEN 1 THEN NULL WHEN 2 THEN 'link' WHEN 3 THEN 'pdf' WHEN 4 THEN 'import' ELSE 'manual' END,
       CASE WHEN f = 2 THEN 'https://jobs.example/' || i || '/1' END,
       CASE WHEN f = 2 AND pg_temp.h('offers' || i, 4) >= 1 THEN pg_temp.cuid('offer' || i || '.1') END,
       CASE f WHEN 2 THEN 'generate-cv' WHEN 3 THEN 'import-pdf' WHEN 4 THEN 'translate-cv' END,
       CASE WHEN f = 4 THEN 'EN' ELSE 'fr' END, f = 4,
       CASE WHEN f = 2 THEN pg_temp.h('score' || i, 101) END, CASE WHEN f = 2 THEN at END,
       CASE WHEN i % 30 = 4 THEN 'loading' WHEN f = 2 THEN 'done' WHEN i % 9 = 0 THEN NULL ELSE 'idle' END,
       CASE WHEN f = 2 THEN '{"technical_skills": 28, "experience": 22, "education": 15, "projects": 12, "soft_skills": 8}' END,
       CASE WHEN f = 2 THEN '[{"priority": "high", "suggestion": "Ajouter des chiffres", "impact": "+8"}]' END,
       CASE WHEN f = 2 AND i % 30 = 14 THEN 'Kubernetes, Go' WHEN f = 2 THEN '["Kubernetes"]' END, CASE WHEN f = 2 THEN '["Rust", "SQL"]' END,
       CASE WHEN f = 2 AND i % 25 = 6 THEN 'done' WHEN i % 35 = 8 THEN 'inprogress' ELSE 'idle' END,
       CASE WHEN f = 2 AND i % 25 = 6 THEN jsonb_build_array(jsonb_build_object('section', 'basics', 'field', 'summary', 'path', '/basics/summary',
                'before', 'avant', 'after', 'après', 'reason', 'offre', 'action', 'modify'))
            WHEN f = 2 AND i % 25 = 1 THEN '[{"path": "/basics/label", "before": "a", "after": "b"}]'::jsonb
            WHEN f = 2 AND i % 25 = 16 THEN '[{"field": "summary", "before": "a"}]'::jsonb END,
       CASE WHEN f = 2 AND i % 25 IN (6, 16) THEN 1 END,
       f = 2 AND i % 2 = 0, CASE WHEN f = 2 AND i % 2 = 0 THEN pg_temp.cuid('use' || i || '.1') END,
       f = 5 AND i % 15 = 2, CASE WHEN f = 5 AND i % 15 = 2 THEN 'plan_limit' END, at + f * interval '1 day', at + f * interval '2 days'
FROM files JOIN cvs c ON c.n = (i + f) % (SELECT count(*) FROM cvs);
INSERT INTO "CvVersion" ("id", "cvFileId", "version", "content", "changelog", "changeType", "matchScore", "createdAt")
SELECT pg_temp.cuid('ver' || i || '.' || f || '.' || v), cv, v,
       CASE WHEN i % 80 = 22 AND v = 1 THEN '"a text"'::jsonb ELSE jsonb_set(c.content, '{basics,name}', to_jsonb(first || ' ' || last)) END,
       CASE WHEN v > 1 THEN 'Optimisation IA' END, CASE WHEN v > 1 THEN 'optimization' END, 50 + v, at + v * interval '1 day'
FROM files JOIN cvs c ON c.n = (i + f) % (SELECT count(*) FROM cvs), generate_series(1, 3) v WHERE version > 1 AND v <= version;
INSERT INTO "ExportTemplate"
SELECT pg_temp.cuid('et' || i), id, 'Court', '{"work": {"enabled": true, "options": {}}}', at, at FROM people WHERE i % 12 = 0;

-- Tasks, each with a debit where it used a credit.
CREATE TEMP TABLE jobs AS
    SELECT p.*, t, 'task_' || (1730000000000 + i * 1000 + t) || CASE WHEN t % 2 = 0 THEN '' ELSE '_' || substr(pg_temp.md('tk' || i || t), 1, 6) END AS task,
           CASE WHEN t = 3 AND i % 20 = 3 THEN 'running' WHEN t = 4 AND i % 20 = 3 THEN 'pending'
                WHEN pg_temp.h('st' || i || t, 10) = 0 THEN 'failed' WHEN pg_temp.h('st' || i || t, 20) = 1 THEN 'cancelled' ELSE 'completed' END AS status,
           t = 1 OR pg_temp.h('paid' || i || t, 3) > 0 OR (t = 3 AND i % 20 = 3) AS paid
    FROM people p, generate_series(1, 8) t WHERE t <= 1 + pg_temp.h('tasks' || i, 8) OR (i % 20 = 3 AND t <= 4);
INSERT INTO "BackgroundTask"
SELECT task, 'Génération du CV', 'CV créé', (ARRAY['generate-cv','import-pdf','translate-cv','improve-cv'])[1 + t % 4], status,
       (extract(epoch FROM at) * 1000)::bigint + t, true,
       CASE WHEN i % 60 = 15 AND t = 1 THEN 'OK' WHEN status = 'completed' THEN '{"filename": "x.json"}' END,
       CASE WHEN status = 'failed' THEN 'timeout' END, '{"url": "https://jobs.example"}',
       CASE WHEN i % 90 = 16 AND t = 1 THEN 'un appareil' ELSE 'device-' || i END, id, NULL, paid,
       CASE WHEN paid THEN pg_temp.cuid('use' || i || '.' || t) END, 'generate_cv', at, at + t * interval '1 hour'
FROM jobs;
-- Of people who were deleted: no key keeps these rows from staying behind.
INSERT INTO "BackgroundTask" ("id", "title", "type", "status", "createdAt", "deviceId", "userId")
SELECT 'task_gone_' || i, 'x', 'test', 'completed', 1730000000000, 'device-gone', pg_temp.cuid('gone' || i) FROM people WHERE i % 100 = 1;

INSERT INTO "CreditTransaction" ("id", "userId", "amount", "type", "createdAt")
SELECT pg_temp.cuid('gift' || i), id, 5, 'gift', at FROM people;
INSERT INTO "CreditTransaction" ("id", "userId", "amount", "type", "stripePaymentIntentId", "metadata", "createdAt")
SELECT pg_temp.cuid('buy' || i), id, 10 + 40 * (i % 2), 'purchase', 'pi_' || substr(pg_temp.md('pi' || i), 1, 20), '{"pack": 1}', at
FROM people WHERE i % 3 <> 2 OR EXISTS (SELECT 1 FROM jobs j WHERE j.i = people.i AND j.t > 4);
INSERT INTO "CreditTransaction" ("id", "userId", "amount", "type", "featureName", "taskId", "cvFileId", "refunded", "createdAt")
SELECT pg_temp.cuid('use' || i || '.' || t), id, -1, 'usage', 'generate_cv', task, CASE WHEN t = 1 AND EXISTS (SELECT 1 FROM files f WHERE f.i = jobs.i AND f.f = 2)
       THEN pg_temp.cuid('cv' || i || '.2') END, status IN ('failed', 'cancelled'), at + t * interval '1 hour'
FROM jobs WHERE paid;
INSERT INTO "CreditTransaction" ("id", "userId", "amount", "type", "featureName", "taskId", "relatedTransactionId", "createdAt")
SELECT pg_temp.cuid('back' || i || '.' || t), id, 1, 'refund', 'generate_cv', task, pg_temp.cuid('use' || i || '.' || t), at + t * interval '2 hours'
FROM jobs WHERE paid AND status IN ('failed', 'cancelled');
-- Signs that the rules do not know, and a payment that was credited twice.
INSERT INTO "CreditTransaction" ("id", "userId", "amount", "type", "createdAt")
SELECT pg_temp.cuid('zero' || i), id, 0, 'usage', at FROM people WHERE i % 120 = 18;
INSERT INTO "CreditTransaction" ("id", "userId", "amount", "type", "stripePaymentIntentId", "createdAt")
SELECT pg_temp.cuid('again' || i), id, 10, 'purchase', 'pi_' || substr(pg_temp.md('pi' || i), 1, 20), at FROM people WHERE i % 120 = 19;

-- Balances: as the ledger says, except for some.
INSERT INTO "CreditBalance"
SELECT pg_temp.cuid('bal' || i), id, CASE WHEN i % 30 = 8 THEN s.total + 3 WHEN i % 30 = 9 THEN greatest(s.total - 2, 0)
            WHEN i % 150 = 20 THEN -4 ELSE s.total END,
       s.bought, s.used, s.back, s.given, s.bought, at, at + interval '40 days'
FROM people JOIN (SELECT "userId", sum("amount")::int AS total, coalesce(sum("amount") FILTER (WHERE "type" = 'purchase'), 0)::int AS bought,
                         coalesce(-sum("amount") FILTER (WHERE "type" = 'usage'), 0)::int AS used,
                         coalesce(sum("amount") FILTER (WHERE "type" = 'refund'), 0)::int AS back,
                         coalesce(sum("amount") FILTER (WHERE "type" = 'gift'), 0)::int AS given
                  FROM "CreditTransaction" GROUP BY "userId") s ON s."userId" = id
WHERE i % 60 <> 21;

INSERT INTO "Subscription"
SELECT pg_temp.cuid('sub' || i), id, 'cus_' || substr(pg_temp.md('cus' || i), 1, 14), 'sub_' || substr(pg_temp.md('sub' || i), 1, 14), 'price_x', 2 + i % 2,
       (ARRAY['active','active','active','canceled','past_due','trialing'])[1 + pg_temp.h('sub' || i, 6)], CASE WHEN i % 4 = 0 THEN 'yearly' ELSE 'monthly' END,
       timestamp '2026-11-01', CASE WHEN i % 120 = 24 THEN timestamp '2026-11-01' ELSE timestamp '2026-12-01' END, i % 18 = 0, NULL, at, at
FROM people WHERE i % 6 = 0;
INSERT INTO "FeatureUsageCounter"
SELECT pg_temp.cuid('cnt' || i), id, 'generate_cv', pg_temp.h('cnt' || i, 5), timestamp '2026-11-01', timestamp '2026-12-01', at, at FROM people WHERE i % 2 = 0;
INSERT INTO "StripeWebhookLog"
SELECT pg_temp.cuid('wh' || i), 'evt_' || pg_temp.md('wh' || i), 'invoice.paid', CASE WHEN i % 120 = 0 THEN 'broken {' ELSE '{"id": "evt"}' END, true, NULL, at FROM people WHERE i % 6 = 0;
INSERT INTO "Referral" ("id", "referrerId", "referredId", "codeUsed", "status", "referrerCredits", "referredCredits", "updatedAt")
SELECT pg_temp.cuid('rf' || i), pg_temp.cuid('user' || (i - 1)), id, 'REF', 'rewarded', 5, 5, at FROM people WHERE i % 20 = 11;

INSERT INTO "CvGenerationTask"
SELECT pg_temp.cuid('gen' || i), id, pg_temp.cuid('cv' || i || '.1'), CASE WHEN i % 10 = 0 THEN 'optimize' ELSE 'adapt' END,
       CASE WHEN i % 50 = 25 THEN 'running' ELSE 'completed' END, 2, CASE WHEN i % 50 = 25 THEN 1 ELSE 2 END, 2, 0, NULL, at, at, at, at
FROM people WHERE i % 5 = 0;
INSERT INTO "CvGenerationOffer" ("id", "taskId", "sourceUrl", "offerIndex", "status", "classificationResult", "generatedCvFileId", "createdAt", "updatedAt")
SELECT pg_temp.cuid('go' || i || '.' || o), pg_temp.cuid('gen' || i), 'https://jobs.example/' || i || '/' || o, o,
       CASE WHEN i % 50 = 25 AND o = 1 THEN 'extracting' ELSE 'completed' END, '{"language": "fr"}',
       CASE WHEN o = 0 AND EXISTS (SELECT 1 FROM files f WHERE f.i = p.i AND f.f = 2) THEN pg_temp.cuid('cv' || i || '.2') ELSE pg_temp.cuid('cvgone' || i) END, at, at
FROM people p, generate_series(0, 1) o WHERE i % 5 = 0;
INSERT INTO "CvGenerationSubtask" ("id", "offerId", "type", "itemIndex", "status", "output", "modelUsed", "promptTokens", "cachedTokens", "completionTokens", "estimatedCost", "durationMs", "createdAt", "updatedAt")
SELECT pg_temp.cuid('gs' || i || '.' || o || k), pg_temp.cuid('go' || i || '.' || o), k, CASE WHEN k = 'batch_experience' THEN 0 END, 'completed', '{"ok": true}', 'gpt-4.1-2025-04-14',
       1000 + pg_temp.h('gp' || i || k, 900), 100, 300, 0.00345678, 1200, at, at
FROM people p, generate_series(0, 1) o, unnest(ARRAY['classify','batch_experience','batch_skills','batch_summary','recompose']) k
WHERE i % 5 = 0 AND NOT (i % 50 = 25 AND o = 1);

INSERT INTO "OpenAICall"
SELECT pg_temp.cuid('call' || i || '.' || c), id, (ARRAY['cv_generation','job_extraction','match_score'])[1 + c % 3], (ARRAY['gpt-4o','gpt-5-nano-2025-08-07'])[1 + c % 2],
       1000 + pg_temp.h('cp' || i || c, 4000), pg_temp.h('cc' || i || c, 900), 200 + pg_temp.h('co' || i || c, 800), 0,
       (1000 + pg_temp.h('cp' || i || c, 4000)) * 0.0000025 + pg_temp.h('cx' || i || c, 1000) * 0.00000123, 900, CASE WHEN c = 1 THEN '{"attempt": 1}' END,
       at + c * interval '5 hours'
FROM people, generate_series(1, 12) c;
UPDATE "OpenAICall" SET "totalTokens" = "promptTokens" + "completionTokens";
INSERT INTO "OpenAICall" ("id", "userId", "featureName", "model", "promptTokens", "totalTokens", "estimatedCost")
SELECT pg_temp.cuid('callgone' || i), pg_temp.cuid('gone' || i), 'cv_generation', 'gpt-4o', 500, 500, 0.00125 FROM people WHERE i % 20 = 1;
INSERT INTO "OpenAIUsage"
SELECT pg_temp.cuid('use' || "userId" || "featureName" || "model" || date_trunc('day', "createdAt")), "userId", "featureName", "model", date_trunc('day', "createdAt"),
       sum("promptTokens"), sum("cachedTokens"), sum("completionTokens"), sum("totalTokens"), sum("estimatedCost"), count(*), min("createdAt"), max("createdAt")
FROM "OpenAICall" WHERE "userId" IN (SELECT id FROM people) GROUP BY "userId", "featureName", "model", date_trunc('day', "createdAt");
-- A day twice: the column is an instant.
INSERT INTO "OpenAIUsage"
SELECT pg_temp.cuid('twice' || u."id"), u."userId", "featureName", "model", "date" + interval '1 hour', 7, 1, 2, 9, 0.000031, 1, "createdAt", "updatedAt"
FROM "OpenAIUsage" u JOIN people p ON p.id = u."userId" WHERE i % 25 = 2;

INSERT INTO "TelemetryEvent"
SELECT pg_temp.cuid('tel' || i || '.' || e), CASE WHEN e = 1 THEN NULL ELSE id END, (ARRAY['CV_GENERATED','CV_IMPORTED','CV_EXPORTED'])[1 + e % 3], 'cv_management',
       CASE WHEN i % 60 = 26 AND e = 2 THEN 'not json' ELSE '{"duration": 12}' END, 'device-' || i, pg_temp.h('td' || i || e, 9000),
       CASE WHEN i % 60 = 27 AND e = 2 THEN 'meh' ELSE 'success' END, NULL, at + e * interval '3 hours', at + e * interval '3 hours'
FROM people, generate_series(1, 15) e;
INSERT INTO "FeatureUsage"
SELECT pg_temp.cuid('fu' || i || f), id, f, 1 + pg_temp.h('fu' || i || f, 9), at, 1000 * pg_temp.h('fd' || i || f, 900), NULL, at, at
FROM people, unnest(ARRAY['generate_cv','export_cv']) f;
INSERT INTO "Feedback"
SELECT pg_temp.cuid('fb' || i), id, CASE WHEN i % 80 = 24 THEN 9 ELSE 1 + i % 5 END, CASE WHEN i % 80 = 32 THEN repeat('très bien ', 60) ELSE 'Bien' END,
       i % 16 = 0, NULL, 'Mozilla/5.0', '/', at, 'new' FROM people WHERE i % 8 = 0;
INSERT INTO "ConsentLog"
SELECT pg_temp.cuid('co' || i), id, (ARRAY['created','accept','reject'])[1 + i % 3], CASE WHEN i % 60 = 33 THEN 'all' ELSE '{"necessary": true, "analytics": false}' END,
       '203.0.113.' || i % 250, 'Mozilla/5.0', at FROM people;
INSERT INTO "LinkHistory"
SELECT pg_temp.cuid('lh' || i || '.' || l), id, 'https://jobs.example/' || i || '/' || l, at + l * interval '1 day' FROM people, generate_series(1, 3) l WHERE l <= pg_temp.h('lh' || i, 4);
INSERT INTO "EmailLog" ("id", "templateId", "templateName", "recipientEmail", "recipientUserId", "subject", "status", "resendId", "createdAt")
SELECT pg_temp.cuid('el' || i), pg_temp.cuid('m1'), 'password-reset', 'Person' || i || '@example.com', CASE WHEN i % 40 = 34 THEN pg_temp.cuid('gone' || i) ELSE id END,
       'Mot de passe', (ARRAY['sent','delivered','bounced'])[1 + i % 3], 're_' || i, at FROM people WHERE i % 2 = 0;
ANALYZE;
