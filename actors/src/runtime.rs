//! The runtime as a value: started once a process (or several times in a test), cheap to clone.

use crate::db::{Db, Tx};
use crate::error::CallError;
use crate::identity::{Authenticator, Identity};
use crate::product::{CallCtx, Product};
use crate::registry::Registry;
use estafette_protocol::{IdempotencyKey, ProductId};
use serde_json::Value;
use std::sync::Arc;

/// The runtime.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    registry: Arc<Registry>,
}

/// Puts a runtime together.
pub struct RuntimeBuilder {
    db: Db,
    registry: Registry,
    authenticator: Option<Arc<dyn Authenticator>>,
}

impl RuntimeBuilder {
    /// Adds a product.
    #[must_use]
    pub fn product(mut self, product: Arc<dyn Product>) -> Self {
        self.registry.add(product);
        self
    }
    /// Who checks access tokens.
    #[must_use]
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.authenticator = Some(authenticator);
        self
    }
    /// Starts the node's actors on the current actix system.
    ///
    /// # Errors
    /// [`crate::error::DbError`] when the database does not answer.
    pub async fn start(self) -> Result<Runtime, crate::error::DbError> {
        Ok(Runtime { inner: Arc::new(Inner { db: self.db, registry: Arc::new(self.registry) }) })
    }
}

impl Runtime {
    /// Starts to put a runtime together.
    pub fn builder(db: Db) -> RuntimeBuilder {
        RuntimeBuilder { db, registry: Registry::default(), authenticator: None }
    }

    /// For reading.
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    /// Handles a call of `who`: the one way in, for sockets and for HTTP routes.
    ///
    /// # Errors
    /// Whatever the product refuses.
    pub async fn call(
        &self,
        who: Identity,
        method: &str,
        params: Value,
        key: Option<IdempotencyKey>,
    ) -> Result<Value, CallError> {
        let product = self
            .inner
            .registry
            .product(&who.product)
            .cloned()
            .ok_or_else(|| CallError::not_found("unknown product"))?;
        let ctx = CallCtx { who, runtime: self.clone(), key, method: method.to_owned(), params_hash: String::new() };
        product.call(ctx, method, params).await
    }

    /// A unit of work that nobody called for: sign-up, sweeps, webhooks.
    ///
    /// # Errors
    /// What `work` returns; `unavailable` when the database does not answer.
    pub async fn transaction<T, F>(&self, product: &ProductId, work: F) -> Result<T, CallError>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, CallError>,
    {
        let mut client = self.inner.db.connection().await?;
        let pg = client.transaction().await?;
        let mut tx = Tx::new(pg, product.clone(), Arc::clone(&self.inner.registry));
        let value = work(&mut tx).await?;
        tx.pg.commit().await?;
        Ok(value)
    }

    pub(crate) async fn keyed_transaction<F>(&self, ctx: &CallCtx, work: F) -> Result<Value, CallError>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<Value, CallError>,
    {
        self.transaction(&ctx.who.product, work).await
    }
}
