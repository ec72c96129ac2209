//! Requests into the store, whichever way they came: who sends, where to, and what became of the records.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use ingest::{IngestError, Pending, Vault};
use prost::Message as _;
use serde_json::json;

use super::read::{Read, read};
use super::status::OtlpError;
use super::wire::{Encoding, Signal};
use crate::service::Service;
use crate::whose::{WORKSPACE_HEADER, workspace_of};

/// What became of a request's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Log records, spans or points that are in the quarantine, whole or in part.
    pub n_rejected: u64,
    pub message: String,
}

/// Returns the workspace that a request's records go to, by what its headers, or gRPC's metadata, say.
pub fn workspace(service: &Service, headers: &HeaderMap) -> Result<String, OtlpError> {
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_string();
    let authorization = headers.get(header::AUTHORIZATION).map(text);
    let principal = service.api.tokens.authenticate(authorization.as_deref()).map_err(OtlpError::NotSignedIn)?;
    let named = headers.get(WORKSPACE_HEADER).map(text);
    workspace_of(&principal, named.as_deref(), &service.api.directory).map_err(OtlpError::Whose)
}

/// Takes the records of a body, and waits until they are durable.
pub async fn take(
    service: &Arc<Service>,
    workspace: String,
    body: Vec<u8>,
    encoding: Encoding,
    signal: Signal,
) -> Result<Outcome, OtlpError> {
    let arrival = service.api.clock.now_ticks();
    let vault = service.api.vault.clone();
    let send = move || {
        let read = read(&body, encoding, signal, arrival).map_err(OtlpError::Envelope)?;
        drop(body);
        send(&vault, &workspace, signal, read).map_err(OtlpError::Ingest)
    };
    let sent = tokio::task::spawn_blocking(send).await.map_err(|_| OtlpError::Internal)??;
    sent.finish().await.map_err(OtlpError::Ingest)
}

/// Records on their way.
struct Sent {
    /// With the records of the request that those of the table were made of.
    tables: Vec<(Pending, Vec<u64>)>,
    quarantined: Option<Pending>,
    rejected: BTreeSet<u64>,
    first_reason: Option<String>,
}

fn send(vault: &Vault, workspace: &str, signal: Signal, read: Read) -> Result<Sent, IngestError> {
    let mut sent = Sent {
        tables: Vec::new(),
        quarantined: None,
        rejected: read.rejected.iter().map(|rejected| rejected.position).collect(),
        first_reason: read.rejected.first().map(|rejected| rejected.detail.clone()),
    };
    for (table, rows) in read.tables {
        sent.tables.push((vault.take(workspace, table, rows.body.as_bytes(), None)?, rows.origins));
    }
    if !read.rejected.is_empty() {
        sent.quarantined = Some(vault.quarantine(workspace, of(signal), read.rejected, None)?);
    }
    Ok(sent)
}

/// Returns what the quarantine says that records are of.
fn of(signal: Signal) -> &'static str {
    match signal {
        Signal::Logs => "otlp-logs",
        Signal::Metrics => "otlp-metrics",
        Signal::Traces => "otlp-traces",
    }
}

impl Sent {
    async fn finish(mut self) -> Result<Outcome, IngestError> {
        for (pending, origins) in self.tables {
            for rejected in pending.finish().await?.rejected {
                let origin = usize::try_from(rejected.position).ok().and_then(|place| origins.get(place));
                self.rejected.extend(origin);
                self.first_reason.get_or_insert(rejected.detail);
            }
        }
        if let Some(pending) = self.quarantined {
            pending.finish().await?;
        }
        let n_rejected = self.rejected.len() as u64;
        let message = self.first_reason.map_or_else(String::new, |reason| {
            format!(
                "{n_rejected} could not be taken and are in the table `{}`; the first: {reason}",
                ingest::QUARANTINE_TABLE
            )
        });
        Ok(Outcome { n_rejected, message })
    }
}

/// The answer to a request of any signal: they differ in the name of one field only.
#[derive(Clone, PartialEq, prost::Message)]
struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    n_rejected: i64,
    #[prost(string, tag = "2")]
    message: String,
}

impl Outcome {
    /// Returns the answer in protobuf.
    pub fn to_protobuf(&self) -> Vec<u8> {
        let n_rejected = i64::try_from(self.n_rejected).unwrap_or(i64::MAX);
        let partial = PartialSuccess { n_rejected, message: self.message.clone() };
        ExportResponse { partial_success: (self.n_rejected > 0).then_some(partial) }.encode_to_vec()
    }

    /// Returns the answer in JSON.
    pub fn to_json(&self, signal: Signal) -> String {
        if self.n_rejected == 0 {
            return "{}".to_string();
        }
        let field = match signal {
            Signal::Logs => "rejectedLogRecords",
            Signal::Metrics => "rejectedDataPoints",
            Signal::Traces => "rejectedSpans",
        };
        json!({ "partialSuccess": { field: self.n_rejected.to_string(), "errorMessage": self.message } }).to_string()
    }
}
