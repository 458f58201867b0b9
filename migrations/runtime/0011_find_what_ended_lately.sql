-- An index for what has ended lately.
--
-- Why: the queues that administrators see count what ended in the last hour; without an index that is a look at every task that there
-- ever was (half a second a million). Tasks end in about the order in which their rows lie, so a block range index is enough, and costs
-- next to nothing to keep.
-- Locks taken: SHARE on runtime.tasks while it is built, which is one look at the table. Undo: DROP INDEX runtime.tasks_finished.

CREATE INDEX tasks_finished ON runtime.tasks USING brin (finished_at) WITH (autosummarize = on);
