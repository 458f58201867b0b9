-- Smaller samples for the statistics of the tables that grow with use, and of the expressions that they are indexed by.
--
-- Why: as 0031 for `background_tasks`. A table is analysed whenever it has grown by half; the sample is as large as its hungriest
-- column or indexed expression asks for, and a JSON document is read whole for each row of it. Nobody asks for a value inside a
-- document but by an indexed expression. While a fresh database grows by 1,500 generations, the usual samples took a fourteenth of
-- what Postgres does.
-- Locks taken: SHARE UPDATE EXCLUSIVE for a moment each. Undo: ALTER TABLE (or INDEX) ... ALTER COLUMN ... SET STATISTICS -1.

DO $$
DECLARE
    col record;
BEGIN
    FOR col IN SELECT attrelid::regclass AS of, attname, atttypid IN ('json'::regtype, 'jsonb'::regtype) AS is_json
               FROM pg_attribute
               WHERE attrelid IN ('cv.cv_generation_tasks'::regclass, 'cv.cv_generation_offers'::regclass,
                                  'cv.cv_generation_subtasks'::regclass, 'cv.cv_files'::regclass, 'cv.cv_versions'::regclass,
                                  'cv.job_offers'::regclass, 'cv.openai_calls'::regclass, 'cv.openai_usage'::regclass,
                                  'cv.credit_transactions'::regclass, 'cv.telemetry_events'::regclass,
                                  'cv.email_logs'::regclass)
                     AND attnum > 0 AND NOT attisdropped LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', col.of, col.attname,
                       CASE WHEN col.is_json THEN 0 ELSE 10 END);
    END LOOP;
END $$;

ALTER INDEX cv.cv_generation_subtasks_offer_id_type_item_key ALTER COLUMN 3 SET STATISTICS 10;
ALTER INDEX cv.openai_calls_task_id_idx ALTER COLUMN 1 SET STATISTICS 10;
