//! `POST /v1/workspaces/{workspace}/tables/{table}/erase` with `{"where": {"column", "value"}` or `"records": [[entry, position]]`, `"columns":
//! [...], "reason"}`: cells of a subject's records are erased for good. The value that records are found by is written down nowhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use auth::Action;
use axum::Json;
use axum::extract::{Path, Request, State};
use ingest::{Erased, Selection};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::acts::Act;
use crate::error::ApiError;
use crate::service::Service;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default, rename = "where")]
    equal: Option<Equal>,
    #[serde(default)]
    records: BTreeSet<(u64, u64)>,
    columns: Vec<String>,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Equal {
    column: String,
    value: String,
}

pub(crate) async fn post(
    State(service): State<Arc<Service>>,
    Path((workspace, table)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (act, body) = Act::begin::<Body>(&service, Action::Purge, &workspace, request).await?;
    let Body { equal, records, columns, reason } = body;
    let selection = match equal {
        Some(Equal { column, value }) if records.is_empty() => Selection::Equal { column, value },
        None if !records.is_empty() => Selection::Records(records),
        _ => return Err(ApiError::Malformed("give either `where` or `records`".to_string())),
    };
    let what = format!("erase {} in records of table {table}", columns.join(", "));
    let erase = move |vault: &ingest::Vault, asked: &[String]| {
        vault.erase(&workspace, &table, &selection, &columns, &reason, asked)
    };
    let Erased { n_records, act: entry } = act.run(&service, what, erase).await?;
    Ok(Json(json!({ "records": n_records, "entry": entry })))
}
