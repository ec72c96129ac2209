//! What the endpoints share, and their routes.

use std::sync::Arc;
use std::time::Duration;

use audit::{ActivitySink, AuditSink, QueryRecord, RecordKind};
use auth::{Action, Principal, Tokens};
use axum::Router;
use axum::http::{HeaderMap, header};
use axum::routing::{get, post, put};
use ingest::Vault;
use listeners::http::BodyLimits;
use stdx::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use workspaces::Directory;

use crate::anchors::Anchors;
use crate::endpoints;
use crate::error::ApiError;

/// What the endpoints work with.
pub struct VaultApi {
    pub vault: Arc<Vault>,
    pub tokens: Arc<Tokens>,
    pub audit: Arc<dyn AuditSink>,
    pub activities: Arc<dyn ActivitySink>,
    pub clock: Arc<dyn Clock>,
    pub anchors: Arc<Anchors>,
    /// The workspace of what is about no other one: whoever may read it may see how the server is.
    pub own_workspace: String,
    pub directory: Arc<Directory>,
    pub limits: Limits,
}

/// Limits of requests.
#[derive(Debug, Clone)]
pub struct Limits {
    pub body: BodyLimits,
    /// Requests whose bodies are in memory at the same time; further ones are answered 429.
    pub requests_max: usize,
    /// Rejected records that an answer names one by one.
    pub rejected_named_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body: BodyLimits { bytes_max: 32 << 20, timeout: Duration::from_secs(60) },
            requests_max: 64,
            rejected_named_max: 100,
        }
    }
}

/// The same, with what is counted while requests run.
pub(crate) struct Service {
    pub api: VaultApi,
    places: Arc<Semaphore>,
}

/// Returns the routes of the endpoints.
pub fn router(api: VaultApi) -> Router {
    let places = Arc::new(Semaphore::new(api.limits.requests_max));
    let service = Arc::new(Service { api, places });
    Router::new()
        .route("/v1/workspaces/{workspace}", put(endpoints::put_workspace::put).get(endpoints::show_workspace::get))
        .route("/v1/workspaces/{workspace}/tables/{table}", put(endpoints::put_table::put))
        .route("/v1/workspaces/{workspace}/tables/{table}/records", post(endpoints::upload_records::post))
        .route(
            "/v1/workspaces/{workspace}/tables/{table}/retention",
            get(endpoints::retention::get).put(endpoints::retention::put),
        )
        .route("/v1/workspaces/{workspace}/tables/{table}/erase", post(endpoints::erase_cells::post))
        .route("/v1/workspaces/{workspace}/tables/{table}/purge", post(endpoints::purge_records::post))
        .route("/v1/workspaces/{workspace}/sources/{source}/records", post(endpoints::upload_source::post))
        .route("/v1/workspaces/{workspace}/quarantine", post(endpoints::quarantine_records::post))
        .route("/v1/workspaces/{workspace}/holds", get(endpoints::holds::get))
        .route("/v1/workspaces/{workspace}/holds/{hold}", put(endpoints::holds::put).delete(endpoints::holds::delete))
        .route("/v1/workspaces/{workspace}/proofs", post(endpoints::prove_records::post))
        .route("/v1/workspaces/{workspace}/log/{*path}", get(endpoints::read_log::get))
        .route("/v1/status", get(endpoints::show_status::get))
        .with_state(service)
}

impl Service {
    /// Finds out who asks, and whether they may.
    pub fn sign_in(&self, headers: &HeaderMap, action: Action, workspace: &str) -> Result<Principal, ApiError> {
        let header = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
        let principal = self.api.tokens.authenticate(header).map_err(ApiError::NotSignedIn)?;
        if principal.may(action, workspace) {
            return Ok(principal);
        }
        let what = match action {
            Action::Read => "read",
            Action::Ingest => "hand in records",
            Action::Manage => "manage",
            Action::Purge => "erase or destroy records",
        };
        Err(ApiError::Forbidden { what, workspace: workspace.to_string() })
    }

    /// Takes a place for a request that needs memory.
    pub fn place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let crowded = |_| ApiError::Crowded { max: self.api.limits.requests_max };
        self.places.clone().try_acquire_owned().map_err(crowded)
    }

    /// Writes down who read what.
    pub async fn record(
        &self,
        principal: &Principal,
        workspace: &str,
        target: &str,
        what: String,
        status: u16,
    ) -> Result<(), ApiError> {
        let record = QueryRecord {
            kind: RecordKind::Query,
            received: self.api.clock.now_ticks(),
            principal_id: principal.id.clone(),
            principal_name: principal.name.clone(),
            correlation_id: uuid::Uuid::new_v4().to_string(),
            query: what,
            workspace: workspace.to_string(),
            client_app: String::new(),
            target: target.to_string(),
            context: Vec::new(),
            response_code: status,
            response_rows: None,
            duration_ms: None,
            scanned_bytes: None,
        };
        self.api.audit.record(record).await.map_err(|_| ApiError::NotRecorded)
    }
}

const REQUEST_ID: &str = "x-ms-client-request-id";
const REQUEST_ID_BYTES_MAX: usize = 256;

/// Returns the name by which a request can be repeated; `None` when it has none.
pub(crate) fn request_name(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let name = headers.get(REQUEST_ID).map(|name| name.to_str().unwrap_or_default().to_string());
    if name.as_ref().is_some_and(|name| name.is_empty() || name.len() > REQUEST_ID_BYTES_MAX) {
        return Err(ApiError::Malformed(format!("`{REQUEST_ID}` is 1 to {REQUEST_ID_BYTES_MAX} characters of ASCII")));
    }
    Ok(name)
}

/// Runs work that takes a while on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::Internal)
}
