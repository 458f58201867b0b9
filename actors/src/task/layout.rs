//! How the steps of a task stand, put together: the plan, over it the rows of the steps that do not stand as planned, and
//! over these the attempts that run. For those who work on the steps ([`super::store::graphs`]) and those who show them
//! ([`super::shown`]): each reads of a row what it needs.

use super::spec::StepSpec;
use super::store::AtWork;
use crate::db::DbResult;
use crate::error::DbError;
use estafette_protocol::StepKey;
use estafette_protocol::task::StepStatus;
use std::collections::HashMap;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

/// How a step stands, with what else its reader wants to know (`more`).
pub(super) struct Standing<M> {
    pub(super) status: StepStatus,
    /// Attempts begun.
    pub(super) attempt: u32,
    /// Why the last attempt failed.
    pub(super) error: Option<String>,
    pub(super) more: M,
}

impl<M: Default> Standing<M> {
    /// As planned: it waits, and no attempt began.
    fn planned() -> Self {
        Self { status: StepStatus::Pending, attempt: 0, error: None, more: M::default() }
    }
}

/// A row of `runtime.step_states`.
pub(super) struct StateRow<M> {
    key: StepKey,
    /// Where the step was added: what it is.
    spec: Option<StepSpec>,
    standing: Standing<M>,
}

impl<M> StateRow<M> {
    /// Reads `key, spec, status, attempt, error` of a row, from the column `first` on.
    ///
    /// # Errors
    /// [`DbError::Data`] when the row was not written by the runtime.
    pub(super) fn read(row: &Row, first: usize, more: impl FnOnce(StepStatus) -> DbResult<M>) -> DbResult<Self> {
        let data = |error: &dyn std::fmt::Display| DbError::Data(error.to_string());
        let key = StepKey::parse(row.try_get::<_, &str>(first)?).map_err(|error| data(&error))?;
        let status: StepStatus = row.try_get::<_, &str>(first + 2)?.parse().map_err(|error| data(&error))?;
        let standing = Standing {
            status,
            attempt: u32::try_from(row.try_get::<_, i32>(first + 3)?).unwrap_or(0),
            error: row.try_get(first + 4)?,
            more: more(status)?,
        };
        Ok(Self { key, spec: row.try_get::<_, Option<Json<StepSpec>>>(first + 1)?.map(|Json(spec)| spec), standing })
    }

    /// What this row says goes over what the plan says of the step; one that was added comes after those before it.
    fn over(self, steps: &mut Vec<LaidStep<M>>, places: &mut HashMap<StepKey, usize>) -> DbResult<()> {
        let Self { key, spec, standing } = self;
        match (places.get(&key).and_then(|place| steps.get_mut(*place)), spec) {
            (Some(step), _) => step.standing = standing,
            (None, Some(spec)) => {
                places.insert(key, steps.len());
                steps.push(LaidStep { spec, standing });
            }
            (None, None) => return Err(DbError::Data(format!("step {key} is neither planned nor added"))),
        }
        Ok(())
    }
}

/// A step and how it stands.
pub(super) struct LaidStep<M> {
    pub(super) spec: StepSpec,
    pub(super) standing: Standing<M>,
}

/// The steps of a task in their order.
///
/// # Errors
/// [`DbError::Data`] when a row is of no step.
pub(super) fn lay_out<M: Default>(
    plan: Vec<StepSpec>,
    rows: impl IntoIterator<Item = StateRow<M>>,
    at_work: AtWork,
) -> DbResult<Vec<LaidStep<M>>> {
    let mut places: HashMap<StepKey, usize> = plan.iter().map(|spec| spec.key.clone()).zip(0..).collect();
    let mut steps: Vec<LaidStep<M>> =
        plan.into_iter().map(|spec| LaidStep { spec, standing: Standing::planned() }).collect();
    for row in rows {
        row.over(&mut steps, &mut places)?;
    }
    for (key, attempt) in at_work {
        if let Some(step) = places.get(&key).and_then(|place| steps.get_mut(*place)) {
            (step.standing.status, step.standing.attempt) = (StepStatus::Running, attempt);
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> StepKey {
        StepKey::parse(name).unwrap()
    }

    fn row(name: &str, status: StepStatus, added: bool) -> StateRow<()> {
        let spec = added.then(|| StepSpec::new(key(name), "added"));
        StateRow { key: key(name), spec, standing: Standing { status, attempt: 3, error: None, more: () } }
    }

    fn laid(rows: Vec<StateRow<()>>, at_work: &[(&str, u32)]) -> DbResult<Vec<(String, StepStatus, u32)>> {
        let plan = ["a", "b"].map(|name| StepSpec::new(key(name), "planned")).to_vec();
        let at_work = at_work.iter().map(|(name, attempt)| (key(name), *attempt)).collect();
        let steps = lay_out(plan, rows, at_work)?;
        Ok(steps
            .into_iter()
            .map(|step| (format!("{} {}", step.spec.kind, step.spec.key), step.standing.status, step.standing.attempt))
            .collect())
    }

    #[test]
    fn a_step_stands_as_planned_until_a_row_or_an_attempt_says_otherwise() {
        let steps =
            laid(vec![row("a", StepStatus::Completed, false), row("c", StepStatus::Pending, true)], &[("c", 4)]);
        let expected = [
            ("planned a".to_owned(), StepStatus::Completed, 3),
            ("planned b".to_owned(), StepStatus::Pending, 0),
            ("added c".to_owned(), StepStatus::Running, 4),
        ];
        assert_eq!(steps.unwrap(), expected);
    }

    #[test]
    fn a_row_of_no_step_is_refused() {
        let refused = laid(vec![row("x", StepStatus::Pending, false)], &[]);
        assert!(matches!(refused, Err(DbError::Data(why)) if why.contains("step x is neither planned nor added")));
    }
}
