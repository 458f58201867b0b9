//! Every route for everybody.

use super::World;
use crate::support::person::{Answer, Person};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Everybody, signed in or not.
    Open,
    /// Everybody who is signed in, and it is about themselves only.
    Own,
    /// About something of Ada's: she and administrators; for others it is not there.
    Readable,
    /// About something of Ada's: she alone, administrators neither.
    Owner,
    /// Refused as it is asked here, whoever is signed in.
    NotOffered,
    /// For administrators.
    Admin,
}
use Access::{Admin, NotOffered, Open, Own, Owner, Readable};

struct Row {
    method: &'static str,
    path: &'static str,
    access: Access,
    body: fn(&World) -> Value,
}

const fn row(method: &'static str, path: &'static str, access: Access) -> Row {
    Row { method, path, access, body: |_| Value::Null }
}

const fn with(method: &'static str, path: &'static str, access: Access, body: fn(&World) -> Value) -> Row {
    Row { method, path, access, body }
}

/// All routes. What takes something away stands last.
const ROWS: &[Row] = &[
    row("get", "/health/live", Open),
    row("get", "/health/ready", Open),
    row("get", "/metrics", Open),
    row("get", "/openapi.json", Open),
    row("get", "/v1/capabilities", Open),
    // The socket: who speaks on it is found out after the upgrade (`hello`).
    row("get", "/v1/live", Open),
    with("post", "/v1/cv/auth/sign-up", Open, |_| json!({"email": "x", "password": "x"})),
    with("post", "/v1/cv/auth/sign-in", Open, |_| json!({"email": "x", "password": "x"})),
    with("post", "/v1/cv/auth/refresh", Open, |_| json!({"refresh_token": "x"})),
    with("post", "/v1/cv/auth/device", Open, |_| json!({})),
    with("post", "/v1/cv/auth/verify-email", Open, |_| json!({"token": "x"})),
    with("post", "/v1/cv/auth/resend-verification", Open, |_| json!({"email": "x"})),
    with("post", "/v1/cv/auth/auto-sign-in", Open, |_| json!({"token": "x"})),
    with("post", "/v1/cv/auth/forgot-password", Open, |_| json!({"email": "x"})),
    with("post", "/v1/cv/auth/reset-password", Open, |_| json!({"token": "x", "password": "correct horse battery"})),
    row("get", "/v1/cv/auth/providers", Open),
    row("get", "/v1/cv/auth/oauth/{provider}", Open),
    row("get", "/v1/cv/auth/oauth/{provider}/callback", Open),
    row("post", "/v1/cv/auth/oauth/{provider}/callback", Open),
    // The link of an e-mail may be opened where nobody is signed in.
    with("post", "/v1/cv/me/email-change/confirm", Open, |_| json!({"token": "x"})),
    row("post", "/v1/cv/email/webhook", Open),
    row("get", "/v1/cv/me", Own),
    with("patch", "/v1/cv/me", Own, |_| json!({"language": "fr"})),
    row("get", "/v1/cv/me/export", Own),
    row("get", "/v1/cv/me/sessions", Own),
    row("get", "/v1/cv/me/accounts", Own),
    with(
        "post",
        "/v1/cv/me/email-change",
        Own,
        |_| json!({"new_email": "new@example.org", "password": "correct horse battery"}),
    ),
    // No provider is set up.
    with("post", "/v1/cv/me/accounts", NotOffered, |_| json!({"provider": "google"})),
    row("delete", "/v1/cv/me/accounts/{id}", Owner),
    row("delete", "/v1/cv/me/sessions/{id}", Owner),
    // It ends all other sessions.
    with(
        "post",
        "/v1/cv/me/password",
        Own,
        |_| json!({"current": "correct horse battery", "password": "correct horse battery"}),
    ),
    row("delete", "/v1/cv/me/sessions", Own),
    // Without the password, nobody's account goes.
    row("delete", "/v1/cv/me", NotOffered),
    row("get", "/v1/cv/admin/email-triggers", Admin),
    with("post", "/v1/cv/admin/email-triggers", Admin, |_| json!({"name": "news", "label": "News"})),
    with("patch", "/v1/cv/admin/email-triggers/{id}", Admin, |_| json!({"label": "Newer"})),
    row("delete", "/v1/cv/admin/email-triggers/{id}", Admin),
    row("get", "/v1/cv/admin/email-templates", Admin),
    with(
        "post",
        "/v1/cv/admin/email-templates",
        Admin,
        |_| json!({"name": "x", "subject": "x", "html_content": "<p>x</p>"}),
    ),
    row("get", "/v1/cv/admin/email-templates/{id}", Admin),
    with("patch", "/v1/cv/admin/email-templates/{id}", Admin, |_| json!({"subject": "y"})),
    with("post", "/v1/cv/admin/email-templates/{id}/test", Admin, |_| json!({})),
    row("delete", "/v1/cv/admin/email-templates/{id}", Admin),
    row("get", "/v1/cv/admin/email-logs", Admin),
    row("get", "/v1/cv/credits", Own),
    row("get", "/v1/cv/credits/transactions", Own),
    row("get", "/v1/cv/usage", Own),
    row("get", "/v1/cv/plans", Open),
    row("get", "/v1/cv/credit-packs", Open),
    // Who sends an event is found out by its signature.
    with("post", "/v1/cv/stripe/webhook", Open, |_| json!({"id": "evt_1", "type": "x"})),
    row("get", "/v1/cv/subscription", Own),
    // The server under test takes no payments.
    with("post", "/v1/cv/subscription/checkout", NotOffered, |_| json!({"plan_id": 1})),
    row("post", "/v1/cv/subscription/portal", NotOffered),
    row("post", "/v1/cv/subscription/cancel", NotOffered),
    row("post", "/v1/cv/subscription/resume", NotOffered),
    with("post", "/v1/cv/credits/checkout", NotOffered, |_| json!({"credit_pack_id": 1})),
    row("get", "/v1/cv/referrals", Own),
    with("post", "/v1/cv/promo-codes/redeem", Own, |_| json!({"code": "WELCOME"})),
    row("get", "/v1/cv/admin/plans", Admin),
    with("post", "/v1/cv/admin/plans", Admin, |_| json!({"name": "another", "price_monthly": 5})),
    with("patch", "/v1/cv/admin/plans/{id}", Admin, |_| json!({"is_popular": true})),
    row("get", "/v1/cv/admin/plans/{id}/limits", Admin),
    with("patch", "/v1/cv/admin/plans/{id}/limits", Admin, |_| json!({"limits": []})),
    row("get", "/v1/cv/admin/credit-packs", Admin),
    with("post", "/v1/cv/admin/credit-packs", Admin, |_| json!({"name": "Fifty", "credit_amount": 50, "price": 20})),
    with("patch", "/v1/cv/admin/credit-packs/{id}", Admin, |_| json!({"is_active": true})),
    row("get", "/v1/cv/admin/promo-codes", Admin),
    with("post", "/v1/cv/admin/promo-codes", Admin, |_| json!({"code": "NEW", "type": "credits", "value": 1})),
    with("patch", "/v1/cv/admin/promo-codes/{id}", Admin, |_| json!({"is_active": true})),
    with("post", "/v1/cv/admin/users/{id}/gift", Admin, |_| json!({"credits": 1})),
    with("post", "/v1/cv/admin/users/{id}/block-cv", Admin, |w| json!({"cv_id": w.cv, "blocked": false})),
    row("get", "/v1/cv/admin/stripe-webhooks", Admin),
    row("get", "/v1/cv/admin/stripe-webhooks/{id}", Admin),
    row("post", "/v1/cv/admin/stripe-webhooks/{id}/replay", Admin),
    row("get", "/v1/cv/link-history", Own),
    row("get", "/v1/cv/files", Own),
    with("post", "/v1/cv/files", Own, |_| json!({"content": crate::support::resume()})),
    row("get", "/v1/cv/files/by-name/{filename}", Owner),
    row("get", "/v1/cv/files/{id}", Readable),
    row("get", "/v1/cv/files/{id}/versions", Readable),
    row("get", "/v1/cv/files/{id}/versions/{version}", Readable),
    // A document is its owner's to take away.
    row("get", "/v1/cv/files/{id}/export", Owner),
    with("patch", "/v1/cv/files/{id}", Owner, |_| json!({"rev": 0, "patch": [{"op": "remove", "path": "/work"}]})),
    with("post", "/v1/cv/files/{id}/rename", Owner, |_| json!({"filename": "ada.json"})),
    with("post", "/v1/cv/files/{id}/offer", Owner, |w| json!({"job_offer_id": w.offer})),
    with("post", "/v1/cv/files/{id}/score", Owner, |w| json!({"job_offer_id": w.offer})),
    with("post", "/v1/cv/files/{id}/review", Owner, |_| json!({"decisions": [{"change_id": "x", "accept": true}]})),
    with("post", "/v1/cv/files/{id}/restore", Owner, |_| json!({"version": 1})),
    with("post", "/v1/cv/files/import", Owner, |_| json!({"upload_id": "u-of-ada"})),
    with("post", "/v1/cv/files/template", Own, |_| json!({"language": "en", "template": "blank"})),
    with("post", "/v1/cv/files/from-job-title", Own, |_| json!({"language": "en", "title": "Cook"})),
    with("post", "/v1/cv/files/{id}/translate", Owner, |_| json!({"language": "fr"})),
    row("get", "/v1/cv/export-templates", Own),
    with("post", "/v1/cv/export-templates", Own, |_| json!({"name": "of mine"})),
    row("get", "/v1/cv/export-templates/{id}", Owner),
    with("patch", "/v1/cv/export-templates/{id}", Owner, |_| json!({"design": "modern"})),
    with("post", "/v1/cv/uploads", Own, |_| json!("multipart")),
    row("get", "/v1/cv/job-offers", Own),
    with("post", "/v1/cv/job-offers", Own, |_| json!({"text": crate::support::offer_text(7)})),
    row("get", "/v1/cv/job-offers/{id}", Owner),
    with(
        "post",
        "/v1/cv/generations",
        Owner,
        |w| json!({"source_cv_id": w.cv, "mode": "adapt", "offers": [{"text": crate::support::offer_text(8)}]}),
    ),
    row("get", "/v1/cv/generations", Own),
    row("get", "/v1/cv/generations/{id}", Readable),
    row("get", "/v1/tasks", Own),
    row("get", "/v1/tasks/{id}", Readable),
    with("post", "/v1/cv/tasks/test", Own, |_| json!({"steps": 1})),
    row("post", "/v1/tasks/{id}/cancel", Owner),
    row("post", "/v1/tasks/{id}/retry", Owner),
    row("get", "/v1/admin/nodes", Admin),
    row("get", "/v1/admin/queues", Admin),
    row("get", "/v1/admin/sessions", Admin),
    row("get", "/v1/admin/sessions/{session}/timeline", Admin),
    row("get", "/v1/cv/me/onboarding", Own),
    with("put", "/v1/cv/me/onboarding", Own, |_| json!({"state": {"currentStep": 1}})),
    row("post", "/v1/cv/me/notices/read", Own),
    with("post", "/v1/cv/telemetry", Own, |_| json!({"events": [{"type": "a", "category": "b"}]})),
    with("post", "/v1/cv/feedback", Own, |_| json!({"rating": 5, "comment": "good"})),
    with("post", "/v1/cv/consents", Own, |_| json!({"preferences": {"analytics": true}})),
    row("get", "/v1/cv/consents", Own),
    row("get", "/v1/cv/admin/users", Admin),
    row("get", "/v1/cv/admin/users/{id}", Admin),
    with("patch", "/v1/cv/admin/users/{id}", Admin, |_| json!({"name": "Ada"})),
    row("get", "/v1/cv/admin/settings", Admin),
    with("patch", "/v1/cv/admin/settings", Admin, |_| json!({"values": {"cv_max_versions": "6"}})),
    row("get", "/v1/cv/admin/ai/usage", Admin),
    row("get", "/v1/cv/admin/ai/calls", Admin),
    row("get", "/v1/cv/admin/ai/pricing", Admin),
    with("put", "/v1/cv/admin/ai/pricing", Admin, |_| {
        json!({
            "model_name": "m", "input_price_per_m_token": 1, "output_price_per_m_token": 1, "cache_price_per_m_token": 1,
        })
    }),
    row("get", "/v1/cv/admin/ai/alerts", Admin),
    with("put", "/v1/cv/admin/ai/alerts", Admin, |_| json!({"type": "user_daily", "threshold": 1, "name": "n"})),
    row("delete", "/v1/cv/admin/ai/alerts/{id}", Admin),
    row("get", "/v1/cv/admin/telemetry", Admin),
    row("get", "/v1/cv/admin/feedback", Admin),
    with("patch", "/v1/cv/admin/feedback/{id}", Admin, |_| json!({"status": "reviewed"})),
    row("delete", "/v1/cv/export-templates/{id}", Owner),
    row("delete", "/v1/cv/link-history/{id}", Owner),
    row("delete", "/v1/cv/job-offers/{id}", Owner),
    row("delete", "/v1/cv/files/{id}", Owner),
    row("post", "/v1/cv/auth/sign-out", Own),
];

impl Row {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// With the ids of Ada's things.
    fn path(&self, world: &World) -> String {
        let id = if self.path.contains("/admin/plans/") || self.path.contains("/credit-packs/") {
            "1"
        } else if self.path.contains("/promo-codes/") {
            "p-of-welcome"
        } else if self.path.contains("/stripe-webhooks/") {
            "w-of-nobody"
        } else if self.path.contains("/admin/users/") {
            &world.ada.id
        } else if self.path.contains("/job-offers/") {
            &world.offer
        } else if self.path.contains("/files/") {
            &world.cv
        } else if self.path.contains("/export-templates/") {
            "t-of-ada"
        } else if self.path.contains("/accounts/") {
            "a-of-ada"
        } else if self.path.contains("/me/sessions/") {
            "s-of-ada"
        } else if self.path.contains("/email-triggers/") {
            "t-of-root"
        } else if self.path.contains("/email-templates/") {
            "m-of-root"
        } else if self.path.contains("/link-history/") {
            "l-of-ada"
        } else if self.path.contains("/admin/ai/alerts/") {
            "a-of-nobody"
        } else if self.path.contains("/admin/feedback/") {
            "f-of-ada"
        } else {
            &world.task
        };
        let path = self.path.replace("{id}", id).replace("{version}", "1").replace("{filename}", "of-ada.json");
        let path = path.replace("{session}", "s-of-nobody");
        match path.rsplit('/').next() {
            Some("export") => path + "?format=json",
            Some("sessions") => format!("{path}?user={}", world.ada.id),
            _ => path,
        }
    }

    async fn by(&self, world: &World, who: &Person) -> Answer {
        let method = Method::from_bytes(self.method.to_uppercase().as_bytes()).unwrap();
        let path = self.path(world);
        match (self.body)(world) {
            Value::Null => who.send(who.request(method, &path)).await,
            Value::String(_) => who.upload("o.pdf", crate::support::pdf::with_text("an offer")).await,
            body => who.send(who.request(method, &path).json(&body)).await,
        }
    }
}

/// Everything by which something of Ada's can be told.
fn secrets(world: &World) -> [&str; 5] {
    [&world.ada.id, &world.cv, &world.task, &world.offer, "ada@example.org"]
}

fn says_nothing_of_ada(world: &World, answer: &Answer, what: &str) {
    let text = answer.body.to_string();
    for secret in secrets(world) {
        assert!(!text.contains(secret), "{what} tells {secret}: {text}");
    }
}

#[actix_web::test]
async fn every_route_has_a_row_and_every_row_a_route() {
    let world = World::new().await;
    let document = world.ada.get("/openapi.json").await.ok();
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            routes.insert(format!("{method} {path}"));
            let row = ROWS.iter().find(|row| row.method == method && row.path == path);
            let open = row.is_some_and(|row| row.access == Open);
            let said = operation.get("security").is_none();
            assert_eq!(said, open, "{method} {path}: what the document says about tokens");
        }
    }
    let rows: BTreeSet<String> = ROWS.iter().map(Row::name).collect();
    assert_eq!(routes, rows, "a new route needs a row here: who may use it?");
    assert_eq!(rows.len(), ROWS.len(), "each once");
}

#[actix_web::test]
async fn nobody_without_a_valid_token_gets_further_than_the_door() {
    let world = World::new().await;
    let tokens = world.bad_tokens().await;
    for row in ROWS {
        for (what, token) in &tokens {
            let answer = row.by(&world, &world.ada.with_token(token)).await;
            if row.access == Open {
                assert_ne!(answer.status, 403, "{}", row.name());
                says_nothing_of_ada(&world, &answer, &row.name());
            } else {
                let code = answer.body["code"].as_str();
                assert_eq!((answer.status, code), (401, Some("unauthenticated")), "{} with a token {what}", row.name());
            }
        }
        if row.access != Open {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let method = Method::from_bytes(row.method.to_uppercase().as_bytes()).unwrap();
            let url = world.server.url(&row.path(&world));
            // No token, a token in the address, and one under another scheme.
            for request in [
                client.request(method.clone(), &url),
                client.request(
                    method.clone(),
                    format!("{url}{}access_token={}", if url.contains('?') { '&' } else { '?' }, world.ada.token),
                ),
                client.request(method.clone(), &url).header("authorization", format!("Basic {}", world.ada.token)),
                client.request(method.clone(), &url).header("cookie", format!("access_token={}", world.ada.token)),
            ] {
                assert_eq!(request.send().await.unwrap().status(), 401, "{} without a token", row.name());
            }
        }
    }
}

#[actix_web::test]
async fn every_route_for_another_person_an_administrator_and_the_owner() {
    let world = World::new().await;
    let db = world.database.db();
    let named = "UPDATE cv.cv_files SET filename = 'of-ada.json' WHERE id = $1";
    db.execute(named, &[&world.cv]).await.unwrap();
    let link = "INSERT INTO cv.link_history (id, user_id, url) VALUES ('l-of-ada', $1, 'https://example.org/ada')";
    let version = "INSERT INTO cv.cv_versions (id, cv_file_id, version, content) SELECT 'v-of-ada', id, 1, content FROM cv.cv_files WHERE id = $1";
    db.execute(version, &[&world.cv]).await.unwrap();
    let alert = "INSERT INTO cv.openai_alerts (id, type, threshold, name) VALUES ('a-of-nobody', 'x', 1, 'x')";
    db.execute(alert, &[]).await.unwrap();
    let feedback = "INSERT INTO cv.feedback (id, user_id, rating, comment) VALUES ('f-of-ada', $1, 5, '')";
    db.execute(feedback, &[&world.ada.id]).await.unwrap();
    db.execute(link, &[&world.ada.id]).await.unwrap();
    let template =
        "INSERT INTO cv.export_templates (id, user_id, name, selections) VALUES ('t-of-ada', $1, 'of Ada', '{}')";
    db.execute(template, &[&world.ada.id]).await.unwrap();
    let upload = "INSERT INTO cv.uploads (id, user_id, kind, filename, mime_type, size_bytes, sha256, bytes, expires_at)
                  VALUES ('u-of-ada', $1, 'cv_pdf', 'ada.pdf', 'application/pdf', 1, 'x', 'x', now() + interval '1 day')";
    db.execute(upload, &[&world.ada.id]).await.unwrap();
    let account = "INSERT INTO cv.accounts (id, user_id, type, provider, provider_account_id) VALUES ('a-of-ada', $1, 'oidc', 'google', 'x')";
    db.execute(account, &[&world.ada.id]).await.unwrap();
    let session = "INSERT INTO runtime.sessions (id, product, user_id, role, expires_at) VALUES ('s-of-ada', 'cv', $1, 'USER', now() + interval '1 day')";
    db.execute(session, &[&world.ada.id]).await.unwrap();
    db.execute("INSERT INTO cv.email_triggers (id, name, label) VALUES ('t-of-root', 'own', 'Own')", &[])
        .await
        .unwrap();
    let template = "INSERT INTO cv.email_templates (id, name, subject, design_json, html_content) VALUES ('m-of-root', 'own', 's', '{}', '<p>x</p>')";
    db.execute(template, &[]).await.unwrap();
    for sold in [
        "INSERT INTO cv.credit_packs (name, credit_amount, price) VALUES ('Ten', 10, 5)",
        "INSERT INTO cv.promo_codes (id, code, type, value) VALUES ('p-of-welcome', 'WELCOME', 'credits', 1)",
        "INSERT INTO cv.stripe_webhook_logs (id, event_id, event_type, payload) VALUES ('w-of-nobody', 'evt_0', 'payout.paid',
            '{\"id\": \"evt_0\", \"type\": \"payout.paid\", \"created\": 1, \"data\": {\"object\": {}}}')",
    ] {
        db.execute(sold, &[]).await.unwrap();
    }
    for row in ROWS {
        let name = row.name();
        if row.access == Open {
            continue;
        }
        // Signing out would end what the others are tried with; it is about the token's own session by its nature.
        let strangers: &[(&Person, &str)] = &[(&world.eve, "Eve"), (&world.root, "an administrator")];
        for (who, whom) in strangers {
            let answer = row.by(&world, who).await;
            let what = format!("{name} by {whom}: {answer:#?}");
            match row.access {
                Own => {
                    assert!((200..300).contains(&answer.status), "{what}");
                    says_nothing_of_ada(&world, &answer, &what);
                }
                Readable | Admin if *whom != "Eve" => assert_eq!(answer.status, 200, "{what}"),
                Readable | Owner => {
                    assert_eq!((answer.status, answer.body["code"].as_str()), (404, Some("not_found")), "{what}");
                }
                Admin => assert_eq!((answer.status, answer.body["code"].as_str()), (403, Some("forbidden")), "{what}"),
                NotOffered => assert_eq!(answer.status, 400, "{what}"),
                Open => {}
            }
        }
        let answer = row.by(&world, &world.ada).await;
        if row.access == Admin {
            assert_eq!(answer.status, 403, "{name} by one who is no administrator: {answer:#?}");
            continue;
        }
        let refused = [401, 403, 404, 500, 503].contains(&answer.status);
        // Nothing of this name was proposed: the CV is there, the change is not.
        let not_proposed = row.path.ends_with("/review") && answer.status == 404;
        assert!(!refused || not_proposed, "{name} by its owner: {answer:#?}");
    }
}
