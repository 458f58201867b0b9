//! Who may do what: every topic, every route and every call, for nobody, for another person, for the owner and for an
//! administrator, and with tokens that are expired, forged or of a session that ended. What has no row here fails.
//!
//! | module | holds |
//! |---|---|
//! | [`routes`] | every route of `/openapi.json`, and so every call |
//! | [`topics`] | every kind of topic |

mod routes;
mod topics;

use crate::support::offer_text;
use crate::support::person::Person;
use crate::support::server::Server;
use estafette::auth::TokenKey;
use estafette::auth::token::{Claims, TokenSigner};
use estafette_actors::Identity;
use estafette_actors::testkit::TestDatabase;
use serde_json::json;

/// The key that signs the tokens of the server under test, so that a test can sign some too.
const KEY: &str = "a key that only this test knows, and the server";

/// A server with three people; what there is belongs to Ada.
struct World {
    server: Server,
    database: TestDatabase,
    ada: Person,
    eve: Person,
    root: Person,
    cv: String,
    task: String,
    offer: String,
}

impl World {
    async fn new() -> Self {
        let database = estafette::testing::database().await;
        let server = Server::on(&database.url(), &[("ESTAFETTE_TOKEN_KEY", KEY)]);
        let ada = Person::sign_up(&server, "ada").await;
        let eve = Person::sign_up(&server, "eve").await;
        let root = Person::sign_up(&server, "root").await;
        let sql = "UPDATE cv.users SET role = 'ADMIN' WHERE id = $1";
        database.db().execute(sql, &[&root.id]).await.unwrap();
        let root = Person::sign_in(&server, "root").await;
        let cv = ada.cv().await;
        let offer = ada.post("/v1/cv/job-offers", json!({"text": offer_text(1)})).await.ok();
        let offer = offer["id"].as_str().unwrap().to_owned();
        let task = ada.generate(&cv, json!([{"text": offer_text(2)}])).await.ok();
        let task = task["task_id"].as_str().unwrap().to_owned();
        ada.ended(&task).await;
        Self { server, database, ada, eve, root, cv, task, offer }
    }

    /// Tokens that open no door, with what they are. The signatures of the first ones are right.
    async fn bad_tokens(&self) -> Vec<(&'static str, String)> {
        let key = TokenKey::new(KEY.as_bytes());
        let good = self.identity();
        let now = chrono::Utc::now().timestamp();
        let claims = Claims {
            product: good.product,
            sub: good.user,
            sid: good.session,
            role: "USER".to_owned(),
            iat: now - 1_000,
            exp: now + 1_000,
        };
        let sign = |key: &TokenKey, claims: &Claims| TokenSigner::new(key).sign(claims).unwrap();
        assert_eq!(self.ada.with_token(&sign(&key, &claims)).get("/v1/cv/me").await.status, 200, "the key is right");
        let other_session = Claims { sid: "s-that-never-was".parse().unwrap(), ..claims.clone() };
        let other_user = Claims { sub: self.eve.id.parse().unwrap(), ..claims.clone() };
        let (head, rest) = self.ada.token.split_once('.').unwrap();
        let (body, signature) = rest.split_once('.').unwrap();
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
        let admin = Claims { role: "ADMIN".to_owned(), ..claims.clone() };
        let forged_admin = sign(&key, &admin);
        let forged_admin = forged_admin.split('.').nth(1).unwrap();
        let ended = Person::sign_in(&self.server, "ada").await;
        ended.post("/v1/cv/auth/sign-out", json!({})).await.ok();
        vec![
            ("expired", sign(&key, &Claims { exp: now - 1, ..claims.clone() })),
            ("expires now", sign(&key, &Claims { exp: now, ..claims.clone() })),
            ("of a session that never was", sign(&key, &other_session)),
            ("of another person's session", sign(&key, &other_user)),
            ("of a session that was ended", ended.token),
            ("signed by another key", sign(&TokenKey::random(), &claims)),
            ("without a signature", unsigned),
            ("with another body under its signature", format!("{head}.{forged_admin}.{signature}")),
            ("cut off", self.ada.token[..self.ada.token.len() - 2].to_owned()),
            ("a refresh token's form", "ab".repeat(32)),
            ("empty", String::new()),
        ]
    }

    fn identity(&self) -> Identity {
        TokenSigner::new(&TokenKey::new(KEY.as_bytes())).check(&self.ada.token).expect("the key is the server's")
    }
}
