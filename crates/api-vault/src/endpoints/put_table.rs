//! `PUT /v1/workspaces/{workspace}/tables/{table}` with `{"columns": [{"name", "type"}]}`: a table with these columns, or further
//! columns of one. Without columns a built-in table has its own.

use std::sync::Arc;

use audit::Operation;
use auth::Action;
use axum::Json;
use axum::extract::{Path, Request, State};
use listeners::http::read_body;
use schema::{Column, KqlType};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::service::{Service, blocking};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default)]
    columns: Vec<BodyColumn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyColumn {
    name: String,
    #[serde(rename = "type")]
    ktype: String,
}

pub(crate) async fn put(
    State(service): State<Arc<Service>>,
    Path((workspace, table)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, body) = request.into_parts();
    let principal = service.sign_in(&parts.headers, Action::Manage, &workspace)?;
    let body = read_body(body, &parts.headers, service.api.limits.body).await.map_err(ApiError::Body)?;
    let body: Body = serde_json::from_slice(&body).map_err(|error| ApiError::Malformed(error.to_string()))?;
    let mut columns = Vec::with_capacity(body.columns.len());
    for BodyColumn { name, ktype } in body.columns {
        let unknown = || ApiError::Malformed(format!("the column `{name}` has the unknown type `{ktype}`"));
        let ktype = KqlType::from_name(&ktype).ok_or_else(unknown)?;
        columns.push(Column::new(name, ktype));
    }
    let asked: Vec<String> = columns.iter().map(|column| format!("{}: {}", column.name, column.ktype)).collect();
    let properties = vec![("columns".to_string(), asked.join(", "))];
    let resource = format!("workspaces/{workspace}/tables/{table}");
    let record = service.activity(&parts, &principal, Operation::WriteTable, resource, properties);
    let vault = service.api.vault.clone();
    let work =
        async { blocking(move || vault.ensure_table(&workspace, &table, &columns)).await?.map_err(ApiError::Ingest) };
    let schema = service.act(record, work).await?;
    let columns = schema.columns().iter();
    let columns: Vec<Value> =
        columns.map(|column| json!({ "name": column.name, "type": column.ktype.name() })).collect();
    Ok(Json(json!({ "table": schema.doc().table, "schema": schema.doc().id, "columns": columns })))
}
