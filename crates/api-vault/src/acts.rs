//! Acts of governance over HTTP: who asks, that it is written down first, and what the log then refers to.

use std::sync::Arc;

use auth::{Action, Principal};
use axum::extract::Request;
use ingest::{ActError, Vault};
use listeners::http::read_body;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::service::{Service, blocking};

/// Bytes of a request at most.
const BODY_BYTES_MAX: usize = 8 << 20;

/// Somebody who may do an act, and wants to.
pub(crate) struct Act {
    principal: Principal,
    workspace: String,
    /// The method and path of the request.
    target: String,
}

impl Act {
    /// Finds out who asks and reads what for.
    pub async fn begin<B: DeserializeOwned>(
        service: &Service,
        action: Action,
        workspace: &str,
        request: Request,
    ) -> Result<(Act, B), ApiError> {
        let target = format!("{} {}", request.method(), request.uri().path());
        let (parts, body) = request.into_parts();
        let principal = service.sign_in(&parts.headers, action, workspace)?;
        let mut limits = service.api.limits.body;
        limits.bytes_max = limits.bytes_max.min(BODY_BYTES_MAX);
        let body = read_body(body, &parts.headers, limits).await.map_err(ApiError::Body)?;
        let body = serde_json::from_slice(&body).map_err(|error| ApiError::Malformed(error.to_string()))?;
        Ok((Act { principal, workspace: workspace.to_string(), target }, body))
    }

    /// Writes down what is about to be done, and does it. The log of the workspace refers to that record.
    pub async fn run<T: Send + 'static>(
        self,
        service: &Service,
        what: String,
        work: impl FnOnce(&Vault, &[String]) -> Result<T, ActError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let record = service.record(&self.principal, &self.workspace, &self.target, what, 202).await?;
        let asked = [format!("audit/{record}")];
        let vault: Arc<Vault> = service.api.vault.clone();
        blocking(move || work(&vault, &asked)).await?.map_err(ApiError::Act)
    }
}

/// Reads a moment, such as `2026-11-21` or `2026-11-21T08:00:00Z`; returns ticks.
pub(crate) fn moment(text: &str) -> Result<i64, ApiError> {
    let malformed = || ApiError::Malformed(format!("`{text}` is no moment, such as 2026-11-21T08:00:00Z"));
    schema::ticks::parse_datetime(text).ok_or_else(malformed)
}
