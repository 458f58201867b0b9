//! Somebody with an account, over HTTP.

use super::server::Server;
use super::{eventually, resume};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::Duration;

/// Bound of one request.
const PATIENCE: Duration = Duration::from_secs(30);

/// An HTTP answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub body: Value,
}

impl Answer {
    async fn of(request: RequestBuilder) -> Self {
        let response = request.timeout(PATIENCE).send().await.unwrap();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (status, kind) = (response.status().as_u16(), header("content-type"));
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, kind: kind.unwrap_or_default(), body }
    }

    /// The body of a success.
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:#?}");
        self.body
    }

    /// A refusal in the form of P34 whose sentence for people has `says` in it.
    pub fn refused(self, status: u16, code: &str, says: &str) -> Value {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:#?}");
        assert_eq!(self.kind, "application/problem+json", "{self:#?}");
        assert_eq!(self.body["status"], status, "{self:#?}");
        assert!(self.body["title"].is_string() && self.body["type"].is_string(), "{self:#?}");
        let detail = self.body["detail"].as_str().unwrap_or_default();
        assert!(detail.to_lowercase().contains(&says.to_lowercase()), "it should say {says:?}: {self:#?}");
        self.body
    }
}

/// A signed-in person.
#[derive(Clone)]
pub struct Person {
    pub id: String,
    pub token: String,
    base: String,
    http: reqwest::Client,
}

impl Person {
    /// Signs up; 5 credits are given (R9).
    pub async fn sign_up(server: &Server, name: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let email = format!("{name}@example.org");
        let form = json!({"email": email, "password": "correct horse battery", "device": format!("{name}.1")});
        let answer = Answer::of(http.post(server.url("/v1/cv/auth/sign-up")).json(&form)).await.ok();
        Self {
            id: answer["user"]["id"].as_str().unwrap().to_owned(),
            token: answer["access_token"].as_str().unwrap().to_owned(),
            base: server.url(""),
            http,
        }
    }

    /// Somebody without an account, to whom no token belongs.
    pub fn nobody(server: &Server) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { id: String::new(), token: String::new(), base: server.url(""), http }
    }

    /// Signs in once more: another session.
    pub async fn sign_in(server: &Server, name: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let form = json!({"email": format!("{name}@example.org"), "password": "correct horse battery"});
        let answer = Answer::of(http.post(server.url("/v1/cv/auth/sign-in")).json(&form)).await.ok();
        Self {
            id: answer["user"]["id"].as_str().unwrap().to_owned(),
            token: answer["access_token"].as_str().unwrap().to_owned(),
            base: server.url(""),
            http,
        }
    }

    /// The same person with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The same person at a server that was started again.
    pub fn at(&self, server: &Server) -> Self {
        Self { base: server.url(""), ..self.clone() }
    }

    /// A request with the token, to be completed.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn keyed(&self, path: &str, body: Value, key: &str) -> Answer {
        self.send(self.request(Method::POST, path).header("idempotency-key", key).json(&body)).await
    }

    /// Uploads a file as a job offer.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Answer {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", part);
        self.send(self.request(Method::POST, "/v1/cv/uploads").multipart(form)).await
    }

    /// A CV.
    pub async fn cv(&self) -> String {
        let file = self.post("/v1/cv/files", json!({"content": resume()})).await.ok();
        file["id"].as_str().unwrap().to_owned()
    }

    /// Starts a generation.
    pub async fn generate(&self, cv: &str, offers: Value) -> Answer {
        self.post("/v1/cv/generations", json!({"source_cv_id": cv, "mode": "adapt", "offers": offers})).await
    }

    /// Starts a generation that is accepted; its task.
    pub async fn generation(&self, cv: &str, offers: Value) -> String {
        self.generate(cv, offers).await.ok()["task_id"].as_str().unwrap().to_owned()
    }

    pub async fn balance(&self) -> i64 {
        self.get("/v1/cv/credits").await.ok()["balance"].as_i64().unwrap()
    }

    /// Waits until a task has ended; its state then.
    pub async fn ended(&self, task: &str) -> Value {
        eventually("the end of the task", async || {
            let state = self.get(&format!("/v1/tasks/{task}")).await.ok();
            match state["task"]["status"].as_str().unwrap() {
                "completed" | "failed" | "cancelled" => Ok(state),
                _ => Err(format!("{state:#}")),
            }
        })
        .await
    }
}
