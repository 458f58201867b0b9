//! E-mail over a real mail server, and Resend's interface over a scripted one.

use super::harness::{Person, World, eventually, identity};
use super::http::{send, web_on};
use crate::cv::mail::resend::{Resend, Webhook};
use crate::cv::mail::smtp::Smtp;
use crate::cv::mail::transport::Transport;
use crate::cv::mail::trigger::COMMON;
use crate::cv::mail::{Mail, Post, RETRY, Trigger};
use crate::cv::oauth::Oauth;
use crate::cv::topics;
use crate::testing::Outside;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use estafette_actors::task::RetryPolicy;
use estafette_protocol::cv::status::Lang;
use estafette_protocol::{ErrorCode, TaskId};
use parking_lot::Mutex;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const FROM: &str = "FitMyCV <no-reply@fitmycv.example>";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The real policy, with pauses that a test can wait for.
const SOON: RetryPolicy =
    RetryPolicy { first_delay: Duration::from_millis(10), max_delay: Duration::from_millis(40), ..RETRY };

pub(super) fn smtp(server: &Outside) -> Post {
    let url = format!("smtp://127.0.0.1:{}", server.port());
    let smtp = Smtp::new(&url, Path::new(""), FROM, Duration::from_secs(10)).unwrap();
    Post::with(Transport::Smtp(Box::new(smtp)), SOON).unwrap()
}

async fn world(post: Post) -> World {
    World::start_with_post(post, Oauth::none()).await
}

/// Queues an e-mail about something, as a unit of work does.
async fn queue(world: &World, to: &str, about: &str, language: Option<Lang>) -> Option<TaskId> {
    let post = world.services.post.clone();
    let work = async |tx: &mut estafette_actors::Tx<'_>| {
        let mail = Mail {
            trigger: Trigger::PasswordReset,
            about,
            to,
            user: None,
            name: Some("Zoé <Z>"),
            language,
            variables: vec![("link", "https://x.example/#token=abc".to_owned()), ("expires_minutes", "60".to_owned())],
        };
        post.queue(tx, &mail).await
    };
    world.runtime.transaction(&topics::product(), work).await.unwrap()
}

/// The row of the log that a task wrote.
async fn logged(world: &World, task: &TaskId) -> Value {
    let sql = "SELECT to_jsonb(l) FROM cv.email_logs l WHERE task_id = $1";
    eventually("the e-mail in the log", async || {
        world.runtime.db().query_opt(sql, &[&task.as_str()]).await.unwrap().is_some()
    })
    .await;
    world.runtime.db().query_one(sql, &[&task.as_str()]).await.unwrap().get(0)
}

fn root(person: &Person) -> Person {
    let mut root = person.clone();
    root.who = identity(person.who.user.clone(), "ADMIN");
    root
}

#[actix_web::test]
async fn r60_p10_an_e_mail_goes_out_once_in_the_persons_language_and_is_logged_live() {
    let server = Outside::start("smtp", &[]);
    let world = world(smtp(&server)).await;
    let task = queue(&world, "ana@example.com", "one", Some(Lang::English)).await.unwrap();
    assert_eq!(queue(&world, "ana@example.com", "one", Some(Lang::English)).await, None, "the same e-mail again");
    let mail = server.mail("ana@example.com", "Choose a new password").await;
    assert_eq!(mail["from"], "\"FitMyCV\" <no-reply@fitmycv.example>");
    assert!(mail["text"].as_str().unwrap().contains("Choose a password: https://x.example/#token=abc"), "{mail}");
    assert!(mail["html"].as_str().unwrap().contains("Hello Zoé &lt;Z&gt;"), "{mail}");
    let row = logged(&world, &task).await;
    assert_eq!(
        (&row["status"], &row["template_name"], &row["provider"]),
        (&"sent".into(), &"password_reset".into(), &"smtp".into())
    );
    assert_eq!(row["provider_id"], mail["id"]);
    assert_eq!(row["recipient_email"], "erased", "of somebody without an account no address is kept");
    let events = world.events("admin:emails").await;
    assert_eq!((events.len(), events[0].0.as_str(), &events[0].1["status"]), (1, "email.logged", &"sent".into()));
    let french = queue(&world, "ana@example.com", "two", None).await.unwrap();
    server.mail("ana@example.com", "Choisissez un nouveau mot de passe").await;
    logged(&world, &french).await;
    assert_eq!(server.told().len(), 2);
    // What stands in the database opens nothing.
    let stored =
        "SELECT count(*) FROM runtime.tasks t WHERE t::text LIKE '%token=abc%' OR t::text LIKE '%ana@example%'";
    assert_eq!(world.number(stored).await, 0);
}

#[actix_web::test]
async fn p10_a_busy_server_is_asked_again_and_a_refusal_is_final() {
    let server = Outside::start("smtp", &[]);
    let world = world(smtp(&server)).await;
    let busy = queue(&world, "busy@example.com", "one", None).await.unwrap();
    assert_eq!(logged(&world, &busy).await["status"], "sent");
    let attempts = "SELECT s.attempt::bigint FROM runtime.steps s JOIN runtime.tasks t ON t.id = s.task_id WHERE t.status = 'completed'";
    assert_eq!(world.number(attempts).await, 4, "refused for the time being three times");
    let refused = queue(&world, "refused@example.com", "one", None).await.unwrap();
    let row = logged(&world, &refused).await;
    assert_eq!((&row["status"], &row["template_name"]), (&"failed".into(), &"password_reset".into()));
    assert!(row["error"].as_str().unwrap().contains("no such box"), "{row}");
    // A server that is away: five attempts, then it failed.
    drop(server);
    let away = queue(&world, "ana@example.com", "three", None).await.unwrap();
    assert_eq!(logged(&world, &away).await["status"], "failed");
    let sql = "SELECT max(attempt)::bigint FROM runtime.steps WHERE status = 'failed'";
    assert_eq!(world.number(sql).await, 5);
}

#[actix_web::test]
async fn without_a_way_an_e_mail_fails_with_what_to_set() {
    let world = world(Post::nowhere().unwrap()).await;
    let task = queue(&world, "ana@example.com", "one", None).await.unwrap();
    let row = logged(&world, &task).await;
    assert_eq!(row["status"], "failed");
    assert!(row["error"].as_str().unwrap().contains("smtp-url or resend-api-key"), "{row}");
    assert_eq!(world.events("admin:emails").await.len(), 1);
}

#[actix_web::test]
async fn a_mail_server_with_a_password_and_tls() {
    let folder = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (key, cert) = (folder.path().join("key.pem"), folder.path().join("cert.pem"));
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    std::fs::write(&cert, certified.cert.pem()).unwrap();
    let settings = [
        ("SMTP_USER", "post"),
        ("SMTP_PASSWORD", "s3cret/+"),
        ("SMTP_KEY", key.to_str().unwrap()),
        ("SMTP_CERT", cert.to_str().unwrap()),
    ];
    let server = Outside::start("smtp", &settings);
    let post = |password: &str, ca: &Path| {
        let url = format!("smtp://post:{password}@localhost:{}?tls=required", server.port());
        let smtp = Smtp::new(&url, ca, FROM, Duration::from_secs(10)).unwrap();
        Post::with(Transport::Smtp(Box::new(smtp)), RetryPolicy { max_attempts: 1, ..SOON }).unwrap()
    };
    let good = world(post("s3cret%2F%2B", &cert)).await;
    let task = queue(&good, "ana@example.com", "one", None).await.unwrap();
    assert_eq!(logged(&good, &task).await["status"], "sent");
    let mail = server.mail("ana@example.com", "Choisissez").await;
    assert_eq!((&mail["user"], &mail["secure"]), (&"post".into(), &true.into()));
    for (password, ca) in [("wrong", cert.as_path()), ("s3cret%2F%2B", Path::new(""))] {
        let world = world(post(password, ca)).await;
        let task = queue(&world, "ana@example.com", "one", None).await.unwrap();
        assert_eq!(logged(&world, &task).await["status"], "failed", "a wrong password; an authority that nobody knows");
    }
}

/// What Resend is asked, and what it answers next.
#[derive(Default)]
struct Script {
    asked: Mutex<Vec<(String, Value)>>,
    answers: Mutex<Vec<(u16, Value)>>,
}

async fn resend_server(script: Arc<Script>) -> String {
    let handler = |script: web::Data<Script>, request: HttpRequest, body: web::Json<Value>| async move {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("authorization").as_deref(), Some("Bearer re_key"));
        script.asked.lock().push((header("idempotency-key").unwrap(), body.into_inner()));
        let (status, answer) = script.answers.lock().pop().unwrap_or((200, json!({"id": "e-1"})));
        HttpResponse::build(status.try_into().unwrap()).insert_header(("retry-after", "0")).json(answer)
    };
    let data = web::Data::from(script);
    let server = HttpServer::new(move || App::new().app_data(data.clone()).route("/emails", web::post().to(handler)));
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    base
}

#[actix_web::test]
async fn resend_sends_and_reports_sent_delivered_bounced() {
    let script = Arc::new(Script::default());
    let base = resend_server(Arc::clone(&script)).await;
    let resend = Resend::new(&base, "re_key", FROM, Duration::from_secs(5)).unwrap().with_webhook(SECRET).unwrap();
    let world = world(Post::with(Transport::Resend(Box::new(resend)), SOON).unwrap()).await;
    script.answers.lock().extend([(200, json!({"id": "e-1"})), (500, json!({})), (429, json!({"message": "slow"}))]);
    let task = queue(&world, "ana@example.com", "one", None).await.unwrap();
    let row = logged(&world, &task).await;
    assert_eq!(
        (&row["status"], &row["provider"], &row["resend_id"]),
        (&"sent".into(), &"resend".into(), &"e-1".into())
    );
    let asked = script.asked.lock().clone();
    assert_eq!(asked.len(), 3, "429 and 500 are asked again");
    assert!(asked.iter().all(|(key, _)| key == task.as_str()), "under one idempotency key");
    assert_eq!((&asked[0].1["to"], &asked[0].1["from"]), (&json!(["ana@example.com"]), &json!(FROM)));
    script.answers.lock().push((422, json!({"message": "the domain is not verified"})));
    let refused = queue(&world, "ana@example.com", "two", None).await.unwrap();
    let row = logged(&world, &refused).await;
    assert!(row["status"] == "failed" && row["error"].as_str().unwrap().contains("not verified"), "{row}");

    let web = web_on(world, None).await;
    let webhook = Webhook::new(SECRET).unwrap();
    let now = chrono::Utc::now().timestamp();
    let post = |id: &str, at: i64, body: &Value, secret: &Webhook| {
        let (body, at) = (body.to_string(), at.to_string());
        let signature = format!("v1,{}", secret.sign(id, &at, body.as_bytes()));
        web.request(Method::POST, "/v1/cv/email/webhook")
            .header("svix-id", id)
            .header("svix-timestamp", at)
            .header("svix-signature", signature)
            .body(body)
    };
    let said = |kind: &str, email: &str| json!({"type": kind, "created_at": chrono::Utc::now().to_rfc3339(), "data": {"email_id": email, "bounce": {"message": "no such box"}}});
    let status = async || web.world.number("SELECT count(*) FROM cv.email_logs WHERE status = 'delivered'").await;
    let other = Webhook::new("whsec_AAAA").unwrap();
    send(post("m1", now, &said("email.delivered", "e-1"), &other), 401).await;
    send(post("m1", now - 400, &said("email.delivered", "e-1"), &webhook), 401).await;
    send(web.request(Method::POST, "/v1/cv/email/webhook").body("{}"), 400).await;
    assert_eq!(status().await, 0);
    send(post("m1", now, &said("email.opened", "e-1"), &webhook), 200).await;
    send(post("m2", now, &said("email.delivered", "e-1"), &webhook), 200).await;
    // A repetition, and a state that does not follow: 200, and nothing happens.
    send(post("m2", now, &said("email.delivered", "e-1"), &webhook), 200).await;
    send(post("m3", now, &said("email.bounced", "e-1"), &webhook), 200).await;
    assert_eq!(status().await, 1);
    let events = web.world.events("admin:emails").await;
    assert_eq!(events.iter().filter(|(_, data)| data["status"] == "delivered").count(), 1);
    // One that is not logged yet is to be sent again; an old one is nobody's.
    send(post("m4", now, &said("email.bounced", "e-9"), &webhook), 503).await;
    let mut old = said("email.bounced", "e-9");
    old["created_at"] = json!("2026-01-01T00:00:00Z");
    send(post("m5", now, &old, &webhook), 200).await;
}

#[actix_web::test]
async fn r61_system_triggers_stay_and_have_texts_in_both_languages() {
    let world = world(Post::nowhere().unwrap()).await;
    let root = root(&world.person("root").await);
    let page = root.ok("admin.email_trigger.list", json!({"limit": 100})).await;
    let templates = root.ok("admin.email_template.list", json!({"limit": 100})).await;
    for trigger in Trigger::ALL {
        let row = page["items"].as_array().unwrap().iter().find(|row| row["name"] == trigger.as_str()).unwrap();
        assert_eq!(row["is_system"], true);
        assert_eq!(root.refused("admin.email_trigger.delete", json!({"id": row["id"]})).await, ErrorCode::Forbidden);
        let change = json!({"id": row["id"], "variables": ["x"]});
        assert_eq!(root.refused("admin.email_trigger.update", change).await, ErrorCode::Forbidden);
        let template = templates["items"].as_array().unwrap().iter().find(|it| it["trigger_id"] == row["id"]).unwrap();
        assert!(template["is_active"] == true && template["language"] == "fr", "{template}");
        assert!(template["translations"]["en"]["html_content"].as_str().unwrap().contains("Hello {{user_name}}"));
        for variable in template["variables"].as_array().unwrap() {
            let known = COMMON.contains(&variable.as_str().unwrap());
            assert!(known || row["variables"].as_array().unwrap().contains(variable), "{variable} of {trigger:?}");
        }
        // Stored again as it is: the server's own checks hold for it.
        root.ok("admin.email_template.update", json!({"id": template["id"], "subject": template["subject"]})).await;
    }
    assert_eq!(page["items"].as_array().unwrap().len(), Trigger::ALL.len());
    let own =
        root.ok("admin.email_trigger.create", json!({"name": "news", "label": "News", "variables": ["link"]})).await;
    let again = json!({"name": "news", "label": "News"});
    assert_eq!(root.refused("admin.email_trigger.create", again).await, ErrorCode::Conflict);
    root.ok("admin.email_trigger.update", json!({"id": own["id"], "label": "Newer"})).await;
    root.ok("admin.email_trigger.delete", json!({"id": own["id"]})).await;
    let ana = world.person("ana").await;
    for method in ["admin.email_trigger.list", "admin.email_template.create", "admin.email_log.list"] {
        assert_eq!(ana.refused(method, json!({})).await, ErrorCode::Forbidden);
    }
}

#[actix_web::test]
async fn r62_activating_a_template_deactivates_the_other_and_r60_the_default_is_used_where_there_is_none() {
    let server = Outside::start("smtp", &[]);
    let world = world(smtp(&server)).await;
    let root = root(&world.person("root").await);
    let trigger = "SELECT id FROM cv.email_triggers WHERE name = 'password_reset'";
    let trigger: String = world.runtime.db().query_one(trigger, &[]).await.unwrap().get(0);
    let new = json!({"name": "mine", "trigger_id": trigger, "subject": "Mine {{user_name}}", "html_content": "<p>{{link}}</p>"});
    let mine = root.ok("admin.email_template.create", new).await;
    assert_eq!((&mine["is_active"], &mine["variables"]), (&false.into(), &json!(["link", "user_name"])));
    let active = "SELECT count(*) FROM cv.email_templates m JOIN cv.email_triggers t ON t.id = m.trigger_id
                  WHERE t.name = 'password_reset' AND m.is_active";
    assert_eq!(world.number(active).await, 1);
    root.ok("admin.email_template.update", json!({"id": mine["id"], "is_active": true})).await;
    assert_eq!(world.number(active).await, 1);
    let task = queue(&world, "ana@example.com", "one", None).await.unwrap();
    server.mail("ana@example.com", "Mine Zoé").await;
    assert_eq!(logged(&world, &task).await["template_name"], "mine");
    // Deleting it keeps the log; the trigger falls back to the default template.
    root.ok("admin.email_template.delete", json!({"id": mine["id"]})).await;
    let row = logged(&world, &task).await;
    assert_eq!((&row["template_name"], &row["template_id"]), (&"mine".into(), &Value::Null));
    let task = queue(&world, "ana@example.com", "two", None).await.unwrap();
    server.mail("ana@example.com", "Mot de passe oublié").await;
    assert_eq!(logged(&world, &task).await["template_name"], "default");
    // A variable that the trigger does not give is refused when the template is stored.
    let strange = json!({"name": "x", "trigger_id": trigger, "subject": "s", "html_content": "{{nothing}}"});
    assert_eq!(root.refused("admin.email_template.create", strange).await, ErrorCode::BadRequest);
    // Two defaults: the newer is the one.
    let new = json!({"name": "other", "subject": "Other", "html_content": "<p>x</p>", "is_default": true});
    root.ok("admin.email_template.create", new).await;
    assert_eq!(world.number("SELECT count(*) FROM cv.email_templates WHERE is_default").await, 1);
}

#[actix_web::test]
async fn r61_a_test_needs_every_variable_and_its_log_says_that_it_is_one() {
    let server = Outside::start("smtp", &[]);
    let world = world(smtp(&server)).await;
    let root = root(&world.person("root").await);
    let templates = root.ok("admin.email_template.list", json!({"limit": 100})).await;
    let reset = templates["items"].as_array().unwrap().iter().find(|it| it["name"] == "password_reset").unwrap();
    let error = root.call("admin.email_template.test", json!({"id": reset["id"]})).await.unwrap_err();
    assert_eq!(
        (error.code, error.details),
        (ErrorCode::BadRequest, Some(json!({"missing": ["expires_minutes", "link"]})))
    );
    let variables = json!({"link": "https://x.example", "expires_minutes": "5"});
    let test = json!({"id": reset["id"], "to": "Boss@Example.com", "language": "en", "variables": variables});
    let started = root.ok("admin.email_template.test", test).await;
    assert_eq!(started["subject"], "Choose a new password");
    server.mail("boss@example.com", "Choose a new password").await;
    let row = logged(&world, &started["task_id"].as_str().unwrap().parse().unwrap()).await;
    assert_eq!((&row["is_test_email"], &row["recipient_email"]), (&true.into(), &"boss@example.com".into()));
    let logs = root.ok("admin.email_log.list", json!({"status": "sent", "recipient": "BOSS@example.com"})).await;
    assert_eq!(logs["items"].as_array().unwrap().len(), 1);
    assert_eq!(root.ok("admin.email_log.list", json!({"status": "bounced"})).await["items"], json!([]));
    let state = crate::cv::snapshot::admin_emails(world.runtime.db()).await.unwrap();
    let state = serde_json::to_value(state).unwrap();
    assert_eq!((&state["counts"]["sent"], &state["logs"][0]["id"]), (&1.into(), &logs["items"][0]["id"]));
}
