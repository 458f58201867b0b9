//! Sessions on a real database.

use super::*;
use crate::testing::{self, TestDatabase};
use estafette_actors::sweep::run_if_due;
use estafette_actors::{AuthError, Authenticator as _, CallError, Db, Runtime};
use estafette_protocol::{DeviceId, ErrorCode, ProductId, SessionId, UserId};

struct World {
    _database: TestDatabase,
    db: Db,
    runtime: Runtime,
    auth: Auth,
}

async fn world() -> World {
    let database = testing::database().await;
    let db = database.db();
    let auth = Auth::new(db.clone(), &TokenKey::random(), AuthOptions::FAST);
    let runtime = Runtime::builder(db.clone()).authenticator(std::sync::Arc::new(auth.clone())).start().await.unwrap();
    World { _database: database, db, runtime, auth }
}

fn product() -> ProductId {
    ProductId::parse("cv").unwrap()
}

fn user() -> UserId {
    UserId::parse("ada").unwrap()
}

fn device(name: &str) -> DeviceId {
    DeviceId::parse(name).unwrap()
}

impl World {
    async fn sign_in(&self, on: Option<&str>) -> Tokens {
        let new = NewSession { product: product(), user: user(), role: "USER".into(), device: on.map(device) };
        self.runtime.transaction(&product(), async |tx| self.auth.issue(tx, &new).await).await.unwrap()
    }

    async fn refresh(&self, token: &str, on: Option<&str>) -> Result<Tokens, CallError> {
        let device = on.map(device);
        self.auth.refresh(&self.runtime, &product(), token, device.as_ref()).await.map(|refreshed| refreshed.tokens)
    }

    async fn session_of(&self, tokens: &Tokens) -> SessionId {
        self.auth.authenticate(&tokens.access_token).await.unwrap().session
    }

    /// Lets the grace period of repeated refreshes pass.
    async fn later(&self) {
        let sql = "UPDATE runtime.refresh_tokens SET used_at = used_at - interval '121 seconds'";
        self.db.execute(sql, &[]).await.unwrap();
    }
}

#[actix_web::test]
async fn a_session_goes_on_through_refreshes() {
    let world = world().await;
    let first = world.sign_in(Some("laptop")).await;
    let session = world.session_of(&first).await;
    let second = world.refresh(&first.refresh_token, Some("laptop")).await.unwrap();
    let third = world.refresh(&second.refresh_token, Some("laptop")).await.unwrap();
    assert_eq!(world.session_of(&third).await, session);
    assert_ne!(first.refresh_token, second.refresh_token);
    let kept = world.db.query("SELECT token_hash FROM runtime.refresh_tokens", &[]).await.unwrap();
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().all(|row| row.get::<_, String>(0) != third.refresh_token), "only hashes are stored");
}

#[actix_web::test]
async fn a_used_refresh_token_ends_the_session_for_everybody() {
    let world = world().await;
    let first = world.sign_in(Some("laptop")).await;
    let second = world.refresh(&first.refresh_token, Some("laptop")).await.unwrap();
    world.later().await;
    let error = world.refresh(&first.refresh_token, Some("laptop")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unauthenticated);
    assert!(error.message.contains("used before"), "{error}");
    let error = world.refresh(&second.refresh_token, Some("laptop")).await.unwrap_err();
    assert!(error.message.contains("was ended"), "{error}");
    assert_eq!(world.auth.authenticate(&second.access_token).await, Err(AuthError::Revoked));
}

#[actix_web::test]
async fn a_lost_answer_may_be_asked_for_again_from_the_same_device_only() {
    let world = world().await;
    let first = world.sign_in(Some("laptop")).await;
    let second = world.refresh(&first.refresh_token, Some("laptop")).await.unwrap();
    let again = world.refresh(&first.refresh_token, Some("laptop")).await.unwrap();
    assert!(world.refresh(&second.refresh_token, Some("laptop")).await.is_ok(), "two tabs both go on");
    assert!(world.refresh(&again.refresh_token, Some("laptop")).await.is_ok());

    for other in [Some("phone"), None] {
        let first = world.sign_in(Some("laptop")).await;
        world.refresh(&first.refresh_token, Some("laptop")).await.unwrap();
        assert!(world.refresh(&first.refresh_token, other).await.is_err());
    }
    // Whoever has used what the token was exchanged for had the answer, however short a time ago.
    let first = world.sign_in(Some("laptop")).await;
    let second = world.refresh(&first.refresh_token, Some("laptop")).await.unwrap();
    world.refresh(&second.refresh_token, Some("laptop")).await.unwrap();
    let error = world.refresh(&first.refresh_token, Some("laptop")).await.unwrap_err();
    assert!(error.message.contains("used before"), "{error}");
    let nameless = world.sign_in(None).await;
    world.refresh(&nameless.refresh_token, None).await.unwrap();
    assert!(world.refresh(&nameless.refresh_token, None).await.is_err(), "an unknown device is never the same");
}

#[actix_web::test]
async fn sign_out_ends_one_session_and_a_changed_password_all_others() {
    let world = world().await;
    let (laptop, phone, tablet) =
        (world.sign_in(Some("laptop")).await, world.sign_in(Some("phone")).await, world.sign_in(Some("tablet")).await);
    let session = world.session_of(&laptop).await;
    world.runtime.transaction(&product(), async |tx| world.auth.sign_out(tx, &session).await).await.unwrap();
    assert_eq!(world.auth.authenticate(&laptop.access_token).await, Err(AuthError::Revoked));
    assert!(world.refresh(&laptop.refresh_token, Some("laptop")).await.is_err());

    let kept = world.session_of(&phone).await;
    let ended = world
        .runtime
        .transaction(&product(), async |tx| world.auth.end_sessions(tx, &user(), Some(&kept), "password changed").await)
        .await
        .unwrap();
    assert_eq!(ended, 1);
    assert_eq!(world.auth.authenticate(&tablet.access_token).await, Err(AuthError::Revoked));
    assert!(world.auth.authenticate(&phone.access_token).await.is_ok());
}

#[actix_web::test]
async fn a_session_ended_elsewhere_is_noticed_by_a_node_that_asks() {
    let world = world().await;
    let tokens = world.sign_in(None).await;
    world.db.execute("UPDATE runtime.sessions SET revoked_at = now(), revoked_reason = 'x'", &[]).await.unwrap();
    assert_eq!(world.auth.authenticate(&tokens.access_token).await, Err(AuthError::Revoked));
}

#[actix_web::test]
async fn unknown_foreign_and_expired_refresh_tokens_are_refused() {
    let world = world().await;
    let tokens = world.sign_in(None).await;
    let long = "x".repeat(1000);
    for token in ["", "nonsense", long.as_str()] {
        assert_eq!(world.refresh(token, None).await.unwrap_err().code, ErrorCode::Unauthenticated);
    }
    let docs = ProductId::parse("docs").unwrap();
    let error = world.auth.refresh(&world.runtime, &docs, &tokens.refresh_token, None).await.unwrap_err();
    assert!(error.message.contains("not known"), "a token belongs to one product: {error}");
    world.db.execute("UPDATE runtime.refresh_tokens SET expires_at = now()", &[]).await.unwrap();
    let error = world.refresh(&tokens.refresh_token, None).await.unwrap_err();
    assert!(error.message.contains("not used for too long"), "{error}");
}

#[actix_web::test]
async fn a_changed_role_is_in_the_next_access_token() {
    let world = world().await;
    let tokens = world.sign_in(None).await;
    world.runtime.transaction(&product(), async |tx| world.auth.set_role(tx, &user(), "ADMIN").await).await.unwrap();
    let next = world.refresh(&tokens.refresh_token, None).await.unwrap();
    assert_eq!(world.auth.authenticate(&next.access_token).await.unwrap().role, "ADMIN");
}

#[actix_web::test]
async fn the_sweep_takes_what_ended_long_ago_and_nothing_else() {
    let world = world().await;
    let (old, live) = (world.sign_in(None).await, world.sign_in(None).await);
    let session = world.session_of(&old).await;
    let sql = "UPDATE runtime.sessions SET expires_at = now() - interval '2 days' WHERE id = $1";
    world.db.execute(sql, &[&session.as_str()]).await.unwrap();
    let sweep = SessionSweep::new().unwrap();
    assert_eq!(run_if_due(&world.runtime, &sweep).await.unwrap(), Some(1));
    assert_eq!(run_if_due(&world.runtime, &sweep).await.unwrap(), None, "once an hour");
    assert!(world.refresh(&live.refresh_token, None).await.is_ok());
    assert!(world.refresh(&old.refresh_token, None).await.is_err());
}
