//! What the endpoints share, and their routes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use audit::ActivitySink;
use auth::{Action, Principal, Tokens};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use axum::routing::{get, post, put};
use collection::Collector;
use ingest::{IngestError, Pending, Vault};
use listeners::http::{BodyError, BodyLimits, arm_paths, read_body};
use stdx::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use workspaces::{Directory, SharedKeys};

use crate::endpoints;
use crate::error::ApiError;
use crate::otlp;
use crate::push::{self, Acks, PushLimits};
use crate::rate::Rate;

/// Of the threads that bind transformations, as of those that bind queries.
const STACK_BYTES: usize = 256 << 20;

/// What the endpoints work with.
pub struct IngestApi {
    pub vault: Arc<Vault>,
    pub directory: Arc<Directory>,
    pub keys: Arc<SharedKeys>,
    pub collector: Arc<Collector>,
    pub tokens: Arc<Tokens>,
    pub activities: Arc<dyn ActivitySink>,
    pub clock: Arc<dyn Clock>,
    /// Whether the server speaks TLS, for the addresses that it gives of itself.
    pub tls: bool,
    /// Whether nobody else answers `GET /`, where Elasticsearch's clients ask for its version.
    pub is_root_free: bool,
    pub limits: Limits,
}

/// Limits of requests.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Requests whose bodies are in memory at the same time; further ones are answered 429.
    pub requests_max: usize,
    /// Requests and bytes that one rule takes in a minute.
    pub rule_per_minute: (u64, u64),
    /// Bytes of a rule's document.
    pub rule_bytes_max: usize,
    /// Bytes of a request of the HTTP Data Collector API.
    pub data_bytes_max: usize,
    /// Bytes of a request of the OpenTelemetry protocol, packed and unpacked.
    pub otlp_bytes_max: usize,
    /// Of requests of the protocols that shippers speak.
    pub push: PushLimits,
}

impl Default for Limits {
    /// Azure Monitor's own limits, where it has them: 12 000 requests and 2 GB a minute of each rule, 30 MB of a request of the older
    /// API.
    fn default() -> Limits {
        Limits {
            body_timeout: Duration::from_secs(60),
            requests_max: 64,
            rule_per_minute: (12_000, 2_000_000_000),
            rule_bytes_max: 1 << 20,
            data_bytes_max: 30 << 20,
            otlp_bytes_max: 16 << 20,
            push: PushLimits::default(),
        }
    }
}

/// The same, with what is counted while requests run.
pub(crate) struct Service {
    pub api: IngestApi,
    pub rate: Rate,
    places: Arc<Semaphore>,
    /// When the use of each key was written down last, in ticks.
    pub keys_used: Mutex<HashMap<String, i64>>,
    pub acks: Acks,
}

/// Routes, by the listener that they are for.
pub struct Routers {
    /// Endpoints of HTTP.
    pub http: Router,
    /// The OpenTelemetry protocol over gRPC, for a listener that speaks HTTP/2.
    pub otlp_grpc: Router,
}

/// Returns the routes of the endpoints.
pub fn routers(api: IngestApi) -> Routers {
    let places = Arc::new(Semaphore::new(api.limits.requests_max));
    let service =
        Arc::new(Service { api, rate: Rate::default(), places, keys_used: Mutex::default(), acks: Acks::default() });
    let is_root_free = service.api.is_root_free;
    let mut router = Router::new()
        .route("/dataCollectionRules/{rule}/streams/{stream}", post(endpoints::upload_logs::post))
        .route("/api/logs", post(endpoints::collect_data::post))
        .route("/v1/logs", post(otlp::http::logs))
        .route("/v1/metrics", post(otlp::http::metrics))
        .route("/v1/traces", post(otlp::http::traces))
        .route("/v1/workspaces/{workspace}/sharedKeys", get(endpoints::shared_keys::list))
        .route(
            "/v1/workspaces/{workspace}/sharedKeys/{slot}",
            put(endpoints::shared_keys::put).delete(endpoints::shared_keys::delete),
        );
    for provider in ["Microsoft.Insights", "microsoft.insights"] {
        let path = format!("/subscriptions/{{subscription}}/providers/{provider}/dataCollectionRules");
        router = router.route(&path, get(endpoints::collection_rules::list));
    }
    for path in arm_paths("Microsoft.Insights", "dataCollectionRules") {
        let one = get(endpoints::collection_rules::get)
            .put(endpoints::collection_rules::put)
            .delete(endpoints::collection_rules::delete);
        router = router.route(&path, get(endpoints::collection_rules::list)).route(&format!("{path}/{{name}}"), one);
    }
    for path in arm_paths("Microsoft.OperationalInsights", "workspaces/{workspace}/sharedKeys") {
        router = router.route(&path, post(endpoints::shared_keys::list_arm));
    }
    let router = router.merge(push::routes(is_root_free));
    Routers { otlp_grpc: otlp::grpc::router(service.clone()), http: router.with_state(service) }
}

impl Service {
    /// Finds out who asks.
    pub fn sign_in(&self, headers: &HeaderMap) -> Result<Principal, ApiError> {
        let header = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
        self.api.tokens.authenticate(header).map_err(ApiError::NotSignedIn)
    }

    /// Checks that somebody may do something in all of some workspaces.
    pub fn check(&self, principal: &Principal, action: Action, workspaces: &[String]) -> Result<(), ApiError> {
        let what = match action {
            Action::Read => "read",
            Action::Ingest => "hand in records",
            Action::Manage => "manage",
            Action::Purge => "erase or destroy records",
        };
        match workspaces.iter().find(|workspace| !principal.may(action, workspace)) {
            Some(workspace) => Err(ApiError::Forbidden { what: format!("{what} in the workspace `{workspace}`") }),
            None => Ok(()),
        }
    }

    /// Takes a place for a request that needs memory.
    pub fn place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let crowded = |_| ApiError::Crowded { max: self.api.limits.requests_max };
        self.places.clone().try_acquire_owned().map_err(crowded)
    }

    /// Reads a body of at most so many bytes.
    pub async fn body(&self, body: Body, headers: &HeaderMap, bytes_max: usize) -> Result<Vec<u8>, ApiError> {
        self.read(body, headers, bytes_max).await.map_err(ApiError::Body)
    }

    /// The same for protocols that have errors of their own.
    pub async fn read(&self, body: Body, headers: &HeaderMap, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
        let limits = BodyLimits { bytes_max, timeout: self.api.limits.body_timeout };
        read_body(body, headers, limits).await
    }
}

/// Returns the media type of a body, in small letters; `None` when it is not said.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or_default();
    Some(said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Waits until all records are taken. Returns how many went to the quarantine.
pub(crate) async fn taken(pending: Vec<Pending>) -> Result<u64, IngestError> {
    let mut rejected = 0;
    for pending in pending {
        rejected += pending.finish().await?.rejected.len() as u64;
    }
    Ok(rejected)
}

/// Says in an answer how many records went to the quarantine.
pub(crate) fn with_rejected(mut response: Response, rejected: u64) -> Response {
    if rejected > 0 {
        response.headers_mut().insert(HeaderName::from_static("vidimus-rejected"), HeaderValue::from(rejected));
    }
    response
}

/// Runs work that takes a while on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    // Transformations nest as deeply as their text does: binding them needs the room that other queries have.
    let thread = std::thread::Builder::new().name("collect".to_string()).stack_size(STACK_BYTES);
    let run = move || {
        // Whoever asked may have gone.
        let _ = sender.send(work());
    };
    thread.spawn(run).map_err(|_| ApiError::Internal)?;
    receiver.await.map_err(|_| ApiError::Internal)
}
