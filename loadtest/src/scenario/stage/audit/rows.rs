//! The database by itself: ends, steps, offers, credits.

use super::{Totals, bad};
use crate::check::Check;
use crate::scenario::Failure;
use crate::scenario::stage::Stage;
use crate::scenario::stage::person::Person;
use std::sync::Arc;
use tokio_postgres::Client as Db;

/// Each query finds what breaks a rule; its rows are the findings, as one text each.
const RULES: &[(Check, &str)] = &[
    // A task ends once a run: as many ends as runs, and nothing of the task after the last one.
    (
        Check::EndedOnce,
        "SELECT k.id || ' is ' || k.status || ' in run ' || k.attempt || ', and its log has '
             || count(e.seq) FILTER (WHERE e.kind IN ('task.completed', 'task.failed', 'task.cancelled'))
             || ' ends, the last event being ' || coalesce((array_agg(e.kind ORDER BY e.seq DESC))[1], 'none')
         FROM runtime.tasks k
         LEFT JOIN runtime.topics t ON t.product = k.product AND t.topic = 'task:' || k.id
         LEFT JOIN runtime.events e ON e.topic_id = t.id
         GROUP BY k.id
         HAVING k.status NOT IN ('completed', 'failed', 'cancelled')
             OR count(e.seq) FILTER (WHERE e.kind IN ('task.completed', 'task.failed', 'task.cancelled')) <> k.attempt
             OR (array_agg(e.kind ORDER BY e.seq DESC))[1] IS DISTINCT FROM 'task.' || k.status",
    ),
    // The user's feed tells each end once.
    (
        Check::EndedOnce,
        "SELECT k.id || ': the feed of its owner told ' || count(e.seq) || ' ends in ' || k.attempt || ' runs'
         FROM runtime.tasks k
         JOIN runtime.topics t ON t.product = k.product AND t.topic = 'user:' || k.owner
         LEFT JOIN runtime.events e ON e.topic_id = t.id AND e.kind = 'task.finished' AND e.data ->> 'id' = k.id
         GROUP BY k.id HAVING count(e.seq) <> k.attempt",
    ),
    // The product's view of a task is the engine's. An e-mail has its row in the log of e-mails instead: one, at its end.
    (
        Check::EffectOnce,
        "SELECT k.id || ' is ' || k.status || ', and the product says ' || coalesce(b.status, 'nothing')
         FROM runtime.tasks k LEFT JOIN cv.background_tasks b ON b.id = k.id
         WHERE k.product = 'cv' AND k.kind <> 'send-email' AND b.status IS DISTINCT FROM k.status",
    ),
    (
        Check::EffectOnce,
        "SELECT k.id || ' is ' || k.status || ', and the log of e-mails has ' || count(l.id) || ' that ended so'
         FROM runtime.tasks k
         LEFT JOIN cv.email_logs l ON l.task_id = k.id AND (l.status = 'failed') = (k.status = 'failed')
         WHERE k.kind = 'send-email' GROUP BY k.id HAVING count(l.id) <> (k.finished_at IS NOT NULL)::int",
    ),
    // A completed step completed once in the log, any other never.
    (
        Check::EffectOnce,
        "SELECT s.task_id || ' ' || s.key || ' is ' || s.status || ', and completed ' || count(e.seq) || ' times'
         FROM runtime.steps s JOIN runtime.tasks k ON k.id = s.task_id
         JOIN runtime.topics t ON t.product = k.product AND t.topic = 'task:' || k.id
         LEFT JOIN runtime.events e ON e.topic_id = t.id AND e.kind = 'step.completed' AND e.data ->> 'step' = s.key
         GROUP BY s.task_id, s.key, s.status HAVING count(e.seq) <> (s.status = 'completed')::int",
    ),
    // An ended task has no step under way.
    (
        Check::EffectOnce,
        "SELECT s.task_id || ' has ended, and its step ' || s.key || ' is ' || s.status
         FROM runtime.steps s JOIN runtime.tasks k ON k.id = s.task_id
         WHERE k.finished_at IS NOT NULL AND s.status IN ('pending', 'running')",
    ),
    // An ended task has no offer under way; a completed one has its CV.
    (
        Check::EffectOnce,
        "SELECT o.task_id || ' offer ' || o.offer_index || ' is ' || o.status || ' of a task that has ended'
         FROM cv.cv_generation_offers o JOIN runtime.tasks k ON k.id = o.task_id
         WHERE k.finished_at IS NOT NULL AND o.status NOT IN ('completed', 'failed', 'cancelled')",
    ),
    (
        Check::EffectOnce,
        "SELECT o.task_id || ' offer ' || o.offer_index || ' is completed and has no CV of its own'
         FROM cv.cv_generation_offers o JOIN cv.cv_generation_tasks g ON g.id = o.task_id
         WHERE g.mode = 'adapt' AND o.status = 'completed' AND (o.generated_cv_file_id IS NULL OR EXISTS (
             SELECT 1 FROM cv.cv_generation_offers p WHERE p.generated_cv_file_id = o.generated_cv_file_id AND p.id <> o.id))",
    ),
    // No CV without an offer that made it, and the other way round.
    (
        Check::EffectOnce,
        "SELECT u.email || ' has ' || made || ' generated CVs of ' || done || ' completed offers' FROM (
             SELECT u.id, u.email,
                 (SELECT count(*) FROM cv.cv_files f WHERE f.user_id = u.id AND f.created_by = 'generate-cv') AS made,
                 (SELECT count(*) FROM cv.cv_generation_offers o JOIN cv.cv_generation_tasks g ON g.id = o.task_id
                  WHERE g.user_id = u.id AND g.mode = 'adapt' AND o.status = 'completed') AS done
             FROM cv.users u) u WHERE made <> done",
    ),
    (
        Check::EffectOnce,
        "SELECT g.id || ' says ' || g.completed_offers || ' completed offers of ' || count(o.id)
         FROM cv.cv_generation_tasks g
         LEFT JOIN cv.cv_generation_offers o ON o.task_id = g.id AND o.status = 'completed'
         GROUP BY g.id HAVING count(o.id) <> g.completed_offers",
    ),
    // The balance is the sum of the ledger.
    (
        Check::Ledger,
        "SELECT 'the balance of ' || b.user_id || ' is ' || b.balance || ', the ledger says ' || coalesce(sum(t.amount), 0)
         FROM cv.credit_balances b LEFT JOIN cv.credit_transactions t ON t.user_id = b.user_id
         GROUP BY b.id HAVING coalesce(sum(t.amount), 0) <> b.balance",
    ),
    // A usage is given back once, and says so.
    (
        Check::Ledger,
        "SELECT 'usage ' || t.id || ' says refunded = ' || t.refunded || ', and has ' || count(r.id) || ' refunds'
         FROM cv.credit_transactions t
         LEFT JOIN cv.credit_transactions r ON r.type = 'refund' AND r.related_transaction_id = t.id
         WHERE t.type = 'usage' GROUP BY t.id HAVING count(r.id) <> t.refunded::int",
    ),
    (
        Check::Ledger,
        "SELECT 'refund ' || r.id || ' gives back what nobody paid' FROM cv.credit_transactions r
         LEFT JOIN cv.credit_transactions t ON t.id = r.related_transaction_id AND t.type = 'usage' AND t.amount = -r.amount
         WHERE r.type = 'refund' AND t.id IS NULL",
    ),
    // What stays paid of a generation is one unit a completed offer that credits paid (and no allowance of a plan):
    // each failed or cancelled one was given back.
    (
        Check::Ledger,
        "SELECT id || ' (' || mode || ') has ' || due || ' completed offers that were paid, ' || booked
             || ' are booked, and ' || paid || ' stay paid' FROM (
             SELECT g.id, g.mode, g.credits_debited - g.credits_refunded AS booked,
                 (SELECT count(*) FROM cv.cv_generation_offers o WHERE o.task_id = g.id AND o.status = 'completed'
                      AND o.credit_transaction_id IS NOT NULL AND NOT o.credits_refunded) AS due,
                 (SELECT coalesce(-sum(t.amount), 0) FROM cv.credit_transactions t WHERE t.task_id = g.id) AS paid
             FROM cv.cv_generation_tasks g JOIN runtime.tasks k ON k.id = g.id WHERE k.finished_at IS NOT NULL) g
         WHERE paid <> due OR booked <> paid",
    ),
    // Adapting to an offer is never free here (an optimisation that proposes nothing is).
    (
        Check::Ledger,
        "SELECT o.task_id || ' offer ' || o.offer_index || ' was never paid' FROM cv.cv_generation_offers o
         JOIN cv.cv_generation_tasks g ON g.id = o.task_id
         WHERE g.mode = 'adapt' AND o.status = 'completed' AND (o.credit_transaction_id IS NULL OR o.credits_refunded)",
    ),
    // The same of every other task that costs something.
    (
        Check::Ledger,
        "SELECT k.id || ' (' || k.kind || ') is ' || k.status || ', and ' || paid || ' stay paid' FROM (
             SELECT k.id, k.kind, k.status,
                 (SELECT coalesce(-sum(t.amount), 0) FROM cv.credit_transactions t WHERE t.task_id = k.id) AS paid
             FROM runtime.tasks k WHERE k.kind = 'calculate-match-score' AND k.finished_at IS NOT NULL) k
         WHERE (k.status = 'completed') <> (paid > 0)",
    ),
];

/// Applies every rule, and counts.
pub async fn all(stage: &Stage, client: &Db, people: &[Arc<Person>], totals: &mut Totals) -> Result<(), Failure> {
    let findings = &stage.shared.findings;
    for (check, rule) in RULES {
        let rows = client.query(*rule, &[]).await.map_err(|error| bad(&error))?;
        if rows.is_empty() {
            findings.hold(*check, 1);
        }
        for row in rows {
            findings.broken(*check, row.get::<_, String>(0));
        }
    }
    let count = "SELECT status, count(*), count(*) FILTER (WHERE error LIKE '%is not tried again by itself%')
        FROM runtime.tasks GROUP BY status";
    let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
    for row in client.query(count, &[]).await.map_err(|error| bad(&error))? {
        let (status, tasks, parked): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
        let tasks = unsigned(tasks);
        match status.as_str() {
            "completed" => totals.completed += tasks,
            "failed" => totals.failed += tasks,
            "cancelled" => totals.cancelled += tasks,
            _ => {}
        }
        totals.parked += unsigned(parked);
        findings.hold(Check::EndedOnce, tasks);
    }
    // The task's own counter begins anew with each completed step: the log remembers.
    let moved = "SELECT count(*) FILTER (WHERE cause <> 'drain'), count(*) FILTER (WHERE cause = 'drain') FROM (
            SELECT e.data->'requeued'->>'cause' AS cause FROM runtime.events e JOIN runtime.topics t ON t.id = e.topic_id
            WHERE t.topic LIKE 'task:%' AND e.kind = 'task.queued'
        ) requeued";
    let moved = client.query_one(moved, &[]).await.map_err(|error| bad(&error))?;
    (totals.rescues, totals.handed_over) = (unsigned(moved.get(0)), unsigned(moved.get(1)));
    let steps = "SELECT count(*) FROM runtime.steps WHERE status = 'completed'";
    let steps: i64 = client.query_one(steps, &[]).await.map_err(|error| bad(&error))?.get(0);
    totals.steps = unsigned(steps);
    findings.hold(Check::EffectOnce, totals.steps);
    let ledger = "SELECT coalesce(sum(amount) FILTER (WHERE type IN ('gift', 'purchase')), 0)::bigint
        FROM cv.credit_transactions WHERE user_id = $1";
    for person in people {
        let given = client.query_one(ledger, &[&person.account.user().as_str()]).await;
        let given: i64 = given.map_err(|error| bad(&error))?.get(0);
        let same = if given == person.credits {
            Ok(())
        } else {
            Err(format!("{} was given {} and the ledger says {given}", person.account.email(), person.credits))
        };
        findings.see(Check::Ledger, same);
    }
    Ok(())
}
