//! Webhooks on their way: signed, again while they are refused, a few times.

use crate::stripe::signature;
use chrono::Utc;
use parking_lot::Mutex;
use serde_json::Value;
use std::time::Duration;

/// Attempts of one event.
const ATTEMPTS: u32 = 5;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(200);
/// Bound of one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where webhooks go.
pub(crate) struct Delivery {
    url: Mutex<Option<String>>,
    secret: String,
    unruly: bool,
}

impl Delivery {
    pub(crate) const fn new(url: Option<String>, secret: String, unruly: bool) -> Self {
        Self { url: Mutex::new(url), secret, unruly }
    }

    pub(crate) fn to(&self, url: &str) {
        *self.url.lock() = Some(url.to_owned());
    }

    fn plan(&self, events: Vec<Value>) -> Option<(String, String, Vec<Value>)> {
        let url = self.url.lock().clone()?;
        let mut order = events;
        if self.unruly {
            order.reverse();
            order.extend(order.clone());
        }
        Some((url, self.secret.clone(), order))
    }

    /// Sends events and waits until they are taken.
    pub(crate) async fn send(&self, events: Vec<Value>) {
        if let Some((url, secret, order)) = self.plan(events) {
            deliver(&url, &secret, &order).await;
        }
    }

    /// Sends events while something else goes on.
    pub(crate) fn send_later(&self, events: Vec<Value>) {
        if let Some((url, secret, order)) = self.plan(events) {
            actix_web::rt::spawn(async move { deliver(&url, &secret, &order).await });
        }
    }
}

async fn deliver(url: &str, secret: &str, events: &[Value]) {
    let Ok(http) = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build() else { return };
    for event in events {
        let body = event.to_string();
        for _ in 0..ATTEMPTS {
            let header = signature::sign(secret, body.as_bytes(), Utc::now().timestamp());
            let request = http.post(url).header(signature::HEADER, header).header("content-type", "application/json");
            match request.body(body.clone()).send().await {
                Ok(answer) if answer.status().is_success() => break,
                Ok(answer) => tracing::warn!(status = answer.status().as_u16(), url, "a webhook was refused"),
                Err(error) => tracing::warn!(%error, "a webhook did not arrive"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
