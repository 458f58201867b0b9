-- A debit may be written before the task that it pays for, if both are there when the unit ends.
--
-- Why: a task and its debit refer to each other. The task came first, then its debit, then the task once more with what was paid
-- (the order of section 1.10 of the data model, for keys that are checked at once), which made a second version of its row and seven entries in indexes for each task. Now the task is written at the end, as it then is.
-- Locks taken: ACCESS EXCLUSIVE on cv.credit_transactions and cv.background_tasks for a moment. Undo: ALTER TABLE
-- cv.credit_transactions ALTER CONSTRAINT credit_transactions_task_id_fkey NOT DEFERRABLE.

ALTER TABLE cv.credit_transactions ALTER CONSTRAINT credit_transactions_task_id_fkey DEFERRABLE INITIALLY DEFERRED;
