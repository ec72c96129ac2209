//! What the endpoints share, and their routes.

use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::prefer::Prefer;
use crate::{Limits, endpoints};
use api_kusto::{Databases, Queries, Rate, Strangers};
use audit::{AuditSink, QueryRecord};
use auth::{Action, AuthError, Tokens};
use axum::Router;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::Response;
use axum::routing::{get, post};
use listeners::http::arm_paths;
use query::Engine;
use std::sync::Arc;
use stdx::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use workspaces::Directory;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What the endpoints work with.
pub struct MonitorApi {
    pub engine: Engine,
    pub databases: Arc<dyn Databases>,
    pub directory: Arc<Directory>,
    pub tokens: Arc<Tokens>,
    pub audit: Arc<dyn AuditSink>,
    pub clock: Arc<dyn Clock>,
    pub limits: Limits,
}

/// The same, with what is counted while requests run.
pub(crate) struct Service {
    pub api: MonitorApi,
    places: Arc<Semaphore>,
    strangers: Strangers,
    rate: Rate,
}

/// Returns the routes of the endpoints, and the queries that they run.
pub fn router(api: MonitorApi) -> (Router, Queries) {
    let (queries, places) = Queries::new(api.limits.queries_max);
    let service = Arc::new(Service { api, places, strangers: Strangers::default(), rate: Rate::default() });
    let of_workspace = || get(endpoints::query_workspace::get).post(endpoints::query_workspace::post);
    let mut router = Router::new()
        .route("/v1/workspaces/{workspace}/query", of_workspace())
        .route("/v1/workspaces/{workspace}/metadata", get(endpoints::show_metadata::get))
        .route("/v1/$batch", post(endpoints::run_batch::post))
        .route(
            "/v1/subscriptions/{*resource}",
            get(endpoints::query_resource::get).post(endpoints::query_resource::post),
        );
    // The same under a workspace's address in Azure's resource manager.
    for path in arm_paths("Microsoft.OperationalInsights", "workspaces/{workspace}/query") {
        router =
            router.route(&path, get(endpoints::query_workspace::get_arm).post(endpoints::query_workspace::post_arm));
    }
    (router.with_state(service), queries)
}

impl Service {
    /// Finds out who asks, before anything else of the request is read, and whether they asked too often.
    pub fn sign_in(&self, exchange: &mut Exchange, headers: &HeaderMap) -> Result<(), ApiError> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().to_string());
        let token = text(header::AUTHORIZATION).or_else(|| text(API_KEY).map(|key| format!("Bearer {key}")));
        let principal = self.api.tokens.authenticate(token.as_deref()).map_err(ApiError::NotSignedIn)?;
        let limits = &self.api.limits;
        let counted = self.rate.count(&principal.id, exchange.received, limits.requests_per_window, limits.rate_window);
        exchange.principal = Some(principal);
        counted.map_err(|seconds| ApiError::Throttled { seconds })
    }

    /// Returns the name of the workspace that a text names, if the sender may read it.
    pub fn workspace(&self, exchange: &Exchange, text: &str) -> Result<String, ApiError> {
        let unknown = || ApiError::UnknownWorkspace { workspace: text.to_string() };
        let name = self.api.directory.find(text).ok_or_else(unknown)?;
        let may = exchange.principal.as_ref().is_some_and(|principal| principal.may(Action::Read, &name));
        if may { Ok(name) } else { Err(ApiError::Forbidden { workspace: text.to_string() }) }
    }

    /// Returns the names of all workspaces that the sender may read.
    pub fn readable(&self, exchange: &Exchange) -> Vec<String> {
        let may = |name: &String| exchange.principal.as_ref().is_some_and(|who| who.may(Action::Read, name));
        self.api.directory.names().into_iter().filter(may).collect()
    }

    /// Takes a place for a query.
    pub fn place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let busy = |_| ApiError::Busy { max: self.api.limits.queries_max };
        self.places.clone().try_acquire_owned().map_err(busy)
    }

    /// Returns the answer to a request that is refused, once that is written down.
    pub async fn refuse(&self, exchange: &Exchange, error: ApiError) -> Response {
        let mut records = exchange.refused(&error);
        if matches!(&error, ApiError::NotSignedIn(AuthError::Missing | AuthError::Invalid | AuthError::Expired)) {
            match self.strangers.count(exchange.received) {
                None => return error.response(exchange),
                Some(0) => {}
                Some(unwritten) => {
                    let said = ("UnrecordedBefore".to_string(), unwritten.to_string());
                    records.iter_mut().for_each(|record| record.context.push(said.clone()));
                }
            }
        }
        let error = self.record(records).await.err().unwrap_or(error);
        error.response(exchange)
    }

    /// Writes records, whether or not the client waits for them.
    pub async fn record(&self, records: Vec<QueryRecord>) -> Result<(), ApiError> {
        let audit = self.api.audit.clone();
        let writing = tokio::spawn(async move {
            for record in records {
                audit.record(record).await?;
            }
            Ok::<(), audit::AuditError>(())
        });
        match writing.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(ApiError::NotRecorded),
        }
    }
}

/// Returns what a request prefers.
pub(crate) fn prefer(headers: &HeaderMap) -> Prefer {
    let mut prefer = Prefer::default();
    headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok()).for_each(|value| prefer.read(value));
    prefer
}
