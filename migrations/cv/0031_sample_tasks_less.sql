-- Smaller samples for the statistics of `background_tasks`, which grows with every task.
--
-- Why: a table is analysed whenever it has grown by half. Tasks are asked for by their keys, their owners and their states,
-- for which a tenth of the usual sample says enough, and nobody asks for a value inside a JSON column.
-- Locks taken: SHARE UPDATE EXCLUSIVE for a moment each. Undo: ALTER TABLE ... ALTER COLUMN ... SET STATISTICS -1.

DO $$
DECLARE
    col record;
BEGIN
    FOR col IN SELECT attname, atttypid IN ('json'::regtype, 'jsonb'::regtype) AS is_json FROM pg_attribute
               WHERE attrelid = 'cv.background_tasks'::regclass AND attnum > 0 AND NOT attisdropped LOOP
        EXECUTE format('ALTER TABLE cv.background_tasks ALTER COLUMN %I SET STATISTICS %s', col.attname,
                       CASE WHEN col.is_json THEN 0 ELSE 10 END);
    END LOOP;
END $$;
