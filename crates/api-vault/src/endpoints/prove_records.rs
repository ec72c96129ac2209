//! `POST /v1/workspaces/{workspace}/proofs`: evidence to take away, as a zip of a bundle's files.
//!
//! ```json
//! {"tables": {"SigninLogs": {"rows": [[17, 3], [17, 4]]}, "AuditLogs": {"first": 0, "count": 100}}, "hidden": ["IPAddress"]}
//! ```
//!
//! A row is the entry of its batch and its position in it, as `_LogEntry` and `_LogPosition` say; `first` and `count` are record
//! numbers, and claim that nothing between them is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write};
use std::sync::Arc;

use auth::Action;
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ingest::Wanted;
use listeners::http::read_body;
use serde::Deserialize;
use tlog::bundle::Files;
use tlog::entry::SeqRange;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::error::ApiError;
use crate::service::{Service, blocking};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    tables: BTreeMap<String, TableBody>,
    #[serde(default)]
    hidden: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum TableBody {
    Rows { rows: Vec<(u64, u64)> },
    Range { first: u64, count: u64 },
}

pub(crate) async fn post(
    State(service): State<Arc<Service>>,
    Path(workspace): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let principal = service.sign_in(&parts.headers, Action::Read, &workspace)?;
    let place = service.place()?;
    let body = read_body(body, &parts.headers, service.api.limits.body).await.map_err(ApiError::Body)?;
    let Body { tables, hidden } =
        serde_json::from_slice(&body).map_err(|error| ApiError::Malformed(error.to_string()))?;
    let wanted = tables.into_iter().map(|(table, wanted)| match wanted {
        TableBody::Rows { rows } => (table, Wanted::Rows(rows.into_iter().collect())),
        TableBody::Range { first, count } => (table, Wanted::Range(SeqRange { first, count })),
    });
    let wanted: BTreeMap<String, Wanted> = wanted.collect();
    let what = String::from_utf8_lossy(&body).into_owned();
    service.record(&principal, &workspace, "POST /v1/workspaces/proofs", what, 200).await?;
    let vault = service.api.vault.clone();
    let zipped = blocking(move || {
        let files = vault.prove(&workspace, &wanted, &hidden).map_err(ApiError::Prove)?;
        zip(&files).map_err(|_| ApiError::Internal)
    });
    let zipped = zipped.await??;
    drop(place);
    Ok(([(header::CONTENT_TYPE, "application/zip"), (header::CACHE_CONTROL, "no-store")], zipped).into_response())
}

fn zip(files: &Files) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(name.as_str(), SimpleFileOptions::default())?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}
