/** What the routes around the CVs answer in the server in memory: one row of each kind, so that every page has something to show. */
import { AREAS } from "../src/lib/areas";
import { ago, newId, now } from "./world";

const until = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const day = (back: number) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);

/** Every route that an area stands on. */
export const routes = (): readonly string[] => [
  ...Object.values(AREAS).flat(),
  "POST /v1/cv/admin/users/{id}/gift",
  "POST /v1/cv/admin/users/{id}/block-cv",
  "DELETE /v1/cv/admin/ai/alerts/{id}",
];

const limits = (generate: number, cvs: number, export_: boolean) => [
  { feature_name: "generate_cv", is_enabled: true, usage_limit: generate },
  { feature_name: "import_pdf", is_enabled: true, usage_limit: generate },
  { feature_name: "translate_cv", is_enabled: generate !== 2, usage_limit: generate },
  { feature_name: "max_cvs", is_enabled: true, usage_limit: cvs },
  { feature_name: "export_cv", is_enabled: export_, usage_limit: -1 },
];
const plan = (id: number, name: string, tier: number, monthly: number, discount: number, said: ReturnType<typeof limits>, description: string) => ({
  id, name, description, is_free: tier === 0, tier, is_popular: tier === 1, price_monthly: monthly, price_yearly: Math.round(monthly * 12 * (100 - discount)) / 100,
  yearly_discount_percent: discount, price_currency: "EUR", limits: said,
  stripe_product_id: tier === 0 ? null : `prod_${name}`, stripe_price_id_monthly: tier === 0 ? null : `price_${name}_m`, stripe_price_id_yearly: null, subscribers: tier * 41, created_at: ago(9_000_000), updated_at: ago(90_000),
});
const plans = [
  plan(1, "free", 0, 0, 0, limits(2, 3, true), "To try it out"),
  plan(2, "basic", 1, 9.9, 20, limits(20, 15, true), "For who is looking"),
  plan(3, "pro", 2, 24, 25, limits(-1, -1, true), "For who is looking for many"),
];
const pack = (id: number, name: string, credit_amount: number, price: number) => ({ id, name, description: null, credit_amount, price, price_currency: "EUR", is_active: id !== 3, stripe_product_id: null, stripe_price_id: `price_pack_${id}`, created_at: ago(9e6), updated_at: ago(9e5) });
const packs = [pack(1, "Small", 10, 4.9), pack(2, "Medium", 50, 19), pack(3, "Large", 200, 59)];
const webhook = (id: string, event_type: string, processed: boolean, error: string | null, seconds: number) => ({ id, event_id: `evt_${id}3kPq`, event_type, processed, error, created_at: ago(seconds) });
const mail = (id: string, template_name: string, subject: string, status: string, error: string | null) => ({
  id, template_id: null, template_name, recipient_email: `ana.${id}@example.org`, recipient_user_id: null, subject, status, error, provider: id === "m2" ? "resend" : "smtp", provider_id: null, resend_id: null, is_test_email: id === "m3", task_id: null, created_at: ago(600 * id.length),
});
const setting = (setting_name: string, value: string, category: string, description: string | null = null) => ({ setting_name, value, category, description, updated_at: ago(500_000) });
const feedback = (id: string, rating: number, comment: string, bug: boolean, status: string) => ({ id, user_id: "u7f2kd93", email: "ana@example.org", rating, comment, is_bug_report: bug, current_cv_file: null, user_agent: null, page_url: "/cvs", status, created_at: ago(40_000) });
const usage = (group: Record<string, unknown>, cost: number, calls: number) => ({ date: null, user_id: null, email: null, feature_name: null, model: null, prompt_tokens: 90_000, cached_tokens: 20_000, completion_tokens: 12_000, total_tokens: 102_000, estimated_cost: cost, calls_count: calls, ...group });
const template = (id: string, name: string, design: string, off: readonly string[]) => ({ id, name, design, selections: Object.fromEntries(off.map((section) => [section, { enabled: false }])), created_at: ago(90_000), updated_at: ago(9_000) });
const templates = [template("x1", "Tech, two pages", "modern", ["interests", "references"]), template("x2", "Short", "compact", ["projects", "awards", "publications", "volunteer", "references"])];

/** Of admin:costs. */
export const adminCosts = () => ({
  today: { date: day(0), cost: 3.4182, calls: 812 },
  month_cost: 61.92,
  budgets: [{ setting_name: "budget_global_daily", limit: 20, spent: 3.4182 }],
  alerts: [{ id: "f1", type: "user_daily", name: "A person above $2", scope: "u7f2kd93", period: day(1), value: 2.31, threshold: 2, fired_at: ago(70_000) }],
});

const LISTS: Record<string, (query: URLSearchParams) => readonly unknown[]> = {
  "me/sessions": () => [
    { id: "s1", device: "d4k2m9x7qqqq", created_at: ago(400_000), last_used_at: ago(20), expires_at: until(30), current: true },
    { id: "s2", device: "p8f3z1w5rrrr", created_at: ago(2_400_000), last_used_at: ago(90_000), expires_at: until(12), current: false },
  ],
  consents: () => [{ id: "c1", action: "created", preferences: { necessary: true, functional: true, analytics: false, marketing: false }, created_at: ago(400_000) }],
  "export-templates": () => templates,
  "link-history": () => [{ id: "lh1", url: "https://careers.northwind.example/jobs/platform-engineer", created_at: ago(4_000) }],
  "admin/users": () => ["ana", "bea", "carl", "demo"].map((name, index) => ({ id: `u${index}f2kd93`, email: `${name}@example.org`, name, role: name === "demo" ? "ADMIN" : "USER", email_verified: index === 1 ? null : ago(900_000), plan_name: index === 0 ? "pro" : "free", balance: index * 12, cvs: index * 3, month_cost: index * 0.213, created_at: ago(1e6 * (index + 1)) })),
  "admin/plans": () => plans,
  "admin/credit-packs": () => packs,
  "admin/promo-codes": () => [
    { id: "pc1", code: "RENTREE", type: "credits", value: 5, currency: null, plan_id: null, credit_pack_id: null, max_uses: 100, max_uses_per_user: 1, current_uses: 37, valid_from: ago(1e6), valid_until: until(40), is_active: true },
    { id: "pc2", code: "PRO20", type: "percent_off", value: 20, currency: null, plan_id: 3, credit_pack_id: null, max_uses: null, max_uses_per_user: 1, current_uses: 4, valid_from: ago(1e6), valid_until: null, is_active: false },
  ],
  "admin/email-triggers": () => [
    { id: "t1", name: "email_verification", label: "Address to be confirmed", description: "After signing up", variables: ["link", "expires_hours"], category: "auth", icon: null, is_system: true, created_at: ago(1e6), updated_at: ago(1e6) },
    { id: "t2", name: "newsletter", label: "Newsletter", description: null, variables: [], category: "general", icon: null, is_system: false, created_at: ago(1e6), updated_at: ago(1e6) },
  ],
  "admin/email-templates": () => [
    { id: "e1", name: "Verification", trigger_id: "t1", subject: "Confirmez votre adresse", design_json: {}, html_content: "<p>Bonjour {{user_name}}, <a href=\"{{link}}\">confirmez</a>.</p>", variables: ["user_name", "link"], is_active: true, is_default: false, language: "fr", translations: { en: { subject: "Confirm your address", html_content: "<p>Hello {{user_name}}, <a href=\"{{link}}\">confirm</a>.</p>" } }, created_at: ago(1e6), updated_at: ago(1e6) },
    { id: "e2", name: "Plain", trigger_id: null, subject: "{{trigger_label}}", design_json: {}, html_content: "<p>{{trigger_label}}</p>", variables: ["trigger_label"], is_active: false, is_default: true, language: "fr", translations: {}, created_at: ago(1e6), updated_at: ago(1e6) },
  ],
  "admin/email-logs": () => [mail("m1", "Verification", "Confirm your address", "delivered", null), mail("m2", "Verification", "Confirmez votre adresse", "bounced", "550 no such user"), mail("m3", "Plain", "Newsletter", "failed", "the mail server did not answer within 20 s")],
  "admin/ai/usage": (query) => {
    const by = query.get("by");
    if (by === "day") return Array.from({ length: 30 }, (_, index) => usage({ date: day(index) }, Math.abs(Math.sin(index * 1.7)) * 4 + (index === 0 ? 3.4 : 0.2), 100 + index));
    if (by === "feature") return [usage({ feature_name: "cv_generation" }, 41.2, 5_120), usage({ feature_name: "job_extraction" }, 11.3, 902), usage({ feature_name: "match_score" }, 7.1, 1_204), usage({ feature_name: "pdf_import" }, 2.2, 88)];
    if (by === "model") return [usage({ model: "gpt-4.1-2025-04-14" }, 52.1, 6_022), usage({ model: "gpt-5-mini-2025-08-07" }, 9.8, 1_300)];
    return [usage({ user_id: "u0f2kd93", email: "ana@example.org" }, 12.4, 800), usage({ user_id: "u1f2kd93", email: "bea@example.org" }, 7.7, 610)];
  },
  "admin/ai/calls": () => ["batch_experience[0,1]", "classify[0]", "match_score[2]"].map((step, index) => ({ id: `k${index}`, user_id: "u0f2kd93", email: "ana@example.org", feature_name: index === 2 ? "match_score" : "cv_generation", model: "gpt-4.1-2025-04-14", prompt_tokens: 2_100, cached_tokens: 1_000, completion_tokens: 412, total_tokens: 2_512, estimated_cost: 0.0041, duration: 3_100 + index * 900, metadata: { task_id: "task_1763_ab12cd", step }, created_at: ago(90 * index) })),
  "admin/ai/pricing": () => [
    { model_name: "gpt-4.1-2025-04-14", input_price_per_m_token: 2, output_price_per_m_token: 8, cache_price_per_m_token: 0.5, input_price_per_m_token_priority: 3.5, output_price_per_m_token_priority: 14, cache_price_per_m_token_priority: 0.875, description: null, is_active: true },
    { model_name: "gpt-5-mini-2025-08-07", input_price_per_m_token: 0.25, output_price_per_m_token: 2, cache_price_per_m_token: 0.025, input_price_per_m_token_priority: null, output_price_per_m_token_priority: null, cache_price_per_m_token_priority: null, description: "Extraction", is_active: true },
  ],
  "admin/ai/alerts": () => [{ id: "al1", type: "user_daily", threshold: 2, enabled: true, name: "A person above $2", description: null, last_fired_key: `u7f2kd93 ${day(1)}` }, { id: "al2", type: "global_monthly", threshold: 400, enabled: false, name: "The month", description: "Call somebody", last_fired_key: null }],
  "admin/telemetry": () => [
    { id: "te1", user_id: "u0f2kd93", type: "CV_GENERATED", category: "cv_management", metadata: { offers: 3 }, device_id: null, duration: 21_400, status: "success", error: null, timestamp: ago(80) },
    { id: "te2", user_id: null, type: "CV_IMPORTED", category: "cv_management", metadata: null, device_id: null, duration: 900, status: "error", error: "the PDF is protected by a password", timestamp: ago(800) },
  ],
  "admin/feedback": () => [feedback("fb1", 5, "The review by keyboard is a joy.", false, "new"), feedback("fb2", 2, "The export lost my second page.\nIt was there last week.", true, "reviewed")],
  "admin/stripe-webhooks": () => [webhook("w1", "checkout.session.completed", true, null, 300), webhook("w2", "customer.subscription.updated", false, "there is no plan with the price price_old", 900), webhook("w3", "invoice.paid", false, null, 4)],
};

const SINGLE: Record<string, (query: URLSearchParams) => unknown> = {
  "auth/providers": () => ({ providers: ["google", "github", "apple"] }),
  "auth/verify-email": () => ({ auto_sign_in_token: "once" }),
  "me/accounts": () => ({ items: [{ id: "l1", provider: "github", provider_account_id: "42", created_at: ago(800_000) }], has_password: true, providers: ["google", "github", "apple"] }),
  "me/onboarding": () => ({ currentStep: 1, hasCompleted: false, isSkipped: false }),
  "me/export": () => ({ user: { id: "u1" } }),
  "me/email-change/confirm": () => ({ state: "waiting_for_new", new_email: "new@example.org" }),
  plans: () => plans,
  "credit-packs": () => packs.filter((each) => each.is_active),
  subscription: () => ({ plan_id: 2, plan_name: "basic", tier: 1, status: "active", billing_period: "monthly", current_period_end: until(18), cancel_at_period_end: false }),
  referrals: () => ({ code: "K7Q2", referrer_credits: 5, referred_credits: 5, items: [{ id: "r1", status: "rewarded", referrer_credits: 5, created_at: ago(900_000), rewarded_at: ago(800_000) }, { id: "r2", status: "pending", referrer_credits: 0, created_at: ago(9_000), rewarded_at: null }], next: null }),
  "admin/settings": () => [setting("registration_enabled", "1", "features"), setting("cv_max_versions", "5", "features", "Older ones are pruned"), setting("maintenance_mode", "0", "general"), setting("default_token_limit", "5", "general"), setting("model_cv_generation", "gpt-4.1-2025-04-14", "ai_models")],
  "admin/stripe-webhooks/w1": () => ({ ...webhook("w1", "checkout.session.completed", true, null, 300), payload: { id: "evt_w1", object: "event", data: { object: { id: "cs_1" } } } }),
};

/** The answer to what follows `/v1/cv/`; `undefined` where it is somebody else's. */
export function product(method: string, path: string, query: URLSearchParams, admin: boolean): unknown {
  if (path.startsWith("admin/") && !admin) return undefined;
  if (path in SINGLE) return SINGLE[path]?.(query);
  const rows = LISTS[path]?.(query);
  if (rows !== undefined && method === "GET") return { items: rows, next: null };
  return undefined;
}

/** Calls that only answer. */
export const answers: Record<string, (params: Record<string, unknown>) => unknown> = {
  "onboarding.set": (params) => params.state,
  "feedback.send": (params) => ({ id: newId("fb"), status: "new", created_at: now(), ...params }),
  "billing.redeem": () => ({ credits: 5, balance: 30, transaction_id: newId("tx") }),
  "billing.checkout": () => ({ id: "cs_1", url: "/credits?checkout=done" }),
  "billing.portal": () => ({ url: "/plans" }),
  "admin.settings_set": () => [],
};
