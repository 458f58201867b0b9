//! The topics of the product, and ids on their way from the database to the wire.

use estafette_actors::{DbError, DbResult};
use estafette_protocol::ids::InvalidId;
use estafette_protocol::{ProductId, TaskId, Topic, UserId};
use std::str::FromStr;

/// The product's id.
pub const PRODUCT: &str = "cv";

/// The product's id.
pub fn product() -> ProductId {
    ProductId::parse(PRODUCT).unwrap_or_else(|_| unreachable!("two letters are a product id"))
}

/// The kinds of topics (section 4.1). Whatever is decided by kind matches on this, so that a new one is decided about
/// everywhere; `src/tests/rights` has a row for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// `app`: what concerns everybody.
    App,
    /// `user:{id}`: a person's own feed.
    User,
    /// `device:{id}`: one installation.
    Device,
    /// `task:{id}`: one task.
    Task,
    /// `cv:{id}`: one CV.
    Cv,
    /// `admin:{what}`: what administrators watch; see [`Admin`].
    Admin,
}

/// What administrators watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admin {
    /// `admin:tasks`: the queues.
    Tasks,
    /// `admin:costs`: what AI work costs.
    Costs,
    /// `admin:feedback`: what people tell us.
    Feedback,
    /// `admin:emails`: the log of e-mails.
    Emails,
    /// `admin:webhooks`: what Stripe sent.
    Webhooks,
}

impl Admin {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Tasks, Self::Costs, Self::Feedback, Self::Emails, Self::Webhooks];

    /// The word after the colon.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Costs => "costs",
            Self::Feedback => "feedback",
            Self::Emails => "emails",
            Self::Webhooks => "webhooks",
        }
    }

    /// The one of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|admin| admin.word() == word)
    }

    /// `admin:{word}`.
    pub fn topic(self) -> Topic {
        Topic::of("admin", self.word()).unwrap_or_else(|_| unreachable!("two words are a topic"))
    }
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::App, Self::User, Self::Device, Self::Task, Self::Cv, Self::Admin];

    /// The word before the colon.
    pub const fn word(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::User => "user",
            Self::Device => "device",
            Self::Task => "task",
            Self::Cv => "cv",
            Self::Admin => "admin",
        }
    }

    /// The kind of a topic with its id (empty for `app`); `None` for what is no topic of this product.
    pub fn of(topic: &Topic) -> Option<(Self, &str)> {
        let family = Self::ALL.into_iter().find(|family| family.word() == topic.family())?;
        match (family, topic.id()) {
            (Self::App, None) => Some((family, "")),
            (Self::App, Some(_)) | (_, None) => None,
            (_, Some(id)) => Some((family, id)),
        }
    }
}

/// `app`.
pub fn app() -> Topic {
    Topic::parse("app").unwrap_or_else(|_| unreachable!("a word is a topic"))
}

/// `user:{id}`.
pub fn user(id: &UserId) -> Topic {
    Topic::user(id)
}

/// `task:{id}`.
pub fn task(id: &TaskId) -> Topic {
    Topic::task(id)
}

/// `cv:{id}`.
///
/// # Errors
/// [`DbError::Data`] for an id that no CV has.
pub fn cv(id: &str) -> DbResult<Topic> {
    Topic::of("cv", id).map_err(|error| DbError::Data(error.to_string()))
}

/// An id from the database.
///
/// # Errors
/// [`DbError::Data`].
pub fn parse_id<T: FromStr<Err = InvalidId>>(text: &str) -> DbResult<T> {
    text.parse().map_err(|error: InvalidId| DbError::Data(error.to_string()))
}
