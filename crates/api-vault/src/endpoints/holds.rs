//! `GET /v1/workspaces/{workspace}/holds`, and `PUT` and `DELETE /v1/workspaces/{workspace}/holds/{hold}` with `{"tables", "from", "to",
//! "reason"}` and `{"reason"}`: legal holds. What they cover is neither destroyed nor erased.

use std::sync::Arc;

use audit::Operation;
use auth::Action;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use ingest::Workspace;
use lifecycle::{Document, Hold, HoldLift};
use schema::ticks::datetime_text;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::acts::{Act, moment};
use crate::error::ApiError;
use crate::service::{Service, blocking};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default)]
    tables: Vec<String>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LiftBody {
    #[serde(default)]
    reason: String,
}

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path(workspace): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    service.sign_in(&headers, Action::Read, &workspace)?;
    // Whoever does an act has the rules until it is done.
    let vault = service.api.vault.clone();
    let rules = blocking(move || vault.rules(&workspace)).await?.map_err(ApiError::Act)?;
    let shown = |hold: &Hold| {
        let (from, to) = (hold.from.map(datetime_text), hold.to.map(datetime_text));
        json!({ "name": hold.name, "tables": hold.tables, "from": from, "to": to, "reason": hold.reason })
    };
    Ok(Json(json!({ "holds": rules.holds().map(shown).collect::<Vec<Value>>() })))
}

pub(crate) async fn put(
    State(service): State<Arc<Service>>,
    Path((workspace, name)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (act, Body { tables, from, to, reason }) = Act::begin(&service, Action::Manage, &workspace, request).await?;
    if let Some(name) = tables.iter().find(|table| !is_table(&service, &workspace, table)) {
        return Err(ApiError::Unknown { what: "table", name: name.clone() });
    }
    let (from, to) = (from.as_deref().map(moment).transpose()?, to.as_deref().map(moment).transpose()?);
    let what = format!("set the legal hold {name}");
    let document = Document::Hold(Hold { name, tables, from, to, reason });
    let entry = act
        .run(&service, Operation::SetHold, what, move |vault, asked| vault.govern(&workspace, document, asked))
        .await?;
    Ok(Json(json!({ "entry": entry })))
}

pub(crate) async fn delete(
    State(service): State<Arc<Service>>,
    Path((workspace, name)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    // Who may lift a hold may let records be destroyed.
    let (act, LiftBody { reason }) = Act::begin(&service, Action::Purge, &workspace, request).await?;
    let what = format!("lift the legal hold {name}");
    let document = Document::HoldLift(HoldLift { name, reason });
    let entry = act
        .run(&service, Operation::LiftHold, what, move |vault, asked| vault.govern(&workspace, document, asked))
        .await?;
    Ok(Json(json!({ "entry": entry })))
}

/// Returns whether a name is that of a table, or of one that is made when records come: a hold on any other would hold nothing.
fn is_table(service: &Service, workspace: &str, name: &str) -> bool {
    let is_named = |table: &str| table.eq_ignore_ascii_case(name);
    // Whether there is such a workspace is said later.
    let is_there = |workspace: Arc<Workspace>| {
        let is_seen = workspace.named_tables().iter().any(|table| is_named(&table.name));
        is_seen || workspace.tables().iter().any(|table| is_named(table.name()))
    };
    service.api.vault.workspace(workspace).is_none_or(is_there) || schema::tables::names().any(is_named)
}
