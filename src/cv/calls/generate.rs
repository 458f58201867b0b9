//! `cv.generate`: one new CV per offer (adapt, P1), or changes in place (optimize, P2).

use super::begin::Begin;
use super::{encode, not_blocked, own_cv};
use crate::cv::announce;
use crate::cv::ledger;
use crate::cv::model::status::OptimiseState;
use crate::cv::pipeline::generation::input::{GenerationHead, GenerationInput, OfferInput, SourceRef};
use crate::cv::pipeline::{GENERATE_CV, IMPROVE_CV};
use crate::cv::rules::{offers as sources, titles};
use crate::cv::store::files::CvRow;
use crate::cv::store::generations::{NewGeneration, NewRun};
use crate::cv::store::settings::Settings;
use crate::cv::store::{files, generations, new_id, offers, tasks, uploads};
use chrono::Utc;
use estafette_actors::task::NewTask;
use estafette_actors::{CallCtx, CallError, Tx};
use estafette_protocol::cv::call::{Generate, OfferSource, TaskStarted};
use estafette_protocol::cv::status::{GenerationMode, UploadKind};
use estafette_protocol::{TaskId, UserId};
use serde_json::{Value, json};

/// `cv.generate`.
///
/// # Errors
/// `bad_request` for bad sources, `not_found` for a CV or offer that is not theirs, `forbidden` for a blocked source,
/// `limit_exceeded` above `generation_max_offers`, `conflict` for an optimisation beside another or beside open changes,
/// `insufficient_credits`. Nothing is created then.
pub async fn generate(ctx: &CallCtx, settings: &Settings, params: Value) -> Result<Value, CallError> {
    let params: Generate = super::parse(params)?;
    let max = settings.generation_max_offers();
    if params.offers.len() > max {
        let message = format!("a generation takes at most {max} offers");
        return Err(
            CallError::new(estafette_protocol::ErrorCode::LimitExceeded, message).with_details(json!({"limit": max}))
        );
    }
    match (params.mode, params.offers.len()) {
        (GenerationMode::Adapt, 0) => {
            return Err(CallError::bad_request("name at least one job offer to adapt the CV to"));
        }
        (GenerationMode::Optimize, n) if n > 1 => {
            return Err(CallError::bad_request("an optimisation takes one job offer at most"));
        }
        _ => {}
    }
    let given: Vec<Given> = params.offers.iter().map(check).collect::<Result<_, _>>()?;
    let id = NewTask::new_id();
    ctx.transaction(async |tx| {
        let row = own_cv(tx, &ctx.who.user, &params.source_cv_id).await?;
        not_blocked(&row)?;
        let started = match params.mode {
            GenerationMode::Adapt => adapt(tx, ctx, settings, &id, &row, &given).await?,
            GenerationMode::Optimize => optimize(tx, ctx, settings, &id, &row, &given).await?,
        };
        encode(&started)
    })
    .await
}

/// A source that has passed its check.
enum Given {
    Url(String),
    Text(String),
    Upload(String),
    Stored(String),
}

fn check(source: &OfferSource) -> Result<Given, CallError> {
    Ok(match source {
        OfferSource::Url(url) => Given::Url(sources::check_url(url).map_err(CallError::bad_request)?),
        OfferSource::Text(text) => Given::Text(sources::check_text(text).map_err(CallError::bad_request)?),
        OfferSource::UploadId(id) => Given::Upload(id.as_str().to_owned()),
        OfferSource::JobOfferId(id) => Given::Stored(id.as_str().to_owned()),
    })
}

/// An offer on its way into the task: what the engine gets, and what only the product's rows keep.
struct Planned {
    input: OfferInput,
    url: Option<String>,
    job_offer: Option<String>,
    text: Option<String>,
    /// What people call it, as far as that is known before it is read.
    called: Option<String>,
}

async fn plan(tx: &Tx<'_>, user: &UserId, index: usize, given: &Given) -> Result<Planned, CallError> {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    let planned = |source, called| Planned {
        input: OfferInput { id: new_id(), index, source },
        url: None,
        job_offer: None,
        text: None,
        called,
    };
    Ok(match given {
        Given::Url(url) => {
            Planned { url: Some(url.clone()), ..planned(SourceRef::Url { url: url.clone() }, titles::of_url(url)) }
        }
        Given::Text(text) => Planned { text: Some(text.clone()), ..planned(SourceRef::Text, titles::of_text(text)) },
        Given::Upload(id) => {
            let upload = uploads::by_id(tx, user.as_str(), id).await?;
            let upload = upload
                .filter(|upload| upload.kind == UploadKind::OfferPdf)
                .ok_or_else(|| CallError::not_found(format!("there is no uploaded job offer {id} (any more)")))?;
            uploads::keep(tx, user.as_str(), std::slice::from_ref(id)).await?;
            let called = Some("an uploaded job offer".to_owned());
            planned(SourceRef::Upload { id: id.clone(), filename: upload.filename, sha256: upload.sha256 }, called)
        }
        Given::Stored(id) => {
            let offer = offers::by_id(tx, user.as_str(), id)
                .await?
                .ok_or_else(|| CallError::not_found(format!("there is no job offer {id}")))?;
            let called = titles::of_offer(&offer.content);
            let source = SourceRef::Stored { id: id.clone(), content: Box::new(offer.content) };
            Planned { job_offer: Some(id.clone()), ..planned(source, called) }
        }
    })
}

async fn adapt(
    tx: &mut Tx<'_>,
    ctx: &CallCtx,
    settings: &Settings,
    id: &TaskId,
    row: &CvRow,
    given: &[Given],
) -> Result<TaskStarted, CallError> {
    let mut planned = Vec::with_capacity(given.len());
    for (index, given) in given.iter().enumerate() {
        planned.push(plan(tx, &ctx.who.user, index, given).await?);
    }
    let name = titles::of_cv(&row.file.content, &row.file.summary.filename);
    let to = match &planned[..] {
        [one] => one.called.clone().unwrap_or_else(|| "1 job offer".to_owned()),
        several => format!("{} job offers", several.len()),
    };
    let text = Text {
        kind: GENERATE_CV,
        title: format!("Adapt “{name}” to {to}"),
        success: format!("“{name}” was adapted to {to}"),
        mode: GenerationMode::Adapt,
    };
    start(tx, ctx, settings, id, row, planned, text).await
}

async fn optimize(
    tx: &mut Tx<'_>,
    ctx: &CallCtx,
    settings: &Settings,
    id: &TaskId,
    row: &CvRow,
    given: &[Given],
) -> Result<TaskStarted, CallError> {
    let cv = &row.file.summary;
    if row.file.pending_source_version.is_some() {
        return Err(CallError::conflict("changes of this CV await your review: decide about them first"));
    }
    if row.optimise_state() == OptimiseState::InProgress {
        let running = tasks::open_of_kind(tx, row.user.as_str(), IMPROVE_CV, cv.id.as_str()).await?;
        return Err(CallError::conflict("this CV is being optimised already")
            .with_details(json!({"task_id": running.map(|task| task.id)})));
    }
    // Without an offer of the call the CV's own, without that the CV for itself.
    let own = cv.job_offer_id.as_ref().map(|offer| Given::Stored(offer.as_str().to_owned()));
    let planned = match given.first().or(own.as_ref()) {
        Some(given) => plan(tx, &ctx.who.user, 0, given).await?,
        None => Planned {
            input: OfferInput { id: new_id(), index: 0, source: SourceRef::None },
            url: None,
            job_offer: None,
            text: None,
            called: None,
        },
    };
    let name = titles::of_cv(&row.file.content, &cv.filename);
    let what = planned.called.as_ref().map_or_else(|| format!("“{name}”"), |offer| format!("“{name}” for {offer}"));
    let text = Text {
        kind: IMPROVE_CV,
        title: format!("Optimise {what}"),
        success: format!("{what} was optimised"),
        mode: GenerationMode::Optimize,
    };
    let moved = files::move_optimise(tx, cv.id.as_str(), OptimiseState::InProgress).await?;
    let moved = moved.ok_or_else(|| CallError::conflict("this CV is being optimised already"))?;
    announce::optimise(tx, &moved, None)?;
    announce::listed(tx, &moved)?;
    start(tx, ctx, settings, id, row, vec![planned], text).await
}

struct Text {
    kind: &'static str,
    title: String,
    success: String,
    mode: GenerationMode,
}

/// Rows, debits, link columns, and the engine's task ([`super::begin`]).
async fn start(
    tx: &mut Tx<'_>,
    ctx: &CallCtx,
    settings: &Settings,
    id: &TaskId,
    row: &CvRow,
    planned: Vec<Planned>,
    text: Text,
) -> Result<TaskStarted, CallError> {
    let (user, cv) = (&ctx.who.user, &row.file.summary);
    let now = Utc::now();
    let feature = text.kind.replace('-', "_");
    let total = u32::try_from(planned.len()).unwrap_or(u32::MAX);
    let uploads: Vec<&str> = planned.iter().filter_map(|offer| offer.input.source.upload()).collect();
    let payload = json!({"cv_id": cv.id, "mode": text.mode, "offers": total, "uploads": uploads});
    let task = Begin {
        id,
        kind: text.kind,
        title: text.title,
        success: text.success,
        cv_file: Some(&cv.filename),
        feature: Some(&feature),
        total_offers: total,
        updates_list: true,
        now,
    };
    task.put(tx, &ctx.who, &payload);
    let reserved = ledger::reserve(tx, settings, user, &feature, Some(id), total).await?;
    let generation = NewGeneration {
        id: id.as_str(),
        user: user.as_str(),
        source: cv.id.as_str(),
        mode: text.mode,
        offers: i32::try_from(total).unwrap_or(i32::MAX),
        credits_debited: reserved.credits_debited,
    };
    generations::insert(tx, &generation);
    for (offer, transaction) in planned.iter().zip(&reserved.transactions) {
        tx.put(NewRun {
            id: offer.input.id.clone(),
            task: id.as_str().to_owned(),
            index: i32::try_from(offer.input.index).unwrap_or(i32::MAX),
            source_url: offer.url.clone(),
            job_offer: offer.job_offer.clone(),
            transaction: transaction.clone(),
        });
    }
    reserved.say(tx, id, planned.len());
    let texts: Vec<Option<String>> = planned.iter().map(|offer| offer.text.clone()).collect();
    let head = GenerationHead {
        mode: text.mode,
        source_cv_id: cv.id.as_str().to_owned(),
        source_filename: cv.filename.clone(),
        language: cv.language.clone(),
        suggestions: row.file.score.suggestions.clone(),
        today: now.format("%Y-%m-%d").to_string(),
        offers: planned.into_iter().map(|offer| offer.input).collect(),
    };
    for (offer, text) in head.offers.iter().zip(texts) {
        let rows: Vec<(String, Option<i32>, Option<Value>)> = offer
            .static_kinds()
            .into_iter()
            .map(|kind| {
                let input = (kind == "extract").then(|| text.clone()).flatten().map(|text| json!({"text": text}));
                (kind.to_owned(), None, input)
            })
            .collect();
        generations::insert_subtasks(tx, &offer.id, rows);
    }
    let input = GenerationInput { content: &row.file.content, head };
    task.enqueue(tx, &ctx.who, reserved.credits_debited, encode(&input)?)
}
