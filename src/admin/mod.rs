//! What an administrator sees of the running system: nodes, queues, slow readers, and one client's timeline.
//!
//! Reading only. Everything comes from Postgres, so any node answers for all of them. The administrator of a product
//! sees the queues and clients of that product; nodes belong to all.
//!
//! | route | answers |
//! |---|---|
//! | `GET /v1/admin/nodes` | the nodes, with what each said about itself some seconds ago, its slowest readers included |
//! | `GET /v1/admin/queues` | by kind of task: how many wait, run, ended in the last hour, and how long they waited |
//! | `GET /v1/admin/sessions` | the sessions of a person that the journal remembers |
//! | `GET /v1/admin/sessions/{session}/timeline` | what its connections noted; with `topic` and `seq` also why it saw that event, or did not |

mod queues;
mod routes;

pub use routes::{configure, docs};
