-- The runtime's own tables: nodes, topics and their event log, tasks and their steps, remembered calls.
--
-- Why these and no others: Postgres is the only truth. Redis, memory and sockets are made from what stands here, so a
-- process may die at any instruction and nothing but time is lost.
-- Locks taken: none on existing data (first migration). Undo: DROP SCHEMA runtime CASCADE.

CREATE SCHEMA IF NOT EXISTS runtime;

-- One row. `epoch` names the life of the logs: a database restored from a backup is given a new one
-- (`UPDATE runtime.meta SET epoch = epoch + 1`), and every client then takes a snapshot instead of trusting its `seq`.
CREATE TABLE runtime.meta (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    epoch bigint NOT NULL CHECK (epoch BETWEEN 1 AND 9007199254740991)
);
INSERT INTO runtime.meta (epoch) VALUES (extract(epoch FROM clock_timestamp())::bigint);

-- A living node holds the advisory lock `lock_key` on a connection of its own: when the process dies, the lock goes
-- with the connection, and another node that can take the lock knows it. `heartbeat_at` covers the node that hangs.
CREATE TABLE runtime.nodes (
    id text PRIMARY KEY,
    lock_key bigint NOT NULL UNIQUE,
    started_at timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now()
);

-- A row a topic that ever had an event. The row's lock, held until the commit, makes the order of `seq` the order of
-- commits. Events up to `floor_seq` were trimmed: whoever is behind it gets a snapshot.
CREATE TABLE runtime.topics (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product text NOT NULL,
    topic text NOT NULL,
    epoch bigint NOT NULL,
    head_seq bigint NOT NULL CHECK (head_seq >= 1),
    floor_seq bigint NOT NULL DEFAULT 0 CHECK (floor_seq BETWEEN 0 AND head_seq),
    UNIQUE (product, topic)
) WITH (fillfactor = 70);

-- `json`, not `jsonb`: an event is written once and read whole, never searched.
CREATE TABLE runtime.events (
    topic_id bigint NOT NULL REFERENCES runtime.topics ON DELETE CASCADE,
    seq bigint NOT NULL CHECK (seq >= 1),
    kind text NOT NULL,
    at timestamptz NOT NULL,
    data json NOT NULL,
    PRIMARY KEY (topic_id, seq)
);
-- For trimming by age: events arrive in the order of time, so a block range index is enough and costs next to nothing.
CREATE INDEX events_at ON runtime.events USING brin (at);

-- `lease_epoch` is the fence: every write of a task's state carries the epoch it was claimed with, and a claim, a
-- rescue, a cancellation and a retry each raise it. `commit_no` counts the commits of a lease, so that a commit whose
-- answer was lost with the connection is recognised when it is sent again.
CREATE TABLE runtime.tasks (
    id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    product text NOT NULL,
    kind text NOT NULL,
    owner text,
    device text,
    status text NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    attempt integer NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    input jsonb NOT NULL,
    event jsonb NOT NULL,
    result jsonb,
    error text,
    node_id text,
    lease_epoch bigint NOT NULL DEFAULT 0,
    commit_no bigint NOT NULL DEFAULT 0,
    rescues integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    queued_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    CHECK ((status = 'running') = (node_id IS NOT NULL)),
    CHECK ((status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX tasks_queued ON runtime.tasks (queued_at) WHERE status = 'queued';
CREATE INDEX tasks_running ON runtime.tasks (node_id) WHERE status = 'running';
CREATE INDEX tasks_owner ON runtime.tasks (product, owner, created_at DESC);
CREATE INDEX tasks_device ON runtime.tasks (product, device, created_at DESC) WHERE owner IS NULL;

CREATE TABLE runtime.steps (
    task_id text NOT NULL REFERENCES runtime.tasks ON DELETE CASCADE,
    key text NOT NULL,
    ord integer NOT NULL,
    spec jsonb NOT NULL,
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    extra_needs jsonb NOT NULL DEFAULT '[]',
    run_after timestamptz,
    output jsonb,
    report jsonb,
    error text,
    started_at timestamptz,
    finished_at timestamptz,
    duration_ms bigint,
    PRIMARY KEY (task_id, key)
) WITH (fillfactor = 70);

-- Calls that carried an idempotency key, in the same transaction as their effect. Kept for 24 hours.
CREATE TABLE runtime.calls (
    product text NOT NULL,
    user_id text NOT NULL,
    key text NOT NULL,
    method text NOT NULL,
    params_hash text NOT NULL,
    result jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (product, user_id, key)
);
CREATE INDEX calls_created_at ON runtime.calls USING brin (created_at);
