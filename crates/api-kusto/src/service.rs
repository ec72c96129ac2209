//! What the endpoints share, and their routes.

use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::running::RunningQueries;
use crate::strangers::Strangers;
use crate::{Databases, Limits, cors, endpoints};
use audit::{AuditSink, QueryRecord};
use auth::{AuthError, Tokens};
use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use kusto_ingestion::Ingestion;
use management::Manager;
use query::Engine;
use std::sync::Arc;
use stdx::Clock;
use tokio::sync::Semaphore;

/// What the endpoints work with.
pub struct KustoApi {
    pub engine: Engine,
    pub databases: Arc<dyn Databases>,
    /// Takes records in; refuses them all when `None`.
    pub ingestion: Option<Ingestion>,
    /// Where queries are listed while they run.
    pub running: Arc<RunningQueries>,
    pub tokens: Arc<Tokens>,
    pub audit: Arc<dyn AuditSink>,
    pub clock: Arc<dyn Clock>,
    pub limits: Limits,
    /// The address of web pages to which links with a query lead; such links are not known when `None`.
    pub portal: Option<String>,
    /// Does management commands; without it there is no endpoint for them.
    pub commands: Option<Arc<Manager>>,
    /// Whether the server speaks TLS, for the addresses that it gives of itself.
    pub tls: bool,
}

/// The same, with what is counted while requests run.
pub(crate) struct Service {
    pub api: KustoApi,
    /// Places for queries.
    pub places: Arc<Semaphore>,
    /// Places for bodies of records, which are held whole.
    pub ingestion_places: Arc<Semaphore>,
    pub strangers: Strangers,
}

/// The queries that run.
pub struct Queries {
    places: Arc<Semaphore>,
    n_places: u32,
}

impl Queries {
    /// Makes room for so many queries, and returns it too.
    pub fn new(n_max: usize) -> (Queries, Arc<Semaphore>) {
        let places = Arc::new(Semaphore::new(n_max));
        (Queries { places: places.clone(), n_places: u32::try_from(n_max).unwrap_or(u32::MAX) }, places)
    }

    /// Waits until none runs and all have left their records.
    pub async fn ended(&self) {
        // The places are never closed.
        drop(self.places.acquire_many(self.n_places).await);
    }
}

/// Returns the routes of the endpoints, and the queries that they run.
pub fn router(api: KustoApi) -> (Router, Queries) {
    let (queries, places) = Queries::new(api.limits.queries_max);
    let ingestion_places = Arc::new(Semaphore::new(api.limits.ingestions_max));
    let service = Arc::new(Service { api, places, ingestion_places, strangers: Strangers::default() });
    let links = match service.api.portal {
        None => Router::new(),
        Some(_) => Router::new()
            .route("/", get(endpoints::follow_link::server))
            .route("/{database}", get(endpoints::follow_link::database)),
    };
    let commands = match service.api.commands {
        Some(_) => Router::new()
            .route("/v1/rest/mgmt", post(endpoints::run_command::post_v1))
            .route("/v2/rest/mgmt", post(endpoints::run_command::post_v2)),
        None => Router::new(),
    };
    let router = links
        .merge(commands)
        .route("/v1/rest/query", get(endpoints::run_query_v1::get).post(endpoints::run_query_v1::post))
        .route("/v2/rest/query", post(endpoints::run_query_v2::post))
        .route("/v1/rest/ingest/{database}/{table}", post(endpoints::ingest_stream::post))
        .route("/v1/rest/ping", get(endpoints::answer_ping::any).post(endpoints::answer_ping::any))
        .route("/v1/rest/auth/metadata", get(endpoints::describe_sign_in::get))
        .method_not_allowed_fallback(refuse_method)
        .layer(from_fn(cors::answer_browsers))
        .with_state(service);
    (router, queries)
}

/// Answers a request by a method that the path does not take. Clients read JSON only.
async fn refuse_method() -> impl IntoResponse {
    let body = r#"{"error":{"code":"General_BadRequest","message":"the endpoint does not take this method","@permanent":true}}"#;
    (StatusCode::METHOD_NOT_ALLOWED, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body)
}

impl Service {
    /// Returns the answer to a request that is refused, once that is written down.
    pub async fn refuse(&self, exchange: &Exchange, error: ApiError) -> Response {
        let mut record = exchange.record(&error);
        if matches!(&error, ApiError::NotSignedIn(AuthError::Missing | AuthError::Invalid | AuthError::Expired)) {
            match self.strangers.count(exchange.received) {
                None => return error.response(exchange),
                Some(0) => {}
                Some(unwritten) => record.context.push(("UnrecordedBefore".to_string(), unwritten.to_string())),
            }
        }
        let error = match self.record(record).await {
            Ok(()) => error,
            Err(unwritten) => unwritten,
        };
        error.response(exchange)
    }

    /// Writes a record, whether or not the client waits for it.
    pub async fn record(&self, record: QueryRecord) -> Result<(), ApiError> {
        let audit = self.api.audit.clone();
        let written = tokio::spawn(async move { audit.record(record).await }).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(ApiError::NotRecorded(Some(error))),
            Err(_) => Err(ApiError::NotRecorded(None)),
        }
    }
}
