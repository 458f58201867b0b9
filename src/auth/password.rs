//! Passwords: bcrypt on blocking threads (cv R2), a bound on how many at once, and the same work whether or not the
//! user exists.

use estafette_actors::CallError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Longest password, bytes: bcrypt reads no more, so a longer one is refused instead of being cut.
pub const MAX_PASSWORD_BYTES: usize = 72;
/// How long a sign-in waits for its turn before it is told to come back.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    cost: u32,
    turns: Arc<Semaphore>,
    /// A hash of no password, checked when there is no user: its answer is thrown away, its time is not.
    decoy: Arc<str>,
}

impl Passwords {
    /// `cost`: 12 or more, except in tests. `at_once`: hashes computed at the same time.
    pub fn new(cost: u32, at_once: usize) -> Self {
        // A well-formed hash at this cost whose digest nobody knows a password for.
        let decoy = format!("$2b${cost:02}${}{}", "C6UzMDM.H6dfI/f/IKxGhu", "u".repeat(31));
        Self { cost, turns: Arc::new(Semaphore::new(at_once)), decoy: decoy.into() }
    }

    /// The hash to store.
    ///
    /// # Errors
    /// `bad_request` above [`MAX_PASSWORD_BYTES`]; `unavailable` when too many wait.
    pub async fn hash(&self, password: &str) -> Result<String, CallError> {
        if password.len() > MAX_PASSWORD_BYTES || password.contains('\0') {
            return Err(CallError::bad_request(format!(
                "the password is longer than {MAX_PASSWORD_BYTES} bytes: choose a shorter one"
            )));
        }
        let (cost, password) = (self.cost, password.to_owned());
        self.run(move || bcrypt::hash(password, cost)).await?.map_err(CallError::internal)
    }

    /// Whether the password belongs to `hash`; `None` (no such user, or one without a password) takes as long and is
    /// false.
    ///
    /// # Errors
    /// `unavailable` when too many wait.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, CallError> {
        let known = hash.is_some() && password.len() <= MAX_PASSWORD_BYTES;
        let hash = hash.unwrap_or(&self.decoy).to_owned();
        let password: String = password.chars().take(MAX_PASSWORD_BYTES).collect();
        let matches = self.run(move || bcrypt::verify(password, &hash)).await?;
        match matches {
            Ok(matches) => Ok(matches && known),
            Err(error) => {
                tracing::error!(%error, "a stored password hash cannot be read");
                Ok(false)
            }
        }
    }

    /// Whether a hash was made with less work than new ones (R2).
    pub fn is_weaker(&self, hash: &str) -> bool {
        hash.split('$').nth(2).and_then(|cost| cost.parse::<u32>().ok()).is_some_and(|cost| cost < self.cost)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, CallError> {
        let turn = tokio::time::timeout(MAX_WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(CallError::unavailable("too many people sign in at the same time: try again", MAX_WAIT));
        };
        let done = tokio::task::spawn_blocking(move || {
            let value = work();
            drop(turn);
            value
        });
        done.await.map_err(CallError::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[tokio::test]
    async fn r2_a_password_is_stored_as_bcrypt_and_only_the_right_one_fits() {
        let passwords = Passwords::new(12, 2);
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$2b$12$"), "{hash}");
        assert!(Passwords::new(13, 1).is_weaker(&hash) && !passwords.is_weaker(&hash));
        assert!(passwords.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("correct horsf", Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn a_user_who_does_not_exist_takes_as_long_as_a_wrong_password() {
        let passwords = Passwords::new(10, 1);
        let hash = passwords.hash("right").await.unwrap();
        let mut took = [Duration::MAX; 2];
        for _ in 0..3 {
            for (slot, hash) in took.iter_mut().zip([Some(hash.as_str()), None]) {
                let began = Instant::now();
                assert!(!passwords.verify("wrong", hash).await.unwrap());
                *slot = (*slot).min(began.elapsed());
            }
        }
        let [known, unknown] = took.map(|time| time.as_secs_f64());
        assert!(unknown > known * 0.5 && unknown < known * 2.0, "known {known} s, unknown {unknown} s");
    }

    #[tokio::test]
    async fn what_bcrypt_would_cut_is_refused() {
        let passwords = Passwords::new(4, 1);
        let long = "x".repeat(73);
        assert!(passwords.hash(&long).await.is_err());
        let hash = passwords.hash(&long[..72]).await.unwrap();
        assert!(!passwords.verify(&long, Some(&hash)).await.unwrap());
        assert!(!passwords.verify("x", Some("no hash")).await.unwrap());
    }
}
