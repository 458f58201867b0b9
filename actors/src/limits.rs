//! Every bound of the runtime, with its reason and what happens when it is reached.

use std::time::Duration;

/// Times a unit of work is run before a lost race (deadlock, serialization) is told to the caller as `unavailable`.
pub const TX_ATTEMPTS: u32 = 5;

/// Commits that one group commit takes. More wait for the next one: a batch this large already costs under 1 µs of
/// `fsync` a commit, and a larger one only makes the first of them wait.
pub const COMMIT_BATCH: usize = 256;
/// How long a writer waits for the tasks that it has just let go to come back: less than what a transaction costs the
/// database beyond its rows.
pub const GATHER_FOR: Duration = Duration::from_millis(1);
/// Waits that a writer leaves out at most, after nobody came in the last one.
pub const GATHER_SKIPS: u32 = 31;
/// Commits that wait in one writer. A running task has at most one outstanding, so the node's bound on running tasks
/// keeps this from being reached; if it is, the supervisor tries again after [`FULL_RETRY`].
pub const COMMIT_QUEUE: usize = 8 * 1024;
/// Writers a node. Tasks of one owner meet in the same writer, unless the number of writers in use changes meanwhile, so that two
/// hardly ever wait for each other's rows.
pub const COMMIT_WRITERS: usize = 2;
/// Tasks that run on a node for each commit writer that is in use: a few tasks in one writer's larger groups cost less than in
/// two writers' smaller ones (a seventh of all processor time at 50 tasks in flight, nothing at 500).
pub const TASKS_PER_WRITER: usize = 128;
/// Calls that only add which are written in one transaction.
pub const ADD_BATCH: usize = 128;
/// Such calls that wait on a node; above it callers are told to come back.
pub const ADD_QUEUE: usize = 8 * 1024;
/// Before a commit that met a full queue is offered again.
pub const FULL_RETRY: Duration = Duration::from_millis(20);
/// First and longest wait before a commit is tried again while the database does not answer.
pub const STORAGE_BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// The database is asked this often whether it is there: for all callers together.
pub const PROBE_EVERY: Duration = Duration::from_millis(500);
/// After an outage, or after this node lost its own lock, other nodes have this long to take theirs again before they are
/// taken for dead. Longer than a heartbeat and a probe together.
pub const RETURN_GRACE: Duration = Duration::from_secs(3);
/// Times that an attempt begins again because the database went away under it, before that counts as its failure.
pub const STORAGE_RERUNS: u32 = 20;

/// First and longest pause before a step asks again for something that is away (jitter of a half to both sides).
pub const PATIENCE_BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(8));
/// While much happens in a task, its progress is told at most this often: it is volatile, and only the newest counts.
pub const PROGRESS_EVERY: Duration = Duration::from_millis(100);
/// A task that waits for something says so again this often: who begins to watch later hears of it too.
pub const WAITS_EVERY: Duration = Duration::from_secs(5);

/// Records that wait in a `BatchWriter`; above it the oldest is dropped, counted and logged: these are observations,
/// not effects.
pub const BATCH_QUEUE: usize = 16 * 1024;
/// Records written at once.
pub const BATCH_SIZE: usize = 500;
/// The longest a record waits.
pub const BATCH_DELAY: Duration = Duration::from_millis(250);

/// Messages that wait in a hub. Above it the delivery is dropped and the hub compares its topics with the log, so the
/// readers get the events a moment later.
pub const HUB_QUEUE: usize = 16 * 1024;
/// Recent events that a hub keeps for a topic: a reader that comes back within seconds is served from memory.
pub const RING_EVENTS: usize = 64;
/// How long it keeps them, to a quarter: who comes back later reads the log. 64 events take about 100 KB of memory, and somebody's own
/// feed is read for as long as a tab is open.
pub const RING_FOR: Duration = Duration::from_secs(60);
/// How long volatile events of a busy topic gather: one write carries them all, and a write costs the same for one event
/// as for many. A lone event does not wait.
pub const GATHER_EVERY: Duration = Duration::from_millis(40);
/// Volatile events of a topic that leave before their time: above it a write costs by the byte, and waiting gains
/// nothing.
pub const GATHER_ENOUGH: usize = 32;
/// How often heads are compared with the log.
pub const RECONCILE_EVERY: Duration = Duration::from_secs(1);
/// How long an event that a comparison has found may still be on its way: what was committed a moment ago is read sooner than
/// it is delivered. Then it was lost, and its readers read the log.
pub const GAP_GRACE: Duration = Duration::from_millis(100);
/// How often all topics are looked up by name, also those whose numbers in the log are known: a database that was put in
/// the place of another one gives other numbers.
pub const RECONCILE_NAMES_EVERY: Duration = Duration::from_secs(30);
/// Topics in one comparison query.
pub const RECONCILE_CHUNK: usize = 5_000;

/// Messages that wait to be sent to Redis; above it they are dropped and counted, and other nodes find the events in the
/// log within [`RECONCILE_EVERY`] and [`GAP_GRACE`]. Volatile events have half of it.
pub const BUS_QUEUE_MESSAGES: usize = 16 * 1024;
/// Their bytes.
pub const BUS_QUEUE_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of the events in one message to other nodes. Of a larger event they are told only that it is there.
pub const BUS_MESSAGE_BYTES: usize = 128 * 1024;
/// Messages sent to Redis at once.
pub const BUS_PIPELINE_MESSAGES: usize = 512;
/// Their bytes, about.
pub const BUS_PIPELINE_BYTES: usize = 512 * 1024;
/// Channels subscribed to in one command.
pub const BUS_SUBSCRIBE_CHUNK: usize = 1_000;
/// How long Redis may take for any answer. Longer, and the connection is given up: a Redis that hangs is as good as gone.
pub const BUS_ANSWER: Duration = Duration::from_secs(2);
/// A node sends itself a message this often, to see that what it sends still comes back.
pub const BUS_PROBE_EVERY: Duration = Duration::from_secs(1);
/// First and longest wait between attempts to connect; spread by half, so that nodes do not come back at one moment.
pub const BUS_BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// While Redis is away the log says so this often.
pub const BUS_REMIND: Duration = Duration::from_secs(30);
/// Traces of events that other nodes have announced and whose events have not come yet; above it the oldest is forgotten.
pub const BUS_TRACES: usize = 256;
/// How long a topic without readers stays subscribed: readers who reconnect cost nothing.
pub const BUS_LINGER: Duration = Duration::from_secs(5);
/// How long a node that goes away may take to send what waits.
pub const BUS_CLOSE: Duration = Duration::from_millis(500);

/// Bytes that wait in an outbox before its subscriptions fall back to reading the log at the reader's pace.
pub const OUTBOX_BYTES: usize = 256 * 1024;
/// Entries that wait in an outbox, for the same reason.
pub const OUTBOX_ENTRIES: usize = 2_048;
/// Newest volatile events kept in an outbox, one a `(topic, key)`; above it new keys are dropped and counted.
pub const OUTBOX_LIVE: usize = 512;
/// Bytes that wait in an outbox before volatile events of further keys are dropped and counted: what a reader that stalls
/// costs, whatever their size. One that waits alone may be larger.
pub const OUTBOX_LIVE_BYTES: usize = 384 * 1024;
/// Answers that wait in an outbox before no further request of the connection is read: TCP pushes back on a client that
/// asks and does not listen.
pub const ANSWER_BYTES: usize = 256 * 1024;
/// What an answer costs beside its bytes.
pub const ANSWER_COST: usize = 64;
/// Bytes of messages that a connection may send before the answer to its hello: nobody has vouched for it yet.
pub const GREETING_BYTES: usize = 256 * 1024;
/// Below this many waiting bytes an outbox takes another page of the log.
pub const OUTBOX_LOW: usize = 64 * 1024;
/// Events of one topic that share a row of the log, at most; and their bytes, where there are several.
pub const LOG_ROW: (usize, usize) = (64, 16 * 1024);
/// Events in one page of the log.
pub const LOG_PAGE: i64 = 256;
/// Bytes after which no further piece of a page is read: what an outbox takes at once. Without it, readers that catch up
/// on large events read, and hold, much more than they can pass on.
pub const LOG_PAGE_BYTES: usize = OUTBOX_BYTES;
/// Events in the first piece of a page; each further one is twice as large.
pub const LOG_PIECE: i64 = 8;
/// Bytes of one WebSocket message that the server sends (a snapshot may be larger: it is one message by itself).
pub const FRAME_BYTES: usize = 64 * 1024;
/// The share of the pool that snapshots and pages may use at the same time: a reconnect storm queues here, and calls and
/// commits still find a connection.
pub const CATCH_UP_SHARE: usize = 3;
/// Groups of snapshots of a product that are read at the same time: while they are, further ones gather. The same for
/// permissions.
pub const READ_GROUPS: usize = 2;
/// Snapshots (permissions) that are read together, at most: they are held until the last one is made.
pub const READ_GROUP: usize = 32;

/// Messages that wait between a socket's reader and its actor; above it the reader stops reading (TCP pushes back).
pub const SOCKET_MAILBOX: usize = 64;
/// Messages that wait in a session's mailbox.
pub const SESSION_MAILBOX: usize = 256;
/// How long a session without sockets keeps its identity and its running calls.
pub const SESSION_GRACE: Duration = Duration::from_secs(30);
/// Sessions that something is due for (an end, an announcement of it) are looked for this often.
pub const SESSION_CLOCK: Duration = Duration::from_millis(250);
/// A token this close to its end is announced with `expiring`.
pub const EXPIRING_AHEAD: Duration = Duration::from_secs(60);
/// A socket that takes no byte for this long while data waits is gone: its kernel buffers are full and the peer does
/// not read. Its history waits in the log.
pub const WRITE_STALL: Duration = Duration::from_secs(120);
/// Fragments of one message that bring nothing. The RFC allows any number; a peer that sends them for ever only keeps the
/// server busy and is closed with 4429.
pub const EMPTY_FRAGMENTS: u32 = 1_024;
/// Pings and pongs of a peer: so many a second, and so many at once; above it the peer is closed with 4429.
pub const CONTROL_FRAMES: (u32, u32) = (50, 1_000);
/// Bytes that wait to be written before the answer to a ping is put off; of the pings that come meanwhile the newest is
/// answered (RFC 6455 §5.5.3).
pub const PONG_BYTES: usize = 16 * 1024;
/// What is read of a socket at once.
pub const READ_BYTES: usize = 16 * 1024;
/// Largest message of the echo that conformance suites talk to.
pub const ECHO_BYTES: usize = 16 * 1024 * 1024;
/// How long the other side has to answer a close.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// At a drain: how long after the last client's time the sockets that are left are closed.
pub const DRAIN_GRACE: Duration = Duration::from_millis(500);
/// At a drain: how long calls that were begun may take to be answered.
pub const CALLS_END: Duration = Duration::from_secs(5);

/// At a drain: how long each writer of observations may take to write what waits.
pub const FLUSH_END: Duration = Duration::from_secs(5);

/// A node renews its heartbeat this often.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);
/// A node whose heartbeat is older is taken for hung: its tasks are rescued (the fence covers its return).
pub const HEARTBEAT_LIMIT: Duration = Duration::from_secs(10);
/// A node whose heartbeat is older is suspected: those who wait for its tasks are told.
pub const SUSPECT_AFTER: Duration = Duration::from_secs(3);
/// Tasks of a suspected node whose readers are told, at each look.
pub const SUSPECTS: i64 = 512;
/// How often nodes look for dead ones.
pub const RESCUE_EVERY: Duration = Duration::from_millis(500);
/// Rescues without a completed step between them, after which a task is taken for the killer of its nodes and ends as
/// failed.
pub const MAX_RESCUES: i32 = 3;
/// Tasks claimed, or rescued, in one transaction.
pub const CLAIM_BATCH: i64 = 128;
/// Between two claims of a node: under load each takes what was queued meanwhile, and a lone task waits for none.
pub const CLAIM_EVERY: Duration = Duration::from_millis(3);
/// The dispatcher looks for queued tasks at least this often, told or not.
pub const POLL_EVERY: Duration = Duration::from_millis(500);
/// Queued tasks whose position is computed and announced each second.
pub const POSITIONS: i64 = 1_000;
/// Steps that one task may have: a graph that grows beyond it fails the step that grew it.
pub const TASK_STEPS: usize = 2_000;
/// Moves of one task that make a commit worth sending, while more of them come in the same moment.
pub const COMMIT_MOVES: usize = 64;
/// Pure steps of one task that are done and not durable. Then the next ones wait for the commit.
pub const STEPS_AHEAD: usize = 32;
/// Bytes of one step's output (as JSON). Larger ones fail the step: they belong into the product's tables.
pub const STEP_OUTPUT_BYTES: usize = 2 * 1024 * 1024;
/// Waits between attempts to end a task whose last hook fails.
pub const SETTLE_BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// Every node commits an event of its own this often, to see that events reach its readers.
pub const CANARY_EVERY: Duration = Duration::from_secs(1);
/// How long that commit may take.
pub const CANARY_ANSWER: Duration = Duration::from_secs(5);
/// Only nodes with a heartbeat this young are expected to be heard of.
pub const CANARY_HEARTBEAT: Duration = Duration::from_secs(3);
/// A committed event that has not reached a reader of this node for longer: the node is not ready to serve.
pub const CANARY_BROKEN: Duration = Duration::from_secs(10);
/// Such events that are kept in the log, and unread ones that are remembered.
pub const CANARY_KEEP: usize = 128;
/// How often the older ones are removed.
pub const CANARY_TRIM_EVERY: Duration = Duration::from_secs(60);
/// Each node looks this often for withdrawn rights and ended sessions that the bus did not tell it of.
pub const NOTICE_EVERY: Duration = Duration::from_secs(1);
/// How far back it looks, and how long they are kept: longer than any transaction.
pub const NOTICE_KEEP: Duration = Duration::from_secs(120);
/// A topic is part of a `mark` only when it was compared with the log this short a time ago: else nobody knows that a
/// client is complete.
pub const MARK_FRESH: Duration = Duration::from_secs(3);
