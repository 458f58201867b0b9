//! The last step: the new CV with its event, its debit and its statistics, in the step's own commit.

use super::{Made, Recipe};
use crate::cv::announce;
use crate::cv::calls::files::insert_generated;
use crate::cv::rules::resume;
use crate::cv::store::activity::{self, Telemetry};
use crate::cv::store::files::NewCv;
use crate::cv::store::{credits, files, new_id, tasks};
use estafette_actors::task::{StepOutput, TaskInfo};
use estafette_actors::{DbError, DbResult, StepError, Tx};
use serde_json::json;

/// The output of `save`: the document, checked, with the id that it will have.
///
/// # Errors
/// Another attempt of the steps before can help: the document is no JSON Resume.
pub(super) fn output(mut made: Made) -> Result<StepOutput, StepError> {
    made.content = resume::parse(made.content).map_err(|error| {
        StepError::fatal("not_a_resume", format!("the CV that was made is no JSON Resume: {error}"))
    })?;
    if made.language.is_none() {
        made.language = resume::language(&made.content);
    }
    Ok(StepOutput::of(json!({"cv_id": new_id(), "made": super::encoded(&made)?})))
}

/// Stores the CV (R10, R13, R14, R47) and tells.
///
/// # Errors
/// [`DbError`].
pub(super) async fn store(tx: &mut Tx<'_>, task: &TaskInfo, recipe: Recipe, id: &str, made: &Made) -> DbResult<()> {
    let owner = task.owner.as_ref().ok_or_else(|| DbError::Data("a CV needs an owner".to_owned()))?;
    let user = owner.as_str();
    let payment = tasks::payment(tx, task.id.as_str()).await?;
    let debit = payment.and_then(|payment| payment.transaction);
    // The offer may be gone by now (R17).
    let offer = match &made.job_offer_id {
        Some(offer) => crate::cv::store::offers::by_id(tx, user, offer).await?.map(|offer| offer.id),
        None => None,
    };
    let cv = NewCv {
        id,
        user,
        filename: "",
        content: &made.content,
        content_version: 1,
        source_type: made.source_type,
        source_value: made.source_value.as_deref(),
        job_offer_id: offer.as_ref().map(|offer| offer.as_str()),
        created_by: Some(made.created_by),
        language: made.language.as_deref(),
        pending: None,
        pending_source_version: None,
        credit_transaction_id: debit.as_deref(),
    };
    let mut head = insert_generated(tx, &cv).await?;
    if recipe == Recipe::Translate {
        head = files::mark_translated(tx, id, made.original_created_by).await?;
    }
    if let Some(debit) = &debit {
        credits::set_cv(tx, debit, id);
    }
    announce::created(tx, owner, &head)?;
    let event = Telemetry {
        user: Some(user.to_owned()),
        kind: recipe.telemetry(),
        category: "cv_management",
        metadata: json!({"cv_id": id, "task_id": task.id}),
        device: task.device.as_ref().map(|device| device.as_str().to_owned()),
        duration: None,
        status: "success",
        error: None,
    };
    activity::telemetry(tx, event);
    Ok(())
}
