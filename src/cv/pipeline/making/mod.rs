//! The tasks that end with one new CV (R13): `import-pdf` (P3), `translate-cv` (P4), `create-template-cv` (P5) and
//! `generate-cv-from-job-title` (P6). They differ in their steps; all end with `save`, whose commit stores the CV, and all
//! give their unit back when they fail or are cancelled.
//!
//! | module | holds |
//! |---|---|
//! | [`import`] | text → structure, part by part → validate |
//! | [`translate`] | load → translate, section by section → recompose |
//! | [`template`] | build |
//! | [`job_title`] | outline → parts → recompose |
//! | [`save`] | what the last step writes |

pub mod import;
pub mod job_title;
pub mod save;
pub mod template;
pub mod translate;

use super::{CREATE_TEMPLATE_CV, GENERATE_CV_FROM_JOB_TITLE, IMPORT_PDF, TRANSLATE_CV, lock_owner, not_well};
use crate::cv::ledger;
use crate::cv::model::status::TaskState;
use crate::cv::services::Services;
use crate::cv::store::{activity, settings, tasks, uploads};
use estafette_actors::task::{
    EventFields, StepCtx, StepOutput, StepSpec, StepView, TaskEnd, TaskInfo, TaskKind, TaskSummary,
};
use estafette_actors::{CallError, DbError, DbResult, StepError, Tx};
use estafette_protocol::StepKey;
use estafette_protocol::cv::status::{CreatedBy, SourceType};
use estafette_protocol::task::TaskStatus;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Bound of a step that asks a model.
const ASK_TIMEOUT: Duration = Duration::from_secs(90);
/// Bound of a step that computes or stores.
const OWN_TIMEOUT: Duration = Duration::from_secs(30);

/// What a task works on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum MakingInput {
    /// P3.
    Import {
        /// `uploads.id`.
        upload: String,
        /// Its name.
        filename: String,
    },
    /// P4.
    Translate {
        /// The CV.
        cv_id: String,
        /// Its language, where it is known.
        from: Option<String>,
        /// The language of the new one.
        language: String,
    },
    /// P5.
    Template {
        /// Which.
        template: String,
        /// The language.
        language: String,
        /// Who it is for, as far as the account says it.
        name: Option<String>,
        /// Where they are reached.
        email: Option<String>,
    },
    /// P6.
    JobTitle {
        /// The job's title.
        title: String,
        /// The language.
        language: String,
    },
}

/// The CV that a task made: the output of its last step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// The document.
    pub content: Value,
    /// ISO 639-1.
    pub language: Option<String>,
    /// What it came from.
    pub source_type: SourceType,
    /// File name, job title or address.
    pub source_value: Option<String>,
    /// The offer that it is for.
    pub job_offer_id: Option<String>,
    /// How it was made.
    pub created_by: CreatedBy,
    /// R14: how the original was made; only for a translation.
    pub original_created_by: Option<CreatedBy>,
    /// Told with the task's result.
    pub notes: Value,
}

/// Which of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// P3.
    Import,
    /// P4.
    Translate,
    /// P5.
    Template,
    /// P6.
    JobTitle,
}

impl Recipe {
    /// The kind of task.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Import => IMPORT_PDF,
            Self::Translate => TRANSLATE_CV,
            Self::Template => CREATE_TEMPLATE_CV,
            Self::JobTitle => GENERATE_CV_FROM_JOB_TITLE,
        }
    }
    /// The feature whose unit it takes (1.9).
    pub const fn feature(self) -> &'static str {
        match self {
            Self::Import => "import_pdf",
            Self::Translate => "translate_cv",
            Self::Template => "create_template_cv",
            Self::JobTitle => "generate_cv_from_job_title",
        }
    }
    /// What statistics call it.
    const fn telemetry(self) -> &'static str {
        match self {
            Self::Import => "CV_IMPORTED",
            Self::Translate => "CV_TRANSLATED",
            Self::Template => "CV_CREATED_FROM_TEMPLATE",
            Self::JobTitle => "CV_GENERATED_FROM_JOB_TITLE",
        }
    }
}

/// One of the four kinds.
pub struct Making {
    recipe: Recipe,
    services: Arc<Services>,
}

impl Making {
    /// With what it works with.
    pub const fn new(recipe: Recipe, services: Arc<Services>) -> Self {
        Self { recipe, services }
    }
}

fn input(task: &TaskInfo) -> Result<MakingInput, DbError> {
    MakingInput::deserialize(&task.input).map_err(|error| DbError::Data(error.to_string()))
}

fn key(name: &str) -> Result<StepKey, StepError> {
    StepKey::parse(name).map_err(|error| StepError::fatal("bad_graph", error.to_string()))
}

/// `kind[part]`.
fn part_key(kind: &str, part: &str) -> Result<StepKey, StepError> {
    key(&format!("{kind}[{part}]"))
}

/// A step that computes or stores.
fn own(name: &str, after: Vec<StepKey>) -> Result<StepSpec, StepError> {
    Ok(StepSpec::new(key(name)?, name).after(after).weighing(1).within(OWN_TIMEOUT))
}

/// A step that asks a model for one part.
fn asking(kind: &str, part: &str, after: StepKey) -> Result<StepSpec, StepError> {
    Ok(StepSpec::new(part_key(kind, part)?, kind)
        .after([after])
        .weighing(3)
        .within(ASK_TIMEOUT)
        .with_input(json!({"section": part}))
        .labelled("section", part))
}

/// The part that a step is for.
fn part_of(ctx: &StepCtx) -> Result<String, StepError> {
    let part = ctx.step.input.get("section").and_then(Value::as_str);
    part.map(str::to_owned).ok_or_else(|| StepError::fatal("bad_graph", "a step without its section"))
}

fn encoded(value: &impl Serialize) -> Result<Value, StepError> {
    serde_json::to_value(value).map_err(|error| StepError::fatal("bad_output", error.to_string()))
}

fn decoded<T: DeserializeOwned>(value: &Value) -> Result<T, StepError> {
    T::deserialize(value).map_err(|error| StepError::fatal("bad_output", error.to_string()))
}

/// The owner of a task: these cost AI, so nobody anonymous has them (G8).
fn owner_of(ctx: &StepCtx) -> Result<&str, StepError> {
    let owner = ctx.task.owner.as_ref().map(|owner| owner.as_str());
    owner.ok_or_else(|| StepError::fatal("bad_input", "the task has no owner"))
}

/// The files that a task reads.
fn files_of(input: &MakingInput) -> Vec<String> {
    match input {
        MakingInput::Import { upload, .. } => vec![upload.clone()],
        _ => Vec::new(),
    }
}

#[async_trait::async_trait(?Send)]
impl TaskKind for Making {
    fn name(&self) -> &'static str {
        self.recipe.kind()
    }

    fn beside_others(&self) -> bool {
        true
    }

    fn plan(&self, task: &TaskInfo) -> Result<Vec<StepSpec>, StepError> {
        input(task)?;
        match self.recipe {
            Recipe::Import => import::plan(),
            Recipe::Translate => translate::plan(),
            Recipe::Template => template::plan(),
            Recipe::JobTitle => job_title::plan(),
        }
    }

    async fn run(&self, ctx: &StepCtx) -> Result<StepOutput, StepError> {
        let input = input(&ctx.task)?;
        match self.recipe {
            Recipe::Import => import::run(&self.services, ctx, &input).await,
            Recipe::Translate => translate::run(&self.services, ctx, &input).await,
            Recipe::Template => template::run(ctx, &input),
            Recipe::JobTitle => job_title::run(&self.services, ctx, &input).await,
        }
    }

    async fn on_started(&self, tx: &mut Tx<'_>, task: &TaskInfo) -> DbResult<EventFields> {
        tasks::move_to(tx, task.id.as_str(), TaskState::Running, None, None);
        Ok(EventFields::new())
    }

    async fn on_requeued(&self, tx: &mut Tx<'_>, task: &TaskInfo) -> DbResult<EventFields> {
        tasks::move_to(tx, task.id.as_str(), TaskState::Queued, None, None);
        Ok(EventFields::new())
    }

    async fn on_step_completed(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        step: &StepView<'_>,
        output: &StepOutput,
    ) -> DbResult<()> {
        // G8: a device without a person has no CVs; the document is its task's result.
        if step.spec.kind != "save" || task.owner.is_none() {
            return Ok(());
        }
        lock_owner(tx, task).await?;
        let made = Made::deserialize(&output.output["made"]).map_err(|error| DbError::Data(error.to_string()))?;
        let id = output.output["cv_id"].as_str().unwrap_or_default();
        save::store(tx, task, self.recipe, id, &made).await
    }

    async fn on_ended(&self, tx: &mut Tx<'_>, task: &TaskInfo, summary: &TaskSummary) -> DbResult<TaskEnd> {
        lock_owner(tx, task).await?;
        let id = task.id.as_str();
        self.release(tx, task).await?;
        let Some(error) = &summary.error else {
            let saved = summary.steps.iter().find(|(spec, ..)| spec.kind == "save").map(|(.., output)| output);
            let field = |name: &str| saved.and_then(|output| output.get(name)).cloned().unwrap_or_default();
            let notes = saved.and_then(|output| output.pointer("/made/notes")).cloned().unwrap_or_default();
            let result = if task.owner.is_some() {
                json!({"cv_id": field("cv_id"), "notes": notes})
            } else {
                let content = saved.and_then(|output| output.pointer("/made/content")).cloned();
                json!({"content": content, "notes": notes})
            };
            tasks::move_to(tx, id, TaskState::Completed, None, Some(&result));
            if let Some(owner) = &task.owner {
                let took = super::score::took(tx, id).await?;
                activity::feature_used(tx, owner.as_str(), self.recipe.feature(), took);
            }
            return Ok(TaskEnd { status: TaskStatus::Completed, result, error: None, fields: EventFields::new() });
        };
        // The word with the sentence: whoever shows it in another language needs the word.
        let result = json!({"error_code": error.code});
        tasks::move_to(tx, id, TaskState::Failed, Some(&error.message), Some(&result));
        let fields = not_well(self.refund(tx, task).await?);
        Ok(TaskEnd { status: TaskStatus::Failed, result, error: Some(error.message.clone()), fields })
    }

    async fn on_cancelled(&self, tx: &mut Tx<'_>, task: &TaskInfo, _open: &[StepSpec]) -> DbResult<EventFields> {
        lock_owner(tx, task).await?;
        tasks::move_to(tx, task.id.as_str(), TaskState::Cancelled, None, None);
        self.release(tx, task).await?;
        Ok(not_well(self.refund(tx, task).await?))
    }

    async fn on_retried(
        &self,
        tx: &mut Tx<'_>,
        task: &TaskInfo,
        _reopened: &[StepSpec],
    ) -> Result<EventFields, CallError> {
        lock_owner(tx, task).await?;
        let mut fields = EventFields::new();
        if let Some(owner) = &task.owner {
            let settings = settings::read(tx).await?;
            let reserved = ledger::reserve(tx, &settings, owner, self.recipe.feature(), Some(&task.id), 1).await?;
            reserved.say(tx, &task.id, 1);
            fields.insert("credits_debited".to_owned(), json!(reserved.credits_debited));
            uploads::keep(tx, owner.as_str(), &files_of(&input(task)?)).await?;
        }
        tasks::move_to(tx, task.id.as_str(), TaskState::Queued, None, None);
        Ok(fields)
    }
}

impl Making {
    /// G12: the file stays for another day, so that a failed task can be tried again.
    async fn release(&self, tx: &Tx<'_>, task: &TaskInfo) -> DbResult<()> {
        match &task.owner {
            Some(owner) => uploads::keep(tx, owner.as_str(), &files_of(&input(task)?)).await,
            None => Ok(()),
        }
    }

    /// R46.
    async fn refund(&self, tx: &mut Tx<'_>, task: &TaskInfo) -> DbResult<EventFields> {
        let mut fields = EventFields::new();
        if let Some(owner) = &task.owner {
            let credits = ledger::refund_task(tx, owner, &task.id, self.recipe.feature()).await?;
            fields.insert("credits_refunded".to_owned(), json!(credits));
        }
        Ok(fields)
    }
}
