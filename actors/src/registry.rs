//! The products and kinds of task that this node knows.

use crate::product::Product;
use crate::task::TaskKind;
use estafette_protocol::ProductId;
use std::collections::HashMap;
use std::sync::Arc;

/// Products by id and kinds by product and name. Fixed at start.
#[derive(Default)]
pub struct Registry {
    products: HashMap<ProductId, Arc<dyn Product>>,
    kinds: HashMap<(ProductId, String), Arc<dyn TaskKind>>,
}

impl Registry {
    /// Registers a product and its kinds of task.
    pub fn add(&mut self, product: Arc<dyn Product>) {
        let id = product.id();
        for kind in product.task_kinds() {
            self.kinds.insert((id.clone(), kind.name().to_owned()), kind);
        }
        self.products.insert(id, product);
    }

    /// A product.
    pub fn product(&self, id: &ProductId) -> Option<&Arc<dyn Product>> {
        self.products.get(id)
    }

    /// All products.
    pub fn products(&self) -> impl Iterator<Item = (&ProductId, &Arc<dyn Product>)> {
        self.products.iter()
    }

    /// The schemas of the runtime and of its products.
    pub fn schemas(&self) -> Vec<String> {
        std::iter::once("runtime".to_owned()).chain(self.products.keys().map(|id| id.as_str().to_owned())).collect()
    }

    /// All kinds as `product/name`: a node claims only what it knows, so that an older node leaves newer kinds alone.
    pub fn kind_names(&self) -> Vec<String> {
        self.kinds.keys().map(|(product, name)| format!("{product}/{name}")).collect()
    }

    /// A kind of task.
    pub fn kind(&self, product: &ProductId, name: &str) -> Option<&Arc<dyn TaskKind>> {
        self.kinds.get(&(product.clone(), name.to_owned()))
    }
}
