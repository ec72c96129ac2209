//! `POST /v1/workspaces/{workspace}/sources/{source}/records`: a log in its native format, whole, whose records land in the tables of
//! that format. `{source}` is a format's name, or `auto` for what the first bytes and the query's `name=`, a file's name, show.
//!
//! The header `x-ms-client-request-id` names the request: sent again under the same name, nothing is taken twice. Answers 200 with
//! `{"source", "read", "taken", "derived", "tables": {table: count}, "rejected": {"count", "reasons"}, "receipts",
//! "quarantineReceipts"}`; what is read is what is taken and not derived, and what is rejected. Rejected records are in the quarantine.

use std::collections::BTreeMap;
use std::sync::Arc;

use auth::Action;
use axum::Json;
use axum::extract::{Path, Query, Request, State};
use files::{Rejected, Rejection};
use ingest::{Pending, Vault};
use listeners::http::read_body;
use serde::Deserialize;
use serde_json::{Value, json};
use sources::{COLUMNS_MAX, Context, Counts, Output, Reason, Reject, Sniff, Source, TableBatch};

use crate::error::ApiError;
use crate::service::{Service, blocking, request_name};

/// Bytes that are read at a time.
const PIECE_BYTES: usize = 64 << 10;
/// Bytes of the records of one body at most.
const RECORDS_BYTES_MAX: usize = 256 << 20;

#[derive(Deserialize)]
pub(crate) struct Parameters {
    #[serde(default)]
    name: String,
}

/// A body's records on their way, by table, and what was counted.
struct Sent {
    source: &'static Source,
    counts: Counts,
    pending: Vec<(String, Pending)>,
    quarantined: Option<Pending>,
}

pub(crate) async fn post(
    State(service): State<Arc<Service>>,
    Path((workspace, source)): Path<(String, String)>,
    Query(Parameters { name: path }): Query<Parameters>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, body) = request.into_parts();
    service.sign_in(&parts.headers, Action::Ingest, &workspace)?;
    let place = service.place()?;
    let name = request_name(&parts.headers)?;
    let body = read_body(body, &parts.headers, service.api.limits.body).await.map_err(ApiError::Body)?;
    let (vault, now) = (service.api.vault.clone(), service.api.clock.now_ticks());
    let sent = blocking(move || {
        let source = match source.as_str() {
            "auto" => sources::detect(&Sniff::new(&path, &body)).ok_or(ApiError::Unrecognised)?,
            name => {
                sources::find(name).ok_or_else(|| ApiError::Unknown { what: "log format", name: name.to_string() })?
            }
        };
        send(&vault, &workspace, source, Context { path, now }, &body, name.as_deref())
    });
    let Sent { source, counts, pending, quarantined } = sent.await??;
    let (mut tables, mut reasons) = (BTreeMap::new(), BTreeMap::<&str, u64>::new());
    let (mut taken, mut rejected) = (0, 0);
    let (mut receipts, mut quarantine_receipts) = (Vec::new(), Vec::new());
    for (table, pending) in pending.into_iter().chain(quarantined.map(|pending| (String::new(), pending))) {
        let answer = pending.commit().await.map_err(ApiError::Ingest)?.into_answer();
        taken += answer.taken;
        rejected += answer.rejected.len();
        for (reason, count) in answer.reasons() {
            *reasons.entry(reason.name()).or_default() += count;
        }
        if !table.is_empty() {
            tables.insert(table, answer.taken);
        }
        receipts.extend(answer.receipts.iter().map(tlog::Receipt::to_text));
        quarantine_receipts.extend(answer.quarantine_receipts.iter().map(tlog::Receipt::to_text));
    }
    drop(place);
    Ok(Json(json!({
        "source": source.name,
        "read": counts.read,
        "taken": taken,
        "derived": counts.derived,
        "tables": tables,
        "rejected": { "count": rejected, "reasons": reasons },
        "receipts": receipts,
        "quarantineReceipts": quarantine_receipts,
    })))
}

/// What was made of a body so far.
#[derive(Default)]
struct Made {
    tables: BTreeMap<String, TableBatch>,
    rejects: Vec<Reject>,
    bytes: usize,
    was_full: bool,
}

impl Made {
    /// Takes what a parser made. Some formats say in a few bytes what is many columns.
    fn add(&mut self, out: &mut Output) -> Result<(), ApiError> {
        self.was_full = out.is_full();
        for (table, batch) in out.take_tables() {
            self.bytes += batch.body.len();
            self.tables.entry(table).or_default().add(batch);
        }
        for reject in out.take_rejects() {
            self.bytes += reject.raw.len();
            self.rejects.push(reject);
        }
        match self.bytes > RECORDS_BYTES_MAX {
            true => Err(ApiError::Expands { max: RECORDS_BYTES_MAX }),
            false => Ok(()),
        }
    }
}

/// Makes records of a body and hands them to the store.
fn send(
    vault: &Vault,
    workspace: &str,
    source: &'static Source,
    context: Context,
    body: &[u8],
    request: Option<&str>,
) -> Result<Sent, ApiError> {
    let mut parser = (source.parser)(&context);
    let mut out = Output::default();
    let mut made = Made::default();
    for piece in body.chunks(PIECE_BYTES) {
        parser.push(piece, &mut out);
        made.add(&mut out)?;
        while made.was_full {
            parser.push(&[], &mut out);
            made.add(&mut out)?;
        }
    }
    parser.finish(&mut out);
    made.add(&mut out)?;
    let counts = out.counts;
    let mut pending = Vec::new();
    for (table, batch) in made.tables {
        add_columns(vault, workspace, &table, &batch).map_err(ApiError::Ingest)?;
        let taken = vault.take(workspace, &table, batch.body.as_bytes(), request).map_err(ApiError::Ingest)?;
        pending.push((table, taken));
    }
    let rejected: Vec<Rejected> = made.rejects.into_iter().map(rejected).collect();
    let quarantined = match rejected.is_empty() {
        true => None,
        false => {
            let request = request.map(|name| (name, body));
            Some(vault.quarantine(workspace, source.name, rejected, request).map_err(ApiError::Ingest)?)
        }
    };
    Ok(Sent { source, counts, pending, quarantined })
}

/// Gives a table the columns that its records need, while there is room for them.
fn add_columns(vault: &Vault, workspace: &str, table: &str, batch: &TableBatch) -> Result<(), ingest::IngestError> {
    if batch.columns.is_empty() {
        return Ok(());
    }
    let schema = vault.ensure_table(workspace, table, &[])?;
    let is_new = |column: &&schema::Column| schema.columns().iter().all(|known| known.name != column.name);
    let room = COLUMNS_MAX.saturating_sub(schema.columns().len());
    let new: Vec<schema::Column> = batch.columns.iter().filter(is_new).take(room).cloned().collect();
    if !new.is_empty() {
        vault.ensure_table(workspace, table, &new)?;
    }
    Ok(())
}

fn rejected(reject: Reject) -> Rejected {
    let Reject { position, reason, detail, raw } = reject;
    let reason = match reason {
        Reason::Malformed => Rejection::Malformed,
        Reason::Oversized => Rejection::Oversized,
        Reason::Encoding => Rejection::Encoding,
    };
    Rejected { position, reason, detail, raw }
}
