//! Acts of governance over HTTP: who asks, that it is written down first, and what the log then refers to.

use std::sync::Arc;

use audit::Operation;
use auth::{Action, Principal};
use axum::extract::Request;
use axum::http::request::Parts;
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
    parts: Parts,
}

impl Act {
    /// Finds out who asks and reads what for.
    pub async fn begin<B: DeserializeOwned>(
        service: &Service,
        action: Action,
        workspace: &str,
        request: Request,
    ) -> Result<(Act, B), ApiError> {
        let (parts, body) = request.into_parts();
        let principal = service.sign_in(&parts.headers, action, workspace)?;
        let mut limits = service.api.limits.body;
        limits.bytes_max = limits.bytes_max.min(BODY_BYTES_MAX);
        let body = read_body(body, &parts.headers, limits).await.map_err(ApiError::Body)?;
        let body = serde_json::from_slice(&body).map_err(|error| ApiError::Malformed(error.to_string()))?;
        Ok((Act { principal, parts }, body))
    }

    /// Writes down what is about to be done, does it, and writes down how it went. The log of the workspace refers to these records.
    pub async fn run<T: Send + 'static>(
        self,
        service: &Service,
        operation: Operation,
        what: String,
        work: impl FnOnce(&Vault, &[String]) -> Result<T, ActError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let resource = self.parts.uri.path().trim_start_matches("/v1/").to_string();
        let properties = vec![("act".to_string(), what)];
        let record = service.activity(&self.parts, &self.principal, operation, resource, properties);
        let asked = [format!("audit/{}", record.correlation_id)];
        let vault: Arc<Vault> = service.api.vault.clone();
        let work = async { blocking(move || work(&vault, &asked)).await?.map_err(ApiError::Act) };
        service.act(record, work).await
    }
}

/// Reads a moment, such as `2026-11-21` or `2026-11-21T08:00:00Z`; returns ticks.
pub(crate) fn moment(text: &str) -> Result<i64, ApiError> {
    let malformed = || ApiError::Malformed(format!("`{text}` is no moment, such as 2026-11-21T08:00:00Z"));
    schema::ticks::parse_datetime(text).ok_or_else(malformed)
}
