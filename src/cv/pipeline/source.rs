//! Reading a job offer from an address, a PDF or a text: what is stored already is found again (R16), the rest is read by
//! the model, which gets the page's own facts first (schema.org `JobPosting`), then its text.

use super::ask::{self, Question};
use crate::ai::CallOrigin;
use crate::cv::brain::types::{Extraction, OfferSource};
use crate::cv::rules::offers as rules;
use crate::cv::services::Services;
use crate::cv::store::offers::{self, NewOffer};
use crate::cv::store::uploads;
use crate::cv::topics;
use crate::extract::{html, markdown};
use crate::fetch::Content;
use estafette_actors::{Db, DbError, DbResult, StepError, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::event::user::JobOfferEvent;
use estafette_protocol::cv::offer::{JobOffer, JobOfferContent};
use estafette_protocol::cv::status::OfferSourceType;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// Bound of the model's part of an extraction.
const ASK_TIMEOUT: Duration = Duration::from_secs(45);

/// Where an offer is to be read from; checked before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// A public page.
    Url(String),
    /// A text.
    Text(String),
    /// An uploaded PDF.
    Pdf {
        /// `uploads.id`.
        upload: String,
        /// Its name.
        filename: String,
        /// SHA-256 hex of its bytes.
        sha256: String,
    },
}

/// What was read. The output of step `extract`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extracted {
    /// The stored offer that it is, where it was read before (R16).
    pub stored: Option<String>,
    /// Where it came from.
    pub source_type: OfferSourceType,
    /// URL, file name, or `text:` and hash.
    pub source_value: String,
    /// SHA-256 hex of the PDF or text.
    pub content_hash: Option<String>,
    /// The address that was used, for the history of links (R18).
    pub url: Option<String>,
    /// The facts.
    pub content: JobOfferContent,
    /// ISO 639-1, where it could be told.
    pub language: Option<String>,
    /// What read them.
    pub model: String,
    /// Tokens that took.
    pub tokens: i32,
    /// Model, tokens, cost: for the step's report.
    #[serde(skip)]
    pub report: Map<String, Value>,
}

impl Extracted {
    fn reused(offer: JobOffer, content_hash: Option<String>, url: Option<String>) -> Self {
        Self {
            stored: Some(offer.id.as_str().to_owned()),
            source_type: offer.source_type,
            source_value: offer.source_value,
            content_hash,
            url,
            content: offer.content,
            language: None,
            model: offer.extraction_model,
            tokens: 0,
            report: Map::new(),
        }
    }
}

/// Reads an offer. `step`: on whose behalf and after which error, where a step asks.
///
/// # Errors
/// A step's error: final for what is no offer, for a page that is not there, for a PDF without text.
pub async fn extract(
    services: &Services,
    db: &Db,
    user: &UserId,
    material: &Material,
    step: Option<(CallOrigin, Option<&str>)>,
    on_text: &mut dyn FnMut(&str),
) -> Result<Extracted, StepError> {
    let (source_type, value, hash, url) = match material {
        Material::Url(url) => (OfferSourceType::Url, url.clone(), None, Some(url.clone())),
        Material::Text(text) => {
            let hash = rules::sha256_hex(text.as_bytes());
            (OfferSourceType::Text, rules::text_source_value(&hash), Some(hash), None)
        }
        Material::Pdf { filename, sha256, .. } => (OfferSourceType::Pdf, filename.clone(), Some(sha256.clone()), None),
    };
    // A PDF is recognised by its bytes alone: another file of the same name is another offer (D23).
    let by_value = (source_type != OfferSourceType::Pdf).then_some(value.as_str());
    if let Some(offer) = offers::by_source(db, user.as_str(), by_value, hash.as_deref()).await? {
        return Ok(Extracted::reused(offer, hash, url));
    }
    let input = read(services, db, user, material).await?;
    let settings = services.settings(db).await?;
    let (origin, last_error) = step.unwrap_or_else(|| (ask::origin_of(user), None));
    let question = Question {
        feature: "job_extraction",
        step: "extract",
        model: settings.extraction_model(),
        timeout: ASK_TIMEOUT,
        last_error,
    };
    let answer = ask::ask::<Extraction>(&services.models, question, origin, &Arc::new(input), on_text).await?;
    let report = answer.report();
    if !answer.output.is_job_offer {
        let reason = answer.output.refusal.unwrap_or_else(|| "this is not a job offer".to_owned());
        return Err(StepError::fatal("not_a_job_offer", reason).with_report(report));
    }
    Ok(Extracted {
        stored: None,
        source_type,
        source_value: value,
        content_hash: hash,
        url,
        content: answer.output.offer,
        language: answer.output.language,
        model: answer.usage.model_used.clone(),
        tokens: i32::try_from(answer.usage.total_tokens()).unwrap_or(i32::MAX),
        report,
    })
}

async fn read(services: &Services, db: &Db, user: &UserId, material: &Material) -> Result<OfferSource, StepError> {
    match material {
        Material::Text(text) => Ok(of_text(text)),
        Material::Pdf { upload, .. } => {
            let bytes = uploads::bytes(db, user.as_str(), upload).await?;
            let bytes =
                bytes.ok_or_else(|| StepError::fatal("upload_gone", "the uploaded file is gone: upload it again"))?;
            of_pdf(services, bytes, None).await
        }
        Material::Url(url) => {
            let fetched = services.fetcher.fetch(url).await?;
            let at = Some(fetched.url.to_string());
            match fetched.content {
                Content::Html(page) => of_page(page, at).await,
                Content::Text(text) => Ok(OfferSource { url: at, ..of_text(&text) }),
                Content::Pdf(bytes) => of_pdf(services, bytes, at).await,
            }
        }
    }
}

fn of_text(text: &str) -> OfferSource {
    let parsed = markdown::parse(text);
    OfferSource { text: parsed.text, meta: parsed.facts, ..OfferSource::default() }
}

async fn of_pdf(services: &Services, bytes: Vec<u8>, url: Option<String>) -> Result<OfferSource, StepError> {
    let read = services.documents.reader.text(bytes).await?;
    Ok(OfferSource { url, text: read.text, ..OfferSource::default() })
}

async fn of_page(page: String, url: Option<String>) -> Result<OfferSource, StepError> {
    let page = html::page(page).await.map_err(|error| StepError::fatal("bad_page", error.to_string()))?;
    Ok(OfferSource {
        url,
        title: page.title,
        lang: page.lang,
        text: page.text,
        job_posting: page.job_postings.into_iter().next(),
        meta: page.meta,
    })
}

/// Stores what was read, unless it is stored already, and tells of a new offer. Returns it, and whether it is new.
///
/// # Errors
/// [`DbError`].
pub async fn store(tx: &mut Tx<'_>, user: &UserId, extracted: &Extracted) -> DbResult<(JobOffer, bool)> {
    if let Some(id) = &extracted.stored
        && let Some(offer) = offers::by_id(tx, user.as_str(), id).await?
    {
        return Ok((offer, false));
    }
    let mut value = extracted.source_value.clone();
    if let (OfferSourceType::Pdf, Some(hash)) = (extracted.source_type, &extracted.content_hash) {
        for n in 1..=rules::MAX_NAME_TRIES {
            value = rules::numbered_name(&extracted.source_value, n);
            if !offers::name_taken(tx, user.as_str(), &value, hash).await? {
                break;
            }
        }
    }
    let new = NewOffer {
        source_type: extracted.source_type,
        source_value: &value,
        content_hash: extracted.content_hash.as_deref(),
        content: &extracted.content,
        extraction_model: &extracted.model,
        tokens_used: extracted.tokens,
    };
    let (offer, is_new) = offers::insert(tx, user.as_str(), &new).await?;
    if is_new {
        tx.emit(&topics::user(user), "job_offer.created", &event_of(&offer))?;
    }
    Ok((offer, is_new))
}

/// What events tell of an offer.
pub fn event_of(offer: &JobOffer) -> JobOfferEvent {
    JobOfferEvent {
        id: offer.id.clone(),
        source_type: offer.source_type,
        source_value: offer.source_value.clone(),
        title: offer.content.title.clone(),
        company: offer.content.company.clone(),
    }
}

/// A row that should be there is not: a defect, not a lost race.
pub fn vanished(what: &str) -> DbError {
    DbError::Data(format!("{what} vanished"))
}
