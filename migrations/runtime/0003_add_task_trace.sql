-- The trace that a task belongs to: the W3C `traceparent` of the call that queued it. Null when nothing was traced.
--
-- Why: the spans of a task's steps are made on whichever node runs it, perhaps after a crash; the row is what they have
-- in common with the call.
-- Locks taken: ACCESS EXCLUSIVE on runtime.tasks for a moment (no rewrite: nullable, no default; the check holds for
-- nulls). Undo: ALTER TABLE runtime.tasks DROP COLUMN trace.

ALTER TABLE runtime.tasks ADD COLUMN trace text CHECK (length(trace) = 55);
