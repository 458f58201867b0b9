//! The only list of products.

use crate::http::RouteDoc;
use actix_web::web::ServiceConfig;
use estafette_actors::Product;
use std::sync::Arc;

/// What a product brings to the server, besides what the runtime asks of it.
pub struct Entry {
    /// Its topics, calls and tasks.
    pub product: Arc<dyn Product>,
    /// Adds its HTTP routes; called once a worker thread.
    pub routes: fn(&mut ServiceConfig),
    /// Describes them.
    pub docs: fn() -> Vec<RouteDoc>,
}

/// The products of this server.
#[derive(Default)]
pub struct Catalog {
    entries: Vec<Entry>,
}

impl Catalog {
    /// With these products.
    pub const fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// The products, for the runtime.
    pub fn products(&self) -> impl Iterator<Item = Arc<dyn Product>> + '_ {
        self.entries.iter().map(|entry| Arc::clone(&entry.product))
    }

    /// Adds all routes.
    pub fn routes(&self, config: &mut ServiceConfig) {
        for entry in &self.entries {
            (entry.routes)(config);
        }
    }

    /// Describes all routes, the server's own first.
    pub fn docs(&self) -> Vec<RouteDoc> {
        crate::http::openapi::own_routes()
            .into_iter()
            .chain(self.entries.iter().flat_map(|entry| (entry.docs)()))
            .collect()
    }
}
