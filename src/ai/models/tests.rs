use super::*;
use crate::ai::offline::Offline;
use crate::ai::{CallOrigin, ModelPrice, OnProgress};
use async_trait::async_trait;
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

#[derive(Default)]
struct Kept(Mutex<Vec<AiCallRecord>>);

impl CallRecorder for Kept {
    fn record(&self, call: AiCallRecord) {
        self.0.lock().push(call);
    }
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
struct Title {
    title: String,
}

fn models(latency: Duration, answer: Value) -> (Models, Arc<Kept>) {
    let mut offline = Offline::new(latency, 2);
    offline.register("cv_generation", "classify", move |(): &()| Ok::<_, String>(answer.clone()));
    offline.register("cv_generation", "broken", |(): &()| Err::<Value, _>("no experience to work on"));
    let kept = Arc::new(Kept::default());
    (Models::new(Arc::new(offline), Arc::clone(&kept) as Arc<dyn CallRecorder>), kept)
}

fn request(step: &str) -> AiRequest {
    AiRequest::new("cv_generation", step)
        .with_prompts("system", "a prompt")
        .on_behalf_of(CallOrigin { attempt: 2, ..CallOrigin::default() })
}

#[actix_rt::test]
async fn r65_an_answer_is_recorded_once_with_its_origin() {
    let (models, kept) = models(Duration::ZERO, json!({"title": "x"}));
    let answer = models.complete_as::<Title>(request("classify"), &mut |_| {}).await.unwrap();
    assert_eq!(answer.output, Title { title: "x".into() });
    let records = kept.0.lock();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].outcome, CallOutcome::Answered);
    assert_eq!(records[0].metadata()["attempt"], 2);
    assert_eq!(records[0].model(), "offline");
    assert!(records[0].priced, "the offline model is free, which is no reason for an alert");
}

#[actix_rt::test]
async fn r65_a_failed_call_is_recorded_once() {
    let (models, kept) = models(Duration::ZERO, Value::Null);
    let error = models.complete_as::<Title>(request("broken"), &mut |_| {}).await.unwrap_err();
    assert_eq!(error.code, AiErrorCode::RuleFailed);
    assert_eq!(kept.0.lock().len(), 1);
    assert_eq!(kept.0.lock()[0].outcome, CallOutcome::Failed(AiErrorCode::RuleFailed));
}

#[actix_rt::test]
async fn r65_an_answer_that_is_not_of_the_schema_is_recorded_as_failed_with_its_tokens() {
    let (models, kept) = models(Duration::ZERO, json!({"title": 5}));
    let error = models.complete_as::<Title>(request("classify"), &mut |_| {}).await.unwrap_err();
    assert_eq!(error.code, AiErrorCode::InvalidOutput);
    assert!(error.message.contains("/title"), "{}", error.message);
    assert!(kept.0.lock()[0].usage.completion_tokens > 0);
}

#[actix_rt::test]
async fn r65_a_call_that_is_dropped_is_recorded_as_cancelled() {
    let (models, kept) = models(Duration::from_secs(60), json!({"title": "x"}));
    let mut ignore = |_: &str| {};
    let call = models.complete_as::<Title>(request("classify"), &mut ignore);
    assert!(tokio::time::timeout(Duration::from_millis(100), call).await.is_err());
    let records = kept.0.lock();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].outcome, CallOutcome::Cancelled);
    assert!(records[0].usage.estimated);
}

#[actix_rt::test]
async fn r65_a_call_that_never_left_is_not_recorded() {
    let (models, kept) = models(Duration::ZERO, Value::Null);
    let error = models.complete_as::<Title>(request("unknown"), &mut |_| {}).await.unwrap_err();
    assert!(error.message.contains("cv_generation/unknown"));
    assert!(kept.0.lock().is_empty());
}

struct Fixed;

#[async_trait(?Send)]
impl Provider for Fixed {
    fn name(&self) -> &'static str {
        "fixed"
    }
    async fn complete(&self, _: &AiRequest, progress: &mut OnProgress<'_>) -> Result<AiReply, AiError> {
        progress(Progress::Sent);
        let usage =
            Usage { model_used: "m-2026".into(), prompt_tokens: 1_000, completion_tokens: 100, ..Usage::default() };
        Ok(AiReply { output: json!({"title": "x"}), usage })
    }
}

#[actix_rt::test]
async fn an_installation_bounds_every_call_and_may_name_its_model() {
    let (models, kept) = models(Duration::from_secs(60), json!({"title": "x"}));
    let bounds = CallBounds { timeout: Some(Duration::from_millis(50)), model: Some("llama".to_owned()) };
    let error = models.bounded(bounds).complete_as::<Title>(request("classify"), &mut |_| {}).await.unwrap_err();
    assert_eq!(error.code, AiErrorCode::Timeout);
    assert_eq!(kept.0.lock()[0].model_asked, "llama");
}

#[actix_rt::test]
async fn r66_an_unknown_model_costs_nothing_and_says_so() {
    let kept = Arc::new(Kept::default());
    let models = Models::new(Arc::new(Fixed), Arc::clone(&kept) as Arc<dyn CallRecorder>);
    let asked = request("classify").with_model("m");
    let answer = models.complete_as::<Title>(asked.clone(), &mut |_| {}).await.unwrap();
    assert_eq!(answer.cost, Decimal::ZERO);
    assert!(!kept.0.lock()[0].priced);

    let price = ModelPrice { input: Decimal::TWO, output: Decimal::TEN, ..ModelPrice::default() };
    models.set_prices(PriceBook::new([("m".to_owned(), price)]));
    let answer = models.complete_as::<Title>(asked, &mut |_| {}).await.unwrap();
    assert_eq!(answer.cost.to_string(), "0.003");
    assert_eq!(answer.report()["estimated_cost"], 0.003);
    assert!(kept.0.lock()[1].priced);
}
