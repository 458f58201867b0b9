//! Parameters and result of each call. Unknown fields are ignored. Each call also takes an idempotency key beside its
//! parameters.

use super::change::ReviewDecision;
use super::ids::{CvId, ExportTemplateId, JobOfferId, UploadId};
use super::patch::PatchOperation;
use super::status::{ExportDesign, ExportFormat, GenerationMode};
use crate::{TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use ts_rs::TS;

/// Parameters of `cv.create`. Result: [`super::file::CvFile`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CreateCv {
    /// Its name, unique per person; made by the server when missing (cv R10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub filename: Option<String>,
    /// The document.
    #[ts(type = "JsonResume")]
    #[cfg_attr(feature = "schemars", schemars(with = "super::resume::JsonResume"))]
    pub content: Value,
}

/// Parameters of `cv.update`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct UpdateCv {
    /// The CV.
    pub id: CvId,
    /// The revision that the patch was made for; another one is a `conflict` with [`RevConflict`] in `details`.
    #[ts(type = "number")]
    pub rev: i64,
    /// The change (RFC 6902).
    pub patch: Vec<PatchOperation>,
}

/// Result of `cv.update`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Updated {
    /// The revision after it.
    #[ts(type = "number")]
    pub rev: i64,
}

/// `details` of the `conflict` of `cv.update`: what to rebase on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct RevConflict {
    /// The newest revision.
    #[ts(type = "number")]
    pub rev: i64,
    /// The patches from the caller's revision to the newest, in order; null when the server no longer has them: read
    /// the CV again.
    pub patches: Option<Vec<RevPatch>>,
}

/// A patch that somebody else made meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct RevPatch {
    /// The revision after it.
    #[ts(type = "number")]
    pub rev: i64,
    /// What (RFC 6902).
    pub patch: Vec<PatchOperation>,
}

/// Parameters of `task.test`: a task whose steps only wait, to see one run. Costs nothing. Result: [`TaskStarted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct StartTest {
    /// Its id; made by the server when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub id: Option<TaskId>,
    /// Steps, one after the other, 1 to 200; 1 when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub steps: Option<u32>,
    /// How long each waits, milliseconds, at most 60 000; 0 when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub latency_ms: Option<u64>,
    /// The step that fails for good, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub fail_at: Option<u32>,
    /// Whether a step may begin when those before it are done and not durable yet, as steps without any effect may; true
    /// when missing. Each is committed in either case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub pure: Option<bool>,
    /// While its steps wait, one volatile `test.live` on the task's topic in so many microseconds, 500 to 60 000 000;
    /// none when missing. A server bounds how many a second it makes (`test-live-per-second`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub live_every_us: Option<u64>,
    /// Characters of text in each of them, at most 4096; none when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub live_bytes: Option<u32>,
    /// Keys that they take in turn, 1 to 4096; one when missing. Of a key only the newest is sure to arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub live_keys: Option<u32>,
}

/// Parameters of `cv.rename`. Result: [`super::file::CvFile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct RenameCv {
    /// The CV.
    pub id: CvId,
    /// Its new name.
    pub filename: String,
}

/// Parameters of `cv.delete`. Result: [`super::file::CvSummary`] as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DeleteCv {
    /// The CV.
    pub id: CvId,
}

/// Parameters of `job_offer.delete`. Result: the offer as it was; its CVs lose the reference (cv R17).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct JobOfferRef {
    /// The offer.
    pub id: JobOfferId,
}

/// Parameters of `cv.set_offer`. Result: [`super::file::CvFile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SetOffer {
    /// The CV.
    pub id: CvId,
    /// The offer that it is scored against; null = none.
    pub job_offer_id: Option<JobOfferId>,
}

/// Parameters of `cv.import` on the socket: a file that was uploaded with `POST /v1/cv/uploads` before. Over HTTP the
/// file itself is the body (multipart).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ImportCv {
    /// The PDF.
    pub upload_id: UploadId,
}

/// Parameters of `cv.translate` (cv R14). Result: [`TaskStarted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TranslateCv {
    /// The CV.
    pub id: CvId,
    /// The language to translate it to, ISO 639-1 (`fr`).
    pub language: String,
}

/// Parameters of `cv.create_template`. Result: [`TaskStarted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CreateTemplateCv {
    /// The language that it is written in: `en` or `fr`.
    pub language: String,
    /// Which template: `blank`, `developer`, `manager` or `student`.
    pub template: String,
}

/// Parameters of `cv.from_job_title`. Result: [`TaskStarted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct FromJobTitle {
    /// The job's title, 2 to 120 characters.
    pub title: String,
    /// The language that it is written in, ISO 639-1 (`fr`).
    pub language: String,
}

/// Result of every call that starts a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TaskStarted {
    /// The task: subscribe to `task:{id}`.
    pub task_id: TaskId,
}

/// One offer of `cv.generate`: an object with exactly one of these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OfferSource {
    /// A public web page.
    Url(String),
    /// The offer's text.
    Text(String),
    /// A PDF that was uploaded before.
    UploadId(UploadId),
    /// An offer that is stored already.
    JobOfferId(JobOfferId),
}

/// Parameters of `cv.generate`. Result: [`TaskStarted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Generate {
    /// The CV to start from.
    pub source_cv_id: CvId,
    /// A new CV for each offer, or changes in place.
    pub mode: GenerationMode,
    /// 1 to `generation_max_offers` offers to adapt to; at most one to optimise for (none: the CV's own offer).
    #[serde(default)]
    #[ts(as = "Option<Vec<OfferSource>>", optional)]
    pub offers: Vec<OfferSource>,
}

/// Parameters of `cv.score`. Result: [`TaskStarted`]; while one runs, its id (cv R36).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ScoreCv {
    /// The CV.
    pub id: CvId,
    /// The offer; becomes the CV's own. Missing: the CV's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub job_offer_id: Option<JobOfferId>,
}

/// Parameters of `cv.review`. Result: [`super::file::CvFile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Review {
    /// The CV.
    pub id: CvId,
    /// What is decided, all or none. A change that was decided the same way before is left as it is.
    pub decisions: Vec<ReviewDecision>,
}

/// Parameters of `cv.restore`. Result: [`super::file::CvFile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Restore {
    /// The CV.
    pub id: CvId,
    /// The version to bring back.
    pub version: i32,
}

/// Parameters of `cv.export`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ExportCv {
    /// The CV.
    pub id: CvId,
    /// The format.
    pub format: ExportFormat,
    /// One of the person's export templates: which sections, and the design of a PDF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub template_id: Option<ExportTemplateId>,
    /// The design of a PDF; wins over the template's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub design: Option<ExportDesign>,
}

/// What becomes of one section of a CV when it is exported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SectionChoice {
    /// Whether it is in the document.
    pub enabled: bool,
    /// `max_items` (a number: only the first so many entries), `title` (a text: another heading), `hide` (a list of field
    /// names that are left out of each entry).
    #[serde(default, skip_serializing_if = "Value::is_null")]
    #[ts(type = "{ max_items?: number, title?: string, hide?: Array<string> } | null", optional)]
    pub options: Value,
}

/// A person's way to export their CVs (`export_templates`; cv R21: its name is unique per person).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ExportTemplate {
    /// Its id.
    pub id: ExportTemplateId,
    /// Its name.
    pub name: String,
    /// The design of a PDF.
    pub design: ExportDesign,
    /// Sections (`basics`, `work`, …) with what becomes of them; a section that is not named is in the document.
    pub selections: BTreeMap<String, SectionChoice>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Parameters of `export_template.create`. Result: [`ExportTemplate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CreateExportTemplate {
    /// Its name, 1 to 80 characters.
    pub name: String,
    /// The design of a PDF; `classic` when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub design: Option<ExportDesign>,
    /// As in [`ExportTemplate`].
    #[serde(default)]
    #[ts(as = "Option<BTreeMap<String, SectionChoice>>", optional)]
    pub selections: BTreeMap<String, SectionChoice>,
}

/// Parameters of `export_template.update`: what is missing stays. Result: [`ExportTemplate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct UpdateExportTemplate {
    /// Which.
    pub id: ExportTemplateId,
    /// Its new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// Its new design.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub design: Option<ExportDesign>,
    /// All its selections anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub selections: Option<BTreeMap<String, SectionChoice>>,
}

/// Parameters of `export_template.get` and `export_template.delete`. Result: [`ExportTemplate`] (as it was).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ExportTemplateRef {
    /// Which.
    pub id: ExportTemplateId,
}

/// Result of `cv.export` on the socket: one of `document` and `base64` is there. Over HTTP the document itself is the
/// body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Exported {
    /// A file name for it.
    pub filename: String,
    /// Its media type.
    pub mime_type: String,
    /// The document, for format `json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "JsonResume")]
    pub document: Option<Value>,
    /// The document's bytes in base64 (RFC 4648, with padding), for format `pdf`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub base64: Option<String>,
}

/// Parameters of `task.cancel` and `task.retry`. Result: [`super::task::TaskView`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TaskRef {
    /// The task.
    pub id: TaskId,
}
