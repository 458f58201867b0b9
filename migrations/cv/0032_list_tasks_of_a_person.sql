-- The tasks of a person in the order in which they are listed.
--
-- Why: lists come in the order (created_at, id), each page after the last row of the one before, but the index ended with
-- created_at. Postgres then preferred to walk through everybody's tasks by time wherever it took a person to own many
-- of them: 0.2 s for somebody who has none, among 500,000 tasks of few people. With the id in the index it reads a page and no more.
-- Locks taken: SHARE on cv.background_tasks while the index is built (a second for 500,000 tasks), ACCESS EXCLUSIVE for a
-- moment. Undo: CREATE INDEX background_tasks_user_id_created_at_idx ON cv.background_tasks (user_id, created_at DESC);
-- DROP INDEX cv.background_tasks_user_id_created_at_id_idx.

CREATE INDEX background_tasks_user_id_created_at_id_idx ON cv.background_tasks (user_id, created_at DESC, id DESC);
DROP INDEX cv.background_tasks_user_id_created_at_idx;
