//! What the endpoints share, and their routes.

use std::sync::Arc;

use api_kusto::{Databases, Queries, Rate, Strangers};
use audit::{ActivitySink, AuditSink, QueryRecord};
use auth::{Action, AuthError, Tokens};
use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use ingest::Vault;
use listeners::http::{BodyError, read_body};
use query::Engine;
use stdx::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use workspaces::Directory;

use crate::exchange::{Ended, Exchange};
use crate::fault::{Fault, Refusal};
use crate::feed::Feeds;
use crate::graph::Searches;
use crate::kept::Kept;
use crate::{Limits, feed, graph};

/// What the endpoints work with.
pub struct OfficeApi {
    pub vault: Arc<Vault>,
    pub engine: Engine,
    pub databases: Arc<dyn Databases>,
    pub directory: Arc<Directory>,
    pub tokens: Arc<Tokens>,
    pub audit: Arc<dyn AuditSink>,
    pub activities: Arc<dyn ActivitySink>,
    pub clock: Arc<dyn Clock>,
    /// The workspace of the store's own records, which is nobody's tenant unless it is named.
    pub own_workspace: String,
    /// Whether the server speaks TLS, for the addresses that it gives of itself.
    pub tls: bool,
    pub limits: Limits,
}

/// The same, with what is counted and kept while requests run.
pub(crate) struct Service {
    pub api: OfficeApi,
    pub feeds: Feeds,
    pub searches: Searches,
    places: Arc<Semaphore>,
    strangers: Strangers,
    rate: Rate,
}

/// Returns the routes of the endpoints, and the queries that they run.
pub fn router(api: OfficeApi) -> (Router, Queries) {
    let (queries, places) = Queries::new(api.limits.queries_max);
    let service = Arc::new(Service {
        feeds: Feeds::new(Kept::new(api.vault.clone())),
        searches: Searches::new(Kept::new(api.vault.clone())),
        api,
        places,
        strangers: Strangers::default(),
        rate: Rate::default(),
    });
    (feed::routes().merge(graph::routes()).with_state(service), queries)
}

impl Service {
    /// Begins to answer a request: finds out who asks, before anything else of it is looked at. Whoever is not let in is answered.
    pub async fn begin<E: Refusal>(&self, parts: &Parts, target: &'static str) -> Result<Exchange, Response> {
        let mut exchange = Exchange::begin(parts, self.api.clock.now_ticks(), target, self.api.tls);
        let token = parts.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
        match self.api.tokens.authenticate(token) {
            Ok(principal) => {
                exchange.principal = Some(principal);
                Ok(exchange)
            }
            Err(error) => Err(self.refuse(&exchange, E::from(Fault::NotSignedIn(error))).await),
        }
    }

    /// Makes a workspace that of a request, if the sender may read it.
    pub fn enter(&self, exchange: &mut Exchange, text: &str) -> Result<(), Fault> {
        let unknown = || Fault::UnknownWorkspace { workspace: text.to_string() };
        let name = self.api.directory.find(text).ok_or_else(unknown)?;
        let principal = exchange.principal.as_ref();
        if !principal.is_some_and(|principal| principal.may(Action::Read, &name)) {
            let workspace = text.to_string();
            let is_theirs = principal.is_some_and(|principal| principal.workspaces.contains(&name));
            return Err(if is_theirs { Fault::NoRole { workspace } } else { Fault::Forbidden { workspace } });
        }
        exchange.workspace = name;
        Ok(())
    }

    /// Returns the workspaces that the sender may read, without that of the store's own records.
    pub fn readable(&self, exchange: &Exchange) -> Vec<String> {
        let may = |name: &String| exchange.principal.as_ref().is_some_and(|who| who.may(Action::Read, name));
        let names = self.api.directory.names().into_iter();
        names.filter(|name| *name != self.api.own_workspace).filter(may).collect()
    }

    /// Counts a request about its workspace.
    pub fn count(&self, exchange: &Exchange) -> Result<(), Fault> {
        let principal = exchange.principal.as_ref().map(|who| who.id.as_str()).unwrap_or_default();
        let who = format!("{}\n{principal}", exchange.workspace);
        let limits = &self.api.limits;
        let counted = self.rate.count(&who, exchange.received, limits.requests_per_window, limits.rate_window);
        counted.map_err(|seconds| Fault::Throttled { seconds })
    }

    /// Takes a place for a query.
    pub fn place(&self) -> Result<OwnedSemaphorePermit, Fault> {
        let busy = |_| Fault::Busy { max: self.api.limits.queries_max };
        self.places.clone().try_acquire_owned().map_err(busy)
    }

    /// Returns how many entries a workspace's log has: those that are durable and signed.
    pub fn log_size(&self, workspace: &str) -> u64 {
        self.api.vault.status().logs.get(workspace).map_or(0, |log| log.size)
    }

    /// Reads a body.
    pub async fn body(&self, body: Body, headers: &HeaderMap) -> Result<Vec<u8>, Fault> {
        read_body(body, headers, self.api.limits.body).await.map_err(|error| match error {
            BodyError::TooLarge { max } => Fault::TooLarge { max },
            _ => Fault::TooSlow,
        })
    }

    /// Returns the answer to a request that is refused, once that is written down.
    pub async fn refuse<E: Refusal>(&self, exchange: &Exchange, error: E) -> Response {
        if error.fault().is_some_and(Fault::is_recorded) {
            return error.response(exchange);
        }
        let ended = Ended { status: error.status(), failure: Some(error.to_string()), ..Ended::default() };
        let mut record = exchange.record("", &ended);
        let is_stranger = |fault: &Fault| {
            matches!(fault, Fault::NotSignedIn(AuthError::Missing | AuthError::Invalid | AuthError::Expired))
        };
        if error.fault().is_some_and(is_stranger) {
            match self.strangers.count(exchange.received) {
                None => return error.response(exchange),
                Some(0) => {}
                Some(unwritten) => record.context.push(("UnrecordedBefore".to_string(), unwritten.to_string())),
            }
        }
        match self.record(record).await {
            Ok(()) => error.response(exchange),
            Err(fault) => E::from(fault).response(exchange),
        }
    }

    /// Writes a record, whether or not the client waits for it.
    pub async fn record(&self, record: QueryRecord) -> Result<(), Fault> {
        let audit = self.api.audit.clone();
        match tokio::spawn(async move { audit.record(record).await }).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Fault::NotRecorded),
        }
    }
}

/// Runs what waits for files away from the threads that answer requests.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Fault::Internal))
}
