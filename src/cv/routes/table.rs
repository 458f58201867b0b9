//! The routes that are calls.

/// One route that is a call. Names in the path, then the query (GET, DELETE) or the JSON body become its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// `get`, `post`, `patch`, `put`, `delete`.
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
    row("post", "/v1/cv/files/template", "cv.create_template", "A CV to fill in: {template, language}"),
    row("post", "/v1/cv/files/from-job-title", "cv.from_job_title", "A CV to start from: {title, language}"),
    row("post", "/v1/cv/files/{id}/translate", "cv.translate", "The same CV in another language: {language}"),
    row("post", "/v1/cv/files/{id}/score", "cv.score", "Score a CV against an offer"),
    row("post", "/v1/cv/files/{id}/review", "cv.review", "Decide about proposed changes"),
    row("post", "/v1/cv/files/{id}/restore", "cv.restore", "Bring a version back"),
    row("get", "/v1/cv/files/{id}/versions", "cv.versions", "The kept versions, the newest first"),
    row("get", "/v1/cv/files/{id}/versions/{version}", "cv.version", "One version with its content"),
    row("get", "/v1/cv/export-templates", "export_template.list", "My export templates, the newest first"),
    row("post", "/v1/cv/export-templates", "export_template.create", "A way to export: {name, design?, selections?}"),
    row("get", "/v1/cv/export-templates/{id}", "export_template.get", "One export template"),
    row("patch", "/v1/cv/export-templates/{id}", "export_template.update", "Change it: {name?, design?, selections?}"),
    row("delete", "/v1/cv/export-templates/{id}", "export_template.delete", "Forget it"),
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
    row("get", "/v1/cv/admin/email-triggers", "admin.email_trigger.list", "Triggers of e-mails by name"),
    row("post", "/v1/cv/admin/email-triggers", "admin.email_trigger.create", "A new trigger"),
    row("patch", "/v1/cv/admin/email-triggers/{id}", "admin.email_trigger.update", "Change a trigger"),
    row(
        "delete",
        "/v1/cv/admin/email-triggers/{id}",
        "admin.email_trigger.delete",
        "Delete a trigger, but no system one",
    ),
    row("get", "/v1/cv/admin/email-templates", "admin.email_template.list", "Templates of e-mails by name"),
    row("post", "/v1/cv/admin/email-templates", "admin.email_template.create", "A new template"),
    row("get", "/v1/cv/admin/email-templates/{id}", "admin.email_template.get", "One template"),
    row("patch", "/v1/cv/admin/email-templates/{id}", "admin.email_template.update", "Change a template, activate it"),
    row("delete", "/v1/cv/admin/email-templates/{id}", "admin.email_template.delete", "Delete a template"),
    row("post", "/v1/cv/admin/email-templates/{id}/test", "admin.email_template.test", "Send a test of a template"),
    row(
        "get",
        "/v1/cv/admin/email-logs",
        "admin.email_log.list",
        "E-mails, the newest first; by status, recipient, template",
    ),
    row("get", "/v1/cv/link-history", "link_history.list", "Addresses that I used, the last first"),
    row("get", "/v1/cv/me/onboarding", "onboarding.get", "How far my introduction is"),
    row("put", "/v1/cv/me/onboarding", "onboarding.set", "Move my introduction on: the whole new state"),
    row("post", "/v1/cv/me/notices/read", "notice.read", "All my notices are read"),
    row("post", "/v1/cv/telemetry", "telemetry.push", "Up to 100 events, for statistics"),
    row("post", "/v1/cv/feedback", "feedback.send", "Tell what is good or broken"),
    row("post", "/v1/cv/consents", "consent.set", "Choose what my data may be used for"),
    row("get", "/v1/cv/consents", "consent.list", "My choices, the newest first"),
    row("get", "/v1/cv/admin/users", "admin.users", "People, the newest first; by address, role, plan"),
    row("get", "/v1/cv/admin/users/{id}", "admin.user", "One person"),
    row("patch", "/v1/cv/admin/users/{id}", "admin.user_set", "Change a person's role, name or confirmation"),
    row("get", "/v1/cv/admin/settings", "admin.settings", "All settings"),
    row("patch", "/v1/cv/admin/settings", "admin.settings_set", "Change settings, in force on all nodes within 2 s"),
    row("get", "/v1/cv/admin/ai/usage", "admin.ai_usage", "Tokens and cost by person, feature, model, day"),
    row("get", "/v1/cv/admin/ai/calls", "admin.ai_calls", "Calls to models, the newest first"),
    row("get", "/v1/cv/admin/ai/pricing", "admin.pricing", "Prices of models"),
    row("put", "/v1/cv/admin/ai/pricing", "admin.pricing_set", "Set the prices of a model"),
    row("get", "/v1/cv/admin/ai/alerts", "admin.alerts", "Cost alerts"),
    row("put", "/v1/cv/admin/ai/alerts", "admin.alert_set", "Add (without `id`) or change a cost alert"),
    row("delete", "/v1/cv/admin/ai/alerts/{id}", "admin.alert_delete", "Remove a cost alert"),
    row("get", "/v1/cv/admin/telemetry", "admin.telemetry", "What happened in clients, the newest first"),
    row("get", "/v1/cv/admin/feedback", "admin.feedback", "What people told us, the newest first"),
    row("patch", "/v1/cv/admin/feedback/{id}", "admin.feedback_set", "Move feedback on"),
    row("delete", "/v1/cv/link-history/{id}", "link_history.delete", "Forget an address"),
];
