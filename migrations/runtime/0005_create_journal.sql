-- What each live connection was sent, in outline: enough to answer "why did this client not see that event?".
--
-- Why a table and not the logs: the question is asked about one client, on whichever nodes it was, and the answer is
-- made from the log's positions. Rows are observations: they are written in batches, may be dropped under load, and are
-- trimmed by age. `stats` of a node is what it tells administrators about itself every few seconds.
-- Locks taken: ACCESS EXCLUSIVE on runtime.nodes for a moment (a nullable column). Undo: DROP TABLE runtime.journal;
-- ALTER TABLE runtime.nodes DROP COLUMN stats.

CREATE TABLE runtime.journal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    product text NOT NULL,
    session_id text NOT NULL,
    user_id text NOT NULL,
    connection text NOT NULL,
    node_id text NOT NULL,
    what text NOT NULL CHECK (what IN ('opened', 'subscribed', 'snapshot', 'position', 'behind', 'live', 'ended', 'closed')),
    topic text,
    seq bigint,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX journal_session ON runtime.journal (session_id, id);
CREATE INDEX journal_user ON runtime.journal (product, user_id, id);
CREATE INDEX journal_at ON runtime.journal USING brin (at);

ALTER TABLE runtime.nodes ADD COLUMN stats jsonb;
