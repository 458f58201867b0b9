//! The provider against an endpoint that misbehaves on purpose, over real TCP.

use super::*;
use crate::ai::scripted::{Act, Scripted};
use crate::ai::{CallOutcome, CallRecorder, Models};
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

const SECRET: &str = "sk-very-secret";

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
struct Title {
    title: String,
}

fn endpoint(acts: impl IntoIterator<Item = Act>) -> Scripted {
    Scripted::start(acts, |_| Act::Answer(json!({"title": "later"}))).unwrap()
}

fn provider(endpoint: &Scripted, change: impl FnOnce(&mut OpenAiConfig)) -> OpenAi {
    let mut config = OpenAiConfig::new(endpoint.base_url().parse().unwrap(), ApiKey::new(SECRET));
    change(&mut config);
    OpenAi::new(config).unwrap()
}

fn request() -> AiRequest {
    let mut request = AiRequest::new("cv_generation", "classify").with_model("gpt-x").with_prompts("system", "prompt");
    request.schema = crate::ai::schema::Schema::of::<Title>();
    request.within(Duration::from_secs(10))
}

async fn failing(act: Act, change: impl FnOnce(&mut OpenAiConfig)) -> AiError {
    let endpoint = endpoint([act]);
    provider(&endpoint, change).complete(&request(), &mut |_| {}).await.unwrap_err()
}

#[actix_rt::test]
async fn an_answer_is_streamed_and_counted() {
    let endpoint = endpoint([Act::Slowly(json!({"title": "Développeur"}), Duration::from_millis(50))]);
    let mut texts: Vec<String> = Vec::new();
    let mut keep = |step: Progress<'_>| {
        if let Progress::Text(text) = step {
            texts.push(text.to_owned());
        }
    };
    let reply = provider(&endpoint, |_| {}).complete(&request(), &mut keep).await.unwrap();
    assert_eq!(reply.output, json!({"title": "Développeur"}));
    assert!(texts.len() >= 3, "{texts:?}");
    assert!(texts.windows(2).all(|pair| pair[1].starts_with(&pair[0])));
    assert_eq!((reply.usage.prompt_tokens, reply.usage.cached_tokens, reply.usage.completion_tokens), (120, 20, 30));
    assert_eq!(reply.usage.model_used, "gpt-x");
    let seen = endpoint.seen();
    assert_eq!(seen[0].authorization.as_deref(), Some("Bearer sk-very-secret"));
    let format = &seen[0].body["response_format"]["json_schema"];
    assert_eq!(format["strict"], true);
    assert_eq!(format["schema"]["additionalProperties"], false);
    assert_eq!(seen[0].body["stream_options"]["include_usage"], true);
    assert_eq!(seen[0].body["messages"][0]["role"], "system");
}

#[actix_rt::test]
async fn calls_one_after_the_other_share_a_connection() {
    let endpoint = endpoint((0..7).map(|_| Act::Slowly(json!({"title": "x"}), Duration::from_millis(5))));
    let provider = provider(&endpoint, |_| {});
    for _ in 0..7 {
        provider.complete(&request(), &mut |_| {}).await.unwrap();
    }
    let peers = peers(&endpoint);
    assert!(peers.len() == 7 && peers.iter().all(|peer| *peer == peers[0]), "{peers:?}");
}

#[actix_rt::test]
async fn a_connection_that_was_idle_for_long_is_not_used_again() {
    let endpoint = endpoint([]);
    let idle = Duration::from_millis(50);
    let provider = provider(&endpoint, |config| config.keep_connections = idle);
    provider.complete(&request(), &mut |_| {}).await.unwrap();
    // What is to pass is time.
    tokio::time::sleep(idle * 2).await;
    provider.complete(&request(), &mut |_| {}).await.unwrap();
    let peers = peers(&endpoint);
    assert_ne!(peers[1], peers[0]);
}

/// The other ends of the connections that calls came on.
fn peers(endpoint: &Scripted) -> Vec<std::net::SocketAddr> {
    endpoint.seen().iter().map(|seen| seen.peer.unwrap()).collect()
}

#[actix_rt::test]
async fn an_endpoint_that_does_not_stream_is_understood() {
    let endpoint = endpoint([Act::Whole(json!({"title": "x"}))]);
    let reply = provider(&endpoint, |_| {}).complete(&request(), &mut |_| {}).await.unwrap();
    assert_eq!(reply.output, json!({"title": "x"}));
    assert_eq!(reply.usage.completion_tokens, 30);
}

#[actix_rt::test]
async fn json_in_a_markdown_fence_is_understood() {
    let endpoint = endpoint([Act::Text("```json\n{\"title\": \"x\"}\n```".into())]);
    let reply = provider(&endpoint, |_| {}).complete(&request(), &mut |_| {}).await.unwrap();
    assert_eq!(reply.output, json!({"title": "x"}));
}

#[actix_rt::test]
async fn a_rate_limit_says_when_to_come_back() {
    let act = Act::Status(
        429,
        vec![("Retry-After".into(), "7".into())],
        json!({"error": {"message": "slow down"}}).to_string(),
    );
    let error = failing(act, |_| {}).await;
    assert_eq!(error.code, AiErrorCode::RateLimited);
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
    assert!(error.message.contains("slow down"), "{}", error.message);
    assert_eq!(error.usage.total_tokens(), 0, "a refused call used nothing up");
}

#[actix_rt::test]
async fn an_empty_account_is_no_rate_limit() {
    let body = json!({"error": {"message": "x", "code": "insufficient_quota"}}).to_string();
    let error = failing(Act::Status(429, vec![], body), |_| {}).await;
    assert_eq!(error.code, AiErrorCode::Misconfigured);
}

#[actix_rt::test]
async fn each_status_has_its_meaning() {
    for (status, code) in [
        (500, AiErrorCode::Unavailable),
        (503, AiErrorCode::Unavailable),
        (408, AiErrorCode::Unavailable),
        (401, AiErrorCode::Misconfigured),
        (403, AiErrorCode::Misconfigured),
        (404, AiErrorCode::Misconfigured),
        (302, AiErrorCode::Misconfigured),
        (400, AiErrorCode::BadRequest),
        (422, AiErrorCode::BadRequest),
    ] {
        let error = failing(Act::Status(status, vec![], "<html>no json".into()), |_| {}).await;
        assert_eq!(error.code, code, "{status}");
        assert!(error.sent);
    }
}

#[actix_rt::test]
async fn a_key_is_shown_nowhere() {
    let body = json!({"error": {"message": format!("your key {SECRET} may not")}}).to_string();
    for status in [400, 401, 403, 500] {
        let error = failing(Act::Status(status, vec![], body.clone()), |_| {}).await;
        assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    }
    let config = OpenAiConfig::new("http://localhost/v1".parse().unwrap(), ApiKey::new(SECRET));
    assert!(!format!("{config:?}").contains(SECRET));
}

#[actix_rt::test]
async fn refusals_are_final_and_typed() {
    let error = failing(Act::Refuse("I cannot help with that".into()), |_| {}).await;
    assert_eq!(error.code, AiErrorCode::ModelRefused);
    assert_eq!(error.code.as_str(), "model_refused");
    assert!(error.message.contains("I cannot help"), "{}", error.message);
    let filtered = failing(Act::Finish("{".into(), "content_filter"), |_| {}).await;
    assert_eq!(filtered.code, AiErrorCode::ModelRefused);
}

#[actix_rt::test]
async fn an_answer_that_is_no_json_is_to_be_tried_again_and_counted() {
    let error = failing(Act::Text("{\"title\": ".into()), |_| {}).await;
    assert_eq!(error.code, AiErrorCode::InvalidOutput);
    assert_eq!(error.usage.completion_tokens, 30);
}

#[actix_rt::test]
async fn an_answer_cut_by_length_by_the_network_or_by_garbage_is_invalid_output() {
    for act in [
        Act::Finish("{\"title\": \"x".into(), "length"),
        Act::Cut("{\"title\": \"a long enough title\"}".into()),
        Act::Garbage,
    ] {
        let error = failing(act.clone(), |_| {}).await;
        assert_eq!(error.code, AiErrorCode::InvalidOutput, "{act:?}: {}", error.message);
        assert_eq!(error.retry(), crate::ai::AiRetry::Policy);
    }
}

#[actix_rt::test]
async fn an_error_in_the_stream_is_seen() {
    let error = failing(Act::ErrorInStream(json!({"message": "overloaded", "type": "server_error"})), |_| {}).await;
    assert_eq!(error.code, AiErrorCode::Unavailable);
    assert!(error.usage.estimated, "the text that came is counted by its length");
}

#[actix_rt::test]
async fn an_endless_answer_is_stopped_at_its_bound() {
    let error = failing(Act::Endless, |config| config.response_bytes_max = 1024 * 1024).await;
    assert_eq!(error.code, AiErrorCode::InvalidOutput);
    assert!(error.message.contains("1048576"), "{}", error.message);
}

#[actix_rt::test]
async fn silence_in_the_middle_is_a_timeout_long_before_the_calls_bound() {
    let started = Instant::now();
    let act = Act::Stall("{\"title\": \"long enough to be halved\"}".into());
    let error = failing(act, |config| config.idle_timeout = Duration::from_millis(150)).await;
    assert_eq!(error.code, AiErrorCode::Timeout);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(error.usage.estimated && error.usage.completion_tokens > 0);
}

#[actix_rt::test]
async fn an_endpoint_that_never_answers_is_left_at_the_calls_bound() {
    let endpoint = endpoint([Act::Silence]);
    let asked = request().within(Duration::from_millis(200));
    let error = provider(&endpoint, |_| {}).complete(&asked, &mut |_| {}).await.unwrap_err();
    assert_eq!(error.code, AiErrorCode::Timeout);
    assert!(error.sent);
}

#[actix_rt::test]
async fn an_endpoint_that_is_not_there_is_unavailable_and_the_breaker_opens() {
    // A port that was just free: bound and let go.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut config = OpenAiConfig::new(format!("http://{free}/v1").parse().unwrap(), ApiKey::default());
    config.breaker_failures = 2;
    let provider = OpenAi::new(config).unwrap();
    for _ in 0..2 {
        let error = provider.complete(&request(), &mut |_| {}).await.unwrap_err();
        assert_eq!(error.code, AiErrorCode::Unavailable);
        assert!(error.message.contains("127.0.0.1"), "{}", error.message);
    }
    let error = provider.complete(&request(), &mut |_| {}).await.unwrap_err();
    assert_eq!(error.code, AiErrorCode::CircuitOpen);
    assert!(!error.sent, "a call that is held back is not a call");
    assert!(error.retry_after.is_some_and(|after| after <= Duration::from_secs(20)));
}

#[actix_rt::test]
async fn the_breaker_closes_again_after_a_probe() {
    let endpoint = endpoint([Act::Status(500, vec![], String::new())]);
    let provider = provider(&endpoint, |config| {
        config.breaker_failures = 1;
        config.breaker_open_for = Duration::from_millis(100);
    });
    provider.complete(&request(), &mut |_| {}).await.unwrap_err();
    assert!(provider.is_circuit_open());
    let held = provider.complete(&request(), &mut |_| {}).await.unwrap_err();
    tokio::time::sleep(held.retry_after.unwrap()).await;
    provider.complete(&request(), &mut |_| {}).await.unwrap();
    assert!(!provider.is_circuit_open());
    assert_eq!(endpoint.seen().len(), 2);
}

#[actix_rt::test]
async fn an_endpoint_that_throttles_is_left_alone_by_all_calls_until_the_time_that_it_named() {
    let act = Act::Status(429, vec![("retry-after-ms".into(), "300".into())], String::new());
    let endpoint = endpoint([act]);
    let provider = provider(&endpoint, |_| {});
    provider.complete(&request(), &mut |_| {}).await.unwrap_err();
    for _ in 0..5 {
        let held = provider.complete(&request(), &mut |_| {}).await.unwrap_err();
        assert_eq!((held.code, held.sent), (AiErrorCode::RateLimited, false));
        assert!(held.retry_after.is_some_and(|after| after <= Duration::from_millis(300)));
    }
    assert_eq!(endpoint.seen().len(), 1, "nobody else asked");
    tokio::time::sleep(Duration::from_millis(310)).await;
    provider.complete(&request(), &mut |_| {}).await.unwrap();
}

#[actix_rt::test]
async fn our_own_limits_refuse_before_anything_is_sent() {
    let endpoint = endpoint([Act::Silence]);
    let provider = provider(&endpoint, |config| {
        config.concurrency = 1;
        config.queue_max = 0;
        config.tokens_per_minute = Some(1_000);
    });
    let mut ignore = |_: Progress<'_>| {};
    let asked = request();
    let mut held = provider.complete(&asked, &mut ignore);
    while endpoint.seen().is_empty() {
        let _ = futures_util::poll!(&mut held);
        tokio::task::yield_now().await;
    }
    let error = provider.complete(&request(), &mut |_| {}).await.unwrap_err();
    assert_eq!(error.code, AiErrorCode::RateLimited);
    assert!(!error.sent);
    drop(held);
    // The dropped call gave its slot and its tokens back; 10 000 characters are 2 500 tokens: more than a minute's worth.
    provider.complete(&request(), &mut |_| {}).await.unwrap();
    let big = request().with_prompts("", "x".repeat(10_000)).within(Duration::from_millis(100));
    let error = provider.complete(&big, &mut |_| {}).await.unwrap_err();
    assert_eq!(error.code, AiErrorCode::RateLimited);
    assert!(error.message.contains("tokens a minute"), "{}", error.message);
}

#[derive(Default)]
struct Kept(Mutex<Vec<(CallOutcome, u32)>>);

impl CallRecorder for Kept {
    fn record(&self, call: crate::ai::AiCallRecord) {
        self.0.lock().push((call.outcome, call.usage.total_tokens()));
    }
}

#[actix_rt::test]
async fn r65_each_attempt_is_recorded_failed_ones_included() {
    let endpoint = endpoint([
        Act::Status(500, vec![], String::new()),
        Act::Answer(json!({"title": 5})),
        Act::Answer(json!({"title": "x"})),
    ]);
    let kept = Arc::new(Kept::default());
    let models = Models::new(Arc::new(provider(&endpoint, |_| {})), Arc::clone(&kept) as Arc<dyn CallRecorder>);
    for _ in 0..2 {
        models.complete_as::<Title>(request(), &mut |_| {}).await.unwrap_err();
    }
    models.complete_as::<Title>(request(), &mut |_| {}).await.unwrap();
    let expected = [
        (CallOutcome::Failed(AiErrorCode::Unavailable), 0),
        (CallOutcome::Failed(AiErrorCode::InvalidOutput), 150),
        (CallOutcome::Answered, 150),
    ];
    assert_eq!(*kept.0.lock(), expected);
}

#[actix_rt::test]
async fn without_a_schema_of_strict_form_the_endpoint_is_told_so() {
    let endpoint = endpoint([Act::Answer(json!({"a": 1}))]);
    let mut asked = request();
    asked.schema = crate::ai::schema::Schema::of::<std::collections::HashMap<String, Value>>();
    provider(&endpoint, |_| {}).complete(&asked, &mut |_| {}).await.unwrap();
    assert_eq!(endpoint.seen()[0].body["response_format"]["json_schema"]["strict"], false);
}

#[test]
fn a_base_address_that_cannot_be_used_is_refused() {
    for wrong in ["ftp://host/v1", "mailto:a@b.c"] {
        let config = OpenAiConfig::new(wrong.parse().unwrap(), ApiKey::default());
        assert!(matches!(OpenAi::new(config), Err(OpenAiConfigError::BaseUrl(_))), "{wrong}");
    }
    let config = OpenAiConfig::new("http://host/v1".parse().unwrap(), ApiKey::new("a\nb"));
    assert!(matches!(OpenAi::new(config), Err(OpenAiConfigError::ApiKey)));
}
