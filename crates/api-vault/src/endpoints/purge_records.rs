//! `POST /v1/workspaces/{workspace}/tables/{table}/purge` with `{"before", "reason"}`: the records that were sealed before a moment are
//! destroyed, whatever the table's retention says. Their batches stay in the log, with an entry that says that they are gone.

use std::sync::Arc;

use auth::Action;
use axum::Json;
use axum::extract::{Path, Request, State};
use ingest::Destroyed;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::acts::{Act, moment};
use crate::error::ApiError;
use crate::service::Service;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    before: String,
    #[serde(default)]
    reason: String,
}

pub(crate) async fn post(
    State(service): State<Arc<Service>>,
    Path((workspace, table)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (act, Body { before, reason }) = Act::begin(&service, Action::Purge, &workspace, request).await?;
    let what = format!("purge records of table {table} that were sealed before {before}");
    let before = moment(&before)?;
    let purge = move |vault: &ingest::Vault, asked: &[String]| vault.purge(&workspace, &table, before, &reason, asked);
    let Destroyed { n_records, n_files, n_held } = act.run(&service, what, purge).await?;
    Ok(Json(json!({ "records": n_records, "files": n_files, "held": n_held })))
}
