use super::*;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

fn offline(latency: Duration, concurrency: usize) -> Offline {
    let mut offline = Offline::new(latency, concurrency);
    offline.register("f", "upper", |input: &String| Ok::<_, RuleError>(json!({"text": input.to_uppercase()})));
    offline
}

fn request(step: &str, input: &str) -> AiRequest {
    AiRequest::new("f", step).with_prompts("1234", "12345678").with_input(Arc::new(input.to_owned()))
}

#[actix_rt::test]
async fn the_text_comes_in_pieces_each_a_prefix_of_the_next_and_twice_the_same() {
    let offline = offline(Duration::ZERO, 2);
    let asked = request("upper", &"é".repeat(400));
    let mut pieces: Vec<String> = Vec::new();
    let mut keep = |step: Progress<'_>| {
        if let Progress::Text(text) = step {
            pieces.push(text.to_owned());
        }
    };
    let first = offline.complete(&asked, &mut keep).await.unwrap();
    assert!(pieces.len() > 3, "{}", pieces.len());
    assert!(pieces.windows(2).all(|pair| pair[1].starts_with(&pair[0])));
    assert_eq!(pieces.last().unwrap(), &first.output.to_string());
    assert_eq!(first.usage.prompt_tokens, 3);
    assert_eq!(first.usage.completion_tokens, estimate_tokens(&first.output.to_string()));
    assert_eq!(first.usage.model_used, "offline");
    let second = offline.complete(&asked, &mut |_| {}).await.unwrap();
    assert_eq!(first.output, second.output);
}

#[actix_rt::test]
async fn a_call_takes_at_least_the_set_latency() {
    let started = Instant::now();
    offline(Duration::from_millis(80), 2).complete(&request("upper", "x"), &mut |_| {}).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(80));
}

#[actix_rt::test]
async fn a_latency_beyond_the_timeout_is_a_timeout() {
    let offline = offline(Duration::from_secs(60), 2);
    let asked = request("upper", "x").within(Duration::from_millis(50));
    let error = offline.complete(&asked, &mut |_| {}).await.unwrap_err();
    assert_eq!(error.code, AiErrorCode::Timeout);
    assert!(error.sent);
}

#[actix_rt::test]
async fn a_rule_that_panics_is_an_error_and_the_next_call_works() {
    let mut offline = offline(Duration::ZERO, 1);
    offline.register("f", "panics", |_: &String| -> Result<Value, RuleError> { panic!("on purpose") });
    let error = offline.complete(&request("panics", "x"), &mut |_| {}).await.unwrap_err();
    assert_eq!(error.code, AiErrorCode::Internal);
    offline.complete(&request("upper", "x"), &mut |_| {}).await.unwrap();
}

#[actix_rt::test]
async fn an_input_of_another_type_is_an_error_of_the_rule() {
    let number = request("upper", "x").with_input(Arc::new(5));
    let error = offline(Duration::ZERO, 1).complete(&number, &mut |_| {}).await.unwrap_err();
    assert_eq!(error.code, AiErrorCode::RuleFailed);
    assert!(error.message.contains("takes another input"), "{}", error.message);
}

#[actix_rt::test]
async fn no_more_rules_run_at_once_than_there_are_slots() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut offline = Offline::new(Duration::ZERO, 2);
    let (counted, peak) = (Arc::clone(&now), Arc::clone(&most));
    offline.register("f", "slow", move |_: &String| {
        peak.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        counted.fetch_sub(1, Ordering::SeqCst);
        Ok::<_, RuleError>(Value::Null)
    });
    let asked = request("slow", "x");
    let calls = (0..8).map(async |_| offline.complete(&asked, &mut |_| {}).await.unwrap());
    futures_util::future::join_all(calls).await;
    assert_eq!(most.load(Ordering::SeqCst), 2);
}
