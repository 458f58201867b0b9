//! An endpoint like Stripe's: it speaks the true HTTP interface (form-encoded requests, answers and errors of Stripe's
//! form, idempotency keys), has a page to pay on and a portal, and sends signed webhooks. No money moves. For tests, and
//! for whoever wants to see the whole way of a payment: `estafette scripted-stripe`.
//!
//! | module | holds |
//! |---|---|
//! | [`book`] | customers, checkouts, subscriptions, payments, and the events that their changes make |
//! | [`api`] | the HTTP interface |
//! | [`pages`] | where people pay |
//! | [`deliver`] | webhooks on their way |

pub mod api;
pub mod book;
pub mod deliver;
pub mod pages;

use super::form::Form;
use crate::scripted::Endpoint;
use actix_web::web::{self, ServiceConfig};
use book::Book;
use deliver::Delivery;
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// What it is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens; port 0: any free one.
    pub listen: SocketAddr,
    /// The secret key that it expects.
    pub key: String,
    /// Signs the webhooks.
    pub webhook_secret: String,
    /// Where they go; nowhere when missing.
    pub webhook_url: Option<String>,
    /// Sends them in the wrong order and each twice.
    pub unruly: bool,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its path.
    pub path: String,
    /// Its fields.
    pub form: Form,
    /// Its idempotency key.
    pub key: Option<String>,
}

/// What all handlers share.
pub(crate) struct State {
    pub(crate) key: String,
    pub(crate) book: Mutex<Book>,
    pub(crate) seen: Mutex<Vec<Seen>>,
    pub(crate) failures: Mutex<VecDeque<u16>>,
    pub(crate) delivery: Delivery,
    pub(crate) base: Mutex<String>,
}

/// A running endpoint; it stops when it is dropped.
pub struct ScriptedStripe {
    state: Arc<State>,
    endpoint: Endpoint,
}

impl ScriptedStripe {
    /// Starts one in a thread of its own.
    ///
    /// # Errors
    /// No port, or no thread.
    pub fn start(options: Options) -> std::io::Result<Self> {
        let state = Arc::new(State {
            key: options.key,
            book: Mutex::new(Book::default()),
            seen: Mutex::default(),
            failures: Mutex::default(),
            delivery: Delivery::new(options.webhook_url, options.webhook_secret, options.unruly),
            base: Mutex::default(),
        });
        let shared = web::Data::from(Arc::clone(&state));
        let configure = move |config: &mut ServiceConfig| {
            config.app_data(shared.clone()).configure(api::configure).configure(pages::configure);
        };
        let endpoint = Endpoint::start("scripted-stripe", options.listen, configure)?;
        *state.base.lock() = format!("http://{}", endpoint.addr());
        Ok(Self { state, endpoint })
    }

    /// The base address to configure.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.endpoint.addr())
    }

    /// Where webhooks go from now on.
    pub fn deliver_to(&self, url: &str) {
        self.state.delivery.to(url);
    }

    /// The next request is answered with this status.
    pub fn fail_next(&self, status: u16) {
        self.state.failures.lock().push_back(status);
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().clone()
    }

    /// Changes what there is, without sending anything; the events that came of it.
    pub fn with<T>(&self, change: impl FnOnce(&mut Book) -> T) -> (T, Vec<Value>) {
        let mut book = self.state.book.lock();
        let before = book.events().len();
        let value = change(&mut book);
        let events = book.events().get(before..).unwrap_or_default().to_vec();
        (value, events)
    }

    /// Waits for its end, which nobody brings about but the end of the process.
    pub fn join(self) {
        self.endpoint.join();
    }
}
