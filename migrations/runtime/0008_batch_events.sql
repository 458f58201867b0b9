-- Events of one topic that are committed together share a row of the log.
--
-- Why: a row costs Postgres ten times what an event in it does, and a task's steps commit two events each, a chain of quick
-- steps twenty. A row with a `kind` is one event, as before; a row without is `count` events: `data` is a list of
-- `[kind, data]` in their order, `seq` the number of the last.
-- `runtime.events` is a view that shows every event, for everybody who reads. Nodes of the version before are stopped
-- (0007).
-- Locks taken: ACCESS EXCLUSIVE on runtime.events for a moment (nothing is rewritten or scanned). Undo: expand the rows
-- without a kind; DROP VIEW runtime.events; ALTER TABLE runtime.log DROP COLUMN count, ALTER COLUMN kind SET NOT NULL;
-- ALTER TABLE runtime.log RENAME TO events.

ALTER TABLE runtime.events RENAME TO log;
ALTER TABLE runtime.log RENAME CONSTRAINT events_pkey TO log_pkey;
ALTER INDEX runtime.events_at RENAME TO log_at;
ALTER TABLE runtime.log ADD COLUMN count integer NOT NULL DEFAULT 1 CHECK (count >= 1);
ALTER TABLE runtime.log ALTER COLUMN kind DROP NOT NULL;
ALTER TABLE runtime.log ALTER COLUMN count SET STATISTICS 10;

CREATE VIEW runtime.events AS
SELECT topic_id, seq, kind, at, data FROM runtime.log WHERE kind IS NOT NULL
UNION ALL
SELECT l.topic_id, l.seq - l.count + e.place, e.event ->> 0, l.at, e.event -> 1
FROM runtime.log l CROSS JOIN LATERAL json_array_elements(l.data) WITH ORDINALITY AS e (event, place)
WHERE l.kind IS NULL;
