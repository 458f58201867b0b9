-- Smaller samples for the statistics of tables that grow with every task.
--
-- Why: a table is analysed whenever it has grown by half (0007 says why the usual sample is too large for that). `tasks` is
-- asked for by its keys and its status only, and nobody asks for a value inside a JSON column: while a fresh database grows
-- to some thousand tasks, their samples took a twelfth of what Postgres does.
-- Locks taken: SHARE UPDATE EXCLUSIVE for a moment each. Undo: ALTER TABLE ... ALTER COLUMN ... SET STATISTICS -1.

DO $$
DECLARE
    col record;
BEGIN
    FOR col IN SELECT attrelid::regclass AS of, attname, atttypid IN ('json'::regtype, 'jsonb'::regtype) AS is_json
               FROM pg_attribute
               WHERE attrelid IN ('runtime.tasks'::regclass, 'runtime.leases'::regclass, 'runtime.turns'::regclass,
                                  'runtime.log'::regclass, 'runtime.step_states'::regclass, 'runtime.journal'::regclass,
                                  'runtime.calls'::regclass)
                     AND attnum > 0 AND NOT attisdropped LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', col.of, col.attname,
                       CASE WHEN col.is_json THEN 0 ELSE 10 END);
    END LOOP;
END $$;
