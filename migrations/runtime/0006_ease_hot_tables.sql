-- Foreign keys that only repeat what the statements do by themselves, and room for rows that are changed often.
--
-- Why: a key from `events` to `topics` and from `steps` to `tasks` costs a look at another table, a lock on its row and a
-- queued trigger for every row that is added: a third of what a plain step costs Postgres. An event is added by the one
-- statement that raises the head of its topic and takes the topic's id from there; steps are added in the transaction of
-- their task, which is locked. Nothing deletes topics or tasks; whoever begins to deletes their rows in the same
-- statement.
-- `tasks`, `steps` and `topics` are updated in place as long as their page has room; the vacuum of what was hot comes
-- early and is small.
-- Locks taken: ACCESS EXCLUSIVE on the four tables for a moment (nothing is scanned). Undo:
-- ALTER TABLE runtime.events ADD FOREIGN KEY (topic_id) REFERENCES runtime.topics ON DELETE CASCADE;
-- ALTER TABLE runtime.steps ADD FOREIGN KEY (task_id) REFERENCES runtime.tasks ON DELETE CASCADE;
-- and ALTER TABLE … RESET (…).

ALTER TABLE runtime.events DROP CONSTRAINT events_topic_id_fkey;
ALTER TABLE runtime.steps DROP CONSTRAINT steps_task_id_fkey;

ALTER TABLE runtime.tasks SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE runtime.steps SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE runtime.topics SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
