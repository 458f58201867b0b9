//! Taking away sessions that are over (P11).

use async_trait::async_trait;
use estafette_actors::sweep::{BATCH, Sweep};
use estafette_actors::{CallError, Tx};
use estafette_protocol::ProductId;

/// Deletes sessions that ended or expired more than a day ago, with their tokens, and refresh tokens that nobody could
/// use any more. A used token stays until then: it is how a stolen copy is noticed.
#[derive(Debug, Clone)]
pub struct SessionSweep(ProductId);

impl SessionSweep {
    /// The sweep of all products' sessions.
    ///
    /// # Errors
    /// Never, but for a defect.
    pub fn new() -> Result<Self, String> {
        ProductId::parse("runtime").map(Self).map_err(|error| error.to_string())
    }
}

#[async_trait(?Send)]
impl Sweep for SessionSweep {
    fn name(&self) -> &'static str {
        "sessions"
    }

    fn product(&self) -> ProductId {
        self.0.clone()
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, CallError> {
        let sessions = "DELETE FROM runtime.sessions WHERE id IN (
            SELECT id FROM runtime.sessions WHERE expires_at < now() - interval '1 day'
                OR revoked_at < now() - interval '1 day' ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)";
        let tokens = "DELETE FROM runtime.refresh_tokens WHERE token_hash IN (
            SELECT token_hash FROM runtime.refresh_tokens WHERE expires_at < now() - interval '1 day'
            ORDER BY token_hash LIMIT $1 FOR UPDATE SKIP LOCKED)";
        let sessions = tx.execute(sessions, &[&BATCH]).await?;
        let tokens = tx.execute(tokens, &[&BATCH]).await?;
        Ok(sessions.max(tokens))
    }
}
