-- The form of a task's id, checked at a tenth of the cost.
--
-- Why: a pattern with bounded repetition takes 9 microseconds, and is evaluated for each version of the row. The rule is
-- the same.
-- Locks taken: ACCESS EXCLUSIVE on cv.background_tasks for a moment (nothing is scanned: rows that the old check let in
-- pass the new one). Undo: drop the constraint and add it as in 0003.

ALTER TABLE cv.background_tasks DROP CONSTRAINT background_tasks_id_check;
ALTER TABLE cv.background_tasks ADD CONSTRAINT background_tasks_id_check
    CHECK (length(id) BETWEEN 1 AND 64 AND id !~ '[^A-Za-z0-9_-]') NOT VALID;
