//! The whole job through the real `openai` provider: adapt, optimise and score, answered by an endpoint that speaks the
//! true HTTP API and fails in every way that endpoints do.

use crate::support::census;
use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use crate::support::{eventually, offer_text};
use estafette::ai::scripted::{Act, Scripted};
use estafette::testing;
use estafette_actors::Db;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// Bound of one call here: what a stalled answer costs the test.
const CALL_MS: &str = "2000";
/// Pause between the pieces of an answer that is watched.
const PAUSE: Duration = Duration::from_millis(70);

/// What the scripted model says, by the schema that it is asked for.
fn said(schema: &str, prompt: &str) -> Value {
    match schema {
        "Extraction" if prompt.contains("Halyard 3") => json!({
            "is_job_offer": false, "refusal": "This is a list of several offers: give one of them.", "language": "en",
            "offer": empty_offer(),
        }),
        "Extraction" => {
            let n = if prompt.contains("Halyard 2") { 2 } else { 1 };
            let mut offer = empty_offer();
            offer["title"] = json!(format!("Senior Backend Engineer {n}"));
            offer["company"] = json!(format!("Halyard {n}"));
            offer["skills"]["required"] = json!(["Rust", "PostgreSQL", "Kubernetes"]);
            json!({"is_job_offer": true, "refusal": null, "language": "en", "offer": offer})
        }
        "Classification" => json!({
            "target_language": "en",
            "experiences": [
                {"index": 0, "action": "adapt", "relevance": 0.9, "reason": "Services in Rust are what they build."},
                {"index": 1, "action": "keep", "relevance": 0.2, "reason": "Says little to the offer."},
            ],
            "projects": [{"index": 0, "action": "keep", "relevance": 0.6, "reason": "Shows PostgreSQL."}],
            "wanted_skills": [
                {"name": "Rust", "required": true, "proofs": [{"section": "work", "item_index": 0, "quote": "services in Rust"}]},
                {"name": "Kubernetes", "required": true, "proofs": []},
            ],
        }),
        "ExperienceProposal" => json!({
            "summary": {"text": "Builds services in Rust on PostgreSQL, from the design to the day it runs.", "reason": "Rust comes first."},
            "highlights": {"items": ["Halved the latency of the billing API", "Ran Kubernetes in 12 regions"], "reason": "The result first."},
            "keywords": null,
        }),
        "ExtrasProposal" => json!({"courses": [], "volunteer_highlights": [], "languages": null, "certificates": null,
            "awards": null, "publications": null, "interests": null}),
        "SkillsProposal" => {
            json!({"groups": [{"index": 0, "name": null, "keywords": ["SQL", "Rust"]}], "reason": "Theirs first."})
        }
        "SummaryProposal" => json!({
            "label": {"text": "Kubernetes architect", "reason": "They ask for it."},
            "summary": {"text": "Backend developer who writes services in Rust on PostgreSQL.", "reason": "What they look for."},
        }),
        "Score" => json!({
            "total": 99,
            "breakdown": {"technical_skills": 30, "experience": 20, "education": 8, "projects": 6, "soft_skills": 5},
            "missing_skills": ["Kubernetes"], "matching_skills": ["Rust", "PostgreSQL"],
            "suggestions": [{"priority": "high", "suggestion": "Say it if you ran Kubernetes.", "impact": "+8"}],
        }),
        other => panic!("nobody asked for {other}"),
    }
}

fn empty_offer() -> Value {
    json!({
        "title": null, "company": null, "contract": null,
        "experience": {"min_years": null, "max_years": null, "level": null},
        "location": {"city": null, "country": null, "remote": null},
        "salary": {"min": null, "max": null, "currency": null, "period": null},
        "skills": {"required": [], "nice_to_have": []},
        "education": {"level": null, "field": null},
        "languages": [], "responsibilities": [], "benefits": [],
    })
}

/// The mishap of the `n`th call (from 1) for a schema about an offer; `None`: the answer.
fn mishap(schema: &str, offer: u32, n: u32) -> Option<Act> {
    let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    match (schema, offer, n) {
        ("Extraction", 1, 1) => {
            let body = json!({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}).to_string();
            Some(Act::Status(429, header("retry-after", "2"), body))
        }
        ("Classification", 1, 1) => Some(Act::Status(500, Vec::new(), "{\"error\": \"boom\"}".to_owned())),
        ("ExperienceProposal", 1, 1) => Some(Act::Stall("{\"summary\": {\"text\": \"Builds services in R".to_owned())),
        ("SummaryProposal", 1, 1) => Some(Act::Text("Sure! Here is your summary: {".to_owned())),
        ("Classification", 2, _) => Some(Act::Refuse("I cannot help with that.".to_owned())),
        _ => None,
    }
}

/// An endpoint on which all that can go wrong goes wrong once.
fn endpoint() -> Scripted {
    let calls: Mutex<HashMap<(String, u32), u32>> = Mutex::default();
    Scripted::start([], move |body| {
        let schema = body["response_format"]["json_schema"]["name"].as_str().unwrap_or_default().to_owned();
        let prompt = body["messages"][1]["content"].as_str().unwrap_or_default().to_owned();
        let offer = (1..=3).find(|n| prompt.contains(&format!("Halyard {n}"))).unwrap_or(0);
        let n = {
            let mut calls = calls.lock();
            let n = calls.entry((schema.clone(), offer)).or_default();
            *n += 1;
            *n
        };
        mishap(&schema, offer, n).unwrap_or_else(|| {
            let answer = said(&schema, &prompt);
            if schema == "ExperienceProposal" { Act::Slowly(answer, PAUSE) } else { Act::Answer(answer) }
        })
    })
    .unwrap()
}

/// What a reader of a task's topic saw, durable and volatile.
struct Seen {
    events: Vec<(String, Value)>,
    live: Vec<Value>,
}

/// Reads a task's topic to its end.
async fn watch(server: &Server, person: &Person, task: &str) -> Seen {
    let mut socket = Socket::hello(server, &person.token, "estafette.v1.json").await;
    let topic = format!("task:{task}");
    socket.send(&json!([{"t": "sub", "id": 1, "topic": topic}])).await;
    let mut seen = Seen { events: Vec::new(), live: Vec::new() };
    loop {
        let message = match socket.hear().await {
            Heard::Message(message) => message,
            closed @ Heard::Closed(..) => panic!("{closed:?}"),
        };
        match message["t"].as_str() {
            Some("ev") => {
                let kind = message["kind"].as_str().unwrap().to_owned();
                let over = ["task.completed", "task.failed"].contains(&&*kind);
                seen.events.push((kind, message["data"].clone()));
                if over {
                    return seen;
                }
            }
            Some("live") => seen.live.push(message),
            Some("snap") if message["state"]["task"]["completed_at"].is_string() => return seen,
            _ => {}
        }
    }
}

impl Seen {
    fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |(found, _)| found == kind).map(|(_, data)| data)
    }

    /// What a step was waiting for: why, and for how many seconds.
    fn waits(&self, step: &str) -> Vec<(String, f64)> {
        let waits = self.live.iter().filter_map(|live| live["data"]["waits"].as_array()).flatten();
        let time = |of: &Value| of.as_str().and_then(|text| text.parse::<chrono::DateTime<chrono::Utc>>().ok());
        waits
            .filter(|wait| wait["step"] == step)
            .filter_map(|wait| {
                let span = time(&wait["until"])? - time(&wait["since"])?;
                Some((wait["reason"].as_str()?.to_owned(), span.as_seconds_f64()))
            })
            .collect()
    }

    /// The failed attempts of a step: code, and when the next one comes.
    fn failures(&self, step: &str) -> Vec<(String, Option<u64>)> {
        self.of("step.failed")
            .filter(|data| data["step"] == step)
            .map(|data| (data["code"].as_str().unwrap().to_owned(), data["retry_in_ms"].as_u64()))
            .collect()
    }
}

async fn start(person: &Person, path: &str, body: Value) -> String {
    person.post(path, body).await.ok()["task_id"].as_str().unwrap().to_owned()
}

/// R65, R66: every request is one row, the day's sums are their sums, and each costs what the prices say.
async fn accounts_are_sound(db: &Db, requests: usize) {
    let requests = i64::try_from(requests).unwrap();
    eventually("a row for each call", async || {
        let rows = census::number(db, "SELECT count(*) FROM cv.openai_calls").await;
        if rows == requests {
            return Ok(());
        }
        Err(format!("{rows} rows of {requests} requests: {:?}", outcomes(db).await))
    })
    .await;
    let differ = "SELECT count(*) FROM cv.openai_usage u JOIN (
            SELECT user_id, feature_name, model, sum(prompt_tokens) AS prompt, sum(completion_tokens) AS completion,
                sum(cached_tokens) AS cached, sum(estimated_cost) AS cost, count(*) AS calls
            FROM cv.openai_calls GROUP BY 1, 2, 3
        ) c USING (user_id, feature_name, model)
        WHERE (u.prompt_tokens, u.completion_tokens, u.cached_tokens, u.estimated_cost, u.calls_count)
            IS DISTINCT FROM (c.prompt, c.completion, c.cached, c.cost, c.calls)";
    assert_eq!(census::number(db, differ).await, 0, "r65: sums over calls = usage row");
    let wrong = "SELECT count(*) FROM cv.openai_calls WHERE metadata ->> 'outcome' = 'answered' AND
        (prompt_tokens, cached_tokens, completion_tokens, estimated_cost) IS DISTINCT FROM (120, 20, 30,
         CASE model WHEN 'gpt-4.1-2025-04-14' THEN 0.00045 WHEN 'gpt-5-mini-2025-08-07' THEN 0.000086 END)";
    assert_eq!(census::number(db, wrong).await, 0, "r66: 100 fresh, 20 cached and 30 written tokens at their prices");
}

async fn outcomes(db: &Db) -> HashMap<String, i64> {
    let sql = "SELECT metadata ->> 'outcome', count(*) FROM cv.openai_calls GROUP BY 1";
    db.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[actix_web::test]
async fn p1_p2_p7_the_whole_job_with_a_model_that_fails_in_every_way() {
    let model = endpoint();
    let database = testing::database().await;
    let db = database.db();
    let settings = [
        ("ESTAFETTE_AI_PROVIDER", "openai"),
        ("OPENAI_BASE_URL", &model.base_url()),
        ("OPENAI_API_KEY", "sk-test"),
        ("ESTAFETTE_AI_REQUEST_TIMEOUT_MS", CALL_MS),
    ];
    let server = Server::on(&database.url(), &settings);
    let ada = Person::sign_up(&server, "ada").await;
    let cv = ada.cv().await;

    // P1: three offers. One comes through four mishaps, one is refused by the model, one is no offer.
    let offers: Vec<Value> = (1..=3).map(|n| json!({"text": offer_text(n)})).collect();
    let task = start(&ada, "/v1/cv/generations", json!({"source_cv_id": cv, "mode": "adapt", "offers": offers})).await;
    let seen = watch(&server, &ada, &task).await;
    let state = ada.ended(&task).await;
    let statuses: Vec<&str> =
        state["offers"].as_array().unwrap().iter().map(|offer| offer["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["completed", "failed", "failed"], "{state:#}");

    // A model that is busy or away is waited for, in sight of those who watch; that costs no attempt.
    for (step, reason, at_least) in [("extract[0]", "model_busy", 2.0), ("classify[0]", "model_down", 0.0)] {
        assert_eq!(seen.failures(step), [], "{step}");
        let waits = seen.waits(step);
        assert!(waits.iter().any(|(found, seconds)| found == reason && *seconds >= at_least), "{step}: {waits:?}");
    }
    for (step, code) in [("batch_experience[0,0]", "timeout"), ("batch_summary[0]", "invalid_output")] {
        let failures = seen.failures(step);
        assert!(matches!(&failures[..], [(found, Some(_))] if found == code), "{step}: {failures:?}");
    }
    // What cannot get better is not asked twice.
    assert_eq!(seen.failures("classify[1]"), [("model_refused".to_owned(), None)]);
    assert_eq!(seen.failures("extract[2]"), [("not_a_job_offer".to_owned(), None)]);
    let failed: Vec<&Value> = seen.of("offer.failed").collect();
    assert_eq!(failed.len(), 2);
    assert!(failed.iter().all(|data| data["refunded"] == true), "{failed:?}");
    assert!(failed.iter().any(|data| data["error"] == "This is a list of several offers: give one of them."));
    assert_eq!(ada.balance().await, 4, "r46: one unit of three was delivered");
    census::ledger_is_sound(&db).await;

    // The model is told why its answer was refused.
    let again = model.seen().into_iter().filter(|call| {
        let name = &call.body["response_format"]["json_schema"]["name"];
        name == "SummaryProposal" && call.body["messages"][1]["content"].as_str().unwrap().contains("<error>")
    });
    assert_eq!(again.count(), 1);

    // The text is seen while it is written, and progress never goes back.
    let deltas: Vec<&str> = seen
        .live
        .iter()
        .filter(|live| live["kind"] == "step.delta" && live["data"]["step"] == "batch_experience[0,0]")
        .map(|live| live["data"]["text"].as_str().unwrap())
        .collect();
    assert!(deltas.len() >= 2, "{deltas:?}");
    assert!(deltas.iter().any(|text| text.contains("Builds services in Rust")), "{deltas:?}");
    let fractions: Vec<f64> = seen
        .live
        .iter()
        .filter(|live| live["kind"] == "task.progress")
        .map(|live| live["data"]["fraction"].as_f64().unwrap())
        .collect();
    assert!(fractions.len() > 3 && fractions.is_sorted(), "{fractions:?}");
    assert!(fractions.iter().all(|fraction| fraction.is_sign_positive() && *fraction <= 1.0), "{fractions:?}");

    // Steps tell what they used up, and nothing that the CV does not say is in the result.
    let told = seen.of("step.completed").find(|data| data["step"] == "batch_experience[0,0]").unwrap();
    assert_eq!(
        (&told["model_used"], &told["prompt_tokens"], &told["cached_tokens"], &told["completion_tokens"]),
        (&json!("gpt-4.1-2025-04-14"), &json!(120), &json!(20), &json!(30))
    );
    assert_eq!(told["estimated_cost"], 0.00045);
    let made = state["offers"][0]["generated_cv_file_id"].as_str().unwrap();
    let made = ada.get(&format!("/v1/cv/files/{made}")).await.ok()["file"].clone();
    let work = &made["content"]["work"][0];
    assert_eq!(work["summary"], "Builds services in Rust on PostgreSQL, from the design to the day it runs.");
    assert_eq!(work["highlights"], json!(["Halved the latency of the billing API"]), "the invented one is held back");
    assert_eq!(made["content"]["basics"]["label"], "Developer", "the CV says nothing of Kubernetes");
    assert_eq!(made["content"]["skills"][0]["keywords"], json!(["SQL", "Rust", "PHP", "Docker"]), "none is lost");
    assert_eq!((&made["match_score"], &made["match_score_status"]), (&json!(69), &json!("done")), "r35");

    // P2 on the source, for the offer that was read: nothing is extracted again (R16).
    let offer = state["offers"][0]["job_offer_id"].clone();
    let body = json!({"source_cv_id": cv, "mode": "optimize", "offers": [{"job_offer_id": offer}]});
    let task = start(&ada, "/v1/cv/generations", body).await;
    let state = ada.ended(&task).await;
    assert_eq!(state["task"]["status"], "completed", "{state:#}");
    let file = ada.get(&format!("/v1/cv/files/{cv}")).await.ok()["file"].clone();
    assert_eq!((&file["optimise_status"], &file["content_version"]), (&json!("done"), &json!(2)));
    assert!(file["pending_count"].as_u64().unwrap() >= 2, "{file:#}");

    // P7 beside open changes.
    let task = start(&ada, &format!("/v1/cv/files/{cv}/score"), json!({})).await;
    let state = ada.ended(&task).await;
    assert_eq!(state["task"]["status"], "completed", "{state:#}");
    let file = ada.get(&format!("/v1/cv/files/{cv}")).await.ok()["file"].clone();
    assert_eq!((&file["match_score"], &file["score"]["missing_skills"]), (&json!(69), &json!(["Kubernetes"])));
    assert_eq!(ada.balance().await, 2);
    census::ledger_is_sound(&db).await;

    let calls = model.seen();
    accounts_are_sound(&db, calls.len()).await;
    let outcomes = outcomes(&db).await;
    for outcome in ["model_rate_limited", "model_unavailable", "timeout", "invalid_output", "model_refused"] {
        assert_eq!(outcomes.get(outcome), Some(&1), "{outcomes:?}");
    }
    for call in calls {
        assert_eq!(call.authorization.as_deref(), Some("Bearer sk-test"));
        assert_eq!(
            (&call.body["stream"], &call.body["response_format"]["json_schema"]["strict"]),
            (&json!(true), &json!(true))
        );
    }
}

#[actix_web::test]
async fn a_model_that_stays_away_fails_the_task_typed_and_costs_nothing() {
    let model = Scripted::start([], |_| {
        Act::Status(401, Vec::new(), "{\"error\": {\"message\": \"no such key sk-secret\"}}".to_owned())
    });
    let model = model.unwrap();
    let database = testing::database().await;
    let db = database.db();
    let settings = [
        ("ESTAFETTE_AI_PROVIDER", "openai"),
        ("OPENAI_BASE_URL", &model.base_url()),
        ("OPENAI_API_KEY", "sk-secret"),
        ("ESTAFETTE_OPENAI_MODEL", "llama-local"),
    ];
    let server = Server::on(&database.url(), &settings);
    let ada = Person::sign_up(&server, "ada").await;
    let cv = ada.cv().await;
    let task = ada.generation(&cv, json!([{"text": offer_text(1)}])).await;
    let state = ada.ended(&task).await;
    assert_eq!(state["task"]["status"], "failed");
    assert!(!state.to_string().contains("sk-secret"), "the key is nobody's business: {state:#}");
    assert_eq!(state["steps"][0]["attempt"], 1, "another attempt would not help: {state:#}");
    assert_eq!(ada.balance().await, 5);
    census::ledger_is_sound(&db).await;
    let [call] = &model.seen()[..] else { panic!("asked more than once") };
    assert_eq!(call.body["model"], "llama-local", "the setting names the model for all work");
}
