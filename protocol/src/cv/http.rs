//! Bodies and queries of routes that are not calls.

use super::ids::UploadId;
use super::status::{TaskType, UploadKind};
use crate::task::TaskStatus;
use crate::{DeviceId, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A page of a list. `next` goes into `?after=` to get the following page; null = the list ends here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Opaque.
    pub next: Option<String>,
}

/// Query of every list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PageQuery {
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<String>,
    /// Items of a page, 1 to 100; 20 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// Query of `GET /v1/tasks`, beside [`PageQuery`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TaskQuery {
    /// Only tasks in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<TaskStatus>,
    /// Only tasks of this kind.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub kind: Option<TaskType>,
    /// Only tasks of this device.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub device: Option<DeviceId>,
}

/// An uploaded file: the answer of `POST /v1/cv/uploads` (multipart, field `file`; `?kind=cv_pdf` for a CV, else a job
/// offer).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Upload {
    /// Its id, for `cv.generate` and `cv.import`.
    pub id: UploadId,
    /// What it is for.
    pub kind: UploadKind,
    /// Its name.
    pub filename: String,
    /// Its media type.
    pub mime_type: String,
    /// Its size.
    pub size_bytes: u32,
    /// Hex SHA-256 of its bytes.
    pub sha256: String,
    /// When it is dropped unless a task uses it.
    pub expires_at: Timestamp,
}

/// An address that a person gave (cv R18).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Link {
    /// Its id.
    pub id: String,
    /// The address.
    pub url: String,
    /// When it was last used.
    pub created_at: Timestamp,
}
