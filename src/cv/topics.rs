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
