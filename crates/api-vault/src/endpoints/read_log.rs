//! `GET /v1/workspaces/{workspace}/log/{path}`: the published log, as C2SP tlog-tiles lays it out: `checkpoint`, `tile/<L>/<N>[.p/<W>]`,
//! `tile/entries/<N>[.p/<W>]`.

use std::sync::Arc;

use auth::Action;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use tlog::tile::Tile;

use crate::error::ApiError;
use crate::service::{Service, blocking};

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path((workspace, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    service.sign_in(&headers, Action::Read, &workspace)?;
    let unknown = |what| ApiError::Unknown { what, name: path.clone() };
    // Only names of the published form are looked up.
    let is_checkpoint = path == "checkpoint";
    if !is_checkpoint && Tile::parse_path(&path).or_else(|| Tile::parse_entries_path(&path)).is_none() {
        return Err(unknown("file of the log"));
    }
    let found =
        service.api.vault.workspace(&workspace).ok_or(ApiError::Unknown { what: "workspace", name: workspace })?;
    let file = found.folder().join("log").join(&path);
    let bytes = blocking(move || std::fs::read(file)).await?.map_err(|_| unknown("file of the log"))?;
    let (kind, cache) = if is_checkpoint {
        ("text/plain; charset=utf-8", "no-cache")
    } else {
        ("application/octet-stream", "max-age=31536000, immutable")
    };
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache)], bytes).into_response())
}
