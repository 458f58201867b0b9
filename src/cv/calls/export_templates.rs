//! `export_template.list`, `.get`, `.create`, `.update`, `.delete`: a person's ways to export their CVs (R21).

use super::encode;
use super::reads::Paged;
use crate::cv::export::choice;
use crate::cv::store::{export_templates as table, new_id, users};
use estafette_actors::{CallCtx, CallError};
use estafette_protocol::ErrorCode;
use estafette_protocol::cv::ExportTemplateId;
use estafette_protocol::cv::call::{CreateExportTemplate, ExportTemplateRef, UpdateExportTemplate};
use estafette_protocol::cv::status::ExportDesign;
use serde_json::{Value, json};

/// Templates of one person.
pub const MAX_TEMPLATES: i64 = 50;
/// Characters of a template's name.
pub const MAX_NAME_CHARS: usize = 80;

fn missing(id: &ExportTemplateId) -> CallError {
    CallError::not_found(format!("there is no export template {id}"))
}

fn name_taken(name: &str) -> CallError {
    CallError::conflict(format!("you have an export template named `{name}` already"))
        .with_details(json!({"name": name}))
}

fn checked_name(name: &str) -> Result<String, CallError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        let sentence = format!("`name` must have 1 to {MAX_NAME_CHARS} characters on one line");
        return Err(CallError::bad_request(sentence));
    }
    Ok(name.to_owned())
}

/// The caller's templates, the newest first.
///
/// # Errors
/// `bad_request` for a bad page.
pub async fn list(ctx: &CallCtx, params: Value) -> Result<Value, CallError> {
    let page: Paged = super::parse(params)?;
    let (after, limit) = page.checked()?;
    let found = table::list(ctx.db(), ctx.who.user.as_str(), after.as_deref(), limit + 1).await?;
    encode(&page.page(found, |template| template.id.as_str().to_owned()))
}

/// One of the caller's templates.
///
/// # Errors
/// `not_found`.
pub async fn get(ctx: &CallCtx, params: ExportTemplateRef) -> Result<Value, CallError> {
    let found = table::by_id(ctx.db(), ctx.who.user.as_str(), params.id.as_str()).await?;
    encode(&found.ok_or_else(|| missing(&params.id))?)
}

/// `export_template.create`.
///
/// # Errors
/// `bad_request` for a bad name, an unknown section or a bad option, `conflict` for a taken name (R21), `limit_exceeded`
/// above [`MAX_TEMPLATES`].
pub async fn create(ctx: &CallCtx, params: CreateExportTemplate) -> Result<Value, CallError> {
    let name = checked_name(&params.name)?;
    choice::check(&params.selections).map_err(CallError::bad_request)?;
    let user = ctx.who.user.as_str();
    ctx.transaction(async |tx| {
        users::lock(tx, user).await?;
        if table::count(tx, user).await? >= MAX_TEMPLATES {
            let sentence = format!("you have {MAX_TEMPLATES} export templates: delete one first");
            return Err(
                CallError::new(ErrorCode::LimitExceeded, sentence).with_details(json!({"limit": MAX_TEMPLATES}))
            );
        }
        let id = new_id();
        let design = params.design.unwrap_or(ExportDesign::Classic);
        if !table::insert(tx, &id, user, &name, design, &params.selections).await? {
            return Err(name_taken(&name));
        }
        let made = table::by_id(tx, user, &id).await?;
        encode(&made.ok_or_else(|| CallError::internal("a new export template vanished"))?)
    })
    .await
}

/// `export_template.update`.
///
/// # Errors
/// As for [`create`]; `not_found`.
pub async fn update(ctx: &CallCtx, params: UpdateExportTemplate) -> Result<Value, CallError> {
    let name = params.name.as_deref().map(checked_name).transpose()?;
    if let Some(selections) = &params.selections {
        choice::check(selections).map_err(CallError::bad_request)?;
    }
    let user = ctx.who.user.as_str();
    ctx.transaction(async |tx| {
        users::lock(tx, user).await?;
        let found = table::by_id(tx, user, params.id.as_str()).await?;
        let mut template = found.ok_or_else(|| missing(&params.id))?;
        if let Some(name) = &name {
            if table::name_taken(tx, user, name, params.id.as_str()).await? {
                return Err(name_taken(name));
            }
            template.name.clone_from(name);
        }
        if let Some(selections) = &params.selections {
            template.selections.clone_from(selections);
        }
        template.design = params.design.unwrap_or(template.design);
        table::update(tx, &template).await?;
        let stored = table::by_id(tx, user, params.id.as_str()).await?;
        encode(&stored.ok_or_else(|| missing(&params.id))?)
    })
    .await
}

/// `export_template.delete`. Returns it as it was.
///
/// # Errors
/// `not_found`.
pub async fn delete(ctx: &CallCtx, params: ExportTemplateRef) -> Result<Value, CallError> {
    let user = ctx.who.user.as_str();
    ctx.transaction(async |tx| {
        users::lock(tx, user).await?;
        let found = table::by_id(tx, user, params.id.as_str()).await?;
        let found = found.ok_or_else(|| missing(&params.id))?;
        table::delete(tx, params.id.as_str()).await?;
        encode(&found)
    })
    .await
}
