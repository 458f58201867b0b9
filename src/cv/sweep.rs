//! P11: taking away what is over. Tasks without a living node are the runtime's own business.

use super::topics;
use async_trait::async_trait;
use estafette_actors::sweep::{BATCH, Sweep};
use estafette_actors::{CallError, Tx};
use estafette_protocol::ProductId;

/// Each kind of row that expires, with the statement that takes away at most `$1` of them.
const STATEMENTS: [&str; 9] = [
    "DELETE FROM cv.email_verification_tokens WHERE id IN (
        SELECT id FROM cv.email_verification_tokens WHERE expires < now() ORDER BY id LIMIT $1)",
    "DELETE FROM cv.auto_sign_in_tokens WHERE id IN (
        SELECT id FROM cv.auto_sign_in_tokens WHERE expires < now() ORDER BY id LIMIT $1)",
    "DELETE FROM cv.email_change_requests WHERE id IN (
        SELECT id FROM cv.email_change_requests WHERE expires < now() ORDER BY id LIMIT $1)",
    "DELETE FROM cv.verification_tokens WHERE token IN (
        SELECT token FROM cv.verification_tokens WHERE expires < now() ORDER BY token LIMIT $1)",
    "DELETE FROM cv.oauth_requests WHERE state IN (
        SELECT state FROM cv.oauth_requests WHERE expires < now() ORDER BY state LIMIT $1)",
    "UPDATE cv.users SET reset_token = NULL, reset_token_expiry = NULL WHERE id IN (
        SELECT id FROM cv.users WHERE reset_token_expiry < now() ORDER BY id LIMIT $1)",
    // G12: a file that an open task is going to read stays, however long that task waits.
    "DELETE FROM cv.uploads WHERE id IN (
        SELECT u.id FROM cv.uploads u WHERE u.expires_at < now() AND NOT EXISTS (
            SELECT 1 FROM cv.background_tasks b WHERE b.user_id = u.user_id AND b.status IN ('queued', 'running')
              AND b.payload -> 'uploads' ? u.id)
        ORDER BY u.id LIMIT $1)",
    // G10. What did not take effect waits for an administrator.
    "DELETE FROM cv.stripe_webhook_logs WHERE id IN (
        SELECT id FROM cv.stripe_webhook_logs WHERE processed AND created_at < now() - interval '90 days'
        ORDER BY created_at LIMIT $1)",
    // R43: whoever uses the feature again begins a new period with a new row.
    "DELETE FROM cv.feature_usage_counters WHERE id IN (
        SELECT id FROM cv.feature_usage_counters WHERE period_end < now() ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)",
];

/// The product's hourly sweep.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expired;

#[async_trait(?Send)]
impl Sweep for Expired {
    fn name(&self) -> &'static str {
        "expired"
    }

    fn product(&self) -> ProductId {
        topics::product()
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, CallError> {
        let mut most = 0;
        for statement in STATEMENTS {
            most = most.max(tx.execute(statement, &[&BATCH]).await?);
        }
        Ok(most)
    }
}
