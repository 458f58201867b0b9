//! Every call of every person against its effect.

use super::{Totals, bad};
use crate::check::Check;
use crate::check::fold::canonical;
use crate::scenario::Failure;
use crate::scenario::stage::Stage;
use crate::scenario::stage::person::{Made, Outcome, Person, task_id};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio_postgres::Client as Db;

/// Tasks that no call, or more than one, was answered with. A score of a CV that is being scored returns that one; an
/// e-mail is no call's answer.
const TASKS_WITHOUT_CALL: &str = "SELECT k.id || ' (' || k.kind || ') belongs to ' || count(c.key) || ' calls'
    FROM runtime.tasks k
    LEFT JOIN runtime.calls c ON c.product = k.product AND c.user_id = k.owner AND c.result ->> 'task_id' = k.id
    WHERE k.kind <> 'send-email' GROUP BY k.id HAVING count(c.key) = 0 OR (count(c.key) > 1 AND k.kind <> 'calculate-match-score')";

/// Looks at all of them.
pub async fn all(stage: &Stage, client: &Db, people: &[Arc<Person>], totals: &mut Totals) -> Result<(), Failure> {
    let findings = &stage.shared.findings;
    for row in client.query(TASKS_WITHOUT_CALL, &[]).await.map_err(|error| bad(&error))? {
        findings.broken(Check::CallOnce, row.get::<_, String>(0));
    }
    let tasks = "SELECT id FROM runtime.tasks";
    let tasks = client.query(tasks, &[]).await.map_err(|error| bad(&error))?;
    let tasks: HashSet<String> = tasks.iter().map(|row| row.get(0)).collect();
    for person in people {
        let book = person.book();
        totals.calls += u64::try_from(book.len()).unwrap_or(0);
        let kept = "SELECT key, result FROM runtime.calls WHERE product = 'cv' AND user_id = $1";
        let kept = client.query(kept, &[&person.account.user().as_str()]).await.map_err(|error| bad(&error))?;
        let kept: HashMap<String, Option<Value>> = kept.iter().map(|row| (row.get(0), row.get(1))).collect();
        let edits = edits(client, &person.cv).await?;
        let cvs = "SELECT id FROM cv.cv_files WHERE user_id = $1";
        let cvs = client.query(cvs, &[&person.account.user().as_str()]).await.map_err(|error| bad(&error))?;
        let cvs: HashSet<String> = cvs.iter().map(|row| row.get(0)).collect();
        for made in &book {
            let held = kept.get(made.key.as_str());
            findings.see(Check::AckVisible, visible(made, held, &tasks, &cvs).map_err(|why| told(person, made, &why)));
            if let Some(text) = made.params.pointer("/patch/0/value").and_then(Value::as_str) {
                let times = edits.iter().filter(|edit| *edit == text).count();
                let right = match (&made.outcome, times) {
                    (Outcome::Done(_), 1) | (Outcome::Refused(..), 0) | (Outcome::Open | Outcome::Lost(_), 0 | 1) => {
                        Ok(())
                    }
                    (_, times) => Err(told(person, made, &format!("the edit is {times} times in the log"))),
                };
                findings.see(Check::CallOnce, right);
            }
        }
    }
    Ok(())
}

fn told(person: &Person, made: &Made, why: &str) -> String {
    format!(
        "person {} called {} at {:.2} s (key {}, {}): {why}",
        person.index,
        made.method,
        made.at.as_secs_f64(),
        made.key,
        match &made.outcome {
            Outcome::Open => "no answer".to_owned(),
            Outcome::Done(result) => {
                let text = result.to_string();
                format!("answered with {}", text.chars().take(80).collect::<String>())
            }
            Outcome::Refused(code, message) => format!("refused: {code}: {message}"),
            Outcome::Lost(message) => format!("lost: {message}"),
        }
    )
}

/// What was acknowledged is there; what was refused left nothing.
fn visible(
    made: &Made,
    held: Option<&Option<Value>>,
    tasks: &HashSet<String>,
    cvs: &HashSet<String>,
) -> Result<(), String> {
    match &made.outcome {
        Outcome::Done(result) => {
            let held = held.ok_or("it is not in the database")?;
            if held.as_ref().map(canonical) != Some(canonical(result)) {
                return Err("the database remembers another result".to_owned());
            }
            match task_id(result) {
                Some(task) if !tasks.contains(task.as_str()) => return Err(format!("{task} is not there")),
                _ => {}
            }
            let made_cv = (made.method == "cv.create").then(|| result.get("id").and_then(Value::as_str)).flatten();
            match made_cv {
                Some(cv) if !cvs.contains(cv) => Err(format!("the CV {cv} is not there")),
                _ => Ok(()),
            }
        }
        Outcome::Refused(..) if held.is_some() => {
            Err("it was refused, and the database says that it was done".to_owned())
        }
        _ => Ok(()),
    }
}

/// The texts that edits put into a CV, but for those of a review: a rejected change puts an older text back.
async fn edits(client: &Db, cv: &str) -> Result<Vec<String>, Failure> {
    let sql = "SELECT e.data #>> '{patch,0,value}' FROM runtime.events e JOIN runtime.topics t ON t.id = e.topic_id
        WHERE t.product = 'cv' AND t.topic = 'cv:' || $1 AND e.kind = 'cv.changed' AND NOT EXISTS (
            SELECT 1 FROM runtime.events d WHERE d.topic_id = e.topic_id AND d.kind = 'cv.change_decided'
                AND d.data ->> 'rev' = e.data ->> 'rev')";
    let rows = client.query(sql, &[&cv]).await.map_err(|error| bad(&error))?;
    Ok(rows.iter().filter_map(|row| row.get::<_, Option<String>>(0)).collect())
}
