//! Acceptance: the built server as a process of its own, reached over HTTP and sockets only, on a real Postgres.
//!
//! | module | shows |
//! |---|---|
//! | [`bad_input`] | every wrong input is answered with the right typed error; nothing is charged and nothing is created |
//! | [`frames`] | garbage on the socket: the close code or the `err` that the protocol names |
//! | [`offers`] | offers that cannot be read fail inside a running task and are refunded exactly once |
//! | [`models`] | the whole job through the `openai` provider, on an endpoint that fails in every way |
//! | [`conformance`] | RFC 6455 as the public Autobahn cases measure it |
//! | [`corpus`] | the corpus of the fuzz targets, and mutations of it |
//! | [`hostile`] | clients that mean harm on `/v1/live`: the right close code, bounded memory, nothing left behind |
//! | [`import`] | an import that is killed goes on, ends as if it had not been, and changes nothing when repeated |
//! | [`rights`] | who may do what: every topic, route and call for everybody |
//! | [`rules`] | the page of rules is true: files and tests that it names exist |
//! | [`secrets`] | the whole log of a busy server has no secret in it |
//! | [`crash`] | SIGKILL in the middle of a hundred running tasks |
//! | [`nodes`] | two servers on one Postgres and one Redis; one of them is killed |
//! | [`lifecycle`] | start and end of the process: nothing is left behind |
//! | [`admin`] | what administrators see, and nobody else |
//! | [`documents`] | PDFs that unfold to gigabytes end a process that holds nothing else; no process outlives its server |
//! | [`deploys`] | a rolling restart of two nodes under load, and the end of a drain |
//! | [`model_away`] | a model endpoint that is away, throttles or is slow: tasks wait and say why |
//! | [`outages`] | Postgres frozen and killed under the server: readiness, refusals in bounded time, nothing lost |
//! | [`watched`] | what administrators change and watch, on two servers |
//! | [`payments`] | packs and plans paid at a scripted Stripe whose webhooks come in the wrong order and twice |
//! | [`storms`] | admission and rate limits at their bounds |
//! | [`traces`] | one trace from a request to the delivery of what came of it, by its own node and by another |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, missing_docs)]

mod admin;
mod bad_input;
mod conformance;
mod corpus;
mod crash;
mod deploys;
mod documents;
mod frames;
mod hostile;
mod import;
mod lifecycle;
mod model_away;
mod models;
mod nodes;
mod offers;
mod outages;
mod payments;
mod rights;
mod rules;
mod secrets;
mod storms;
mod support;
mod traces;
mod watched;
