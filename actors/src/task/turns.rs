//! Whose turn it is: the one order of the queue, for the dispatchers that claim and for those who are told their place.

/// The whole queue, as common table expressions that end with `waiting (id, product, queued_at, started_at, since, turn)`.
/// Parameter `$1`: the kinds of task that count.
///
/// `turn`: the owner's tasks that would run if this one did. The first task of each owner stands before the second of any.
/// `since`: from when on the owner waits for this turn. Among owners with the same turn the one served longest ago is
/// first, so that more busy owners than places keep nobody out.
macro_rules! waiting {
    () => {
        "WITH busy AS (
    SELECT product, coalesce(owner, device, id) AS who, count(*) AS n FROM runtime.tasks WHERE status = 'running' GROUP BY 1, 2
), waiting AS (
    SELECT q.id, q.product, q.queued_at, q.started_at, greatest(q.queued_at, s.served_at) AS since, coalesce(b.n, 0)
           + row_number() OVER (PARTITION BY q.product, coalesce(q.owner, q.device, q.id) ORDER BY q.queued_at, q.id) AS turn
    FROM runtime.tasks q
    LEFT JOIN busy b ON b.product = q.product AND b.who = coalesce(q.owner, q.device, q.id)
    LEFT JOIN runtime.turns s ON s.product = q.product AND s.who = coalesce(q.owner, q.device)
    WHERE q.status = 'queued' AND q.product || '/' || q.kind = ANY($1)
)"
    };
}

/// The order of `waiting`.
macro_rules! in_turn {
    () => {
        "turn, since, queued_at, id"
    };
}

/// Claims tasks for a node (`$4`): at most `$3`, and none beyond an owner's limit (`$2`). Select from `claimed t`. The order
/// is that of `waiting`, but of each owner only so many tasks are looked at as may run: the owners are found by hops
/// through the index, so that a claim costs the same whether an owner has ten tasks in the queue or a million. What another
/// node claims in this moment is passed over: twice as many are looked at as are wanted.
pub(super) const CLAIM: &str = "WITH RECURSIVE owners AS (
    (SELECT product, coalesce(owner, device, id) AS who FROM runtime.tasks WHERE status = 'queued'
     ORDER BY product, coalesce(owner, device, id) LIMIT 1)
    UNION ALL
    SELECT n.product, n.who FROM owners o CROSS JOIN LATERAL (
        SELECT product, coalesce(owner, device, id) AS who FROM runtime.tasks
        WHERE status = 'queued' AND (product, coalesce(owner, device, id)) > (o.product, o.who)
        ORDER BY product, coalesce(owner, device, id) LIMIT 1
    ) n
), queued AS (
    SELECT q.id, q.queued_at, b.n + q.place AS turn, greatest(q.queued_at, s.served_at) AS since
    FROM owners o CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM runtime.tasks r
        WHERE r.status = 'running' AND r.product = o.product AND coalesce(r.owner, r.device, r.id) = o.who
    ) b LEFT JOIN runtime.turns s ON s.product = o.product AND s.who = o.who CROSS JOIN LATERAL (
        SELECT f.id, f.queued_at, row_number() OVER (ORDER BY f.queued_at, f.id) AS place FROM (
            SELECT id, queued_at FROM runtime.tasks
            WHERE status = 'queued' AND product = o.product AND coalesce(owner, device, id) = o.who
                  AND product || '/' || kind = ANY($1)
            ORDER BY queued_at, id LIMIT greatest($2 - b.n, 0)
        ) f
    ) q
), next AS (
    SELECT * FROM queued ORDER BY turn, since, queued_at, id LIMIT 2::bigint * $3
), chosen AS (
    SELECT t.id FROM next n JOIN runtime.tasks t ON t.id = n.id WHERE t.status = 'queued'
    ORDER BY n.turn, n.since, n.queued_at, n.id LIMIT $3
    FOR UPDATE OF t SKIP LOCKED
), claimed AS (
    UPDATE runtime.tasks t SET status = 'running', node_id = $4, lease_epoch = lease_epoch + 1, commit_no = 0,
           started_at = coalesce(t.started_at, now())
    FROM chosen c WHERE t.id = c.id RETURNING t.*
), leased AS (
    INSERT INTO runtime.leases (task_id, lease) SELECT id, lease_epoch FROM claimed
    ON CONFLICT (task_id) DO UPDATE SET lease = EXCLUDED.lease, commit_no = 0, progressed = false, at_work = '{}'
), served AS (
    INSERT INTO runtime.turns (product, who, served_at)
    SELECT DISTINCT product, coalesce(owner, device), statement_timestamp() FROM claimed
    WHERE coalesce(owner, device) IS NOT NULL ORDER BY 1, 2
    ON CONFLICT (product, who) DO UPDATE SET served_at = EXCLUDED.served_at
)
SELECT ";

/// The queue in its order, at most `$3` tasks: id, product, place, whether it waits for its owner's limit (`$2`), since when
/// it is queued, and the share of the work that is done (of a task that had begun).
pub(super) const PLACES: &str = concat!(
    waiting!(),
    "SELECT id, product, row_number() OVER (ORDER BY ",
    in_turn!(),
    "), turn > $2, queued_at,
       CASE WHEN started_at IS NULL THEN 0 ELSE (
           SELECT coalesce(sum((s.spec->>'weight')::float8) FILTER (WHERE s.status = 'completed'), 0)
                  / greatest(sum((s.spec->>'weight')::float8), 1) FROM runtime.steps s WHERE s.task_id = waiting.id
       ) END
FROM waiting ORDER BY ",
    in_turn!(),
    " LIMIT $3"
);
