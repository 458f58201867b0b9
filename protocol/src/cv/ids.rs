//! Identifiers of the CV product. Each is made by the server (CUID2); clients treat them as opaque texts.

use crate::ids::{InvalidId, ids, word};
use crate::limits::MAX_ID_BYTES;
use serde::{Deserialize, Serialize};

ids! {
    /// A CV (`cv_files.id`).
    CvId, "CV id", MAX_ID_BYTES, word, "A-Z, a-z, 0-9, _ and -";
    /// A job offer (`job_offers.id`).
    JobOfferId, "job offer id", MAX_ID_BYTES, word, "A-Z, a-z, 0-9, _ and -";
    /// A proposed change of a CV, unique within the CV.
    ChangeId, "change id", MAX_ID_BYTES, word, "A-Z, a-z, 0-9, _ and -";
    /// A row of the credit ledger (`credit_transactions.id`).
    TransactionId, "transaction id", MAX_ID_BYTES, word, "A-Z, a-z, 0-9, _ and -";
    /// An uploaded file (`uploads.id`).
    UploadId, "upload id", MAX_ID_BYTES, word, "A-Z, a-z, 0-9, _ and -";
    /// A kept version of a CV (`cv_versions.id`).
    VersionId, "version id", MAX_ID_BYTES, word, "A-Z, a-z, 0-9, _ and -";
    /// A way to export CVs (`export_templates.id`).
    ExportTemplateId, "export template id", MAX_ID_BYTES, word, "A-Z, a-z, 0-9, _ and -";
    /// One offer within a generation (`cv_generation_offers.id`).
    OfferRunId, "generation offer id", MAX_ID_BYTES, word, "A-Z, a-z, 0-9, _ and -";
}
