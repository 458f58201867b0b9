//! `cv.import` (P3), `cv.translate` (P4), `cv.create_template` (P5), `cv.from_job_title` (P6): the tasks that end with one
//! new CV.

use super::begin::Begin;
use super::files::room_for_one;
use super::{anonymous, encode, not_blocked, own_cv};
use crate::cv::brain::templates;
use crate::cv::ledger;
use crate::cv::pipeline::making::{MakingInput, Recipe};
use crate::cv::rules::titles;
use crate::cv::store::settings::Settings;
use crate::cv::store::{uploads, users};
use chrono::Utc;
use estafette_actors::task::NewTask;
use estafette_actors::{CallCtx, CallError, Tx};
use estafette_protocol::TaskId;
use estafette_protocol::cv::call::{CreateTemplateCv, FromJobTitle, ImportCv, TaskStarted, TranslateCv};
use estafette_protocol::cv::status::UploadKind;
use serde_json::{Value, json};

/// Characters of a job's title.
const TITLE_CHARS: std::ops::RangeInclusive<usize> = 2..=120;

/// Languages that a CV may be written in: ISO 639-1 with the names that people and models know them by.
const LANGUAGES: &[(&str, &str)] = &[
    ("ar", "Arabic"),
    ("bg", "Bulgarian"),
    ("cs", "Czech"),
    ("da", "Danish"),
    ("de", "German"),
    ("el", "Greek"),
    ("en", "English"),
    ("es", "Spanish"),
    ("et", "Estonian"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("he", "Hebrew"),
    ("hr", "Croatian"),
    ("hu", "Hungarian"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("lt", "Lithuanian"),
    ("lv", "Latvian"),
    ("nl", "Dutch"),
    ("no", "Norwegian"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("ro", "Romanian"),
    ("ru", "Russian"),
    ("sk", "Slovak"),
    ("sl", "Slovenian"),
    ("sv", "Swedish"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
    ("zh", "Chinese"),
];

/// The code and the name of a language.
fn language(code: &str) -> Result<(&'static str, &'static str), CallError> {
    LANGUAGES.iter().find(|(known, _)| *known == code).copied().ok_or_else(|| {
        let known: Vec<&str> = LANGUAGES.iter().map(|(code, _)| *code).collect();
        CallError::bad_request(format!("`language` must be one of {}", known.join(", ")))
    })
}

/// What a task says of itself.
struct Words<'a> {
    title: String,
    success: String,
    cv_file: Option<&'a str>,
    payload: Value,
}

/// Rows, debit, and the engine's task ([`super::begin`]).
async fn start(
    tx: &mut Tx<'_>,
    ctx: &CallCtx,
    settings: &Settings,
    (id, recipe): (&TaskId, Recipe),
    words: Words<'_>,
    input: &MakingInput,
) -> Result<TaskStarted, CallError> {
    let person = anonymous(&ctx.who).is_none();
    if person {
        room_for_one(tx, ctx.who.user.as_str()).await?;
    }
    let task = Begin {
        id,
        kind: recipe.kind(),
        title: words.title,
        success: words.success,
        cv_file: words.cv_file,
        feature: Some(recipe.feature()),
        total_offers: 0,
        updates_list: person,
        now: Utc::now(),
    };
    task.put(tx, &ctx.who, &words.payload);
    if !person {
        return task.enqueue(tx, &ctx.who, 0, encode(input)?);
    }
    let reserved = ledger::reserve(tx, settings, &ctx.who.user, recipe.feature(), Some(id), 1).await?;
    reserved.say(tx, id, 1);
    task.enqueue(tx, &ctx.who, reserved.credits_debited, encode(input)?)
}

/// `cv.import` of an uploaded PDF.
///
/// # Errors
/// `not_found` for an upload that is not theirs or no CV's, `limit_exceeded` by `max_cvs`, `insufficient_credits`.
pub async fn import(ctx: &CallCtx, settings: &Settings, params: ImportCv) -> Result<Value, CallError> {
    let id = NewTask::new_id();
    let upload_id = params.upload_id.as_str();
    ctx.transaction(async |tx| {
        let user = ctx.who.user.as_str();
        users::lock(tx, user).await?;
        let upload = uploads::by_id(tx, user, upload_id).await?;
        let upload = upload.filter(|upload| upload.kind == UploadKind::CvPdf).ok_or_else(|| {
            CallError::not_found(format!(
                "there is no uploaded CV {upload_id} (any more): upload it with POST /v1/cv/uploads?kind=cv_pdf"
            ))
        })?;
        uploads::keep(tx, user, &[upload_id.to_owned()]).await?;
        let words = Words {
            title: format!("Import “{}”", upload.filename),
            success: format!("“{}” was imported", upload.filename),
            cv_file: None,
            payload: json!({"uploads": [upload_id], "filename": upload.filename}),
        };
        let input = MakingInput::Import { upload: upload_id.to_owned(), filename: upload.filename.clone() };
        encode(&start(tx, ctx, settings, (&id, Recipe::Import), words, &input).await?)
    })
    .await
}

/// `cv.translate`.
///
/// # Errors
/// `bad_request` for an unknown language or the CV's own, `forbidden` when blocked (R19), `insufficient_credits`.
pub async fn translate(ctx: &CallCtx, settings: &Settings, params: TranslateCv) -> Result<Value, CallError> {
    let (code, language) = language(&params.language)?;
    let id = NewTask::new_id();
    ctx.transaction(async |tx| {
        let row = own_cv(tx, &ctx.who.user, &params.id).await?;
        not_blocked(&row)?;
        let cv = &row.file.summary;
        if cv.language.as_deref() == Some(code) {
            return Err(CallError::bad_request(format!("this CV is in {language} already")));
        }
        let name = titles::of_cv(&row.file.content, &cv.filename);
        let words = Words {
            title: format!("Translate “{name}” to {language}"),
            success: format!("“{name}” was translated to {language}"),
            cv_file: Some(&cv.filename),
            payload: json!({"cv_id": cv.id, "language": code}),
        };
        let input = MakingInput::Translate {
            cv_id: cv.id.as_str().to_owned(),
            from: cv.language.clone(),
            language: code.to_owned(),
        };
        encode(&start(tx, ctx, settings, (&id, Recipe::Translate), words, &input).await?)
    })
    .await
}

/// `cv.create_template`.
///
/// # Errors
/// `bad_request` for an unknown template or language, `limit_exceeded`.
pub async fn create_template(ctx: &CallCtx, settings: &Settings, params: CreateTemplateCv) -> Result<Value, CallError> {
    if !templates::LANGUAGES.contains(&params.language.as_str()) {
        return Err(CallError::bad_request(format!("`language` must be one of {}", templates::LANGUAGES.join(", "))));
    }
    if !templates::NAMES.contains(&params.template.as_str()) {
        return Err(CallError::bad_request(format!("`template` must be one of {}", templates::NAMES.join(", "))));
    }
    let id = NewTask::new_id();
    ctx.transaction(async |tx| {
        let me = match anonymous(&ctx.who) {
            // A device without a person (G8): the CV is the task's result.
            Some(_) => None,
            None => {
                users::lock(tx, ctx.who.user.as_str()).await?;
                users::by_id(tx, &ctx.who.user).await?.map(|row| row.user)
            }
        };
        let words = Words {
            title: format!("Make a CV from the template “{}”", params.template),
            success: format!("A CV was made from the template “{}”", params.template),
            cv_file: None,
            payload: json!({"template": params.template, "language": params.language}),
        };
        let input = MakingInput::Template {
            template: params.template.clone(),
            language: params.language.clone(),
            name: me.as_ref().and_then(|me| me.name.clone()),
            email: me.and_then(|me| me.email),
        };
        encode(&start(tx, ctx, settings, (&id, Recipe::Template), words, &input).await?)
    })
    .await
}

/// `cv.from_job_title`.
///
/// # Errors
/// `bad_request` for a title that is none or an unknown language, `insufficient_credits`.
pub async fn from_job_title(ctx: &CallCtx, settings: &Settings, params: FromJobTitle) -> Result<Value, CallError> {
    let (code, _) = language(&params.language)?;
    let title = params.title.split_whitespace().collect::<Vec<_>>().join(" ");
    if !TITLE_CHARS.contains(&title.chars().count()) || !title.chars().any(char::is_alphabetic) {
        let sentence =
            format!("`title` must be a job's title of {} to {} characters", TITLE_CHARS.start(), TITLE_CHARS.end());
        return Err(CallError::bad_request(sentence));
    }
    let id = NewTask::new_id();
    ctx.transaction(async |tx| {
        users::lock(tx, ctx.who.user.as_str()).await?;
        let words = Words {
            title: format!("Make a CV for “{title}”"),
            success: format!("A CV for “{title}” was made"),
            cv_file: None,
            payload: json!({"title": title, "language": code}),
        };
        let input = MakingInput::JobTitle { title: title.clone(), language: code.to_owned() };
        encode(&start(tx, ctx, settings, (&id, Recipe::JobTitle), words, &input).await?)
    })
    .await
}
