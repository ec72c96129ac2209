//! What the endpoints share, and their routes.

use std::sync::Arc;

use audit::SignInSink;
use auth::Applications;
use axum::Router;
use axum::http::{HeaderMap, header};
use axum::routing::{get, post};
use stdx::Clock;
use tokio::sync::Semaphore;

use crate::attempts::Attempts;
use crate::endpoints::{describe_provider, issue_token};

/// Secrets that are checked at the same time: each takes memory and a processor for a moment.
const CHECKS_MAX: usize = 2;

/// What the endpoints work with.
pub struct OAuthApi {
    pub applications: Arc<Applications>,
    /// Where it is written down who signs in, and who tries to.
    pub sign_ins: Arc<dyn SignInSink>,
    pub clock: Arc<dyn Clock>,
    /// Whether the server speaks TLS, for the addresses that it gives of itself.
    pub tls: bool,
}

/// The same, with what is counted while requests run.
pub(crate) struct Service {
    pub api: OAuthApi,
    pub attempts: Attempts,
    pub checks: Arc<Semaphore>,
}

/// Returns the routes of the endpoints.
pub fn router(api: OAuthApi) -> Router {
    let checks = Arc::new(Semaphore::new(CHECKS_MAX));
    let service = Arc::new(Service { api, attempts: Attempts::default(), checks });
    Router::new()
        .route("/{tenant}/.well-known/openid-configuration", get(describe_provider::get))
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(describe_provider::get_v2))
        .route("/{tenant}/discovery/keys", get(describe_provider::keys))
        .route("/{tenant}/discovery/v2.0/keys", get(describe_provider::keys))
        .route("/common/discovery/instance", get(describe_provider::instance))
        .route("/{tenant}/oauth2/token", post(issue_token::post))
        .route("/{tenant}/oauth2/v2.0/token", post(issue_token::post))
        .with_state(service)
}

impl Service {
    /// Returns the server's address as the client knows it.
    pub fn origin(&self, headers: &HeaderMap) -> String {
        let scheme = if self.api.tls { "https" } else { "http" };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let is_host = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        format!("{scheme}://{}", host.filter(is_host).unwrap_or("localhost"))
    }
}
