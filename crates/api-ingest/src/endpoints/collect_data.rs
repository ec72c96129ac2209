//! `POST /api/logs`: the HTTP Data Collector API. Records as JSON, signed by a key of their workspace, go to the table that the header
//! `Log-Type` names, into columns named after what is in them.
//!
//! A signature covers a request's length and date, and not what it says: its use is written down as weak authentication, once an hour
//! for each key.
//!
//! # Source
//! Azure Monitor documentation, "HTTP Data Collector API".

use std::sync::{Arc, PoisonError};

use audit::{ActivityStatus, Operation};
use auth::{Principal, Role, Workspaces};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use collection::Said;
use ingest::{IngestError, Pending};
use listeners::http::BodyError;
use schema::ticks;
use serde_json::json;
use workspaces::KeySlot;

use crate::error::{ApiError, of_ingest};
use crate::service::{Service, blocking, media_type, taken, with_rejected};
use crate::signature::{Signature, is_current, strings_to_sign};

const VERSION: &str = "2016-04-01";
/// Characters of a `Log-Type`.
const LOG_TYPE_MAX: usize = 100;

/// Why a request is not taken: its status, and the code and message that its sender is told.
#[derive(Debug)]
struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<u64>,
}

fn refused(status: StatusCode, code: &'static str, message: impl Into<String>) -> Refused {
    Refused { status, code, message: message.into(), retry_after: None }
}

fn bad(code: &'static str, message: impl Into<String>) -> Refused {
    refused(StatusCode::BAD_REQUEST, code, message)
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Refused {
        let (status, _, retry_after) = error.parts();
        let message = error.message();
        let (status, code) = match &error {
            ApiError::Body(BodyError::TooSlow) => (status, "InvalidDataFormat"),
            _ => (status, code_of(status)),
        };
        Refused { status, code, message, retry_after }
    }
}

impl From<IngestError> for Refused {
    fn from(error: IngestError) -> Refused {
        let (status, retry_after) = of_ingest(&error);
        Refused { status, code: code_of(status), message: ApiError::Ingest(error).message(), retry_after }
    }
}

/// Returns the code that goes with a status.
fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
        status if status.is_client_error() => "InvalidDataFormat",
        _ => "UnspecifiedError",
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "Error": self.code, "Message": self.message }))).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(crate) async fn post(State(service): State<Arc<Service>>, request: Request) -> Response {
    match take(&service, request).await {
        Ok(rejected) => with_rejected(StatusCode::OK.into_response(), rejected),
        Err(refused) => refused.into_response(),
    }
}

/// Takes a request's records. Returns how many went to the quarantine.
async fn take(service: &Arc<Service>, request: Request) -> Result<u64, Refused> {
    let (parts, body) = request.into_parts();
    let (workspace, slot) = authenticate(service, &parts).await?;
    check_version(parts.uri.query())?;
    match media_type(&parts.headers).as_deref() {
        None => return Err(bad("MissingContentType", "the request has no `Content-Type`")),
        Some("application/json") => {}
        Some(other) => return Err(bad("UnsupportedContentType", format!("`{other}` is not `application/json`"))),
    }
    let log_type = text(&parts, "log-type").ok_or_else(|| bad("MissingLogType", "the request has no `Log-Type`"))?;
    let is_plain = log_type.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_name = log_type.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && is_plain;
    if !is_name || log_type.len() > LOG_TYPE_MAX {
        let form = format!("letters, digits and `_`, not a digit first, at most {LOG_TYPE_MAX}");
        return Err(bad("InvalidLogType", format!("`{log_type}` is no log type: {form}")));
    }
    let place = service.place()?;
    let body = service.body(body, &parts.headers, service.api.limits.data_bytes_max).await?;
    note_use(service, &parts, &workspace, slot).await?;
    let table = format!("{log_type}_CL");
    let pending = submit(service, &parts, (workspace, table, slot), body).await?;
    drop(place);
    Ok(taken(pending).await?)
}

/// Finds out whose key signed the request.
async fn authenticate(service: &Arc<Service>, parts: &Parts) -> Result<(String, KeySlot), Refused> {
    let invalid = |message: &str| refused(StatusCode::FORBIDDEN, "InvalidAuthorization", message);
    let header = text(parts, "authorization").ok_or_else(|| invalid("the request has no `Authorization`"))?;
    let form = "`Authorization: SharedKey <workspace id>:<signature>` is expected";
    let Signature { workspace, mac } = Signature::parse(&header).ok_or_else(|| invalid(form))?;
    let is_id = workspace.len() <= 128 && workspace.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !is_id {
        return Err(bad("InvalidCustomerId", "the workspace id is none"));
    }
    let date = text(parts, "x-ms-date").ok_or_else(|| invalid("the request has no `x-ms-date`"))?;
    if !is_current(&date, service.api.clock.now_ticks()) {
        return Err(invalid("`x-ms-date` is no date of RFC 1123, or more than 15 minutes from now"));
    }
    let length = text(parts, "content-length").and_then(|length| length.parse().ok());
    let length: u64 = length.ok_or_else(|| invalid("the request has no `Content-Length`, which is signed"))?;
    let content_type = text(parts, "content-type").unwrap_or_default();
    let texts = strings_to_sign(length, &content_type, &date);
    // Nothing is said of which workspaces there are.
    let wrong = || invalid("the signature is not one of the workspace's keys");
    let name = service.api.directory.find(&workspace).ok_or_else(wrong)?;
    let (keys, of) = (service.api.keys.clone(), name.clone());
    let found = blocking(move || keys.verify(&of, &texts, &mac)).await?;
    let slot = found.map_err(ApiError::Workspace)?.ok_or_else(wrong)?;
    Ok((name, slot))
}

fn check_version(query: Option<&str>) -> Result<(), Refused> {
    let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    match pairs.find(|(name, _)| *name == "api-version").map(|(_, version)| version) {
        None | Some("") => Err(bad("MissingApiVersion", "the address has no `api-version`")),
        Some(VERSION) => Ok(()),
        Some(other) => Err(bad("InvalidApiVersion", format!("the api-version `{other}` is not {VERSION}"))),
    }
}

/// Names the columns, makes those that are missing, and hands the records in.
async fn submit(
    service: &Arc<Service>,
    parts: &Parts,
    (workspace, table, slot): (String, String, KeySlot),
    body: Vec<u8>,
) -> Result<Vec<Pending>, Refused> {
    let (time_field, resource_id) = (text(parts, "time-generated-field"), text(parts, "x-ms-azureresourceid"));
    let name = text(parts, "x-ms-client-request-id").filter(|name| name.len() <= 256);
    let now = service.api.clock.now_ticks();
    let (of, vault) = ((workspace.clone(), table.clone()), service.api.vault.clone());
    let has_resource = resource_id.is_some();
    let named = blocking(move || {
        let stored = vault.workspace(&of.0).and_then(|of_name| of_name.table(&of.1)).and_then(|found| found.schema());
        let known = stored.map(|schema| schema.columns().to_vec()).unwrap_or_default();
        let said = Said { time_field: time_field.as_deref(), resource_id: resource_id.as_deref() };
        let suffixed = collection::suffixed(&body, &known, said, now)?;
        let mut missing = suffixed.new_columns.clone();
        let mut add = |name: &str, ktype: schema::KqlType| {
            if !known.iter().any(|column| column.name == name) {
                missing.insert(0, schema::Column::new(name, ktype));
            }
        };
        if has_resource {
            add("_ResourceId", schema::KqlType::String);
        }
        add("TimeGenerated", schema::KqlType::Datetime);
        Ok::<_, String>((suffixed, missing))
    });
    let (suffixed, missing) = named.await?.map_err(|why| bad("InvalidDataFormat", why))?;
    if suffixed.records == 0 {
        return Ok(Vec::new());
    }
    if !missing.is_empty() {
        let signer = signer(&workspace, slot);
        service.make_columns(parts, &signer, &workspace, &table, missing).await?;
    }
    let vault = service.api.vault.clone();
    let pending = blocking(move || vault.take(&workspace, &table, &suffixed.body, name.as_deref())).await?;
    Ok(vec![pending?])
}

/// Returns whoever has a key, as those who do something are written down.
fn signer(workspace: &str, slot: KeySlot) -> Principal {
    Principal {
        id: format!("sharedKey/{}", slot.name()),
        name: format!("the {} key of {workspace}", slot.name()),
        roles: vec![Role::MonitoringMetricsPublisher],
        workspaces: Workspaces::Named(vec![workspace.to_string()]),
    }
}

/// Writes down that a key is used, unless that was done within the hour.
async fn note_use(service: &Arc<Service>, parts: &Parts, workspace: &str, slot: KeySlot) -> Result<(), Refused> {
    let now = service.api.clock.now_ticks();
    let resource = format!("workspaces/{workspace}/sharedKeys/{}", slot.name());
    let is_noted = {
        let mut used = service.keys_used.lock().unwrap_or_else(PoisonError::into_inner);
        let is_noted = used.get(&resource).is_some_and(|last| (0..ticks::HOUR).contains(&now.saturating_sub(*last)));
        if !is_noted {
            used.insert(resource.clone(), now);
        }
        is_noted
    };
    if is_noted {
        return Ok(());
    }
    let properties = vec![("authentication".to_string(), "weak: the signature does not cover the body".to_string())];
    let signer = signer(workspace, slot);
    let begun = service.activity(parts, &signer, Operation::UseSharedKey, resource.clone(), properties);
    let record = begun.then(now, ActivityStatus::Succeeded, None);
    if service.api.activities.record(record).await.is_err() {
        service.keys_used.lock().unwrap_or_else(PoisonError::into_inner).remove(&resource);
        return Err(ApiError::NotRecorded.into());
    }
    Ok(())
}

/// Returns a header's text; `None` when it is missing or empty.
fn text(parts: &Parts, name: &str) -> Option<String> {
    let text = parts.headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.to_string())
}
