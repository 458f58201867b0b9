//! The CV product on the wire: what its topics hold, what its events carry, what its calls take and return.
//!
//! Every name is the column's name of the product's tables; instants are [`crate::Timestamp`], whole numbers stay below
//! 2^53, money and model costs are US dollars as a number. A field that may be empty is sent as null, except where its
//! text says that it may be missing.
//!
//! | module | holds |
//! |---|---|
//! | [`ids`] | identifiers of this product |
//! | [`status`] | the closed sets of words: states, kinds, modes |
//! | [`resume`] | a CV's content: JSON Resume, open to unknown keys |
//! | [`patch`] | RFC 6902 patches of a CV's content |
//! | [`offer`] | job offers (cv R15) |
//! | [`score`] | the match of a CV with an offer (cv R35) |
//! | [`change`] | proposed changes and their review (cv R28) |
//! | [`file`](mod@file) | CVs and their versions |
//! | [`credits`] | balance, allowance, ledger |
//! | [`billing`] | plans, packs, subscriptions, referrals, promo codes |
//! | [`billing_admin`] | the same for administrators, and Stripe's webhooks |
//! | [`task`] | tasks, their offers and steps |
//! | [`account`] | people, sign-up, sign-in, tokens |
//! | [`mail`] | e-mail, as administrators see it |
//! | [`snapshot`] | the state of each topic |
//! | [`event`] | the payload of each event, durable and volatile |
//! | [`call`] | parameters and result of each call |
//! | [`http`] | bodies and queries of routes that are not calls |
//! | [`costs`] | prices, usage and alerts of AI work |
//! | [`voice`] | feedback, consents, telemetry, introduction |
//! | [`admin`] | people, settings and tasks for administrators |
//! | [`catalog`] | which payload belongs to which topic, event and call |

pub mod account;
pub mod admin;
pub mod billing;
pub mod billing_admin;
pub mod call;
pub mod catalog;
pub mod change;
pub mod costs;
pub mod credits;
pub mod event;
pub mod file;
pub mod http;
pub mod ids;
pub mod mail;
pub mod offer;
pub mod patch;
pub mod resume;
pub mod score;
pub mod snapshot;
pub mod status;
pub mod task;
pub mod voice;

pub use ids::{ChangeId, CvId, ExportTemplateId, JobOfferId, OfferRunId, TransactionId, UploadId, VersionId};
