//! Protocols that shippers speak, each a folder: an agent's existing output sends here when only its address is changed.
//!
//! ```text
//! request ─ Sender (whose token, which workspace) ─ hec, elastic, loki: a body ─► Entry, Entry, ...
//! Entry ─ target (which table) ─ plan: an existing table, a log format, or a table of its own ─► lines by table
//! lines ─ columns that are missing are made, as an act ─ Vault::take ─► the fate of each entry ─ the protocol's own answer
//! ```
//!
//! Each protocol is there under its own paths, where the token or a header says the workspace, and below
//! `/v1/workspaces/{workspace}/hec`, `/elastic` and `/loki`, for senders that can only set an address.

mod deliver;
pub mod elastic;
mod entry;
pub mod hec;
pub mod loki;
mod plan;
mod sender;
mod stream;
mod target;
mod time;

use std::sync::Arc;

use axum::Router;
use axum::extract::RawPathParams;
use axum::http::HeaderMap;

pub use entry::{Content, Entry};
pub(crate) use hec::Acks;
pub use plan::own_lines;
pub use time::Time;

use crate::service::Service;

/// Limits of one request.
#[derive(Debug, Clone)]
pub struct PushLimits {
    /// Bytes of a body, packed and unpacked.
    pub bytes_max: usize,
    /// Events, documents or lines.
    pub entries_max: usize,
    /// Labels of a stream, and metadata of a line.
    pub labels_max: usize,
    /// Tables that senders have made of a workspace, by naming them.
    pub tables_max: usize,
}

impl Default for PushLimits {
    fn default() -> PushLimits {
        PushLimits { bytes_max: 32 << 20, entries_max: 200_000, labels_max: 100, tables_max: 500 }
    }
}

/// Returns the routes of all protocols.
pub(crate) fn routes(is_root_free: bool) -> Router<Arc<Service>> {
    hec::routes().merge(elastic::routes(is_root_free)).merge(loki::routes())
}

const REQUEST_ID: &str = "x-ms-client-request-id";
const REQUEST_ID_BYTES_MAX: usize = 256;

/// Returns the name by which a request can be repeated, so that nothing is taken twice.
fn request_name(headers: &HeaderMap) -> Option<String> {
    let name = headers.get(REQUEST_ID)?.to_str().ok()?;
    (!name.is_empty() && name.len() <= REQUEST_ID_BYTES_MAX).then(|| name.to_string())
}

/// Returns the workspace that an address names.
fn path_workspace(path: &RawPathParams) -> Option<&str> {
    path.iter().find(|(name, _)| *name == "workspace").map(|(_, value)| value)
}
