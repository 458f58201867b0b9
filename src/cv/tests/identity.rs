//! Verification, reset, change of address, sessions, export and erasure, over HTTP and with a real mail server.

use super::harness::{World, eventually};
use super::http::{Web, send, web_on, web_with};
use super::mails::smtp;
use crate::auth::AuthOptions;
use crate::cv::mail::Trigger;
use crate::cv::oauth::Oauth;
use crate::cv::people::export;
use crate::cv::routes::letters::SAME_TIME;
use crate::testing::Outside;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn web() -> (Web, Outside) {
    let server = Outside::start("smtp", &[]);
    let world = World::start_with_post(smtp(&server), Oauth::none()).await;
    (web_on(world, None).await, server)
}

/// The token of a link in an e-mail.
fn token(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let (_, rest) = text.split_once("#token=").unwrap_or_else(|| panic!("{mail}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

impl Web {
    async fn open(&self, path: &str, body: Value, status: u16) -> Value {
        send(self.request(Method::POST, path).json(&body), status).await
    }
    async fn sign_in(&self, email: &str, password: &str, device: &str, status: u16) -> Value {
        let body = json!({"email": email, "password": password, "device": device});
        self.open("/v1/cv/auth/sign-in", body, status).await
    }
}

fn access(answer: &Value) -> String {
    answer["access_token"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn r3_an_address_is_confirmed_once_and_signs_in_once() {
    let (web, server) = web().await;
    let (me, answer) = web.sign_up("ana@example.com").await;
    assert_eq!(answer["user"]["email_verified"], Value::Null);
    let mail = server.mail("ana@example.com", "Confirmez votre adresse").await;
    let body = json!({"token": token(&mail)});
    let verified = web.open("/v1/cv/auth/verify-email", body.clone(), 200).await;
    assert!(web.get(&me, "/v1/cv/me").await["email_verified"].is_string());
    web.open("/v1/cv/auth/verify-email", body, 400).await;
    let body = json!({"token": verified["auto_sign_in_token"], "device": "phone"});
    let signed = web.open("/v1/cv/auth/auto-sign-in", body.clone(), 200).await;
    assert_eq!(signed["user"]["email"], "ana@example.com");
    web.get(&access(&signed), "/v1/cv/credits").await;
    web.open("/v1/cv/auth/auto-sign-in", body, 400).await;
    for bad in ["", "x", &"a".repeat(64), &"a".repeat(500)] {
        web.open("/v1/cv/auth/verify-email", json!({"token": bad}), 400).await;
        web.open("/v1/cv/auth/auto-sign-in", json!({"token": bad}), 400).await;
    }
    server.mail("ana@example.com", "Bienvenue").await;
    let left =
        "SELECT (SELECT count(*) FROM cv.email_verification_tokens) + (SELECT count(*) FROM cv.auto_sign_in_tokens)";
    assert_eq!(web.world.number(left).await, 0);
    let told = web.world.events(&format!("user:{}", answer["user"]["id"].as_str().unwrap())).await;
    assert!(told.iter().any(|(kind, data)| kind == "account.changed" && data["email_verified"].is_string()));
}

#[actix_web::test]
async fn r3_an_expired_token_confirms_nothing_and_another_can_be_had() {
    let (web, server) = web().await;
    web.sign_up("ana@example.com").await;
    let first = token(&server.mail("ana@example.com", "Confirmez").await);
    let ask = json!({"email": "ANA@example.com"});
    web.open("/v1/cv/auth/resend-verification", ask.clone(), 202).await;
    assert_eq!(
        web.world.number("SELECT count(*) FROM runtime.tasks WHERE kind = 'send-email'").await,
        1,
        "one a minute"
    );
    web.world.sql("UPDATE cv.email_verification_tokens SET expires = now() - interval '1 s', created_at = now() - interval '2 min'").await;
    web.open("/v1/cv/auth/verify-email", json!({"token": first}), 400).await;
    web.open("/v1/cv/auth/resend-verification", ask.clone(), 202).await;
    eventually("another e-mail", async || server.told().len() == 2).await;
    let second = token(&server.mail("ana@example.com", "Confirmez").await);
    assert_ne!(first, second);
    web.open("/v1/cv/auth/verify-email", json!({"token": second}), 200).await;
    // Once it is confirmed there is nothing to be sent.
    web.open("/v1/cv/auth/resend-verification", ask, 202).await;
    assert_eq!(web.world.number("SELECT count(*) FROM cv.email_verification_tokens").await, 0);
}

#[actix_web::test]
async fn r4_a_reset_works_once_and_ends_every_other_device() {
    let (web, server) = web().await;
    let (laptop, answer) = web.sign_up("ana@example.com").await;
    let phone = access(&web.sign_in("ana@example.com", "a good password", "phone", 200).await);
    web.open("/v1/cv/auth/forgot-password", json!({"email": "ana@example.com"}), 202).await;
    let mail = server.mail("ana@example.com", "Choisissez un nouveau mot de passe").await;
    let reset = json!({"token": token(&mail), "password": "a better password", "device": "desk"});
    web.open("/v1/cv/auth/reset-password", json!({"token": token(&mail), "password": "short"}), 400).await;
    let signed = web.open("/v1/cv/auth/reset-password", reset.clone(), 200).await;
    web.open("/v1/cv/auth/reset-password", reset, 400).await;
    for ended in [&laptop, &phone] {
        send(web.request(Method::GET, "/v1/cv/me").bearer_auth(ended), 401).await;
    }
    web.get(&access(&signed), "/v1/cv/me").await;
    web.sign_in("ana@example.com", "a good password", "phone", 401).await;
    web.sign_in("ana@example.com", "a better password", "phone", 200).await;
    server.mail("ana@example.com", "Votre mot de passe a été modifié").await;
    let told = web.world.events(&format!("user:{}", answer["user"]["id"].as_str().unwrap())).await;
    assert_eq!(told.iter().filter(|(kind, _)| kind == "signed_out").count(), 1);
    // One that is too old.
    web.world.sql("UPDATE cv.users SET reset_token_expiry = now() - interval '1 hour'").await;
    web.open("/v1/cv/auth/forgot-password", json!({"email": "ana@example.com"}), 202).await;
    eventually("another e-mail", async || {
        server.told().iter().filter(|mail| mail["subject"].as_str().unwrap().starts_with("Choisissez")).count() == 2
    })
    .await;
    let late = token(&server.mail("ana@example.com", "Choisissez").await);
    web.world.sql("UPDATE cv.users SET reset_token_expiry = now() - interval '1 s'").await;
    web.open("/v1/cv/auth/reset-password", json!({"token": late, "password": "a better password"}), 400).await;
}

#[actix_web::test]
async fn nobody_learns_who_has_an_account_by_answer_or_time() {
    let (web, server) = web().await;
    web.sign_up("ana@example.com").await;
    for path in ["/v1/cv/auth/forgot-password", "/v1/cv/auth/resend-verification"] {
        let mut took = Vec::new();
        for email in ["ana@example.com", "nobody@example.com", "ana@example.com", "nobody@example.com"] {
            let began = Instant::now();
            let answer = web.request(Method::POST, path).json(&json!({"email": email})).send().await.unwrap();
            assert_eq!(answer.status(), 202);
            assert_eq!(answer.text().await.unwrap(), "");
            took.push(began.elapsed());
            assert!(began.elapsed() >= SAME_TIME);
        }
        let (least, most) = (took.iter().min().unwrap(), took.iter().max().unwrap());
        assert!(*most - *least < Duration::from_millis(250), "{took:?}");
    }
    server.mail("ana@example.com", "Choisissez").await;
    assert!(server.told().iter().all(|mail| mail["to"][0] == "ana@example.com"));
}

#[actix_web::test]
async fn r5_an_address_changes_when_both_have_confirmed() {
    let (web, server) = web().await;
    let (me, _) = web.sign_up("ana@example.com").await;
    let change = |new: &str, password: &str| {
        let body = json!({"new_email": new, "password": password});
        web.request(Method::POST, "/v1/cv/me/email-change").bearer_auth(&me).json(&body)
    };
    send(change("new@example.com", "wrong"), 403).await;
    send(change("ana@example.com", "a good password"), 400).await;
    let begun = send(change("New@example.com", "a good password"), 202).await;
    assert_eq!(begun, json!({"state": "waiting_for_current", "new_email": "new@example.com"}));
    let current = token(&server.mail("ana@example.com", "Confirmez le changement").await);
    let new = token(&server.mail("new@example.com", "Confirmez votre nouvelle adresse").await);
    let confirm = "/v1/cv/me/email-change/confirm";
    let state = web.open(confirm, json!({"token": new}), 200).await;
    assert_eq!(state["state"], "waiting_for_current");
    web.open(confirm, json!({"token": new}), 400).await;
    assert_eq!(web.get(&me, "/v1/cv/me").await["email"], "ana@example.com", "until then the old one stays");
    // Taken meanwhile: a conflict, and nothing changes.
    let (_, other) = web.sign_up("new@example.com").await;
    assert_eq!(web.open(confirm, json!({"token": current}), 409).await["code"], "conflict");
    let gone = "DELETE FROM cv.users WHERE id = $1";
    web.world.runtime.db().execute(gone, &[&other["user"]["id"].as_str().unwrap()]).await.unwrap();
    assert_eq!(web.open(confirm, json!({"token": current}), 200).await["state"], "changed");
    assert_eq!(web.get(&me, "/v1/cv/me").await["email"], "new@example.com");
    server.mail("ana@example.com", "Votre adresse e-mail a été modifiée").await;
    web.sign_in("new@example.com", "a good password", "d", 200).await;
    web.sign_in("ana@example.com", "a good password", "d", 401).await;
    web.open(confirm, json!({"token": current}), 400).await;
    assert_eq!(web.world.number("SELECT count(*) FROM cv.email_change_requests").await, 0);
}

#[actix_web::test]
async fn r1_r7_flags_close_the_doors_for_everybody_but_administrators() {
    let (web, _server) = web().await;
    let (me, answer) = web.sign_up("ana@example.com").await;
    web.world.sql("UPDATE cv.settings SET value = '0' WHERE setting_name = 'registration_enabled'").await;
    let body = json!({"email": "b@example.com", "password": "a good password"});
    assert_eq!(web.open("/v1/cv/auth/sign-up", body, 403).await["code"], "forbidden", "r1");
    web.world.sql("UPDATE cv.settings SET value = '1' WHERE setting_name = 'maintenance_mode'").await;
    web.sign_in("ana@example.com", "a good password", "d", 503).await;
    for path in ["/v1/cv/me/sessions", "/v1/cv/me/export", "/v1/cv/me/accounts"] {
        send(web.request(Method::GET, path).bearer_auth(&me), 503).await;
    }
    let sql = "UPDATE cv.users SET role = 'ADMIN' WHERE id = $1";
    web.world.runtime.db().execute(sql, &[&answer["user"]["id"].as_str().unwrap()]).await.unwrap();
    let root = access(&web.sign_in("ana@example.com", "a good password", "d", 200).await);
    web.get(&root, "/v1/cv/me/sessions").await;
}

#[actix_web::test]
async fn r2_a_weaker_hash_is_made_anew_at_the_next_sign_in() {
    let options = AuthOptions { bcrypt_cost: 5, ..AuthOptions::FAST };
    let web = web_with(World::start().await, None, options).await;
    web.sign_up("ana@example.com").await;
    for (before, after) in [(4, "$2b$05$"), (6, "$2b$06$")] {
        let hash = bcrypt::hash("a good password", before).unwrap();
        web.world.runtime.db().execute("UPDATE cv.users SET password_hash = $1", &[&hash]).await.unwrap();
        web.sign_in("ana@example.com", "not the password", "d", 401).await;
        web.sign_in("ana@example.com", "a good password", "d", 200).await;
        let now: String =
            web.world.runtime.db().query_one("SELECT password_hash FROM cv.users", &[]).await.unwrap().get(0);
        assert!(now.starts_with(after), "{now}");
        assert_eq!(now == hash, before > 5);
        web.sign_in("ana@example.com", "a good password", "d", 200).await;
    }
}

#[actix_web::test]
async fn a_profile_is_changed_and_the_password_too() {
    let (web, _server) = web().await;
    let (me, answer) = web.sign_up("ana@example.com").await;
    let other = access(&web.sign_in("ana@example.com", "a good password", "phone", 200).await);
    let patch = |body: Value| web.request(Method::PATCH, "/v1/cv/me").bearer_auth(&me).json(&body);
    let user =
        send(patch(json!({"name": " Ana Gil ", "language": "en", "image": "https://x.example/a.png"})), 200).await;
    assert_eq!((&user["name"], &user["language"]), (&"Ana Gil".into(), &"en".into()));
    let user = send(patch(json!({"name": "", "image": ""})), 200).await;
    assert_eq!((&user["name"], &user["image"], &user["language"]), (&Value::Null, &Value::Null, &"en".into()));
    for bad in [json!({"language": "de"}), json!({"image": "javascript:alert(1)"}), json!({"name": "x".repeat(500)})] {
        send(patch(bad), 400).await;
    }
    let password = |body: Value| web.request(Method::POST, "/v1/cv/me/password").bearer_auth(&me).json(&body);
    send(password(json!({"password": "a better password"})), 400).await;
    send(password(json!({"current": "wrong", "password": "a better password"})), 403).await;
    send(password(json!({"current": "a good password", "password": "a better password"})), 204).await;
    send(web.request(Method::GET, "/v1/cv/me").bearer_auth(&other), 401).await;
    web.get(&me, "/v1/cv/me").await;
    let told = web.world.events(&format!("user:{}", answer["user"]["id"].as_str().unwrap())).await;
    assert!(told.iter().any(|(kind, _)| kind == "signed_out"));
}

#[actix_web::test]
async fn g5_sessions_are_listed_and_ended_one_by_one() {
    let (web, _server) = web().await;
    let (me, answer) = web.sign_up("ana@example.com").await;
    let phone = access(&web.sign_in("ana@example.com", "a good password", "phone", 200).await);
    let desk = access(&web.sign_in("ana@example.com", "a good password", "desk", 200).await);
    let (eve, _) = web.sign_up("eve@example.com").await;
    let sessions = web.get(&me, "/v1/cv/me/sessions").await;
    let items = sessions["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items.iter().filter(|it| it["current"] == true).count(), 1);
    let id = items.iter().find(|it| it["device"] == "phone").unwrap()["id"].as_str().unwrap().to_owned();
    let end = |token: &str| web.request(Method::DELETE, &format!("/v1/cv/me/sessions/{id}")).bearer_auth(token);
    send(end(&eve), 404).await;
    send(end(&me), 204).await;
    send(end(&me), 404).await;
    send(web.request(Method::GET, "/v1/cv/me").bearer_auth(&phone), 401).await;
    web.get(&desk, "/v1/cv/me").await;
    let told = web.world.events(&format!("user:{}", answer["user"]["id"].as_str().unwrap())).await;
    assert_eq!(told.last().unwrap().1, json!({"device": "phone", "reason": "signed out on another device"}));
    send(web.request(Method::DELETE, "/v1/cv/me/sessions").bearer_auth(&me), 204).await;
    send(web.request(Method::GET, "/v1/cv/me").bearer_auth(&desk), 401).await;
    web.get(&eve, "/v1/cv/me").await;
    assert_eq!(web.get(&me, "/v1/cv/me/sessions").await["items"].as_array().unwrap().len(), 1);
}

/// Tables of the product and the runtime with a column that names a person.
async fn tables(world: &World) -> Vec<(String, String)> {
    let sql = "SELECT table_schema || '.' || table_name, table_name FROM information_schema.tables
               WHERE table_schema IN ('cv', 'runtime') AND table_type = 'BASE TABLE' ORDER BY 1";
    let rows = world.runtime.db().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// A person with something in many tables.
async fn busy(web: &Web, server: &Outside, email: &str) -> (String, String, Vec<String>) {
    let (me, answer) = web.sign_up(email).await;
    let id = answer["user"]["id"].as_str().unwrap().to_owned();
    server.mail(email, "Confirmez").await;
    let cv = web.post(&me, "/v1/cv/files", json!({"content": super::harness::sample()})).await;
    let cv = cv["id"].as_str().unwrap().to_owned();
    let offers = json!([{"text": super::harness::offer_text("Rust developer")}]);
    let body = json!({"source_cv_id": cv, "mode": "adapt", "offers": offers});
    let task = web.post(&me, "/v1/cv/generations", body).await;
    let task = task["task_id"].as_str().unwrap().to_owned();
    eventually("the end of the generation", async || {
        web.get(&me, &format!("/v1/tasks/{task}")).await["task"]["status"] == "completed"
    })
    .await;
    web.world.usage.flush().await;
    // One that waits for a long time.
    let open = web.post(&me, "/v1/cv/tasks/test", json!({"steps": 1, "latency_ms": 60_000})).await;
    let open = open["task_id"].as_str().unwrap().to_owned();
    let body = json!({"new_email": format!("new-{email}"), "password": "a good password"});
    send(web.request(Method::POST, "/v1/cv/me/email-change").bearer_auth(&me).json(&body), 202).await;
    let key = web.request(Method::POST, "/v1/cv/files").bearer_auth(&me).header("Idempotency-Key", "k1");
    send(key.json(&json!({"content": super::harness::sample()})), 200).await;
    let sql = "INSERT INTO cv.accounts (id, user_id, type, provider, provider_account_id, access_token) VALUES ('a-' || $1, $1, 'oidc', 'google', $1, 'sealed')";
    web.world.runtime.db().execute(sql, &[&id]).await.unwrap();
    (me, id.clone(), vec![id, email.to_owned(), cv, task, open])
}

#[actix_web::test]
async fn r8_nothing_of_a_deleted_person_is_left_in_any_table() {
    let (web, server) = web().await;
    let (me, id, traces) = busy(&web, &server, "ana@example.com").await;
    let (eve, _, eves) = busy(&web, &server, "eve@example.com").await;
    eventually("the e-mails are logged", async || web.world.number("SELECT count(*) FROM cv.email_logs").await == 6)
        .await;
    let delete = |body: Value| web.request(Method::DELETE, "/v1/cv/me").bearer_auth(&me).json(&body);
    send(delete(json!({})), 400).await;
    send(delete(json!({"password": "wrong"})), 403).await;
    send(delete(json!({"password": "a good password"})), 204).await;
    send(web.request(Method::GET, "/v1/cv/me").bearer_auth(&me), 401).await;
    web.sign_in("ana@example.com", "a good password", "d", 401).await;
    server.mail("ana@example.com", "Votre compte a été supprimé").await;
    eventually("the traces are taken away", async || {
        web.world
            .number("SELECT count(*) FROM runtime.tasks WHERE kind = 'erase-traces' AND status = 'completed'")
            .await
            == 1
            && web.world.number("SELECT count(*) FROM cv.email_logs").await == 7
    })
    .await;
    let mut eves_rows = 0;
    for (table, _) in tables(&web.world).await {
        for trace in &traces {
            let sql = format!("SELECT t::text FROM {table} t WHERE t::text LIKE '%' || $1 || '%'");
            let left = web.world.runtime.db().query(&sql, &[trace]).await.unwrap();
            let left: Vec<String> = left.iter().map(|row| row.get(0)).collect();
            assert!(left.is_empty(), "{table} still has {trace}: {left:#?}");
        }
        for trace in &eves {
            let sql = format!("SELECT count(*) FROM {table} t WHERE t::text LIKE '%' || $1 || '%'");
            eves_rows += web.world.runtime.db().query_one(&sql, &[trace]).await.unwrap().get::<_, i64>(0);
        }
    }
    // What stays: the log of e-mails, which has forgotten who it was. And everything of everybody else.
    let erased = "SELECT count(*) FROM cv.email_logs WHERE recipient_email = 'erased' AND recipient_user_id IS NULL";
    assert_eq!(web.world.number(erased).await, 4);
    assert!(eves_rows > 20, "{eves_rows}");
    assert_eq!(web.get(&eve, "/v1/cv/files").await["items"].as_array().unwrap().len(), 3);
    assert!(!id.is_empty());
    // The address is free again.
    web.sign_up("ana@example.com").await;
}

#[actix_web::test]
async fn r8_every_table_that_refers_to_a_person_is_in_the_cascade_or_named() {
    let (web, _server) = web().await;
    let sql = "SELECT t.relname::text, c.confdeltype::text FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
               JOIN pg_class r ON r.oid = c.confrelid JOIN pg_namespace n ON n.oid = r.relnamespace
               WHERE c.contype = 'f' AND n.nspname = 'cv' AND r.relname = 'users' ORDER BY 1";
    let keys: Vec<(String, String)> =
        web.world.runtime.db().query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    let kept: Vec<&str> = keys.iter().filter(|(_, rule)| rule != "c").map(|(table, _)| table.as_str()).collect();
    // `users` itself: whom somebody was referred by.
    assert_eq!(kept, ["email_logs", "users"], "what is not deleted with a person needs a reason");
    let columns = "SELECT table_name::text FROM information_schema.columns WHERE table_schema = 'cv' AND column_name IN ('user_id', 'recipient_user_id')";
    for row in web.world.runtime.db().query(columns, &[]).await.unwrap() {
        let table: String = row.get(0);
        assert!(keys.iter().any(|(name, _)| *name == table), "{table} names a person without a key");
    }
}

#[actix_web::test]
async fn an_export_has_every_row_of_the_person_and_no_secret_and_nothing_of_others() {
    let (web, server) = web().await;
    let (me, id, _) = busy(&web, &server, "ana@example.com").await;
    let (_, eve, _) = busy(&web, &server, "eve@example.com").await;
    let answer = web.request(Method::GET, "/v1/cv/me/export").bearer_auth(&me).send().await.unwrap();
    assert!(answer.headers()["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"export-"));
    let text = answer.text().await.unwrap();
    let export: Value = serde_json::from_str(&text).unwrap();
    let db = web.world.runtime.db();
    let sections = export::sections(db).await.unwrap();
    let has_user =
        "SELECT table_name::text FROM information_schema.columns WHERE table_schema = 'cv' AND column_name = 'user_id'";
    let secrets = ["email_verification_tokens", "auto_sign_in_tokens", "oauth_requests"];
    for row in db.query(has_user, &[]).await.unwrap() {
        let table: String = row.get(0);
        if secrets.contains(&table.as_str()) {
            continue;
        }
        let sql = format!("SELECT count(*) FROM cv.{table} WHERE user_id = $1");
        let rows: i64 = db.query_one(&sql, &[&id]).await.unwrap().get(0);
        let exported = export["tables"][&table].as_array().unwrap_or_else(|| panic!("{table} is not exported")).len();
        assert_eq!(exported, usize::try_from(rows).unwrap(), "{table}");
    }
    for table in ["users", "cv_versions", "cv_generation_offers", "cv_generation_subtasks", "email_logs"] {
        assert!(!export["tables"][table].as_array().unwrap().is_empty(), "{table}");
        assert!(sections.iter().any(|section| section.table == table));
    }
    assert_eq!(export["tables"]["users"][0]["email"], "ana@example.com");
    assert_eq!(export["sessions"].as_array().unwrap().len(), 1);
    assert!(!text.contains("$2b$") && !text.contains("sealed") && !text.contains(&eve), "secrets, or another person");
}

#[test]
fn every_trigger_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<&str> = Trigger::ALL.iter().map(|trigger| trigger.as_str()).collect();
    assert_eq!(names.len(), Trigger::ALL.len());
}
