-- Smaller samples for the expressions that `tasks` is indexed by.
--
-- Why: the sample of a table is as large as its hungriest column asks for, and an expression of an index counts as one. Two
-- had the usual hunger, so that 0009 did nothing for `tasks`: it was still read whole up to 30,000 rows.
-- Locks taken: SHARE UPDATE EXCLUSIVE for a moment each. Undo: ALTER INDEX ... ALTER COLUMN 2 SET STATISTICS -1.

ALTER INDEX runtime.tasks_waiting ALTER COLUMN 2 SET STATISTICS 10;
ALTER INDEX runtime.tasks_at_work ALTER COLUMN 2 SET STATISTICS 10;
