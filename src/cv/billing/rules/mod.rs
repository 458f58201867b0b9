//! Pure decisions about money: no I/O, no clock, no database.
//!
//! | module | decides |
//! |---|---|
//! | [`price`] | what is a price, and what a year costs (R55) |
//! | [`subscription`] | a subscription out of events in any order (R53) |
//! | [`payment`] | what a payment still has to write (R49, R50) |
//! | [`blocking`] | which CVs a plan keeps open (R52) |
//! | [`promo`] | whether a promo code works (R57) |

pub mod blocking;
pub mod payment;
pub mod price;
pub mod promo;
pub mod subscription;
