//! The routes that are calls.

/// One route that is a call. Names in the path, then the query (GET, DELETE) or the JSON body become its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// `get`, `post`, `patch`, `delete`.
    pub method: &'static str,
    /// As actix writes it.
    pub path: &'static str,
    /// The call.
    pub call: &'static str,
    /// What it does.
    pub summary: &'static str,
}

const fn row(method: &'static str, path: &'static str, call: &'static str, summary: &'static str) -> Row {
    Row { method, path, call, summary }
}

/// All of them.
pub const ROWS: &[Row] = &[
    row("get", "/v1/cv/me", "me.get", "Who I am"),
    row("get", "/v1/cv/files", "cv.list", "My CVs without content, the newest first"),
    row("post", "/v1/cv/files", "cv.create", "A new CV from a JSON Resume"),
    row("get", "/v1/cv/files/by-name/{filename}", "cv.by_name", "One CV by its name"),
    row("get", "/v1/cv/files/{id}", "cv.get", "One CV with its scores, open changes and versions"),
    row("patch", "/v1/cv/files/{id}", "cv.update", "Edit: `rev` and a JSON patch"),
    row("delete", "/v1/cv/files/{id}", "cv.delete", "Delete a CV"),
    row("post", "/v1/cv/files/{id}/rename", "cv.rename", "Rename a CV"),
    row("post", "/v1/cv/files/{id}/offer", "cv.set_offer", "Set the offer that a CV is scored against"),
    row("post", "/v1/cv/files/{id}/score", "cv.score", "Score a CV against an offer"),
    row("post", "/v1/cv/files/{id}/review", "cv.review", "Decide about proposed changes"),
    row("post", "/v1/cv/files/{id}/restore", "cv.restore", "Bring a version back"),
    row("get", "/v1/cv/files/{id}/versions", "cv.versions", "The kept versions, the newest first"),
    row("get", "/v1/cv/files/{id}/versions/{version}", "cv.version", "One version with its content"),
    row("post", "/v1/cv/generations", "cv.generate", "Adapt a CV to offers, or optimise it in place"),
    row("get", "/v1/cv/generations", "generation.list", "My generations, the newest first"),
    row("get", "/v1/cv/generations/{id}", "task.get", "One generation with its offers and steps"),
    row("get", "/v1/cv/job-offers", "job_offer.list", "My job offers, the newest first"),
    row("post", "/v1/cv/job-offers", "job_offer.create", "Read a job offer: {url}, {text}, {upload_id}, or a PDF"),
    row("get", "/v1/cv/job-offers/{id}", "job_offer.get", "One job offer"),
    row("delete", "/v1/cv/job-offers/{id}", "job_offer.delete", "Forget a job offer"),
    row("get", "/v1/tasks", "task.list", "My tasks, the newest first; by status, type, device"),
    row("get", "/v1/tasks/{id}", "task.get", "One task with its offers and steps"),
    row("post", "/v1/tasks/{id}/cancel", "task.cancel", "Cancel a task"),
    row("post", "/v1/tasks/{id}/retry", "task.retry", "Run what failed of a task again"),
    row("post", "/v1/cv/tasks/test", "task.test", "A task that only waits, to see one run"),
    row("get", "/v1/cv/credits", "credits.get", "My balance"),
    row("get", "/v1/cv/credits/transactions", "credits.transactions", "My ledger, the newest first"),
    row("get", "/v1/cv/usage", "usage.get", "My plan with this month's allowances"),
    row("get", "/v1/cv/subscription", "subscription.get", "My subscription and the plan in force"),
    row(
        "post",
        "/v1/cv/subscription/checkout",
        "billing.checkout",
        "Subscribe: {plan_id, billing_period?, promo_code?}",
    ),
    row("post", "/v1/cv/subscription/portal", "billing.portal", "Where plan, card and address are changed"),
    row("post", "/v1/cv/subscription/cancel", "billing.cancel", "End my subscription with its period"),
    row("post", "/v1/cv/subscription/resume", "billing.resume", "Go on with it after all"),
    row("post", "/v1/cv/credits/checkout", "billing.checkout", "Buy credits: {credit_pack_id, promo_code?}"),
    row("get", "/v1/cv/referrals", "referral.get", "My referral code, and who came by it"),
    row("post", "/v1/cv/promo-codes/redeem", "billing.redeem", "Redeem a code that gives credits: {code}"),
    row("get", "/v1/cv/admin/plans", "admin.plans", "The plans with their ties to Stripe"),
    row("post", "/v1/cv/admin/plans", "admin.plan_create", "A new plan"),
    row("patch", "/v1/cv/admin/plans/{id}", "admin.plan_update", "Change a plan"),
    row("get", "/v1/cv/admin/plans/{id}/limits", "admin.plan_limits", "What a plan says about its features"),
    row("patch", "/v1/cv/admin/plans/{id}/limits", "admin.plan_limits_set", "Change that: {limits}"),
    row("get", "/v1/cv/admin/credit-packs", "admin.credit_packs", "The packs; by is_active"),
    row("post", "/v1/cv/admin/credit-packs", "admin.credit_pack_create", "A new pack"),
    row("patch", "/v1/cv/admin/credit-packs/{id}", "admin.credit_pack_update", "Change a pack"),
    row("get", "/v1/cv/admin/promo-codes", "admin.promo_codes", "The promo codes; by is_active, q"),
    row("post", "/v1/cv/admin/promo-codes", "admin.promo_code_create", "A new promo code"),
    row("patch", "/v1/cv/admin/promo-codes/{id}", "admin.promo_code_update", "For whom and how long it works"),
    row("post", "/v1/cv/admin/users/{id}/gift", "admin.gift", "Give credits: {credits, reason?}"),
    row(
        "post",
        "/v1/cv/admin/users/{id}/block-cv",
        "admin.block_cv",
        "Block a CV or set it free: {cv_id, blocked, reason?}",
    ),
    row("get", "/v1/cv/admin/stripe-webhooks", "admin.stripe_webhooks", "What Stripe sent; by processed, event_type"),
    row("get", "/v1/cv/admin/stripe-webhooks/{id}", "admin.stripe_webhook", "One event with what it said"),
    row("post", "/v1/cv/admin/stripe-webhooks/{id}/replay", "admin.stripe_webhook_replay", "Try it once more"),
    row("get", "/v1/cv/link-history", "link_history.list", "Addresses that I used, the last first"),
    row("delete", "/v1/cv/link-history/{id}", "link_history.delete", "Forget an address"),
];
