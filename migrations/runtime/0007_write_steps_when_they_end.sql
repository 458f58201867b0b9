-- A task's plan is written once, a step when it has ended, and the fence of a running task is a row of its own.
--
-- Why the plan: ten rows of steps were added with each task, only to be changed twice each: when an attempt began and when
-- it ended. The plan is one value now, and a row of `step_states` says how a step stands where that is not "waits, as
-- planned": it has ended, waits for another attempt, was added by another step, or needs more than was planned.
-- Why leases: every commit of a running task checks its fence and counts. In `tasks` that made a new version of a wide row
-- with four checks and five indexes; here it is a narrow row that fits where the old version was. It exists from the claim
-- to the end, or until the task goes back to the queue. `at_work` has the steps of which an attempt runs, each with
-- its number; `progressed`, whether a step was completed under this lease.
-- Why a view: `runtime.steps` shows every step of every task as the table did, for everybody who reads.
-- Nodes of the version before write the table under its old name, so that they must be stopped first: this refuses while
-- one lives. Tasks of before stay as they are: their steps count as added ones.
-- Locks taken: ACCESS EXCLUSIVE on runtime.steps and runtime.tasks for a moment (nothing is rewritten); the steps that ran
-- when the last node stopped are updated. Undo: DROP VIEW runtime.steps; add the steps of each plan to step_states where
-- they are missing; ALTER TABLE runtime.step_states RENAME TO steps; DROP TABLE runtime.leases; ALTER TABLE runtime.tasks
-- DROP COLUMN plan.

DO $$
DECLARE
    node record;
BEGIN
    FOR node IN SELECT id, lock_key FROM runtime.nodes LOOP
        IF NOT pg_try_advisory_xact_lock(node.lock_key) THEN
            RAISE EXCEPTION 'node % runs an older version: stop all nodes, then start one of this version', node.id;
        END IF;
    END LOOP;
END $$;

ALTER TABLE runtime.tasks ADD COLUMN plan json NOT NULL DEFAULT '[]';

-- Lock order of everybody: the row of the task, its lease, rows of the product, heads of topics.
CREATE TABLE runtime.leases (
    task_id text PRIMARY KEY,
    lease bigint NOT NULL,
    commit_no bigint NOT NULL DEFAULT 0,
    progressed boolean NOT NULL DEFAULT false,
    at_work json NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

INSERT INTO runtime.leases (task_id, lease, commit_no, at_work)
SELECT t.id, t.lease_epoch, t.commit_no,
       coalesce((SELECT json_object_agg(s.key, s.attempt) FROM runtime.steps s WHERE s.task_id = t.id AND s.status = 'running'), '{}')
FROM runtime.tasks t WHERE t.status = 'running';
UPDATE runtime.steps SET status = 'pending' WHERE status = 'running';

ALTER TABLE runtime.steps RENAME TO step_states;
ALTER TABLE runtime.step_states RENAME CONSTRAINT steps_pkey TO step_states_pkey;
-- Null for a step of the plan.
ALTER TABLE runtime.step_states ALTER COLUMN ord DROP NOT NULL, ALTER COLUMN spec DROP NOT NULL,
    ADD CONSTRAINT step_states_added_check CHECK ((ord IS NULL) = (spec IS NULL)) NOT VALID;
-- Rows are added once and hardly ever changed now.
ALTER TABLE runtime.step_states RESET (autovacuum_vacuum_scale_factor), SET (fillfactor = 95);

-- Tables that grow by thousands of rows a second are analysed whenever they have doubled: a tenth of the usual sample says
-- as much about their keys, which is all that anybody asks of them, for a tenth of the time.
DO $$
DECLARE
    col record;
BEGIN
    FOR col IN SELECT attrelid::regclass AS of, attname FROM pg_attribute
               WHERE attrelid IN ('runtime.events'::regclass, 'runtime.step_states'::regclass, 'runtime.topics'::regclass,
                                  'runtime.journal'::regclass, 'runtime.calls'::regclass)
                     AND attnum > 0 AND NOT attisdropped LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 10', col.of, col.attname);
    END LOOP;
END $$;

CREATE VIEW runtime.steps AS
SELECT t.id AS task_id, p.spec ->> 'key' AS key, p.place::integer - 1 AS ord, p.spec::jsonb AS spec,
       CASE WHEN l.at_work -> (p.spec ->> 'key') IS NOT NULL THEN 'running' ELSE coalesce(s.status, 'pending') END AS status,
       coalesce((l.at_work ->> (p.spec ->> 'key'))::integer, s.attempt, 0) AS attempt,
       coalesce(s.extra_needs, '[]') AS extra_needs, s.run_after, s.output, s.report, s.error, s.started_at, s.finished_at,
       s.duration_ms
FROM runtime.tasks t
CROSS JOIN LATERAL json_array_elements(t.plan) WITH ORDINALITY AS p (spec, place)
LEFT JOIN runtime.step_states s ON s.task_id = t.id AND s.key = p.spec ->> 'key'
LEFT JOIN runtime.leases l ON l.task_id = t.id
UNION ALL
SELECT s.task_id, s.key, s.ord, s.spec,
       CASE WHEN l.at_work -> s.key IS NOT NULL THEN 'running' ELSE s.status END,
       coalesce((l.at_work ->> s.key)::integer, s.attempt),
       s.extra_needs, s.run_after, s.output, s.report, s.error, s.started_at, s.finished_at, s.duration_ms
FROM runtime.step_states s
LEFT JOIN runtime.leases l ON l.task_id = s.task_id
WHERE s.ord IS NOT NULL;
