//! Elasticsearch's bulk and document requests, and what its clients ask before they send.
//!
//! Documents are records of a log: `create` and `index` add one, `update` and `delete` are refused item by item. An `_id` is kept in the
//! column `DocumentId` and looked up nowhere: a document that comes again is there again. A whole request that is repeated under the same
//! `X-Opaque-Id` with the same body is taken once.
//!
//! An index names a table as [`crate::push`] says, also without the date, version or number behind it, and the data set of a data stream.
//! Templates, policies, pipelines and indices are not made: requests for them are acknowledged, as clients go on only then, with a
//! `Warning` that says so; asked for, they are not there.
//!
//! # Source
//! Elasticsearch reference, "Bulk API", "Index API", "Common options"; Elastic's "Data stream naming scheme".

mod answer;
pub mod bulk;
mod index;
mod probes;

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, RawQuery, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use files::{Rejected, Rejection};
use sha2::{Digest, Sha256};

use answer::{Problem, branded, items};
use bulk::{Action, Item, bulk, document};

use super::deliver::{Fate, Order, deliver};
use super::sender::Sender;
use super::{path_workspace, request_name};
use crate::error::ApiError;
use crate::service::{Service, blocking, with_rejected};

/// The table, without its ending, of documents that may have no further table.
const COMMON: &str = "Elastic";
const MOUNT: &str = "/v1/workspaces/{workspace}/elastic";
const OPAQUE_ID: &str = "x-opaque-id";
const OPAQUE_ID_BYTES_MAX: usize = 256;

/// Returns the routes.
pub(super) fn routes(is_root_free: bool) -> Router<Arc<Service>> {
    let mut router = Router::new().route(MOUNT, get(probes::version)).route(&format!("{MOUNT}/"), get(probes::version));
    if is_root_free {
        router = router.route("/", get(probes::version));
    }
    // One part of a path is a database elsewhere.
    router = router.route(&format!("{MOUNT}/{{index}}"), put(probes::acknowledge).get(probes::missing));
    for mount in ["", MOUNT] {
        let at = |path: &str| format!("{mount}{path}");
        router = router
            .route(&at("/_bulk"), post(take_bulk).put(take_bulk))
            .route(&at("/{index}/_bulk"), post(take_bulk).put(take_bulk))
            .route(&at("/{index}/_doc"), post(take_document))
            .route(
                &at("/{index}/_doc/{id}"),
                post(take_document).put(take_document).delete(refuse).get(probes::missing),
            )
            .route(&at("/{index}/_create/{id}"), post(take_document).put(take_document))
            .route(&at("/{index}/_update/{id}"), post(refuse))
            .route(&at("/_license"), get(probes::license))
            .route(&at("/_xpack"), get(probes::features))
            .route(&at("/_cluster/health"), get(probes::health));
        for kind in
            ["_index_template", "_component_template", "_template", "_ilm/policy", "_ingest/pipeline", "_data_stream"]
        {
            let one = put(probes::acknowledge).post(probes::acknowledge).get(probes::missing);
            router = router.route(&at(&format!("/{kind}/{{name}}")), one);
        }
    }
    router
}

/// What a request's path and query say of all its documents.
struct Place {
    index: Option<String>,
    id: Option<String>,
    is_create: bool,
}

impl Place {
    fn of(path: &RawPathParams, parts: &Parts, query: Option<&str>) -> Place {
        let of = |wanted: &str| path.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_string());
        let is_create = query.unwrap_or_default().split('&').any(|pair| pair == "op_type=create");
        Place { index: of("index"), id: of("id"), is_create: is_create || parts.uri.path().contains("/_create/") }
    }
}

async fn take_bulk(
    State(service): State<Arc<Service>>,
    path: RawPathParams,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    branded(match take(&service, &path, query.as_deref(), request, true).await {
        Ok(Done { items: found, fates, began, kept }) => {
            let took = service.api.clock.now_ticks().saturating_sub(began) / schema::ticks::MILLISECOND;
            let rejected = fates.iter().filter(|fate| matches!(fate, Some(Fate::Quarantined(_)))).count();
            with_rejected(items(&found, &fates, took), (rejected + kept) as u64)
        }
        Err(problem) => problem.into_response(),
    })
}

async fn take_document(
    State(service): State<Arc<Service>>,
    path: RawPathParams,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    branded(match take(&service, &path, query.as_deref(), request, false).await {
        Ok(Done { items, fates, .. }) => match (items.first(), fates.first()) {
            (Some(item), Some(fate)) => answer::single(item, fate.as_ref()),
            _ => Problem::malformed("the request has no document").into_response(),
        },
        Err(problem) => problem.into_response(),
    })
}

/// Refuses to change or remove a document.
async fn refuse(State(service): State<Arc<Service>>, path: RawPathParams, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    branded(match admit(&service, &path, &parts) {
        Ok(_) => Problem::unchangeable().into_response(),
        Err(problem) => problem.into_response(),
    })
}

/// What became of a request's items; of an item that was refused at once there is no fate.
struct Done {
    items: Vec<Item>,
    fates: Vec<Option<Fate>>,
    began: i64,
    /// Items that were no documents.
    kept: usize,
}

/// Takes a request's documents: a bulk, or the body as one.
async fn take(
    service: &Arc<Service>,
    path: &RawPathParams,
    query: Option<&str>,
    request: Request,
    is_bulk: bool,
) -> Result<Done, Problem> {
    let (parts, body) = request.into_parts();
    let sender = admit(service, path, &parts)?;
    let began = service.api.clock.now_ticks();
    let permit = service.place().map_err(Problem::from)?;
    let limits = &service.api.limits.push;
    let body = service.body(body, &parts.headers, limits.bytes_max).await.map_err(Problem::from)?;
    let (place, entries_max) = (Place::of(path, &parts, query), limits.entries_max);
    let opaque = opaque_id(&parts.headers);
    let named = request_name(&parts.headers);
    let read = blocking(move || {
        // Clients give one id to many requests: it is the body that tells whether it is the same one.
        let repeated = opaque.map(|opaque| format!("{opaque}/{}", STANDARD.encode(Sha256::digest(&body))));
        let Place { index, id, is_create } = place;
        let items = match is_bulk {
            true => bulk(&body, index.as_deref(), entries_max)?,
            false => {
                let action = if is_create { Action::Create } else { Action::Index };
                let id = id.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
                vec![document(&body, index.as_deref().unwrap_or_default(), id, action)]
            }
        };
        Ok::<_, Problem>((items, named.or(repeated)))
    });
    let (mut items, request) = read.await.map_err(Problem::from)??;
    let mut numbers = Vec::new();
    let mut entries = Vec::new();
    for (number, item) in items.iter_mut().enumerate() {
        if let Ok(entry) = &mut item.entry {
            numbers.push(number);
            entries.push(std::mem::take(&mut **entry));
        }
    }
    let kept = keep(service, &sender.workspace, &mut items, request.as_deref()).await?;
    let order = Order { sender: &sender, entries, request, common: COMMON };
    let mut fates: Vec<Option<Fate>> = vec![None; items.len()];
    let delivered = deliver(service, &parts, order).await.map_err(Problem::from)?;
    drop(permit);
    for (number, fate) in numbers.into_iter().zip(delivered) {
        if let Some(place) = fates.get_mut(number) {
            *place = Some(fate);
        }
    }
    Ok(Done { items, fates, began, kept })
}

/// Keeps in the quarantine what came in place of documents: agents throw away what is refused.
async fn keep(
    service: &Arc<Service>,
    workspace: &str,
    items: &mut [Item],
    request: Option<&str>,
) -> Result<usize, Problem> {
    let mut rejected = Vec::new();
    for (item, position) in items.iter_mut().zip(0..) {
        if let (Some(raw), Err(problem)) = (item.raw.take(), &item.entry) {
            let detail = format!("of the index `{}`: {}", item.index, problem.reason());
            rejected.push(Rejected { position, reason: Rejection::Malformed, detail, raw });
        }
    }
    if rejected.is_empty() {
        return Ok(0);
    }
    let n_kept = rejected.len();
    let (vault, workspace) = (service.api.vault.clone(), workspace.to_string());
    let name = request.map(|request| format!("{request}/rejected"));
    let pending = blocking(move || {
        let content: Vec<u8> = rejected.iter().flat_map(|rejected| rejected.raw.iter().copied()).collect();
        let request = name.as_deref().map(|name| (name, content.as_slice()));
        vault.quarantine(&workspace, "elastic", rejected, request)
    });
    let pending = pending.await.map_err(Problem::from)?.map_err(ApiError::Ingest)?;
    pending.finish().await.map_err(ApiError::Ingest)?;
    Ok(n_kept)
}

/// Lets a sender in.
fn admit(service: &Arc<Service>, path: &RawPathParams, parts: &Parts) -> Result<Sender, Problem> {
    Sender::of(service, parts, path_workspace(path), "x-scope-orgid").map_err(Problem::from)
}

/// Returns what a client calls a request, or itself.
fn opaque_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(OPAQUE_ID)?.to_str().ok()?;
    (!id.is_empty() && id.len() <= OPAQUE_ID_BYTES_MAX).then(|| id.to_string())
}
