//! `POST /v1/rest/ingest/{database}/{table}?streamFormat=...&mappingName=...`: records, taken before the request is answered.
//!
//! Some clients say of every body that it is packed: whether it is, its first bytes tell.
//!
//! # Source
//! Kusto reference, "Streaming ingestion HTTP request".

use super::sign_in;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::service::Service;
use auth::Action;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::HeaderName;
use axum::response::Response;
use ingest::Answer;
use kusto_ingestion::{DataFormat, IngestionError, IngestionRequest, MappingChoice};
use listeners::http::{BodyError, BodyLimits, gather_body, unpack_body};
use serde_json::{Value, json};
use std::sync::Arc;

const READ_ONLY: HeaderName = HeaderName::from_static("x-ms-readonly");

/// What the address says, beside the table.
#[derive(Default)]
struct Asked {
    format: Option<String>,
    mapping: Option<String>,
    source_kind: Option<String>,
}

/// The address's parameters as they come; their names count in any case.
type Wire = Vec<(String, String)>;

/// Takes the records of a body.
pub(crate) async fn post(
    State(service): State<Arc<Service>>,
    Path((database, table)): Path<(String, String)>,
    wire: Result<Query<Wire>, QueryRejection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut exchange = Exchange::begin(&parts, service.api.clock.now_ticks(), "/v1/rest/ingest", service.api.tls);
    exchange.database.clone_from(&database);
    if let Err(error) = sign_in(&service, &mut exchange, &parts.headers) {
        return service.refuse(&exchange, error).await;
    }
    let is_read_only = parts.headers.get(READ_ONLY).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    let wire = wire.map_or_else(|_| Vec::new(), |Query(pairs)| pairs);
    let asked = Asked::of(wire);
    let taken = match exchange.principal.as_ref().is_some_and(|who| who.may(Action::Ingest, &database)) {
        false => Err(ApiError::MayNotIngest { database }),
        true if is_read_only => Err(ApiError::ReadOnly { database }),
        true => take(&service, &exchange, &table, asked, body).await,
    };
    match taken {
        Ok(answer) => {
            let mut response = Response::new(Body::from(answer_json(&answer).to_string()));
            exchange.set_headers(response.headers_mut());
            response
        }
        Err(error) => error.response(&exchange),
    }
}

async fn take(
    service: &Arc<Service>,
    exchange: &Exchange,
    table: &str,
    asked: Asked,
    body: Body,
) -> Result<Answer, ApiError> {
    let refused = ApiError::Ingestion;
    let name = asked.format.ok_or_else(|| ApiError::Malformed("the address has no `streamFormat`".to_string()))?;
    let format = DataFormat::from_name(&name).ok_or_else(|| refused(IngestionError::UnknownFormat { name }))?;
    if let Some(what) = asked.source_kind.filter(|kind| !kind.is_empty() && !kind.eq_ignore_ascii_case("stream")) {
        return Err(refused(IngestionError::UnknownSource { what }));
    }
    let no_store = || ApiError::Malformed("this server takes no records in".to_string());
    let ingestion = service.api.ingestion.clone().ok_or_else(no_store)?;
    let limits = &service.api.limits;
    let place = service.ingestion_places.clone().try_acquire_owned();
    let place = place.map_err(|_| ApiError::Crowded { max: limits.ingestions_max })?;
    let bytes_max = limits.ingestion_bytes_max;
    let packed = gather_body(body, None, BodyLimits { bytes_max, timeout: limits.ingestion_timeout }).await;
    let packed = packed.map_err(body_error)?;
    let (table, database) = (table.to_string(), exchange.database.clone());
    let request_name = exchange.own_name().map(str::to_string);
    let work = move || {
        let data = unpack_body(packed, bytes_max).map_err(body_error)?;
        let request = IngestionRequest {
            database: &database,
            table: &table,
            format,
            mapping: asked.mapping.as_deref().map_or(MappingChoice::Identity, MappingChoice::Named),
            data: &data,
            ignores_first: false,
            name: request_name.as_deref(),
        };
        let answer = ingestion.ingest(&request).map_err(ApiError::Ingestion);
        drop(place);
        answer
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::Internal)?
}

fn body_error(error: BodyError) -> ApiError {
    match error {
        BodyError::TooLarge { max } => ApiError::Ingestion(IngestionError::TooLarge { max }),
        BodyError::TooSlow => ApiError::TooSlow,
        other => ApiError::Malformed(other.to_string()),
    }
}

impl Asked {
    fn of(pairs: Wire) -> Asked {
        let mut asked = Asked::default();
        for (name, value) in pairs {
            match name.to_ascii_lowercase().as_str() {
                "streamformat" => asked.format = Some(value),
                "mappingname" => asked.mapping = Some(value).filter(|name| !name.is_empty()),
                "sourcekind" => asked.source_kind = Some(value),
                _ => {}
            }
        }
        asked
    }
}

/// Returns what became of the records, as a table: how many were taken, how many are in the quarantine and why.
fn answer_json(answer: &Answer) -> Value {
    let column =
        |name: &str, data: &str, ktype: &str| json!({ "ColumnName": name, "DataType": data, "ColumnType": ktype });
    let reasons: serde_json::Map<String, Value> =
        answer.reasons().into_iter().map(|(reason, count)| (reason.name().to_string(), json!(count))).collect();
    let first = answer.rejected.first().map_or_else(String::new, |rejected| rejected.detail.clone());
    json!({ "Tables": [{
        "TableName": "Table_0",
        "Columns": [
            column("RecordsTaken", "Int64", "long"),
            column("RecordsQuarantined", "Int64", "long"),
            column("Reasons", "Object", "dynamic"),
            column("FirstReason", "String", "string"),
        ],
        "Rows": [[answer.taken, answer.rejected.len(), reasons, first]],
    }] })
}
