//! What a generation works on: kept with the task, so that a CV that is edited meanwhile changes nothing.

use crate::cv::brain::types::Document;
use crate::cv::pipeline::source::Material;
use estafette_actors::task::{GroupKey, StepSpec, TaskInfo};
use estafette_actors::{DbError, StepError};
use estafette_protocol::cv::offer::JobOfferContent;
use estafette_protocol::cv::score::Suggestion;
use estafette_protocol::cv::status::GenerationMode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// What a generation works on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GenerationInput<'a> {
    /// The source's content when the task was accepted.
    pub content: &'a Value,
    /// Everything else.
    #[serde(flatten)]
    pub head: GenerationHead,
}

/// One offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferInput {
    /// `cv_generation_offers.id`.
    pub id: String,
    /// Its lane.
    pub index: u32,
    /// Where it is read from.
    pub source: SourceRef,
}

/// Where an offer is read from. A pasted text waits in the input of the subtask `extract`, a file in `uploads`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SourceRef {
    /// A page.
    Url {
        /// Its address.
        url: String,
    },
    /// A pasted text.
    Text,
    /// An uploaded PDF.
    Upload {
        /// `uploads.id`.
        id: String,
        /// Its name.
        filename: String,
        /// SHA-256 hex of its bytes.
        sha256: String,
    },
    /// An offer that was read before.
    Stored {
        /// `job_offers.id`.
        id: String,
        /// Its facts.
        content: Box<JobOfferContent>,
    },
    /// None: the CV is improved for itself (P2).
    None,
}

impl SourceRef {
    /// Whether it has to be read first.
    pub const fn needs_extraction(&self) -> bool {
        matches!(self, Self::Url { .. } | Self::Text | Self::Upload { .. })
    }

    /// The uploaded file.
    pub fn upload(&self) -> Option<&str> {
        match self {
            Self::Upload { id, .. } => Some(id),
            _ => None,
        }
    }

    /// What is to be read; `text` is the pasted one.
    pub fn material(&self, text: Option<String>) -> Option<Material> {
        match self {
            Self::Url { url } => Some(Material::Url(url.clone())),
            Self::Text => text.map(Material::Text),
            Self::Upload { id, filename, sha256 } => {
                Some(Material::Pdf { upload: id.clone(), filename: filename.clone(), sha256: sha256.clone() })
            }
            Self::Stored { .. } | Self::None => None,
        }
    }
}

impl OfferInput {
    /// The kinds of its steps that are known from the start.
    pub fn static_kinds(&self) -> Vec<&'static str> {
        let mut kinds = Vec::with_capacity(7);
        if self.source.needs_extraction() {
            kinds.push("extract");
        }
        kinds.extend(["classify", "batch_extras", "batch_skills", "batch_summary", "recompose"]);
        if self.source != SourceRef::None {
            kinds.push("match_score");
        }
        kinds
    }
}

/// The input without the document, which is looked at where it is ([`content`], [`document`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerationHead {
    /// New CVs, or changes in place.
    pub mode: GenerationMode,
    /// The source.
    pub source_cv_id: String,
    /// Its name.
    pub source_filename: String,
    /// Its language, where known.
    pub language: Option<String>,
    /// What its last score suggested (P2).
    pub suggestions: Vec<Suggestion>,
    /// The day for which years are counted.
    pub today: String,
    /// The offers.
    pub offers: Vec<OfferInput>,
}

const CONTENT: &str = "content";

/// The source's content when the task was accepted.
///
/// # Errors
/// [`DbError::Data`]: a defect of whoever started the task.
pub fn content(task: &TaskInfo) -> Result<&Value, DbError> {
    task.input.get(CONTENT).ok_or_else(|| DbError::Data("a generation without a document".to_owned()))
}

/// The same, shared with the task.
///
/// # Errors
/// As for [`content`].
pub fn document(task: &Arc<TaskInfo>) -> Result<Document, DbError> {
    struct Content(Arc<TaskInfo>);
    impl AsRef<Value> for Content {
        fn as_ref(&self) -> &Value {
            &self.0.input[CONTENT]
        }
    }
    content(task)?;
    Ok(Document::part_of(Content(Arc::clone(task))))
}

/// What whoever runs steps, or plans them, says of an input that is not a generation's.
///
/// # Errors
/// The error, as a final one of a step.
pub fn known<T>(read: Result<T, DbError>) -> Result<T, StepError> {
    read.map_err(|error| StepError::fatal("bad_input", error.to_string()))
}

impl GenerationHead {
    /// The head of a task's input.
    ///
    /// # Errors
    /// [`DbError::Data`]: a defect of whoever started the task.
    pub fn of(task: &TaskInfo) -> Result<Self, DbError> {
        Self::deserialize(&task.input).map_err(|error| DbError::Data(error.to_string()))
    }
}

/// What a step belongs to: its own input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRef {
    /// `cv_generation_offers.id`.
    pub offer_id: String,
    /// The lane.
    pub offer_index: u32,
    /// The experience or project.
    pub item_index: Option<u32>,
}

impl StepRef {
    /// What a step belongs to.
    ///
    /// # Errors
    /// [`DbError::Data`]: a defect of the plan.
    pub fn of(spec: &StepSpec) -> Result<Self, DbError> {
        Self::deserialize(&spec.input).map_err(|error| DbError::Data(error.to_string()))
    }
}

/// The group of an offer's steps.
pub fn group(offer_index: u32) -> GroupKey {
    GroupKey::new(format!("offer-{offer_index}"))
}

/// The lane of a group.
pub fn lane(group: &GroupKey) -> Option<u32> {
    group.as_str().strip_prefix("offer-").and_then(|index| index.parse().ok())
}
