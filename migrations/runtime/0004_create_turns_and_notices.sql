-- When each owner was last served, and what other nodes must hear even when the bus does not carry it.
--
-- Why `turns`: owners take turns, and among those with the same share running the one goes first that has waited longest
-- since it was served. Without it, as many busy owners as there are places would keep all others out for ever.
-- Why `notices`: a right that was withdrawn and a session that was ended must reach the nodes that hold the sockets. The
-- bus tells them at once; this table tells them within a second when it does not.
-- Locks taken: none on existing data. Undo: DROP TABLE runtime.turns, runtime.notices.

CREATE TABLE runtime.turns (
    product text NOT NULL,
    who text NOT NULL,
    served_at timestamptz NOT NULL,
    PRIMARY KEY (product, who)
) WITH (fillfactor = 70);

CREATE TABLE runtime.notices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    kind text NOT NULL CHECK (kind IN ('recheck', 'signed_out')),
    -- The user, or the session.
    subject text NOT NULL,
    reason text NOT NULL DEFAULT ''
);
CREATE INDEX notices_at ON runtime.notices (at);
