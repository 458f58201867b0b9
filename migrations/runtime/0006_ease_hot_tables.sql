-- Checks that cost more than what they guard, indexes for claims, and room for rows that are changed often.
--
-- Why the keys: a key from `events` to `topics` and from `steps` to `tasks` costs a look at another table, a lock on its
-- row and a queued trigger for every row that is added: a third of what a plain step costs Postgres. An event is added by
-- the one statement that raises the head of its topic and takes the topic's id from there; steps are added in the
-- transaction of their task, which is locked. Nothing deletes topics or tasks; whoever begins to deletes their rows in
-- the same statement.
-- Why the check: a pattern with bounded repetition takes 9 microseconds, and is evaluated for each version of a row, a
-- dozen for a task of ten steps. The same rule without it takes a tenth.
-- Why the indexes: a claim walks through the owners that wait, and counts what runs of each of them, instead of
-- reading everything that waits and runs.
-- `tasks`, `steps` and `topics` are updated in place as long as their page has room; the vacuum of what was hot comes
-- early and is small.
-- Locks taken: ACCESS EXCLUSIVE on events, topics, steps and tasks for a moment (nothing is scanned; the new check is not
-- held against rows that the old one let in); the indexes are built on what is queued and running only. Undo:
-- ALTER TABLE runtime.events ADD FOREIGN KEY (topic_id) REFERENCES runtime.topics ON DELETE CASCADE;
-- ALTER TABLE runtime.steps ADD FOREIGN KEY (task_id) REFERENCES runtime.tasks ON DELETE CASCADE;
-- CREATE INDEX tasks_queued ON runtime.tasks (queued_at) WHERE status = 'queued';
-- CREATE INDEX tasks_running ON runtime.tasks (node_id) WHERE status = 'running'; and ALTER TABLE ... RESET (...).

ALTER TABLE runtime.events DROP CONSTRAINT events_topic_id_fkey;
ALTER TABLE runtime.steps DROP CONSTRAINT steps_task_id_fkey;

ALTER TABLE runtime.tasks DROP CONSTRAINT tasks_id_check;
ALTER TABLE runtime.tasks ADD CONSTRAINT tasks_id_check
    CHECK (length(id) BETWEEN 1 AND 64 AND id !~ '[^A-Za-z0-9_-]') NOT VALID;

CREATE INDEX tasks_waiting ON runtime.tasks (product, (coalesce(owner, device, id)), queued_at, id) WHERE status = 'queued';
CREATE INDEX tasks_at_work ON runtime.tasks (product, (coalesce(owner, device, id))) WHERE status = 'running';
DROP INDEX runtime.tasks_queued;
DROP INDEX runtime.tasks_running;

ALTER TABLE runtime.tasks SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE runtime.steps SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE runtime.topics SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
