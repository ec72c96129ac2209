//! `GET /v1/workspaces/{workspace}/metadata`: the tables of a workspace with their columns, and its functions.
//!
//! # Source
//! Azure Monitor REST reference, "Metadata - Get".

use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::service::Service;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use kql::catalog::Catalog;
use schema::KqlType;
use serde_json::{Value, json};
use std::sync::Arc;

const TIME_COLUMN: &str = "TimeGenerated";

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path(workspace): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let mut exchange = Exchange::begin(&parts, service.api.clock.now_ticks(), "/v1/workspaces/metadata");
    let signed_in = service.sign_in(&mut exchange, &parts.headers);
    let shown = match signed_in.and_then(|()| service.workspace(&exchange, &workspace)) {
        Ok(name) => {
            let (service, shown) = (service.clone(), name.clone());
            let shown = tokio::task::spawn_blocking(move || show(&service, &shown)).await;
            exchange.workspaces = vec![name];
            shown.unwrap_or(Err(ApiError::Internal))
        }
        Err(error) => Err(error),
    };
    match shown {
        Ok(json) => {
            let mut response = Response::new(Body::from(json.to_string()));
            exchange.set_headers(response.headers_mut());
            response
        }
        Err(error) => service.refuse(&exchange, error).await,
    }
}

fn show(service: &Service, name: &str) -> Result<Value, ApiError> {
    let found = service.api.databases.tables(name, "").map_err(ApiError::Database)?;
    let mut tables = Vec::new();
    for table in found.table_names() {
        let columns = found.table(&table).unwrap_or_default();
        let is_time = |name: &str, ktype| name == TIME_COLUMN && ktype == KqlType::Datetime;
        let has_time = columns.iter().any(|column| is_time(&column.name, column.ktype));
        let columns: Vec<Value> = columns
            .iter()
            .map(|column| json!({ "name": column.name, "type": column.ktype.name(), "isPreferredFacet": false }))
            .collect();
        tables.push(json!({
            "id": format!("t/{table}"),
            "name": table,
            "description": schema::tables::builtin(&table).map(|_| "one of Azure Monitor's tables"),
            "timespanColumn": has_time.then_some(TIME_COLUMN),
            "labels": [],
            "columns": columns,
            "solutions": [],
        }));
    }
    let functions: Vec<Value> = found
        .functions()
        .map(|function| {
            json!({
                "id": format!("f/{}", function.name),
                "name": function.name,
                "displayName": function.name,
                "description": null,
                "parameters": function.parameters,
                "body": function.body,
            })
        })
        .collect();
    let id = service.api.directory.id(name).map(|id| id.to_string());
    let resource_id = service.api.directory.resource_id(name);
    Ok(json!({
        "tables": tables,
        "functions": functions,
        "tableGroups": [],
        "solutions": [],
        "categories": [],
        "queries": [],
        "resourceTypes": [],
        "workspaces": [{ "id": id, "resourceId": resource_id, "name": name, "region": null }],
        "applications": [],
        "permissions": { "workspaces": [{ "workspaceId": id, "denyTables": [] }] },
    }))
}
